#include "config.h"

#include "plan/reconnect.h"

#define LONGEST_WAIT        (60 * DURATION_SECOND)
#define PERMANENT_MAX_TRIES 3

bool
reconnect_decide(const ReconnectState *state, ReconnectCause cause, Duration *wait)
{
    *wait = 0;
    if (cause == RECONNECT_REQUESTED || !state->was_up)
        return false;
    if (cause == RECONNECT_PERMANENT && state->failures >= PERMANENT_MAX_TRIES)
        return false;
    if (state->failures == 0)
        return true;
    unsigned doublings = state->failures - 1;
    Duration longest = LONGEST_WAIT;
    *wait = doublings > 6 ? longest : DURATION_SECOND << doublings;
    if (*wait > longest)
        *wait = longest;
    return true;
}
