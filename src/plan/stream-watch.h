/*
 * A stream on which everything gets lost without a word: octets of ours wait for their
 * acknowledgement, and none has come for longer than round trips explain. TCP repeats them more and
 * more seldom and gives up after many seconds; the user does before. It is a reason to try another
 * stream beside it, no more. Pure.
 */
#pragma once
#include "base/instant.h"

#include <stdbool.h>

typedef struct {
    bool waits;          /* some of our octets are not acknowledged */
    Duration last_ack;   /* ago: whatever it acknowledged */
    Duration round_trip; /* as long as one may take, by those that were measured */
} StreamSigns;

typedef enum {
    STREAM_WATCH_NOTHING,
    STREAM_WATCH_SILENT, /* said again now and then while it lasts */
    STREAM_WATCH_ALIVE,  /* it was silent, and is not any more */
} StreamWatchVerdict;

typedef struct {
    Instant look_at; /* INSTANT_NEVER: nothing waits */
    Instant since;   /* when the last acknowledgement came, or what waits began to */
    Instant say_at;  /* not before; INSTANT_NEVER: it is not silent */
    Duration patience;
} StreamWatch;

void stream_watch_init(StreamWatch *watch);
/* Something of ours left. */
void stream_watch_wake(StreamWatch *watch, Instant now);
/* At look_at, and whenever it is worth knowing. */
StreamWatchVerdict stream_watch_look(StreamWatch *watch, const StreamSigns *signs, Instant now);
/* How long nothing has come. */
Duration stream_watch_silence(const StreamWatch *watch, Instant now);
/* Another stream. */
void stream_watch_moved(StreamWatch *watch, Instant now);
