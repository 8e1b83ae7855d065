/*
 * When a queue is to drop (or mark) what leaves it: controlled delay, RFC 8289. Pure: the caller
 * says how long a packet has waited and what it is o'clock.
 */
#pragma once
#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>

#define CODEL_TARGET   (5 * DURATION_MILLISECOND)   /* RFC 8289, section 4.4 */
#define CODEL_INTERVAL (100 * DURATION_MILLISECOND) /* section 4.3 */
#define CODEL_ONE      1514 /* octets: of no more than one packet a queue has no delay to control */

/* Zero: nothing has been seen. */
typedef struct {
    Instant
        first_above; /* when the delay will have been above the target for an interval; 0: not */
    Instant drop_next;
    uint32_t count, last_count; /* of drops, since dropping began; when it began last */
    bool dropping;
} Codel;

/* A packet leaves that has waited for so long; left: octets that are still in the queue. True: it
 * is to be dropped, or marked, and the next one to be asked about. */
bool codel_leaves(Codel *codel, Instant now, Duration waited, size_t left);
/* Nothing waits. */
void codel_empty(Codel *codel);
