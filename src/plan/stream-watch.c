#include "config.h"

#include "plan/stream-watch.h"

#define INTERVAL     (300 * DURATION_MILLISECOND)
#define GRAIN        (20 * DURATION_MILLISECOND) /* of the kernel's clock, and then some */
#define PATIENCE     (2 * DURATION_SECOND) /* a full buffer explains less; TCP has repeated thrice */
#define MAX_PATIENCE (6 * DURATION_SECOND)
#define AGAIN        (3 * DURATION_SECOND)

void
stream_watch_init(StreamWatch *watch)
{
    *watch = (StreamWatch){ .look_at = INSTANT_NEVER,
                            .since = INSTANT_NEVER,
                            .say_at = INSTANT_NEVER,
                            .patience = PATIENCE };
}

void
stream_watch_wake(StreamWatch *watch, Instant now)
{
    if (watch->look_at != INSTANT_NEVER)
        return;
    watch->since = now;
    watch->look_at = instant_after(now, INTERVAL);
}

/* It was slow, and nothing else: the next time there is more patience. */
static StreamWatchVerdict
came_to_life(StreamWatch *watch)
{
    if (watch->say_at == INSTANT_NEVER)
        return STREAM_WATCH_NOTHING;
    watch->say_at = INSTANT_NEVER;
    watch->patience = watch->patience * 2 < MAX_PATIENCE ? watch->patience * 2 : MAX_PATIENCE;
    return STREAM_WATCH_ALIVE;
}

StreamWatchVerdict
stream_watch_look(StreamWatch *watch, const StreamSigns *signs, Instant now)
{
    Instant heard = now - signs->last_ack;
    if (watch->look_at == INSTANT_NEVER)
        return STREAM_WATCH_NOTHING;
    watch->look_at = signs->waits ? instant_after(now, INTERVAL) : INSTANT_NEVER;
    if (!signs->waits)
        return came_to_life(watch);
    if (heard > instant_after(watch->since, GRAIN)) {
        watch->since = heard;
        return came_to_life(watch);
    }
    if (now - watch->since < watch->patience + signs->round_trip)
        return STREAM_WATCH_NOTHING;
    if (watch->say_at != INSTANT_NEVER && now < watch->say_at)
        return STREAM_WATCH_NOTHING;
    watch->say_at = instant_after(now, AGAIN);
    return STREAM_WATCH_SILENT;
}

Duration
stream_watch_silence(const StreamWatch *watch, Instant now)
{
    return watch->since < now ? now - watch->since : 0;
}

void
stream_watch_moved(StreamWatch *watch, Instant now)
{
    watch->since = now;
    watch->say_at = INSTANT_NEVER;
    watch->patience = PATIENCE;
}
