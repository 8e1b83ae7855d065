/*
 * What src/plan/mobility decides, done: sockets on trial beside the one in use, the engine and the
 * data path told, the way back to UDP looked for, and how large a packet the path takes. TUN
 * device, inside addresses and names stay as they are through all of it.
 */
#include "config.h"

#include "tunnel/session-private.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define LINGER      (2 * DURATION_SECOND) /* for packets that are under way by the old path */
#define MAX_LINGER  2                     /* old paths that are listened to */
#define DEFAULT_MTU 1500
/* An outer packet that holds an inner one of 1280 octets, which IPv6 needs (RFC 8200, section 5).
 */
#define LEAST_FOR_V6 1364
#define LEAST_FOR_V4 576 /* RFC 791, section 3.1 */

/* ---- paths ---- */

TunnelPath *
move_find_path(const Attempt *attempt, uint32_t id)
{
    if (attempt->path->ike.id == id)
        return attempt->path;
    for (guint i = 0; i < attempt->paths->len; i++) {
        TunnelPath *path = attempt->paths->pdata[i];
        if (path->ike.id == id)
            return path;
    }
    return NULL;
}

TunnelPath *
move_find_transport(const Attempt *attempt, const Transport *transport)
{
    if (attempt->path->transport == transport)
        return attempt->path;
    for (guint i = 0; i < attempt->paths->len; i++) {
        TunnelPath *path = attempt->paths->pdata[i];
        if (path->transport == transport)
            return path;
    }
    return NULL;
}

/* May be called from what reads it: it goes with the clock. */
static void
close_path(TunnelPath *path, Instant now)
{
    path->close_at = path->attached ? instant_after(now, LINGER) : now;
}

static void
drop_path(Attempt *attempt, guint i)
{
    TunnelPath *path = attempt->paths->pdata[i];
    if (path->attached)
        datapath_remove_transport(attempt->session->datapath, path->transport);
    g_ptr_array_remove_index(attempt->paths, i);
}

static void
drop_closed_paths(Attempt *attempt, Instant now)
{
    unsigned lingering = 0;
    for (guint i = attempt->paths->len; i-- > 0;) {
        const TunnelPath *path = attempt->paths->pdata[i];
        bool old = path->close_at != INSTANT_NEVER;
        if (old && (path->close_at <= now || lingering++ >= MAX_LINGER))
            drop_path(attempt, i);
    }
}

void
move_put_aside(Attempt *attempt, TunnelPath *path)
{
    close_path(attempt->path, session_now());
    g_ptr_array_add(attempt->paths, attempt->path);
    attempt->path = path;
}

/* ---- words ---- */

static char *
way_word(const FallbackTransport *way)
{
    return g_strdup_printf("%s/%u", report_transport_word(way->kind), way->port);
}

static void
tell_moved(Session *session, const TunnelPath *from, const TunnelPath *to, const char *why)
{
    g_autofree char *before = way_word(&from->way);
    g_autofree char *after = way_word(&to->way);
    g_autofree char *address = inet_address_to_string(&to->address);
    GVariantBuilder details;
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&details, "{sv}", "from", g_variant_new_string(before));
    g_variant_builder_add(&details, "{sv}", "to", g_variant_new_string(after));
    g_variant_builder_add(&details, "{sv}", "address", g_variant_new_string(address));
    g_variant_builder_add(&details, "{sv}", "why", g_variant_new_string(why));
    g_variant_builder_add(&details, "{sv}", "after",
                          g_variant_new_int64(session_now() - session->move.began));
    session_event(session, "moved", g_variant_builder_end(&details));
}

/* To ginneld, and for a ginneld that asks later. */
static void
report_path(Session *session, const char *why)
{
    const TunnelPath *path = session->active->path;
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(session->configure);
    g_variant_dict_insert_value(&dict, CONFIGURE_TRANSPORT,
                                report_transport(&path->way, &path->address));
    g_variant_dict_insert(&dict, CONFIGURE_NAT, "b", session->move.nat);
    GVariant *configure = g_variant_ref_sink(g_variant_dict_end(&dict));
    g_clear_pointer(&session->configure, g_variant_unref);
    session->configure = configure;
    channel_send(session->channel, RECORD_MOVED,
                 g_variant_new("(@(yayq)bs)", report_transport(&path->way, &path->address),
                               session->move.nat, why),
                 NULL, 0);
}

void
move_learn(Session *session, bool udp_blocked, size_t path_mtu)
{
    channel_send(session->channel, RECORD_LEARNT,
                 g_variant_new("(bu)", udp_blocked, (guint32)path_mtu), NULL, 0);
}

/* ---- how large ---- */

size_t
move_link_mtu(const TunnelPath *path)
{
    bool v6 = path->address.family == INET_V6;
    int mtu = 0;
    socklen_t length = sizeof mtu;
    if (getsockopt(transport_fd(path->transport), v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                   v6 ? IPV6_MTU : IP_MTU, &mtu, &length) < 0 ||
        mtu <= 0)
        return DEFAULT_MTU;
    return MIN((size_t)mtu, DEFAULT_MTU);
}

static bool
has_v6_inside(const Session *session)
{
    for (guint i = 0; i < session->start->addresses->len; i++)
        if (g_array_index(session->start->addresses, InetAddress, i).family == INET_V6)
            return true;
    return false;
}

static void
probe(Session *session)
{
    if (session->move.mtu.next > 0)
        ike_engine_probe(session->active->engine, session->move.mtu.next, session_now());
}

/* The path in use is new: UDP is called good when a full-size packet got through. */
static void
begin_probe(Session *session)
{
    const TunnelPath *path = session->active->path;
    if (path_is_stream(path))
        return;
    path_mtu_begin(&session->move.mtu, move_link_mtu(path),
                   has_v6_inside(session) ? LEAST_FOR_V6 : LEAST_FOR_V4);
    probe(session);
}

void
move_probed(Session *session, bool got_through)
{
    Move *move = &session->move;
    if (path_is_stream(session->active->path) || move->mtu.next == 0)
        return;
    path_mtu_probed(&move->mtu, got_through);
    probe(session);
    if (move->mtu.good > 0)
        move_learn(session, false, move->mtu.good);
    if (move->mtu.narrow && move->plan != NULL)
        mobility_too_narrow(move->plan, session_now());
}

void
move_came_up(Session *session)
{
    begin_probe(session);
    if (!path_is_stream(session->active->path))
        return;
    if (session->move.udp_tried)
        move_learn(session, true, 0);
    else if (session->move.plan != NULL)
        mobility_look_now(session->move.plan, session_now());
}

/* ---- the way back ---- */

static void
look(Session *session, const MobilityAction *action)
{
    Move *move = &session->move;
    if (move->look != NULL)
        return;
    move->look = attempt_start_look(session, &action->transport, &action->address);
}

void
move_looked(Attempt *attempt, bool found)
{
    Session *session = attempt->session;
    attempt->over = true;
    if (session->move.look != attempt)
        return;
    session->move.look = NULL;
    if (session->move.plan != NULL)
        mobility_looked(session->move.plan, found, session_now());
    if (!found)
        move_learn(session, true, 0);
}

/* ---- actions ---- */

static void watch_stream(Session *session, Instant now);

static void
opened(TunnelPath *path, int error)
{
    Session *session = path->attempt->session;
    if (session->move.plan == NULL || session->active != path->attempt)
        return;
    if (error != 0) {
        bool unreachable = error == ENETUNREACH || error == EHOSTUNREACH || error == EADDRNOTAVAIL;
        mobility_failed(session->move.plan, path->ike.id, unreachable, session_now());
        return;
    }
    watch_stream(session, session_now()); /* it may have come to life first */
    bool same =
        inet_address_equal(&path->ike.local.address, &session->active->path->ike.local.address);
    mobility_opened(session->move.plan, path->ike.id, same, session_now());
}

static void
open_path(Session *session, const MobilityAction *action)
{
    Attempt *attempt = session->active;
    TunnelPath *path = path_new(attempt, action->path, &action->transport, &action->address);
    g_ptr_array_add(attempt->paths, path);
    path_open(path, opened);
}

/* The data path reads and writes by it. */
static void
use_path(Session *session, TunnelPath *path)
{
    if (!path->attached)
        path_stop_watching(path);
    datapath_set_transport(session->datapath, path->transport);
}

static void
swap_path(Attempt *attempt, TunnelPath *path)
{
    guint i;
    if (attempt->path == path || !g_ptr_array_find(attempt->paths, path, &i))
        return;
    attempt->paths->pdata[i] = attempt->path;
    attempt->path = path;
}

/* What is inside fails fast until there is a network again; the SA is kept. */
static void
go_offline(Session *session)
{
    session->move.offline = true;
    datapath_set_transport(session->datapath, NULL);
    session_set_state(session, TUNNEL_STATE_RECONNECTING, "GatewayUnreachable",
                      "this machine has no network");
}

static void
go_online(Session *session)
{
    if (!session->move.offline)
        return;
    session->move.offline = false;
    use_path(session, session->active->path);
    session_set_state(session, TUNNEL_STATE_CONNECTED, "", "");
}

static void
done(Session *session, const MobilityAction *action, TunnelPath *path)
{
    Attempt *attempt = session->active;
    TunnelPath *old = attempt->path;
    const char *why = mobility_reason_to_string(action->reason);
    flow_watch_moved(&session->move.flow);
    session->move.stalled = false;
    if (action->path == action->old_path) {
        if (action->reason != MOBILITY_STALLED) /* only TCP has answered */
            replace_not_suspect(session);
        go_online(session);
        return;
    }
    use_path(session, path);
    swap_path(attempt, path);
    stream_watch_moved(&session->move.stream, session_now());
    go_online(session);
    tell_moved(session, old, path, why);
    report_path(session, why);
    replace_not_suspect(session);
    session_keepalives_changed(session);
    if (action->reason == MOBILITY_FOUND)
        move_learn(session, false, 0);
    else if (path_is_stream(path) && !path_is_stream(old))
        move_learn(session, true, 0);
    begin_probe(session);
}

static void
lost(Session *session)
{
    session->state_lost = true;
    session_lost(session, "PeerGone", "The connection to the gateway broke.", RECONNECT_TRANSIENT);
}

static void
replace(Session *session, const MobilityAction *action)
{
    replace_race(session, action->reason == MOBILITY_FOUND,
                 mobility_reason_to_string(action->reason));
}

static void
act(Session *session, const MobilityAction *action)
{
    Attempt *attempt = session->active;
    TunnelPath *path = move_find_path(attempt, action->path);
    Instant now = session_now();
    switch (action->kind) {
    case MOBILITY_OPEN:
        open_path(session, action);
        return;
    case MOBILITY_LOOK:
        look(session, action);
        return;
    case MOBILITY_REPLACE:
        replace(session, action);
        return;
    case MOBILITY_OFFLINE:
        go_offline(session);
        return;
    case MOBILITY_LOST:
        lost(session);
        return;
    default:
        break;
    }
    if (path == NULL)
        return;
    if (action->kind == MOBILITY_TELL && action->also) {
        path_watch(path);
        ike_engine_path_added(attempt->engine, &path->ike, now);
    } else if (action->kind == MOBILITY_TELL || action->kind == MOBILITY_CHECK) {
        path_watch(path);
        ike_engine_path_changed(attempt->engine, &path->ike, now);
    } else if (action->kind == MOBILITY_USE) {
        use_path(session, path);
        ike_engine_path_changed(attempt->engine, &path->ike, now);
    } else if (action->kind == MOBILITY_DONE) {
        done(session, action, path);
    } else if (action->kind == MOBILITY_CLOSE && path != attempt->path) {
        close_path(path, now);
    }
}

bool
move_pump(Session *session)
{
    MobilityAction action;
    bool any = false;
    while (session->move.plan != NULL && mobility_next_action(session->move.plan, &action)) {
        act(session, &action);
        any = true;
    }
    return any;
}

void
move_tell_look(Session *session, bool again)
{
    const Move *move = &session->move;
    Instant at = move->plan != NULL ? mobility_next_look(move->plan) : INSTANT_NEVER;
    if (at == move->look_told && !again)
        return;
    session->move.look_told = at;
    gint64 wait = at == INSTANT_NEVER ? -1 : MAX(at - session_now(), 0);
    channel_send(session->channel, RECORD_LOOKING, g_variant_new("(x)", wait), NULL, 0);
}

/* ---- events ---- */

void
move_reset(Session *session)
{
    Move *move = &session->move;
    g_clear_pointer(&move->plan, mobility_plan_free);
    if (move->look != NULL)
        move->look->over = true;
    move->look = NULL;
    move->mtu = (PathMtuSearch){ 0 };
    move->stalled = move->offline = false;
    flow_watch_init(&move->flow);
    stream_watch_init(&move->stream);
}

void
move_begin(Session *session)
{
    const TunnelPath *path = session->active->path;
    const TunnelStart *start = session->start;
    MobilityConfig config = start->mobility;
    config.mobike = session->move.mobike;
    config.n_transports = start->fallback.n_transports;
    memcpy(config.transports, start->fallback.transports, sizeof config.transports);
    config.n_addresses = start->fallback.n_addresses;
    memcpy(config.addresses, start->fallback.addresses, sizeof config.addresses);
    config.fallback_after = start->fallback.fallback_after;
    move_reset(session);
    session->move.plan =
        mobility_plan_new(&config, path->ike.id, &path->way, &path->address, session_now());
}

void
move_network_changed(Session *session, bool udp_blocked)
{
    Move *move = &session->move;
    move->began = session_now();
    session->start->fallback.udp_blocked = udp_blocked;
    if (move->look != NULL)
        move->look->over = true;
    move->look = NULL;
    if (move->plan != NULL)
        mobility_network_changed(move->plan, udp_blocked, session_now());
}

/* A request on the path in use was sent again. */
void
move_unanswered(Session *session)
{
    Move *move = &session->move;
    if (move->plan == NULL || mobility_is_moving(move->plan))
        return;
    move->began = session_now();
    mobility_unanswered(move->plan, session_now());
}

void
move_answered(Session *session, const IkeOutput *output)
{
    Move *move = &session->move;
    if (output->told)
        move->nat = output->nat;
    if (move->plan != NULL)
        mobility_answered(move->plan, output->path, output->told, output->refused, session_now());
}

/* Any authentic answer on the path in use. */
void
move_alive(Session *session)
{
    Move *move = &session->move;
    if (move->stalled && (move->plan == NULL || !mobility_is_moving(move->plan)))
        flow_watch_false_alarm(&move->flow);
    move->stalled = false;
}

/* error: an errno of transport. False: not of a path of the tunnel that is up. */
bool
move_transport_failed(Attempt *attempt, const Transport *transport, int error)
{
    Session *session = attempt->session;
    Move *move = &session->move;
    const TunnelPath *path = move_find_transport(attempt, transport);
    if (attempt != session->active || move->plan == NULL || path == NULL || session->closing)
        return false;
    if (path->close_at != INSTANT_NEVER)
        return true;
    if (path_is_stream(path)) {
        if (path == attempt->path)
            move->began = session_now();
        mobility_failed(move->plan, path->ike.id, false, session_now());
    } else if (path == attempt->path && !mobility_is_moving(move->plan)) {
        /* What ICMP says can be forged: it is a reason to ask, no more. */
        ike_engine_traffic_stalled(attempt->engine, session_now());
    }
    return true;
}

bool
move_is_offline(const Session *session)
{
    return session->move.plan != NULL && mobility_is_offline(session->move.plan);
}

/* ---- the clock ---- */

Instant
move_next_deadline(const Session *session)
{
    const Move *move = &session->move;
    Instant deadline = instant_earlier(move->flow.look_at, move->stream.look_at);
    if (move->plan != NULL)
        deadline = instant_earlier(deadline, mobility_next_deadline(move->plan));
    for (guint i = 0; i < session->attempts->len; i++) {
        const Attempt *attempt = session->attempts->pdata[i];
        for (guint j = 0; j < attempt->paths->len; j++)
            deadline =
                instant_earlier(deadline, ((TunnelPath *)attempt->paths->pdata[j])->close_at);
    }
    return deadline;
}

void
move_sent(Session *session)
{
    flow_watch_wake(&session->move.flow, datapath_authentic(session->datapath), session_now());
    move_message_left(session, session->active->path);
}

void
move_message_left(Session *session, const TunnelPath *path)
{
    if (session->move.plan != NULL && session->active != NULL && path == session->active->path &&
        path_is_stream(path))
        stream_watch_wake(&session->move.stream, session_now());
}

static void
watch_flow(Session *session, Instant now)
{
    Move *move = &session->move;
    if (!flow_watch_look(&move->flow, datapath_authentic(session->datapath), now) ||
        session->active == NULL)
        return;
    move->stalled = true;
    /* Over a stream, what becomes of the question itself says whether it is dead. */
    if (ike_engine_is_asking(session->active->engine))
        move_unanswered(session);
    else
        ike_engine_traffic_stalled(session->active->engine, now);
}

static void
watch_stream(Session *session, Instant now)
{
    Move *move = &session->move;
    const Transport *transport = session->active != NULL ? session->active->path->transport : NULL;
    StreamSigns signs = { 0 };
    if (transport != NULL)
        signs.waits = transport_awaits_ack(transport, &signs.last_ack, &signs.round_trip);
    switch (stream_watch_look(&move->stream, &signs, now)) {
    case STREAM_WATCH_SILENT:
        if (!mobility_is_moving(move->plan))
            move->began = now - stream_watch_silence(&move->stream, now);
        mobility_stalled(move->plan, now);
        break;
    case STREAM_WATCH_ALIVE:
        mobility_revived(move->plan, now);
        break;
    case STREAM_WATCH_NOTHING:
        break;
    }
}

void
move_timeout(Session *session, Instant now)
{
    watch_flow(session, now);
    if (session->move.stream.look_at <= now)
        watch_stream(session, now);
    if (session->move.plan != NULL)
        mobility_timeout(session->move.plan, now);
    for (guint i = 0; i < session->attempts->len; i++)
        drop_closed_paths(session->attempts->pdata[i], now);
}
