/* IKE_FOLLOWUP_KE by and with the test responder (RFC 9370, section 2.2.4). */
#include "ike-responder-private.h"

#include "crypto/algorithms.h"

#define LINK_LENGTH 8

static void
link_on(IkeResponder *responder, IkeFollowup *chain, IkeMessage *reply)
{
    uint8_t octets[LINK_LENGTH];
    rng_fill(responder->rng, octets, sizeof octets);
    g_clear_pointer(&chain->link, g_bytes_unref);
    chain->link = g_bytes_new(octets, sizeof octets);
    if (!responder->faults.followup_unlinked)
        ike_message_add_notify(reply, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE, octets, sizeof octets);
}

/* --- The client's chains --- */

void
responder_expect_followup(IkeResponder *responder, IkeFollowup **place, IkeFollowup *chain,
                          IkeMessage *reply)
{
    g_clear_pointer(place, ike_followup_free);
    *place = chain;
    link_on(responder, chain, reply);
}

static IkeFollowup **
find(ResponderSa *sa, const PayloadNotify *link)
{
    IkeFollowup **places[] = { &sa->ike->peer_child, &sa->ike->peer_ike };
    for (size_t i = 0; link != NULL && i < G_N_ELEMENTS(places); i++)
        if (*places[i] != NULL && g_bytes_equal((*places[i])->link, link->data))
            return places[i];
    return NULL;
}

static bool
made_child(IkeResponder *responder, ResponderSa *sa, const IkeFollowup *chain)
{
    const ChildSaMaterial material = ike_followup_material(chain, false);
    ChildSa *old = responder_find_own_child(sa, chain->old_spi);
    if (chain->old_spi != 0 && (old == NULL || old->state != CHILD_SA_INSTALLED))
        return false;
    responder_add_child(responder, sa, &material);
    if (old != NULL)
        old->state = CHILD_SA_REKEYED;
    return true;
}

static uint16_t
complete(IkeResponder *responder, ResponderSa *sa, IkeFollowup **place)
{
    bool of_child = place == &sa->ike->peer_child;
    g_autoptr(IkeFollowup) chain = g_steal_pointer(place);
    if (of_child)
        return made_child(responder, sa, chain) ? 0 : IKE_NOTIFY_STATE_NOT_FOUND;
    if (sa->state == RESPONDER_GOING)
        return IKE_NOTIFY_STATE_NOT_FOUND;
    responder_succeed(responder, sa, chain);
    return 0;
}

void
responder_handle_followup(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request)
{
    const ResponderFaults *faults = &responder->faults;
    g_autoptr(GBytes) public = NULL;
    Secret *secret = NULL;
    uint16_t error = faults->followup_error;
    const PayloadKe *ke = &ike_message_find(request, IKE_PAYLOAD_KE)->ke;
    IkeFollowup **place =
        find(sa, ike_message_find_notify(request, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE));
    g_autoptr(IkeMessage) reply =
        ike_sa_new_response(sa->ike, request->header.exchange, request->header.message_id);
    if (error == 0 && place == NULL)
        error = IKE_NOTIFY_STATE_NOT_FOUND;
    if (error != 0 && place != NULL)
        g_clear_pointer(place, ike_followup_free);
    if (error == 0) {
        g_assert_cmpuint(ke->group, ==, ike_followup_next(*place));
        bool ok = kex_respond(ke->group, responder->rng, ke->data, &public, &secret, NULL);
        g_assert(ok);
        ike_followup_add(*place, secret);
        if (ike_followup_next(*place) != KE_NONE)
            link_on(responder, *place, reply);
        else
            error = complete(responder, sa, place);
    }
    if (error != 0)
        ike_message_add_notify(reply, error, NULL, 0);
    else
        ike_message_add_ke(reply, faults->followup_group != 0 ? faults->followup_group : ke->group,
                           public);
    responder_send_response(responder, sa, reply);
}

/* --- Its own --- */

static void
send_request(IkeResponder *responder, ResponderSa *sa, const IkeMessage *response,
             ResponderAsks asks)
{
    IkeExchange *exchange = &sa->ike->exchange;
    uint16_t group = ike_followup_next(exchange->chain);
    const PayloadNotify *link =
        ike_message_find_notify(response, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE);
    g_assert_nonnull(link);
    g_clear_pointer(&exchange->kex, kex_free);
    exchange->kex = kex_new(group, responder->rng, NULL);
    g_autoptr(GBytes) public = kex_public(exchange->kex);
    g_autoptr(GBytes) wrong = responder_nonce(responder);
    GBytes *data = responder->faults.followup_wrong_link ? wrong : link->data;
    g_autoptr(IkeMessage) request = ike_sa_new_request(sa->ike, IKE_EXCHANGE_FOLLOWUP_KE);
    ike_message_add_ke(request, group, public);
    ike_message_add_notify(request, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE,
                           g_bytes_get_data(data, NULL), g_bytes_get_size(data));
    if (responder->faults.followup_given_up) {
        ike_exchange_clear(exchange);
        return;
    }
    responder_send_request(responder, sa, request, asks);
}

void
responder_start_followup(IkeResponder *responder, ResponderSa *sa, IkeFollowup *chain,
                         const IkeMessage *response, ResponderAsks asks)
{
    sa->ike->exchange.chain = chain;
    send_request(responder, sa, response, asks);
}

bool
responder_go_on(IkeResponder *responder, ResponderSa *sa, const IkeMessage *response,
                ResponderAsks asks)
{
    IkeExchange *exchange = &sa->ike->exchange;
    const PayloadKe *ke = &ike_message_find(response, IKE_PAYLOAD_KE)->ke;
    gsize length;
    const uint8_t *peer = g_bytes_get_data(ke->data, &length);
    g_assert_cmpuint(ke->group, ==, kex_group(exchange->kex));
    Secret *secret = kex_derive(exchange->kex, peer, length, NULL);
    g_assert_nonnull(secret);
    ike_followup_add(exchange->chain, secret);
    if (ike_followup_next(exchange->chain) == KE_NONE)
        return false;
    send_request(responder, sa, response, asks);
    return true;
}
