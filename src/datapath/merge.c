#include "datapath/merge.h"

#include "base/checksum.h"
#include "datapath/headers.h"

#include <string.h>

#define DONT_FRAGMENT 0x4000

void
merge_init(Merge *merge, unsigned offloads, MergeWrite write, gpointer user_data)
{
    *merge = (Merge){ .write = write, .user_data = user_data, .offloads = offloads };
    for (size_t i = 0; i < MERGE_FLOWS; i++)
        merge->flows[i] = g_new0(MergeFlow, 1);
}

void
merge_clear(Merge *merge)
{
    for (size_t i = 0; i < MERGE_FLOWS; i++)
        g_clear_pointer(&merge->flows[i], g_free);
}

/* ---- what a packet is ---- */

static uint64_t
pseudo_sum(const MergeLook *look, const uint8_t *packet, size_t upper)
{
    uint64_t sum = look->v6 ? checksum_add(0, packet + 8, 32) : checksum_add(0, packet + 12, 8);
    sum = checksum_add_u16(sum, look->udp ? PROTOCOL_UDP : PROTOCOL_TCP);
    return checksum_add_u16(sum, (uint16_t)upper);
}

static bool
checksums_right(const MergeLook *look, const uint8_t *packet, size_t length)
{
    size_t upper = length - look->ip;
    if (!look->v6 && checksum_fold(checksum_add(0, packet, IPV4_HEADER)) != 0xffff)
        return false;
    uint64_t sum = checksum_add(pseudo_sum(look, packet, upper), packet + look->ip, upper);
    return checksum_fold(sum) == 0xffff;
}

static bool
look_at_ip(MergeLook *look, const uint8_t *packet, size_t length)
{
    uint8_t protocol;
    look->v6 = packet[0] >> 4 == 6;
    if (look->v6) {
        if (length < IPV6_HEADER)
            return false;
        look->ip = IPV6_HEADER;
        protocol = packet[6];
    } else {
        if (packet[0] != 0x45 || length < IPV4_HEADER ||
            (get_u16(packet + 6) & ~DONT_FRAGMENT) != 0)
            return false;
        look->ip = IPV4_HEADER;
        protocol = packet[9];
    }
    look->udp = protocol == PROTOCOL_UDP;
    return look->udp || protocol == PROTOCOL_TCP;
}

static bool
look_at_udp(MergeLook *look, const uint8_t *packet, size_t length)
{
    const uint8_t *udp = packet + look->ip;
    if (length < look->ip + UDP_HEADER)
        return false;
    look->headers = look->ip + UDP_HEADER;
    look->payload = length - look->headers;
    look->joins = look->payload > 0 && get_u16(udp + 4) == length - look->ip &&
                  get_u16(udp + UDP_CHECKSUM) != 0;
    return true;
}

static bool
look_at_tcp(MergeLook *look, const uint8_t *packet, size_t length)
{
    const uint8_t *tcp = packet + look->ip;
    if (length < look->ip + TCP_HEADER)
        return false;
    size_t header = (size_t)(tcp[12] >> 4) * 4;
    if (header < TCP_HEADER || look->ip + header > length)
        return false;
    look->headers = look->ip + header;
    look->payload = length - look->headers;
    /* No other flags, no reserved bits, no urgent pointer. */
    look->joins = look->payload > 0 && (tcp[13] & ~TCP_PSH) == TCP_ACK && (tcp[12] & 0x0f) == 0 &&
                  get_u16(tcp + 18) == 0;
    look->ends = (tcp[13] & TCP_PSH) != 0;
    return true;
}

/* False: neither TCP nor UDP that we read; true: it has ports. */
static bool
look_at(MergeLook *look, const uint8_t *packet, size_t length)
{
    *look = (MergeLook){ 0 };
    if (!look_at_ip(look, packet, length) ||
        !(look->udp ? look_at_udp(look, packet, length) : look_at_tcp(look, packet, length)))
        return false;
    if (look->joins)
        look->joins = checksums_right(look, packet, length);
    return true;
}

/* ---- what is held ---- */

/* The first packet's headers become those of all. */
static void
widen_headers(const MergeFlow *flow)
{
    const MergeLook *look = &flow->look;
    uint8_t *packet = flow->packet, *upper = packet + look->ip;
    size_t length = look->headers + flow->payload;
    if (look->v6) {
        put_u16(packet + 4, length - IPV6_HEADER);
    } else {
        put_u16(packet + 2, length);
        packet[10] = packet[11] = 0;
        checksum_finish(checksum_add(0, packet, IPV4_HEADER), packet + 10);
    }
    if (look->udp)
        put_u16(upper + 4, length - look->ip);
    uint16_t pseudo = checksum_fold(pseudo_sum(look, packet, length - look->ip));
    memcpy(upper + (look->udp ? UDP_CHECKSUM : TCP_CHECKSUM), &pseudo, sizeof pseudo);
}

static void
write_flow(Merge *merge, MergeFlow *flow)
{
    const MergeLook *look = &flow->look;
    TunHeader header = { .kind = TUN_WHOLE, .verified = true };
    size_t last = flow->n + 1;
    if (flow->n > 1) {
        widen_headers(flow);
        header = (TunHeader){ .kind = look->udp  ? TUN_UDP_MANY
                                      : look->v6 ? TUN_TCP_V6
                                                 : TUN_TCP_V4,
                              .checksum = true,
                              .size = (uint16_t)look->payload,
                              .headers = (uint16_t)look->headers,
                              .checksum_start = (uint16_t)look->ip,
                              .checksum_offset = look->udp ? UDP_CHECKSUM : TCP_CHECKSUM };
    }
    flow->iov[1] = (struct iovec){ flow->packet, look->headers };
    merge->write(&header, flow->iov, last + 1, merge->user_data);
}

static void
write_at(Merge *merge, size_t i)
{
    MergeFlow *flow = merge->flows[i];
    write_flow(merge, flow);
    merge->n_flows--;
    memmove(&merge->flows[i], &merge->flows[i + 1], (merge->n_flows - i) * sizeof merge->flows[0]);
    merge->flows[merge->n_flows] = flow;
}

void
merge_flush(Merge *merge)
{
    for (size_t i = 0; i < merge->n_flows; i++)
        write_flow(merge, merge->flows[i]);
    merge->n_flows = 0;
}

static void
hold(Merge *merge, const MergeLook *look, uint8_t *packet)
{
    if (merge->n_flows == MERGE_FLOWS)
        write_at(merge, 0);
    MergeFlow *flow = merge->flows[merge->n_flows++];
    flow->packet = packet;
    flow->look = *look;
    flow->payload = look->payload;
    flow->next = look->udp ? 0 : get_u32(packet + look->ip + 4) + (uint32_t)look->payload;
    flow->id = look->v6 ? 0 : get_u16(packet + 4);
    flow->same_id = false;
    flow->closed = look->ends;
    flow->n = 1;
    flow->iov[2] = (struct iovec){ packet + look->headers, look->payload };
}

static bool
same_flow(const MergeFlow *flow, const MergeLook *look, const uint8_t *packet)
{
    if (flow->look.v6 != look->v6 || flow->look.udp != look->udp ||
        memcmp(flow->packet + look->ip, packet + look->ip, 4) != 0)
        return false;
    return look->v6 ? memcmp(flow->packet + 8, packet + 8, 32) == 0
                    : memcmp(flow->packet + 12, packet + 12, 8) == 0;
}

/* The kernel numbers the packets on as it cuts them. An identification that stays the same means
 * nothing in a packet that must not be fragmented (RFC 6864, section 4.1), any other does. */
static bool
id_follows(const MergeFlow *flow, const uint8_t *packet)
{
    uint16_t id = get_u16(packet + 4);
    if (flow->n > 1 && flow->same_id)
        return id == flow->id;
    return id == (uint16_t)(flow->id + 1) ||
           (flow->n == 1 && id == flow->id && (get_u16(packet + 6) & DONT_FRAGMENT) != 0);
}

static bool
ip_follows(const MergeFlow *flow, const uint8_t *packet)
{
    const uint8_t *first = flow->packet;
    if (flow->look.v6) /* traffic class and flow label, next header and hop limit */
        return memcmp(first, packet, 4) == 0 && memcmp(first + 6, packet + 6, 2) == 0;
    return memcmp(first, packet, 2) == 0 && memcmp(first + 6, packet + 6, 4) == 0 &&
           id_follows(flow, packet);
}

static bool
tcp_follows(const MergeFlow *flow, const uint8_t *packet)
{
    const uint8_t *first = flow->packet + flow->look.ip, *tcp = packet + flow->look.ip;
    size_t options = flow->look.headers - flow->look.ip - TCP_HEADER;
    return get_u32(tcp + 4) == flow->next && memcmp(first + 8, tcp + 8, 4) == 0 &&
           memcmp(first + 14, tcp + 14, 2) == 0 &&
           memcmp(first + TCP_HEADER, tcp + TCP_HEADER, options) == 0;
}

static bool
follows(const MergeFlow *flow, const MergeLook *look, const uint8_t *packet)
{
    return !flow->closed && look->joins && look->headers == flow->look.headers &&
           look->payload <= flow->look.payload && flow->n < MERGE_PIECES &&
           look->headers + flow->payload + look->payload <= TUN_MAX_PACKET &&
           ip_follows(flow, packet) && (look->udp || tcp_follows(flow, packet));
}

static void
join(MergeFlow *flow, const MergeLook *look, uint8_t *packet)
{
    uint16_t id = look->v6 ? 0 : get_u16(packet + 4);
    flow->same_id = id == flow->id;
    flow->id = id;
    flow->next += (uint32_t)look->payload;
    flow->payload += look->payload;
    flow->n++;
    flow->iov[flow->n + 1] = (struct iovec){ packet + look->headers, look->payload };
    flow->closed = look->ends || look->payload < flow->look.payload;
    if (look->ends)
        flow->packet[look->ip + 13] |= TCP_PSH;
}

static void
write_alone(Merge *merge, uint8_t *packet, size_t length)
{
    static const TunHeader plain = { .kind = TUN_WHOLE };
    struct iovec iov[2] = { { NULL, 0 }, { packet, length } };
    merge->write(&plain, iov, 2, merge->user_data);
}

void
merge_add(Merge *merge, uint8_t *packet, size_t length)
{
    MergeLook look;
    if ((merge->offloads & (TUN_OFFLOAD_TCP | TUN_OFFLOAD_UDP)) == 0) {
        write_alone(merge, packet, length);
        return;
    }
    if (!look_at(&look, packet, length)) {
        merge_flush(merge);
        write_alone(merge, packet, length);
        return;
    }
    if ((merge->offloads & (look.udp ? TUN_OFFLOAD_UDP : TUN_OFFLOAD_TCP)) == 0)
        look.joins = false;
    for (size_t i = 0; i < merge->n_flows; i++) {
        if (!same_flow(merge->flows[i], &look, packet))
            continue;
        if (follows(merge->flows[i], &look, packet)) {
            join(merge->flows[i], &look, packet);
            return;
        }
        write_at(merge, i);
        break;
    }
    if (look.joins)
        hold(merge, &look, packet);
    else
        write_alone(merge, packet, length);
}
