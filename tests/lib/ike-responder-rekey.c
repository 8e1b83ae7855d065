/*
 * Rekeying by and of the test responder, with the collisions of RFC 7296, sections 2.8.1, 2.8.2 and
 * 2.25, and the deletion of its Child SAs.
 */
#include "ike-responder-private.h"

#include "crypto/algorithms.h"

static GBytes *
lower(GBytes *a, GBytes *b)
{
    return g_bytes_compare(a, b) <= 0 ? a : b;
}

static Secret *
derive(Kex *kex, const IkeMessage *message)
{
    const IkePayload *ke = ike_message_find(message, IKE_PAYLOAD_KE);
    gsize length;
    const uint8_t *peer = g_bytes_get_data(ke->ke.data, &length);
    return kex_derive(kex, peer, length, NULL);
}

static GBytes *
nonce_of(const IkeMessage *message)
{
    return ike_message_find(message, IKE_PAYLOAD_NONCE)->nonce.data;
}

static void
refuse(IkeMessage *reply, uint16_t type)
{
    ike_message_add_notify(reply, type, NULL, 0);
}

static void
note_rival(ResponderSa *sa, GBytes *nonce, uint64_t spi)
{
    g_clear_pointer(&sa->ike->exchange.rival_nonce, g_bytes_unref);
    sa->ike->exchange.rival_nonce = g_bytes_ref(nonce);
    sa->ike->exchange.rival_spi = spi;
}

/* --- Child SAs --- */

ChildSa *
responder_find_child(ResponderSa *sa, uint32_t spi_out)
{
    for (guint i = 0; i < sa->children->len; i++) {
        ChildSa *child = g_ptr_array_index(sa->children, i);
        if (child->spi_out == spi_out)
            return child;
    }
    return NULL;
}

ChildSa *
responder_find_own_child(ResponderSa *sa, uint32_t spi_in)
{
    for (guint i = 0; i < sa->children->len; i++) {
        ChildSa *child = g_ptr_array_index(sa->children, i);
        if (child->spi_in == spi_in)
            return child;
    }
    return NULL;
}

/* The newest that is in use. */
static ChildSa *
newest_child(ResponderSa *sa)
{
    for (guint i = sa->children->len; i > 0; i--) {
        ChildSa *child = g_ptr_array_index(sa->children, i - 1);
        if (child->state == CHILD_SA_INSTALLED)
            return child;
    }
    return NULL;
}

static void
delete_child(IkeResponder *responder, ResponderSa *sa, ChildSa *child)
{
    g_autoptr(IkeMessage) request = ike_sa_new_request(sa->ike, IKE_EXCHANGE_INFORMATIONAL);
    ike_message_add_delete_children(request, &child->spi_in, 1);
    ike_exchange_clear(&sa->ike->exchange);
    sa->ike->exchange.old_child_spi = child->spi_in;
    child->state = CHILD_SA_DELETING;
    child->delete_sent = true;
    responder_retire_child(responder, sa, child);
    responder_send_request(responder, sa, request, RESPONDER_ASKS_DELETE_CHILD);
}

void
responder_finish_delete_child(IkeResponder *responder, ResponderSa *sa)
{
    ChildSa *child = responder_find_own_child(sa, sa->ike->exchange.old_child_spi);
    if (child != NULL)
        responder_remove_child(responder, sa, child);
}

void
responder_sa_delete_child(IkeResponder *responder, ResponderSa *sa)
{
    ChildSa *child = newest_child(sa);
    if (child != NULL)
        delete_child(responder, sa, child);
}

void
responder_answer_rekey_child(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request,
                             IkeMessage *reply)
{
    uint32_t spi = 0;
    uint16_t error_type;
    const PayloadNotify *notify = ike_message_find_notify(request, IKE_NOTIFY_REKEY_SA);
    bool readable = payload_notify_child_spi(notify, &spi);
    g_assert_true(readable);
    ChildSa *old = responder_find_child(sa, spi);
    g_autoptr(GBytes) nonce_r = responder_nonce(responder);
    if (old == NULL) {
        ike_message_add_notify_child(reply, IKE_NOTIFY_CHILD_SA_NOT_FOUND, spi);
        return;
    }
    if (old->state != CHILD_SA_INSTALLED || sa->asks == RESPONDER_ASKS_REKEY_IKE ||
        sa->asks == RESPONDER_ASKS_FOLLOWUP_IKE || sa->state == RESPONDER_GOING ||
        (sa->asks == RESPONDER_ASKS_FOLLOWUP_CHILD &&
         sa->ike->exchange.old_child_spi == old->spi_in)) {
        refuse(reply, IKE_NOTIFY_TEMPORARY_FAILURE);
        return;
    }
    bool both =
        sa->asks == RESPONDER_ASKS_REKEY_CHILD && sa->ike->exchange.old_child_spi == old->spi_in;
    if (!responder_answer_child(responder, sa, request, reply, nonce_of(request), nonce_r,
                                &error_type)) {
        refuse(reply, error_type);
        return;
    }
    IkeFollowup *chain = sa->ike->peer_child;
    bool follows = ike_message_find_notify(reply, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE) != NULL;
    if (follows)
        chain->old_spi = old->spi_in;
    else
        old->state = CHILD_SA_REKEYED;
    if (both)
        note_rival(sa, lower(nonce_of(request), nonce_r),
                   follows ? chain->spi_in : newest_child(sa)->spi_in);
}

static void
ask_child(IkeResponder *responder, ResponderSa *sa, ChildSa *old, ResponderAsks asks)
{
    IkeExchange *exchange = &sa->ike->exchange;
    ChildSa *model = newest_child(sa);
    ike_exchange_clear(exchange);
    exchange->child_spi = responder_child_spi(responder);
    exchange->old_child_spi = old != NULL ? old->spi_in : 0;
    exchange->nonce = responder_nonce(responder);
    const uint32_t spi = GUINT32_TO_BE(exchange->child_spi);
    exchange->offered =
        ike_proposal_list_with_spi(responder->config->esp_proposals, &spi, sizeof spi);
    uint16_t group = ike_proposal_list_first_ke(exchange->offered);
    g_autoptr(IkeMessage) request = ike_sa_new_request(sa->ike, IKE_EXCHANGE_CREATE_CHILD_SA);
    if (old != NULL)
        ike_message_add_notify_child(request, IKE_NOTIFY_REKEY_SA, old->spi_in);
    ike_message_add_sa(request, exchange->offered);
    ike_message_add_nonce(request, exchange->nonce);
    if (group != KE_NONE) {
        exchange->kex = kex_new(group, responder->rng, NULL);
        g_autoptr(GBytes) public = kex_public(exchange->kex);
        ike_message_add_ke(request, group, public);
    }
    ike_message_add_ts(request, IKE_PAYLOAD_TSI, model->local_ts);
    ike_message_add_ts(request, IKE_PAYLOAD_TSR, model->remote_ts);
    responder_send_request(responder, sa, request, asks);
}

void
responder_sa_rekey_child(IkeResponder *responder, ResponderSa *sa)
{
    ChildSa *old = newest_child(sa);
    if (old != NULL)
        ask_child(responder, sa, old, RESPONDER_ASKS_REKEY_CHILD);
}

void
responder_sa_new_child(IkeResponder *responder, ResponderSa *sa)
{
    ask_child(responder, sa, NULL, RESPONDER_ASKS_NEW_CHILD);
}

static bool
rival_is_under_way(const IkeExchange *exchange, const IkeFollowup *chain, uint64_t spi)
{
    return exchange->rival_nonce != NULL && chain != NULL && spi == exchange->rival_spi;
}

static IkeFollowup *
agree_on_child(ResponderSa *sa, const IkeMessage *response)
{
    IkeExchange *exchange = &sa->ike->exchange;
    g_autoptr(GError) error = NULL;
    Secret *shared = NULL;
    ChildSaMaterial material = {
        .spi_in = exchange->child_spi,
        .nonce_i = exchange->nonce,
        .nonce_r = nonce_of(response),
        .local_ts = ike_message_find(response, IKE_PAYLOAD_TSI)->ts.selectors,
        .remote_ts = ike_message_find(response, IKE_PAYLOAD_TSR)->ts.selectors,
    };
    ike_proposal_list_accept(exchange->offered,
                             ike_message_find(response, IKE_PAYLOAD_SA)->sa.proposals,
                             &material.suite, &error);
    g_assert_no_error(error);
    bool ok = responder_read_child_spi(&material.suite, &material.spi_out);
    g_assert(ok);
    if (material.suite.ke != KE_NONE)
        shared = derive(exchange->kex, response);
    return ike_followup_new_child(&material, exchange->old_child_spi, shared);
}

/* Its own exchange has the lowest nonce, and what the client makes is there or to come. */
static bool
loses_child(ResponderSa *sa, const IkeFollowup *own)
{
    IkeExchange *exchange = &sa->ike->exchange;
    const IkeFollowup *chain = sa->ike->peer_child;
    bool there = responder_find_own_child(sa, (uint32_t)exchange->rival_spi) != NULL ||
                 rival_is_under_way(exchange, chain, chain != NULL ? chain->spi_in : 0);
    GBytes *lowest = lower(own->nonce_i, own->nonce_r);
    return there && exchange->rival_nonce != NULL && lower(lowest, exchange->rival_nonce) == lowest;
}

static void
drop_rival_child(ResponderSa *sa)
{
    IkeFollowup *chain = sa->ike->peer_child;
    if (rival_is_under_way(&sa->ike->exchange, chain, chain != NULL ? chain->spi_in : 0))
        g_clear_pointer(&sa->ike->peer_child, ike_followup_free);
}

static void
finish_child(IkeResponder *responder, ResponderSa *sa, const IkeFollowup *chain)
{
    const ChildSaMaterial material = ike_followup_material(chain, true);
    responder_add_child(responder, sa, &material);
    ChildSa *made = responder_find_own_child(sa, chain->spi_in);
    ChildSa *old = responder_find_own_child(sa, chain->old_spi);
    if (loses_child(sa, chain)) {
        delete_child(responder, sa, made);
        return;
    }
    drop_rival_child(sa);
    if (old != NULL)
        delete_child(responder, sa, old);
}

void
responder_finish_rekey_child(IkeResponder *responder, ResponderSa *sa, const IkeMessage *response)
{
    if (response == NULL)
        return;
    g_autoptr(IkeFollowup) chain = agree_on_child(sa, response);
    if (ike_followup_next(chain) == KE_NONE)
        finish_child(responder, sa, chain);
    else if (loses_child(sa, chain))
        ike_exchange_clear(&sa->ike->exchange);
    else {
        drop_rival_child(sa);
        responder_start_followup(responder, sa, g_steal_pointer(&chain), response,
                                 RESPONDER_ASKS_FOLLOWUP_CHILD);
    }
}

/* --- IKE SAs --- */

static bool
read_u64_spi(const IkeSuite *suite, uint64_t *spi)
{
    ByteReader reader = byte_reader(suite->spi, suite->spi_length);
    return byte_reader_u64(&reader, spi);
}

static ResponderSa *
make_successor(IkeResponder *responder, ResponderSa *old, const IkeFollowup *chain, bool initiator)
{
    g_auto(IkeKeys) keys = { 0 };
    const IkeKeySeed seed = { chain->nonce_i, chain->nonce_r, chain->spi_i, chain->spi_r,
                              chain->secrets };
    ResponderSa *sa = responder_sa_new(responder, chain->spi_i, chain->spi_r, initiator);
    bool ok = ike_keys_derive_rekeyed(&chain->suite, old->ike->suite.prf, old->ike->keys.d,
                                      chain->shared, &seed, &keys) &&
              ike_sa_set_keys(sa->ike, &chain->suite, &keys, responder->rng);
    g_assert(ok);
    sa->ike->fragmentation = old->ike->fragmentation;
    sa->path = old->path;
    sa->state = RESPONDER_GOING; /* until it inherits */
    return sa;
}

/* The Child SAs go over (RFC 7296, section 2.8). */
static void
inherit(ResponderSa *old, ResponderSa *sa)
{
    GPtrArray *children = sa->children;
    sa->children = old->children;
    old->children = children;
    sa->state = RESPONDER_UP;
    old->state = RESPONDER_GOING;
}

static ResponderSa *
find_rival(IkeResponder *responder, const ResponderSa *sa)
{
    const IkeExchange *exchange = &sa->ike->exchange;
    for (guint i = 0; exchange->rival_nonce != NULL && i < responder->sas->len; i++) {
        ResponderSa *rival = g_ptr_array_index(responder->sas, i);
        if (rival->ike->spi_i == exchange->rival_spi && rival->ike->state != SA_CLOSED)
            return rival;
    }
    return NULL;
}

void
responder_yield(IkeResponder *responder, ResponderSa *sa)
{
    ResponderSa *rival = find_rival(responder, sa);
    if (rival == NULL)
        return;
    inherit(sa, rival);
    ike_exchange_clear(&sa->ike->exchange);
}

void
responder_succeed(IkeResponder *responder, ResponderSa *sa, const IkeFollowup *chain)
{
    ResponderSa *successor = make_successor(responder, sa, chain, false);
    if (sa->asks != RESPONDER_ASKS_REKEY_IKE)
        inherit(sa, successor);
    else /* it inherits when the client has refused ours */
        note_rival(sa, lower(chain->nonce_i, chain->nonce_r), chain->spi_i);
}

void
responder_drop_redundant(IkeResponder *responder, ResponderSa *sa)
{
    for (guint i = 0; i < responder->sas->len; i++) {
        ResponderSa *other = g_ptr_array_index(responder->sas, i);
        if (other->ike->spi_i == sa->redundant_spi && other->state == RESPONDER_GOING)
            other->ike->state = SA_CLOSED;
    }
}

void
responder_answer_rekey_ike(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request,
                           IkeMessage *reply)
{
    IkeSuite suite;
    uint64_t spi_i;
    const IkePayload *ke = ike_message_find(request, IKE_PAYLOAD_KE);
    bool both = sa->asks == RESPONDER_ASKS_REKEY_IKE && sa->ike->exchange.rival_nonce == NULL;
    if (sa->state == RESPONDER_GOING ||
        (!both && sa->asks != RESPONDER_ASKS_NOTHING && sa->asks != RESPONDER_ASKS_ANYTHING)) {
        refuse(reply, IKE_NOTIFY_TEMPORARY_FAILURE);
        return;
    }
    if (!ike_proposal_list_select(responder->config->ike_proposals,
                                  ike_message_find(request, IKE_PAYLOAD_SA)->sa.proposals,
                                  ke->ke.group, &suite) ||
        suite.ke != ke->ke.group || !read_u64_spi(&suite, &spi_i)) {
        refuse(reply, IKE_NOTIFY_NO_PROPOSAL_CHOSEN);
        return;
    }
    g_autoptr(GBytes) nonce_r = responder_nonce(responder);
    g_autoptr(Kex) kex = kex_new(suite.ke, responder->rng, NULL);
    g_autoptr(IkeFollowup) chain =
        ike_followup_new(&suite, nonce_of(request), nonce_r, derive(kex, request));
    chain->spi_i = spi_i;
    chain->spi_r = responder_u64(responder);
    const uint64_t spi = GUINT64_TO_BE(chain->spi_r);
    g_autoptr(IkeProposalList) answer = ike_suite_to_answer(&suite, &spi, sizeof spi);
    g_autoptr(GBytes) public = kex_public(kex);
    ike_message_add_sa(reply, answer);
    ike_message_add_nonce(reply, nonce_r);
    ike_message_add_ke(reply, suite.ke, public);
    responder_add_token(responder, reply);
    if (both)
        note_rival(sa, lower(chain->nonce_i, nonce_r), chain->spi_i);
    if (ike_followup_next(chain) == KE_NONE)
        responder_succeed(responder, sa, chain);
    else
        responder_expect_followup(responder, &sa->ike->peer_ike, g_steal_pointer(&chain), reply);
}

void
responder_sa_rekey_ike(IkeResponder *responder, ResponderSa *sa)
{
    IkeExchange *exchange = &sa->ike->exchange;
    ike_exchange_clear(exchange);
    exchange->ike_spi = responder_u64(responder);
    exchange->nonce = responder_nonce(responder);
    const uint64_t spi = GUINT64_TO_BE(exchange->ike_spi);
    exchange->offered =
        ike_proposal_list_with_spi(responder->config->ike_proposals, &spi, sizeof spi);
    exchange->kex = kex_new(sa->ike->suite.ke, responder->rng, NULL);
    g_autoptr(GBytes) public = kex_public(exchange->kex);
    g_autoptr(IkeMessage) request = ike_sa_new_request(sa->ike, IKE_EXCHANGE_CREATE_CHILD_SA);
    ike_message_add_sa(request, exchange->offered);
    ike_message_add_nonce(request, exchange->nonce);
    ike_message_add_ke(request, kex_group(exchange->kex), public);
    responder_send_request(responder, sa, request, RESPONDER_ASKS_REKEY_IKE);
}

static bool
rival_ike_is_under_way(const ResponderSa *sa)
{
    const IkeFollowup *chain = sa->ike->peer_ike;
    return rival_is_under_way(&sa->ike->exchange, chain, chain != NULL ? chain->spi_i : 0);
}

static bool
loses_ike(IkeResponder *responder, const ResponderSa *sa, const IkeFollowup *own)
{
    GBytes *lowest = lower(own->nonce_i, own->nonce_r);
    return (find_rival(responder, sa) != NULL || rival_ike_is_under_way(sa)) &&
           lower(lowest, sa->ike->exchange.rival_nonce) == lowest;
}

/* Its own ends, the client's goes on. */
static void
stop_ike(IkeResponder *responder, ResponderSa *sa)
{
    responder_yield(responder, sa);
    ike_exchange_clear(&sa->ike->exchange);
}

static void
finish_ike(IkeResponder *responder, ResponderSa *sa, const IkeFollowup *chain)
{
    IkeExchange *exchange = &sa->ike->exchange;
    ResponderSa *successor = make_successor(responder, sa, chain, true);
    if (loses_ike(responder, sa, chain)) {
        stop_ike(responder, sa);
        responder_sa_delete(responder, successor);
        return;
    }
    if (rival_ike_is_under_way(sa))
        g_clear_pointer(&sa->ike->peer_ike, ike_followup_free);
    inherit(sa, successor);
    sa->redundant_spi = exchange->rival_nonce != NULL ? exchange->rival_spi : 0;
    ike_exchange_clear(exchange);
    responder_sa_delete(responder, sa);
}

void
responder_finish_rekey_ike(IkeResponder *responder, ResponderSa *sa, const IkeMessage *response)
{
    IkeExchange *exchange = &sa->ike->exchange;
    g_autoptr(GError) error = NULL;
    IkeSuite suite;
    ike_proposal_list_accept(exchange->offered,
                             ike_message_find(response, IKE_PAYLOAD_SA)->sa.proposals, &suite,
                             &error);
    g_assert_no_error(error);
    g_autoptr(IkeFollowup) chain = ike_followup_new(&suite, exchange->nonce, nonce_of(response),
                                                    derive(exchange->kex, response));
    chain->spi_i = exchange->ike_spi;
    bool ok = read_u64_spi(&suite, &chain->spi_r);
    g_assert(ok);
    if (ike_followup_next(chain) == KE_NONE)
        finish_ike(responder, sa, chain);
    else if (loses_ike(responder, sa, chain))
        stop_ike(responder, sa);
    else {
        if (rival_ike_is_under_way(sa))
            g_clear_pointer(&sa->ike->peer_ike, ike_followup_free);
        responder_start_followup(responder, sa, g_steal_pointer(&chain), response,
                                 RESPONDER_ASKS_FOLLOWUP_IKE);
    }
}

void
responder_finish_followup(IkeResponder *responder, ResponderSa *sa, const IkeMessage *response,
                          ResponderAsks asks)
{
    if (response == NULL) {
        stop_ike(responder, sa);
        return;
    }
    if (responder_go_on(responder, sa, response, asks))
        return;
    g_autoptr(IkeFollowup) chain = g_steal_pointer(&sa->ike->exchange.chain);
    if (asks == RESPONDER_ASKS_FOLLOWUP_CHILD)
        finish_child(responder, sa, chain);
    else
        finish_ike(responder, sa, chain);
}
