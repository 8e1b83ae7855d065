/*
 * Make before break: another engine is set up beside the one that works, over the same kind of
 * transport and with the same inside addresses, and takes the data path over from one packet to the
 * next; then the old one is closed. Where it does not come about the old one goes on, and it is
 * tried again (RFC 7296, section 2.8.3).
 */
#include "config.h"

#include "tunnel/session-private.h"

#define FIRST_WAIT  (10 * DURATION_SECOND) /* after a try that failed; doubled each time */
#define LAST_WAIT   (5 * DURATION_MINUTE)
#define CLOSE_DELAY (500 * DURATION_MILLISECOND)
#define LINGER      (2 * DURATION_SECOND) /* for packets by the old SAs that are under way */

static void
tell(Session *session, const char *event, const char *why)
{
    GVariantBuilder details;
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&details, "{sv}", "why", g_variant_new_string(why));
    session_event(session, event, g_variant_builder_end(&details));
}

void
replace_reset(Session *session)
{
    session->replace = (Replace){ .at = INSTANT_NEVER };
}

void
replace_wanted(Session *session, bool suspect, const char *why)
{
    Replace *replace = &session->replace;
    if (session->active == NULL || session->closing || replace->successor != NULL ||
        replace->racing)
        return;
    replace->suspect = suspect && replace->at == INSTANT_NEVER;
    replace->at = session_now();
    tell(session, "replacing", why);
}

void
replace_timeout(Session *session, Instant now)
{
    Replace *replace = &session->replace;
    if (now < replace->at || session->active == NULL)
        return;
    replace->at = INSTANT_NEVER;
    replace->successor = attempt_start_successor(session, session->active);
}

void
replace_race(Session *session, bool udp_only, const char *why)
{
    Replace *replace = &session->replace;
    FallbackConfig config = session->start->fallback;
    if (session->active == NULL || session->closing || replace->racing)
        return;
    if (replace->successor != NULL)
        attempt_abandon(replace->successor);
    replace_reset(session);
    if (udp_only) {
        config.transports[0] = (FallbackTransport){ FALLBACK_UDP, 4500 };
        config.n_transports = 1;
    }
    tell(session, "replacing", why);
    replace->racing = true;
    replace->better = udp_only;
    g_clear_pointer(&session->plan, fallback_plan_free);
    session->plan = fallback_plan_new(&config, session_now());
}

void
replace_asked(Session *session, const IkeOutput *output)
{
    /* Silence of a gateway that has MOBIKE is src/plan/mobility's; without it only another IKE SA
     * comes by another way. */
    if (output->suspect && !session->move.mobike)
        replace_race(session, false, output->detail);
    else
        replace_wanted(session, output->suspect, output->detail);
}

void
replace_not_suspect(Session *session)
{
    Replace *replace = &session->replace;
    if (!replace->suspect)
        return;
    Attempt *successor = replace->successor;
    replace_reset(session);
    if (successor != NULL)
        attempt_abandon(successor);
}

void
replace_failed(Session *session, const char *why)
{
    Replace *replace = &session->replace;
    Duration wait = FIRST_WAIT << MIN(replace->failures, 5);
    replace->successor = NULL;
    tell(session, "replace-failed", why);
    if (replace->racing) { /* the next change of networks, or the next look, tries again */
        replace_reset(session);
        return;
    }
    /* What only looked dead says so again if it still does. */
    if (!replace->suspect)
        replace->at = instant_after(session_now(), MIN(wait, LAST_WAIT));
    replace->suspect = false;
    replace->failures++;
}

/* The new gateway side answers. Where the old one has done so as well meanwhile, that is enough. */
void
replace_answered(Session *session, Attempt *attempt)
{
    Replace *replace = &session->replace;
    if (!replace->suspect || session->active == NULL ||
        ike_engine_is_suspect(session->active->engine)) {
        attempt_authenticate(attempt);
        return;
    }
    replace_reset(session);
    attempt_abandon(attempt);
}

static bool
has_address(const IkeConfiguration *configuration, const InetAddress *address)
{
    for (guint i = 0; i < configuration->addresses->len; i++)
        if (inet_address_equal(&g_array_index(configuration->addresses, InetPrefix, i).address,
                               address))
            return true;
    return false;
}

static bool
keeps_addresses(const Session *session, const IkeConfiguration *configuration)
{
    const GArray *ours = session->start->addresses;
    for (guint i = 0; i < ours->len; i++)
        if (!has_address(configuration, &g_array_index(ours, InetAddress, i)))
            return false;
    return true;
}

/* With other inside addresses every connection inside would end. For one SA that works as well as
 * another that is too much: the new one goes, and nothing was lost. Where the old path is dead, or
 * the old SA has to end, they would end anyway. */
bool
replace_declines(Attempt *attempt, const IkeConfiguration *configuration)
{
    Session *session = attempt->session;
    if (session->active == NULL || !session->replace.better || !attempt->successor ||
        keeps_addresses(session, configuration))
        return false;
    g_clear_pointer(&session->plan, fallback_plan_free);
    for (guint i = 0; i < session->attempts->len; i++) {
        Attempt *other = session->attempts->pdata[i];
        if (other->successor && other->racing && other != session->active)
            attempt_abandon(other);
    }
    if (session->move.plan != NULL)
        mobility_content(session->move.plan);
    move_learn(session, false, 0);
    replace_failed(session, "the gateway would give other addresses inside");
    return true;
}

/* attempt is authenticated, and its first Child SA comes next. */
void
replace_take_over(Session *session, Attempt *attempt)
{
    Attempt *old = session->active;
    move_reset(session);
    session->active = attempt;
    replace_reset(session);
    attempt->takes_over = old;
    old->replaced = true;
}

/* What is still to be said by the old one goes by the new one's socket: its own may be bound to an
 * address that this machine does not have any more. Not on a stream: that is for one IKE SA (RFC
 * 9329, section 6.1). */
static void
lend_socket(Attempt *old, const Attempt *attempt)
{
    const TunnelPath *model = attempt->path;
    if (path_is_stream(model) || path_is_stream(old->path) ||
        old->path->transport == model->transport)
        return;
    TunnelPath *path = path_new(old, ++old->last_path, &model->way, &model->address);
    path->transport = transport_ref(model->transport);
    path->attached = true;
    path->ike.local = model->ike.local;
    path->ike.remote = model->ike.remote;
    move_put_aside(old, path);
    ike_engine_path_changed(old->engine, &path->ike, session_now());
}

/* attempt carries the data now. */
void
replace_done(Attempt *attempt)
{
    Attempt *old = g_steal_pointer(&attempt->takes_over);
    lend_socket(old, attempt);
    tell(attempt->session, "replaced", "");
    old->close_at = instant_after(session_now(), CLOSE_DELAY);
}

/* The gateway has had the time to take in what was sent by the old SAs. */
void
replace_close(Attempt *old)
{
    old->close_at = INSTANT_NEVER;
    if (old->engine != NULL)
        ike_engine_close(old->engine, IKE_CLOSE_REPLACED, session_now());
}

void
replace_close_all(Session *session)
{
    for (guint i = 0; i < session->attempts->len; i++) {
        Attempt *attempt = session->attempts->pdata[i];
        if (attempt->close_at != INSTANT_NEVER)
            replace_close(attempt);
    }
}

/* The engine of a replaced attempt is closed. */
void
replace_linger(Attempt *attempt)
{
    attempt->over_at = instant_after(session_now(), LINGER);
}

void
replace_forget(Attempt *attempt)
{
    Session *session = attempt->session;
    for (guint i = 0; i < attempt->removed->len; i++)
        datapath_remove(session->datapath, g_array_index(attempt->removed, uint32_t, i));
    if (session->active == NULL || !attempt_uses(session->active, attempt->path->transport))
        datapath_remove_transport(session->datapath, attempt->path->transport);
    attempt->over = true;
}
