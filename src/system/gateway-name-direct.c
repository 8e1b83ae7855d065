#include "config.h"

#include "system/gateway-name-direct.h"

#include "system/error.h"
#include "system/gateway-name.h"
#include "system/marks.h"
#include "system/resolver-resolved.h"

#include <ares.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define TRY_MS  1500
#define TRIES   2
#define TICK_MS 200

typedef struct {
    GTask *task;
    char *name;
    GArray *inside; /* int */
    NameServersFound found;
    gpointer found_data;
    ares_channel channel;
    GHashTable *watched; /* descriptor -> source ID */
    guint tick;
    GArray *addresses; /* what came; NULL: nothing as yet */
    int status;
} Lookup;

static void
lookup_free(Lookup *lookup)
{
    g_clear_handle_id(&lookup->tick, g_source_remove);
    if (lookup->channel != NULL)
        ares_destroy(lookup->channel);
    GHashTableIter iter;
    gpointer source;
    g_hash_table_iter_init(&iter, lookup->watched);
    while (g_hash_table_iter_next(&iter, NULL, &source))
        g_source_remove(GPOINTER_TO_UINT(source));
    g_hash_table_unref(lookup->watched);
    g_array_unref(lookup->inside);
    g_array_unref(lookup->addresses);
    g_object_unref(lookup->task);
    g_free(lookup->name);
    g_free(lookup);
}

/* ---- which servers ---- */

static void
add_server(GArray *servers, const InetAddress *address)
{
    if (!inet_address_is_unicast(address) || servers->len >= NAME_SERVERS_MAX)
        return;
    for (guint i = 0; i < servers->len; i++)
        if (inet_address_equal(&g_array_index(servers, InetAddress, i), address))
            return;
    g_array_append_vals(servers, address, 1);
}

GArray *
name_servers_from_text(const char *text)
{
    GArray *servers = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_auto(GStrv) lines = g_strsplit(text, "\n", 256);
    for (char **line = lines; *line != NULL; line++) {
        InetAddress address;
        if (!g_str_has_prefix(*line, "nameserver"))
            continue;
        char *word = g_strstrip(*line + strlen("nameserver"));
        if (inet_address_parse(word, &address))
            add_server(servers, &address);
    }
    return servers;
}

static GArray *
servers_from_files(void)
{
    static const char *const files[] = { "/run/systemd/resolve/resolv.conf", "/etc/resolv.conf" };
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *text = NULL;
        if (!g_file_get_contents(files[i], &text, NULL, NULL))
            continue;
        g_autoptr(GArray) servers = name_servers_from_text(text);
        if (servers->len > 0)
            return g_steal_pointer(&servers);
    }
    return g_array_new(FALSE, FALSE, sizeof(InetAddress));
}

static bool
is_inside(const Lookup *lookup, int ifindex)
{
    for (guint i = 0; i < lookup->inside->len; i++)
        if (g_array_index(lookup->inside, int, i) == ifindex)
            return true;
    return false;
}

/* list: a(iiay), the property DNS of resolved's manager. */
static GArray *
servers_of_resolved(const Lookup *lookup, GVariant *list)
{
    GArray *servers = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    for (gsize i = 0; i < g_variant_n_children(list); i++) {
        int ifindex;
        g_autoptr(GVariant) octets = NULL;
        gsize length;
        g_variant_get_child(list, i, "(ii@ay)", &ifindex, NULL, &octets);
        const uint8_t *data = g_variant_get_fixed_array(octets, &length, 1);
        if (is_inside(lookup, ifindex) || (length != 4 && length != 16))
            continue;
        InetAddress address = inet_address_new(length == 4 ? INET_V4 : INET_V6, data);
        add_server(servers, &address);
    }
    return servers;
}

/* ---- asking ---- */

static gboolean
answer(gpointer data)
{
    Lookup *lookup = data;
    bool no_name = lookup->status == ARES_ENOTFOUND || lookup->status == ARES_ENODATA;
    if (lookup->addresses->len > 0)
        g_task_return_pointer(lookup->task, gateway_name_interleave(lookup->addresses),
                              (GDestroyNotify)g_array_unref);
    else
        g_task_return_new_error(lookup->task, SYSTEM_ERROR,
                                no_name ? SYSTEM_ERROR_NOT_FOUND : SYSTEM_ERROR_UNAVAILABLE,
                                "%s: %s", lookup->name, ares_strerror(lookup->status));
    lookup_free(lookup);
    return G_SOURCE_REMOVE;
}

static void
found_addresses(void *data, int status, int timeouts, struct ares_addrinfo *result)
{
    Lookup *lookup = data;
    if (status == ARES_EDESTRUCTION)
        return;
    lookup->status = status;
    for (struct ares_addrinfo_node *node = result != NULL ? result->nodes : NULL; node != NULL;
         node = node->ai_next) {
        const struct sockaddr *from = node->ai_addr;
        InetAddress address =
            from->sa_family == AF_INET
                ? inet_address_new(INET_V4,
                                   (const uint8_t *)&((const struct sockaddr_in *)from)->sin_addr)
                : inet_address_new(
                      INET_V6, (const uint8_t *)&((const struct sockaddr_in6 *)from)->sin6_addr);
        g_array_append_val(lookup->addresses, address);
    }
    if (result != NULL)
        ares_freeaddrinfo(result);
    /* Not from inside the library. */
    g_clear_handle_id(&lookup->tick, g_source_remove);
    lookup->tick = g_idle_add(answer, lookup);
}

static gboolean
ready(int fd, GIOCondition condition, gpointer data)
{
    Lookup *lookup = data;
    ares_process_fd(lookup->channel,
                    (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR)) != 0 ? fd : ARES_SOCKET_BAD,
                    (condition & G_IO_OUT) != 0 ? fd : ARES_SOCKET_BAD);
    return G_SOURCE_CONTINUE;
}

static void
socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    Lookup *lookup = data;
    gpointer source = g_hash_table_lookup(lookup->watched, GINT_TO_POINTER(fd));
    if (source != NULL)
        g_source_remove(GPOINTER_TO_UINT(source));
    g_hash_table_remove(lookup->watched, GINT_TO_POINTER(fd));
    GIOCondition wanted = (readable ? G_IO_IN : 0) | (writable ? G_IO_OUT : 0);
    if (wanted == 0)
        return;
    guint id = g_unix_fd_add(fd, wanted, ready, lookup);
    g_hash_table_insert(lookup->watched, GINT_TO_POINTER(fd), GUINT_TO_POINTER(id));
}

/* By this mark the packet filter knows it. */
static int
mark_socket(ares_socket_t fd, int type, void *data)
{
    uint32_t mark = MARK_NAMES;
    return setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) == 0 ? 0 : -1;
}

static gboolean
tick(gpointer data)
{
    ares_process_fd(((Lookup *)data)->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    return G_SOURCE_CONTINUE;
}

static char *
servers_to_csv(const GArray *servers)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < servers->len; i++) {
        const InetAddress *server = &g_array_index(servers, InetAddress, i);
        g_autofree char *text = inet_address_to_string(server);
        g_string_append_printf(out, server->family == INET_V6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "",
                               text);
    }
    return g_strdup(out->str);
}

static void
give_up(Lookup *lookup, const char *why)
{
    g_task_return_new_error(lookup->task, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE, "%s: %s",
                            lookup->name, why);
    lookup_free(lookup);
}

static void
ask(Lookup *lookup, const GArray *servers)
{
    char files_then_servers[] = "fb";
    struct ares_options options = { .flags = ARES_FLAG_NOSEARCH,
                                    .timeout = TRY_MS,
                                    .tries = TRIES,
                                    .lookups = files_then_servers,
                                    .sock_state_cb = socket_state,
                                    .sock_state_cb_data = lookup };
    struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_flags = ARES_AI_NOSORT };
    g_autofree char *csv = servers_to_csv(servers);
    lookup->found(servers, lookup->found_data);
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
        ares_init_options(&lookup->channel, &options,
                          ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                              ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS ||
        ares_set_servers_ports_csv(lookup->channel, csv) != ARES_SUCCESS) {
        give_up(lookup, "asking name servers is not possible");
        return;
    }
    ares_set_socket_configure_callback(lookup->channel, mark_socket, lookup);
    lookup->tick = g_timeout_add(TICK_MS, tick, lookup);
    ares_getaddrinfo(lookup->channel, lookup->name, NULL, &hints, found_addresses, lookup);
}

static void
servers_known(GObject *source, GAsyncResult *result, gpointer data)
{
    Lookup *lookup = data;
    g_autoptr(GVariant) list = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);
    if (g_task_return_error_if_cancelled(lookup->task)) {
        lookup_free(lookup);
        return;
    }
    if (reply != NULL)
        g_variant_get(reply, "(v)", &list);
    bool told = list != NULL && g_variant_is_of_type(list, G_VARIANT_TYPE("a(iiay)"));
    g_autoptr(GArray) servers = told ? servers_of_resolved(lookup, list) : servers_from_files();
    if (servers->len == 0)
        give_up(lookup, "no name server is known outside");
    else
        ask(lookup, servers);
}

void
gateway_name_direct_async(GDBusConnection *bus, const char *name, const GArray *inside,
                          NameServersFound found, gpointer found_data, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
    Lookup *lookup = g_new0(Lookup, 1);
    lookup->task = g_task_new(NULL, cancellable, callback, user_data);
    lookup->name = g_strdup(name);
    lookup->inside = g_array_new(FALSE, FALSE, sizeof(int));
    g_array_append_vals(lookup->inside, inside->data, inside->len);
    lookup->found = found;
    lookup->found_data = found_data;
    lookup->watched = g_hash_table_new(NULL, NULL);
    lookup->addresses = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_dbus_connection_call(
        bus, RESOLVED_NAME, "/org/freedesktop/resolve1", "org.freedesktop.DBus.Properties", "Get",
        g_variant_new("(ss)", RESOLVED_NAME ".Manager", "DNS"), G_VARIANT_TYPE("(v)"),
        G_DBUS_CALL_FLAGS_NONE, 2000, NULL, servers_known, lookup);
}
