/*
 * Only to see what gets through: an IKE_SA_INIT to every address by every transport, and nothing
 * behind it, so that no credential is needed. How each goes is told by the attempts' own events.
 */
#include "config.h"

#include "tunnel/session-private.h"

#define CHECK_LIMIT (8 * DURATION_SECOND) /* who has not answered by then counts as silent */
/* Gateways count what is half open by address; five is the usual limit. */
#define CHECK_AT_ONCE 4

static const InetAddress *
address_of(const FallbackConfig *config, unsigned number)
{
    return &config->addresses[number % config->n_addresses];
}

static unsigned
under_way(const Session *session, const InetAddress *address)
{
    unsigned n = 0;
    for (guint i = 0; i < session->attempts->len; i++) {
        const Attempt *attempt = session->attempts->pdata[i];
        bool unknown = path_is_stream(attempt->path) && attempt->engine == NULL; /* not open yet */
        n += !attempt->over && !unknown && inet_address_equal(&attempt->path->address, address);
    }
    return n;
}

static void
start_more(Session *session)
{
    const FallbackConfig *config = &session->start->fallback;
    unsigned all = (unsigned)(config->n_transports * config->n_addresses);
    for (; session->check_next < all; session->check_next++) {
        const InetAddress *address = address_of(config, session->check_next);
        if (under_way(session, address) >= CHECK_AT_ONCE)
            return;
        FallbackAction action = {
            .kind = FALLBACK_START,
            .attempt = session->check_next,
            .transport = config->transports[session->check_next / config->n_addresses],
            .address = *address,
        };
        attempt_start(session, &action);
    }
}

void
check_begin(Session *session)
{
    session->check_next = 0;
    session->give_up_at = instant_after(session_now(), CHECK_LIMIT);
    start_more(session);
}

void
check_ended(Attempt *attempt)
{
    Session *session = attempt->session;
    attempt->over = true;
    start_more(session);
    for (guint i = 0; i < session->attempts->len; i++)
        if (!((Attempt *)session->attempts->pdata[i])->over)
            return;
    session_lost(session, "Requested", "", RECONNECT_PERMANENT);
}
