/*
 * Several networks where one Child SA does not reach them all: what is not covered is asked for by
 * Child SAs of its own, and one that the gateway offers for it is taken (RFC 7296, sections 1.3.1
 * and 2.9).
 */
#include "ike/coverage.h"

#include "ike/proc.h"

#define MAX_WANTED 16 /* selectors, and so Child SAs beside the first one */
#define MAX_ASKED  3  /* times for one of them in the life of the engine */

typedef struct {
    TrafficSelector selector;
    unsigned asked;
    bool refused;
} Wanted;

void
coverage_start(IkeEngine *engine)
{
    const GArray *configured = engine->config->remote_selectors;
    g_clear_pointer(&engine->wanted, g_array_unref);
    engine->wanted = g_array_new(FALSE, FALSE, sizeof(Wanted));
    if (configured == NULL || configured->len < 2)
        return;
    for (guint i = 0; i < MIN(configured->len, MAX_WANTED); i++) {
        Wanted wanted = { g_array_index(configured, TrafficSelector, i), 0, false };
        g_array_append_val(engine->wanted, wanted);
    }
}

static GArray *
alone(const TrafficSelector *selector)
{
    GArray *selectors = g_array_new(FALSE, FALSE, sizeof *selector);
    return g_array_append_vals(selectors, selector, 1);
}

static bool
overlap(const GArray *a, const GArray *b)
{
    g_autoptr(GArray) common = traffic_selectors_intersect(a, b, 1);
    return common->len > 0;
}

static bool
is_covered(const IkeEngine *engine, const Wanted *wanted)
{
    g_autoptr(GArray) selectors = alone(&wanted->selector);
    for (guint i = 0; i < engine->children->len; i++) {
        const ChildSa *child = g_ptr_array_index(engine->children, i);
        if (child->state != CHILD_SA_GONE && overlap(child->remote_ts, selectors))
            return true;
    }
    return false;
}

unsigned
coverage_missing(const IkeEngine *engine)
{
    for (guint i = 0; engine->wanted != NULL && i < engine->wanted->len; i++) {
        const Wanted *wanted = &g_array_index(engine->wanted, Wanted, i);
        if (!wanted->refused && wanted->asked < MAX_ASKED && !is_covered(engine, wanted) &&
            engine->children->len + 2 <= CHILD_SA_MAX)
            return i + 1;
    }
    return 0;
}

bool
coverage_wants(const IkeEngine *engine, const GArray *remote_ts)
{
    for (guint i = 0; engine->wanted != NULL && i < engine->wanted->len; i++) {
        const Wanted *wanted = &g_array_index(engine->wanted, Wanted, i);
        g_autoptr(GArray) selectors = alone(&wanted->selector);
        if (!is_covered(engine, wanted) && overlap(remote_ts, selectors))
            return true;
    }
    return false;
}

static guint
count_in_use(const IkeEngine *engine)
{
    guint n = 0;
    for (guint i = 0; i < engine->children->len; i++)
        n += ((const ChildSa *)g_ptr_array_index(engine->children, i))->state == CHILD_SA_INSTALLED;
    return n;
}

/* For the only Child SA the same selectors as before the narrowing, so that a gateway whose policy
 * has grown may say so (RFC 7296, section 2.9.2). */
GArray *
coverage_selectors(IkeEngine *engine, const ChildSa *old, unsigned missing)
{
    if (missing != 0) {
        Wanted *wanted = &g_array_index(engine->wanted, Wanted, missing - 1);
        wanted->asked++;
        return alone(&wanted->selector);
    }
    if (old != NULL && count_in_use(engine) > 1)
        return child_sa_copy_selectors(old->remote_ts);
    return proc_wanted_remote_ts(engine);
}

void
coverage_refused(IkeEngine *engine, unsigned missing, uint16_t error)
{
    for (guint i = 0; i < engine->wanted->len; i++)
        if (i + 1 == missing || error == IKE_NOTIFY_NO_ADDITIONAL_SAS)
            g_array_index(engine->wanted, Wanted, i).refused = true;
}
