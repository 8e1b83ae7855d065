#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <string.h>

#include "bus/names.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/props.h"

typedef struct {
    Client *client;
    GMainLoop *loop;
    GHashTable *seen; /* object path: number of timeline events that were shown */
} Monitor;

static void
say(const char *profile, const char *what)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *time = g_date_time_format(now, "%H:%M:%S");
    g_autofree char *text = g_strdup_printf("%s  %-16s %s\n", time, profile, what);
    cli_print(text);
}

/* What the timeline has got since the last look; a shorter one is another connect. */
static void
say_events(Monitor *monitor, const char *path, GVariant *props)
{
    g_autoptr(GVariant) timeline = props_array(props, "Timeline", "a(xsa{sv})");
    gsize n = g_variant_n_children(timeline);
    gsize seen = GPOINTER_TO_SIZE(g_hash_table_lookup(monitor->seen, path));
    for (gsize i = seen <= n ? seen : 0; i < n; i++) {
        const char *event;
        g_autoptr(GVariant) details = NULL;
        g_variant_get_child(timeline, i, "(x&s@a{sv})", NULL, &event, &details);
        g_autofree char *sentence = output_event(event, details);
        say(props_string(props, "Profile"), sentence);
    }
    g_hash_table_insert(monitor->seen, g_strdup(path), GSIZE_TO_POINTER(n));
}

static void
on_changed(GDBusObjectManagerClient *objects, GDBusObjectProxy *object, GDBusProxy *proxy,
           GVariant *changed, char **invalidated, gpointer data)
{
    Monitor *monitor = data;
    if (strcmp(g_dbus_proxy_get_interface_name(proxy), GINNEL_IFACE_TUNNEL) != 0)
        return;
    g_autoptr(GVariant) props = client_properties(proxy);
    if (g_variant_lookup(changed, "Timeline", "@a(xsa{sv})", NULL))
        say_events(monitor, g_dbus_proxy_get_object_path(proxy), props);
    if (g_variant_lookup(changed, "State", "&s", NULL)) {
        g_autofree char *state = output_state(props);
        say(props_string(props, "Profile"), state);
    }
}

static GDBusProxy *
tunnel_interface(GDBusObject *object)
{
    return G_DBUS_PROXY(g_dbus_object_get_interface(object, GINNEL_IFACE_TUNNEL));
}

static void
on_added(GDBusObjectManager *objects, GDBusObject *object, gpointer data)
{
    Monitor *monitor = data;
    g_autoptr(GDBusProxy) tunnel = tunnel_interface(object);
    if (tunnel == NULL)
        return;
    g_autoptr(GVariant) props = client_properties(tunnel);
    g_autofree char *state = output_state(props);
    say(props_string(props, "Profile"), state);
    say_events(monitor, g_dbus_object_get_object_path(object), props);
}

static void
on_removed(GDBusObjectManager *objects, GDBusObject *object, gpointer data)
{
    Monitor *monitor = data;
    g_autoptr(GDBusProxy) tunnel = tunnel_interface(object);
    if (tunnel == NULL)
        return;
    g_autoptr(GVariant) props = client_properties(tunnel);
    g_hash_table_remove(monitor->seen, g_dbus_object_get_object_path(object));
    say(props_string(props, "Profile"), _("disconnected"));
}

static void
on_owner(GObject *objects, GParamSpec *pspec, gpointer data)
{
    g_autofree char *owner =
        g_dbus_object_manager_client_get_name_owner(G_DBUS_OBJECT_MANAGER_CLIENT(objects));
    say("ginneld", owner != NULL ? _("the service is here") : _("the service is gone"));
}

static gboolean
on_interrupt(gpointer data)
{
    g_main_loop_quit(((Monitor *)data)->loop);
    return G_SOURCE_CONTINUE;
}

int
cmd_monitor(int argc, char **argv)
{
    if (!cli_parse_options(&argc, &argv, NULL,
                           _("Says what changes, one line each, until it is interrupted."), NULL, 0,
                           0))
        return CLI_USAGE;
    g_autoptr(GError) error = NULL;
    g_autoptr(Client) client = client_new(&error);
    if (client == NULL)
        return cli_report(g_steal_pointer(&error));
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Monitor monitor = { client, loop, seen };
    g_autoptr(GPtrArray) tunnels = client_tunnels(client);
    for (guint i = 0; i < tunnels->len; i++) {
        g_autoptr(GDBusObject) object = g_dbus_interface_dup_object(g_ptr_array_index(tunnels, i));
        if (object != NULL)
            on_added(client->objects, object, &monitor);
    }
    g_signal_connect(client->objects, "interface-proxy-properties-changed", G_CALLBACK(on_changed),
                     &monitor);
    g_signal_connect(client->objects, "object-added", G_CALLBACK(on_added), &monitor);
    g_signal_connect(client->objects, "object-removed", G_CALLBACK(on_removed), &monitor);
    g_signal_connect(client->objects, "notify::name-owner", G_CALLBACK(on_owner), &monitor);
    g_unix_signal_add(SIGINT, on_interrupt, &monitor);
    g_unix_signal_add(SIGTERM, on_interrupt, &monitor);
    g_main_loop_run(loop);
    g_signal_handlers_disconnect_by_data(client->objects, &monitor);
    return CLI_OK;
}
