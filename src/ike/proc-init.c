/*
 * IKE_SA_INIT (RFC 7296, sections 1.2, 2.6, 2.6.1, 2.7 and 2.23): everything here is
 * unauthenticated until IKE_AUTH proves it, so an answer that refuses us is not the last word on a
 * datagram path.
 */
#include "ike/proc.h"

#include "base/error.h"
#include "crypto/algorithms.h"

/* Beyond our own announcement nothing is accepted in AUTH (RFC 7427, section 4). */
static const uint16_t announced_hashes[] = { HASH_SHA2_256, HASH_SHA2_384, HASH_SHA2_512,
                                             HASH_IDENTITY /* RFC 8420, section 2 */ };

static void
add_hashes(IkeMessage *message)
{
    uint16_t hashes[G_N_ELEMENTS(announced_hashes)];
    for (size_t i = 0; i < G_N_ELEMENTS(hashes); i++)
        hashes[i] = GUINT16_TO_BE(announced_hashes[i]);
    ike_message_add_notify(message, IKE_NOTIFY_SIGNATURE_HASH_ALGORITHMS, hashes, sizeof hashes);
}

void
proc_init_announce(IkeEngine *engine, const IkeSa *sa, IkeMessage *message)
{
    proc_mobike_add_nat_detection(engine, sa, message);
    ike_message_add_notify(message, IKE_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED, NULL, 0);
    proc_redirect_announce(engine, message);
}

/* HDR, [N(COOKIE)], SAi1, KEi, Ni, N(...)  --> */
void
proc_init_send(IkeEngine *engine, IkeSa *sa)
{
    IkeSetup *setup = &engine->setup;
    g_autoptr(GError) error = NULL;
    if (sa->exchange.kex == NULL || kex_group(sa->exchange.kex) != setup->group) {
        g_clear_pointer(&sa->exchange.kex, kex_free);
        sa->exchange.kex = kex_new(setup->group, engine->rng, &error);
        if (sa->exchange.kex == NULL) {
            engine_closed(engine, IKE_CLOSE_NO_PROPOSAL, "no key exchange: %s", error->message);
            return;
        }
    }
    IkeHeader header = { .spi_i = sa->spi_i,
                         .exchange = IKE_EXCHANGE_SA_INIT,
                         .flags = IKE_FLAG_INITIATOR };
    g_autoptr(IkeMessage) message = ike_message_new(&header);
    if (setup->cookie != NULL)
        ike_message_add_notify(message, IKE_NOTIFY_COOKIE, g_bytes_get_data(setup->cookie, NULL),
                               g_bytes_get_size(setup->cookie));
    if (setup->solution != NULL) {
        IkePayload *solution = ike_payload_new(IKE_PAYLOAD_PUZZLE);
        solution->puzzle.keys = g_bytes_ref(setup->solution);
        ike_message_add(message, solution);
    }
    ike_message_add_sa(message, engine->config->ike_proposals);
    g_autoptr(GBytes) public = kex_public(sa->exchange.kex);
    ike_message_add_ke(message, setup->group, public);
    ike_message_add_nonce(message, setup->nonce_i);
    proc_init_announce(engine, sa, message);
    add_hashes(message);
    if (engine->config->ppk_id != NULL)
        ike_message_add_notify(message, IKE_NOTIFY_USE_PPK, NULL, 0);
    if (ike_proposal_list_offers_additional(engine->config->ike_proposals))
        ike_message_add_notify(message, IKE_NOTIFY_INTERMEDIATE_EXCHANGE_SUPPORTED, NULL, 0);
    proc_mobike_fill_init(engine, message);
    g_clear_pointer(&setup->request, g_bytes_unref);
    setup->request = ike_message_write(message, &error);
    if (setup->request == NULL) {
        engine_closed(engine, IKE_CLOSE_PROTOCOL, "IKE_SA_INIT cannot be built: %s",
                      error->message);
        return;
    }
    engine_send_request(engine, sa, message, SA_CREATE_LOCAL_INIT);
}

void
proc_init_start(IkeEngine *engine)
{
    IkeSetup *setup = &engine->setup;
    IkeSa *sa = ike_sa_new(engine_random_u64(engine), 0, true);
    g_ptr_array_add(engine->sas, sa);
    setup->group = ike_proposal_list_first_ke(engine->config->ike_proposals);
    setup->nonce_i = engine_random_bytes(engine, IKE_SA_NONCE_LENGTH);
    proc_init_send(engine, sa);
}

/* A refusal, a cookie or another group: is there a round left? */
static bool
take_round(IkeEngine *engine, IkeSa *sa)
{
    if (sa->exchange.rounds++ < IKE_ENGINE_MAX_COOKIES)
        return true;
    engine_closed(engine, IKE_CLOSE_PROTOCOL,
                  "the gateway asked %d times for a cookie or another key exchange group",
                  IKE_ENGINE_MAX_COOKIES);
    return false;
}

bool
proc_init_take_cookie(IkeEngine *engine, IkeSa *sa, const IkeMessage *message)
{
    const PayloadNotify *cookie = ike_message_find_notify(message, IKE_NOTIFY_COOKIE);
    gsize length = g_bytes_get_size(cookie->data);
    /* 1 to 64 octets (RFC 7296, section 2.6). The same again is a repetition. */
    if (length < 1 || length > 64 ||
        (engine->setup.cookie != NULL && g_bytes_equal(engine->setup.cookie, cookie->data)))
        return false;
    if (!take_round(engine, sa))
        return false;
    g_clear_pointer(&engine->setup.cookie, g_bytes_unref);
    engine->setup.cookie = g_bytes_ref(cookie->data);
    return true;
}

/* <--  HDR(A,0), N(COOKIE) */
TransitionResult
proc_init_cookie(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    if (proc_init_take_cookie(engine, sa, message) && !proc_puzzle_init(engine, sa, message))
        proc_init_send(engine, sa);
    return TRANSITION_STAY;
}

/* Anybody can forge what refuses us. On a datagram path a better answer has IKE_REFUSED_PATIENCE to
 * arrive (RFC 7296, section 2.21.1); on a stream the gateway said it (RFC 9329, section 6.4).
 * detail: taken. */
static void
refused(IkeEngine *engine, IkeCloseReason reason, char *detail)
{
    IkeSetup *setup = &engine->setup;
    if (!setup->refused)
        setup->refused_until = instant_after(engine->now, IKE_REFUSED_PATIENCE);
    setup->refused = true;
    setup->refused_reason = reason;
    g_free(setup->refused_detail);
    setup->refused_detail = detail;
    if (engine->path.stream || reason == IKE_CLOSE_VERSION)
        proc_init_give_up(engine);
}

/* What little a gateway says of its own list. */
static char *
describe_unoffered(IkeEngine *engine, uint16_t group)
{
    const char *word = kex_to_string(group);
    g_autofree char *offer = ike_proposal_list_to_string(engine->config->ike_proposals);
    g_autofree char *number = g_strdup_printf("number %u", group);
    return g_strdup_printf("the gateway wants the key exchange %s, which we do not offer; ours: %s",
                           word != NULL ? word : number, offer);
}

/* <--  HDR(A,0), N(INVALID_KE_PAYLOAD) */
TransitionResult
proc_init_other_group(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    uint16_t group;
    const PayloadNotify *notify = ike_message_find_notify(message, IKE_NOTIFY_INVALID_KE_PAYLOAD);
    if (!payload_notify_u16(notify, &group) || group == engine->setup.group)
        return TRANSITION_STAY;
    /* A group that we did not offer would be a downgrade (RFC 7296, section 1.3): not obeyed. */
    if (!ike_proposal_list_offers_ke(engine->config->ike_proposals, group)) {
        refused(engine, IKE_CLOSE_NO_PROPOSAL, describe_unoffered(engine, group));
        return TRANSITION_STAY;
    }
    if (!take_round(engine, sa))
        return TRANSITION_STAY;
    engine->setup.group = group;
    proc_init_send(engine, sa);
    return TRANSITION_STAY;
}

static void
describe_refusal(IkeEngine *engine, uint16_t type, IkeCloseReason *reason, char **detail)
{
    if (type == IKE_NOTIFY_NO_PROPOSAL_CHOSEN) {
        g_autofree char *offer = ike_proposal_list_to_string(engine->config->ike_proposals);
        *reason = IKE_CLOSE_NO_PROPOSAL;
        *detail = g_strdup_printf("the gateway accepts none of the IKE algorithms that we offer, "
                                  "and does not say which it wants; ours: %s",
                                  offer);
        return;
    }
    *reason = type == IKE_NOTIFY_INVALID_MAJOR_VERSION ? IKE_CLOSE_VERSION : IKE_CLOSE_PROTOCOL;
    *detail = g_strdup_printf("the gateway answered IKE_SA_INIT with error %u (%s)", type,
                              ike_notify_to_string(type));
}

/* <--  HDR(A,0), N(error) */
TransitionResult
proc_init_refused(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    IkeCloseReason reason;
    char *detail;
    const PayloadNotify *notify = ike_message_find_error(message);
    if (notify == NULL)
        return TRANSITION_STAY;
    describe_refusal(engine, notify->type, &reason, &detail);
    refused(engine, reason, detail);
    return TRANSITION_STAY;
}

void
proc_init_give_up(IkeEngine *engine)
{
    IkeSetup *setup = &engine->setup;
    engine_closed(engine, setup->refused_reason, "%s", setup->refused_detail);
}

static void
read_hashes(IkeSetup *setup, const IkeMessage *message)
{
    g_clear_pointer(&setup->hashes, g_array_unref);
    setup->hashes = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    const PayloadNotify *notify =
        ike_message_find_notify(message, IKE_NOTIFY_SIGNATURE_HASH_ALGORITHMS);
    if (notify == NULL)
        return;
    ByteReader reader = byte_reader_for_bytes(notify->data);
    uint16_t hash;
    while (setup->hashes->len < IKE_MAX_HASHES && byte_reader_u16(&reader, &hash))
        g_array_append_val(setup->hashes, hash);
}

/* All of one encoding are one list (RFC 7296, section 3.7). */
static void
read_authorities(IkeSetup *setup, const IkeMessage *message)
{
    g_autoptr(GByteArray) list = g_byte_array_new();
    const IkePayload *payload = NULL;
    g_clear_pointer(&setup->authorities, g_bytes_unref);
    while ((payload = ike_message_find_next(message, IKE_PAYLOAD_CERTREQ, payload)) != NULL) {
        gsize length, room = IKE_MAX_AUTHORITIES * PAYLOAD_CERTREQ_HASH_LENGTH - list->len;
        const uint8_t *octets = g_bytes_get_data(payload->certreq.authorities, &length);
        if (payload->certreq.encoding == IKE_CERT_X509_SIGNATURE && length > 0)
            g_byte_array_append(list, octets, (guint)MIN(length, room));
    }
    if (list->len > 0)
        setup->authorities = g_byte_array_free_to_bytes(g_steal_pointer(&list));
}

static bool
agree_keys(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, GError **error)
{
    IkeSetup *setup = &engine->setup;
    IkeSuite suite;
    const IkePayload *ke = ike_message_find(message, IKE_PAYLOAD_KE);
    if (!ike_proposal_list_accept(engine->config->ike_proposals,
                                  ike_message_find(message, IKE_PAYLOAD_SA)->sa.proposals, &suite,
                                  error))
        return false;
    if (suite.ke != setup->group || ke->ke.group != setup->group) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "its key exchange is of group %u, its proposal of %u, ours was of %u",
                    ke->ke.group, suite.ke, setup->group);
        return false;
    }
    uint16_t additional[IKE_MAX_ADDITIONAL];
    if (ike_suite_additional(&suite, additional) > 0 &&
        ike_message_find_notify(message, IKE_NOTIFY_INTERMEDIATE_EXCHANGE_SUPPORTED) == NULL) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "it chose additional key exchanges, but has no IKE_INTERMEDIATE for them");
        return false;
    }
    gsize length;
    const uint8_t *peer = g_bytes_get_data(ke->ke.data, &length);
    g_autoptr(Secret) shared = kex_derive(sa->exchange.kex, peer, length, error);
    if (shared == NULL)
        return false;
    IkeKeySeed seed = { setup->nonce_i, setup->nonce_r, sa->spi_i, sa->spi_r };
    g_auto(IkeKeys) keys = { 0 };
    if (!ike_keys_derive(&suite, shared, &seed, &keys) ||
        !ike_sa_set_keys(sa, &suite, &keys, engine->rng)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "no keys for what it chose");
        return false;
    }
    return true;
}

/* A gateway without a PPK where the profile must have one ends it here (RFC 8784, section 3). */
static bool
agree_ppk(IkeEngine *engine, const IkeMessage *message)
{
    engine->setup.peer_ppk = engine->config->ppk_id != NULL &&
                             ike_message_find_notify(message, IKE_NOTIFY_USE_PPK) != NULL;
    if (engine->setup.peer_ppk || engine->config->ppk_id == NULL || !engine->config->ppk_required)
        return true;
    refused(engine, IKE_CLOSE_PPK,
            g_strdup("the gateway has no post-quantum pre-shared key (PPK) for anybody, and the "
                     "profile requires one"));
    return false;
}

void
proc_init_agreed(IkeEngine *engine, IkeSa *sa, const IkeMessage *message)
{
    IkeSetup *setup = &engine->setup;
    retransmit_stop(&sa->retransmit);
    window_answered(&sa->window);
    ike_exchange_clear(&sa->exchange);
    read_hashes(setup, message);
    read_authorities(setup, message);
    engine->nat_here = proc_mobike_detect_nat(engine, sa, message);
    sa->fragmentation =
        ike_message_find_notify(message, IKE_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED) != NULL;
    setup->multiple_auth =
        ike_message_find_notify(message, IKE_NOTIFY_MULTIPLE_AUTH_SUPPORTED) != NULL;
    setup->childless_supported =
        ike_message_find_notify(message, IKE_NOTIFY_CHILDLESS_IKEV2_SUPPORTED) != NULL;
    engine->last_seen = engine->now;
    sa->state = SA_CREATE_LOCAL_ANSWERED;
    proc_puzzle_note_auth(engine, sa, message);
    engine_set_state(engine, IKE_STATE_INIT_ANSWERED);
    if (setup->authenticate && setup->puzzle == NULL)
        proc_intermediate_start(engine, sa);
}

/* <--  HDR, SAr1, KEr, Nr, [CERTREQ], N(...) */
TransitionResult
proc_init_answered(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    IkeSetup *setup = &engine->setup;
    g_autoptr(GError) error = NULL;
    if (message->header.spi_r == 0 || !agree_ppk(engine, message))
        return TRANSITION_STAY;
    sa->spi_r = message->header.spi_r;
    g_clear_pointer(&setup->nonce_r, g_bytes_unref);
    setup->nonce_r = g_bytes_ref(ike_message_find(message, IKE_PAYLOAD_NONCE)->nonce.data);
    setup->response = g_bytes_ref(message->octets);
    if (!agree_keys(engine, sa, message, &error)) {
        sa->spi_r = 0;
        g_clear_pointer(&setup->nonce_r, g_bytes_unref);
        g_clear_pointer(&setup->response, g_bytes_unref);
        refused(engine, IKE_CLOSE_PROTOCOL,
                g_strdup_printf("the gateway's answer to IKE_SA_INIT is not usable: %s",
                                error->message));
        return TRANSITION_STAY;
    }
    proc_init_agreed(engine, sa, message);
    return TRANSITION_STAY;
}
