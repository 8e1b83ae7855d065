/*
 * The engine's inputs: datagrams, time, credentials, paths. Finds the IKE SA and the row of the
 * table for each, and keeps the order of outputs (RFC 7296, sections 2.1 to 2.4 and 2.21).
 */
#include "ike/lifetime.h"
#include "ike/proc.h"
#include "ike/suspicion.h"

#define RESUME_TRIES 2 /* transmissions of IKE_SESSION_RESUME */

IkeEngine *
ike_engine_new(IkeConfig *config, Rng *rng)
{
    IkeEngine *engine = g_new0(IkeEngine, 1);
    engine->config = ike_config_ref(config);
    engine->rng = rng;
    engine->sas = g_ptr_array_new_with_free_func((GDestroyNotify)ike_sa_free);
    engine->children = g_ptr_array_new_with_free_func((GDestroyNotify)child_sa_free);
    suspicion_init(&engine->suspicion);
    engine->reauth_at = engine->reauth_until = engine->failing_since = INSTANT_NEVER;
    g_queue_init(&engine->outputs);
    return engine;
}

static void
free_output(gpointer data)
{
    IkeOutput *output = data;
    ike_output_clear(output);
    g_free(output);
}

void
ike_engine_free(IkeEngine *engine)
{
    if (engine == NULL)
        return;
    g_queue_clear_full(&engine->outputs, free_output);
    ike_setup_clear(&engine->setup);
    g_clear_pointer(&engine->sas, g_ptr_array_unref);
    g_clear_pointer(&engine->children, g_ptr_array_unref);
    g_clear_pointer(&engine->received, ike_message_free);
    g_clear_pointer(&engine->close_detail, g_free);
    g_clear_pointer(&engine->request_addresses, g_array_unref);
    g_clear_pointer(&engine->request_split_dns, g_ptr_array_unref);
    g_clear_pointer(&engine->wanted, g_array_unref);
    ike_config_unref(engine->config);
    g_free(engine);
}

void
ike_engine_request_addresses(IkeEngine *engine, const GArray *addresses)
{
    guint n = MIN(addresses->len, IKE_ENGINE_MAX_ADDRESSES);
    g_clear_pointer(&engine->request_addresses, g_array_unref);
    engine->request_addresses = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_array_append_vals(engine->request_addresses, addresses->data, n);
}

void
ike_engine_request_split_dns(IkeEngine *engine, GPtrArray *attributes)
{
    g_clear_pointer(&engine->request_split_dns, g_ptr_array_unref);
    engine->request_split_dns = g_ptr_array_ref(attributes);
}

void
ike_engine_redirected_from(IkeEngine *engine, const InetAddress *gateway)
{
    engine->redirected_from = *gateway;
}

void
ike_engine_initiate(IkeEngine *engine, const IkePath *path, Instant now)
{
    g_return_if_fail(engine->state == IKE_STATE_IDLE);
    engine->now = now;
    engine->path = *path;
    nat_detection_decoy(engine->rng, engine->decoy);
    engine_set_state(engine, IKE_STATE_INIT_SENT);
    if (proc_resume_in_use(engine))
        proc_resume_start(engine);
    else
        proc_init_start(engine);
}

void
ike_engine_authenticate(IkeEngine *engine, Instant now)
{
    IkeSa *sa = engine_sa(engine);
    engine->now = now;
    engine->setup.authenticate = true;
    if (engine->state == IKE_STATE_INIT_ANSWERED && sa->state == SA_CREATE_LOCAL_ANSWERED &&
        !proc_puzzle_under_way(engine))
        proc_intermediate_start(engine, sa);
}

void
ike_engine_supply(IkeEngine *engine, uint32_t serial, const IkeCredential *credential, Instant now)
{
    IkeSa *sa = engine_sa(engine);
    engine->now = now;
    if (engine->state == IKE_STATE_CLOSED || serial == 0 || serial != engine->serial)
        return;
    engine->serial = 0;
    if (sa->state == SA_CREATE_LOCAL_PPK)
        proc_ppk_mixed(engine, sa, credential);
    else if (sa->state == SA_CREATE_LOCAL_SIGN)
        proc_auth_signed(engine, sa, credential);
    else if (sa->state == SA_CREATE_LOCAL_VERIFY)
        proc_auth_judged(engine, sa, credential);
    else if (sa->state == SA_CREATE_LOCAL_EAP_ASK)
        proc_eap_supplied(engine, sa, credential);
    engine_start_next(engine);
}

void
ike_engine_traffic_seen(IkeEngine *engine, Instant now)
{
    if (now > engine->last_seen)
        engine->last_seen = now;
    suspicion_traffic_seen(engine);
}

void
ike_engine_traffic_sent(IkeEngine *engine, Instant now)
{
    engine->now = now;
    suspicion_traffic_sent(engine);
}

bool
ike_engine_is_asking(const IkeEngine *engine)
{
    const IkeSa *sa = engine_sa(engine);
    return sa != NULL && window_is_busy(&sa->window);
}

bool
ike_engine_is_suspect(const IkeEngine *engine)
{
    return engine->suspicion.told;
}

void
ike_engine_replaces(IkeEngine *engine)
{
    engine->replaces = true;
}

void
ike_engine_child_used(IkeEngine *engine, uint32_t spi_in, uint64_t packets, uint64_t octets,
                      Instant now)
{
    ChildSa *child = engine_find_child(engine, spi_in);
    if (child == NULL || child->state != CHILD_SA_INSTALLED)
        return;
    engine->now = now;
    lifetime_child_used(engine, child, packets, octets);
}

void
ike_engine_close(IkeEngine *engine, IkeCloseReason reason, Instant now)
{
    engine->now = now;
    switch (engine->state) {
    case IKE_STATE_CLOSING:
    case IKE_STATE_CLOSED:
        return;
    case IKE_STATE_IDLE:
    case IKE_STATE_INIT_SENT:
    case IKE_STATE_INIT_ANSWERED:
        engine_closed(engine, reason, "%s", ike_close_reason_to_string(reason));
        return;
    case IKE_STATE_AUTHENTICATING:
        /* Once our IKE_AUTH is out the gateway may have an SA; it is met with DELETE when its
         * answer comes. In the midst of EAP it has none. */
        switch (engine_sa(engine)->state) {
        case SA_CREATE_LOCAL_INTERMEDIATE:
        case SA_CREATE_LOCAL_PPK:
        case SA_CREATE_LOCAL_SIGN:
        case SA_CREATE_LOCAL_EAP:
            engine_closed(engine, reason, "%s", ike_close_reason_to_string(reason));
            return;
        case SA_CREATE_LOCAL_EAP_ASK:
            engine_close_unauthenticated(engine, reason, "%s", ike_close_reason_to_string(reason));
            return;
        default:
            break;
        }
        if (engine_sa(engine)->state == SA_CREATE_LOCAL_VERIFY) {
            /* Whether the gateway was right does not matter any more. */
            engine->serial = 0;
            if (ike_message_find(engine->setup.answer, IKE_PAYLOAD_EAP) != NULL) {
                engine_close_unauthenticated(engine, reason, "%s",
                                             ike_close_reason_to_string(reason));
                return;
            }
            engine_sa(engine)->state = SA_ESTABLISHED;
        }
        break;
    case IKE_STATE_ESTABLISHED:
        break;
    }
    engine_close_with_delete(engine, reason, "%s", ike_close_reason_to_string(reason));
}

/* --- Datagrams --- */

static IkeSa *
find_sa(const IkeEngine *engine, const IkeHeader *header)
{
    for (guint i = 0; i < engine->sas->len; i++) {
        IkeSa *sa = g_ptr_array_index(engine->sas, i);
        if (sa->spi_i != header->spi_i || sa->state == SA_CLOSED ||
            ike_header_from_initiator(header) == sa->original_initiator)
            continue;
        /* Until IKE_SA_INIT is answered the responder's SPI is not known, and 0 in its refusals
         * (RFC 7296, section 2.6). */
        if (sa->spi_r == header->spi_r || sa->state <= SA_CREATE_LOCAL_INIT)
            return sa;
    }
    return NULL;
}

static IkeVerdict
receive_init_response(IkeEngine *engine, IkeSa *sa)
{
    const IkeMessage *message = engine->received;
    uint8_t exchange =
        sa->state == SA_CREATE_LOCAL_RESUME ? IKE_EXCHANGE_SESSION_RESUME : IKE_EXCHANGE_SA_INIT;
    if (message->header.exchange != exchange || message->header.message_id != 0 ||
        message->sealed || message->unsupported_critical != 0)
        return IKE_VERDICT_DISCARD;
    IkeMessageShape shape = ike_message_shape(message, NULL);
    const Transition *row = transition_find(sa->state, message, shape);
    if (row == NULL)
        return IKE_VERDICT_DISCARD;
    row->handler(engine, sa, message, NULL);
    return IKE_VERDICT_OK;
}

static void
close_for_bad_response(IkeEngine *engine, IkeSa *sa, const char *why)
{
    if (sa == engine_sa(engine))
        engine_closed(engine, IKE_CLOSE_PROTOCOL,
                      "the gateway answered with a message that breaks the protocol: %s", why);
    else
        engine_remove_sa(engine, sa);
}

static IkeVerdict
handle_response(IkeEngine *engine, IkeSa *sa)
{
    g_autoptr(GError) error = NULL;
    const IkeMessage *message = engine->received;
    retransmit_stop(&sa->retransmit);
    proc_mobike_answered(engine, sa);
    window_answered(&sa->window);
    g_clear_pointer(&sa->request, ike_message_free);
    engine->last_seen = engine->now;
    suspicion_alive(engine);
    if (message->unsupported_critical != 0) {
        close_for_bad_response(engine, sa, "it has an unknown critical payload");
        return IKE_VERDICT_PROTECTED_ERROR;
    }
    IkeMessageShape shape = ike_message_shape(message, &error);
    const Transition *row = transition_find(sa->state, message, shape);
    if (row == NULL) {
        close_for_bad_response(engine, sa, error != NULL ? error->message : "it does not fit");
        return IKE_VERDICT_PROTECTED_ERROR;
    }
    switch (row->handler(engine, sa, message, NULL)) {
    case TRANSITION_DONE:
        sa->state = row->to;
        break;
    case TRANSITION_STAY:
        break;
    case TRANSITION_SYNTAX:
        close_for_bad_response(engine, sa, row->line);
        return IKE_VERDICT_PROTECTED_ERROR;
    }
    return IKE_VERDICT_OK;
}

static IkeVerdict
receive_response(IkeEngine *engine, IkeSa *sa)
{
    g_autoptr(GError) error = NULL;
    IkeMessage *message = engine->received;
    if (sa->state <= SA_CREATE_LOCAL_INIT)
        return receive_init_response(engine, sa);
    if (!message->sealed || sa->aead_in == NULL ||
        !window_awaits(&sa->window, message->header.message_id))
        return IKE_VERDICT_DISCARD;
    switch (ike_message_open(message, sa->aead_in, sa->responses, &error)) {
    case IKE_DECODE_OK:
        return handle_response(engine, sa);
    case IKE_DECODE_PARTIAL:
        engine->last_seen = engine->now;
        return IKE_VERDICT_PARTIAL;
    case IKE_DECODE_PROTECTED_ERROR:
        retransmit_stop(&sa->retransmit);
        window_answered(&sa->window);
        close_for_bad_response(engine, sa, error->message);
        return IKE_VERDICT_PROTECTED_ERROR;
    case IKE_DECODE_DISCARD:
        break;
    }
    return IKE_VERDICT_DISCARD;
}

static void
send_reply(IkeEngine *engine, IkeSa *sa, const IkeMessage *reply)
{
    GPtrArray *datagrams = ike_sa_seal(sa, reply, engine_max_length(engine, sa));
    if (datagrams == NULL)
        return;
    window_responded(&sa->window, datagrams);
    engine_send_datagrams(engine, datagrams, engine->reply_path, false, 1);
}

/* Authentic but malformed: said so, and that is the end of the SA (RFC 7296, section 2.21.3). */
static IkeVerdict
answer_syntax(IkeEngine *engine, IkeSa *sa, IkeMessage *reply, const char *why)
{
    ike_message_add_notify(reply, IKE_NOTIFY_INVALID_SYNTAX, NULL, 0);
    send_reply(engine, sa, reply);
    if (sa == engine_sa(engine))
        engine_closed(engine, IKE_CLOSE_PROTOCOL,
                      "the gateway sent a request that breaks the "
                      "protocol: %s",
                      why);
    else
        engine_remove_sa(engine, sa);
    return IKE_VERDICT_PROTECTED_ERROR;
}

/* What a request leads to once it has been answered. */
static void
after_reply(IkeEngine *engine, IkeSa *sa)
{
    bool deletes = engine->peer_deletes, rejects = engine->peer_rejects;
    engine->peer_deletes = engine->peer_rejects = false;
    if (!deletes && !rejects)
        return;
    /* RFC 7296, section 2.25.2: our own rekeying is forgotten. */
    if (deletes && ike_sa_is_rekeyed(sa) && proc_rekey_ike_yield(engine, sa))
        return;
    if (sa != engine_sa(engine)) {
        /* Stays until it expires, to answer the DELETE again if our answer gets lost. */
        sa->state = SA_REKEY_IKE_REMOTE_DELETE;
        retransmit_stop(&sa->retransmit);
        sa->expires_at = instant_after(engine->now, IKE_REPLACED_WAIT);
    } else if (rejects)
        engine_closed(engine, IKE_CLOSE_AUTH_LOCAL,
                      "the gateway says that our proof of identity is not good (any more)");
    else
        engine_closed(engine, IKE_CLOSE_PEER_DELETED, "the gateway ended the connection");
}

/* With a window of one, a new request shows that the answer to the one before has arrived (RFC
 * 7296, section 2.3). */
static void
confirm_children(IkeEngine *engine, const IkeSa *sa)
{
    for (guint i = 0; i < engine->children->len; i++) {
        ChildSa *child = g_ptr_array_index(engine->children, i);
        if (child->unconfirmed_on == sa->spi_i)
            child->unconfirmed_on = 0;
    }
}

static IkeVerdict
handle_request(IkeEngine *engine, IkeSa *sa, const char *malformed)
{
    g_autoptr(GError) error = NULL;
    const IkeMessage *message = engine->received;
    g_autoptr(IkeMessage) reply =
        ike_sa_new_response(sa, message->header.exchange, message->header.message_id);
    engine->last_seen = engine->now;
    suspicion_alive(engine);
    confirm_children(engine, sa);
    if (malformed != NULL)
        return answer_syntax(engine, sa, reply, malformed);
    if (message->unsupported_critical != 0) {
        /* One octet: the payload type (RFC 7296, sections 2.5 and 3.10.1). */
        ike_message_add_notify(reply, IKE_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD,
                               &message->unsupported_critical, 1);
        send_reply(engine, sa, reply);
        return IKE_VERDICT_OK;
    }
    IkeMessageShape shape = ike_message_shape(message, &error);
    const Transition *row = transition_find(sa->state, message, shape);
    if (row == NULL)
        return answer_syntax(engine, sa, reply,
                             error != NULL ? error->message : "an exchange that does not fit");
    TransitionResult result = row->handler(engine, sa, message, reply);
    if (result == TRANSITION_SYNTAX) {
        g_autoptr(IkeMessage) refusal =
            ike_sa_new_response(sa, message->header.exchange, message->header.message_id);
        return answer_syntax(engine, sa, refusal, row->line);
    }
    send_reply(engine, sa, reply);
    if (result == TRANSITION_DONE)
        sa->state = row->to;
    after_reply(engine, sa);
    return IKE_VERDICT_OK;
}

static IkeVerdict
repeat_response(IkeEngine *engine, IkeSa *sa)
{
    const IkeMessage *message = engine->received;
    /* Only the first fragment of a repeated request is answered (RFC 7383, section 2.6.1). */
    if ((message->sk.fragment && message->sk.number != 1) || !ike_sa_is_authentic(sa, message))
        return IKE_VERDICT_DISCARD;
    engine_send_datagrams(engine, sa->window.response, engine->reply_path, false, 2);
    return IKE_VERDICT_OK;
}

static IkeVerdict
receive_request(IkeEngine *engine, IkeSa *sa)
{
    g_autoptr(GError) error = NULL;
    IkeMessage *message = engine->received;
    /* Before we are up the gateway has nothing to ask: it will ask again. */
    if (!message->sealed || sa->aead_in == NULL || sa->state < SA_ESTABLISHED)
        return IKE_VERDICT_DISCARD;
    switch (window_place_request(&sa->window, message->header.message_id)) {
    case WINDOW_OUTSIDE:
        return IKE_VERDICT_DISCARD;
    case WINDOW_REPEATED:
        return repeat_response(engine, sa);
    case WINDOW_NEW:
        break;
    }
    switch (ike_message_open(message, sa->aead_in, sa->requests, &error)) {
    case IKE_DECODE_OK:
        return handle_request(engine, sa, NULL);
    case IKE_DECODE_PARTIAL:
        /* Deviation: RFC 7383, section 2.6, would have them dropped after a time; they stay, within
         * the bounds of fragment.h, until the next message or the end of the SA. */
        return IKE_VERDICT_PARTIAL;
    case IKE_DECODE_PROTECTED_ERROR:
        return handle_request(engine, sa, error->message);
    case IKE_DECODE_DISCARD:
        break;
    }
    return IKE_VERDICT_DISCARD;
}

/* An IKE SA whose procedure is over and which is not the one in use goes away. */
static void
sweep(IkeEngine *engine)
{
    for (guint i = engine->sas->len; i > 0; i--) {
        IkeSa *sa = g_ptr_array_index(engine->sas, i - 1);
        if (sa->state == SA_CLOSED && i > 1)
            g_ptr_array_remove_index(engine->sas, i - 1);
    }
}

IkeVerdict
ike_engine_receive(IkeEngine *engine, const IkePath *path, const uint8_t *datagram, size_t length,
                   Instant now)
{
    if (engine->state == IKE_STATE_IDLE || engine->state == IKE_STATE_CLOSED ||
        length > IKE_ENGINE_MAX_DATAGRAM)
        return IKE_VERDICT_DISCARD;
    engine->now = now;
    engine->reply_path = path->id;
    g_clear_pointer(&engine->received, ike_message_free);
    g_autoptr(GBytes) octets = g_bytes_new(datagram, length);
    if (ike_message_parse(octets, &engine->received, NULL) != IKE_DECODE_OK)
        return IKE_VERDICT_DISCARD;
    suspicion_received(engine, engine->received);
    if (engine->state == IKE_STATE_CLOSED)
        return IKE_VERDICT_OK;
    IkeSa *sa = find_sa(engine, &engine->received->header);
    if (sa == NULL) {
        engine_start_next(engine);
        return IKE_VERDICT_DISCARD;
    }
    bool is_response = ike_header_is_response(&engine->received->header);
    IkeVerdict verdict = is_response ? receive_response(engine, sa) : receive_request(engine, sa);
    g_clear_pointer(&engine->received, ike_message_free);
    sweep(engine);
    engine_start_next(engine);
    return verdict;
}

/* --- Time --- */

static void
give_up(IkeEngine *engine, IkeSa *sa)
{
    if (sa != engine_sa(engine)) {
        sa->state = SA_CLOSED; /* an old SA: nobody misses its DELETE */
        return;
    }
    if (engine->state == IKE_STATE_CLOSING) {
        engine_closed(engine, engine->close_reason, "%s", engine->close_detail);
        return;
    }
    if (engine->setup.refused) {
        proc_init_give_up(engine);
        return;
    }
    if (ike_sa_is_rekeyed(sa) && proc_rekey_ike_yield(engine, sa))
        return;
    g_autofree char *remote = inet_endpoint_to_string(&engine->path.remote);
    if (engine->state == IKE_STATE_ESTABLISHED)
        engine_closed(engine, IKE_CLOSE_PEER_GONE, "the gateway at %s does not answer any more",
                      remote);
    else
        engine_closed(engine, IKE_CLOSE_NO_ANSWER, "the gateway at %s does not answer%s", remote,
                      engine->state == IKE_STATE_AUTHENTICATING ? " our sign-in" : "");
}

static void
sa_timeout(IkeEngine *engine, IkeSa *sa)
{
    if (engine->now >= sa->expires_at)
        sa->state = SA_CLOSED;
    if (sa->state == SA_CLOSED)
        return;
    proc_followup_expire(engine, sa);
    switch (retransmit_timeout(&sa->retransmit, engine->now)) {
    case RETRANSMIT_WAIT:
        return;
    case RETRANSMIT_AGAIN:
        /* A gateway that does not know the exchange may say nothing to it. */
        if (sa->state == SA_CREATE_LOCAL_RESUME && sa->retransmit.sent > RESUME_TRIES) {
            proc_resume_abandon(engine, sa);
            return;
        }
        fragment_search_repeat(engine, sa);
        /* Another path may be tried now: by which one the answer comes is worth knowing. */
        engine->moving.watched = engine->state == IKE_STATE_ESTABLISHED;
        return;
    case RETRANSMIT_GIVE_UP:
        give_up(engine, sa);
        return;
    }
}

void
ike_engine_timeout(IkeEngine *engine, Instant now)
{
    if (engine->state == IKE_STATE_IDLE || engine->state == IKE_STATE_CLOSED)
        return;
    engine->now = now;
    if (engine->state == IKE_STATE_INIT_SENT && engine->setup.refused &&
        now >= engine->setup.refused_until) {
        proc_init_give_up(engine);
        return;
    }
    if (proc_puzzle_under_way(engine))
        proc_puzzle_work(engine);
    for (guint i = 0; i < engine->sas->len && engine->state != IKE_STATE_CLOSED; i++)
        sa_timeout(engine, g_ptr_array_index(engine->sas, i));
    sweep(engine);
    engine_start_next(engine);
}
