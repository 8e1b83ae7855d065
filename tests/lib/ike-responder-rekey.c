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

static ChildSa *
find_own(ResponderSa *sa, uint32_t spi_in)
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
    ChildSa *child = find_own(sa, sa->ike->exchange.old_child_spi);
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
        sa->state == RESPONDER_GOING) {
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
    old->state = CHILD_SA_REKEYED;
    if (both)
        note_rival(sa, lower(nonce_of(request), nonce_r), newest_child(sa)->spi_in);
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

static ChildSa *
make_child(IkeResponder *responder, ResponderSa *sa, const IkeMessage *response)
{
    IkeExchange *exchange = &sa->ike->exchange;
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) shared = NULL;
    ChildSaMaterial material = {
        .spi_in = exchange->child_spi,
        .we_initiated = true,
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
        material.shared = shared = derive(exchange->kex, response);
    responder_add_child(responder, sa, &material);
    return find_own(sa, exchange->child_spi);
}

void
responder_finish_rekey_child(IkeResponder *responder, ResponderSa *sa, const IkeMessage *response)
{
    IkeExchange *exchange = &sa->ike->exchange;
    if (response == NULL)
        return;
    ChildSa *made = make_child(responder, sa, response);
    ChildSa *old = find_own(sa, exchange->old_child_spi);
    ChildSa *rival = find_own(sa, (uint32_t)exchange->rival_spi);
    GBytes *own = lower(exchange->nonce, nonce_of(response));
    if (rival != NULL && exchange->rival_nonce != NULL && lower(own, exchange->rival_nonce) == own)
        delete_child(responder, sa, made);
    else if (old != NULL)
        delete_child(responder, sa, old);
}

/* --- IKE SAs --- */

static bool
read_u64_spi(const IkeSuite *suite, uint64_t *spi)
{
    ByteReader reader = byte_reader(suite->spi, suite->spi_length);
    return byte_reader_u64(&reader, spi);
}

static ResponderSa *
make_successor(IkeResponder *responder, ResponderSa *old, const IkeSuite *suite,
               const IkeKeySeed *seed, const Secret *shared, bool initiator)
{
    g_auto(IkeKeys) keys = { 0 };
    ResponderSa *sa = responder_sa_new(responder, seed->spi_i, seed->spi_r, initiator);
    bool ok = ike_keys_derive_rekeyed(suite, old->ike->suite.prf, old->ike->keys.d, shared, seed,
                                      &keys) &&
              ike_sa_set_keys(sa->ike, suite, &keys, responder->rng);
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
    const IkePayload *ke = ike_message_find(request, IKE_PAYLOAD_KE);
    bool both = sa->asks == RESPONDER_ASKS_REKEY_IKE && sa->ike->exchange.rival_nonce == NULL;
    if (sa->state == RESPONDER_GOING ||
        (!both && sa->asks != RESPONDER_ASKS_NOTHING && sa->asks != RESPONDER_ASKS_ANYTHING)) {
        refuse(reply, IKE_NOTIFY_TEMPORARY_FAILURE);
        return;
    }
    g_autoptr(GBytes) nonce_r = responder_nonce(responder);
    IkeKeySeed seed = { .nonce_i = nonce_of(request),
                        .nonce_r = nonce_r,
                        .spi_r = responder_u64(responder) };
    if (!ike_proposal_list_select(responder->config->ike_proposals,
                                  ike_message_find(request, IKE_PAYLOAD_SA)->sa.proposals,
                                  ke->ke.group, &suite) ||
        suite.ke != ke->ke.group || !read_u64_spi(&suite, &seed.spi_i)) {
        refuse(reply, IKE_NOTIFY_NO_PROPOSAL_CHOSEN);
        return;
    }
    g_autoptr(Kex) kex = kex_new(suite.ke, responder->rng, NULL);
    g_autoptr(Secret) shared = derive(kex, request);
    const uint64_t spi = GUINT64_TO_BE(seed.spi_r);
    g_autoptr(IkeProposalList) answer = ike_suite_to_answer(&suite, &spi, sizeof spi);
    g_autoptr(GBytes) public = kex_public(kex);
    ike_message_add_sa(reply, answer);
    ike_message_add_nonce(reply, nonce_r);
    ike_message_add_ke(reply, suite.ke, public);
    responder_add_token(responder, reply);
    ResponderSa *successor = make_successor(responder, sa, &suite, &seed, shared, false);
    if (both)
        note_rival(sa, lower(seed.nonce_i, nonce_r), seed.spi_i);
    else
        inherit(sa, successor);
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
    IkeKeySeed seed = { .nonce_i = exchange->nonce,
                        .nonce_r = nonce_of(response),
                        .spi_i = exchange->ike_spi };
    bool ok = read_u64_spi(&suite, &seed.spi_r);
    g_assert(ok);
    g_autoptr(Secret) shared = derive(exchange->kex, response);
    ResponderSa *successor = make_successor(responder, sa, &suite, &seed, shared, true);
    GBytes *own = lower(seed.nonce_i, seed.nonce_r);
    if (find_rival(responder, sa) != NULL && lower(own, exchange->rival_nonce) == own) {
        responder_yield(responder, sa);
        responder_sa_delete(responder, successor);
        return;
    }
    inherit(sa, successor);
    sa->redundant_spi = exchange->rival_nonce != NULL ? exchange->rival_spi : 0;
    ike_exchange_clear(exchange);
    responder_sa_delete(responder, sa);
}
