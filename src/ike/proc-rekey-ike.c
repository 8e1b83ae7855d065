/*
 * CREATE_CHILD_SA for the IKE SA itself, by either side (RFC 7296, sections 1.3.2, 2.8, 2.18 and
 * 2.25.2). The Child SAs go over to the new SA with nothing said.
 */
#include "ike/proc.h"

#include "base/error.h"
#include "crypto/algorithms.h"
#include "ike/lifetime.h"
#include "ike/suspicion.h"

static void
put_off(IkeEngine *engine, IkeSa *sa)
{
    ike_exchange_clear(&sa->exchange);
    sa->state = SA_ESTABLISHED;
    sa->retry_at = engine_jittered(engine, IKE_RETRY_WAIT);
}

/* HDR, SK {SA, Ni, KEi}  --> */
void
proc_rekey_ike_start(IkeEngine *engine, IkeSa *sa, uint16_t group)
{
    IkeExchange *exchange = &sa->exchange;
    unsigned rounds = exchange->rounds;
    ike_exchange_clear(exchange);
    exchange->rounds = rounds;
    exchange->ike_spi = engine_random_u64(engine);
    exchange->nonce = engine_random_bytes(engine, IKE_SA_NONCE_LENGTH);
    const uint64_t spi = GUINT64_TO_BE(exchange->ike_spi);
    g_autoptr(IkeProposalList) ours =
        ike_proposal_list_without_additional(engine->config->ike_proposals);
    exchange->offered = ike_proposal_list_with_spi(ours, &spi, sizeof spi);
    /* What worked the last time spares a round. */
    exchange->kex = kex_new(group != KE_NONE ? group : sa->suite.ke, engine->rng, NULL);
    if (exchange->kex == NULL) {
        put_off(engine, sa);
        return;
    }
    g_autoptr(GBytes) public = kex_public(exchange->kex);
    g_autoptr(IkeMessage) message = ike_sa_new_request(sa, IKE_EXCHANGE_CREATE_CHILD_SA);
    ike_message_add_sa(message, exchange->offered);
    ike_message_add_nonce(message, exchange->nonce);
    ike_message_add_ke(message, kex_group(exchange->kex), public);
    engine_send_request(engine, sa, message, SA_REKEY_IKE_LOCAL_CREATE);
}

typedef struct {
    IkeSuite suite;
    Kex *kex;
    GBytes *nonce_i, *nonce_r;
    uint64_t spi_i, spi_r; /* of the new SA */
    bool we_initiate;
} NewSa;

/* SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr); NULL with error. */
static IkeSa *
make_sa(IkeEngine *engine, const IkeSa *old, const NewSa *new_sa, const PayloadKe *ke,
        GError **error)
{
    gsize length;
    const uint8_t *peer = g_bytes_get_data(ke->data, &length);
    g_autoptr(Secret) shared = kex_derive(new_sa->kex, peer, length, error);
    if (shared == NULL)
        return NULL;
    IkeKeySeed seed = { new_sa->nonce_i, new_sa->nonce_r, new_sa->spi_i, new_sa->spi_r };
    g_auto(IkeKeys) keys = { 0 };
    g_autoptr(IkeSa) sa = ike_sa_new(new_sa->spi_i, new_sa->spi_r, new_sa->we_initiate);
    if (!ike_keys_derive_rekeyed(&new_sa->suite, old->suite.prf, old->keys.d, shared, &seed,
                                 &keys) ||
        !ike_sa_set_keys(sa, &new_sa->suite, &keys, engine->rng)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "no keys for what was chosen");
        return NULL;
    }
    sa->state = SA_ESTABLISHED;
    sa->fragmentation = old->fragmentation;
    sa->fragment_size = old->fragment_size;
    lifetime_start_sa(engine, sa);
    return g_steal_pointer(&sa);
}

static bool
read_spi(const IkeSuite *suite, uint64_t *spi)
{
    ByteReader reader = byte_reader(suite->spi, suite->spi_length);
    return byte_reader_u64(&reader, spi) && *spi != 0;
}

static IkeSa *
accept_answer(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, GError **error)
{
    IkeExchange *exchange = &sa->exchange;
    const IkePayload *ke = ike_message_find(message, IKE_PAYLOAD_KE);
    NewSa new_sa = {
        .kex = exchange->kex,
        .nonce_i = exchange->nonce,
        .nonce_r = ike_message_find(message, IKE_PAYLOAD_NONCE)->nonce.data,
        .spi_i = exchange->ike_spi,
        .we_initiate = true,
    };
    if (!ike_proposal_list_accept(exchange->offered,
                                  ike_message_find(message, IKE_PAYLOAD_SA)->sa.proposals,
                                  &new_sa.suite, error))
        return NULL;
    if (!read_spi(&new_sa.suite, &new_sa.spi_r) || ke->ke.group != kex_group(exchange->kex) ||
        new_sa.suite.ke != ke->ke.group) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "its SPI or its key exchange does not fit");
        return NULL;
    }
    return make_sa(engine, sa, &new_sa, &ke->ke, error);
}

/* What the gateway made of the same SA at the same time, NULL where it did not or where it has
 * deleted that again. */
static IkeSa *
find_rival(const IkeEngine *engine, const IkeExchange *exchange)
{
    IkeSa *rival =
        exchange->rival_nonce != NULL ? engine_find_sa(engine, exchange->rival_spi) : NULL;
    return rival != NULL && rival->state == SA_ESTABLISHED ? rival : NULL;
}

bool
proc_rekey_ike_yield(IkeEngine *engine, IkeSa *sa)
{
    IkeSa *rival = find_rival(engine, &sa->exchange);
    if (rival == NULL)
        return false;
    ike_exchange_clear(&sa->exchange);
    retransmit_stop(&sa->retransmit);
    sa->state = SA_REKEY_IKE_REMOTE_DELETE;
    sa->rekey_at = INSTANT_NEVER;
    sa->expires_at = instant_after(engine->now, IKE_REPLACED_WAIT);
    engine_use_sa(engine, rival);
    return true;
}

/* Who made the new SA deletes the old one (RFC 7296, section 2.8). Where both made one, the one
 * whose exchange has the lowest of the four nonces deletes what it made instead (section 2.8.2). */
static void
settle(IkeEngine *engine, IkeSa *sa, IkeSa *successor, GBytes *lower)
{
    IkeSa *rival = find_rival(engine, &sa->exchange);
    GBytes *rival_nonce = sa->exchange.rival_nonce;
    bool lost = rival != NULL && nonce_lower(lower, rival_nonce) == lower;
    if (lost) {
        g_ptr_array_add(engine->sas, successor);
        proc_rekey_ike_yield(engine, sa);
        proc_delete_start_ike(engine, successor, SA_REKEY_IKE_LOCAL_DELETE);
        return;
    }
    engine_use_sa(engine, successor);
    if (rival != NULL)
        rival->expires_at = instant_after(engine->now, IKE_REPLACED_WAIT);
    ike_exchange_clear(&sa->exchange);
    sa->rekey_at = INSTANT_NEVER;
    proc_delete_start_ike(engine, sa, SA_REKEY_IKE_LOCAL_DELETE);
}

/* <--  HDR, SK {SA, Nr, KEr}     on the old SA: HDR, SK {D}  --> */
TransitionResult
proc_rekey_ike_answered(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    g_autoptr(GError) error = NULL;
    IkeSa *successor = accept_answer(engine, sa, message, &error);
    if (successor == NULL) {
        sa->state = SA_ESTABLISHED;
        engine_close_with_delete(engine, IKE_CLOSE_PROTOCOL,
                                 "the gateway's answer to rekeying is not usable: %s",
                                 error->message);
        return TRANSITION_STAY;
    }
    lifetime_succeeded(engine);
    suspicion_take_token(successor, message);
    settle(
        engine, sa, successor,
        nonce_lower(sa->exchange.nonce, ike_message_find(message, IKE_PAYLOAD_NONCE)->nonce.data));
    return TRANSITION_STAY;
}

/* <--  HDR, SK {N(INVALID_KE_PAYLOAD)} */
TransitionResult
proc_rekey_ike_other_group(IkeEngine *engine, IkeSa *sa, const IkeMessage *message,
                           IkeMessage *reply)
{
    uint16_t group;
    IkeExchange *exchange = &sa->exchange;
    const PayloadNotify *notify = ike_message_find_notify(message, IKE_NOTIFY_INVALID_KE_PAYLOAD);
    if (proc_rekey_ike_yield(engine, sa))
        return TRANSITION_STAY;
    if (!payload_notify_u16(notify, &group) || group == kex_group(exchange->kex) ||
        !ike_proposal_list_offers_ke(exchange->offered, group) ||
        exchange->rounds >= IKE_ENGINE_MAX_COOKIES) {
        put_off(engine, sa);
        return TRANSITION_STAY;
    }
    exchange->rounds++;
    proc_rekey_ike_start(engine, sa, group);
    return TRANSITION_STAY;
}

/* <--  HDR, SK {N(error)}: the old SA goes on (RFC 7296, section 2.25.2), unless the gateway has
 * made a new one meanwhile. */
TransitionResult
proc_rekey_ike_refused(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    const PayloadNotify *notify = ike_message_find_error(message);
    if (proc_rekey_ike_yield(engine, sa))
        return TRANSITION_STAY;
    put_off(engine, sa);
    if (notify != NULL && notify->type == IKE_NOTIFY_TEMPORARY_FAILURE)
        lifetime_temporary_failure(engine);
    else
        lifetime_ask_replace(engine, "the gateway refuses to rekey the IKE SA");
    return TRANSITION_STAY;
}

static TransitionResult
answer_rekey(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    const IkePayload *ke = ike_message_find(message, IKE_PAYLOAD_KE);
    g_autoptr(GBytes) nonce = engine_random_bytes(engine, IKE_SA_NONCE_LENGTH);
    NewSa new_sa = { .nonce_i = ike_message_find(message, IKE_PAYLOAD_NONCE)->nonce.data,
                     .nonce_r = nonce,
                     .spi_r = engine_random_u64(engine) };
    g_autoptr(IkeProposalList) ours =
        ike_proposal_list_without_additional(engine->config->ike_proposals);
    if (!ike_proposal_list_select(ours, ike_message_find(message, IKE_PAYLOAD_SA)->sa.proposals,
                                  ke->ke.group, &new_sa.suite)) {
        ike_message_add_notify(reply, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, NULL, 0);
        return TRANSITION_STAY;
    }
    if (new_sa.suite.ke != ke->ke.group) {
        const uint16_t group = GUINT16_TO_BE(new_sa.suite.ke);
        ike_message_add_notify(reply, IKE_NOTIFY_INVALID_KE_PAYLOAD, &group, sizeof group);
        return TRANSITION_STAY;
    }
    g_autoptr(Kex) kex = kex_new(new_sa.suite.ke, engine->rng, NULL);
    if (kex == NULL || !read_spi(&new_sa.suite, &new_sa.spi_i))
        return TRANSITION_SYNTAX;
    new_sa.kex = kex;
    IkeSa *successor = make_sa(engine, sa, &new_sa, &ke->ke, NULL);
    if (successor == NULL)
        return TRANSITION_SYNTAX;
    const uint64_t spi = GUINT64_TO_BE(new_sa.spi_r);
    g_autoptr(IkeProposalList) answer = ike_suite_to_answer(&new_sa.suite, &spi, sizeof spi);
    g_autoptr(GBytes) public = kex_public(kex);
    ike_message_add_sa(reply, answer);
    ike_message_add_nonce(reply, nonce);
    ike_message_add_ke(reply, new_sa.suite.ke, public);
    if (sa->state == SA_REKEY_IKE_LOCAL_CREATE) {
        /* Which one stays is known when our own request is answered. */
        sa->exchange.rival_nonce = g_bytes_ref(nonce_lower(new_sa.nonce_i, new_sa.nonce_r));
        sa->exchange.rival_spi = new_sa.spi_i;
        g_ptr_array_add(engine->sas, successor);
        return TRANSITION_STAY;
    }
    engine_use_sa(engine, successor);
    sa->rekey_at = INSTANT_NEVER;
    sa->expires_at = instant_after(engine->now, IKE_REPLACED_WAIT);
    return TRANSITION_DONE;
}

/* <--  HDR, SK {SA, Ni, KEi}     HDR, SK {SA, Nr, KEr}  --> */
TransitionResult
proc_rekey_ike_request(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    /* With a Child SA being made, rekeyed or deleted on it, or the SA itself being closed by us,
     * the other side tries again (RFC 7296, section 2.25.2). One that we rekey ourselves is rekeyed
     * all the same, once. */
    bool both = sa->state == SA_REKEY_IKE_LOCAL_CREATE && sa->exchange.rival_nonce == NULL;
    if (!both && sa->state != SA_ESTABLISHED && sa->state != SA_LIVENESS_LOCAL_INFORMATIONAL)
        return proc_child_not_now(engine, sa, message, reply);
    /* One that another has replaced already, and which only its DELETE is missing of. */
    if (sa != engine_sa(engine) || engine->want_close || engine->sas->len >= IKE_SA_MAX)
        return proc_child_not_now(engine, sa, message, reply);
    return answer_rekey(engine, sa, message, reply);
}
