/*
 * Session resumption (RFC 5723): a ticket of the gateway's instead of a sign-in, after an
 * interruption. Where it is not taken, for whatever reason, the sign-in follows by itself; nothing
 * is lost but a round trip.
 */
#include "ike/proc.h"

#include "crypto/algorithms.h"
#include "ike/auth.h"

struct _IkeTicket {
    GBytes *opaque;
    Instant expires_at;
    IkeSuite suite;
    Secret *sk_d;
    PayloadId gateway;
    int64_t not_after; /* of the certificate that it once showed */
};

void
ike_ticket_free(IkeTicket *ticket)
{
    if (ticket == NULL)
        return;
    g_bytes_unref(ticket->opaque);
    secret_unref(ticket->sk_d);
    payload_id_clear(&ticket->gateway);
    g_free(ticket);
}

bool
ike_ticket_is_valid(const IkeTicket *ticket, Instant now)
{
    return ticket != NULL && now < ticket->expires_at;
}

void
ike_engine_resume(IkeEngine *engine, IkeTicket *ticket)
{
    g_clear_pointer(&engine->setup.ticket, ike_ticket_free);
    engine->setup.ticket = ticket;
}

bool
proc_resume_in_use(const IkeEngine *engine)
{
    return engine->setup.ticket != NULL;
}

/* HDR, [N(COOKIE),] Ni, N(TICKET_OPAQUE), N(...)  --> */
static void
send_request(IkeEngine *engine, IkeSa *sa)
{
    IkeSetup *setup = &engine->setup;
    IkeHeader header = { .spi_i = sa->spi_i,
                         .exchange = IKE_EXCHANGE_SESSION_RESUME,
                         .flags = IKE_FLAG_INITIATOR };
    g_autoptr(IkeMessage) message = ike_message_new(&header);
    if (setup->cookie != NULL)
        ike_message_add_notify(message, IKE_NOTIFY_COOKIE, g_bytes_get_data(setup->cookie, NULL),
                               g_bytes_get_size(setup->cookie));
    ike_message_add_nonce(message, setup->nonce_i);
    ike_message_add_notify(message, IKE_NOTIFY_TICKET_OPAQUE,
                           g_bytes_get_data(setup->ticket->opaque, NULL),
                           g_bytes_get_size(setup->ticket->opaque));
    proc_init_announce(engine, sa, message);
    g_clear_pointer(&setup->request, g_bytes_unref);
    setup->request = ike_message_write(message, NULL);
    engine_send_request(engine, sa, message, SA_CREATE_LOCAL_RESUME);
}

void
proc_resume_start(IkeEngine *engine)
{
    IkeSa *sa = ike_sa_new(engine_random_u64(engine), 0, true);
    g_ptr_array_add(engine->sas, sa);
    engine->setup.nonce_i = engine_random_bytes(engine, IKE_SA_NONCE_LENGTH);
    send_request(engine, sa);
}

void
proc_resume_abandon(IkeEngine *engine, IkeSa *sa)
{
    bool authenticate = engine->setup.authenticate;
    ike_setup_clear(&engine->setup);
    engine->setup = (IkeSetup){ .authenticate = authenticate };
    engine_remove_sa(engine, sa);
    engine_set_state(engine, IKE_STATE_INIT_SENT);
    proc_init_start(engine);
    /* The one in use is the first; the other is swept away behind it. */
    gpointer *sas = engine->sas->pdata;
    gpointer newest = sas[engine->sas->len - 1];
    sas[engine->sas->len - 1] = sas[0];
    sas[0] = newest;
}

/* <--  HDR, N(COOKIE) */
TransitionResult
proc_resume_cookie(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    if (proc_init_take_cookie(engine, sa, message))
        send_request(engine, sa);
    return TRANSITION_STAY;
}

/* <--  HDR, N(TICKET_NACK): whoever forges it makes us sign in, no more. */
TransitionResult
proc_resume_refused(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    proc_resume_abandon(engine, sa);
    return TRANSITION_STAY;
}

/* <--  HDR, Nr, N(...) */
TransitionResult
proc_resume_answered(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    IkeSetup *setup = &engine->setup;
    g_auto(IkeKeys) keys = { 0 };
    if (message->header.spi_r == 0)
        return TRANSITION_STAY;
    sa->spi_r = message->header.spi_r;
    setup->nonce_r = g_bytes_ref(ike_message_find(message, IKE_PAYLOAD_NONCE)->nonce.data);
    setup->response = g_bytes_ref(message->octets);
    IkeKeySeed seed = { setup->nonce_i, setup->nonce_r, sa->spi_i, sa->spi_r };
    if (!ike_keys_derive_resumed(&setup->ticket->suite, setup->ticket->sk_d, &seed, &keys) ||
        !ike_sa_set_keys(sa, &setup->ticket->suite, &keys, engine->rng)) {
        proc_resume_abandon(engine, sa);
        return TRANSITION_STAY;
    }
    proc_init_agreed(engine, sa, message);
    return TRANSITION_STAY;
}

/* AUTH = prf(SK_p, message | nonce | MACedID) (RFC 5723, section 4.3.3). */
static Secret *
make_auth(const IkeEngine *engine, const IkeSa *sa, bool ours)
{
    const IkeSetup *setup = &engine->setup;
    const IkeIdentity *local = &engine->config->local_id;
    const PayloadId own = { .type = local->type, .data = local->data };
    const Secret *sk_p = ours ? sa->keys.pi : sa->keys.pr;
    g_autoptr(GBytes) body = payload_id_body(ours ? &own : &setup->ticket->gateway);
    g_autoptr(Secret) maced_id = auth_maced_id(sa->suite.prf, sk_p, body);
    Chunk octets[] = { chunk_bytes(ours ? setup->request : setup->response),
                       chunk_bytes(ours ? setup->nonce_r : setup->nonce_i),
                       chunk_secret(maced_id) };
    return prf_compute(sa->suite.prf, sk_p, octets, G_N_ELEMENTS(octets));
}

void
proc_resume_make_auth(IkeEngine *engine, IkeSa *sa)
{
    g_autoptr(Secret) auth = make_auth(engine, sa, true);
    engine->setup.auth = g_bytes_new(secret_data(auth), secret_length(auth));
    engine->setup.auth_method = IKE_AUTH_METHOD_PSK;
}

bool
proc_resume_check(IkeEngine *engine, IkeSa *sa, const IkeMessage *message)
{
    IkeSetup *setup = &engine->setup;
    const PayloadId *idr = &ike_message_find(message, IKE_PAYLOAD_IDR)->id;
    const IkePayload *proof = ike_message_find(message, IKE_PAYLOAD_AUTH);
    g_autoptr(Secret) expected = make_auth(engine, sa, false);
    g_autoptr(GBytes) wanted = g_bytes_new(secret_data(expected), secret_length(expected));
    bool same = idr->type == setup->ticket->gateway.type &&
                g_bytes_equal(idr->data, setup->ticket->gateway.data);
    if (!same || proof == NULL || proof->auth.method != IKE_AUTH_METHOD_PSK ||
        !g_bytes_equal(proof->auth.data, wanted) ||
        ike_message_find(message, IKE_PAYLOAD_CERT) != NULL) {
        engine_close_unauthenticated(
            engine, IKE_CLOSE_AUTH_REMOTE,
            "the gateway that resumes is not the one that gave the ticket");
        return false;
    }
    payload_id_clear(&setup->gateway);
    setup->gateway = *idr;
    setup->gateway.data = g_bytes_ref(idr->data);
    setup->not_after = setup->ticket->not_after;
    return true;
}

void
proc_resume_take_ticket(IkeEngine *engine, const IkeSa *sa, const IkeMessage *message)
{
    uint32_t lifetime;
    const PayloadNotify *notify = ike_message_find_notify(message, IKE_NOTIFY_TICKET_LT_OPAQUE);
    if (notify == NULL || !engine->config->want_ticket)
        return;
    ByteReader reader = byte_reader_for_bytes(notify->data);
    if (!byte_reader_u32(&reader, &lifetime) || lifetime == 0 || byte_reader_left(&reader) == 0 ||
        byte_reader_left(&reader) > IKE_TICKET_MAX_LENGTH)
        return;
    IkeTicket *ticket = g_new0(IkeTicket, 1);
    ticket->opaque = byte_reader_rest(&reader);
    ticket->expires_at = instant_after(
        engine->now, MIN(lifetime * (Duration)DURATION_SECOND, IKE_TICKET_MAX_LIFETIME));
    ticket->suite = sa->suite;
    ticket->sk_d = secret_ref(sa->keys.d);
    ticket->gateway = engine->setup.gateway;
    ticket->gateway.data = g_bytes_ref(ticket->gateway.data);
    ticket->not_after = engine->setup.not_after;
    engine_emit(engine, IKE_OUTPUT_TICKET)->ticket = ticket;
}
