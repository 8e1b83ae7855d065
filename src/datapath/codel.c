#include "datapath/codel.h"

/* The root of value, rounded down (Newton's way, from above). */
static uint64_t
root(uint64_t value)
{
    uint64_t guess = value, next = (value + 1) / 2;
    while (next < guess) {
        guess = next;
        next = (guess + value / guess) / 2;
    }
    return guess;
}

/* RFC 8289, section 5.4: the interval shrinks with the root of the count. */
static Instant
control_law(Instant from, uint32_t count)
{
    return from + (Instant)root((uint64_t)CODEL_INTERVAL * CODEL_INTERVAL / count);
}

/* Section 5.6: above the target for a whole interval. */
static bool
stands(Codel *codel, Instant now, Duration waited, size_t left)
{
    if (waited < CODEL_TARGET || left <= CODEL_ONE) {
        codel->first_above = 0;
        return false;
    }
    if (codel->first_above == 0) {
        codel->first_above = now + CODEL_INTERVAL;
        return false;
    }
    return now >= codel->first_above;
}

/* Section 5.5: soon after the last time it begins with about the rate that was right then. */
static void
begin(Codel *codel, Instant now)
{
    uint32_t more = codel->count - codel->last_count;
    codel->dropping = true;
    codel->count = more > 1 && now - codel->drop_next < 16 * CODEL_INTERVAL ? more : 1;
    codel->drop_next = control_law(now, codel->count);
    codel->last_count = codel->count;
}

bool
codel_leaves(Codel *codel, Instant now, Duration waited, size_t left)
{
    bool standing = stands(codel, now, waited, left);
    if (!standing) {
        codel->dropping = false;
        return false;
    }
    if (!codel->dropping) {
        begin(codel, now);
        return true;
    }
    if (now < codel->drop_next)
        return false;
    codel->count++;
    codel->drop_next = control_law(codel->drop_next, codel->count);
    return true;
}

void
codel_empty(Codel *codel)
{
    codel->first_above = 0;
    codel->dropping = false;
}
