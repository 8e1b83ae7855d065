/*
 * Following a gateway that sends us to another (RFC 5685): where to is ginneld's to allow, and the
 * race begins anew there, UDP first (RFC 9329, section 7.2).
 */
#include "config.h"

#include "tunnel/session-private.h"

#include "channel/channel.h"

void
session_note_redirect(Session *session, const Attempt *attempt, const IkeRedirect *redirect)
{
    g_clear_pointer(&session->redirect_name, g_free);
    session->redirect_name = g_strdup(redirect->name);
    session->redirect_to = redirect->address;
    session->redirect_from = attempt->path->address;
    if (redirect->established)
        ike_engine_close(attempt->engine, IKE_CLOSE_REDIRECTED, session_now());
}

static void
tell(Session *session)
{
    GVariantBuilder details;
    g_autofree char *from = inet_address_to_string(&session->redirect_from);
    g_autofree char *to = session->redirect_name != NULL
                              ? g_strdup(session->redirect_name)
                              : inet_address_to_string(&session->redirect_to);
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&details, "{sv}", "from", g_variant_new_string(from));
    g_variant_builder_add(&details, "{sv}", "to", g_variant_new_string(to));
    session_event(session, "redirected", g_variant_builder_end(&details));
}

void
session_follow_redirect(Session *session)
{
    const InetAddress *to = &session->redirect_to;
    session_forget_attempts(session);
    session_keep_ticket(session, NULL); /* it is the old gateway's */
    requests_cancel(session->requests, session);
    datapath_pin(session->datapath);
    session->applied = false;
    session->give_up_at = session->keepalive_at = session->usage_at = INSTANT_NEVER;
    replace_reset(session);
    tell(session);
    session->redirected_from = session->redirect_from;
    uint32_t serial = requests_next_serial(session->requests);
    GVariant *octets = channel_variant_from_octets(to->octets, inet_family_length(to->family));
    requests_send(session->requests, RECORD_REDIRECT, serial,
                  g_variant_new("(u@ays)", serial, octets,
                                session->redirect_name != NULL ? session->redirect_name : ""),
                  session_resolved, session);
}
