/*
 * CREATE_CHILD_SA for Child SAs: rekeying by either side, and a new one where the gateway took the
 * old one away (RFC 7296, sections 1.3.1, 1.3.3, 2.8, 2.9.2, 2.17 and 2.25).
 */
#include "ike/proc.h"

#include "base/error.h"
#include "crypto/algorithms.h"
#include "ike/coverage.h"
#include "ike/lifetime.h"

static IkeProposalList *
make_offer(const IkeEngine *engine, const IkeSa *sa, uint32_t spi)
{
    const uint32_t wire_spi = GUINT32_TO_BE(spi);
    const IkeProposalList *configured = engine->config->esp_proposals;
    g_autoptr(IkeProposalList) offer = child_offer_make(engine, sa, configured);
    return ike_proposal_list_with_spi(offer, &wire_spi, sizeof wire_spi);
}

static bool
start_kex(IkeEngine *engine, IkeExchange *exchange, uint16_t group)
{
    g_autoptr(GError) error = NULL;
    if (group == KE_NONE)
        return true;
    exchange->kex = kex_new(group, engine->rng, &error);
    if (exchange->kex == NULL)
        g_warning("no key exchange for a Child SA: %s", error->message);
    return exchange->kex != NULL;
}

/* HDR, SK {[N(REKEY_SA),] SA, Ni, [KEi,] TSi, TSr}  --> */
void
proc_rekey_child_start(IkeEngine *engine, IkeSa *sa, ChildSa *old, uint16_t group)
{
    IkeExchange *exchange = &sa->exchange;
    unsigned rounds = exchange->rounds, missing = exchange->missing;
    ike_exchange_clear(exchange);
    exchange->rounds = rounds;
    exchange->missing = missing;
    exchange->child_spi = engine_random_child_spi(engine);
    engine_expect_child(engine, exchange->child_spi);
    exchange->old_child_spi = old != NULL ? old->spi_in : 0;
    exchange->nonce = engine_random_bytes(engine, IKE_SA_NONCE_LENGTH);
    exchange->offered = make_offer(engine, sa, exchange->child_spi);
    if (group == KE_NONE)
        group = ike_proposal_list_first_ke(exchange->offered);
    if (!start_kex(engine, exchange, group)) {
        sa->retry_at = instant_after(engine->now, IKE_RETRY_WAIT);
        return;
    }
    g_autoptr(IkeMessage) message = ike_sa_new_request(sa, IKE_EXCHANGE_CREATE_CHILD_SA);
    if (old != NULL)
        ike_message_add_notify_child(message, IKE_NOTIFY_REKEY_SA, old->spi_in);
    ike_message_add_sa(message, exchange->offered);
    ike_message_add_nonce(message, exchange->nonce);
    if (exchange->kex != NULL) {
        g_autoptr(GBytes) public = kex_public(exchange->kex);
        ike_message_add_ke(message, group, public);
    }
    g_autoptr(GArray) local_ts = proc_wanted_local_ts();
    g_autoptr(GArray) remote_ts = coverage_selectors(engine, old, exchange->missing);
    ike_message_add_ts(message, IKE_PAYLOAD_TSI, local_ts);
    ike_message_add_ts(message, IKE_PAYLOAD_TSR, remote_ts);
    ike_message_add_notify(message, IKE_NOTIFY_ESP_TFC_PADDING_NOT_SUPPORTED, NULL, 0);
    engine_send_request(engine, sa, message,
                        old != NULL ? SA_REKEY_CHILD_LOCAL_CREATE : SA_CREATE_CHILD_LOCAL_CREATE);
}

void
proc_rekey_child_start_for(IkeEngine *engine, IkeSa *sa, unsigned missing)
{
    ike_exchange_clear(&sa->exchange);
    sa->exchange.missing = missing;
    proc_rekey_child_start(engine, sa, NULL, KE_NONE);
}

static bool
read_spi(const IkeSuite *suite, uint32_t *spi)
{
    ByteReader reader = byte_reader(suite->spi, suite->spi_length);
    return byte_reader_u32(&reader, spi) && *spi != 0;
}

/* The shared secret where suite has a key exchange; *shared stays NULL where it has none. */
static bool
derive_shared(Kex *kex, uint16_t group, const IkeMessage *message, Secret **shared, GError **error)
{
    const IkePayload *ke = ike_message_find(message, IKE_PAYLOAD_KE);
    if (group == KE_NONE)
        return true;
    if (kex == NULL || ke == NULL || ke->ke.group != group || kex_group(kex) != group) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "no key exchange of the group that was agreed on");
        return false;
    }
    gsize length;
    const uint8_t *peer = g_bytes_get_data(ke->ke.data, &length);
    *shared = kex_derive(kex, peer, length, error);
    return *shared != NULL;
}

static bool
accept_answer(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, ChildSaMaterial *material,
              Secret **shared, GError **error)
{
    IkeExchange *exchange = &sa->exchange;
    g_autoptr(GArray) local_ts = proc_wanted_local_ts();
    g_autoptr(GArray) remote_ts = proc_wanted_remote_ts(engine);
    if (!ike_proposal_list_accept(exchange->offered,
                                  ike_message_find(message, IKE_PAYLOAD_SA)->sa.proposals,
                                  &material->suite, error) ||
        !derive_shared(exchange->kex, material->suite.ke, message, shared, error))
        return false;
    material->shared = *shared;
    if (!read_spi(&material->suite, &material->spi_out) || material->local_ts->len == 0 ||
        material->remote_ts->len == 0 || !traffic_selectors_contain(local_ts, material->local_ts) ||
        !traffic_selectors_contain(remote_ts, material->remote_ts)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "its SPI or its traffic selectors are not what we asked for");
        return false;
    }
    return true;
}

/* What the gateway makes of the same Child SA is still to be agreed on. */
static bool
rival_is_under_way(const IkeSa *sa)
{
    return sa->exchange.rival_nonce != NULL && sa->peer_child != NULL &&
           sa->peer_child->spi_in == (uint32_t)sa->exchange.rival_spi;
}

/* Has our exchange, of whose nonces this is the lower, the lowest of all four, while what the
 * gateway makes of the same Child SA is there or to come? */
static bool
loses(IkeEngine *engine, const IkeSa *sa, GBytes *lower)
{
    const IkeExchange *exchange = &sa->exchange;
    bool there = engine_find_child(engine, (uint32_t)exchange->rival_spi) != NULL;
    return exchange->rival_nonce != NULL && (there || rival_is_under_way(sa)) &&
           nonce_lower(lower, exchange->rival_nonce) == lower;
}

/* The gateway, which has the lowest nonce, goes no further (RFC 9370, section 2.2.4). */
static void
drop_rival(IkeSa *sa)
{
    if (rival_is_under_way(sa))
        g_clear_pointer(&sa->peer_child, ike_followup_free);
}

/* Whoever rekeyed deletes the old one (RFC 7296, section 2.8). Where both did, the one whose
 * exchange has the lowest of the four nonces deletes what it made instead, and the other one the
 * old one (section 2.8.1). */
static void
settle(IkeEngine *engine, IkeSa *sa, ChildSa *made, GBytes *lower)
{
    const IkeExchange *exchange = &sa->exchange;
    ChildSa *old = engine_find_child(engine, exchange->old_child_spi);
    ChildSa *rival = engine_find_child(engine, (uint32_t)exchange->rival_spi);
    if (loses(engine, sa, lower))
        engine_retire_child(engine, made);
    else if (old != NULL)
        engine_retire_child(engine, old);
    if (rival != NULL && made->state == CHILD_SA_INSTALLED)
        engine_child_replaced(engine, rival);
    if (made->state == CHILD_SA_INSTALLED)
        drop_rival(sa);
}

static TransitionResult
install(IkeEngine *engine, IkeSa *sa, const ChildSaMaterial *material)
{
    if (proc_establish_awaits_child(engine)) {
        engine->child_wanted = false;
        return proc_establish_first_child(engine, sa, material) ? TRANSITION_DONE : TRANSITION_STAY;
    }
    ChildSa *made = engine_install_child(engine, sa, material);
    if (made == NULL) {
        sa->state = SA_ESTABLISHED;
        engine_close_with_delete(engine, IKE_CLOSE_PROTOCOL, "too many Child SAs at once");
        return TRANSITION_STAY;
    }
    child_offer_accepted(engine);
    lifetime_succeeded(engine);
    settle(engine, sa, made, nonce_lower(material->nonce_i, material->nonce_r));
    engine->child_wanted = false;
    /* An answer that does not reach what it was asked for is as good as a refusal. */
    if (sa->exchange.missing != 0 && coverage_missing(engine) == sa->exchange.missing)
        coverage_refused(engine, sa->exchange.missing, 0);
    ike_exchange_clear(&sa->exchange);
    return TRANSITION_DONE;
}

TransitionResult
proc_rekey_child_followed_up(IkeEngine *engine, IkeSa *sa, const IkeFollowup *chain)
{
    const ChildSaMaterial material = ike_followup_material(chain, true);
    return install(engine, sa, &material);
}

/* More key exchanges before there is a Child SA, unless the gateway's rekeying goes before ours:
 * there is nothing to be deleted then, and ours just ends (RFC 9370, section 2.2.4). */
static TransitionResult
follow_up(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, const ChildSaMaterial *material,
          Secret *shared)
{
    GBytes *lower = nonce_lower(material->nonce_i, material->nonce_r);
    if (engine->want_close || loses(engine, sa, lower)) {
        secret_unref(shared);
        ike_exchange_clear(&sa->exchange);
        return TRANSITION_DONE;
    }
    drop_rival(sa);
    proc_followup_start(engine, sa,
                        ike_followup_new_child(material, sa->exchange.old_child_spi, shared),
                        message, SA_REKEY_CHILD_LOCAL_FOLLOWUP);
    return TRANSITION_STAY;
}

/* <--  HDR, SK {SA, Nr, [KEr,] TSi, TSr} */
TransitionResult
proc_rekey_child_answered(IkeEngine *engine, IkeSa *sa, const IkeMessage *message,
                          IkeMessage *reply)
{
    uint16_t groups[IKE_MAX_ADDITIONAL];
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) shared = NULL;
    ChildSaMaterial material = {
        .spi_in = sa->exchange.child_spi,
        .we_initiated = true,
        .nonce_i = sa->exchange.nonce,
        .nonce_r = ike_message_find(message, IKE_PAYLOAD_NONCE)->nonce.data,
        .local_ts = ike_message_find(message, IKE_PAYLOAD_TSI)->ts.selectors,
        .remote_ts = ike_message_find(message, IKE_PAYLOAD_TSR)->ts.selectors,
    };
    if (!accept_answer(engine, sa, message, &material, &shared, &error)) {
        sa->state = SA_ESTABLISHED;
        engine_close_with_delete(engine, IKE_CLOSE_PROTOCOL,
                                 "the gateway's answer to rekeying is not usable: %s",
                                 error->message);
        return TRANSITION_STAY;
    }
    return ike_suite_additional(&material.suite, groups) > 0
               ? follow_up(engine, sa, message, &material, g_steal_pointer(&shared))
               : install(engine, sa, &material);
}

/* <--  HDR, SK {N(INVALID_KE_PAYLOAD)} */
TransitionResult
proc_rekey_child_other_group(IkeEngine *engine, IkeSa *sa, const IkeMessage *message,
                             IkeMessage *reply)
{
    uint16_t group;
    IkeExchange *exchange = &sa->exchange;
    const PayloadNotify *notify = ike_message_find_notify(message, IKE_NOTIFY_INVALID_KE_PAYLOAD);
    ChildSa *old = engine_find_child(engine, exchange->old_child_spi);
    sa->state = SA_ESTABLISHED;
    if (!payload_notify_u16(notify, &group) || exchange->kex == NULL ||
        group == kex_group(exchange->kex) ||
        !ike_proposal_list_offers_ke(exchange->offered, group) ||
        exchange->rounds >= IKE_ENGINE_MAX_COOKIES ||
        (exchange->old_child_spi != 0 && (old == NULL || old->state != CHILD_SA_INSTALLED))) {
        if (!child_offer_other_way(engine, IKE_NOTIFY_INVALID_KE_PAYLOAD)) {
            sa->retry_at = instant_after(engine->now, IKE_RETRY_WAIT);
            lifetime_ask_replace(engine, "the gateway wants a key exchange that we do not offer");
        }
        engine->child_wanted = engine_current_child(engine) == NULL;
        ike_exchange_clear(exchange);
        return TRANSITION_STAY;
    }
    exchange->rounds++;
    proc_rekey_child_start(engine, sa, old, group);
    return TRANSITION_STAY;
}

/* <--  HDR, SK {N(error)}     to CREATE_CHILD_SA, or to an IKE_FOLLOWUP_KE behind it */
TransitionResult
proc_rekey_child_refused(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    const PayloadNotify *notify = ike_message_find_error(message);
    ChildSa *old = engine_find_child(engine, sa->exchange.old_child_spi);
    uint16_t type = notify != NULL ? notify->type : 0;
    unsigned missing = sa->exchange.missing;
    bool was_wanted = engine->child_wanted;
    /* What it agreed to before goes no further: from the beginning, later (RFC 9370, section
     * 2.2.4). */
    if (sa->exchange.chain != NULL && type != IKE_NOTIFY_CHILD_SA_NOT_FOUND &&
        type != IKE_NOTIFY_INVALID_SYNTAX)
        type = IKE_NOTIFY_TEMPORARY_FAILURE;
    ike_exchange_clear(&sa->exchange);
    sa->state = SA_ESTABLISHED;
    if (proc_establish_awaits_child(engine) && type != IKE_NOTIFY_TEMPORARY_FAILURE) {
        proc_establish_no_child(engine, message);
        return TRANSITION_STAY;
    }
    if (missing != 0 && type != IKE_NOTIFY_TEMPORARY_FAILURE) {
        coverage_refused(engine, missing, type);
        return TRANSITION_STAY;
    }
    /* Gone at the gateway: gone here, and a new one from scratch (RFC 7296, section 2.25). It may
     * also have gone by a DELETE that met our request, or by a rekeying of the gateway's that was
     * over when it saw ours (section 2.8.1): then there is another one. */
    if (type == IKE_NOTIFY_CHILD_SA_NOT_FOUND && old != NULL)
        engine_child_gone(engine, old);
    engine->child_wanted = engine_current_child(engine) == NULL;
    if (type == IKE_NOTIFY_CHILD_SA_NOT_FOUND && !was_wanted)
        return TRANSITION_STAY;
    /* What was to be rekeyed has gone meanwhile: another one is no retry of that. */
    if (type == IKE_NOTIFY_TEMPORARY_FAILURE && old == NULL && !was_wanted && missing == 0)
        return TRANSITION_STAY;
    if (type == IKE_NOTIFY_TEMPORARY_FAILURE) {
        lifetime_temporary_failure(engine);
        sa->retry_at = engine_jittered(engine, IKE_RETRY_WAIT);
        return TRANSITION_STAY;
    }
    if (child_offer_other_way(engine, type)) {
        engine->child_wanted = was_wanted;
        return TRANSITION_STAY;
    }
    if (was_wanted || type == IKE_NOTIFY_INVALID_SYNTAX) {
        engine_close_with_delete(engine, IKE_CLOSE_PEER_DELETED,
                                 "the gateway took the tunnel away and gives no other: error %u "
                                 "(%s)",
                                 type, ike_notify_to_string(type));
        return TRANSITION_STAY;
    }
    /* The old keys still work for a while. */
    sa->retry_at = instant_after(engine->now, IKE_RETRY_WAIT);
    lifetime_ask_replace(engine, "the gateway refuses to rekey the tunnel");
    return TRANSITION_STAY;
}

static TransitionResult
refuse(IkeMessage *reply, uint16_t type)
{
    ike_message_add_notify(reply, type, NULL, 0);
    return TRANSITION_STAY;
}

/* Our choice from the offer. With a KE payload of a group that we would not choose: *wrong_group
 * names the one that we would. */
static bool
select_suite(IkeEngine *engine, const IkeProposalList *offered, const IkePayload *ke,
             IkeSuite *suite, uint16_t *wrong_group)
{
    const IkeProposalList *ours = engine->config->esp_proposals;
    g_autoptr(IkeProposalList) single = ike_proposal_list_without_additional(ours);
    *wrong_group = KE_NONE;
    if (ke != NULL && (ike_proposal_list_select(ours, offered, ke->ke.group, suite) ||
                       ike_proposal_list_select(single, offered, ke->ke.group, suite))) {
        if (suite->ke != KE_NONE && suite->ke != ke->ke.group)
            *wrong_group = suite->ke;
        return true;
    }
    g_autoptr(IkeProposalList) plain = ike_proposal_list_without_ke(ours);
    return ike_proposal_list_select(plain, offered, KE_NONE, suite);
}

/* What is narrowed for the gateway's request: its TSi is our remote side. */
static bool
narrow(IkeEngine *engine, const IkeMessage *message, GArray **local_ts, GArray **remote_ts)
{
    g_autoptr(GArray) local = proc_wanted_local_ts();
    g_autoptr(GArray) remote = proc_wanted_remote_ts(engine);
    *remote_ts = traffic_selectors_intersect(
        ike_message_find(message, IKE_PAYLOAD_TSI)->ts.selectors, remote, PAYLOAD_TS_MAX_SELECTORS);
    *local_ts = traffic_selectors_intersect(
        ike_message_find(message, IKE_PAYLOAD_TSR)->ts.selectors, local, PAYLOAD_TS_MAX_SELECTORS);
    return (*local_ts)->len > 0 && (*remote_ts)->len > 0;
}

static void
fill_reply(IkeMessage *reply, const ChildSaMaterial *material, const Kex *kex)
{
    const uint32_t spi = GUINT32_TO_BE(material->spi_in);
    g_autoptr(IkeProposalList) answer = ike_suite_to_answer(&material->suite, &spi, sizeof spi);
    ike_message_add_sa(reply, answer);
    ike_message_add_nonce(reply, material->nonce_r);
    if (kex != NULL) {
        g_autoptr(GBytes) public = kex_public(kex);
        ike_message_add_ke(reply, kex_group(kex), public);
    }
    ike_message_add_ts(reply, IKE_PAYLOAD_TSI, material->remote_ts);
    ike_message_add_ts(reply, IKE_PAYLOAD_TSR, material->local_ts);
    ike_message_add_notify(reply, IKE_NOTIFY_ESP_TFC_PADDING_NOT_SUPPORTED, NULL, 0);
}

/* Is a rekeying of ours under way for old? */
static bool
rekeys(const IkeSa *sa, const ChildSa *old)
{
    return sa->state == SA_REKEY_CHILD_LOCAL_CREATE && sa->exchange.old_child_spi == old->spi_in;
}

/* What the gateway asked for, in place of old (NULL: of nothing). One place is kept for what we may
 * be asking for ourselves. */
static bool
make_for_peer(IkeEngine *engine, const IkeSa *sa, ChildSa *old, const ChildSaMaterial *material)
{
    ChildSa *made = engine->children->len + 2 > CHILD_SA_MAX
                        ? NULL
                        : engine_install_child(engine, sa, material);
    if (made == NULL)
        return false;
    made->unconfirmed_on = sa->spi_i;
    if (old != NULL)
        engine_child_replaced(engine, old);
    return true;
}

/* old NULL: a Child SA from scratch. */
static TransitionResult
answer_rekey(IkeEngine *engine, IkeSa *sa, ChildSa *old, const IkeMessage *message,
             IkeMessage *reply)
{
    uint16_t wrong_group, groups[IKE_MAX_ADDITIONAL];
    g_autoptr(Kex) kex = NULL;
    g_autoptr(Secret) shared = NULL;
    g_autoptr(GArray) local_ts = NULL;
    g_autoptr(GArray) remote_ts = NULL;
    g_autoptr(GBytes) nonce = engine_random_bytes(engine, IKE_SA_NONCE_LENGTH);
    ChildSaMaterial material = { .nonce_r = nonce };
    if (!select_suite(engine, ike_message_find(message, IKE_PAYLOAD_SA)->sa.proposals,
                      ike_message_find(message, IKE_PAYLOAD_KE), &material.suite, &wrong_group))
        return refuse(reply, IKE_NOTIFY_NO_PROPOSAL_CHOSEN);
    if (wrong_group != KE_NONE) {
        const uint16_t group = GUINT16_TO_BE(wrong_group);
        ike_message_add_notify(reply, IKE_NOTIFY_INVALID_KE_PAYLOAD, &group, sizeof group);
        return TRANSITION_STAY;
    }
    if (!narrow(engine, message, &local_ts, &remote_ts))
        return refuse(reply, IKE_NOTIFY_TS_UNACCEPTABLE);
    if (material.suite.ke != KE_NONE)
        kex = kex_new(material.suite.ke, engine->rng, NULL);
    if (!read_spi(&material.suite, &material.spi_out) ||
        !derive_shared(kex, material.suite.ke, message, &shared, NULL))
        return TRANSITION_SYNTAX;
    material.shared = shared;
    material.spi_in = engine_random_child_spi(engine);
    material.nonce_i = ike_message_find(message, IKE_PAYLOAD_NONCE)->nonce.data;
    material.local_ts = local_ts;
    material.remote_ts = remote_ts;
    if (ike_suite_additional(&material.suite, groups) > 0) {
        uint32_t old_spi = old != NULL ? old->spi_in : 0;
        fill_reply(reply, &material, kex);
        proc_followup_expect(engine, &sa->peer_child,
                             ike_followup_new_child(&material, old_spi, g_steal_pointer(&shared)),
                             reply);
    } else if (make_for_peer(engine, sa, old, &material))
        fill_reply(reply, &material, kex);
    else
        return refuse(reply, IKE_NOTIFY_TEMPORARY_FAILURE);
    if (old != NULL && rekeys(sa, old)) {
        g_clear_pointer(&sa->exchange.rival_nonce, g_bytes_unref);
        sa->exchange.rival_nonce = g_bytes_ref(nonce_lower(material.nonce_i, material.nonce_r));
        sa->exchange.rival_spi = material.spi_in;
    }
    return TRANSITION_STAY;
}

uint16_t
proc_rekey_child_peer_followed_up(IkeEngine *engine, IkeSa *sa, const IkeFollowup *chain)
{
    const ChildSaMaterial material = ike_followup_material(chain, false);
    ChildSa *old = engine_find_child(engine, chain->old_spi);
    if (chain->old_spi != 0 && (old == NULL || old->state != CHILD_SA_INSTALLED))
        return IKE_NOTIFY_STATE_NOT_FOUND;
    return make_for_peer(engine, sa, old, &material) ? 0 : IKE_NOTIFY_TEMPORARY_FAILURE;
}

/* <--  HDR, SK {N(REKEY_SA), SA, Ni, [KEi,] TSi, TSr}     HDR, SK {SA, Nr, [KEr,] TSi, TSr}  --> */
TransitionResult
proc_rekey_child_request(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    uint32_t spi;
    const PayloadNotify *rekeyed = ike_message_find_notify(message, IKE_NOTIFY_REKEY_SA);
    if (!payload_notify_child_spi(rekeyed, &spi))
        return TRANSITION_SYNTAX;
    ChildSa *old = engine_find_child_by_peer(engine, spi);
    if (old == NULL) {
        ike_message_add_notify_child(reply, IKE_NOTIFY_CHILD_SA_NOT_FOUND, spi);
        return TRANSITION_STAY;
    }
    /* One that is going, or an IKE SA that is being rekeyed (RFC 7296, sections 2.25.1 and 2.25.2),
     * or one with whose rekeying we are further on than the gateway knows (RFC 9370, section
     * 2.2.4). One that we have just begun to rekey is rekeyed all the same: settle() tidies up. */
    if (ike_sa_is_rekeyed(sa) || old->state != CHILD_SA_INSTALLED || engine->want_close ||
        (sa->state == SA_REKEY_CHILD_LOCAL_FOLLOWUP && sa->exchange.old_child_spi == old->spi_in))
        return refuse(reply, IKE_NOTIFY_TEMPORARY_FAILURE);
    return answer_rekey(engine, sa, old, message, reply);
}

/* For what we want and do not have (RFC 7296, section 1.3.1); nothing beside that. */
TransitionResult
proc_new_child_request(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    if (ike_sa_is_rekeyed(sa) || engine->want_close)
        return refuse(reply, IKE_NOTIFY_TEMPORARY_FAILURE);
    if (!coverage_wants(engine, ike_message_find(message, IKE_PAYLOAD_TSI)->ts.selectors))
        return refuse(reply, IKE_NOTIFY_NO_ADDITIONAL_SAS);
    return answer_rekey(engine, sa, NULL, message, reply);
}

/* This IKE SA is about to go (RFC 7296, section 2.25). */
TransitionResult
proc_child_not_now(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    return refuse(reply, IKE_NOTIFY_TEMPORARY_FAILURE);
}
