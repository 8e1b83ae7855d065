#include "config.h"

#include "system/resolver-resolved.h"

#include "base/inet.h"

#include <string.h>

#define LINK_INTERFACE  RESOLVED_NAME ".Link"
#define CALL_TIMEOUT_MS 10000

static GVariant *
call(GDBusConnection *bus, const char *path, const char *interface, const char *method,
     GVariant *arguments, const char *type)
{
    return g_dbus_connection_call_sync(bus, RESOLVED_NAME, path, interface, method, arguments,
                                       G_VARIANT_TYPE(type), G_DBUS_CALL_FLAGS_NONE,
                                       CALL_TIMEOUT_MS, NULL, NULL);
}

/* NULL where there is no such link, or nobody to ask. */
static GVariant *
read_properties(GDBusConnection *bus, int ifindex)
{
    const char *path;
    g_autoptr(GVariant) found = call(bus, "/org/freedesktop/resolve1", RESOLVED_NAME ".Manager",
                                     "GetLink", g_variant_new("(i)", ifindex), "(o)");
    if (found == NULL)
        return NULL;
    g_variant_get(found, "(&o)", &path);
    g_autoptr(GVariant) all = call(bus, path, "org.freedesktop.DBus.Properties", "GetAll",
                                   g_variant_new("(s)", LINK_INTERFACE), "(a{sv})");
    return all != NULL ? g_variant_get_child_value(all, 0) : NULL;
}

/* What resolved orders and gathers in its own way is compared as a set. */
static GHashTable *
set_of(GVariant *list)
{
    GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (gsize i = 0; i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) item = g_variant_get_child_value(list, i);
        g_hash_table_add(set, g_variant_print(item, FALSE));
    }
    return set;
}

static bool
same_list(GVariant *properties, const char *name, GVariant *wanted)
{
    g_autoptr(GVariant) list = g_variant_lookup_value(properties, name, g_variant_get_type(wanted));
    if (list == NULL)
        return true;
    g_autoptr(GHashTable) is = set_of(list), should = set_of(wanted);
    bool same = g_hash_table_size(is) == g_hash_table_size(should);
    GHashTableIter iter;
    gpointer item;
    g_hash_table_iter_init(&iter, should);
    while (same && g_hash_table_iter_next(&iter, &item, NULL))
        same = g_hash_table_contains(is, item);
    return same;
}

static bool
same_word(GVariant *properties, const char *name, const char *wanted)
{
    const char *word = wanted;
    g_variant_lookup(properties, name, "&s", &word);
    return strcmp(word, wanted) == 0;
}

const char *
resolved_link_difference(GDBusConnection *bus, const ResolvedLink *link)
{
    g_autoptr(GVariant) properties = read_properties(bus, link->ifindex);
    if (properties == NULL)
        return NULL;
    gboolean default_route = link->default_route;
    g_variant_lookup(properties, "DefaultRoute", "b", &default_route);
    if (link->sets_servers && !same_list(properties, "DNSEx", link->servers))
        return "servers";
    if (link->sets_servers && !same_word(properties, "DNSOverTLS", link->encrypted ? "yes" : "no"))
        return "DNS over TLS";
    if (!link->by_other && !same_list(properties, "Domains", link->domains))
        return "domains";
    if (!link->by_other && default_route != link->default_route)
        return "default route";
    if (!same_list(properties, "DNSSECNegativeTrustAnchors", link->negative))
        return "negative trust anchors";
    if (*link->dnssec != '\0' && !same_word(properties, "DNSSEC", link->dnssec))
        return "DNSSEC";
    if (!link->by_other &&
        (!same_word(properties, "LLMNR", "no") || !same_word(properties, "MulticastDNS", "no")))
        return "LLMNR and mDNS";
    return NULL;
}

/* ---- for people ---- */

static char *
server_words(GVariant *server)
{
    g_autoptr(GVariant) octets = NULL;
    guint16 port;
    const char *name;
    gsize length;
    g_variant_get(server, "(i@ayq&s)", NULL, &octets, &port, &name);
    const uint8_t *data = g_variant_get_fixed_array(octets, &length, 1);
    if (length != 4 && length != 16)
        return g_strdup("?");
    InetAddress address = inet_address_new(length == 4 ? INET_V4 : INET_V6, data);
    g_autofree char *text = inet_address_to_string(&address);
    g_autoptr(GString) out = g_string_new(NULL);
    bool v6 = length == 16 && port != 0;
    g_string_append_printf(out, "%s%s%s", v6 ? "[" : "", text, v6 ? "]" : "");
    if (port != 0)
        g_string_append_printf(out, ":%u", port);
    if (*name != '\0')
        g_string_append_printf(out, "#%s", name);
    return g_strdup(out->str);
}

static char *
domain_words(GVariant *domain)
{
    const char *name;
    gboolean routes;
    g_variant_get(domain, "(&sb)", &name, &routes);
    return g_strconcat(routes ? "~" : "", name, NULL);
}

static void
add_words(GVariantDict *out, const char *key, GVariant *properties, const char *name,
          const char *type, char *(*words)(GVariant *item))
{
    g_autoptr(GVariant) list = g_variant_lookup_value(properties, name, G_VARIANT_TYPE(type));
    GVariantBuilder items;
    g_variant_builder_init(&items, G_VARIANT_TYPE_STRING_ARRAY);
    for (gsize i = 0; list != NULL && i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) item = g_variant_get_child_value(list, i);
        g_autofree char *text = words(item);
        g_variant_builder_add(&items, "s", text);
    }
    g_variant_dict_insert_value(out, key, g_variant_builder_end(&items));
}

static void
add_version(GDBusConnection *bus, GVariantDict *out)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
        "org.freedesktop.DBus.Properties", "Get",
        g_variant_new("(ss)", "org.freedesktop.systemd1.Manager", "Version"), G_VARIANT_TYPE("(v)"),
        G_DBUS_CALL_FLAGS_NONE, CALL_TIMEOUT_MS, NULL, NULL);
    g_autoptr(GVariant) value = NULL;
    if (reply != NULL)
        g_variant_get(reply, "(v)", &value);
    if (value != NULL)
        g_variant_dict_insert_value(out, "version", value);
}

static char *
same_words(GVariant *item)
{
    return g_variant_dup_string(item, NULL);
}

GVariant *
resolved_describe(GDBusConnection *bus, int ifindex, const ResolvedLink *link)
{
    static const struct {
        const char *key, *name;
    } plain[] = { { "default-route", "DefaultRoute" },
                  { "dnssec", "DNSSEC" },
                  { "dns-over-tls", "DNSOverTLS" },
                  { "llmnr", "LLMNR" },
                  { "mdns", "MulticastDNS" } };
    GVariantDict out;
    g_autoptr(GVariant) properties = read_properties(bus, ifindex);
    g_variant_dict_init(&out, NULL);
    if (properties == NULL)
        return g_variant_dict_end(&out);
    add_version(bus, &out);
    add_words(&out, "servers", properties, "DNSEx", "a(iayqs)", server_words);
    add_words(&out, "domains", properties, "Domains", "a(sb)", domain_words);
    add_words(&out, "negative-anchors", properties, "DNSSECNegativeTrustAnchors", "as", same_words);
    for (size_t i = 0; i < G_N_ELEMENTS(plain); i++) {
        g_autoptr(GVariant) value = g_variant_lookup_value(properties, plain[i].name, NULL);
        if (value != NULL)
            g_variant_dict_insert_value(&out, plain[i].key, value);
    }
    const char *difference = link != NULL ? resolved_link_difference(bus, link) : NULL;
    g_variant_dict_insert(&out, "differs", "s", difference != NULL ? difference : "");
    return g_variant_dict_end(&out);
}
