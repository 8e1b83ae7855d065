/*
 * Packets of the TUN that wait for a stream, in memory of a fixed size, each with the time at which
 * it came. Oldest first within a flow; of flows, one of which little waits goes before those of
 * which much does, so that a question need not wait behind an upload (RFC 8290, section 3). The
 * sending thread's own.
 */
#pragma once
#include "base/instant.h"
#include "datapath/tun.h"

#define QUEUE_ROOM  (512 * 1024) /* octets, and one packet of the largest size */
#define QUEUE_FLOWS 1024         /* told apart; RFC 8290, section 5.2.5 */
/* Octets of a flow that may go before others: a packet, as RFC 8290, section 5.2.4, has it. */
#define QUEUE_QUANTUM 1514
/* Octets that go before others until one of those has its turn: a flood of short flows is not to
 * hold up the rest for ever. */
#define QUEUE_TURN (4 * QUEUE_QUANTUM)

typedef struct {
    Instant came;
    TunHeader header;
    size_t length;
    uint8_t *packet;
    unsigned flow; /* < QUEUE_FLOWS */
    bool ahead;    /* went before others: it never waits for long */
} QueueItem;

/* Items one behind the other, round and round. */
typedef struct {
    uint8_t *memory;
    size_t room, most; /* of memory; octets of the largest item */
    size_t start, end; /* offsets of the oldest, and of what comes next */
    size_t wrap;       /* the oldest ones end here, the others begin at 0; 0: all in one piece */
    size_t n, octets;
} QueueRing;

typedef struct {
    QueueRing ahead, rest;
    uint16_t ahead_octets[QUEUE_FLOWS];
    uint16_t rest_items[QUEUE_FLOWS];
    size_t turn; /* octets that went before others since one of those left */
} Queue;

void queue_init(Queue *queue);
void queue_clear(Queue *queue);
/* Where the next packet is to be put, TUN_MAX_PACKET octets, and TUN_HEADROOM before them; NULL:
 * full. */
uint8_t *queue_space(Queue *queue);
/* It was put there. hash: the same for all packets of a flow. */
void queue_push(Queue *queue, const TunHeader *header, size_t length, uint32_t hash, Instant now);
/* The next; false where there is none. Its octets stay until the next queue_space. */
bool queue_pop(Queue *queue, QueueItem *item);
/* How many wait. */
size_t queue_length(const Queue *queue);
/* Octets of those that go before nothing: what may stand. */
size_t queue_standing(const Queue *queue);
