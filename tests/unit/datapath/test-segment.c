/* Cutting what the kernel hands us as one packet: against packets written one by one. */
#include "datapath/segment.h"

#include "packets.h"

#include <string.h>

#define FIN 0x01
#define PSH 0x08
#define ACK 0x10
#define CWR 0x80

/* As the kernel hands it over: one packet, its checksum field only begun. */
static size_t
make_super(uint8_t *out, TunHeader *header, const PacketSpec *spec, size_t size)
{
    size_t length = packet_make(out, spec), ip = packet_ip_length(out);
    *header = (TunHeader){ .kind = spec->udp  ? TUN_UDP_MANY
                                   : spec->v6 ? TUN_TCP_V6
                                              : TUN_TCP_V4,
                           .checksum = true,
                           .size = (uint16_t)size,
                           .checksum_start = (uint16_t)ip,
                           .checksum_offset = spec->udp ? 6 : 16 };
    memset(out + ip + header->checksum_offset, 0x77, 2);
    return length;
}

/* Each piece is what would have been written by itself. */
static void
check_pieces(const PacketSpec *spec, size_t size)
{
    g_autofree uint8_t *super = g_malloc(PACKET_ROOM);
    uint8_t piece[2000], expected[2000];
    TunHeader header;
    Segment segment;
    size_t length = make_super(super, &header, spec, size);
    g_assert_true(segment_begin(&segment, &header, super, length));
    for (size_t offset = 0, i = 0; offset < spec->payload; offset += size, i++) {
        PacketSpec one = *spec;
        bool last = offset + size >= spec->payload;
        one.payload = MIN(size, spec->payload - offset);
        one.sequence = spec->sequence + (uint32_t)offset;
        one.id = (uint16_t)(spec->id + i);
        if (!last)
            one.flags &= (uint8_t) ~(FIN | PSH);
        if (i > 0)
            one.flags &= (uint8_t)~CWR;
        size_t want = packet_make(expected, &one);
        g_assert_cmpuint(segment_length(&segment), ==, want);
        segment_write(&segment, piece);
        g_assert_cmpmem(piece, want, expected, want);
        g_assert_true(packet_checksums_right(piece, want));
    }
    g_assert_cmpuint(segment_length(&segment), ==, 0);
}

static void
test_tcp(void)
{
    PacketSpec spec = { .payload = 60000, .sequence = 0xffffe000, .id = 0xfff0, .timestamp = 7 };
    check_pieces(&spec, 1348);
    spec.payload = 2 * 1348;
    check_pieces(&spec, 1348);
    spec.payload = 1349;
    check_pieces(&spec, 1348);
    spec.v6 = true;
    spec.payload = 60000;
    check_pieces(&spec, 1328);
    spec.payload = 301;
    check_pieces(&spec, 10);
}

static void
test_tcp_flags(void)
{
    PacketSpec spec = { .payload = 5000, .flags = ACK | PSH | FIN | CWR, .tos = 2 };
    check_pieces(&spec, 1360);
    spec.v6 = true;
    check_pieces(&spec, 1360);
}

static void
test_udp(void)
{
    PacketSpec spec = { .udp = true, .payload = 20000, .id = 3 };
    check_pieces(&spec, 1200);
    spec.v6 = true;
    check_pieces(&spec, 1200);
}

static void
test_ipv4_options(void)
{
    PacketSpec spec = { .payload = 4000, .ip_options = true };
    check_pieces(&spec, 1000);
}

static void
test_whole(void)
{
    uint8_t packet[2000], out[2000];
    PacketSpec spec = { .udp = true, .payload = 777 };
    size_t length = packet_make(packet, &spec);
    Segment segment;
    TunHeader header = { .kind = TUN_WHOLE };
    g_assert_true(segment_begin(&segment, &header, packet, length));
    g_assert_cmpuint(segment_length(&segment), ==, length);
    segment_write(&segment, out);
    g_assert_cmpmem(out, length, packet, length);
    g_assert_cmpuint(segment_length(&segment), ==, 0);
}

/* The kernel has summed up the pseudo-header; the rest is ours. */
static void
test_whole_with_checksum(void)
{
    uint8_t packet[2000], out[2000], expected[2000];
    for (unsigned kind = 0; kind < 4; kind++) {
        PacketSpec spec = { .v6 = kind % 2 != 0, .udp = kind / 2 != 0, .payload = 333 };
        size_t length = packet_make(expected, &spec), ip = packet_ip_length(expected);
        TunHeader header = { .kind = TUN_WHOLE,
                             .checksum = true,
                             .checksum_start = (uint16_t)ip,
                             .checksum_offset = spec.udp ? 6 : 16 };
        memcpy(packet, expected, length);
        uint32_t sum = packet[spec.v6 ? 6 : 9] + (uint32_t)(length - ip);
        for (size_t i = spec.v6 ? 8 : 12; i < (spec.v6 ? 40u : 20u); i += 2)
            sum += (uint32_t)packet[i] << 8 | packet[i + 1];
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        packet[ip + header.checksum_offset] = (uint8_t)(sum >> 8);
        packet[ip + header.checksum_offset + 1] = (uint8_t)sum;
        Segment segment;
        g_assert_true(segment_begin(&segment, &header, packet, length));
        segment_write(&segment, out);
        g_assert_cmpmem(out, length, expected, length);
    }
}

static void
test_skip(void)
{
    g_autofree uint8_t *super = g_malloc(PACKET_ROOM);
    uint8_t piece[2000], expected[2000];
    PacketSpec spec = { .payload = 3000, .sequence = 100, .id = 1 };
    TunHeader header;
    Segment segment;
    size_t length = make_super(super, &header, &spec, 1000);
    g_assert_true(segment_begin(&segment, &header, super, length));
    segment_skip(&segment);
    spec = (PacketSpec){ .payload = 1000, .sequence = 1100, .id = 2 };
    size_t want = packet_make(expected, &spec);
    segment_write(&segment, piece);
    g_assert_cmpmem(piece, want, expected, want);
}

/* The kernel says such things never; we would not fall over. */
static void
test_numbers_that_do_not_fit(void)
{
    uint8_t packet[2000];
    PacketSpec spec = { .payload = 500 };
    TunHeader right;
    Segment segment;
    size_t length = make_super(packet, &right, &spec, 100);
    g_assert_true(segment_begin(&segment, &right, packet, length));
    TunHeader header = right;
    header.size = 0;
    g_assert_false(segment_begin(&segment, &header, packet, length));
    header = right;
    header.checksum_start = 2000;
    g_assert_false(segment_begin(&segment, &header, packet, length));
    header = right;
    header.checksum_start = 10;
    g_assert_false(segment_begin(&segment, &header, packet, length));
    header = right;
    header.checksum = false;
    g_assert_false(segment_begin(&segment, &header, packet, length));
    for (size_t cut = 0; cut <= 40; cut++)
        g_assert_false(segment_begin(&segment, &right, packet, cut));
    packet[32] = 0x10; /* a TCP header of 4 octets */
    g_assert_false(segment_begin(&segment, &right, packet, length));
    header = (TunHeader){ .checksum = true, .checksum_start = 490, .checksum_offset = 60 };
    g_assert_false(segment_begin(&segment, &header, packet, length));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/datapath/segment/tcp", test_tcp);
    g_test_add_func("/datapath/segment/tcp-flags", test_tcp_flags);
    g_test_add_func("/datapath/segment/udp", test_udp);
    g_test_add_func("/datapath/segment/ipv4-options", test_ipv4_options);
    g_test_add_func("/datapath/segment/whole", test_whole);
    g_test_add_func("/datapath/segment/whole-with-checksum", test_whole_with_checksum);
    g_test_add_func("/datapath/segment/skip", test_skip);
    g_test_add_func("/datapath/segment/numbers-that-do-not-fit", test_numbers_that_do_not_fit);
    return g_test_run();
}
