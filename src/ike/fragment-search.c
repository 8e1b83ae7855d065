/*
 * The downward search for what the path takes (RFC 7383, section 2.5.2): a request that got no
 * answer is cut into smaller pieces, coarsely, since every step costs time; what was answered stays
 * for the messages after it.
 */
#include "ike/proc.h"

/* Transmissions of one size before the next: chance loses one as well. */
#define TRIES_OF_A_SIZE 2

/* Octets by which a cut is made finer until it gives more pieces than the one before. */
#define FINER 64

/* Octets of an IKE message: through an IPv6 or IPv4 path of 1200, and of 576, behind UDP and
 * marker.
 */
static const size_t steps[] = { 1148, 544 };

static size_t
longest(const GPtrArray *datagrams)
{
    size_t length = 0;
    for (guint i = 0; i < datagrams->len; i++)
        length = MAX(length, g_bytes_get_size(g_ptr_array_index(datagrams, i)));
    return length;
}

/* The size below limit, limit itself where there is none. */
static size_t
next_size(size_t limit)
{
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
        if (steps[i] < limit)
            return steps[i];
    return limit;
}

/* False: as it was. The message keeps its ID; the gateway starts anew with the higher number of
 * fragments (RFC 7383, section 2.6), and higher it MUST be: it would join pieces of two cuts
 * (section 2.5.2). */
static bool
cut(IkeSa *sa, size_t limit)
{
    guint before = sa->window.request->len;
    GPtrArray *datagrams = ike_sa_seal(sa, sa->request, limit);
    while (datagrams != NULL && before > 1 && datagrams->len <= before && limit > FINER) {
        limit -= FINER;
        g_ptr_array_unref(datagrams);
        datagrams = ike_sa_seal(sa, sa->request, limit);
    }
    if (datagrams == NULL)
        return false;
    window_sent(&sa->window, datagrams);
    return true;
}

void
fragment_search_repeat(IkeEngine *engine, IkeSa *sa)
{
    size_t limit = engine_max_length(engine, sa);
    unsigned sent = sa->retransmit.sent;
    if (engine->probe.size > 0) {
        if (sent > TRIES_OF_A_SIZE)
            proc_mobike_shrink_probe(engine, sa);
    } else if (sa->request != NULL && limit > 0) {
        size_t length = longest(sa->window.request);
        size_t smaller = next_size(limit);
        if (length > limit) /* from a stream to datagrams */
            cut(sa, limit);
        else if (sent > TRIES_OF_A_SIZE && length > smaller && cut(sa, smaller)) {
            sa->fragment_size = smaller;
            retransmit_moved(&sa->retransmit, false, engine->now); /* the timers start over */
        }
    }
    engine_send_datagrams(engine, sa->window.request, engine->path.id, true, sent);
}
