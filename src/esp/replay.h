/*
 * The anti-replay window, and the high half of extended sequence numbers that is inferred from it.
 * RFC 4303, sections 3.4.3 and appendix A.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define REPLAY_WINDOW 8192 /* packets; threads and batches reorder more than one wire does */
#define REPLAY_WORDS                                                                               \
    (REPLAY_WINDOW / 64 + 1) /* one word more, so that sliding clears whole words */

typedef struct {
    uint64_t highest; /* highest sequence number that was authentic; 0: none yet */
    uint64_t bitmap[REPLAY_WORDS];
} ReplayWindow;

/* The whole sequence number that the low 32 bits on the wire stand for; without esn they are it. */
uint64_t replay_infer(const ReplayWindow *window, uint32_t low, bool esn);
/* Before the ICV is checked: could it be new? */
bool replay_look(const ReplayWindow *window, uint64_t sequence);
/* After: false when it was not new after all. */
bool replay_mark(ReplayWindow *window, uint64_t sequence);
