/* What a peer sends inside, joined for the TUN: cut apart again it is as many packets, of as many
 * octets, and each is a packet. The input is length (2 octets), packet, length, packet ... */
#include "datapath/merge.h"
#include "datapath/segment.h"
#include "esp/inner-packet.h"
#include "fuzz.h"

#include <string.h>

typedef struct {
    size_t packets, octets;
} Tally;

static void
written(const TunHeader *header, struct iovec *iov, size_t n, gpointer data)
{
    static uint8_t whole[2 * TUN_MAX_PACKET], piece[2 * TUN_MAX_PACKET];
    Tally *tally = data;
    Segment segment;
    InnerPacket packet;
    size_t length = 0;
    for (size_t i = 1; i < n; i++) {
        FUZZ_CHECK(length + iov[i].iov_len <= TUN_MAX_PACKET);
        memcpy(whole + length, iov[i].iov_base, iov[i].iov_len);
        length += iov[i].iov_len;
    }
    FUZZ_CHECK(segment_begin(&segment, header, whole, length));
    for (size_t next; (next = segment_length(&segment)) > 0;) {
        segment_write(&segment, piece);
        FUZZ_CHECK(inner_packet_parse(&packet, piece, next));
        tally->packets++;
        tally->octets += next;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree uint8_t *copy = g_memdup2(data, size);
    Tally in = { 0 }, out = { 0 };
    Merge merge;
    merge_init(&merge, TUN_OFFLOAD_HEADER | TUN_OFFLOAD_TCP | TUN_OFFLOAD_UDP, written, &out);
    for (size_t at = 0; at + 2 <= size;) {
        size_t length = (size_t)copy[at] << 8 | copy[at + 1];
        InnerPacket packet;
        at += 2;
        length = MIN(length, size - at);
        if (inner_packet_parse(&packet, copy + at, length)) {
            in.packets++;
            in.octets += length;
            merge_add(&merge, copy + at, length);
        }
        at += length;
    }
    merge_flush(&merge);
    merge_clear(&merge);
    FUZZ_CHECK(in.packets == out.packets && in.octets == out.octets);
    return 0;
}
