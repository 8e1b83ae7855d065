/*
 * The events of a tunnel's timeline as sentences.
 */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/instant.h"
#include "bus/names.h"
#include "cli/output.h"
#include "cli/props.h"

static char *
event_resolving(GVariant *details)
{
    return g_strdup_printf(_("asking for the address of %s"), props_string(details, "name"));
}

static char *
event_resolved(GVariant *details)
{
    g_auto(GStrv) addresses = props_strings(details, "addresses");
    g_autofree char *joined = output_join((const char *const *)addresses);
    return g_strdup_printf(_("%s is %s"), props_string(details, "name"), joined);
}

static char *
event_proxy(GVariant *details)
{
    return g_strdup_printf(_("streams go through the proxy %s port %u"),
                           props_string(details, "name"), props_uint(details, "port"));
}

char *
output_way(GVariant *details)
{
    const char *transport = props_string(details, "transport");
    guint port = props_uint(details, "port");
    if (port == 0 || strchr(transport, '/') != NULL)
        return output_transport(transport);
    return g_strdup_printf("%s %u", transport, port);
}

static char *
event_started(GVariant *details)
{
    g_autofree char *way = output_way(details);
    return g_strdup_printf(_("attempt %u: %s to %s"), props_uint(details, "attempt"), way,
                           props_string(details, "address"));
}

static char *
event_redirected(GVariant *details)
{
    return g_strdup_printf(_("%s sends us on to %s"), props_string(details, "from"),
                           props_string(details, "to"));
}

static char *
event_retransmitted(GVariant *details)
{
    return g_strdup_printf(_("attempt %u: no answer yet, sent for the %u. time"),
                           props_uint(details, "attempt"), props_uint(details, "transmission"));
}

static char *
event_answered(GVariant *details)
{
    g_autofree char *after = duration_to_string(props_int64(details, "after"));
    return g_strdup_printf(_("attempt %u: answered after %s"), props_uint(details, "attempt"),
                           after);
}

static char *
event_attempt_failed(GVariant *details)
{
    return g_strdup_printf(_("attempt %u: %s"), props_uint(details, "attempt"),
                           props_string(details, "why"));
}

static char *
event_abandoned(GVariant *details)
{
    return g_strdup_printf(_("attempt %u: given up for another"), props_uint(details, "attempt"));
}

static char *
event_authenticating(GVariant *details)
{
    return g_strdup_printf(_("attempt %u: signing in"), props_uint(details, "attempt"));
}

static char *
event_revocation_asked(GVariant *details)
{
    return g_strdup_printf(_("asking whether the gateway's certificate has been revoked: %s"),
                           props_string(details, "url"));
}

static char *
event_revocation_unknown(GVariant *details)
{
    return g_strdup_printf(_("not known whether the gateway's certificate has been revoked: %s"),
                           props_string(details, "why"));
}

static const char *
kind_words(const char *kind)
{
    if (strcmp(kind, GINNEL_ASK_PASSWORD) == 0)
        return _("password");
    if (strcmp(kind, GINNEL_ASK_PIN) == 0)
        return _("PIN");
    if (strcmp(kind, GINNEL_ASK_PASSPHRASE) == 0)
        return _("passphrase");
    if (strcmp(kind, GINNEL_ASK_PSK) == 0)
        return _("pre-shared key");
    if (strcmp(kind, GINNEL_ASK_PROXY) == 0)
        return _("password at the proxy");
    return _("answer");
}

static char *
event_asking(GVariant *details)
{
    return g_strdup_printf(_("waiting for your %s"), kind_words(props_string(details, "kind")));
}

static char *
event_asked(GVariant *details)
{
    const char *what = kind_words(props_string(details, "kind"));
    return props_bool(details, "answered") ? g_strdup_printf(_("%s given"), what)
                                           : g_strdup_printf(_("%s not given"), what);
}

static char *
event_authenticated(GVariant *details)
{
    const char *method = props_string(details, "method");
    const char *user = props_string(details, "user");
    if (strcmp(method, "psk") == 0)
        return g_strdup_printf(_("signed in as %s, with pre-shared key"), user);
    if (strcmp(method, "certificate") == 0)
        return g_strdup_printf(_("signed in as %s, with certificate"), user);
    return g_strdup_printf(_("signed in as %s, with %s"), user, method);
}

static char *
event_connected(GVariant *details)
{
    g_autofree char *transport = output_transport(props_string(details, "transport"));
    return g_strdup_printf(_("connected over %s"), transport);
}

const char *
output_move_reason(const char *why)
{
    if (strcmp(why, "network-changed") == 0)
        return _("the network changed");
    if (strcmp(why, "udp-silent") == 0)
        return _("UDP got no answer any more");
    if (strcmp(why, "udp-found") == 0)
        return _("UDP gets through");
    if (strcmp(why, "udp-narrow") == 0)
        return _("large packets got lost over UDP");
    if (strcmp(why, "stream-broke") == 0)
        return _("the stream broke");
    if (strcmp(why, "stream-silent") == 0)
        return _("the stream got no answer any more");
    return why;
}

static char *
event_moved(GVariant *details)
{
    g_autofree char *transport = output_transport(props_string(details, "to"));
    return g_strdup_printf(_("goes over %s now: %s"), transport,
                           output_move_reason(props_string(details, "why")));
}

static char *
event_replace_failed(GVariant *details)
{
    return g_strdup_printf(_("the session goes on, and no other takes its place: %s"),
                           props_string(details, "why"));
}

static char *
event_addresses_changed(GVariant *details)
{
    g_auto(GStrv) before = props_strings(details, "before");
    g_auto(GStrv) now = props_strings(details, "now");
    g_autofree char *old = output_join((const char *const *)before);
    g_autofree char *new = output_join((const char *const *)now);
    return g_strdup_printf(_("the gateway gives other addresses, %s in place of %s: what was "
                             "connected from there has to connect again"),
                           new, old);
}

/* "reconnecting" and "failed". */
static char *
event_ended(const char *what, GVariant *details)
{
    const char *why = props_string(details, "why");
    return g_strdup_printf("%s: %s", what,
                           *why != '\0' ? why : output_reason(props_string(details, "reason")));
}

static char *
event_names_waiting(GVariant *details)
{
    return g_strdup(_("waiting for systemd-resolved to take the inside names"));
}

char *
output_event(const char *event, GVariant *details)
{
    static const struct {
        const char *event;
        char *(*sentence)(GVariant *);
    } table[] = {
        { GINNEL_EVENT_RESOLVING, event_resolving },
        { GINNEL_EVENT_RESOLVED, event_resolved },
        { GINNEL_EVENT_PROXY, event_proxy },
        { GINNEL_EVENT_REDIRECTED, event_redirected },
        { GINNEL_EVENT_ATTEMPT_STARTED, event_started },
        { GINNEL_EVENT_ATTEMPT_RETRANSMITTED, event_retransmitted },
        { GINNEL_EVENT_ATTEMPT_ANSWERED, event_answered },
        { GINNEL_EVENT_ATTEMPT_FAILED, event_attempt_failed },
        { GINNEL_EVENT_ATTEMPT_ABANDONED, event_abandoned },
        { GINNEL_EVENT_AUTHENTICATING, event_authenticating },
        { GINNEL_EVENT_REVOCATION_ASKED, event_revocation_asked },
        { GINNEL_EVENT_REVOCATION_UNKNOWN, event_revocation_unknown },
        { GINNEL_EVENT_ASKING, event_asking },
        { GINNEL_EVENT_ASKED, event_asked },
        { GINNEL_EVENT_AUTHENTICATED, event_authenticated },
        { GINNEL_EVENT_CONNECTED, event_connected },
        { GINNEL_EVENT_NAMES_WAITING, event_names_waiting },
        { GINNEL_EVENT_MOVED, event_moved },
        { GINNEL_EVENT_REPLACE_FAILED, event_replace_failed },
        { GINNEL_EVENT_ADDRESSES_CHANGED, event_addresses_changed },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (strcmp(table[i].event, event) == 0)
            return table[i].sentence(details);
    if (strcmp(event, GINNEL_EVENT_RECONNECTING) == 0)
        return event_ended(_("reconnecting"), details);
    if (strcmp(event, GINNEL_EVENT_FAILED) == 0)
        return event_ended(_("failed"), details);
    return g_strdup(event);
}
