#include "config.h"

#include "cli/output.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/instant.h"
#include "bus/names.h"
#include "cli/props.h"

#define DAY_S 86400

static const struct {
    const char *reason, *sentence;
} reasons[] = {
    { GINNEL_REASON_GATEWAY_UNREACHABLE, N_("the gateway does not answer") },
    { GINNEL_REASON_NAME_NOT_RESOLVED, N_("the gateway's name has no address here") },
    { GINNEL_REASON_AUTH_GATEWAY, N_("the gateway could not prove who it is") },
    { GINNEL_REASON_AUTH_USER, N_("the gateway does not accept you") },
    { GINNEL_REASON_CERTIFICATE_EXPIRED, N_("a certificate has expired") },
    { GINNEL_REASON_CERTIFICATE_NOT_YET_VALID, N_("a certificate is not valid yet") },
    { GINNEL_REASON_CERTIFICATE_UNTRUSTED,
      N_("nobody whom this profile trusts vouches for the gateway") },
    { GINNEL_REASON_CERTIFICATE_REVOKED, N_("the gateway's certificate has been revoked") },
    { GINNEL_REASON_REVOCATION_UNKNOWN,
      N_("nobody can say whether the gateway's certificate has been revoked") },
    { GINNEL_REASON_IDENTITY_MISMATCH, N_("the gateway is not who the profile expects") },
    { GINNEL_REASON_NO_COMMON_PROPOSAL, N_("you and the gateway have no algorithms in common") },
    { GINNEL_REASON_SELECTORS_REFUSED,
      N_("the gateway does not give the networks that were asked for") },
    { GINNEL_REASON_ADDRESS_REFUSED, N_("the gateway has no inside address for you") },
    { GINNEL_REASON_SECRET_UNAVAILABLE,
      N_("a key, password or file of the profile cannot be used") },
    { GINNEL_REASON_PROTOCOL_ERROR, N_("the gateway does not speak IKEv2 as it should") },
    { GINNEL_REASON_SYSTEM_ERROR, N_("this machine refused a part of the setup") },
    { GINNEL_REASON_REDIRECT_REFUSED,
      N_("the gateway sends us to another one, where the profile does not go") },
    { GINNEL_REASON_PEER_GONE, N_("the gateway stopped answering") },
    { GINNEL_REASON_PEER_DELETED, N_("the gateway ended the session") },
    { GINNEL_REASON_PROCESS_DIED, N_("the process of the tunnel ended unexpectedly") },
    { GINNEL_REASON_REQUESTED, N_("somebody asked for it") },
};

const char *
output_reason(const char *reason)
{
    for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++)
        if (strcmp(reasons[i].reason, reason) == 0)
            return _(reasons[i].sentence);
    return reason;
}

char *
output_transport(const char *transport)
{
    return g_strdelimit(g_strdup(transport), "/", ' ');
}

/* "TCP" of "tcp/4500". */
static char *
transport_kind(const char *transport)
{
    g_auto(GStrv) parts = g_strsplit(transport, "/", 2);
    return g_ascii_strup(parts[0] != NULL ? parts[0] : "", -1);
}

static const char *
transport_port(const char *transport)
{
    const char *slash = strchr(transport, '/');
    return slash != NULL ? slash + 1 : "";
}

char *
output_join(const char *const *items)
{
    GString *out = g_string_new(NULL);
    for (int i = 0; items[i] != NULL; i++) {
        const char *separator = i == 0 ? "" : items[i + 1] != NULL ? ", " : _(" and ");
        g_string_append_printf(out, "%s%s", separator, items[i]);
    }
    return g_string_free(out, FALSE);
}

char *
output_clean(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *clean = g_string_new(NULL);
    for (const char *c = valid; *c != '\0'; c = g_utf8_next_char(c)) {
        gunichar character = g_utf8_get_char(c);
        if (character != '\n' && g_unichar_iscntrl(character))
            character = '?';
        g_string_append_unichar(clean, character);
    }
    return g_string_free(clean, FALSE);
}

char *
output_octets(guint64 octets)
{
    g_autofree char *size = g_format_size(octets);
    g_auto(GStrv) words = g_strsplit(size, "\xc2\xa0", -1); /* no-break space: not for grep */
    return g_strjoinv(" ", words);
}

void
output_head(GString *out, GVariant *props)
{
    g_string_append_printf(out, "%s %s %s\n", props_string(props, "Profile"),
                           g_get_charset(NULL) ? "·" : "-", props_string(props, "Gateway"));
}

/* "corp.example (validated), two.example"; NULL without domains. */
static char *
domains_to_string(GVariant *props)
{
    g_autoptr(GVariant) domains = props_array(props, "Domains", "aa{sv}");
    g_autoptr(GString) out = g_string_new(NULL);
    for (gsize i = 0; i < g_variant_n_children(domains); i++) {
        g_autoptr(GVariant) domain = g_variant_get_child_value(domains, i);
        if (i > 0)
            g_string_append(out, ", ");
        g_string_append(out, props_string(domain, "name"));
        if (props_bool(domain, "validated"))
            g_string_append(out, _(" (validated)"));
    }
    return out->len > 0 ? g_strdup(out->str) : NULL;
}

static const char *
refused_kind(const char *kind)
{
    static const char *const kinds[][2] = { { "domain", N_("domain") },
                                            { "anchor", N_("key for") },
                                            { "server", N_("server") },
                                            { "address", N_("address") },
                                            { "network", N_("network") } };
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i][0], kind) == 0)
            return _(kinds[i][1]);
    return kind;
}

/* "corp.example (validated), two.example. Everything else stays outside." */
static void
append_inside(GString *out, GVariant *props)
{
    g_autofree char *domains = domains_to_string(props);
    g_auto(GStrv) networks = props_strings(props, "Networks");
    g_autofree char *joined = output_join((const char *const *)networks);
    if (props_bool(props, "FullTunnel"))
        g_string_append(out, _("Everything goes through the tunnel, names too.\n"));
    else if (domains != NULL)
        g_string_append_printf(out, _("Inside: %s. Everything else stays outside.\n"), domains);
    else
        g_string_append_printf(
            out, _("Inside: %s; no names resolve inside. Everything else stays outside.\n"),
            joined);
}

static void
append_refused(GString *out, GVariant *props)
{
    g_autoptr(GVariant) refused = props_array(props, "Refused", "aa{sv}");
    for (gsize i = 0; i < g_variant_n_children(refused); i++) {
        g_autoptr(GVariant) item = g_variant_get_child_value(refused, i);
        g_string_append_printf(out, _("Refused: %s %s: %s\n"),
                               refused_kind(props_string(item, "kind")), props_string(item, "name"),
                               props_string(item, "why"));
    }
}

static void
append_connected(GString *out, GVariant *props)
{
    g_autofree char *kind = transport_kind(props_string(props, "Transport"));
    g_auto(GStrv) addresses = props_strings(props, "Addresses");
    g_autofree char *you = output_join((const char *const *)addresses);
    g_autoptr(GVariant) connected = props_last_event(props, GINNEL_EVENT_CONNECTED);
    g_autofree char *after =
        duration_to_string(connected != NULL ? props_int64(connected, "after") : 0);
    g_string_append_printf(out, _("Connected over %s after %s. You are %s.\n"), kind, after, you);
    append_inside(out, props);
    append_refused(out, props);
    if (*props_string(props, "Warning") != '\0')
        g_string_append_printf(out, _("Note: %s\n"), props_string(props, "Warning"));
}

/* What happened, indented like the attempts; what it means; what to do. */
static void
append_failed(GString *out, GVariant *props)
{
    g_autoptr(GVariant) failed = props_last_event(props, GINNEL_EVENT_FAILED);
    const char *why = failed != NULL ? props_string(failed, "why") : "";
    const char *text = props_string(props, "ReasonText");
    /* The text says what happened in general, in particular (why), and what to do. */
    const char *particular = *why != '\0' ? strstr(text, why) : NULL;
    if (*why != '\0')
        g_string_append_printf(out, "  %s\n", why);
    if (particular != NULL)
        text = particular + strlen(why);
    while (*text == '.' || g_ascii_isspace(*text))
        text++;
    g_string_append_printf(out, _("Not connected: %s.\n"),
                           output_reason(props_string(props, "Reason")));
    if (*text != '\0')
        g_string_append_printf(out, "%s\n", text);
}

void
output_result(GString *out, GVariant *props)
{
    if (strcmp(props_string(props, "State"), GINNEL_STATE_FAILED) == 0)
        append_failed(out, props);
    else
        append_connected(out, props);
}

char *
output_state(GVariant *props)
{
    const char *state = props_string(props, "State");
    g_autofree char *kind = transport_kind(props_string(props, "Transport"));
    const char *reason = output_reason(props_string(props, "Reason"));
    if (strcmp(state, GINNEL_STATE_CONNECTED) == 0)
        return g_strdup_printf(_("connected over %s"), kind);
    if (strcmp(state, GINNEL_STATE_CONNECTING) == 0)
        return g_strdup(_("connecting"));
    if (strcmp(state, GINNEL_STATE_DISCONNECTING) == 0)
        return g_strdup(_("disconnecting"));
    if (strcmp(state, GINNEL_STATE_RECONNECTING) == 0)
        return *reason != '\0' ? g_strdup_printf(_("reconnecting: %s"), reason)
                               : g_strdup(_("reconnecting"));
    if (strcmp(state, GINNEL_STATE_FAILED) == 0)
        return *reason != '\0' ? g_strdup_printf(_("failed: %s"), reason) : g_strdup(_("failed"));
    return g_strdup(state);
}

void
output_row(GString *out, const char *label, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    glong width = g_utf8_strlen(label, -1);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *indented = g_strjoinv("\n                ", lines);
    g_string_append_printf(out, "%s%*s%s\n", label, width < 16 ? (int)(16 - width) : 1, "",
                           indented);
}

/* The tunnel uses a stream although the profile tries UDP first: UDP did not get through. */
static gboolean
fell_back(GVariant *props)
{
    g_autoptr(GVariant) timeline = props_array(props, "Timeline", "a(xsa{sv})");
    gboolean udp = FALSE;
    if (g_str_has_prefix(props_string(props, "Transport"), "udp/"))
        return FALSE;
    for (gsize i = 0; i < g_variant_n_children(timeline) && !udp; i++) {
        const char *event;
        g_autoptr(GVariant) details = NULL;
        g_variant_get_child(timeline, i, "(x&s@a{sv})", NULL, &event, &details);
        udp = strcmp(event, GINNEL_EVENT_ATTEMPT_STARTED) == 0 &&
              g_str_has_prefix(props_string(details, "transport"), "udp");
    }
    return udp;
}

static void
status_state(GString *out, GVariant *props, gint64 now)
{
    g_autofree char *state = output_state(props);
    gint64 since = props_int64(props, "ConnectedAt");
    gboolean connected = strcmp(props_string(props, "State"), GINNEL_STATE_CONNECTED) == 0;
    g_autofree char *age = duration_to_string(MAX(now - since, 0));
    gint64 look_at = props_int64(props, "UdpLookAt");
    g_autofree char *wait = duration_to_string(MAX(look_at - now, 0));
    if (!connected || since == 0)
        output_row(out, props_string(props, "Profile"), "%s", state);
    else if (look_at != 0)
        output_row(out, props_string(props, "Profile"),
                   _("%s for %s (UDP did not get through on this network; next look in %s)"), state,
                   age, wait);
    else if (fell_back(props))
        output_row(out, props_string(props, "Profile"),
                   _("%s for %s (UDP did not get through on this network)"), state, age);
    else
        output_row(out, props_string(props, "Profile"), _("%s for %s"), state, age);
    if (!connected && *props_string(props, "ReasonText") != '\0')
        output_row(out, "", "%s", props_string(props, "ReasonText"));
}

static void
status_gateway(GString *out, GVariant *props, gint64 now)
{
    g_autoptr(GString) text = g_string_new(props_string(props, "Gateway"));
    const char *address = props_string(props, "GatewayAddress");
    const char *id = props_string(props, "GatewayId");
    gint64 not_after = props_int64(props, "GatewayNotAfter");
    if (*address != '\0')
        g_string_append_printf(text, _(", %s port %s"), address,
                               transport_port(props_string(props, "Transport")));
    if (*id != '\0' && strcmp(id, props_string(props, "Gateway")) != 0)
        g_string_append_printf(text, _(", proved to be %s"), id);
    gint64 days = (not_after - now / G_USEC_PER_SEC) / DAY_S;
    if (not_after != 0)
        g_string_append_printf(text,
                               g_dngettext(NULL, ", certificate good for %d day",
                                           ", certificate good for %d days", (gulong)MAX(days, 0)),
                               (int)MAX(days, 0));
    output_row(out, _("gateway"), "%s", text->str);
}

static void
status_you(GString *out, GVariant *props)
{
    g_auto(GStrv) addresses = props_strings(props, "Addresses");
    g_autofree char *joined = g_strjoinv(", ", addresses);
    if (*joined != '\0')
        output_row(out, _("you"), _("%s on %s"), joined, props_string(props, "Interface"));
}

static char *
domain_validation(GVariant *domain, const char *by)
{
    guint tag = props_uint(domain, "key-tag");
    const char *why = props_string(domain, "why");
    if (props_bool(domain, "validated") && tag != 0 && strcmp(by, "ginnel-stub") == 0)
        return g_strdup_printf(_("validated with key %u by ginnel-stub, unseen by programs"), tag);
    if (props_bool(domain, "validated") && tag != 0)
        return g_strdup_printf(_("validated with key %u"), tag);
    if (props_bool(domain, "validated"))
        return g_strdup(_("validated"));
    if (*why != '\0')
        return g_strdup_printf(_("not validated: %s"), why);
    return g_strdup(_("not validated"));
}

static int
widest_name(GVariant *items, const char *key)
{
    glong widest = 0;
    for (gsize i = 0; i < g_variant_n_children(items); i++) {
        g_autoptr(GVariant) item = g_variant_get_child_value(items, i);
        widest = MAX(widest, g_utf8_strlen(props_string(item, key), -1));
    }
    return (int)MIN(widest, 40);
}

static void
status_names(GString *out, GVariant *props)
{
    g_autoptr(GVariant) domains = props_array(props, "Domains", "aa{sv}");
    g_auto(GStrv) servers = props_strings(props, "DnsServers");
    g_autofree char *joined = output_join((const char *const *)servers);
    int width = MAX(widest_name(domains, "name"), 16);
    for (gsize i = 0; i < g_variant_n_children(domains); i++) {
        g_autoptr(GVariant) domain = g_variant_get_child_value(domains, i);
        g_autofree char *validation = domain_validation(domain, props_string(props, "ValidatedBy"));
        output_row(out, i == 0 ? _("inside names") : "", _("%-*s asked at %s, %s"), width,
                   props_string(domain, "name"), joined, validation);
    }
    if (g_variant_n_children(domains) == 0 && props_bool(props, "FullTunnel") && *joined != '\0')
        output_row(out, _("inside names"), _("all, asked at %s"), joined);
}

static void
status_refused(GString *out, GVariant *props)
{
    g_autoptr(GVariant) refused = props_array(props, "Refused", "aa{sv}");
    for (gsize i = 0; i < g_variant_n_children(refused); i++) {
        g_autoptr(GVariant) item = g_variant_get_child_value(refused, i);
        g_autofree char *what = g_strdup_printf("%s %s", refused_kind(props_string(item, "kind")),
                                                props_string(item, "name"));
        output_row(out, i == 0 ? _("refused") : "", "%-16s %s", what, props_string(item, "why"));
    }
}

void
output_names(GString *out, GVariant *props)
{
    status_names(out, props);
    status_refused(out, props);
}

static void
status_networks(GString *out, GVariant *props)
{
    g_auto(GStrv) networks = props_strings(props, "Networks");
    g_autofree char *joined = g_strjoinv(", ", networks);
    if (props_bool(props, "FullTunnel"))
        output_row(out, _("networks"), _("everything (%s)"), joined);
    else if (*joined != '\0')
        output_row(out, _("networks"), "%s", joined);
}

static guint64
counter(GVariant *statistics, const char *name)
{
    guint64 value = 0;
    g_variant_lookup(statistics, name, "t", &value);
    return value;
}

static void
status_traffic(GString *out, GVariant *props, GVariant *statistics)
{
    if (statistics == NULL || props_int64(props, "ConnectedAt") == 0)
        return;
    g_autofree char *in = output_octets(counter(statistics, "octets-in"));
    g_autofree char *gone = output_octets(counter(statistics, "octets-out"));
    guint rekeys = props_uint(props, "Rekeys");
    if (rekeys == 0)
        output_row(out, _("traffic"), _("%s in, %s out"), in, gone);
    else
        output_row(out, _("traffic"),
                   g_dngettext(NULL, "%s in, %s out, rekeyed %u time",
                               "%s in, %s out, rekeyed %u times", rekeys),
                   in, gone, rekeys);
}

/* How long ago, over what, why. */
static void
status_history(GString *out, GVariant *props, gint64 now)
{
    g_autoptr(GVariant) history = props_array(props, "TransportHistory", "a(xss)");
    for (gsize i = 0; g_variant_n_children(history) > 1 && i < g_variant_n_children(history); i++) {
        gint64 at;
        const char *transport, *why;
        g_variant_get_child(history, i, "(x&s&s)", &at, &transport, &why);
        g_autofree char *way = output_transport(transport);
        g_autofree char *age = duration_to_string(MAX(now - at, 0));
        g_autofree char *reason =
            *why != '\0' ? g_strdup_printf(": %s", output_move_reason(why)) : g_strdup("");
        output_row(out, i == 0 ? _("ways so far") : "", _("%s ago  %s%s"), age, way, reason);
    }
}

static void
status_timeline(GString *out, GVariant *props)
{
    g_autoptr(GVariant) timeline = props_array(props, "Timeline", "a(xsa{sv})");
    for (gsize i = 0; i < g_variant_n_children(timeline); i++) {
        gint64 offset;
        const char *event;
        g_autoptr(GVariant) details = NULL;
        g_variant_get_child(timeline, i, "(x&s@a{sv})", &offset, &event, &details);
        g_autofree char *sentence = output_event(event, details);
        output_row(out, i == 0 ? _("timeline") : "", "%9.3f s  %s", (double)offset / G_USEC_PER_SEC,
                   sentence);
    }
}

/* A row, unless nothing is known. */
static void
append_fact(GString *out, const char *label, const char *fact, const char *addition)
{
    if (*fact != '\0')
        output_row(out, label, "%s%s", fact, addition);
}

static void
status_verbose(GString *out, GVariant *props, GVariant *statistics, gint64 now)
{
    g_auto(GStrv) servers = props_strings(props, "DnsServers");
    g_autofree char *joined = g_strjoinv(", ", servers);
    g_autofree char *way = output_transport(props_string(props, "Transport"));
    append_fact(out, _("IKE"), props_string(props, "IkeAlgorithms"), "");
    append_fact(out, _("ESP"), props_string(props, "EspAlgorithms"), "");
    append_fact(out, _("transport"), way,
                props_bool(props, "BehindNat") ? _(", behind a NAT") : "");
    status_history(out, props, now);
    if (props_uint(props, "Mtu") != 0)
        output_row(out, _("MTU inside"), "%u", props_uint(props, "Mtu"));
    append_fact(out, _("DNS servers"), joined, "");
    append_fact(out, _("signed in as"), props_string(props, "UserId"), "");
    append_fact(out, _("signed in with"), props_string(props, "UserAuth"), "");
    append_fact(out, _("profile"), props_string(props, "File"), "");
    status_timeline(out, props);
    for (gsize i = 0; statistics != NULL && i < g_variant_n_children(statistics); i++) {
        const char *name;
        guint64 value;
        g_variant_get_child(statistics, i, "{&st}", &name, &value);
        output_row(out, i == 0 ? _("counters") : "", "%-24s %" G_GUINT64_FORMAT, name, value);
    }
}

void
output_status(GString *out, GVariant *props, GVariant *statistics, gint64 now, gboolean verbose)
{
    status_state(out, props, now);
    status_gateway(out, props, now);
    status_you(out, props);
    output_names(out, props);
    status_networks(out, props);
    status_traffic(out, props, statistics);
    if (*props_string(props, "Warning") != '\0')
        output_row(out, _("note"), "%s", props_string(props, "Warning"));
    if (verbose)
        status_verbose(out, props, statistics, now);
}
