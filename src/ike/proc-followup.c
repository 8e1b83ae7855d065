/*
 * IKE_FOLLOWUP_KE: one exchange for each additional key exchange that CREATE_CHILD_SA agreed on, by
 * either side (RFC 9370, section 2.2.4). Until the last one nothing is made and nothing replaced,
 * so that a chain which breaks leaves everything as it was.
 */
#include "ike/proc.h"

#include "base/error.h"
#include "crypto/algorithms.h"
#include "ike/followup.h"

/* From one link to the next; who still comes after that is told STATE_NOT_FOUND and begins again.
 */
#define CHAIN_WAIT  (60 * DURATION_SECOND)
#define LINK_LENGTH 16 /* octets */

/* --- Ours --- */

static void
close_for(IkeEngine *engine, IkeSa *sa, const char *why)
{
    sa->state = SA_ESTABLISHED;
    engine_close_with_delete(engine, IKE_CLOSE_PROTOCOL,
                             "the gateway's answer to rekeying is not usable: %s", why);
}

/* HDR, SK {KEi(n), N(ADDITIONAL_KEY_EXCHANGE)}  -->   the notification as message has it. */
static void
send_request(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeSaState state)
{
    g_autoptr(GError) error = NULL;
    IkeExchange *exchange = &sa->exchange;
    uint16_t group = ike_followup_next(exchange->chain);
    const PayloadNotify *link =
        ike_message_find_notify(message, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE);
    if (link == NULL) {
        close_for(engine, sa, "it says nothing by which the next key exchange is known");
        return;
    }
    g_clear_pointer(&exchange->kex, kex_free);
    exchange->kex = kex_new(group, engine->rng, &error);
    if (exchange->kex == NULL) {
        close_for(engine, sa, error->message);
        return;
    }
    gsize length;
    const void *octets = g_bytes_get_data(link->data, &length);
    g_autoptr(GBytes) public = kex_public(exchange->kex);
    g_autoptr(IkeMessage) request = ike_sa_new_request(sa, IKE_EXCHANGE_FOLLOWUP_KE);
    ike_message_add_ke(request, group, public);
    ike_message_add_notify(request, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE, octets, length);
    engine_send_request(engine, sa, request, state);
}

void
proc_followup_start(IkeEngine *engine, IkeSa *sa, IkeFollowup *chain, const IkeMessage *message,
                    IkeSaState state)
{
    sa->exchange.chain = chain;
    send_request(engine, sa, message, state);
}

static Secret *
derive(const Kex *kex, const PayloadKe *ke, GError **error)
{
    gsize length;
    const uint8_t *peer = g_bytes_get_data(ke->data, &length);
    if (ke->group == kex_group(kex))
        return kex_derive((Kex *)kex, peer, length, error);
    g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                "its additional key exchange is of method %u, ours was of %u", ke->group,
                kex_group(kex));
    return NULL;
}

/* <--  HDR, SK {KEr(n), [N(ADDITIONAL_KEY_EXCHANGE)]} */
TransitionResult
proc_followup_answered(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    g_autoptr(GError) error = NULL;
    IkeExchange *exchange = &sa->exchange;
    bool of_child = sa->state == SA_REKEY_CHILD_LOCAL_FOLLOWUP;
    Secret *secret = derive(exchange->kex, &ike_message_find(message, IKE_PAYLOAD_KE)->ke, &error);
    if (secret == NULL) {
        close_for(engine, sa, error->message);
        return TRANSITION_STAY;
    }
    ike_followup_add(exchange->chain, secret);
    bool more = ike_followup_next(exchange->chain) != KE_NONE;
    if (more && engine->want_close) { /* behind the last one the gateway has the new SA */
        ike_exchange_clear(exchange);
        sa->state = SA_ESTABLISHED;
        return TRANSITION_STAY;
    }
    if (more) {
        send_request(engine, sa, message, sa->state);
        return TRANSITION_STAY;
    }
    g_autoptr(IkeFollowup) chain = g_steal_pointer(&exchange->chain);
    return of_child ? proc_rekey_child_followed_up(engine, sa, chain)
                    : proc_rekey_ike_followed_up(engine, sa, chain);
}

/* --- The gateway's --- */

static void
link_on(IkeEngine *engine, IkeFollowup *chain, IkeMessage *reply)
{
    g_clear_pointer(&chain->link, g_bytes_unref);
    chain->link = engine_random_bytes(engine, LINK_LENGTH);
    chain->expires_at = instant_after(engine->now, CHAIN_WAIT);
    ike_message_add_notify(reply, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE,
                           g_bytes_get_data(chain->link, NULL), LINK_LENGTH);
}

void
proc_followup_expect(IkeEngine *engine, IkeFollowup **place, IkeFollowup *chain, IkeMessage *reply)
{
    g_clear_pointer(place, ike_followup_free);
    *place = chain;
    link_on(engine, chain, reply);
}

void
proc_followup_expire(const IkeEngine *engine, IkeSa *sa)
{
    IkeFollowup **places[] = { &sa->peer_child, &sa->peer_ike };
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        if (*places[i] != NULL && engine->now >= (*places[i])->expires_at)
            g_clear_pointer(places[i], ike_followup_free);
}

Instant
proc_followup_until(const IkeSa *sa)
{
    Instant child = sa->peer_child != NULL ? sa->peer_child->expires_at : 0;
    Instant ike = sa->peer_ike != NULL ? sa->peer_ike->expires_at : 0;
    return MAX(child, ike);
}

static IkeFollowup **
find(IkeSa *sa, const PayloadNotify *link)
{
    if (link == NULL)
        return NULL;
    if (sa->peer_child != NULL && g_bytes_equal(sa->peer_child->link, link->data))
        return &sa->peer_child;
    if (sa->peer_ike != NULL && g_bytes_equal(sa->peer_ike->link, link->data))
        return &sa->peer_ike;
    return NULL;
}

static TransitionResult
refuse(IkeMessage *reply, uint16_t type)
{
    ike_message_add_notify(reply, type, NULL, 0);
    return TRANSITION_STAY;
}

/* <--  HDR, SK {KEi(n), N(ADDITIONAL_KEY_EXCHANGE)}
 *                  HDR, SK {KEr(n), [N(ADDITIONAL_KEY_EXCHANGE)]}  -->  or  HDR, SK {N(error)}  -->
 */
TransitionResult
proc_followup_request(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    const PayloadKe *ke = &ike_message_find(message, IKE_PAYLOAD_KE)->ke;
    g_autoptr(GBytes) public = NULL;
    Secret *secret = NULL;
    proc_followup_expire(engine, sa);
    IkeFollowup **place =
        find(sa, ike_message_find_notify(message, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE));
    if (place == NULL || engine->want_close)
        return refuse(reply, IKE_NOTIFY_STATE_NOT_FOUND);
    if (ke->group != ike_followup_next(*place) ||
        !kex_respond(ke->group, engine->rng, ke->data, &public, &secret, NULL))
        return TRANSITION_SYNTAX;
    ike_followup_add(*place, secret);
    if (ike_followup_next(*place) != KE_NONE) {
        ike_message_add_ke(reply, ke->group, public);
        link_on(engine, *place, reply);
        return TRANSITION_STAY;
    }
    bool of_child = place == &sa->peer_child;
    g_autoptr(IkeFollowup) chain = g_steal_pointer(place);
    uint16_t error = of_child ? proc_rekey_child_peer_followed_up(engine, sa, chain)
                              : proc_rekey_ike_peer_followed_up(engine, sa, chain);
    if (error != 0)
        return refuse(reply, error);
    ike_message_add_ke(reply, ke->group, public);
    return TRANSITION_STAY;
}
