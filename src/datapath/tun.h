/*
 * A TUN queue: packets with what the kernel left to us, which a virtio_net_hdr says (virtio 1.2,
 * section 5.1.6). With no offloads there is no such header and every packet is complete.
 */
#pragma once
#include "base/offloads.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define TUN_MAX_PACKET 65535
#define TUN_HEADROOM   16

typedef enum {
    TUN_WHOLE,  /* one packet */
    TUN_TCP_V4, /* segments of TCP, in one */
    TUN_TCP_V6,
    TUN_UDP_MANY, /* datagrams of UDP, in one */
} TunKind;

/* What stands before a packet. */
typedef struct {
    TunKind kind;
    bool checksum;    /* the field holds the sum of the pseudo-header; the rest is to be added */
    bool verified;    /* its checksum was looked at, and is right */
    uint16_t size;    /* payload octets of each segment but the last */
    uint16_t headers; /* octets before the payload */
    uint16_t checksum_start, checksum_offset; /* where summing starts; the field, from there */
} TunHeader;

/* One packet, its octets to out, which has TUN_MAX_PACKET, and TUN_HEADROOM before them. Its
 * length; 0: none now, or *gone: the device was deleted. */
size_t tun_read(int tun, unsigned offloads, TunHeader *header, uint8_t *out, bool *gone);
/* iov[0] is ours; the packet is in iov[1] to iov[n - 1]. 0 or an errno. */
int tun_write(int tun, unsigned offloads, const TunHeader *header, struct iovec *iov, size_t n);
