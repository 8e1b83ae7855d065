/*
 * INFORMATIONAL exchanges but for DELETE: liveness both ways, and what a gateway tells us once it
 * is authenticated (RFC 7296, sections 1.4 and 2.4; RFC 4478).
 */
#include "ike/proc.h"

#include "ike/lifetime.h"
#include "ike/suspicion.h"

void
proc_info_note_auth_lifetime(IkeEngine *engine, const IkeMessage *message)
{
    uint32_t seconds;
    const PayloadNotify *notify = ike_message_find_notify(message, IKE_NOTIFY_AUTH_LIFETIME);
    if (notify == NULL)
        return;
    ByteReader reader = byte_reader_for_bytes(notify->data);
    if (byte_reader_u32(&reader, &seconds))
        lifetime_note_auth_lifetime(engine, seconds * DURATION_SECOND);
}

/* <--  HDR, SK {...} */
TransitionResult
proc_info_answered(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    const PayloadNotify *notify = ike_message_find_error(message);
    if (notify != NULL && notify->type == IKE_NOTIFY_INVALID_SYNTAX)
        engine_closed(engine, IKE_CLOSE_PROTOCOL, "the gateway found a message of ours malformed");
    return TRANSITION_DONE;
}

/* <--  HDR, SK {[N,] [CP]}     HDR, SK {}  -->
 * What we do not know is acknowledged by an empty answer (RFC 7296, section 1.4). */
TransitionResult
proc_info_request(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    proc_info_note_auth_lifetime(engine, message);
    suspicion_take_token(&sa->crash_token, message);
    proc_redirect_up(engine, message);
    /* RFC 4555, section 3.7: a gateway that checks the return path gets its cookie back. */
    const PayloadNotify *cookie = ike_message_find_notify(message, IKE_NOTIFY_COOKIE2);
    if (cookie != NULL)
        ike_message_add_notify(reply, IKE_NOTIFY_COOKIE2, g_bytes_get_data(cookie->data, NULL),
                               g_bytes_get_size(cookie->data));
    if (ike_message_find_notify(message, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP) != NULL)
        proc_mobike_add_nat_detection(engine, sa, reply); /* RFC 4555, section 3.8 */
    /* Second thoughts about our proof of identity end the SA (RFC 7296, section 2.21.2). */
    if (ike_message_find_notify(message, IKE_NOTIFY_AUTHENTICATION_FAILED) != NULL)
        engine->peer_rejects = true;
    return TRANSITION_STAY;
}
