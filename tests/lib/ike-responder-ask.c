/* After the first two exchanges: what the test responder asks, and how it answers. */
#include "ike-responder-private.h"

#include "crypto/algorithms.h"

/* --- Child SAs --- */

bool
responder_read_child_spi(const IkeSuite *suite, uint32_t *spi)
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
    uint16_t groups[IKE_MAX_ADDITIONAL];
    g_autoptr(Kex) kex = NULL;
    g_autoptr(Secret) shared = NULL;
    const IkePayload *ke = ike_message_find(request, IKE_PAYLOAD_KE);
    ChildSaMaterial material = {
        .nonce_i = nonce_i, .nonce_r = nonce_r, .remote_ts = (GArray *)tsi, .local_ts = narrowed
    };
    *error_type = IKE_NOTIFY_NO_PROPOSAL_CHOSEN;
    if (!select_child(responder, request, &material.suite) ||
        !responder_read_child_spi(&material.suite, &material.spi_out))
        return false;
    *error_type = IKE_NOTIFY_TS_UNACCEPTABLE;
    if (narrowed->len == 0)
        return false;
    if (responder->config->one_selector)
        g_array_set_size(narrowed, 1);
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
    if (ike_suite_additional(&material.suite, groups) > 0)
        responder_expect_followup(responder, &sa->ike->peer_child,
                                  ike_followup_new_child(&material, 0, g_steal_pointer(&shared)),
                                  reply);
    else
        responder_add_child(responder, sa, &material);
    return true;
}

static bool
refuse_by_fault(IkeResponder *responder, const IkeMessage *request, IkeMessage *reply)
{
    const ResponderFaults *faults = &responder->faults;
    const IkePayload *ke = ike_message_find(request, IKE_PAYLOAD_KE);
    if (responder->config->no_ke && ike_message_find(request, IKE_PAYLOAD_TSI) != NULL &&
        (ke != NULL || ike_proposal_list_first_ke(
                           ike_message_find(request, IKE_PAYLOAD_SA)->sa.proposals) != KE_NONE)) {
        ike_message_add_notify(reply, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, NULL, 0);
        return true;
    }
    if (responder->config->needs_ke && ke == NULL) {
        ike_message_add_notify(reply, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, NULL, 0);
        return true;
    }
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
            responder_answer_rekey_ike(responder, sa, request, reply);
        else if (ike_message_find_notify(request, IKE_NOTIFY_REKEY_SA) != NULL)
            responder_answer_rekey_child(responder, sa, request, reply);
        else if (sa->asks == RESPONDER_ASKS_REKEY_IKE || sa->asks == RESPONDER_ASKS_FOLLOWUP_IKE ||
                 sa->state == RESPONDER_GOING)
            ike_message_add_notify(reply, IKE_NOTIFY_TEMPORARY_FAILURE, NULL, 0);
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
        responder_remove_child(responder, sa, g_ptr_array_index(sa->children, 0));
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
    bool ends = false; /* not by AUTHENTICATION_FAILED alone: some gateways take no notice of it */
    if (responder->faults.info_error != 0) {
        ike_message_add_notify(reply, responder->faults.info_error, NULL, 0);
        responder_send_response(responder, sa, reply);
        return;
    }
    const IkePayload *payload = NULL;
    while ((payload = ike_message_find_next(request, IKE_PAYLOAD_DELETE, payload)) != NULL) {
        ends |= payload->del.protocol == IKE_PROTOCOL_IKE;
        for (guint i = 0; i < payload->del.spis->len; i++) {
            ChildSa *child =
                responder_find_child(sa, g_array_index(payload->del.spis, uint32_t, i));
            if (child == NULL)
                continue;
            if (!child->delete_sent)
                ike_message_add_delete_children(reply, &child->spi_in, 1);
            responder_remove_child(responder, sa, child);
        }
    }
    responder_send_response(responder, sa, reply);
    if (!ends)
        return;
    responder_yield(responder, sa);
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
responder_sa_notify(IkeResponder *responder, ResponderSa *sa, uint16_t type, const void *data,
                    size_t length)
{
    g_autoptr(IkeMessage) request = ike_sa_new_request(sa->ike, IKE_EXCHANGE_INFORMATIONAL);
    ike_message_add_notify(request, type, data, length);
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

void
responder_handle_response(IkeResponder *responder, ResponderSa *sa, const IkeMessage *response)
{
    ResponderAsks asks = sa->asks;
    const PayloadNotify *error = ike_message_find_error(response);
    sa->asks = RESPONDER_ASKS_NOTHING;
    responder->answered++;
    responder->last_error = error != NULL ? error->type : 0;
    if (asks == RESPONDER_ASKS_DELETE) {
        responder_drop_redundant(responder, sa);
        close_sa(responder, sa);
    }
    if (error != NULL && error->type == IKE_NOTIFY_INVALID_SYNTAX)
        close_sa(responder, sa);
    if (error != NULL && asks == RESPONDER_ASKS_REKEY_IKE)
        responder_yield(responder, sa);
    if (asks == RESPONDER_ASKS_REKEY_CHILD)
        responder_finish_rekey_child(responder, sa, error == NULL ? response : NULL);
    else if (asks == RESPONDER_ASKS_DELETE_CHILD)
        responder_finish_delete_child(responder, sa);
    else if (asks == RESPONDER_ASKS_FOLLOWUP_CHILD || asks == RESPONDER_ASKS_FOLLOWUP_IKE)
        responder_finish_followup(responder, sa, error == NULL ? response : NULL, asks);
    else if (asks == RESPONDER_ASKS_REKEY_IKE && error == NULL)
        responder_finish_rekey_ike(responder, sa, response);
}

void
responder_sa_redirect(IkeResponder *responder, ResponderSa *sa, GBytes *data)
{
    g_autoptr(IkeMessage) request = ike_sa_new_request(sa->ike, IKE_EXCHANGE_INFORMATIONAL);
    ike_message_add_notify(request, IKE_NOTIFY_REDIRECT, g_bytes_get_data(data, NULL),
                           g_bytes_get_size(data));
    responder_send_request(responder, sa, request, RESPONDER_ASKS_ANYTHING);
}
