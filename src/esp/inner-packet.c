#include "esp/inner-packet.h"

#include "base/bytes.h"
#include "base/checksum.h"

#include <string.h>

#define PROTOCOL_ICMP      1
#define PROTOCOL_TCP       6
#define PROTOCOL_UDP       17
#define PROTOCOL_ICMPV6    58
#define MAX_EXTENSIONS     8
#define IPV4_HEADER        20
#define IPV6_HEADER        40
#define TCP_HEADER         20
#define TCP_FLAG_FIN       0x01
#define TCP_FLAG_SYN       0x02
#define TCP_FLAG_RST       0x04
#define TCP_FLAG_ACK       0x10
#define TCP_OPTION_END     0
#define TCP_OPTION_NOTHING 1
#define TCP_OPTION_SEGMENT 2
#define ECN_CE             3
#define ICMP_QUOTE_V4      548 /* the whole error fits 576 octets (RFC 1812, section 4.3.2.3) */
#define ICMP_QUOTE_V6      (INNER_REPLY_MAX - IPV6_HEADER - 8)

static void
put_u16(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static void
put_u32(uint8_t *out, uint32_t value)
{
    put_u16(out, value >> 16);
    put_u16(out + 2, value & 0xffff);
}

static uint16_t
get_u16(const uint8_t *in)
{
    return (uint16_t)(in[0] << 8 | in[1]);
}

/* Every packet comes by here: headers are taken whole, not number by number. */
static bool
parse_ipv4(InnerPacket *packet, ByteReader *reader, size_t length)
{
    const uint8_t *header;
    if (!byte_reader_take(reader, IPV4_HEADER, &header))
        return false;
    packet->source.family = packet->destination.family = INET_V4;
    memcpy(packet->source.octets, header + 12, 4);
    memcpy(packet->destination.octets, header + 16, 4);
    packet->header_length = (size_t)(header[0] & 0x0f) * 4;
    packet->protocol = header[9];
    uint16_t place = get_u16(header + 6);
    packet->fragmented = (place & 0x3fff) != 0;
    packet->fragment = (place & 0x1fff) != 0;
    return packet->header_length >= IPV4_HEADER && get_u16(header + 2) == length &&
           packet->header_length <= length &&
           byte_reader_skip(reader, packet->header_length - IPV4_HEADER);
}

/* Follows hop-by-hop, routing, destination and fragment headers (RFC 8200, section 4). */
static bool
follow_extensions(InnerPacket *packet, ByteReader *reader, uint8_t next)
{
    for (unsigned i = 0; i < MAX_EXTENSIONS; i++) {
        uint8_t following, units;
        uint16_t offset;
        if (next == 44) {
            if (!byte_reader_u8(reader, &following) || !byte_reader_skip(reader, 1) ||
                !byte_reader_u16(reader, &offset) || !byte_reader_skip(reader, 4))
                return false;
            packet->fragmented = (offset & 0xfff9) != 0;
            packet->fragment = (offset & 0xfff8) != 0;
            next = following;
            if (packet->fragment)
                break;
            continue;
        }
        if (next != 0 && next != 43 && next != 60)
            break;
        if (!byte_reader_u8(reader, &following) || !byte_reader_u8(reader, &units) ||
            !byte_reader_skip(reader, 6 + (size_t)units * 8))
            return false;
        next = following;
    }
    packet->protocol = next;
    packet->header_length = reader->offset;
    return true;
}

static bool
parse_ipv6(InnerPacket *packet, ByteReader *reader, size_t length)
{
    const uint8_t *header;
    if (!byte_reader_take(reader, IPV6_HEADER, &header))
        return false;
    packet->source.family = packet->destination.family = INET_V6;
    memcpy(packet->source.octets, header + 8, 16);
    memcpy(packet->destination.octets, header + 24, 16);
    return get_u16(header + 4) + (size_t)IPV6_HEADER == length &&
           follow_extensions(packet, reader, header[6]);
}

bool
inner_packet_parse(InnerPacket *packet, const uint8_t *data, size_t length)
{
    ByteReader reader = byte_reader(data, length);
    memset(packet, 0, sizeof *packet);
    if (length == 0)
        return false;
    bool ok = data[0] >> 4 == 4   ? parse_ipv4(packet, &reader, length)
              : data[0] >> 4 == 6 ? parse_ipv6(packet, &reader, length)
                                  : false;
    if (!ok)
        return false;
    if (packet->fragment)
        return true;
    const uint8_t *ports;
    if (packet->protocol == PROTOCOL_TCP || packet->protocol == PROTOCOL_UDP) {
        if (!byte_reader_take(&reader, 4, &ports))
            return false;
        packet->source_port = get_u16(ports);
        packet->destination_port = get_u16(ports + 2);
        return true;
    }
    if (packet->protocol == PROTOCOL_ICMP || packet->protocol == PROTOCOL_ICMPV6) {
        if (!byte_reader_u16(&reader, &packet->source_port))
            return false;
        packet->destination_port = packet->source_port;
    }
    return true;
}

static uint32_t
mix(uint32_t hash, uint32_t word)
{
    hash = (hash ^ word) * 0x9e3779b1; /* odd, of 2^32 over the golden ratio */
    return hash ^ hash >> 15;
}

uint32_t
inner_packet_flow(const uint8_t *data, size_t length)
{
    InnerPacket packet;
    if (!inner_packet_parse(&packet, data, length))
        return 0;
    uint32_t ports = (uint32_t)packet.source_port << 16 | packet.destination_port;
    uint32_t hash = packet.fragmented ? 0 : mix(packet.protocol, ports);
    for (size_t i = 0; i < inet_family_length(packet.source.family); i += 2) {
        uint32_t both = (uint32_t)get_u16(packet.source.octets + i) << 16;
        hash = mix(hash, both | get_u16(packet.destination.octets + i));
    }
    return hash;
}

static uint32_t
sum(uint32_t start, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i + 1 < length; i += 2)
        start += (uint32_t)data[i] << 8 | data[i + 1];
    if (length % 2 != 0)
        start += (uint32_t)data[length - 1] << 8;
    return start;
}

static uint16_t
fold(uint32_t total)
{
    while (total >> 16 != 0)
        total = (total & 0xffff) + (total >> 16);
    return (uint16_t)~total;
}

/* An IP header from the packet's destination back to its source; its length. */
static size_t
write_ip(const InnerPacket *packet, uint8_t protocol, size_t payload, uint8_t *out)
{
    if (packet->source.family == INET_V6) {
        memset(out, 0, IPV6_HEADER);
        out[0] = 0x60;
        put_u16(out + 4, (uint32_t)payload);
        out[6] = protocol;
        out[7] = 64;
        memcpy(out + 8, packet->destination.octets, 16);
        memcpy(out + 24, packet->source.octets, 16);
        return IPV6_HEADER;
    }
    memset(out, 0, IPV4_HEADER);
    out[0] = 0x45;
    put_u16(out + 2, (uint32_t)(payload + IPV4_HEADER));
    out[8] = 64;
    out[9] = protocol;
    memcpy(out + 12, packet->destination.octets, 4);
    memcpy(out + 16, packet->source.octets, 4);
    put_u16(out + 10, fold(sum(0, out, IPV4_HEADER)));
    return IPV4_HEADER;
}

/* The checksum over pseudo-header and payload. */
static uint16_t
upper_checksum(const InnerPacket *packet, uint8_t protocol, const uint8_t *payload, size_t length)
{
    size_t octets = inet_family_length(packet->source.family);
    uint32_t total = (uint32_t)length + protocol;
    total = sum(total, packet->source.octets, octets);
    total = sum(total, packet->destination.octets, octets);
    return fold(sum(total, payload, length));
}

static size_t
write_reset(const InnerPacket *packet, const uint8_t *data, size_t length, uint8_t *out)
{
    ByteReader reader = byte_reader(data, length);
    uint32_t sequence, acknowledged;
    uint8_t offset, flags;
    if (!byte_reader_skip(&reader, packet->header_length + 4) ||
        !byte_reader_u32(&reader, &sequence) || !byte_reader_u32(&reader, &acknowledged) ||
        !byte_reader_u8(&reader, &offset) || !byte_reader_u8(&reader, &flags) ||
        (flags & TCP_FLAG_RST) != 0)
        return 0;
    size_t segment = length - packet->header_length;
    size_t header = (size_t)(offset >> 4) * 4;
    size_t payload = segment > header ? segment - header : 0;
    size_t ip = write_ip(packet, PROTOCOL_TCP, TCP_HEADER, out);
    uint8_t *tcp = out + ip;
    memset(tcp, 0, TCP_HEADER);
    put_u16(tcp, packet->destination_port);
    put_u16(tcp + 2, packet->source_port);
    /* RFC 9293, section 3.10.7.1. */
    if ((flags & TCP_FLAG_ACK) != 0) {
        put_u32(tcp + 4, acknowledged);
        tcp[13] = TCP_FLAG_RST;
    } else {
        uint32_t length_in_sequence =
            (uint32_t)payload + ((flags & TCP_FLAG_SYN) != 0) + ((flags & TCP_FLAG_FIN) != 0);
        put_u32(tcp + 8, sequence + length_in_sequence);
        tcp[13] = TCP_FLAG_RST | TCP_FLAG_ACK;
    }
    tcp[12] = TCP_HEADER / 4 << 4;
    put_u16(tcp + 16, upper_checksum(packet, PROTOCOL_TCP, tcp, TCP_HEADER));
    return ip + TCP_HEADER;
}

static size_t
write_icmp(const InnerPacket *packet, uint8_t type, uint8_t code, uint32_t rest,
           const uint8_t *data, size_t length, uint8_t *out)
{
    bool v6 = packet->source.family == INET_V6;
    uint8_t protocol = v6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP;
    size_t quote = MIN(length, (size_t)(v6 ? ICMP_QUOTE_V6 : ICMP_QUOTE_V4));
    size_t ip = write_ip(packet, protocol, 8 + quote, out);
    uint8_t *icmp = out + ip;
    icmp[0] = type;
    icmp[1] = code;
    put_u16(icmp + 2, 0);
    put_u32(icmp + 4, rest);
    memcpy(icmp + 8, data, quote);
    put_u16(icmp + 2,
            v6 ? upper_checksum(packet, protocol, icmp, 8 + quote) : fold(sum(0, icmp, 8 + quote)));
    return ip + 8 + quote;
}

static bool
may_be_answered(const InnerPacket *packet)
{
    if (packet->fragment || !inet_address_is_unicast(&packet->source) ||
        inet_address_is_multicast(&packet->destination))
        return false;
    if (packet->protocol == PROTOCOL_ICMP) /* only to echo requests */
        return packet->source_port >> 8 == 8;
    if (packet->protocol == PROTOCOL_ICMPV6)
        return packet->source_port >> 8 == 128;
    return true;
}

size_t
inner_packet_reject(const uint8_t *data, size_t length, uint8_t *out)
{
    InnerPacket packet;
    if (!inner_packet_parse(&packet, data, length) || !may_be_answered(&packet))
        return 0;
    if (packet.protocol == PROTOCOL_TCP)
        return write_reset(&packet, data, length, out);
    bool v6 = packet.source.family == INET_V6;
    bool port = packet.protocol == PROTOCOL_UDP;
    if (v6)
        return write_icmp(&packet, 1, port ? 4 : 3, 0, data, length, out);
    return write_icmp(&packet, 3, port ? 3 : 1, 0, data, length, out);
}

size_t
inner_packet_too_big(const uint8_t *data, size_t length, uint32_t mtu, uint8_t *out)
{
    InnerPacket packet;
    if (!inner_packet_parse(&packet, data, length) || !may_be_answered(&packet))
        return 0;
    if (packet.source.family == INET_V6)
        return write_icmp(&packet, 2, 0, MAX(mtu, INNER_LEAST_MTU_V6), data, length, out);
    if ((data[6] & 0x40) == 0)
        return 0;
    return write_icmp(&packet, 3, 4, mtu, data, length, out);
}

/* Where the two bits are in the second octet. */
static unsigned
ecn_shift(const uint8_t *data)
{
    return data[0] >> 4 == 6 ? 4 : 0;
}

uint8_t
inner_packet_ecn(const uint8_t *data, size_t length)
{
    return length < IPV4_HEADER ? 0 : data[1] >> ecn_shift(data) & ECN_CE;
}

bool
inner_packet_mark(uint8_t *data, size_t length)
{
    uint8_t before[2], after[2];
    if (inner_packet_ecn(data, length) == 0)
        return false;
    memcpy(before, data, 2);
    after[0] = before[0];
    after[1] = (uint8_t)(before[1] | ECN_CE << ecn_shift(data));
    if (data[0] >> 4 != 6)
        checksum_update(data + 10, before, after);
    memcpy(data, after, 2);
    return true;
}

/* RFC 9293, section 3.2: the option's value, 2 octets; NULL where there is none. */
static uint8_t *
find_segment_size(uint8_t *tcp, size_t header)
{
    for (size_t at = TCP_HEADER; at < header;) {
        uint8_t kind = tcp[at];
        if (kind == TCP_OPTION_END)
            return NULL;
        if (kind == TCP_OPTION_NOTHING) {
            at++;
            continue;
        }
        if (at + 2 > header || tcp[at + 1] < 2 || at + tcp[at + 1] > header)
            return NULL;
        if (kind == TCP_OPTION_SEGMENT && tcp[at + 1] == 4)
            return tcp + at + 2;
        at += tcp[at + 1];
    }
    return NULL;
}

/* The octets that change may stand at an odd place: the words that hold them are summed anew. */
static void
replace_u16(uint8_t *tcp, uint8_t *at, uint16_t value)
{
    size_t offset = (size_t)(at - tcp), from = offset - offset % 2;
    size_t words = offset % 2 == 0 ? 1 : 2;
    uint8_t before[4];
    memcpy(before, tcp + from, 2 * words);
    put_u16(at, value);
    for (size_t i = 0; i < words; i++)
        checksum_update(tcp + 16, before + 2 * i, tcp + from + 2 * i);
}

void
inner_packet_clamp(const InnerPacket *packet, uint8_t *data, size_t length, uint32_t mtu)
{
    size_t headers = (packet->source.family == INET_V6 ? IPV6_HEADER : IPV4_HEADER) + TCP_HEADER;
    if (packet->protocol != PROTOCOL_TCP || packet->fragment || mtu <= headers ||
        length < packet->header_length + TCP_HEADER)
        return;
    uint8_t *tcp = data + packet->header_length;
    size_t header = (size_t)(tcp[12] >> 4) * 4;
    if ((tcp[13] & TCP_FLAG_SYN) == 0 || packet->header_length + header > length)
        return;
    uint8_t *size = find_segment_size(tcp, header);
    uint32_t most = MIN(mtu - (uint32_t)headers, UINT16_MAX);
    if (size != NULL && ((uint32_t)size[0] << 8 | size[1]) > most)
        replace_u16(tcp, size, (uint16_t)most);
}
