/*
 * DELETE in both directions (RFC 7296, sections 1.4.1 and 2.25).
 */
#include "ike/proc.h"

/* HDR, SK {D}  --> */
void
proc_delete_start_ike(IkeEngine *engine, IkeSa *sa, IkeSaState state)
{
    g_autoptr(IkeMessage) message = ike_sa_new_request(sa, IKE_EXCHANGE_INFORMATIONAL);
    ike_message_add_delete_ike(message);
    engine_send_request(engine, sa, message, state);
}

void
proc_delete_start_child(IkeEngine *engine, IkeSa *sa, ChildSa *child)
{
    g_autoptr(IkeMessage) message = ike_sa_new_request(sa, IKE_EXCHANGE_INFORMATIONAL);
    ike_message_add_delete_children(message, &child->spi_in, 1);
    sa->exchange.old_child_spi = child->spi_in;
    child->state = CHILD_SA_DELETING;
    child->delete_at = child->expires_at = INSTANT_NEVER;
    child->delete_sent = true;
    engine_send_request(engine, sa, message, SA_DELETE_CHILD_LOCAL_INFORMATIONAL);
}

/* <--  HDR, SK {D}, or without D when both sides deleted at once */
TransitionResult
proc_delete_child_answered(IkeEngine *engine, IkeSa *sa, const IkeMessage *message,
                           IkeMessage *reply)
{
    ChildSa *child = engine_find_child(engine, sa->exchange.old_child_spi);
    if (child != NULL)
        engine_child_gone(engine, child);
    ike_exchange_clear(&sa->exchange);
    return TRANSITION_DONE;
}

/* <--  HDR, SK {} */
TransitionResult
proc_delete_ike_answered(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    if (sa == engine_sa(engine))
        engine_closed(engine, engine->close_reason, "%s", engine->close_detail);
    return TRANSITION_DONE;
}

static void
delete_children(IkeEngine *engine, const PayloadDelete *del, IkeMessage *reply)
{
    for (guint i = 0; i < del->spis->len; i++) {
        ChildSa *child = engine_find_child_by_peer(engine, g_array_index(del->spis, uint32_t, i));
        if (child == NULL)
            continue;
        /* The other half of the pair, unless our own DELETE for it is under way (RFC 7296, section
         * 1.4.1). */
        if (!child->delete_sent)
            ike_message_add_delete_children(reply, &child->spi_in, 1);
        engine_child_gone(engine, child);
    }
    /* Rekeying it ourselves makes the next one; otherwise we ask for one. */
    IkeSaState state = engine_sa(engine)->state;
    if (engine_current_child(engine) == NULL && state != SA_REKEY_CHILD_LOCAL_CREATE &&
        state != SA_REKEY_CHILD_LOCAL_FOLLOWUP)
        engine->child_wanted = true;
}

/* <--  HDR, SK {D, ...}     HDR, SK {[D]}  --> */
TransitionResult
proc_delete_request(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    const IkePayload *payload = NULL;
    while ((payload = ike_message_find_next(message, IKE_PAYLOAD_DELETE, payload)) != NULL) {
        if (payload->del.protocol == IKE_PROTOCOL_IKE) {
            engine->peer_deletes = true;
            return TRANSITION_STAY;
        }
        if (payload->del.protocol == IKE_PROTOCOL_ESP)
            delete_children(engine, &payload->del, reply);
    }
    return TRANSITION_STAY;
}
