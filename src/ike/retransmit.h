/*
 * When an unanswered request goes out again, and when we stop believing in an answer (RFC 7296,
 * section 2.4). Over a stream nothing is repeated, but the patience is the same (RFC 9329, section
 * 6).
 */
#pragma once
#include "base/instant.h"

#include <stdbool.h>

typedef struct {
    Duration interval; /* before the first repetition; doubles */
    unsigned tries;    /* transmissions in all */
    unsigned sent;
    bool stream;
    Instant deadline; /* INSTANT_NEVER: nothing is under way */
} Retransmit;

typedef enum { RETRANSMIT_WAIT, RETRANSMIT_AGAIN, RETRANSMIT_GIVE_UP } RetransmitAction;

/* The first transmission takes place now. */
void retransmit_start(Retransmit *retransmit, Duration interval, unsigned tries, bool stream,
                      Instant now);
void retransmit_stop(Retransmit *retransmit);
RetransmitAction retransmit_timeout(Retransmit *retransmit, Instant now);
/* The same request goes by another path now: one more transmission, the schedule begins anew. */
void retransmit_moved(Retransmit *retransmit, bool stream, Instant now);
/* At most tries more transmissions from now on. */
void retransmit_hurry(Retransmit *retransmit, unsigned tries, Instant now);
