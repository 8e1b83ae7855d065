#include "config.h"

#include "nm/service.h"

#include "bus/errors.h"
#include "bus/names.h"
#include "ginnel-bus.h"
#include "nm/ip-config.h"
#include "nm/mapping.h"
#include "nm/names.h"
#include "nm/questions.h"
#include "nm/user-files.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#define AGENT_PATH          GINNEL_PATH "/agent"
#define DISCONNECT_LIMIT_MS 10000
/* A ginneld that was killed is back in a fraction of this. */
#define SERVICE_LIMIT_S 30

struct _GinnelService {
    NMVpnServicePlugin parent;
    NMConnection *connection;
    Questions *questions;
    GCancellable *cancellable;
    GinManager *manager;
    GinTunnel *tunnel; /* NULL: not activated */
    guint removed, absent;
    IpConfig told;
    gboolean failed;
};

G_DEFINE_TYPE(GinnelService, ginnel_service, NM_TYPE_VPN_SERVICE_PLUGIN)

static NMVpnServicePlugin *
plugin_of(GinnelService *service)
{
    return NM_VPN_SERVICE_PLUGIN(service);
}

/* ---- the end ---- */

static void
forget_tunnel(GinnelService *service)
{
    g_autoptr(GDBusConnection) bus = nm_vpn_service_plugin_get_connection(plugin_of(service));
    g_cancellable_cancel(service->cancellable);
    g_clear_object(&service->cancellable);
    g_clear_handle_id(&service->absent, g_source_remove);
    if (service->removed != 0 && bus != NULL)
        g_dbus_connection_signal_unsubscribe(bus, service->removed);
    service->removed = 0;
    if (service->tunnel != NULL)
        g_signal_handlers_disconnect_by_data(service->tunnel, service);
    g_clear_object(&service->tunnel);
    g_clear_object(&service->manager);
    g_clear_pointer(&service->questions, questions_free);
    g_clear_object(&service->connection);
    ip_config_clear(&service->told);
}

/* The words go to the journal, and stay in "ginnel status" for as long as this process runs: what
 * NetworkManager takes is one of three numbers. */
static void
fail(GinnelService *service, NMVpnPluginFailure code, const char *words)
{
    if (service->failed)
        return;
    service->failed = TRUE;
    g_warning("%s: %s", nm_connection_get_id(service->connection), words);
    nm_vpn_service_plugin_set_login_banner(plugin_of(service), words);
    nm_vpn_service_plugin_failure(plugin_of(service), code);
    nm_vpn_service_plugin_disconnect(plugin_of(service), NULL);
}

static NMVpnPluginFailure
failure_code(const char *reason)
{
    static const char *const login[] = { GINNEL_REASON_AUTH_USER, GINNEL_REASON_SECRET_UNAVAILABLE,
                                         NULL };
    static const char *const address[] = { GINNEL_REASON_ADDRESS_REFUSED,
                                           GINNEL_REASON_SELECTORS_REFUSED, NULL };
    if (g_strv_contains(login, reason))
        return NM_VPN_PLUGIN_FAILURE_LOGIN_FAILED;
    return g_strv_contains(address, reason) ? NM_VPN_PLUGIN_FAILURE_BAD_IP_CONFIG
                                            : NM_VPN_PLUGIN_FAILURE_CONNECT_FAILED;
}

/* Returns when nothing is left. One that failed stays to be looked at. */
static gboolean
service_disconnect(NMVpnServicePlugin *plugin, GError **error)
{
    GinnelService *service = GINNEL_SERVICE(plugin);
    if (service->tunnel != NULL && !service->failed) {
        g_autoptr(GError) why = NULL;
        g_dbus_proxy_set_default_timeout(G_DBUS_PROXY(service->tunnel), DISCONNECT_LIMIT_MS);
        if (!gin_tunnel_call_disconnect_sync(service->tunnel, NULL, &why) &&
            !ginnel_error_is_no_such_tunnel(why))
            g_message("%s", why->message); /* it ends with our bus name */
    }
    forget_tunnel(service);
    return TRUE;
}

/* ---- while it runs ---- */

static void
tell_config(GinnelService *service)
{
    g_auto(IpConfig) now = { 0 };
    if (!ip_config_from_tunnel(service->tunnel, &now) || ip_config_equal(&now, &service->told))
        return;
    nm_vpn_service_plugin_set_config(plugin_of(service), now.config);
    if (now.v4 != NULL)
        nm_vpn_service_plugin_set_ip4_config(plugin_of(service), now.v4);
    if (now.v6 != NULL)
        nm_vpn_service_plugin_set_ip6_config(plugin_of(service), now.v6);
    ip_config_clear(&service->told);
    service->told = now;
    now = (IpConfig){ 0 };
}

/* What the tunnel is to NetworkManager: reconnecting is its own business. */
static void
tunnel_changed(GinnelService *service)
{
    const char *state = gin_tunnel_get_state(service->tunnel);
    if (g_strcmp0(state, GINNEL_STATE_CONNECTED) == 0) {
        tell_config(service);
    } else if (g_strcmp0(state, GINNEL_STATE_FAILED) == 0) {
        g_autofree char *words = g_strdup(gin_tunnel_get_reason_text(service->tunnel));
        fail(service, failure_code(gin_tunnel_get_reason(service->tunnel)), words);
    }
}

static void
on_properties(GinTunnel *tunnel, GVariant *changed, const char *const *invalidated, gpointer data)
{
    tunnel_changed(data);
}

/* Somebody else ended it: "ginnel down", or the service was stopped. */
static void
on_removed(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
           const char *signal, GVariant *parameters, gpointer data)
{
    GinnelService *service = data;
    const char *object;
    if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(oas)")) || service->tunnel == NULL)
        return;
    g_variant_get_child(parameters, 0, "&o", &object);
    if (strcmp(object, g_dbus_proxy_get_object_path(G_DBUS_PROXY(service->tunnel))) == 0)
        nm_vpn_service_plugin_disconnect(plugin_of(service), NULL);
}

static gboolean
absent_for_long(gpointer data)
{
    GinnelService *service = data;
    service->absent = 0;
    fail(service, NM_VPN_PLUGIN_FAILURE_CONNECT_FAILED, _("ginneld ended and did not come back."));
    return G_SOURCE_REMOVE;
}

/* Another ginneld takes the tunnel up where the one before left it; its properties have been read
 * when it is told here. */
static void
on_owner(GinTunnel *tunnel, GParamSpec *pspec, gpointer data)
{
    GinnelService *service = data;
    g_autofree char *owner = g_dbus_proxy_get_name_owner(G_DBUS_PROXY(tunnel));
    g_clear_handle_id(&service->absent, g_source_remove);
    if (owner == NULL) {
        service->absent = g_timeout_add_seconds(SERVICE_LIMIT_S, absent_for_long, service);
        return;
    }
    if (gin_tunnel_get_state(tunnel) == NULL) {
        fail(service, NM_VPN_PLUGIN_FAILURE_CONNECT_FAILED,
             _("ginneld was restarted and does not know the tunnel any more."));
        return;
    }
    questions_register(service->questions, service->manager);
    tunnel_changed(service);
}

/* ---- the beginning ---- */

static void
got_tunnel(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    GinTunnel *tunnel = gin_tunnel_proxy_new_finish(result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    GinnelService *service = data;
    if (tunnel == NULL) {
        fail(service, NM_VPN_PLUGIN_FAILURE_CONNECT_FAILED, error->message);
        return;
    }
    service->tunnel = tunnel;
    questions_set_tunnel(service->questions, tunnel);
    g_signal_connect(tunnel, "g-properties-changed", G_CALLBACK(on_properties), service);
    g_signal_connect(tunnel, "notify::g-name-owner", G_CALLBACK(on_owner), service);
    tunnel_changed(service);
}

static void activate(GinnelService *service, const char *name);

static void
activated(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    bool ok =
        gin_manager_call_activate_settings_finish(GIN_MANAGER(source), &path, NULL, result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    GinnelService *service = data;
    g_autofree char *other = mapping_long_name(service->connection);
    if (ginnel_error_is_already_active(error) && !questions_has_name(service->questions, other)) {
        activate(service, other);
        return;
    }
    if (!ok) {
        g_dbus_error_strip_remote_error(error);
        fail(service, NM_VPN_PLUGIN_FAILURE_CONNECT_FAILED, error->message);
        return;
    }
    g_autoptr(GDBusConnection) bus = nm_vpn_service_plugin_get_connection(plugin_of(service));
    gin_tunnel_proxy_new(bus, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START_AT_CONSTRUCTION, GINNEL_BUS_NAME,
                         path, service->cancellable, got_tunnel, service);
}

static GVariant *
options_for(const ProfileFiles *files, GUnixFDList *descriptors)
{
    GVariantBuilder list;
    const char *const *all = profile_files_all_settings();
    g_auto(GVariantDict) options = G_VARIANT_DICT_INIT(NULL);
    g_variant_builder_init(&list, G_VARIANT_TYPE("a{sh}"));
    for (size_t i = 0; all[i] != NULL; i++) {
        const char *dash = strchr(all[i], '-');
        g_autofree char *group = g_strndup(all[i], (gsize)(dash - all[i]));
        int fd = profile_files_get(files, group, dash + 1);
        int index = fd >= 0 ? g_unix_fd_list_append(descriptors, fd, NULL) : -1;
        if (index >= 0)
            g_variant_builder_add(&list, "{sh}", all[i], index);
    }
    g_variant_dict_insert(&options, "caller-configures", "b", TRUE);
    g_variant_dict_insert_value(&options, "files", g_variant_builder_end(&list));
    return g_variant_dict_end(&options);
}

/* What it is about was read and checked by prepare: what cannot be now is told as it is. */
static void
activate(GinnelService *service, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GUnixFDList) descriptors = g_unix_fd_list_new();
    g_autoptr(Profile) profile = mapping_profile(service->connection, &error);
    g_autoptr(ProfileFiles) files =
        profile != NULL ? user_files_read(service->connection, profile, &error) : NULL;
    NMSettingVpn *vpn = nm_connection_get_setting_vpn(service->connection);
    if (files == NULL) {
        fail(service, NM_VPN_PLUGIN_FAILURE_CONNECT_FAILED, error->message);
        return;
    }
    g_autoptr(GVariant) settings = g_variant_ref_sink(mapping_settings(vpn));
    g_autoptr(GVariant) whole =
        g_variant_take_ref(mapping_with_passphrase(profile, vpn, settings, files));
    questions_set_name(service->questions, name);
    gin_manager_call_activate_settings(service->manager, name, whole,
                                       options_for(files, descriptors), descriptors,
                                       service->cancellable, activated, service);
}

static void
got_manager(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    GinManager *manager = gin_manager_proxy_new_finish(result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    GinnelService *service = data;
    if (manager == NULL) {
        fail(service, NM_VPN_PLUGIN_FAILURE_CONNECT_FAILED, error->message);
        return;
    }
    g_autofree char *name = mapping_name(service->connection);
    service->manager = manager;
    questions_register(service->questions, manager);
    activate(service, name);
}

/* Whatever the person who made the connection can mend is refused here, in words: NetworkManager
 * writes what it is told into its log. */
static gboolean
check(NMConnection *connection, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(Profile) profile = mapping_profile(connection, &why);
    g_autoptr(ProfileFiles) files =
        profile != NULL ? user_files_read(connection, profile, &why) : NULL;
    if (files == NULL)
        g_set_error(error, NM_VPN_PLUGIN_ERROR, NM_VPN_PLUGIN_ERROR_INVALID_CONNECTION, "%s",
                    why->message);
    return files != NULL;
}

static gboolean
begin(GinnelService *service, NMConnection *connection, gboolean interactive, GError **error)
{
    g_autoptr(GDBusConnection) bus = nm_vpn_service_plugin_get_connection(plugin_of(service));
    if (!check(connection, error))
        return FALSE;
    forget_tunnel(service);
    service->failed = FALSE;
    service->connection = g_object_ref(connection);
    service->cancellable = g_cancellable_new();
    service->questions =
        questions_new(plugin_of(service), bus, AGENT_PATH, connection, interactive, error);
    if (service->questions == NULL)
        return FALSE;
    service->removed = g_dbus_connection_signal_subscribe(
        bus, GINNEL_BUS_NAME, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved",
        GINNEL_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_removed, service, NULL);
    gin_manager_proxy_new(bus, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES, GINNEL_BUS_NAME,
                          GINNEL_PATH, service->cancellable, got_manager, service);
    return TRUE;
}

static gboolean
service_connect(NMVpnServicePlugin *plugin, NMConnection *connection, GError **error)
{
    return begin(GINNEL_SERVICE(plugin), connection, FALSE, error);
}

static gboolean
service_connect_interactive(NMVpnServicePlugin *plugin, NMConnection *connection, GVariant *details,
                            GError **error)
{
    return begin(GINNEL_SERVICE(plugin), connection, TRUE, error);
}

/* ---- secrets ---- */

static gboolean
service_need_secrets(NMVpnServicePlugin *plugin, NMConnection *connection, const char **setting,
                     GError **error)
{
    g_autoptr(Profile) profile = mapping_profile(connection, NULL);
    NMSettingVpn *vpn = nm_connection_get_setting_vpn(connection);
    if (profile == NULL)
        return FALSE; /* connecting says why; an error here would be called missing secrets */
    g_autoptr(ProfileFiles) files = user_files_read(connection, profile, NULL);
    bool locked = profile_certificate_is_pkcs12(profile) ||
                  (files != NULL && user_files_key_is_locked(files));
    g_autofree const char **missing = mapping_missing_secrets(profile, vpn, locked);
    if (missing[0] == NULL)
        return FALSE;
    *setting = NM_SETTING_VPN_SETTING_NAME;
    return TRUE;
}

static gboolean
service_new_secrets(NMVpnServicePlugin *plugin, NMConnection *connection, GError **error)
{
    GinnelService *service = GINNEL_SERVICE(plugin);
    if (service->questions == NULL) {
        g_set_error(error, NM_VPN_PLUGIN_ERROR, NM_VPN_PLUGIN_ERROR_WRONG_STATE,
                    "nothing is being asked");
        return FALSE;
    }
    g_set_object(&service->connection, connection);
    questions_take_secrets(service->questions, connection);
    return TRUE;
}

/* ---- object ---- */

static void
service_dispose(GObject *object)
{
    GinnelService *service = GINNEL_SERVICE(object);
    if (service->connection != NULL)
        forget_tunnel(service);
    G_OBJECT_CLASS(ginnel_service_parent_class)->dispose(object);
}

static void
ginnel_service_class_init(GinnelServiceClass *class)
{
    NMVpnServicePluginClass *parent = NM_VPN_SERVICE_PLUGIN_CLASS(class);
    parent->connect = service_connect;
    parent->connect_interactive = service_connect_interactive;
    parent->disconnect = service_disconnect;
    parent->need_secrets = service_need_secrets;
    parent->new_secrets = service_new_secrets;
    G_OBJECT_CLASS(class)->dispose = service_dispose;
}

static void
ginnel_service_init(GinnelService *service)
{
}

gboolean
ginnel_service_has_failed(GinnelService *service)
{
    return service->failed;
}

GinnelService *
ginnel_service_new(const char *bus_name, GError **error)
{
    /* Where NetworkManager goes, the tunnel goes. */
    return g_initable_new(GINNEL_TYPE_SERVICE, NULL, error, NM_VPN_SERVICE_PLUGIN_DBUS_SERVICE_NAME,
                          bus_name, NM_VPN_SERVICE_PLUGIN_DBUS_WATCH_PEER, TRUE, NULL);
}
