/*
 * CREATE_CHILD_SA for the IKE SA itself, by either side (RFC 7296, sections 1.3.2, 2.8, 2.18 and
 * 2.25.2). The Child SAs go over to the new SA with nothing said.
 */
#include "ike/proc.h"

#include "base/error.h"
#include "crypto/algorithms.h"
#include "ike/followup.h"
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
    exchange->offered = ike_proposal_list_with_spi(engine->config->ike_proposals, &spi, sizeof spi);
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

/* SKEYSEED = prf(SK_d (old), SK(0) | Ni | Nr | SK(1) | ...); NULL with error. */
static IkeSa *
make_sa(IkeEngine *engine, const IkeSa *old, const IkeFollowup *chain, bool we_initiate,
        GError **error)
{
    IkeKeySeed seed = { chain->nonce_i, chain->nonce_r, chain->spi_i, chain->spi_r,
                        chain->secrets };
    g_auto(IkeKeys) keys = { 0 };
    g_autoptr(IkeSa) sa = ike_sa_new(chain->spi_i, chain->spi_r, we_initiate);
    if (!ike_keys_derive_rekeyed(&chain->suite, old->suite.prf, old->keys.d, chain->shared, &seed,
                                 &keys) ||
        !ike_sa_set_keys(sa, &chain->suite, &keys, engine->rng)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "no keys for what was chosen");
        return NULL;
    }
    sa->state = SA_ESTABLISHED;
    sa->fragmentation = old->fragmentation;
    sa->fragment_size = old->fragment_size;
    lifetime_start_sa(engine, sa);
    return g_steal_pointer(&sa);
}

static Secret *
derive(Kex *kex, const PayloadKe *ke, GError **error)
{
    gsize length;
    const uint8_t *peer = g_bytes_get_data(ke->data, &length);
    return kex_derive(kex, peer, length, error);
}

static bool
read_spi(const IkeSuite *suite, uint64_t *spi)
{
    ByteReader reader = byte_reader(suite->spi, suite->spi_length);
    return byte_reader_u64(&reader, spi) && *spi != 0;
}

/* What was agreed on, complete where no additional key exchange is a part of it. */
static IkeFollowup *
accept_answer(IkeSa *sa, const IkeMessage *message, GError **error)
{
    IkeExchange *exchange = &sa->exchange;
    const IkePayload *ke = ike_message_find(message, IKE_PAYLOAD_KE);
    IkeSuite suite;
    uint64_t spi_r;
    if (!ike_proposal_list_accept(exchange->offered,
                                  ike_message_find(message, IKE_PAYLOAD_SA)->sa.proposals, &suite,
                                  error))
        return NULL;
    if (!read_spi(&suite, &spi_r) || ke->ke.group != kex_group(exchange->kex) ||
        suite.ke != ke->ke.group) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "its SPI or its key exchange does not fit");
        return NULL;
    }
    Secret *shared = derive(exchange->kex, &ke->ke, error);
    if (shared == NULL)
        return NULL;
    IkeFollowup *chain = ike_followup_new(
        &suite, exchange->nonce, ike_message_find(message, IKE_PAYLOAD_NONCE)->nonce.data, shared);
    chain->spi_i = exchange->ike_spi;
    chain->spi_r = spi_r;
    suspicion_take_token(&chain->crash_token, message);
    return chain;
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

static bool
rival_is_under_way(const IkeSa *sa)
{
    return sa->exchange.rival_nonce != NULL && sa->peer_ike != NULL &&
           sa->peer_ike->spi_i == sa->exchange.rival_spi;
}

/* Has our exchange, of whose nonces this is the lower, the lowest of all four, while what the
 * gateway makes of the same SA is there or to come? */
static bool
loses(const IkeEngine *engine, const IkeSa *sa, GBytes *lower)
{
    return (find_rival(engine, &sa->exchange) != NULL || rival_is_under_way(sa)) &&
           nonce_lower(lower, sa->exchange.rival_nonce) == lower;
}

/* The gateway, which has the lowest nonce, goes no further (RFC 9370, section 2.2.4). */
static void
drop_rival(IkeSa *sa)
{
    if (rival_is_under_way(sa))
        g_clear_pointer(&sa->peer_ike, ike_followup_free);
}

/* Ours ends, and the gateway's goes on. */
static TransitionResult
stop(IkeEngine *engine, IkeSa *sa)
{
    if (proc_rekey_ike_yield(engine, sa))
        return TRANSITION_STAY;
    ike_exchange_clear(&sa->exchange);
    sa->state = SA_ESTABLISHED;
    return TRANSITION_STAY;
}

/* Who made the new SA deletes the old one (RFC 7296, section 2.8). Where both made one, the one
 * whose exchange has the lowest of the four nonces deletes what it made instead (section 2.8.2). */
static void
settle(IkeEngine *engine, IkeSa *sa, IkeSa *successor, GBytes *lower)
{
    IkeSa *rival = find_rival(engine, &sa->exchange);
    if (loses(engine, sa, lower)) {
        g_ptr_array_add(engine->sas, successor);
        stop(engine, sa);
        proc_delete_start_ike(engine, successor, SA_REKEY_IKE_LOCAL_DELETE);
        return;
    }
    drop_rival(sa);
    engine_use_sa(engine, successor);
    if (rival != NULL)
        rival->expires_at = instant_after(engine->now, IKE_REPLACED_WAIT);
    ike_exchange_clear(&sa->exchange);
    sa->rekey_at = INSTANT_NEVER;
    proc_delete_start_ike(engine, sa, SA_REKEY_IKE_LOCAL_DELETE);
}

static TransitionResult
close_for(IkeEngine *engine, IkeSa *sa, const GError *error)
{
    sa->state = SA_ESTABLISHED;
    engine_close_with_delete(engine, IKE_CLOSE_PROTOCOL,
                             "the gateway's answer to rekeying is not usable: %s", error->message);
    return TRANSITION_STAY;
}

/* On the old SA: HDR, SK {D}  --> */
TransitionResult
proc_rekey_ike_followed_up(IkeEngine *engine, IkeSa *sa, const IkeFollowup *chain)
{
    g_autoptr(GError) error = NULL;
    IkeSa *successor = make_sa(engine, sa, chain, true, &error);
    if (successor == NULL)
        return close_for(engine, sa, error);
    lifetime_succeeded(engine);
    if (chain->crash_token != NULL)
        successor->crash_token = secret_ref(chain->crash_token);
    settle(engine, sa, successor, nonce_lower(chain->nonce_i, chain->nonce_r));
    return TRANSITION_STAY;
}

/* <--  HDR, SK {SA, Nr, KEr} */
TransitionResult
proc_rekey_ike_answered(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(IkeFollowup) chain = accept_answer(sa, message, &error);
    if (chain == NULL)
        return close_for(engine, sa, error);
    if (ike_followup_next(chain) == KE_NONE)
        return proc_rekey_ike_followed_up(engine, sa, chain);
    /* There is nothing to be deleted yet (RFC 9370, section 2.2.4). */
    if (engine->want_close || loses(engine, sa, nonce_lower(chain->nonce_i, chain->nonce_r)))
        return stop(engine, sa);
    drop_rival(sa);
    proc_followup_start(engine, sa, g_steal_pointer(&chain), message, SA_REKEY_IKE_LOCAL_FOLLOWUP);
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
    bool agreed = sa->exchange.chain != NULL; /* once (RFC 9370, section 2.2.4) */
    if (proc_rekey_ike_yield(engine, sa))
        return TRANSITION_STAY;
    put_off(engine, sa);
    if (agreed || (notify != NULL && notify->type == IKE_NOTIFY_TEMPORARY_FAILURE))
        lifetime_temporary_failure(engine);
    else
        lifetime_ask_replace(engine, "the gateway refuses to rekey the IKE SA");
    return TRANSITION_STAY;
}

/* What the gateway asked for takes sa's place; but where we rekey sa as well, it is known which one
 * stays when our own request is answered. False: no keys. */
static bool
make_for_peer(IkeEngine *engine, IkeSa *sa, const IkeFollowup *chain)
{
    IkeSa *successor = make_sa(engine, sa, chain, false, NULL);
    if (successor == NULL)
        return false;
    if (sa->state == SA_REKEY_IKE_LOCAL_CREATE) {
        g_ptr_array_add(engine->sas, successor);
        return true;
    }
    engine_use_sa(engine, successor);
    sa->state = SA_REKEY_IKE_REMOTE_DELETE;
    sa->rekey_at = INSTANT_NEVER;
    sa->expires_at = instant_after(engine->now, IKE_REPLACED_WAIT);
    return true;
}

uint16_t
proc_rekey_ike_peer_followed_up(IkeEngine *engine, IkeSa *sa, const IkeFollowup *chain)
{
    bool possible = sa == engine_sa(engine) && engine->sas->len < IKE_SA_MAX;
    return possible && make_for_peer(engine, sa, chain) ? 0 : IKE_NOTIFY_STATE_NOT_FOUND;
}

static void
fill_reply(IkeMessage *reply, const IkeFollowup *chain, const Kex *kex)
{
    const uint64_t spi = GUINT64_TO_BE(chain->spi_r);
    g_autoptr(IkeProposalList) answer = ike_suite_to_answer(&chain->suite, &spi, sizeof spi);
    g_autoptr(GBytes) public = kex_public(kex);
    ike_message_add_sa(reply, answer);
    ike_message_add_nonce(reply, chain->nonce_r);
    ike_message_add_ke(reply, chain->suite.ke, public);
}

static TransitionResult
answer_rekey(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    IkeSuite suite;
    uint64_t spi_i;
    const IkePayload *ke = ike_message_find(message, IKE_PAYLOAD_KE);
    if (!ike_proposal_list_select(engine->config->ike_proposals,
                                  ike_message_find(message, IKE_PAYLOAD_SA)->sa.proposals,
                                  ke->ke.group, &suite)) {
        ike_message_add_notify(reply, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, NULL, 0);
        return TRANSITION_STAY;
    }
    if (suite.ke != ke->ke.group) {
        const uint16_t group = GUINT16_TO_BE(suite.ke);
        ike_message_add_notify(reply, IKE_NOTIFY_INVALID_KE_PAYLOAD, &group, sizeof group);
        return TRANSITION_STAY;
    }
    g_autoptr(Kex) kex = kex_new(suite.ke, engine->rng, NULL);
    Secret *shared = kex != NULL ? derive(kex, &ke->ke, NULL) : NULL;
    if (shared == NULL)
        return TRANSITION_SYNTAX;
    g_autoptr(GBytes) nonce = engine_random_bytes(engine, IKE_SA_NONCE_LENGTH);
    g_autoptr(IkeFollowup) chain = ike_followup_new(
        &suite, ike_message_find(message, IKE_PAYLOAD_NONCE)->nonce.data, nonce, shared);
    if (!read_spi(&suite, &spi_i))
        return TRANSITION_SYNTAX;
    chain->spi_i = spi_i;
    chain->spi_r = engine_random_u64(engine);
    fill_reply(reply, chain, kex);
    if (sa->state == SA_REKEY_IKE_LOCAL_CREATE) {
        sa->exchange.rival_nonce = g_bytes_ref(nonce_lower(chain->nonce_i, chain->nonce_r));
        sa->exchange.rival_spi = chain->spi_i;
    }
    if (ike_followup_next(chain) != KE_NONE)
        proc_followup_expect(engine, &sa->peer_ike, g_steal_pointer(&chain), reply);
    else if (!make_for_peer(engine, sa, chain))
        return TRANSITION_SYNTAX;
    return TRANSITION_STAY;
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
