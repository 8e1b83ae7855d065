/* Inner packets: read, and answered. Checksums are verified by adding up again. */
#include "esp/inner-packet.h"

#include <string.h>

typedef struct {
    uint8_t data[2048];
    size_t length;
} Packet;

static void
put16(uint8_t *out, unsigned value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

/* 10.0.0.1:1000 to 10.0.0.2:80, or the same in IPv6. */
static Packet
make(bool v6, uint8_t protocol, size_t payload)
{
    Packet packet = { .length = (v6 ? 40 : 20) + payload };
    uint8_t *upper = packet.data + (v6 ? 40 : 20);
    if (v6) {
        packet.data[0] = 0x60;
        put16(packet.data + 4, (unsigned)payload);
        packet.data[6] = protocol;
        packet.data[7] = 64;
        memcpy(packet.data + 8, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
        memcpy(packet.data + 24, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
    } else {
        packet.data[0] = 0x45;
        put16(packet.data + 2, (unsigned)packet.length);
        packet.data[8] = 64;
        packet.data[9] = protocol;
        memcpy(packet.data + 12, "\x0a\0\0\1\x0a\0\0\2", 8);
    }
    if (payload >= 4) {
        put16(upper, 1000);
        put16(upper + 2, 80);
    }
    return packet;
}

static unsigned
add_up(unsigned total, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        total += i % 2 == 0 ? (unsigned)data[i] << 8 : data[i];
    while (total >> 16 != 0)
        total = (total & 0xffff) + (total >> 16);
    return total;
}

/* The reply's IP and upper checksums are right, and it goes back. */
static const uint8_t *
check_reply(const Packet *packet, const uint8_t *reply, size_t length, uint8_t protocol)
{
    InnerPacket asked, answered;
    bool v6 = packet->data[0] >> 4 == 6;
    size_t ip = v6 ? 40 : 20, address = v6 ? 16 : 4;
    const uint8_t *addresses = reply + (v6 ? 8 : 12);
    g_assert_true(inner_packet_parse(&asked, packet->data, packet->length));
    g_assert_true(inner_packet_parse(&answered, reply, length));
    g_assert_true(inet_address_equal(&asked.source, &answered.destination));
    g_assert_true(inet_address_equal(&asked.destination, &answered.source));
    g_assert_cmpuint(answered.protocol, ==, protocol);
    if (!v6)
        g_assert_cmphex(add_up(0, reply, 20), ==, 0xffff);
    unsigned pseudo =
        protocol == 1 ? 0 : add_up((unsigned)(length - ip) + protocol, addresses, 2 * address);
    g_assert_cmphex(add_up(pseudo, reply + ip, length - ip), ==, 0xffff);
    return reply + ip;
}

static void
test_udp_gets_port_unreachable(void)
{
    uint8_t reply[INNER_REPLY_MAX];
    for (int v6 = 0; v6 < 2; v6++) {
        Packet packet = make(v6 != 0, 17, 100);
        size_t length = inner_packet_reject(packet.data, packet.length, reply);
        g_assert_cmpuint(length, >, 0);
        const uint8_t *icmp = check_reply(&packet, reply, length, v6 ? 58 : 1);
        g_assert_cmpuint(icmp[0], ==, v6 ? 1 : 3);
        g_assert_cmpuint(icmp[1], ==, v6 ? 4 : 3);
        g_assert_cmpmem(icmp + 8, packet.length, packet.data, packet.length);
    }
}

static void
test_tcp_gets_a_reset(void)
{
    uint8_t reply[INNER_REPLY_MAX];
    for (int v6 = 0; v6 < 2; v6++) {
        Packet packet = make(v6 != 0, 6, 20);
        uint8_t *tcp = packet.data + (v6 ? 40 : 20);
        memcpy(tcp + 4, "\0\0\1\0", 4);
        tcp[12] = 0x50;
        tcp[13] = 0x02; /* SYN */
        const uint8_t *reset =
            check_reply(&packet, reply, inner_packet_reject(packet.data, packet.length, reply), 6);
        g_assert_cmphex(reset[13], ==, 0x14);
        g_assert_cmpmem(reset + 8, 4, "\0\0\1\1", 4);
        g_assert_cmpmem(reset, 4, "\0\x50\x03\xe8", 4);
        tcp[13] = 0x10; /* ACK */
        memcpy(tcp + 8, "\0\7\0\0", 4);
        reset =
            check_reply(&packet, reply, inner_packet_reject(packet.data, packet.length, reply), 6);
        g_assert_cmphex(reset[13], ==, 0x04);
        g_assert_cmpmem(reset + 4, 4, "\0\7\0\0", 4);
        tcp[13] = 0x04; /* a reset is not answered */
        g_assert_cmpuint(inner_packet_reject(packet.data, packet.length, reply), ==, 0);
    }
}

static void
test_errors_are_not_answered(void)
{
    uint8_t reply[INNER_REPLY_MAX];
    Packet packet = make(false, 1, 64);
    packet.data[20] = 3; /* an ICMP error */
    g_assert_cmpuint(inner_packet_reject(packet.data, packet.length, reply), ==, 0);
    packet.data[20] = 8; /* an echo request */
    g_assert_cmpuint(inner_packet_reject(packet.data, packet.length, reply), >, 0);
    packet.data[16] = 224; /* to a group */
    g_assert_cmpuint(inner_packet_reject(packet.data, packet.length, reply), ==, 0);
    packet = make(false, 17, 64);
    packet.data[7] = 5; /* a later fragment */
    g_assert_cmpuint(inner_packet_reject(packet.data, packet.length, reply), ==, 0);
}

static void
test_too_big(void)
{
    uint8_t reply[INNER_REPLY_MAX];
    Packet packet = make(false, 17, 1400);
    g_assert_cmpuint(inner_packet_too_big(packet.data, packet.length, 1300, reply), ==, 0);
    packet.data[6] = 0x40; /* DF */
    const uint8_t *icmp = check_reply(
        &packet, reply, inner_packet_too_big(packet.data, packet.length, 1300, reply), 1);
    g_assert_cmpmem(icmp, 2, "\3\4", 2);
    g_assert_cmpmem(icmp + 6, 2, "\5\x14", 2);
    packet = make(true, 17, 1400);
    size_t length = inner_packet_too_big(packet.data, packet.length, 1000, reply);
    g_assert_cmpuint(length, <=, INNER_REPLY_MAX);
    icmp = check_reply(&packet, reply, length, 58);
    g_assert_cmpmem(icmp, 2, "\2\0", 2);
    g_assert_cmpmem(icmp + 4, 4, "\0\0\5\0", 4); /* never under 1280 */
}

static void
test_every_truncation(void)
{
    for (int v6 = 0; v6 < 2; v6++) {
        Packet packet = make(v6 != 0, 6, 20);
        uint8_t reply[INNER_REPLY_MAX];
        InnerPacket parsed;
        for (size_t n = 0; n < packet.length; n++) {
            g_autofree uint8_t *exact = g_memdup2(packet.data, n);
            g_assert_false(inner_packet_parse(&parsed, exact, n));
            g_assert_cmpuint(inner_packet_reject(exact, n, reply), ==, 0);
        }
        g_assert_true(inner_packet_parse(&parsed, packet.data, packet.length));
        g_assert_cmpuint(parsed.source_port, ==, 1000);
        g_assert_cmpuint(parsed.destination_port, ==, 80);
    }
}

/* Hop-by-hop, then UDP; a chain that lies about its length, or never ends, is no packet. */
static void
test_extension_headers(void)
{
    InnerPacket parsed;
    Packet packet = make(true, 0, 16);
    memcpy(packet.data + 40, "\x11\0\1\4\0\0\0\0\3\xe8\0\x35\0\x08\0\0", 16);
    g_assert_true(inner_packet_parse(&parsed, packet.data, packet.length));
    g_assert_cmpuint(parsed.protocol, ==, 17);
    g_assert_cmpuint(parsed.destination_port, ==, 53);
    packet.data[41] = 200;
    g_assert_false(inner_packet_parse(&parsed, packet.data, packet.length));
    /* A hundred empty headers in a row: followed only so far, then the packet has no ports. */
    packet = make(true, 0, 800);
    memset(packet.data + 40, 0, 800);
    g_assert_true(inner_packet_parse(&parsed, packet.data, packet.length));
    g_assert_cmpuint(parsed.protocol, ==, 0);
    g_assert_cmpuint(parsed.destination_port, ==, 0);
}

/* RFC 3168, section 5: only what knows ECN is marked; RFC 791's checksum stays right. */
static void
test_mark(void)
{
    for (int v6 = 0; v6 < 2; v6++) {
        for (unsigned ecn = 0; ecn < 4; ecn++) {
            Packet packet = make(v6 != 0, 6, 20);
            uint8_t *octet = &packet.data[1];
            unsigned shift = v6 != 0 ? 4 : 0;
            *octet = (uint8_t)((v6 != 0 ? 0x0f : 0xb8) | ecn << shift);
            if (v6 == 0)
                put16(packet.data + 10, ~add_up(0, packet.data, 20) & 0xffff);
            Packet before = packet;
            g_assert_cmpint(inner_packet_mark(packet.data, packet.length), ==, ecn != 0);
            g_assert_cmpuint(*octet >> shift & 3, ==, ecn != 0 ? 3 : 0);
            g_assert_cmpuint(*octet & ~(3u << shift), ==,
                             before.data[1] & ~(3u << shift)); /* the rest stays */
            if (v6 == 0)
                g_assert_cmphex(add_up(0, packet.data, 20), ==, 0xffff);
        }
    }
}

/* A SYN with options, its checksum complete; the size option comes after `before` no-operations. */
static Packet
make_syn(bool v6, uint8_t flags, size_t before, unsigned size)
{
    Packet packet = make(v6, 6, 20 + 12);
    uint8_t *tcp = packet.data + (v6 ? 40 : 20);
    tcp[12] = 0x80;
    tcp[13] = flags;
    memset(tcp + 20, 1, before);
    tcp[20 + before] = 2;
    tcp[21 + before] = 4;
    put16(tcp + 22 + before, size);
    unsigned pseudo = add_up(6 + 32, packet.data + (v6 ? 8 : 12), v6 ? 32 : 8);
    put16(tcp + 16, ~add_up(pseudo, tcp, 32) & 0xffff);
    return packet;
}

static void
check_clamp(bool v6, uint8_t flags, size_t before, unsigned size, uint32_t mtu, unsigned expected)
{
    Packet packet = make_syn(v6, flags, before, size);
    const uint8_t *tcp = packet.data + (v6 ? 40 : 20);
    InnerPacket parsed;
    g_assert_true(inner_packet_parse(&parsed, packet.data, packet.length));
    inner_packet_clamp(&parsed, packet.data, packet.length, mtu);
    g_assert_cmpuint((unsigned)tcp[22 + before] << 8 | tcp[23 + before], ==, expected);
    unsigned pseudo = add_up(6 + 32, packet.data + (v6 ? 8 : 12), v6 ? 32 : 8);
    g_assert_cmphex(add_up(pseudo, tcp, 32), ==, 0xffff);
}

static void
test_clamp(void)
{
    for (size_t before = 0; before < 6; before++) {
        check_clamp(false, 0x02, before, 1460, 1400, 1360);
        check_clamp(false, 0x12, before, 1460, 1400, 1360);
        check_clamp(true, 0x02, before, 1440, 1400, 1340);
        check_clamp(false, 0x02, before, 1200, 1400, 1200);
        check_clamp(false, 0x10, before, 1460, 1400, 1460); /* no SYN */
        check_clamp(false, 0x02, before, 1460, 0, 1460);    /* no MTU */
        check_clamp(false, 0x02, before, 1460, 30, 1460);
    }
}

/* Options that lie, and headers that end early, are left as they are. */
static void
test_clamp_wrong_options(void)
{
    Packet right = make_syn(false, 0x02, 0, 1460);
    InnerPacket parsed;
    g_assert_true(inner_packet_parse(&parsed, right.data, right.length));
    for (unsigned at = 12; at < 32; at++) {
        for (unsigned value = 0; value < 256; value++) {
            Packet packet = right;
            packet.data[20 + at] = (uint8_t)value;
            g_autofree uint8_t *exact = g_memdup2(packet.data, packet.length);
            inner_packet_clamp(&parsed, exact, packet.length, 1400);
        }
    }
    for (size_t n = 20; n < right.length; n++) {
        g_autofree uint8_t *exact = g_memdup2(right.data, n);
        inner_packet_clamp(&parsed, exact, n, 1400);
        g_assert_cmpmem(exact, n, right.data, n);
    }
}

/* Whatever else differs, a flow is known by addresses, protocol and ports. */
static void
test_flow(void)
{
    for (unsigned v6 = 0; v6 < 2; v6++) {
        Packet packet = make(v6 != 0, 17, 100), other = make(v6 != 0, 17, 60);
        uint32_t flow = inner_packet_flow(packet.data, packet.length);
        g_assert_cmpuint(flow, ==, inner_packet_flow(other.data, other.length));
        size_t upper = v6 != 0 ? 40 : 20;
        size_t differs[] = { upper - 1, upper - (v6 != 0 ? 17 : 5), upper + 1, upper + 3 };
        for (size_t i = 0; i < G_N_ELEMENTS(differs); i++) {
            Packet changed = packet;
            changed.data[differs[i]]++;
            g_assert_cmpuint(flow, !=, inner_packet_flow(changed.data, changed.length));
        }
        other = make(v6 != 0, 6, 60);
        g_assert_cmpuint(flow, !=, inner_packet_flow(other.data, other.length));
    }
    g_assert_cmpuint(inner_packet_flow((const uint8_t *)"", 0), ==, 0);
}

static void
check_fragments(const Packet *whole, const Packet *first, const Packet *later, const Packet *last)
{
    uint32_t flow = inner_packet_flow(first->data, first->length);
    g_assert_cmpuint(flow, !=, inner_packet_flow(whole->data, whole->length));
    g_assert_cmpuint(flow, ==, inner_packet_flow(later->data, later->length));
    g_assert_cmpuint(flow, ==, inner_packet_flow(last->data, last->length));
}

/* The first fragment, which has ports, does not part from those that have none. */
static void
test_flow_of_fragments(void)
{
    Packet whole = make(false, 17, 100), first = whole, later = whole, last = whole;
    first.data[6] = later.data[6] = 0x20;
    later.data[7] = last.data[7] = 5;
    later.data[21]++;
    last.data[21] += 2;
    check_fragments(&whole, &first, &later, &last);
    whole = make(true, 44, 100);
    memcpy(whole.data + 40, "\x11\0\0\0\0\0\0\1\0\x50\3\xe8", 12); /* whole: RFC 8200, 4.5 */
    first = later = last = whole;
    first.data[43] = later.data[43] = 1;
    later.data[42] = last.data[42] = 5;
    later.data[40] = 60; /* destination options stood before it */
    check_fragments(&whole, &first, &later, &last);
}

/* Flows that differ in a port or the last octet of an address spread over a table of 1024. */
static void
test_flows_spread(void)
{
    uint8_t seen[1024] = { 0 };
    unsigned used = 0;
    for (unsigned i = 0; i < 1024; i++) {
        Packet packet = make(false, 17, 60);
        packet.data[15] = (uint8_t)(i % 32);
        put16(packet.data + 20, 40000 + i / 32);
        uint8_t *place = &seen[inner_packet_flow(packet.data, packet.length) % sizeof seen];
        used += *place == 0;
        *place = 1;
    }
    g_assert_cmpuint(used, >, 550); /* of chance: 647 */
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esp/inner-packet/udp-gets-port-unreachable", test_udp_gets_port_unreachable);
    g_test_add_func("/esp/inner-packet/tcp-gets-a-reset", test_tcp_gets_a_reset);
    g_test_add_func("/esp/inner-packet/errors-are-not-answered", test_errors_are_not_answered);
    g_test_add_func("/esp/inner-packet/too-big", test_too_big);
    g_test_add_func("/esp/inner-packet/every-truncation", test_every_truncation);
    g_test_add_func("/esp/inner-packet/extension-headers", test_extension_headers);
    g_test_add_func("/esp/inner-packet/mark", test_mark);
    g_test_add_func("/esp/inner-packet/clamp", test_clamp);
    g_test_add_func("/esp/inner-packet/clamp-wrong-options", test_clamp_wrong_options);
    g_test_add_func("/esp/inner-packet/flow", test_flow);
    g_test_add_func("/esp/inner-packet/flow-of-fragments", test_flow_of_fragments);
    g_test_add_func("/esp/inner-packet/flows-spread", test_flows_spread);
    return g_test_run();
}
