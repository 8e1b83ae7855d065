#include "config.h"

#include "tunnel/memory.h"
#include "tunnel/session-private.h"

#include "crypto/algorithms.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define IKE_PORT           500
#define NAT_TRAVERSAL_PORT 4500
#define MAX_REOPENED       3 /* streams beyond the first, within a handshake */

void
attempt_free(gpointer data)
{
    Attempt *attempt = data;
    g_clear_pointer(&attempt->eap, tunnel_eap_free);
    requests_cancel(attempt->session->requests, attempt);
    g_clear_pointer(&attempt->revocation, revocation_check_free);
    if (attempt->session->active == attempt)
        attempt->session->active = NULL;
    if (attempt->session->replace.successor == attempt)
        attempt->session->replace.successor = NULL;
    if (attempt->session->move.look == attempt)
        attempt->session->move.look = NULL;
    g_array_unref(attempt->removed);
    g_clear_pointer(&attempt->engine, ike_engine_free);
    g_clear_pointer(&attempt->request_split_dns, g_ptr_array_unref);
    path_free(attempt->path);
    path_free(attempt->next);
    g_ptr_array_unref(attempt->paths);
    g_free(attempt);
}

/* ---- words ---- */

void
attempt_tell(Attempt *attempt, const char *event, const char *key, GVariant *value)
{
    GVariantBuilder details;
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&details, "{sv}", "attempt", g_variant_new_uint32(attempt->number + 1));
    if (key != NULL)
        g_variant_builder_add(&details, "{sv}", key, value);
    session_event(attempt->session, event, g_variant_builder_end(&details));
}

static void
tell_started(Attempt *attempt)
{
    g_autofree char *address = inet_address_to_string(&attempt->path->address);
    GVariantBuilder details;
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&details, "{sv}", "attempt", g_variant_new_uint32(attempt->number + 1));
    g_variant_builder_add(&details, "{sv}", "transport",
                          g_variant_new_string(report_transport_word(attempt->path->way.kind)));
    g_variant_builder_add(&details, "{sv}", "port", g_variant_new_uint32(attempt->path->way.port));
    g_variant_builder_add(&details, "{sv}", "address", g_variant_new_string(address));
    session_event(attempt->session, "attempt-started", g_variant_builder_end(&details));
}

static void
tell_authenticated(Attempt *attempt, const IkeConfiguration *configuration)
{
    const TunnelStart *start = attempt->session->start;
    const char *eap = attempt->eap != NULL ? tunnel_eap_method(attempt->eap) : NULL;
    const char *method = start->ike->local_auth == IKE_AUTH_PSK ? "psk" : "certificate";
    g_autofree char *both = NULL;
    if (eap != NULL && start->ike->local_auth == IKE_AUTH_EAP)
        method = eap;
    else if (eap != NULL)
        method = both = g_strdup_printf("%s and %s", method, eap);
    GVariantBuilder details;
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&details, "{sv}", "attempt", g_variant_new_uint32(attempt->number + 1));
    g_variant_builder_add(&details, "{sv}", "user", g_variant_new_string(start->user));
    g_variant_builder_add(&details, "{sv}", "method", g_variant_new_string(method));
    g_variant_builder_add(&details, "{sv}", "gateway",
                          g_variant_new_string(configuration->gateway_id));
    session_event(attempt->session, "authenticated", g_variant_builder_end(&details));
}

static void
note_failure(Attempt *attempt, const char *why)
{
    GString *obituary = attempt->session->obituary;
    g_autofree char *address = inet_address_to_string(&attempt->path->address);
    attempt_tell(attempt, "attempt-failed", "why", g_variant_new_string(why));
    g_string_append_printf(obituary, "%s%s %u at %s: %s", obituary->len > 0 ? "; " : "",
                           report_transport_word(attempt->path->way.kind), attempt->path->way.port,
                           address, why);
}

static void
attempt_failed(Attempt *attempt, FallbackEvent event, const char *why)
{
    Session *session = attempt->session;
    if (attempt->look) {
        move_looked(attempt, false);
        return;
    }
    if (attempt->hints == 0)
        note_failure(attempt, why);
    if (session->start->check) {
        check_ended(attempt);
        return;
    }
    attempt->over = true;
    if (attempt->racing && session->plan != NULL)
        fallback_plan_event(session->plan, attempt->number, event, session_now());
    else if (attempt->successor)
        replace_failed(session, why);
}

static const char *
end_word(const TunnelPath *path, int error)
{
    if (path_why(path) != NULL)
        return path_why(path);
    switch (error) {
    case ECONNREFUSED:
        return "refused";
    case EHOSTUNREACH:
    case ENETUNREACH:
        return "unreachable";
    case ETIMEDOUT:
        return "no answer";
    case EPROTO:
        return "what answers does not speak IKE over TCP";
    default:
        return g_strerror(error);
    }
}

/* ---- paths ---- */

bool
attempt_uses(const Attempt *attempt, const Transport *transport)
{
    return move_find_transport(attempt, transport) != NULL;
}

static void
attempt_send(Attempt *attempt, const IkeOutput *output)
{
    Session *session = attempt->session;
    TunnelPath *path = move_find_path(attempt, output->path);
    bool again = output->transmission > 1 && output->is_request;
    if (path == NULL || path->transport == NULL)
        return;
    if (again && !session->applied && !attempt->look && !session->start->check)
        attempt_tell(attempt, "attempt-retransmitted", "transmission",
                     g_variant_new_uint32(output->transmission));
    /* A probe that gets lost says something about its size. */
    if (again && attempt == session->active && !output->probe)
        move_unanswered(session);
    int error = path_send(path, output->datagram, output->probe);
    session_message_left(session, path);
    move_message_left(session, path);
    if (error != 0)
        attempt_transport_failed(attempt, path->transport, error);
}

/* The data path reads and writes from now on. */
static void
attach(Attempt *attempt)
{
    if (attempt->path->attached)
        return;
    path_stop_watching(attempt->path);
    datapath_set_transport(attempt->session->datapath, attempt->path->transport);
}

static void
start_engine(Attempt *attempt)
{
    Session *session = attempt->session;
    attempt->engine = ike_engine_new(session->start->ike, rng_system());
    ike_engine_request_addresses(attempt->engine, session->start->addresses);
    ike_engine_request_split_dns(attempt->engine, session->start->request_split_dns);
    attempt->request_split_dns = g_ptr_array_ref(session->start->request_split_dns);
    if (session->redirected_from.family != INET_NONE)
        ike_engine_redirected_from(attempt->engine, &session->redirected_from);
    if (attempt->successor || attempt->look || !session->state_lost)
        ike_engine_replaces(attempt->engine);
    if (attempt->look)
        ike_engine_fill_init(attempt->engine, move_link_mtu(attempt->path));
    /* After an interruption, by the first way that is tried: a ticket is for one use. */
    if (session->active == NULL && ike_ticket_is_valid(session->ticket, session_now()))
        ike_engine_resume(attempt->engine, g_steal_pointer(&session->ticket));
    ike_engine_initiate(attempt->engine, &attempt->path->ike, session_now());
}

static void
socket_came(TunnelPath *path, int error)
{
    Attempt *attempt = path->attempt;
    if (error != 0) {
        attempt_failed(attempt, FALLBACK_REFUSED, end_word(path, error));
        return;
    }
    start_engine(attempt);
    if (path_is_stream(path) && attempt->session->plan != NULL && attempt->racing)
        fallback_plan_event(attempt->session->plan, attempt->number, FALLBACK_OPENED,
                            session_now());
}

static Attempt *
attempt_new(Session *session, unsigned number, const FallbackTransport *way,
            const InetAddress *address)
{
    Attempt *attempt = g_new0(Attempt, 1);
    attempt->session = session;
    attempt->number = number;
    attempt->path = path_new(attempt, 0, way, address);
    attempt->started_at = session_now();
    attempt->close_at = attempt->over_at = INSTANT_NEVER;
    attempt->paths = g_ptr_array_new_with_free_func((GDestroyNotify)path_free);
    attempt->removed = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_ptr_array_add(session->attempts, attempt);
    return attempt;
}

void
attempt_start(Session *session, const FallbackAction *action)
{
    Attempt *attempt = attempt_new(session, action->attempt, &action->transport, &action->address);
    attempt->racing = true;
    session->move.udp_tried |= action->transport.kind == FALLBACK_UDP;
    attempt->successor = session->replace.racing;
    tell_started(attempt);
    path_open(attempt->path, socket_came);
}

Attempt *
attempt_start_look(Session *session, const FallbackTransport *way, const InetAddress *address)
{
    Attempt *attempt = attempt_new(session, 0, way, address);
    attempt->look = true;
    path_open(attempt->path, socket_came);
    return attempt;
}

/* Over UDP it shares the socket, so that no NAT has to learn of it; a stream is for one IKE SA (RFC
 * 9329, section 6). */
Attempt *
attempt_start_successor(Session *session, const Attempt *model)
{
    Attempt *attempt =
        attempt_new(session, model->number + 1, &model->path->way, &model->path->address);
    attempt->successor = true;
    tell_started(attempt);
    if (path_is_stream(attempt->path) || model->path->transport == NULL) {
        path_open(attempt->path, socket_came);
        return attempt;
    }
    attempt->path->ike = model->path->ike;
    attempt->path->transport = transport_ref(model->path->transport);
    attempt->path->attached = true;
    start_engine(attempt);
    return attempt;
}

/* In place of the path in use, for the same SA. */
static TunnelPath *
next_path(Attempt *attempt, const FallbackTransport *way, PathOpened opened)
{
    path_free(attempt->next);
    attempt->next = path_new(attempt, ++attempt->last_path, way, &attempt->path->address);
    path_open(attempt->next, opened);
    return attempt->next;
}

static void
use_next_path(Attempt *attempt)
{
    path_free(attempt->path);
    attempt->path = g_steal_pointer(&attempt->next);
}

/* ICMP and socket errors can be forged: others need not wait any more, and this one is still
 * listened to. */
static void
hinted(Attempt *attempt, int error)
{
    Session *session = attempt->session;
    if (attempt->hints++ == 0)
        attempt_tell(attempt, "attempt-failed", "why",
                     g_variant_new_string(end_word(attempt->path, error)));
    fallback_plan_event(session->plan, attempt->number, FALLBACK_HINTED, session_now());
}

/* False where it did not come, and the attempt has failed. */
static bool
went_to_next_path(TunnelPath *path, int error)
{
    Attempt *attempt = path->attempt;
    if (error != 0) {
        attempt_failed(attempt, FALLBACK_REFUSED, end_word(path, error));
        return false;
    }
    use_next_path(attempt);
    path_watch(path);
    ike_engine_path_changed(attempt->engine, &path->ike, session_now());
    return true;
}

static void
stream_came_again(TunnelPath *path, int error)
{
    (void)went_to_next_path(path, error);
}

/* Within a handshake a gateway may hang up between two messages, behind a cookie for instance: the
 * request that waits goes by another stream (RFC 9329, sections 6.2 and 6.3). What broke before a
 * word was said is no way to it. */
static bool
stream_goes_on(Attempt *attempt, int error)
{
    if (!attempt->spoke || attempt->abandoned || error == EPROTO ||
        attempt->reopened >= MAX_REOPENED)
        return false;
    attempt->reopened++;
    attempt->spoke = false;
    path_close(attempt->path);
    next_path(attempt, &attempt->path->way, stream_came_again);
    return true;
}

void
attempt_transport_failed(Attempt *attempt, const Transport *transport, int error)
{
    Session *session = attempt->session;
    if (attempt->over || attempt->replaced || !attempt_uses(attempt, transport) ||
        move_transport_failed(attempt, transport, error))
        return;
    bool stream = path_is_stream(attempt->path);
    if (stream && attempt != session->active && stream_goes_on(attempt, error))
        return;
    if (!attempt->authenticating && !stream && attempt->racing && session->plan != NULL) {
        hinted(attempt, error);
        return;
    }
    if (!attempt->authenticating) {
        attempt_failed(attempt, FALLBACK_REFUSED, end_word(attempt->path, error));
        return;
    }
    /* The engine's retransmissions decide. */
    if (!stream)
        return;
    if (attempt == session->active) {
        session->state_lost = true;
        session_lost(session, "PeerGone", "The connection to the gateway broke.",
                     RECONNECT_TRANSIENT);
        return;
    }
    attempt_failed(attempt, FALLBACK_REFUSED, end_word(attempt->path, error));
}

/* ---- engine ---- */

static void
port_500_floated(TunnelPath *path, int error)
{
    Attempt *attempt = path->attempt;
    if (went_to_next_path(path, error))
        ike_engine_authenticate(attempt->engine, session_now());
}

void
attempt_authenticate(Attempt *attempt)
{
    attempt->authenticating = true;
    attempt_tell(attempt, "authenticating", NULL, NULL);
    /* ESP travels on 4500 only: what began on 500 goes on there (RFC 7296, section 2.23). */
    if (attempt->path->way.kind == FALLBACK_UDP && attempt->path->way.port == IKE_PORT) {
        next_path(attempt, &(FallbackTransport){ FALLBACK_UDP, NAT_TRAVERSAL_PORT },
                  port_500_floated);
        return;
    }
    ike_engine_authenticate(attempt->engine, session_now());
}

void
attempt_abandon(Attempt *attempt)
{
    if (attempt->over)
        return;
    attempt_tell(attempt, "attempt-abandoned", NULL, NULL);
    attempt->abandoned = true;
    if (!attempt->authenticating || attempt->engine == NULL)
        attempt->over = true;
    else
        ike_engine_close(attempt->engine, IKE_CLOSE_REPLACED, session_now());
}

void
attempt_received(Attempt *attempt, const Transport *transport, const uint8_t *message,
                 size_t length)
{
    Session *session = attempt->session;
    const TunnelPath *path = move_find_transport(attempt, transport);
    if (path == NULL || attempt->engine == NULL)
        return;
    IkeVerdict verdict =
        ike_engine_receive(attempt->engine, &path->ike, message, length, session_now());
    bool authentic = verdict == IKE_VERDICT_OK || verdict == IKE_VERDICT_PROTECTED_ERROR;
    TransportJudgement judgement = authentic                        ? TRANSPORT_AUTHENTIC
                                   : verdict == IKE_VERDICT_DISCARD ? TRANSPORT_UNKNOWN
                                                                    : TRANSPORT_NEUTRAL;
    attempt->spoke = attempt->spoke || verdict != IKE_VERDICT_DISCARD;
    int corrupt = transport_judge(path->transport, judgement);
    if (corrupt != 0)
        attempt_transport_failed(attempt, transport, corrupt);
    if (!authentic)
        return;
    if (attempt == session->active)
        move_alive(session);
    bool racing =
        attempt->authenticating && session->plan != NULL && !attempt->abandoned && attempt->racing;
    if (racing && !attempt->heard)
        session_grant_time(session);
    attempt->heard = attempt->heard || attempt->authenticating;
    if (racing)
        fallback_plan_event(session->plan, attempt->number, FALLBACK_AUTH_ANSWERED, session_now());
}

/* body is taken. */
static void
configure(Session *session, GVariant *body)
{
    g_clear_pointer(&session->configure, g_variant_unref);
    session->configure = body;
    session->applied = false;
    channel_send(session->channel, RECORD_CONFIGURE, session->configure, NULL, 0);
}

static void
install_child(Attempt *attempt, const IkeChild *child)
{
    Session *session = attempt->session;
    G_STATIC_ASSERT(sizeof(EspSelector) == sizeof(TrafficSelector));
    EspSaParameters in = { .spi = child->spi_in,
                           .encr = child->encr,
                           .key_bits = child->key_bits,
                           .integ = child->integ,
                           .encr_key = child->encr_in,
                           .integ_key = child->integ_in,
                           .esn = child->esn };
    EspSaParameters out = in;
    out.spi = child->spi_out;
    out.encr_key = child->encr_out;
    out.integ_key = child->integ_out;
    g_autoptr(GError) error = NULL;
    g_autoptr(EspInbound) inbound = esp_inbound_new(&in, &error);
    g_autoptr(EspOutbound) outbound =
        inbound != NULL ? esp_outbound_new(&out, rng_system(), &error) : NULL;
    if (outbound == NULL) {
        g_warning("Child SA: %s", error->message);
        ike_engine_close(attempt->engine, IKE_CLOSE_PROTOCOL, session_now());
        return;
    }
    memory_let_go();
    g_autoptr(EspSelectors) selectors = esp_selectors_new(child->local_ts, child->remote_ts);
    if (attempt->takes_over != NULL) {
        session->rekeys++;
        path_stop_watching(attempt->path);
        datapath_take_over(session->datapath, attempt->path->transport, inbound, outbound,
                           selectors);
        replace_done(attempt);
        return;
    }
    if (attempt->path->attached)
        session->rekeys++;
    bool first = !attempt->path->attached;
    attach(attempt);
    if (first && attempt == session->active)
        move_begin(session);
    if (child->peer_began)
        datapath_install_later(session->datapath, inbound, outbound, selectors);
    else
        datapath_install(session->datapath, inbound, outbound, selectors);
    GVariant *more = report_with_selectors(session->configure, child->remote_ts);
    if (more != NULL)
        configure(session, g_variant_ref_sink(more));
}

/* Does ginneld have anything to change? */
static bool
same_settings(GVariant *before, GVariant *after)
{
    static const char *const keys[] = { CONFIGURE_ADDRESSES, CONFIGURE_DNS,
                                        CONFIGURE_SUBNETS,   CONFIGURE_SPLIT_DNS,
                                        CONFIGURE_REMOTE_TS, CONFIGURE_LOCAL_TS,
                                        CONFIGURE_ESP,       CONFIGURE_TRANSPORT };
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autoptr(GVariant) a = g_variant_lookup_value(before, keys[i], NULL);
        g_autoptr(GVariant) b = g_variant_lookup_value(after, keys[i], NULL);
        if ((a == NULL) != (b == NULL) || (a != NULL && !g_variant_equal(a, b)))
            return false;
    }
    return true;
}

static void
configured(Attempt *attempt, const IkeConfiguration *configuration)
{
    Session *session = attempt->session;
    if (replace_declines(attempt, configuration))
        return;
    g_autoptr(GVariant) body = g_variant_ref_sink(report_configuration(
        configuration, attempt->request_split_dns, &attempt->path->way, &attempt->path->address));
    session->move.mobike = configuration->mobike;
    session->move.nat = configuration->nat_here;
    if (attempt->successor && session->active != NULL)
        replace_take_over(session, attempt);
    session->active = attempt;
    session->state_lost = false;
    /* A certificate that was renewed is no reason to set the machine up again, but is reported. */
    bool same = session->applied && same_settings(session->configure, body);
    tell_authenticated(attempt, configuration);
    if (same) {
        g_clear_pointer(&session->configure, g_variant_unref);
        session->configure = g_steal_pointer(&body);
        return;
    }
    g_array_set_size(session->start->addresses, 0);
    for (guint i = 0; i < configuration->addresses->len; i++)
        g_array_append_val(session->start->addresses,
                           g_array_index(configuration->addresses, InetPrefix, i).address);
    configure(session, g_steal_pointer(&body));
}

static ReconnectCause
cause_of(IkeCloseReason reason)
{
    switch (reason) {
    case IKE_CLOSE_REQUESTED:
        return RECONNECT_REQUESTED;
    case IKE_CLOSE_NO_ANSWER:
    case IKE_CLOSE_PEER_GONE:
    case IKE_CLOSE_PEER_DELETED:
    case IKE_CLOSE_NO_ADDRESS:
    case IKE_CLOSE_REVOCATION_UNKNOWN: /* the responder may come back */
    case IKE_CLOSE_REPLACED:
    case IKE_CLOSE_EXPIRED:
    case IKE_CLOSE_PEER_RESTARTED:
        return RECONNECT_TRANSIENT;
    default:
        return RECONNECT_PERMANENT;
    }
}

static void
tell_answered(Attempt *attempt)
{
    attempt_tell(attempt, "attempt-answered", "after",
                 g_variant_new_int64(session_now() - attempt->started_at));
}

static void
engine_closed(Attempt *attempt, IkeCloseReason reason, const char *detail)
{
    Session *session = attempt->session;
    bool unanswered = reason == IKE_CLOSE_NO_ANSWER || reason == IKE_CLOSE_PEER_GONE;
    if (session->start->check && !attempt->over) {
        if (!unanswered) /* even a refusal has come from there */
            tell_answered(attempt);
        attempt_failed(attempt, FALLBACK_SILENT,
                       unanswered || detail == NULL ? "no answer" : detail);
        return;
    }
    if (attempt->replaced) {
        replace_linger(attempt);
        return;
    }
    if (attempt->look) {
        move_looked(attempt, false);
        return;
    }
    attempt->over = true;
    if (attempt->abandoned)
        return;
    if (attempt->successor && !attempt->racing && attempt != session->active) {
        replace_failed(session, detail != NULL ? detail : "");
        return;
    }
    if (attempt->successor && attempt != session->active) {
        attempt_failed(attempt, FALLBACK_SILENT, detail != NULL ? detail : "no answer");
        return;
    }
    if (attempt == session->active)
        session->state_lost = reason != IKE_CLOSE_PEER_DELETED;
    if (reason == IKE_CLOSE_REDIRECTED) {
        session_follow_redirect(session);
        return;
    }
    if (attempt != session->active && unanswered) {
        attempt_failed(attempt, FALLBACK_SILENT, "no answer");
        return;
    }
    /* A gateway often says only that it refuses us; the method knows more. */
    bool refused = reason == IKE_CLOSE_AUTH_LOCAL || reason == IKE_CLOSE_EAP_FAILED;
    if (refused && attempt->eap != NULL && tunnel_eap_detail(attempt->eap) != NULL)
        detail = tunnel_eap_detail(attempt->eap);
    session_lost(session, report_reason(reason), detail != NULL ? detail : "", cause_of(reason));
}

static void
state_changed(Attempt *attempt, IkeState state)
{
    Session *session = attempt->session;
    if (state == IKE_STATE_INIT_ANSWERED && session->start->check) {
        tell_answered(attempt);
        check_ended(attempt);
    } else if (state == IKE_STATE_INIT_ANSWERED && attempt->look)
        move_looked(attempt, true);
    else if (state == IKE_STATE_INIT_ANSWERED && attempt->successor && !attempt->racing &&
             !attempt->abandoned)
        replace_answered(session, attempt);
    else if (state == IKE_STATE_INIT_ANSWERED && session->plan != NULL && !attempt->abandoned) {
        tell_answered(attempt);
        fallback_plan_event(session->plan, attempt->number, FALLBACK_ANSWERED, session_now());
    }
    /* It lost the race, but its IKE_AUTH got through after all: the gateway must not keep it. */
    if (state == IKE_STATE_ESTABLISHED && attempt->abandoned)
        ike_engine_close(attempt->engine, IKE_CLOSE_REPLACED, session_now());
}

static void
handle_output(Attempt *attempt, IkeOutput *output)
{
    switch (output->kind) {
    case IKE_OUTPUT_SEND:
        attempt_send(attempt, output);
        break;
    case IKE_OUTPUT_EXPECT_CHILD:
        if (!attempt->abandoned)
            datapath_expect(attempt->session->datapath, output->child->spi_in);
        break;
    case IKE_OUTPUT_INSTALL_CHILD:
        if (!attempt->abandoned)
            install_child(attempt, output->child);
        break;
    case IKE_OUTPUT_RETIRE_CHILD:
        if (!attempt->abandoned)
            datapath_retire(attempt->session->datapath, output->child->spi_in);
        break;
    case IKE_OUTPUT_REMOVE_CHILD:
        if (attempt->replaced)
            g_array_append_val(attempt->removed, output->child->spi_in);
        else if (!attempt->abandoned)
            datapath_remove(attempt->session->datapath, output->child->spi_in);
        break;
    case IKE_OUTPUT_CONFIGURE:
        if (!attempt->abandoned)
            configured(attempt, output->configuration);
        break;
    case IKE_OUTPUT_CREDENTIAL_NEEDED:
        attempt_ask(attempt, output->credential);
        break;
    case IKE_OUTPUT_STATE_CHANGED:
        state_changed(attempt, output->state);
        break;
    case IKE_OUTPUT_REDIRECT:
        if (!attempt->abandoned)
            session_note_redirect(attempt->session, attempt, output->redirect);
        break;
    case IKE_OUTPUT_TICKET:
        if (!attempt->abandoned)
            session_keep_ticket(attempt->session, g_steal_pointer(&output->ticket));
        break;
    case IKE_OUTPUT_PATH_ANSWERED:
        if (attempt == attempt->session->active)
            move_answered(attempt->session, output);
        break;
    case IKE_OUTPUT_PROBED:
        if (attempt == attempt->session->active)
            move_probed(attempt->session, output->whole);
        break;
    case IKE_OUTPUT_REPLACE:
        if (attempt == attempt->session->active)
            replace_asked(attempt->session, output);
        break;
    case IKE_OUTPUT_CLOSED:
        engine_closed(attempt, output->reason, output->detail);
        break;
    }
}

void
attempt_drain(Attempt *attempt)
{
    while (attempt->engine != NULL && !attempt->over) {
        g_auto(IkeOutput) output = { 0 };
        if (!ike_engine_next_output(attempt->engine, &output))
            return;
        handle_output(attempt, &output);
    }
}
