/*
 * Redirect to another gateway (RFC 5685): in IKE_SA_INIT, at either end of IKE_AUTH, and while the
 * SA is up. Where to is the caller's decision; here it is only read, and believed where the nonce
 * or the SA vouches for it.
 */
#include "ike/proc.h"

#include <string.h>

enum { GATEWAY_IPV4 = 1, GATEWAY_IPV6 = 2, GATEWAY_FQDN = 3 }; /* RFC 5685, section 9.2 */

#define MAX_NAME 253

void
proc_redirect_announce(const IkeEngine *engine, IkeMessage *message)
{
    const InetAddress *from = &engine->redirected_from;
    uint8_t data[2 + sizeof from->octets];
    if (!engine->config->redirect)
        return;
    if (from->family == INET_NONE) {
        ike_message_add_notify(message, IKE_NOTIFY_REDIRECT_SUPPORTED, NULL, 0);
        return;
    }
    size_t length = inet_family_length(from->family);
    data[0] = from->family == INET_V4 ? GATEWAY_IPV4 : GATEWAY_IPV6;
    data[1] = (uint8_t)length;
    memcpy(data + 2, from->octets, length);
    ike_message_add_notify(message, IKE_NOTIFY_REDIRECTED_FROM, data, 2 + length);
}

/* Letters, digits, hyphens, underscores and dots: what a name that can be looked up has. */
static bool
read_name(const uint8_t *octets, size_t length, IkeRedirect *redirect)
{
    if (length == 0 || length > MAX_NAME)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isalnum(octets[i]) && memchr("-_.", octets[i], 3) == NULL)
            return false;
    redirect->name = g_strndup((const char *)octets, length);
    return true;
}

static bool
read_gateway(uint8_t type, const uint8_t *octets, size_t length, IkeRedirect *redirect)
{
    switch (type) {
    case GATEWAY_IPV4:
        redirect->address = length == 4 ? inet_address_new(INET_V4, octets) : (InetAddress){ 0 };
        return length == 4;
    case GATEWAY_IPV6:
        redirect->address = length == 16 ? inet_address_new(INET_V6, octets) : (InetAddress){ 0 };
        return length == 16;
    case GATEWAY_FQDN:
        return read_name(octets, length, redirect);
    default:
        return false;
    }
}

/* nonce: what has to follow the gateway's identity; NULL: nothing may. NULL where it is malformed.
 */
static IkeRedirect *
read_redirect(const PayloadNotify *notify, GBytes *nonce)
{
    uint8_t type, length;
    const uint8_t *gateway;
    ByteReader reader = byte_reader_for_bytes(notify->data);
    if (!byte_reader_u8(&reader, &type) || !byte_reader_u8(&reader, &length) ||
        !byte_reader_take(&reader, length, &gateway))
        return NULL;
    g_autoptr(GBytes) rest = byte_reader_rest(&reader);
    bool vouched = nonce != NULL ? g_bytes_equal(rest, nonce) : g_bytes_get_size(rest) == 0;
    g_autofree IkeRedirect *redirect = g_new0(IkeRedirect, 1);
    if (!vouched || !read_gateway(type, gateway, length, redirect))
        return NULL;
    return g_steal_pointer(&redirect);
}

static IkeRedirect *
find_redirect(const IkeEngine *engine, const IkeMessage *message, GBytes *nonce)
{
    const PayloadNotify *notify = ike_message_find_notify(message, IKE_NOTIFY_REDIRECT);
    return engine->config->redirect && notify != NULL ? read_redirect(notify, nonce) : NULL;
}

static char *
describe(const IkeRedirect *redirect)
{
    return redirect->name != NULL ? g_strdup(redirect->name)
                                  : inet_address_to_string(&redirect->address);
}

/* <--  HDR(A,0), N(REDIRECT, gateway, Ni): another nonce is somebody else's, and so is a REDIRECT
 * that we did not say we would follow (RFC 5685, section 3). */
TransitionResult
proc_redirect_init(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    IkeRedirect *redirect = find_redirect(engine, message, engine->setup.nonce_i);
    if (redirect == NULL)
        return TRANSITION_STAY;
    g_autofree char *where = describe(redirect);
    engine_emit(engine, IKE_OUTPUT_REDIRECT)->redirect = redirect;
    engine_closed(engine, IKE_CLOSE_REDIRECTED, "the gateway sends us to %s", where);
    return TRANSITION_STAY;
}

/* <--  HDR, SK {IDr, [CERT,] AUTH, [EAP,] N(REDIRECT, gateway)}: after its AUTH has been verified
 * (RFC 5685, section 6). */
bool
proc_redirect_auth(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, bool up)
{
    IkeRedirect *redirect = find_redirect(engine, message, NULL);
    if (redirect == NULL)
        return false;
    g_autofree char *where = describe(redirect);
    engine_emit(engine, IKE_OUTPUT_REDIRECT)->redirect = redirect;
    if (up) {
        sa->state = SA_ESTABLISHED;
        engine_close_with_delete(engine, IKE_CLOSE_REDIRECTED, "the gateway sends us to %s", where);
    } else
        engine_closed(engine, IKE_CLOSE_REDIRECTED, "the gateway sends us to %s", where);
    return true;
}

/* <--  HDR, SK {N(REDIRECT, gateway)}      HDR, SK {}  --> */
void
proc_redirect_up(IkeEngine *engine, const IkeMessage *message)
{
    IkeRedirect *redirect = find_redirect(engine, message, NULL);
    if (redirect == NULL)
        return;
    redirect->established = true;
    engine_emit(engine, IKE_OUTPUT_REDIRECT)->redirect = redirect;
}
