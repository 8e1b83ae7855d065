#include "packets.h"

#include <string.h>

#define TCP_ACK 0x10

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

static uint32_t
add(uint32_t sum, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

size_t
packet_ip_length(const uint8_t *packet)
{
    return packet[0] >> 4 == 6 ? 40 : (size_t)(packet[0] & 0x0f) * 4;
}

static uint32_t
upper_sum(const uint8_t *packet, size_t length)
{
    bool v6 = packet[0] >> 4 == 6;
    size_t ip = packet_ip_length(packet);
    uint32_t sum = v6 ? add(0, packet + 8, 32) : add(0, packet + 12, 8);
    sum += packet[v6 ? 6 : 9] + (uint32_t)(length - ip);
    return add(sum, packet + ip, length - ip);
}

bool
packet_header_right(const uint8_t *packet)
{
    return add(0, packet, packet_ip_length(packet)) == 0xffff;
}

bool
packet_checksums_right(const uint8_t *packet, size_t length)
{
    bool v6 = packet[0] >> 4 == 6;
    return (v6 || packet_header_right(packet)) && upper_sum(packet, length) == 0xffff;
}

static size_t
make_ip(uint8_t *out, const PacketSpec *spec, size_t upper)
{
    uint8_t protocol = spec->udp ? 17 : 6, ttl = spec->ttl != 0 ? spec->ttl : 64;
    if (spec->v6) {
        memset(out, 0, 40);
        put_u32(out, 0x60012345 | (uint32_t)spec->tos << 20);
        put_u16(out + 4, (uint32_t)upper);
        out[6] = protocol;
        out[7] = ttl;
        out[8] = out[24] = 0x20;
        out[23] = 1;
        out[39] = 2;
        return 40;
    }
    size_t header = spec->ip_options ? 24 : 20;
    memset(out, 0, header);
    out[0] = (uint8_t)(0x40 | header / 4);
    out[1] = spec->tos;
    put_u16(out + 2, (uint32_t)(upper + header));
    put_u16(out + 4, spec->id);
    put_u16(out + 6, spec->fragment != 0 ? spec->fragment : spec->fragmentable ? 0 : 0x4000);
    out[8] = ttl;
    out[9] = protocol;
    memcpy(out + 12, "\x0a\x4d\0\x0a\x0a\x63\0\x01", 8);
    if (spec->ip_options)
        memset(out + 20, 1, 4);
    put_u16(out + 10, ~add(0, out, header) & 0xffff);
    return header;
}

static size_t
make_tcp(uint8_t *out, const PacketSpec *spec)
{
    size_t header = spec->timestamp != 0 ? 32 : 20;
    memset(out, 0, header);
    put_u16(out, spec->source_port != 0 ? spec->source_port : 40000);
    put_u16(out + 2, 5001);
    put_u32(out + 4, spec->sequence);
    put_u32(out + 8, spec->ack);
    out[12] = (uint8_t)(header / 4 << 4);
    out[13] = spec->flags != 0 ? spec->flags : TCP_ACK;
    put_u16(out + 14, spec->window != 0 ? spec->window : 500);
    put_u16(out + 18, spec->urgent);
    if (spec->timestamp != 0) {
        memcpy(out + 20, "\1\1\x08\x0a", 4);
        put_u32(out + 24, spec->timestamp);
    }
    return header;
}

static size_t
make_udp(uint8_t *out, const PacketSpec *spec)
{
    put_u16(out, spec->source_port != 0 ? spec->source_port : 40000);
    put_u16(out + 2, 5001);
    put_u16(out + 4, (uint32_t)(8 + spec->payload));
    put_u16(out + 6, 0);
    return 8;
}

size_t
packet_make(uint8_t *out, const PacketSpec *spec)
{
    uint8_t upper[64];
    size_t header = spec->udp ? make_udp(upper, spec) : make_tcp(upper, spec);
    size_t ip = make_ip(out, spec, header + spec->payload);
    memcpy(out + ip, upper, header);
    for (size_t i = 0; i < spec->payload; i++)
        out[ip + header + i] = (uint8_t)(spec->sequence + i);
    size_t length = ip + header + spec->payload;
    uint8_t *field = out + ip + (spec->udp ? 6 : 16);
    if (spec->no_checksum)
        return length;
    uint32_t sum = ~upper_sum(out, length) & 0xffff;
    put_u16(field, spec->udp && sum == 0 ? 0xffff : sum);
    if (spec->bad_checksum)
        field[1] ^= 0x55;
    return length;
}

void
packet_renumber(uint8_t *packet, size_t length, uint16_t packets, uint32_t octets, bool last)
{
    bool v6 = packet[0] >> 4 == 6, udp = packet[v6 ? 6 : 9] == 17;
    size_t ip = packet_ip_length(packet);
    uint8_t *upper = packet + ip, *field = upper + (udp ? 6 : 16);
    if (v6) {
        put_u16(packet + 4, (uint32_t)(length - ip));
    } else {
        put_u16(packet + 2, (uint32_t)length);
        put_u16(packet + 4, (((uint32_t)packet[4] << 8 | packet[5]) + packets) & 0xffff);
        put_u16(packet + 10, 0);
        put_u16(packet + 10, ~add(0, packet, ip) & 0xffff);
    }
    if (udp) {
        put_u16(upper + 4, (uint32_t)(length - ip));
    } else {
        uint32_t sequence = ((uint32_t)upper[4] << 24 | (uint32_t)upper[5] << 16 |
                             (uint32_t)upper[6] << 8 | upper[7]) +
                            octets;
        put_u32(upper + 4, sequence);
        if (!last)
            upper[13] &= (uint8_t)~0x09;
        if (packets > 0)
            upper[13] &= (uint8_t)~0x80;
    }
    put_u16(field, 0);
    uint32_t sum = ~upper_sum(packet, length) & 0xffff;
    put_u16(field, udp && sum == 0 ? 0xffff : sum);
}
