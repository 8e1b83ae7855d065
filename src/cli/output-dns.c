#include "config.h"

#include "cli/output-dns.h"

#include <glib/gi18n.h>
#include <string.h>

#include "cli/output.h"
#include "cli/props.h"

/* What one kind of thing was offered: "corp.example (key 31406), two.example". */
static char *
offered_of(GVariant *offered, const char *kind)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (gsize i = 0; i < g_variant_n_children(offered); i++) {
        const char *one, *words;
        g_variant_get_child(offered, i, "(&s&s)", &one, &words);
        if (strcmp(one, kind) == 0)
            g_string_append_printf(out, "%s%s", out->len > 0 ? "; " : "", words);
        else if (strcmp(one, "anchor") == 0 && strcmp(kind, "domain") == 0 && out->len > 0)
            g_string_append_printf(out, _(" (key %s)"), words);
    }
    return g_strdup(out->str);
}

static void
append_offered(GString *out, GVariant *props)
{
    const struct {
        const char *kind, *words;
    } kinds[] = { { "server", N_("servers %s") },
                  { "encrypted", N_("encrypted servers %s") },
                  { "digest", N_("digests of their keys %s") },
                  { "domain", N_("domains %s") } };
    g_autoptr(GVariant) offered = props_array(props, "DnsOffered", "a(ss)");
    const char *label = _("offered");
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *words = offered_of(offered, kinds[i].kind);
        if (*words == '\0')
            continue;
        output_row(out, label, _(kinds[i].words), words);
        label = "";
    }
    if (*label != '\0')
        output_row(out, label, "%s", _("nothing"));
}

static char *
joined(GVariant *dict, const char *name)
{
    g_auto(GStrv) list = props_strings(dict, name);
    return g_strjoinv(" ", list);
}

static void
append_setting(GString *out, const char *format, const char *value)
{
    if (*value != '\0')
        output_row(out, "", format, value);
}

static void
append_resolver(GString *out, GVariant *props, GVariant *dns)
{
    g_autoptr(GVariant) resolver = g_variant_lookup_value(dns, "resolver", G_VARIANT_TYPE_VARDICT);
    if (*props_string(dns, "by") == '\0' || resolver == NULL) {
        output_row(out, _("resolver"), "%s",
                   _("nobody says what this link has: is systemd-resolved running?"));
        return;
    }
    g_autofree char *servers = joined(resolver, "servers"), *domains = joined(resolver, "domains"),
                    *negative = joined(resolver, "negative-anchors");
    output_row(out, _("resolver"), _("%s %s has for %s:"), props_string(dns, "by"),
               props_string(resolver, "version"), props_string(props, "Interface"));
    append_setting(out, _("  servers %s"), servers);
    append_setting(out, _("  domains %s"), domains);
    append_setting(out, _("  not validated %s"), negative);
    append_setting(out, _("  DNSSEC %s"), props_string(resolver, "dnssec"));
    append_setting(out, _("  DNS over TLS %s"), props_string(resolver, "dns-over-tls"));
    output_row(out, "", _("  default route %s, LLMNR %s, mDNS %s"),
               props_bool(resolver, "default-route") ? _("yes") : _("no"),
               props_string(resolver, "llmnr"), props_string(resolver, "mdns"));
    if (*props_string(resolver, "differs") != '\0')
        output_row(out, _("note"), _("somebody else has changed the link's %s"),
                   props_string(resolver, "differs"));
}

static void
append_validation(GString *out, GVariant *dns)
{
    const char *who = props_string(dns, "validates");
    g_auto(GStrv) anchors = props_strings(dns, "anchors");
    if (*props_string(dns, "stub") != '\0')
        output_row(out, _("between"), _("ginnel-stub at %s asks the servers"),
                   props_string(dns, "stub"));
    if (*who == '\0')
        output_row(out, _("validation"), "%s", _("none"));
    else if (anchors[0] == NULL)
        output_row(out, _("validation"),
                   _("by %s, as the machine does elsewhere: no key was accepted"), who);
    else
        output_row(out, _("validation"),
                   props_bool(dns, "clients-see")
                       ? _("by %s; programs are told what is authentic")
                       : _("by %s; what is forged fails, but programs are "
                           "not told what is authentic"),
                   who);
    for (char **anchor = anchors; *anchor != NULL; anchor++)
        output_row(out, anchor == anchors ? _("keys") : "", "%s", *anchor);
}

void
output_dns(GString *out, GVariant *props, GVariant *dns)
{
    output_head(out, props);
    append_offered(out, props);
    output_names(out, props);
    append_resolver(out, props, dns);
    append_validation(out, dns);
    if (*props_string(props, "Warning") != '\0')
        output_row(out, _("note"), "%s", props_string(props, "Warning"));
}

void
output_dns_test(GString *out, const char *name, GVariant *test, const char *interface)
{
    g_auto(GStrv) links = props_strings(test, "links"),
                  addresses = props_strings(test, "addresses");
    g_autofree char *where = g_strjoinv(", ", links), *found = g_strjoinv(", ", addresses);
    const char *domain = props_string(test, "domain");
    gboolean inside = g_strv_length(links) == 1 && strcmp(links[0], interface) == 0;
    output_row(out, _("test"), "%s", name);
    if (*where == '\0')
        output_row(out, _("asked"), "%s", _("nowhere: no server is known for it"));
    else if (strcmp(domain, ".") == 0)
        output_row(out, _("asked"),
                   inside ? _("inside, over %s, as every name")
                          : _("over %s, as what belongs nowhere else"),
                   where);
    else
        output_row(out, _("asked"),
                   inside ? _("inside, over %s, for it is in %s") : _("over %s, for it is in %s"),
                   where, domain);
    if (*found == '\0')
        output_row(out, _("answer"), _("none: %s"), props_string(test, "error"));
    else
        output_row(out, _("answer"),
                   props_bool(test, "authenticated") ? _("%s, authenticated")
                                                     : _("%s, not authenticated"),
                   found);
}
