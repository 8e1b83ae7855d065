/*
 * A service for the tests of the tool: has the contract's objects on the bus and plays a script for
 * each profile name, without a tunnel anywhere.
 */
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "bus/errors.h"
#include "bus/names.h"
#include "ginnel-bus.h"

typedef struct {
    gint64 at; /* microseconds */
    const char *event, *details;
} Scripted;

static const Scripted over_tcp[] = {
    { 10, "attempt-started",
      "{'attempt': <uint32 1>, 'transport': <'udp'>, 'port': <uint32 4500>, 'address': "
      "<'192.0.2.1'>}" },
    { 500000, "attempt-retransmitted", "{'attempt': <uint32 1>, 'transmission': <uint32 2>}" },
    { 1000010, "attempt-started",
      "{'attempt': <uint32 2>, 'transport': <'tcp'>, 'port': <uint32 4500>, 'address': "
      "<'192.0.2.1'>}" },
    { 1031000, "attempt-answered", "{'attempt': <uint32 2>, 'after': <int64 31000>}" },
    { 1031100, "attempt-abandoned", "{'attempt': <uint32 1>}" },
    { 1031200, "authenticating", "{'attempt': <uint32 2>}" },
    { 1190000, "authenticated",
      "{'user': <'tess@example.com'>, 'method': <'certificate'>, 'gateway': <'vpn.example.com'>}" },
    { 1200000, "connected", "{'transport': <'tcp/4500'>, 'after': <int64 1200000>}" },
};

static const Scripted refused[] = {
    { 10, "attempt-started",
      "{'attempt': <uint32 1>, 'transport': <'udp'>, 'port': <uint32 4500>, 'address': "
      "<'192.0.2.1'>}" },
    { 18010, "attempt-answered", "{'attempt': <uint32 1>, 'after': <int64 18000>}" },
    { 30000, "failed",
      "{'reason': <'IdentityMismatch'>, 'why': <'The gateway says that it is gw.example.'>}" },
};

static GDBusObjectManagerServer *objects;
static char *agent_name, *agent_path;
static guint next_tunnel = 1;

static void
play(GinTunnel *tunnel, const Scripted *script, size_t n)
{
    GVariantBuilder timeline;
    g_variant_builder_init(&timeline, G_VARIANT_TYPE("a(xsa{sv})"));
    for (size_t i = 0; i < n; i++) {
        g_autoptr(GVariant) details =
            g_variant_parse(G_VARIANT_TYPE_VARDICT, script[i].details, NULL, NULL, NULL);
        g_variant_builder_add(&timeline, "(xs@a{sv})", script[i].at, script[i].event, details);
    }
    gin_tunnel_set_timeline(tunnel, g_variant_builder_end(&timeline));
}

static gboolean
on_disconnect(GinTunnel *tunnel, GDBusMethodInvocation *invocation, gpointer path)
{
    g_dbus_object_manager_server_unexport(objects, path);
    gin_tunnel_complete_disconnect(tunnel, invocation);
    return TRUE;
}

static gboolean
on_statistics(GinTunnel *tunnel, GDBusMethodInvocation *invocation, gpointer data)
{
    g_autoptr(GVariant) counters = g_variant_ref_sink(
        g_variant_new_parsed("{'octets-in': uint64 1200000000, 'octets-out': 88000000}"));
    gin_tunnel_complete_get_statistics(tunnel, invocation, counters);
    return TRUE;
}

static gboolean
on_get_dns(GinTunnel *tunnel, GDBusMethodInvocation *invocation, gpointer data)
{
    gin_tunnel_complete_get_dns(
        tunnel, invocation,
        g_variant_new_parsed(
            "{'by': <'systemd-resolved'>, 'resolver': <{'version': <'252'>, 'servers': "
            "<['10.99.0.1']>, 'domains': <['~corp.example']>, 'default-route': <false>, 'dnssec': "
            "<'yes'>, 'llmnr': <'no'>, 'mdns': <'no'>}>, 'validates': <'systemd-resolved'>, "
            "'clients-see': <true>, 'anchors': <['corp.example. IN DS 31406 13 2 AB']>}"));
    return TRUE;
}

static gboolean
on_test_name(GinTunnel *tunnel, GDBusMethodInvocation *invocation, const char *name, gpointer data)
{
    gin_tunnel_complete_test_name(
        tunnel, invocation,
        g_variant_new_parsed("{'links': <['ginnel0']>, 'domain': <'corp.example'>, 'addresses': "
                             "<['10.99.0.1']>, 'authenticated': <true>}"));
    return TRUE;
}

static void
end_connected(GinTunnel *tunnel)
{
    const char *const addresses[] = { "10.77.0.10", "2001:db8:77::10", NULL };
    const char *const networks[] = { "10.99.0.0/24", NULL };
    const char *const servers[] = { "10.99.0.1", NULL };
    gin_tunnel_set_transport(tunnel, "tcp/4500");
    gin_tunnel_set_gateway_address(tunnel, "192.0.2.1");
    gin_tunnel_set_addresses(tunnel, addresses);
    gin_tunnel_set_networks(tunnel, networks);
    gin_tunnel_set_dns_servers(tunnel, servers);
    gin_tunnel_set_interface(tunnel, "ginnel0");
    gin_tunnel_set_domains(
        tunnel, g_variant_new_parsed("[{'name': <'corp.example'>, 'validated': <true>, 'key-tag': "
                                     "<uint32 31406>}, {'name': <'two.example'>, 'validated': "
                                     "<false>, 'why': <'the gateway sent no key'>}]"));
    gin_tunnel_set_connected_at(tunnel, g_get_real_time());
    play(tunnel, over_tcp, G_N_ELEMENTS(over_tcp));
    gin_tunnel_set_state(tunnel, GINNEL_STATE_CONNECTED);
}

static void ask(GinTunnel *tunnel, gboolean retry);

static gboolean
is_right(GVariant *reply, GUnixFDList *fds)
{
    char octets[64] = "";
    gint32 index = -1;
    if (reply != NULL)
        g_variant_get(reply, "(h)", &index);
    int fd = fds != NULL ? g_unix_fd_list_get(fds, index, NULL) : -1;
    if (fd < 0)
        return FALSE;
    ssize_t n = pread(fd, octets, sizeof octets - 1, 0);
    close(fd);
    return n > 0 && strcmp(octets, "Ar3etTnp") == 0;
}

static void
on_answer(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GinTunnel) tunnel = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GUnixFDList) fds = NULL;
    g_autoptr(GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish(
        G_DBUS_CONNECTION(source), &fds, result, &error);
    if (is_right(reply, fds)) {
        end_connected(tunnel);
    } else if (reply != NULL) {
        ask(tunnel, TRUE);
    } else {
        gin_tunnel_set_reason(tunnel, GINNEL_REASON_SECRET_UNAVAILABLE);
        gin_tunnel_set_reason_text(tunnel, ginnel_error_is_declined(error) ? "No." : "Nobody.");
        gin_tunnel_set_state(tunnel, GINNEL_STATE_FAILED);
    }
    g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(tunnel));
}

static void
ask(GinTunnel *tunnel, gboolean retry)
{
    g_autoptr(GVariant) details =
        g_variant_ref_sink(g_variant_new_parsed("{'who': <'tess'>, 'retry': <%b>}", retry));
    g_dbus_connection_call_with_unix_fd_list(
        g_dbus_object_manager_server_get_connection(objects),
        agent_name != NULL ? agent_name : ":0.0", agent_path != NULL ? agent_path : "/",
        GINNEL_IFACE_AGENT, "Ask",
        g_variant_new("(uss@a{sv})", 1, gin_tunnel_get_profile(tunnel), "password", details),
        G_VARIANT_TYPE("(h)"), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, NULL, on_answer,
        g_object_ref(tunnel));
}

static gboolean
on_register(GinManager *manager, GDBusMethodInvocation *invocation, const char *path, gpointer data)
{
    g_free(agent_name);
    g_free(agent_path);
    agent_name = g_strdup(g_dbus_method_invocation_get_sender(invocation));
    agent_path = g_strdup(path);
    gin_manager_complete_register_agent(manager, invocation);
    return TRUE;
}

static gboolean
go_on(gpointer data)
{
    GinTunnel *tunnel = data;
    const char *profile = gin_tunnel_get_profile(tunnel);
    if (strcmp(profile, "work") == 0) {
        end_connected(tunnel);
    } else if (strcmp(profile, "wrong") == 0) {
        play(tunnel, refused, G_N_ELEMENTS(refused));
        gin_tunnel_set_reason(tunnel, GINNEL_REASON_IDENTITY_MISMATCH);
        gin_tunnel_set_reason_text(tunnel, "The gateway says that it is gw.example. If gw.example "
                                           "is right, set  id = gw.example.");
        gin_tunnel_set_state(tunnel, GINNEL_STATE_FAILED);
    } else if (strcmp(profile, "asks") == 0) {
        play(tunnel, over_tcp, 5);
        ask(tunnel, FALSE);
    } else { /* "slow" waits for ever */
        play(tunnel, over_tcp, 1);
    }
    g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(tunnel));
    return G_SOURCE_REMOVE;
}

static gboolean
is_active(const char *profile)
{
    gboolean found = FALSE;
    GList *list = g_dbus_object_manager_get_objects(G_DBUS_OBJECT_MANAGER(objects));
    for (GList *link = list; link != NULL; link = link->next) {
        g_autoptr(GinTunnel) tunnel = gin_object_get_tunnel(link->data);
        found = found || (tunnel != NULL && strcmp(gin_tunnel_get_profile(tunnel), profile) == 0);
    }
    g_list_free_full(list, g_object_unref);
    return found;
}

static gboolean
on_activate(GinManager *manager, GDBusMethodInvocation *invocation, const char *profile,
            GVariant *options, gpointer data)
{
    if (strstr("work wrong slow asks", profile) == NULL) {
        g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR,
                                              GINNEL_ERROR_NO_SUCH_PROFILE,
                                              "there is no profile %s", profile);
        return TRUE;
    }
    if (is_active(profile)) {
        g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, GINNEL_ERROR_ALREADY_ACTIVE,
                                              "%s is active", profile);
        return TRUE;
    }
    char *path = g_strdup_printf("%s/%u", GINNEL_PATH_TUNNELS, next_tunnel++);
    g_autoptr(GinObjectSkeleton) object = gin_object_skeleton_new(path);
    g_autoptr(GinTunnel) tunnel = gin_tunnel_skeleton_new();
    gin_tunnel_set_profile(tunnel, profile);
    gin_tunnel_set_gateway(tunnel, "vpn.example.com");
    gin_tunnel_set_state(tunnel, GINNEL_STATE_CONNECTING);
    gin_tunnel_set_timeline(tunnel, g_variant_new_array(G_VARIANT_TYPE("(xsa{sv})"), NULL, 0));
    gin_tunnel_set_domains(tunnel, g_variant_new_array(G_VARIANT_TYPE_VARDICT, NULL, 0));
    gin_tunnel_set_refused(tunnel, g_variant_new_array(G_VARIANT_TYPE_VARDICT, NULL, 0));
    g_signal_connect(tunnel, "handle-disconnect", G_CALLBACK(on_disconnect), path);
    g_signal_connect(tunnel, "handle-get-statistics", G_CALLBACK(on_statistics), NULL);
    g_signal_connect(tunnel, "handle-get-dns", G_CALLBACK(on_get_dns), NULL);
    g_signal_connect(tunnel, "handle-test-name", G_CALLBACK(on_test_name), NULL);
    gin_tunnel_set_dns_offered(
        tunnel, g_variant_new_parsed("[('server', '10.99.0.1'), ('domain', 'corp.example'), "
                                     "('anchor', '31406'), ('domain', 'two.example')]"));
    gin_object_skeleton_set_tunnel(object, tunnel);
    g_dbus_object_manager_server_export(objects, G_DBUS_OBJECT_SKELETON(object));
    gin_manager_complete_activate(manager, invocation, path);
    g_idle_add_full(G_PRIORITY_LOW, go_on, g_object_ref(tunnel), g_object_unref);
    return TRUE;
}

static void
add_profile(const char *name, const char *gateway, const char *error)
{
    g_autofree char *path = g_strdup_printf("%s/%s", GINNEL_PATH_PROFILES, name);
    g_autoptr(GinObjectSkeleton) object = gin_object_skeleton_new(path);
    g_autoptr(GinProfile) profile = gin_profile_skeleton_new();
    GVariantBuilder settings;
    g_variant_builder_init(&settings, G_VARIANT_TYPE("a{ss}"));
    if (gateway != NULL)
        g_variant_builder_add(&settings, "{ss}", "gateway-address", gateway);
    gin_profile_set_name(profile, name);
    gin_profile_set_settings(profile, g_variant_builder_end(&settings));
    gin_profile_set_error(profile, error);
    gin_object_skeleton_set_profile(object, profile);
    g_dbus_object_manager_server_export(objects, G_DBUS_OBJECT_SKELETON(object));
}

static void
on_acquired(GDBusConnection *connection, const char *name, gpointer data)
{
    (void)GINNEL_ERROR;
    objects = g_dbus_object_manager_server_new(GINNEL_PATH);
    GinManager *manager = gin_manager_skeleton_new();
    g_signal_connect(manager, "handle-activate", G_CALLBACK(on_activate), NULL);
    g_signal_connect(manager, "handle-register-agent", G_CALLBACK(on_register), NULL);
    g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(manager), connection, GINNEL_PATH,
                                     NULL);
    add_profile("work", "vpn.example.com", "");
    add_profile("broken", NULL, "/etc/ginnel/profiles/broken.ginnel, line 2: no");
    g_dbus_object_manager_server_set_connection(objects, connection);
}

int
main(void)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_bus_own_name(G_BUS_TYPE_SYSTEM, GINNEL_BUS_NAME, G_BUS_NAME_OWNER_FLAGS_NONE, on_acquired,
                   NULL, NULL, NULL, NULL);
    g_main_loop_run(loop);
    return 0;
}
