#include "config.h"

#include "system/resolver-resolved.h"

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
