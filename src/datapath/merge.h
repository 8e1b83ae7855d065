/*
 * Neighbours of one TCP or UDP flow, joined so that one write to the TUN passes them all. Joined is
 * only what comes apart again exactly as it came: same headers, sequence numbers that follow, right
 * checksums, equal sizes but for the last. A flow's packets keep their order. Nothing waits: what
 * is held goes out when the batch ends.
 */
#pragma once
#include "datapath/tun.h"

#include <glib.h>

#define MERGE_FLOWS  8  /* held at a time; the oldest goes */
#define MERGE_PIECES 64 /* of one; the kernel's limit for UDP */

/* iov[0] is the callee's, the packet is in iov[1] to iov[n - 1]. */
typedef void (*MergeWrite)(const TunHeader *header, struct iovec *iov, size_t n,
                           gpointer user_data);

typedef struct {
    bool v6, udp;
    size_t ip, headers, payload; /* octets */
    bool joins;                  /* may be joined with another at all */
    bool ends;                   /* nothing may follow it */
} MergeLook;

typedef struct {
    uint8_t *packet; /* the first */
    MergeLook look;  /* of the first */
    size_t payload;  /* of all */
    uint32_t next;   /* sequence number that follows */
    uint16_t id;     /* IPv4: of the last */
    bool same_id;    /* and of all before */
    bool closed;
    size_t n; /* pieces */
    struct iovec iov[2 + MERGE_PIECES];
} MergeFlow;

typedef struct {
    MergeWrite write;
    gpointer user_data;
    unsigned offloads;
    MergeFlow *flows[MERGE_FLOWS]; /* the first n_flows hold something, oldest first */
    size_t n_flows;
} Merge;

void merge_init(Merge *merge, unsigned offloads, MergeWrite write, gpointer user_data);
void merge_clear(Merge *merge);
/* A whole IP packet that was checked to be one of exactly length octets; stays where it is until
 * merge_flush, and its headers may be changed. */
void merge_add(Merge *merge, uint8_t *packet, size_t length);
void merge_flush(Merge *merge);
