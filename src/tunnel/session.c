#include "config.h"

#include "tunnel/session-private.h"

#include "plan/keepalive.h"
#include "tunnel/memory.h"
#include "tunnel/sandbox.h"

#include <time.h>
#include <unistd.h>

#define RACE_LIMIT     (20 * DURATION_SECOND) /* for some IKE_SA_INIT to be answered */
#define SIGN_IN_LIMIT  (60 * DURATION_SECOND) /* once the gateway has begun to answer */
#define CLOSE_LIMIT    (3 * DURATION_SECOND)  /* for the gateway to acknowledge DELETE */
#define USAGE_INTERVAL (25 * DURATION_SECOND) /* between looks at what SAs have carried */

Instant
session_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (Instant)now.tv_sec * DURATION_SECOND + now.tv_nsec / 1000;
}

void
session_event(Session *session, const char *event, GVariant *details)
{
    gint64 at = session_now() - session->connect_began;
    channel_send(session->channel, RECORD_EVENT, g_variant_new("(xs@a{sv})", at, event, details),
                 NULL, 0);
}

/* text may be what *place holds. */
static void
replace_text(char **place, const char *text)
{
    char *before = *place;
    *place = g_strdup(text);
    g_free(before);
}

static GVariant *
state_variant(const Session *session)
{
    return g_variant_new("(sss)", session->state, session->reason, session->detail);
}

void
session_set_state(Session *session, const char *state, const char *reason, const char *detail)
{
    replace_text(&session->state, state);
    replace_text(&session->reason, reason);
    replace_text(&session->detail, detail);
    channel_send(session->channel, RECORD_STATE, state_variant(session), NULL, 0);
}

/* ---- connecting ---- */

void
session_grant_time(Session *session)
{
    if (session->active == NULL && session->plan != NULL)
        session->give_up_at = instant_after(session_now(), SIGN_IN_LIMIT);
}

void
session_keep_ticket(Session *session, IkeTicket *ticket)
{
    g_clear_pointer(&session->ticket, ike_ticket_free);
    session->ticket = ticket;
}

void
session_forget_attempts(Session *session)
{
    move_reset(session);
    session->active = NULL;
    g_clear_pointer(&session->plan, fallback_plan_free);
    for (guint i = 0; i < session->attempts->len; i++)
        ((Attempt *)session->attempts->pdata[i])->over = true;
}

void
session_resolved(GVariant *reply, int fd, gpointer data)
{
    Session *session = data;
    FallbackConfig *config = &session->start->fallback;
    g_autoptr(GVariant) addresses = NULL;
    const char *why;
    gboolean udp_blocked;
    g_variant_get(reply, "(u@aay&sb)", NULL, &addresses, &why, &udp_blocked);
    config->udp_blocked = udp_blocked;
    config->n_addresses = 0;
    for (gsize i = 0; i < g_variant_n_children(addresses); i++) {
        g_autoptr(GVariant) octets = g_variant_get_child_value(addresses, i);
        gsize length;
        const uint8_t *address = g_variant_get_fixed_array(octets, &length, 1);
        if ((length != 4 && length != 16) || config->n_addresses == FALLBACK_MAX_ADDRESSES)
            continue;
        config->addresses[config->n_addresses++] =
            inet_address_new(length == 4 ? INET_V4 : INET_V6, address);
    }
    if (config->n_addresses == 0) {
        bool sent_on = session->redirected_from.family != INET_NONE;
        session_lost(session, sent_on ? "RedirectRefused" : "NameNotResolved", why,
                     sent_on ? RECONNECT_PERMANENT : RECONNECT_TRANSIENT);
        session_pump(session);
        return;
    }
    if (session->start->check) {
        check_begin(session);
        session_pump(session);
        return;
    }
    session->move.udp_tried = false;
    session->plan = fallback_plan_new(config, session_now());
    session->give_up_at = instant_after(session_now(), RACE_LIMIT);
    session_pump(session);
}

static void
session_connect(Session *session)
{
    session->retry_at = INSTANT_NEVER;
    session->connect_began = session_now();
    session->redirected_from = (InetAddress){ 0 };
    g_string_truncate(session->obituary, 0);
    uint32_t serial = requests_next_serial(session->requests);
    requests_send(session->requests, RECORD_RESOLVE, serial, g_variant_new("(u)", serial),
                  session_resolved, session);
}

void
session_lost(Session *session, const char *reason, const char *detail, ReconnectCause cause)
{
    Duration wait;
    session_forget_attempts(session);
    requests_cancel(session->requests, session);
    datapath_pin(session->datapath);
    session->applied = false;
    replace_reset(session);
    session->give_up_at = session->keepalive_at = session->usage_at = INSTANT_NEVER;
    if (session->closing) {
        session->quit_at = session_now();
        return;
    }
    if (session->start->check || !reconnect_decide(&session->reconnect, cause, &wait)) {
        GVariantBuilder details;
        g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&details, "{sv}", "reason", g_variant_new_string(reason));
        g_variant_builder_add(&details, "{sv}", "why", g_variant_new_string(detail));
        session_event(session, "failed", g_variant_builder_end(&details));
        session_set_state(session, TUNNEL_STATE_FAILED, reason, detail);
        session->quit_at = session_now();
        return;
    }
    session->reconnect.failures++;
    session->retry_at = instant_after(session_now(), wait);
    session_set_state(session, TUNNEL_STATE_RECONNECTING, reason, detail);
}

static void
plan_act(Session *session, const FallbackAction *action)
{
    if (action->kind == FALLBACK_START) {
        attempt_start(session, action);
        return;
    }
    if (action->kind == FALLBACK_EXHAUSTED) {
        g_autofree char *detail = g_strdup(session->obituary->str);
        if (session->replace.racing) {
            g_clear_pointer(&session->plan, fallback_plan_free);
            replace_failed(session, detail);
            return;
        }
        session_lost(session, "GatewayUnreachable", detail, RECONNECT_TRANSIENT);
        return;
    }
    for (guint i = 0; i < session->attempts->len; i++) {
        Attempt *attempt = session->attempts->pdata[i];
        if (attempt->number != action->attempt || attempt->over)
            continue;
        if (action->kind == FALLBACK_AUTHENTICATE)
            attempt_authenticate(attempt);
        else
            attempt_abandon(attempt);
    }
}

/* ---- the clock ---- */

static bool
is_held(const Session *session, const Attempt *attempt)
{
    return attempt == session->active && move_is_offline(session);
}

static Instant
next_deadline(const Session *session)
{
    Instant deadline = instant_earlier(session->retry_at, session->quit_at);
    deadline = instant_earlier(deadline, session->give_up_at);
    deadline = instant_earlier(deadline, session->keepalive_at);
    deadline = instant_earlier(deadline, session->usage_at);
    deadline = instant_earlier(deadline, session->replace.at);
    if (session->plan != NULL)
        deadline = instant_earlier(deadline, fallback_plan_next_deadline(session->plan));
    for (guint i = 0; i < session->attempts->len; i++) {
        const Attempt *attempt = session->attempts->pdata[i];
        deadline = instant_earlier(deadline, attempt->close_at);
        deadline = instant_earlier(deadline, attempt->over_at);
        if (attempt->engine != NULL && !is_held(session, attempt))
            deadline = instant_earlier(deadline, ike_engine_next_deadline(attempt->engine));
    }
    return instant_earlier(deadline, move_next_deadline(session));
}

static void
set_clock(Session *session)
{
    Instant deadline = next_deadline(session);
    Instant now = session_now();
    if (deadline == INSTANT_NEVER)
        g_source_set_ready_time(session->timer, -1);
    else
        g_source_set_ready_time(session->timer, g_get_monotonic_time() + MAX(deadline - now, 0));
}

static bool
needs_keepalives(const Session *session)
{
    const TunnelPath *path = session->applied ? session->active->path : NULL;
    return path != NULL && path->way.kind == FALLBACK_UDP && (!path->on_link || session->move.nat);
}

/* Of ours, to the gateway. */
static Instant
next_message(const Session *session)
{
    const Attempt *active = session->active;
    return active != NULL && !is_held(session, active) ? ike_engine_next_deadline(active->engine)
                                                       : INSTANT_NEVER;
}

static void
wait_for_keepalive(Session *session, Instant now)
{
    session->keepalive_at = keepalive_next(now, session->move.nat, next_message(session));
}

static void
send_keepalive(Session *session, Instant now)
{
    DatapathStatistics statistics;
    /* Packets and messages of our own keep a mapping as well (RFC 3948, section 4). */
    if (next_message(session) <= instant_after(now, KEEPALIVE_SLACK)) {
        session->keepalive_at = instant_after(now, 2 * KEEPALIVE_SLACK);
        return;
    }
    datapath_get_statistics(session->datapath, &statistics);
    if (statistics.packets_out == session->packets_out_seen)
        session->keepalives += datapath_send_keepalive(session->datapath);
    session->packets_out_seen = statistics.packets_out;
    wait_for_keepalive(session, now);
}

void
session_keepalives_changed(Session *session)
{
    session->keepalive_at = INSTANT_NEVER;
    if (needs_keepalives(session))
        send_keepalive(session, session_now());
}

void
session_message_left(Session *session, const TunnelPath *path)
{
    if (session->keepalive_at != INSTANT_NEVER && session->active != NULL &&
        session->active->path == path)
        wait_for_keepalive(session, session_now());
}

/* There is something to look at: nothing is looked at while nothing passes. */
static void
look_at_usage_again(Session *session, Instant now)
{
    if (session->applied && session->usage_at == INSTANT_NEVER)
        session->usage_at = instant_after(now, USAGE_INTERVAL);
}

static void
note_traffic(Session *session, Instant now)
{
    if (session->datapath == NULL) /* it was not given its connection yet */
        return;
    uint64_t authentic = datapath_authentic(session->datapath);
    if (authentic != session->authentic_seen && session->active != NULL) {
        ike_engine_traffic_seen(session->active->engine, now);
        look_at_usage_again(session, now);
    }
    session->authentic_seen = authentic;
    datapath_watch_sending(session->datapath);
}

/* For the limits by octets and packets. */
static void
note_usage(Session *session, Instant now)
{
    DatapathUsage usage[DATAPATH_MAX_SAS];
    session->usage_at = INSTANT_NEVER;
    if (session->active == NULL)
        return;
    uint64_t octets = 0;
    size_t n = datapath_get_usage(session->datapath, usage);
    for (size_t i = 0; i < n; i++) {
        ike_engine_child_used(session->active->engine, usage[i].spi, usage[i].packets,
                              usage[i].octets, now);
        octets += usage[i].octets;
    }
    if (octets != session->octets_seen)
        session->usage_at = instant_after(now, USAGE_INTERVAL);
    session->octets_seen = octets;
}

static void
attempt_timeout(Attempt *attempt, Instant now)
{
    if (attempt->over)
        return;
    if (attempt->over_at <= now) {
        replace_forget(attempt);
        return;
    }
    if (attempt->close_at <= now)
        replace_close(attempt);
    if (attempt->engine != NULL && !is_held(attempt->session, attempt) &&
        ike_engine_next_deadline(attempt->engine) <= now)
        ike_engine_timeout(attempt->engine, now);
}

static gboolean
session_timeout(gpointer data)
{
    Session *session = data;
    Instant now = session_now();
    g_source_set_ready_time(session->timer, -1);
    note_traffic(session, now);
    if (session->quit_at <= now) {
        session->quit_at = INSTANT_NEVER;
        session->quit(session->user_data);
        return G_SOURCE_CONTINUE;
    }
    if (session->retry_at <= now)
        session_connect(session);
    if (session->give_up_at <= now) {
        g_autofree char *detail = g_strdup_printf(
            "no answer%s%s", session->obituary->len > 0 ? "; " : "", session->obituary->str);
        session_lost(session, "GatewayUnreachable", detail, RECONNECT_TRANSIENT);
    }
    if (session->keepalive_at <= now) {
        send_keepalive(session, now);
        /* One waking for both. */
        if (session->usage_at != INSTANT_NEVER)
            session->usage_at = now;
    }
    if (session->plan != NULL)
        fallback_plan_timeout(session->plan, now);
    if (session->usage_at <= now)
        note_usage(session, now);
    replace_timeout(session, now);
    move_timeout(session, now);
    for (guint i = 0; i < session->attempts->len; i++) {
        attempt_timeout(session->attempts->pdata[i], now);
    }
    session_pump(session);
    return G_SOURCE_CONTINUE;
}

static bool
is_somebody_asked(const Session *session)
{
    for (guint i = 0; i < session->attempts->len; i++) {
        const Attempt *attempt = session->attempts->pdata[i];
        if (!attempt->over && attempt->eap != NULL && tunnel_eap_is_waiting(attempt->eap))
            return true;
    }
    return false;
}

void
session_pump(Session *session)
{
    FallbackAction action;
    bool again = true;
    if (session->pumping)
        return;
    session->pumping = true;
    while (again) {
        again = false;
        for (guint i = 0; i < session->attempts->len; i++)
            attempt_drain(session->attempts->pdata[i]);
        again = move_pump(session) || again;
        while (session->plan != NULL && fallback_plan_next_action(session->plan, &action)) {
            plan_act(session, &action);
            again = true;
        }
    }
    for (guint i = session->attempts->len; i-- > 0;)
        if (((Attempt *)session->attempts->pdata[i])->over)
            g_ptr_array_remove_index(session->attempts, i);
    session->pumping = false;
    /* While a person is asked the time is the person's; ginneld has a limit for that. */
    if (session->active != NULL || is_somebody_asked(session))
        session->give_up_at = INSTANT_NEVER;
    move_tell_look(session, false);
    set_clock(session);
}

/* ---- ginneld ---- */

static void
ike_received(GBytes *message, Transport *transport, gpointer data)
{
    Session *session = data;
    gsize length;
    const uint8_t *octets = g_bytes_get_data(message, &length);
    for (guint i = 0; i < session->attempts->len; i++) {
        Attempt *attempt = session->attempts->pdata[i];
        if (!attempt->over)
            attempt_received(attempt, transport, octets, length);
    }
    session_pump(session);
}

/* The first packet since the watch was set. */
static void
sent(gpointer data)
{
    Session *session = data;
    look_at_usage_again(session, session_now());
    if (session->active != NULL) {
        ike_engine_traffic_sent(session->active->engine, session_now());
        move_sent(session);
    }
    session_pump(session);
}

static void
transport_failed(Transport *transport, int error, gpointer data)
{
    Session *session = data;
    for (guint i = 0; i < session->attempts->len; i++) {
        attempt_transport_failed(session->attempts->pdata[i], transport, error);
    }
    session_pump(session);
}

static void
misbehave(Session *session)
{
    const char *what = session->start->misbehave;
    if (what == NULL || session->active == NULL)
        return;
    g_auto(GStrv) words = g_strsplit(what, ",", 0);
    for (size_t i = 0; words[i] != NULL; i++) {
        g_autofree char *outcome =
            sandbox_probe(words[i], transport_fd(session->active->path->transport));
        g_message("probe %s", outcome);
    }
}

static void
handle_start(Session *session, GVariant *body, int *fds, size_t n_fds)
{
    static const DatapathHandler handler = { ike_received, transport_failed, sent };
    g_autoptr(GError) error = NULL;
    if (session->start != NULL || n_fds < 1)
        return;
    int64_t wall = g_get_real_time() / G_USEC_PER_SEC - session_now() / DURATION_SECOND;
    guint32 offloads = 0;
    g_variant_lookup(body, START_TUN_OFFLOADS, "u", &offloads);
    session->datapath = datapath_new(fds[0], offloads, &handler, session);
    fds[0] = -1;
    session->start =
        tunnel_start_new(body, n_fds > 1 ? fds[1] : -1, n_fds > 2 ? fds[2] : -1, wall, &error);
    if (session->start == NULL) {
        session_set_state(session, TUNNEL_STATE_FAILED, "SecretUnavailable", error->message);
        session->quit_at = session_now();
        set_clock(session);
        return;
    }
    session->reconnect.was_up = session->start->pinned_mtu != 0;
    if (session->start->pinned_mtu != 0)
        datapath_set_mtu(session->datapath, session->start->pinned_mtu);
    session_set_state(
        session, session->reconnect.was_up ? TUNNEL_STATE_RECONNECTING : TUNNEL_STATE_CONNECTING,
        session->reconnect.was_up ? "TunnelProcessDied" : "", "");
    session->retry_at = instant_after(session_now(), session->start->delay);
    set_clock(session);
}

static void
handle_applied(Session *session, GVariant *body)
{
    gboolean ok;
    const char *why;
    uint32_t mtu;
    g_variant_get(body, "(b&su)", &ok, &why, &mtu);
    if (session->active == NULL || session->applied)
        return;
    if (!ok) {
        session->active->abandoned = true;
        ike_engine_close(session->active->engine, IKE_CLOSE_REQUESTED, session_now());
        attempt_drain(session->active); /* its DELETE leaves before it is forgotten */
        session_lost(session, "SystemError", why, RECONNECT_PERMANENT);
        session_pump(session);
        return;
    }
    session->applied = true;
    session->reconnect = (ReconnectState){ .was_up = true };
    datapath_set_mtu(session->datapath, mtu);
    note_usage(session, session_now());
    session_keepalives_changed(session);
    move_came_up(session);
    GVariantBuilder details;
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    g_autofree char *way =
        g_strdup_printf("%s/%u", report_transport_word(session->active->path->way.kind),
                        session->active->path->way.port);
    g_variant_builder_add(&details, "{sv}", "transport", g_variant_new_string(way));
    g_variant_builder_add(&details, "{sv}", "after",
                          g_variant_new_int64(session_now() - session->connect_began));
    session_event(session, "connected", g_variant_builder_end(&details));
    session_set_state(session, TUNNEL_STATE_CONNECTED, "", "");
    memory_let_go();
    misbehave(session);
    session_pump(session);
}

static void
handle_query(Session *session)
{
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
    g_variant_dict_insert_value(&dict, REPORT_STATE, state_variant(session));
    if (session->configure != NULL)
        g_variant_dict_insert_value(&dict, REPORT_CONFIGURE, session->configure);
    if (session->datapath != NULL) {
        DatapathStatistics statistics;
        datapath_get_statistics(session->datapath, &statistics);
        g_variant_dict_insert_value(
            &dict, REPORT_STATISTICS,
            report_statistics(&statistics, session->rekeys, session->keepalives));
    }
    if (session->start != NULL && session->start->debug_keys && session->active != NULL) {
        g_autofree char *keys = ike_engine_debug_keys(session->active->engine);
        const char *lines[] = { keys, NULL };
        g_variant_dict_insert(&dict, REPORT_KEYS, "^as", lines);
    }
    channel_send(session->channel, RECORD_REPORT, g_variant_dict_end(&dict), NULL, 0);
    move_tell_look(session, true);
    requests_repeat(session->requests);
    /* The answer to CONFIGURE may have been lost with the ginneld that was to give it. */
    if (session->active != NULL && session->configure != NULL && !session->applied)
        channel_send(session->channel, RECORD_CONFIGURE, session->configure, NULL, 0);
}

/* Sockets of a race that is under way may be bound to addresses that are gone. */
static void
begin_again(Session *session)
{
    for (guint i = 0; i < session->attempts->len; i++)
        attempt_abandon(session->attempts->pdata[i]);
    g_clear_pointer(&session->plan, fallback_plan_free);
    requests_cancel(session->requests, session);
    session->give_up_at = INSTANT_NEVER;
    session_connect(session);
}

static void
handle_network(Session *session, GVariant *body)
{
    gboolean udp_blocked;
    g_variant_get(body, "(b)", &udp_blocked);
    if (session->start == NULL)
        return;
    move_network_changed(session, udp_blocked);
    if (session->active == NULL && session->plan != NULL && !is_somebody_asked(session))
        begin_again(session);
    if (session->retry_at != INSTANT_NEVER) /* what failed before may get through now */
        session->retry_at = session_now();
    session_pump(session);
}

static void
handle_mtu(Session *session, GVariant *body)
{
    guint32 mtu;
    g_variant_get(body, "(u)", &mtu);
    if (session->datapath != NULL)
        datapath_set_mtu(session->datapath, mtu);
}

static void
handle_request_split_dns(Session *session, GVariant *body)
{
    g_autoptr(GVariant) list = g_variant_get_child_value(body, 0);
    if (session->start != NULL)
        tunnel_start_request_split_dns(session->start, list);
}

/* The one that the gateway has an SA with, or may have one by now. */
static Attempt *
attempt_to_end(const Session *session)
{
    for (guint i = 0; session->active == NULL && i < session->attempts->len; i++) {
        Attempt *attempt = session->attempts->pdata[i];
        if (attempt->authenticating && !attempt->over && !attempt->abandoned &&
            attempt->engine != NULL)
            return attempt;
    }
    return session->active;
}

void
session_close(Session *session)
{
    if (session->closing)
        return;
    Attempt *attempt = attempt_to_end(session);
    session->closing = true;
    session->quit_at = session_now();
    if (attempt != NULL) {
        session->quit_at = instant_after(session_now(), CLOSE_LIMIT);
        session_set_state(session, TUNNEL_STATE_DISCONNECTING, "Requested", "");
        if (session->replace.successor != NULL)
            attempt_abandon(session->replace.successor);
        replace_reset(session);
        replace_close_all(session);
        ike_engine_close(attempt->engine, IKE_CLOSE_REQUESTED, session_now());
    }
    session_pump(session);
}

static void
record_received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds,
                gpointer data)
{
    Session *session = data;
    switch (type) {
    case RECORD_START:
        handle_start(session, body, fds, n_fds);
        break;
    case RECORD_QUERY:
        handle_query(session);
        break;
    case RECORD_CLOSE:
        session_close(session);
        break;
    case RECORD_NETWORK:
        handle_network(session, body);
        break;
    case RECORD_MTU:
        handle_mtu(session, body);
        break;
    case RECORD_REPLACE:
        replace_wanted(session, false, "asked for");
        session_pump(session);
        break;
    case RECORD_REQUEST_SPLIT_DNS:
        handle_request_split_dns(session, body);
        break;
    case RECORD_APPLIED:
        handle_applied(session, body);
        break;
    case RECORD_SOCKET_REPLY:
    case RECORD_RESOLVE_REPLY:
    case RECORD_SIGN_REPLY:
    case RECORD_VERIFY_REPLY:
    case RECORD_PPK_REPLY:
    case RECORD_MSCHAP_REPLY:
    case RECORD_MD5_REPLY:
    case RECORD_PASSWORD_REPLY:
    case RECORD_SIGN_TLS_REPLY:
    case RECORD_FETCH_REPLY:
    case RECORD_PROXY_LOGIN_REPLY:
        if (requests_reply(session->requests, body, n_fds > 0 ? fds[0] : -1) && n_fds > 0)
            fds[0] = -1;
        break;
    default:
        g_warning("ginneld sent %s", record_to_string(type));
        break;
    }
}

static void
channel_closed(Channel *channel, const GError *error, gpointer data)
{
    /* No ginneld holds the other end any more: the machine's settings are gone, so go too. */
    session_close(data);
}

static gboolean
dispatch_timer(GSource *source, GSourceFunc callback, gpointer data)
{
    return callback(data);
}

Session *
session_new(int control, void (*quit)(gpointer user_data), gpointer user_data)
{
    static const ChannelHandler handler = { record_received, channel_closed };
    static GSourceFuncs timer_functions = { .dispatch = dispatch_timer };
    Session *session = g_new0(Session, 1);
    session->quit = quit;
    session->user_data = user_data;
    session->state = g_strdup(TUNNEL_STATE_CONNECTING);
    session->reason = g_strdup("");
    session->detail = g_strdup("");
    session->obituary = g_string_new(NULL);
    session->attempts = g_ptr_array_new_with_free_func(attempt_free);
    session->retry_at = session->give_up_at = INSTANT_NEVER;
    session->keepalive_at = session->quit_at = session->usage_at = INSTANT_NEVER;
    replace_reset(session);
    move_reset(session);
    session->move.look_told = INSTANT_NEVER;
    session->state_lost = true; /* nobody knows what was before this process */
    session->channel = channel_new(control, &handler, session);
    session->requests = requests_new(session->channel);
    session->known_good = revocation_cache_new();
    session->timer = g_source_new(&timer_functions, sizeof(GSource));
    g_source_set_callback(session->timer, session_timeout, session, NULL);
    g_source_attach(session->timer, g_main_context_get_thread_default());
    return session;
}

void
session_free(Session *session)
{
    if (session == NULL)
        return;
    g_source_destroy(session->timer);
    g_source_unref(session->timer);
    g_ptr_array_unref(session->attempts);
    g_clear_pointer(&session->plan, fallback_plan_free);
    g_clear_pointer(&session->datapath, datapath_free);
    requests_free(session->requests);
    revocation_cache_free(session->known_good);
    channel_free(session->channel);
    g_clear_pointer(&session->start, tunnel_start_free);
    g_clear_pointer(&session->configure, g_variant_unref);
    g_string_free(session->obituary, TRUE);
    g_clear_pointer(&session->ticket, ike_ticket_free);
    g_clear_pointer(&session->tls_session, secret_unref);
    g_free(session->tls_server);
    g_free(session->proxy_challenge);
    g_free(session->redirect_name);
    g_free(session->state);
    g_free(session->reason);
    g_free(session->detail);
    g_free(session);
}
