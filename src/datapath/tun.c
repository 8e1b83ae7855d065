#include "datapath/tun.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <unistd.h>

/* Newer than some headers. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

_Static_assert(sizeof(struct virtio_net_hdr) <= TUN_HEADROOM, "what the kernel puts there");

/* Numbers from the kernel are looked at by who uses them; here only the kind. */
static bool
header_parse(TunHeader *header, const struct virtio_net_hdr *virtio)
{
    *header = (TunHeader){ .checksum = (virtio->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0,
                           .size = virtio->gso_size,
                           .headers = virtio->hdr_len,
                           .checksum_start = virtio->csum_start,
                           .checksum_offset = virtio->csum_offset };
    switch (virtio->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_NONE:
        header->kind = TUN_WHOLE;
        return true;
    case VIRTIO_NET_HDR_GSO_TCPV4:
        header->kind = TUN_TCP_V4;
        return true;
    case VIRTIO_NET_HDR_GSO_TCPV6:
        header->kind = TUN_TCP_V6;
        return true;
    case VIRTIO_NET_HDR_GSO_UDP_L4:
        header->kind = TUN_UDP_MANY;
        return true;
    default:
        return false; /* never asked for */
    }
}

size_t
tun_read(int tun, unsigned offloads, TunHeader *header, uint8_t *out, bool *gone)
{
    struct virtio_net_hdr virtio = { 0 };
    size_t before = (offloads & TUN_OFFLOAD_HEADER) != 0 ? sizeof virtio : 0;
    *gone = false;
    for (;;) {
        ssize_t got = read(tun, out - before, before + TUN_MAX_PACKET);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            *gone = got == 0 || errno != EAGAIN;
            return 0;
        }
        memcpy(&virtio, out - before, before);
        if ((size_t)got > before && header_parse(header, &virtio))
            return (size_t)got - before;
    }
}

static void
header_write(struct virtio_net_hdr *virtio, const TunHeader *header)
{
    static const uint8_t types[] = {
        [TUN_WHOLE] = VIRTIO_NET_HDR_GSO_NONE,
        [TUN_TCP_V4] = VIRTIO_NET_HDR_GSO_TCPV4,
        [TUN_TCP_V6] = VIRTIO_NET_HDR_GSO_TCPV6,
        [TUN_UDP_MANY] = VIRTIO_NET_HDR_GSO_UDP_L4,
    };
    *virtio = (struct virtio_net_hdr){ .gso_type = types[header->kind],
                                       .hdr_len = header->headers,
                                       .gso_size = header->size };
    if (header->checksum) {
        virtio->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        virtio->csum_start = header->checksum_start;
        virtio->csum_offset = header->checksum_offset;
    } else if (header->verified) {
        virtio->flags = VIRTIO_NET_HDR_F_DATA_VALID;
    }
}

int
tun_write(int tun, unsigned offloads, const TunHeader *header, struct iovec *iov, size_t n)
{
    struct virtio_net_hdr virtio;
    bool with_header = (offloads & TUN_OFFLOAD_HEADER) != 0;
    if (with_header)
        header_write(&virtio, header);
    iov[0] = (struct iovec){ &virtio, sizeof virtio };
    ssize_t written;
    do
        written = with_header ? writev(tun, iov, (int)n) : writev(tun, iov + 1, (int)n - 1);
    while (written < 0 && errno == EINTR);
    return written < 0 ? errno : 0;
}
