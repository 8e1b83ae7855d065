#include "config.h"

#include "plan/flow-watch.h"

/* Short enough that a sender's second retransmission still finds a dead path replaced. */
#define INTERVAL     (300 * DURATION_MILLISECOND)
#define MAX_INTERVAL (2400 * DURATION_MILLISECOND)
#define FLOW         8 /* packets in an interval */

void
flow_watch_init(FlowWatch *watch)
{
    *watch = (FlowWatch){ .look_at = INSTANT_NEVER, .interval = INTERVAL };
}

void
flow_watch_wake(FlowWatch *watch, uint64_t count, Instant now)
{
    if (watch->look_at != INSTANT_NEVER)
        return;
    watch->seen = count;
    watch->look_at = instant_after(now, watch->interval);
}

bool
flow_watch_look(FlowWatch *watch, uint64_t count, Instant now)
{
    uint64_t came = count - watch->seen;
    bool stopped = watch->flowing && came == 0;
    if (now < watch->look_at)
        return false;
    watch->seen = count;
    watch->flowing = came >= FLOW || (watch->flowing && came > 0);
    watch->look_at = came > 0 ? instant_after(now, watch->interval) : INSTANT_NEVER;
    return stopped;
}

void
flow_watch_false_alarm(FlowWatch *watch)
{
    watch->interval = watch->interval * 2 < MAX_INTERVAL ? watch->interval * 2 : MAX_INTERVAL;
}

void
flow_watch_moved(FlowWatch *watch)
{
    watch->interval = INTERVAL;
}
