/* After the first two exchanges: what the test responder asks, and how it answers. */
#include "ike-responder-private.h"

#include "crypto/algorithms.h"

/* --- Child SAs --- */

static bool
read_u32_spi(const IkeSuite *suite, uint32_t *spi)
{
    ByteReader reader = byte_reader(suite->spi, suite->spi_length);
    return byte_reader_u32(&reader, spi);
}

static bool
select_child(IkeResponder *responder, const IkeMessage *request, IkeSuite *suite)
{
    const IkePayload *ke = ike_message_find(request, IKE_PAYLOAD_KE);
    const IkeProposalList *offered = ike_message_find(request, IKE_PAYLOAD_SA)->sa.proposals;
    const IkeProposalList *ours = responder->config->esp_proposals;
    if (ke != NULL && ike_proposal_list_select(ours, offered, ke->ke.group, suite))
        return true;
    g_autoptr(IkeProposalList) plain = ike_proposal_list_without_ke(ours);
    return ike_proposal_list_select(plain, offered, KE_NONE, suite);
}

bool
responder_answer_child(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request,
                       IkeMessage *reply, GBytes *nonce_i, GBytes *nonce_r, uint16_t *error_type)
{
    g_autoptr(GArray) own = responder_local_ts(responder);
    const GArray *tsi = ike_message_find(request, IKE_PAYLOAD_TSI)->ts.selectors;
    const GArray *tsr = ike_message_find(request, IKE_PAYLOAD_TSR)->ts.selectors;
    g_autoptr(GArray) narrowed = responder->faults.wider_selectors
                                     ? responder_local_ts(responder)
                                     : traffic_selectors_intersect(own, tsr, 64);
    g_autoptr(Kex) kex = NULL;
    g_autoptr(Secret) shared = NULL;
    const IkePayload *ke = ike_message_find(request, IKE_PAYLOAD_KE);
    ChildSaMaterial material = {
        .nonce_i = nonce_i, .nonce_r = nonce_r, .remote_ts = (GArray *)tsi, .local_ts = narrowed
    };
    *error_type = IKE_NOTIFY_NO_PROPOSAL_CHOSEN;
    if (!select_child(responder, request, &material.suite) ||
        !read_u32_spi(&material.suite, &material.spi_out))
        return false;
    *error_type = IKE_NOTIFY_TS_UNACCEPTABLE;
    if (narrowed->len == 0)
        return false;
    if (material.suite.ke != KE_NONE) {
        gsize length;
        const uint8_t *peer = g_bytes_get_data(ke->ke.data, &length);
        kex = kex_new(material.suite.ke, responder->rng, NULL);
        shared = kex_derive(kex, peer, length, NULL);
        material.shared = shared;
    }
    material.spi_in = responder_child_spi(responder);
    const uint32_t spi = GUINT32_TO_BE(material.spi_in);
    g_autoptr(IkeProposalList) answer = ike_suite_to_answer(&material.suite, &spi, sizeof spi);
    ike_message_add_sa(reply, answer);
    if (request->header.exchange == IKE_EXCHANGE_CREATE_CHILD_SA)
        ike_message_add_nonce(reply, nonce_r);
    if (kex != NULL) {
        g_autoptr(GBytes) public = kex_public(kex);
        ike_message_add_ke(reply, kex_group(kex), public);
    }
    ike_message_add_ts(reply, IKE_PAYLOAD_TSI, tsi);
    ike_message_add_ts(reply, IKE_PAYLOAD_TSR, narrowed);
    responder_add_child(responder, sa, &material);
    return true;
}

static ChildSa *
find_child(ResponderSa *sa, uint32_t spi_out)
{
    for (guint i = 0; i < sa->children->len; i++) {
        ChildSa *child = g_ptr_array_index(sa->children, i);
        if (child->spi_out == spi_out)
            return child;
    }
    return NULL;
}

static ChildSa *
newest_child(ResponderSa *sa)
{
    g_assert_cmpuint(sa->children->len, >, 0);
    return g_ptr_array_index(sa->children, sa->children->len - 1);
}

/* --- IKE SAs --- */

static bool
read_u64_spi(const IkeSuite *suite, uint64_t *spi)
{
    ByteReader reader = byte_reader(suite->spi, suite->spi_length);
    return byte_reader_u64(&reader, spi);
}

/* The successor of old, with its Child SAs. */
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
    sa->state = RESPONDER_UP;
    old->state = RESPONDER_GOING;
    GPtrArray *children = sa->children;
    sa->children = old->children;
    old->children = children;
    return sa;
}

static Secret *
derive(Kex *kex, const IkeMessage *message)
{
    const IkePayload *ke = ike_message_find(message, IKE_PAYLOAD_KE);
    gsize length;
    const uint8_t *peer = g_bytes_get_data(ke->ke.data, &length);
    return kex_derive(kex, peer, length, NULL);
}

static void
answer_rekey_ike(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request,
                 IkeMessage *reply)
{
    IkeSuite suite;
    const IkePayload *ke = ike_message_find(request, IKE_PAYLOAD_KE);
    g_autoptr(GBytes) nonce_r = responder_nonce(responder);
    IkeKeySeed seed = { .nonce_i = ike_message_find(request, IKE_PAYLOAD_NONCE)->nonce.data,
                        .nonce_r = nonce_r,
                        .spi_r = responder_u64(responder) };
    if (!ike_proposal_list_select(responder->config->ike_proposals,
                                  ike_message_find(request, IKE_PAYLOAD_SA)->sa.proposals,
                                  ke->ke.group, &suite) ||
        suite.ke != ke->ke.group || !read_u64_spi(&suite, &seed.spi_i)) {
        ike_message_add_notify(reply, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, NULL, 0);
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
    make_successor(responder, sa, &suite, &seed, shared, false);
}

static bool
refuse_by_fault(IkeResponder *responder, const IkeMessage *request, IkeMessage *reply)
{
    const ResponderFaults *faults = &responder->faults;
    const IkePayload *ke = ike_message_find(request, IKE_PAYLOAD_KE);
    if (faults->create_child_error != 0) {
        ike_message_add_notify(reply, faults->create_child_error, NULL, 0);
        return true;
    }
    if (faults->create_child_group != 0 && ke != NULL &&
        ke->ke.group != faults->create_child_group) {
        const uint16_t group = GUINT16_TO_BE(faults->create_child_group);
        ike_message_add_notify(reply, IKE_NOTIFY_INVALID_KE_PAYLOAD, &group, sizeof group);
        return true;
    }
    return false;
}

void
responder_handle_create_child(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request)
{
    uint16_t error_type = 0;
    IkeMessageShape shape = ike_message_shape(request, NULL);
    g_autoptr(GBytes) nonce_r = responder_nonce(responder);
    g_autoptr(IkeMessage) reply =
        ike_sa_new_response(sa->ike, request->header.exchange, request->header.message_id);
    if (!refuse_by_fault(responder, request, reply)) {
        if (shape == IKE_SHAPE_REKEY_IKE)
            answer_rekey_ike(responder, sa, request, reply);
        else if (shape != IKE_SHAPE_CHILD)
            ike_message_add_notify(reply, IKE_NOTIFY_INVALID_SYNTAX, NULL, 0);
        else if (!responder_answer_child(responder, sa, request, reply,
                                         ike_message_find(request, IKE_PAYLOAD_NONCE)->nonce.data,
                                         nonce_r, &error_type))
            ike_message_add_notify(reply, error_type, NULL, 0);
    }
    responder_send_response(responder, sa, reply);
}

static void
close_sa(IkeResponder *responder, ResponderSa *sa)
{
    while (sa->children->len > 0)
        responder_remove_child(responder, sa, newest_child(sa));
    sa->ike->state = SA_CLOSED; /* swept when the datagram is done with */
    sa->state = RESPONDER_GOING;
}

void
responder_sa_forget(IkeResponder *responder, ResponderSa *sa)
{
    close_sa(responder, sa);
    g_ptr_array_remove(responder->sas, sa);
}

void
responder_handle_informational(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request)
{
    g_autoptr(IkeMessage) reply =
        ike_sa_new_response(sa->ike, request->header.exchange, request->header.message_id);
    bool ends = ike_message_find_notify(request, IKE_NOTIFY_AUTHENTICATION_FAILED) != NULL;
    if (responder->faults.info_error != 0) {
        ike_message_add_notify(reply, responder->faults.info_error, NULL, 0);
        responder_send_response(responder, sa, reply);
        return;
    }
    const IkePayload *payload = NULL;
    while ((payload = ike_message_find_next(request, IKE_PAYLOAD_DELETE, payload)) != NULL) {
        ends |= payload->del.protocol == IKE_PROTOCOL_IKE;
        for (guint i = 0; i < payload->del.spis->len; i++) {
            ChildSa *child = find_child(sa, g_array_index(payload->del.spis, uint32_t, i));
            if (child == NULL)
                continue;
            ike_message_add_delete_children(reply, &child->spi_in, 1);
            responder_remove_child(responder, sa, child);
        }
    }
    responder_send_response(responder, sa, reply);
    if (ends)
        close_sa(responder, sa);
}

/* --- Asking --- */

void
responder_sa_liveness(IkeResponder *responder, ResponderSa *sa)
{
    g_autoptr(IkeMessage) request = ike_sa_new_request(sa->ike, IKE_EXCHANGE_INFORMATIONAL);
    responder_send_request(responder, sa, request, RESPONDER_ASKS_ANYTHING);
}

void
responder_sa_delete(IkeResponder *responder, ResponderSa *sa)
{
    g_autoptr(IkeMessage) request = ike_sa_new_request(sa->ike, IKE_EXCHANGE_INFORMATIONAL);
    ike_message_add_delete_ike(request);
    responder_send_request(responder, sa, request, RESPONDER_ASKS_DELETE);
}

static void
delete_child(IkeResponder *responder, ResponderSa *sa, ChildSa *child)
{
    g_autoptr(IkeMessage) request = ike_sa_new_request(sa->ike, IKE_EXCHANGE_INFORMATIONAL);
    ike_message_add_delete_children(request, &child->spi_in, 1);
    responder_send_request(responder, sa, request, RESPONDER_ASKS_ANYTHING);
    responder_remove_child(responder, sa, child);
}

void
responder_sa_delete_child(IkeResponder *responder, ResponderSa *sa)
{
    delete_child(responder, sa, newest_child(sa));
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
    ask_child(responder, sa, newest_child(sa), RESPONDER_ASKS_REKEY_CHILD);
}

void
responder_sa_new_child(IkeResponder *responder, ResponderSa *sa)
{
    ask_child(responder, sa, NULL, RESPONDER_ASKS_ANYTHING);
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

static void
ask_raw(IkeResponder *responder, ResponderSa *sa, uint8_t exchange, uint8_t first,
        const uint8_t *plain, size_t length)
{
    g_autoptr(IkeMessage) request = ike_sa_new_request(sa->ike, exchange);
    GPtrArray *datagrams = responder_seal_raw(sa, &request->header, first, plain, length);
    window_sent(&sa->ike->window, datagrams);
    sa->asks = RESPONDER_ASKS_ANYTHING;
    responder_emit(responder, &sa->path, g_ptr_array_index(datagrams, 0), true);
}

void
responder_sa_unknown_payload(IkeResponder *responder, ResponderSa *sa, uint8_t exchange,
                             bool critical)
{
    const uint8_t plain[] = { 0, critical ? 0x80 : 0, 0, 8, 1, 2, 3, 4 };
    ask_raw(responder, sa, exchange != 0 ? exchange : IKE_EXCHANGE_INFORMATIONAL, 200, plain,
            sizeof plain);
}

void
responder_sa_malformed(IkeResponder *responder, ResponderSa *sa)
{
    const uint8_t plain[] = { 0, 0, 0, 99, 1, 2, 3, 4 };
    ask_raw(responder, sa, IKE_EXCHANGE_INFORMATIONAL, IKE_PAYLOAD_NOTIFY, plain, sizeof plain);
}

void
responder_sa_repeat(IkeResponder *responder, ResponderSa *sa)
{
    const GPtrArray *request = sa->ike->window.request;
    for (guint i = 0; request != NULL && i < request->len; i++)
        responder_emit(responder, &sa->path, g_ptr_array_index(request, i), true);
}

/* --- Answers to what we asked --- */

static void
finish_rekey_child(IkeResponder *responder, ResponderSa *sa, const IkeMessage *response)
{
    IkeExchange *exchange = &sa->ike->exchange;
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) shared = NULL;
    ChildSaMaterial material = {
        .spi_in = exchange->child_spi,
        .we_initiated = true,
        .nonce_i = exchange->nonce,
        .nonce_r = ike_message_find(response, IKE_PAYLOAD_NONCE)->nonce.data,
        .local_ts = ike_message_find(response, IKE_PAYLOAD_TSI)->ts.selectors,
        .remote_ts = ike_message_find(response, IKE_PAYLOAD_TSR)->ts.selectors,
    };
    ike_proposal_list_accept(exchange->offered,
                             ike_message_find(response, IKE_PAYLOAD_SA)->sa.proposals,
                             &material.suite, &error);
    g_assert_no_error(error);
    bool ok = read_u32_spi(&material.suite, &material.spi_out);
    g_assert(ok);
    if (material.suite.ke != KE_NONE)
        material.shared = shared = derive(exchange->kex, response);
    responder_add_child(responder, sa, &material);
    uint32_t old_spi = exchange->old_child_spi;
    for (guint i = 0; i < sa->children->len; i++) {
        ChildSa *child = g_ptr_array_index(sa->children, i);
        if (child->spi_in == old_spi) {
            delete_child(responder, sa, child);
            return;
        }
    }
}

static void
finish_rekey_ike(IkeResponder *responder, ResponderSa *sa, const IkeMessage *response)
{
    IkeExchange *exchange = &sa->ike->exchange;
    g_autoptr(GError) error = NULL;
    IkeSuite suite;
    ike_proposal_list_accept(exchange->offered,
                             ike_message_find(response, IKE_PAYLOAD_SA)->sa.proposals, &suite,
                             &error);
    g_assert_no_error(error);
    IkeKeySeed seed = { .nonce_i = exchange->nonce,
                        .nonce_r = ike_message_find(response, IKE_PAYLOAD_NONCE)->nonce.data,
                        .spi_i = exchange->ike_spi };
    bool ok = read_u64_spi(&suite, &seed.spi_r);
    g_assert(ok);
    g_autoptr(Secret) shared = derive(exchange->kex, response);
    make_successor(responder, sa, &suite, &seed, shared, true);
    responder_sa_delete(responder, sa);
}

void
responder_handle_response(IkeResponder *responder, ResponderSa *sa, const IkeMessage *response)
{
    ResponderAsks asks = sa->asks;
    const PayloadNotify *error = ike_message_find_error(response);
    sa->asks = RESPONDER_ASKS_NOTHING;
    responder->answered++;
    responder->last_error = error != NULL ? error->type : 0;
    if (asks == RESPONDER_ASKS_DELETE)
        close_sa(responder, sa);
    if (error != NULL && error->type == IKE_NOTIFY_INVALID_SYNTAX)
        close_sa(responder, sa);
    if (error != NULL)
        return;
    if (asks == RESPONDER_ASKS_REKEY_CHILD)
        finish_rekey_child(responder, sa, response);
    else if (asks == RESPONDER_ASKS_REKEY_IKE)
        finish_rekey_ike(responder, sa, response);
}

void
responder_sa_redirect(IkeResponder *responder, ResponderSa *sa, GBytes *data)
{
    g_autoptr(IkeMessage) request = ike_sa_new_request(sa->ike, IKE_EXCHANGE_INFORMATIONAL);
    ike_message_add_notify(request, IKE_NOTIFY_REDIRECT, g_bytes_get_data(data, NULL),
                           g_bytes_get_size(data));
    responder_send_request(responder, sa, request, RESPONDER_ASKS_ANYTHING);
}
