#include "datapath/segment.h"

#include "base/checksum.h"
#include "datapath/headers.h"

#include <string.h>

static bool
is_v6(const Segment *segment)
{
    return segment->packet[0] >> 4 == 6;
}

/* False for what is not IP, or ends within its headers. */
static bool
find_headers(Segment *segment, const TunHeader *header)
{
    size_t ip = header->checksum_start, upper = TCP_HEADER;
    if (segment->length < (is_v6(segment) ? IPV6_HEADER : IPV4_HEADER) ||
        ip < (is_v6(segment) ? IPV6_HEADER : IPV4_HEADER))
        return false;
    if (header->kind == TUN_UDP_MANY)
        upper = UDP_HEADER;
    else if (segment->length >= ip + TCP_HEADER)
        upper = (size_t)(segment->packet[ip + 12] >> 4) * 4;
    if (header->kind != TUN_UDP_MANY && upper < TCP_HEADER)
        return false;
    segment->ip = ip;
    segment->headers = ip + upper;
    return header->size > 0 && header->checksum && segment->headers < segment->length;
}

bool
segment_begin(Segment *segment, const TunHeader *header, const uint8_t *packet, size_t length)
{
    *segment = (Segment){ .packet = packet, .length = length, .header = *header };
    if (header->kind == TUN_WHOLE)
        return !header->checksum ||
               (size_t)header->checksum_start + header->checksum_offset + 2 <= length;
    if (!find_headers(segment, header))
        return false;
    segment->offset = segment->headers;
    return true;
}

size_t
segment_length(const Segment *segment)
{
    size_t left = segment->length - segment->offset;
    if (segment->header.kind == TUN_WHOLE || left == 0)
        return left;
    return segment->headers + (left < segment->header.size ? left : segment->header.size);
}

void
segment_skip(Segment *segment)
{
    size_t next = segment_length(segment);
    segment->offset += segment->header.kind == TUN_WHOLE ? next : next - segment->headers;
    segment->number++;
}

/* Of the upper layer, its field being zero. */
static void
finish_upper(const Segment *segment, uint8_t *out, size_t length, uint8_t protocol, uint8_t *field)
{
    size_t addresses = is_v6(segment) ? 32 : 8, at = is_v6(segment) ? 8 : 12;
    uint64_t sum = checksum_add(0, out + at, addresses);
    sum = checksum_add_u16(sum, (uint16_t)(length - segment->ip));
    sum = checksum_add_u16(sum, protocol);
    checksum_finish(checksum_add(sum, out + segment->ip, length - segment->ip), field);
    /* RFC 768: a sum of zero is sent as all ones; zero says that there is none. */
    if (protocol == PROTOCOL_UDP && field[0] == 0 && field[1] == 0)
        field[0] = field[1] = 0xff;
}

static void
write_ip(const Segment *segment, uint8_t *out, size_t length)
{
    if (is_v6(segment)) {
        put_u16(out + 4, length - IPV6_HEADER);
        return;
    }
    put_u16(out + 2, length);
    put_u16(out + 4, (size_t)get_u16(out + 4) + segment->number);
    out[10] = out[11] = 0;
    checksum_finish(checksum_add(0, out, segment->ip), out + 10);
}

static void
write_tcp(const Segment *segment, uint8_t *out, size_t length)
{
    uint8_t *tcp = out + segment->ip;
    uint32_t sequence = get_u32(tcp + 4) + (uint32_t)(segment->offset - segment->headers);
    bool last = segment->offset + length - segment->headers == segment->length;
    put_u16(tcp + 4, sequence >> 16);
    put_u16(tcp + 6, sequence & 0xffff);
    /* RFC 9293, section 3.8.2 for PSH; RFC 3168, section 6.1.2: CWR once. */
    if (!last)
        tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (segment->number > 0)
        tcp[13] &= (uint8_t)~TCP_CWR;
    tcp[16] = tcp[17] = 0;
    finish_upper(segment, out, length, PROTOCOL_TCP, tcp + TCP_CHECKSUM);
}

static void
write_udp(const Segment *segment, uint8_t *out, size_t length)
{
    uint8_t *udp = out + segment->ip;
    put_u16(udp + 4, length - segment->ip);
    udp[6] = udp[7] = 0;
    finish_upper(segment, out, length, PROTOCOL_UDP, udp + UDP_CHECKSUM);
}

static void
write_whole(const Segment *segment, uint8_t *out)
{
    const TunHeader *header = &segment->header;
    memcpy(out, segment->packet, segment->length);
    if (!header->checksum)
        return;
    uint8_t *field = out + header->checksum_start + header->checksum_offset;
    checksum_finish(
        checksum_add(0, out + header->checksum_start, segment->length - header->checksum_start),
        field);
    /* UDP, by where the field is. */
    if (header->checksum_offset == UDP_CHECKSUM && field[0] == 0 && field[1] == 0)
        field[0] = field[1] = 0xff;
}

void
segment_write(Segment *segment, uint8_t *out)
{
    size_t length = segment_length(segment);
    if (segment->header.kind == TUN_WHOLE) {
        write_whole(segment, out);
        segment_skip(segment);
        return;
    }
    memcpy(out, segment->packet, segment->headers);
    memcpy(out + segment->headers, segment->packet + segment->offset, length - segment->headers);
    write_ip(segment, out, length);
    if (segment->header.kind == TUN_UDP_MANY)
        write_udp(segment, out, length);
    else
        write_tcp(segment, out, length);
    segment_skip(segment);
}
