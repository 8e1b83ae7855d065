/*
 * Packets of the TUN that wait for a stream, in memory of a fixed size, oldest first, each with the
 * time at which it came. The sending thread's own.
 */
#pragma once
#include "base/instant.h"
#include "datapath/tun.h"

#define QUEUE_ROOM (512 * 1024) /* octets, and one packet of the largest size */

typedef struct {
    Instant came;
    TunHeader header;
    size_t length;
    uint8_t *packet;
} QueueItem;

typedef struct {
    uint8_t *memory;
    size_t start, end; /* offsets of the oldest, and of what comes next */
    size_t wrap;       /* the oldest ones end here, the others begin at 0; 0: all in one piece */
    size_t n, octets;
} Queue;

void queue_init(Queue *queue);
void queue_clear(Queue *queue);
/* Where the next packet is to be put, TUN_MAX_PACKET octets; NULL: full. */
uint8_t *queue_space(Queue *queue);
/* It was put there. */
void queue_push(Queue *queue, const TunHeader *header, size_t length, Instant now);
/* The oldest; false where there is none. Its octets stay until the next queue_space. */
bool queue_pop(Queue *queue, QueueItem *item);
