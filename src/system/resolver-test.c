#include "config.h"

#include "system/resolver-test.h"

#include "base/inet.h"
#include "base/names.h"
#include "system/resolver-resolved.h"

#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#define FLAG_AUTHENTICATED (G_GUINT64_CONSTANT(1) << 9)
/* As long as resolved itself may try. */
#define CALL_TIMEOUT_MS 60000
/* A resolver that was just restarted, as it is for trust anchors, takes its questions with it. */
#define TRIES 3

static GVariant *
manager_call(GDBusConnection *bus, const char *interface, const char *method,
             GVariant *arguments /* floating */, const char *type, GError **error)
{
    g_autoptr(GVariant) kept = g_variant_ref_sink(arguments);
    for (int i = 1;; i++) {
        g_autoptr(GError) failure = NULL;
        GVariant *reply = g_dbus_connection_call_sync(
            bus, RESOLVED_NAME, "/org/freedesktop/resolve1", interface, method, kept,
            G_VARIANT_TYPE(type), G_DBUS_CALL_FLAGS_NONE, CALL_TIMEOUT_MS, NULL, &failure);
        if (reply != NULL)
            return reply;
        if (i == TRIES || !g_error_matches(failure, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return NULL;
        }
    }
}

static void
add_interface(GPtrArray *names, int ifindex)
{
    char name[IF_NAMESIZE] = "all";
    if (ifindex != 0 && if_indextoname((unsigned)ifindex, name) == NULL)
        return;
    for (guint i = 0; i < names->len; i++)
        if (strcmp(names->pdata[i], name) == 0)
            return;
    g_ptr_array_add(names, g_strdup(name));
}

/* The longest of all links' domains that the name is at or below decides, search and routing ones
 * alike. domains: a(isb). */
static char *
route(GVariant *domains, const char *name, GPtrArray *links)
{
    int best = -1;
    g_autofree char *decided = NULL;
    for (gsize i = 0; i < g_variant_n_children(domains); i++) {
        int ifindex;
        const char *domain;
        g_variant_get_child(domains, i, "(i&sb)", &ifindex, &domain, NULL);
        g_autofree char *normal = dns_name_normalise(domain, strlen(domain), NULL);
        if (normal == NULL || !dns_name_is_at_or_below(name, normal))
            continue;
        int labels = (int)dns_name_count_labels(normal);
        if (labels < best)
            continue;
        if (labels > best)
            g_ptr_array_set_size(links, 0);
        best = labels;
        add_interface(links, ifindex);
        g_free(decided);
        decided = g_strdup(*normal == '\0' ? "." : normal);
    }
    return decided != NULL ? g_steal_pointer(&decided) : g_strdup(".");
}

static bool
is_default(GDBusConnection *bus, int ifindex)
{
    const char *path;
    gboolean yes = FALSE;
    g_autoptr(GVariant) found = manager_call(bus, RESOLVED_NAME ".Manager", "GetLink",
                                             g_variant_new("(i)", ifindex), "(o)", NULL);
    if (found == NULL)
        return false;
    g_variant_get(found, "(&o)", &path);
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        bus, RESOLVED_NAME, path, "org.freedesktop.DBus.Properties", "Get",
        g_variant_new("(ss)", RESOLVED_NAME ".Link", "DefaultRoute"), G_VARIANT_TYPE("(v)"),
        G_DBUS_CALL_FLAGS_NONE, CALL_TIMEOUT_MS, NULL, NULL);
    g_autoptr(GVariant) value = NULL;
    if (reply != NULL)
        g_variant_get(reply, "(v)", &value);
    if (value != NULL && g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN))
        yes = g_variant_get_boolean(value);
    return yes;
}

/* No domain decides: links with servers that are a default route. */
static void
add_default_links(GDBusConnection *bus, GVariant *properties, GPtrArray *links)
{
    g_autoptr(GVariant) servers =
        g_variant_lookup_value(properties, "DNS", G_VARIANT_TYPE("a(iiay)"));
    for (gsize i = 0; servers != NULL && i < g_variant_n_children(servers); i++) {
        int ifindex;
        g_variant_get_child(servers, i, "(ii@ay)", &ifindex, NULL, NULL);
        if (ifindex == 0 || is_default(bus, ifindex))
            add_interface(links, ifindex);
    }
}

static void
add_route(GDBusConnection *bus, const char *name, GVariantDict *out)
{
    g_autoptr(GPtrArray) links = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GVariant) reply =
        manager_call(bus, "org.freedesktop.DBus.Properties", "GetAll",
                     g_variant_new("(s)", RESOLVED_NAME ".Manager"), "(a{sv})", NULL);
    if (reply == NULL)
        return;
    g_autoptr(GVariant) properties = g_variant_get_child_value(reply, 0);
    g_autoptr(GVariant) domains =
        g_variant_lookup_value(properties, "Domains", G_VARIANT_TYPE("a(isb)"));
    g_autofree char *decided = domains != NULL ? route(domains, name, links) : g_strdup(".");
    if (links->len == 0)
        add_default_links(bus, properties, links);
    g_variant_dict_insert(out, "domain", "s", decided);
    g_variant_dict_insert_value(
        out, "links", g_variant_new_strv((const char *const *)links->pdata, (gssize)links->len));
}

static char **
addresses_of(GVariant *list)
{
    g_autoptr(GPtrArray) out = g_ptr_array_new();
    for (gsize i = 0; i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) octets = NULL;
        gsize length;
        g_variant_get_child(list, i, "(ii@ay)", NULL, NULL, &octets);
        const uint8_t *data = g_variant_get_fixed_array(octets, &length, 1);
        if (length != 4 && length != 16)
            continue;
        InetAddress address = inet_address_new(length == 4 ? INET_V4 : INET_V6, data);
        g_ptr_array_add(out, inet_address_to_string(&address));
    }
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&out), FALSE);
}

static void
test(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    GDBusConnection *bus = source;
    const char *name = data;
    g_autoptr(GError) error = NULL;
    GVariantDict out;
    g_variant_dict_init(&out, NULL);
    add_route(bus, name, &out);
    g_autoptr(GVariant) reply = manager_call(
        bus, RESOLVED_NAME ".Manager", "ResolveHostname",
        g_variant_new("(isit)", 0, name, AF_UNSPEC, (guint64)0), "(a(iiay)st)", &error);
    if (reply != NULL) {
        guint64 flags;
        g_autoptr(GVariant) list = NULL;
        g_variant_get(reply, "(@a(iiay)st)", &list, NULL, &flags);
        g_auto(GStrv) addresses = addresses_of(list);
        g_variant_dict_insert(&out, "addresses", "^as", addresses);
        g_variant_dict_insert(&out, "authenticated", "b", (flags & FLAG_AUTHENTICATED) != 0);
    } else {
        g_dbus_error_strip_remote_error(error);
        g_variant_dict_insert(&out, "error", "s", error->message);
    }
    g_task_return_pointer(task, g_variant_ref_sink(g_variant_dict_end(&out)),
                          (GDestroyNotify)g_variant_unref);
}

void
resolver_test_async(GDBusConnection *bus, const char *name, GAsyncReadyCallback callback,
                    gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(bus, NULL, callback, user_data);
    g_task_set_task_data(task, g_strdup(name), g_free);
    g_task_run_in_thread(task, test);
}

GVariant *
resolver_test_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}
