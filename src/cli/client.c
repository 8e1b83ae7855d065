#include "cli/client.h"

#include <stdlib.h>
#include <string.h>

#include "bus/errors.h"
#include "bus/names.h"
#include "ginnel-bus.h"

Client *
client_connect(GError **error)
{
    (void)GINNEL_ERROR; /* registers the names before the first answer */
    g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, error);
    if (bus == NULL)
        return NULL;
    Client *client = g_new0(Client, 1);
    client->bus = g_steal_pointer(&bus);
    return client;
}

gboolean
client_read(Client *client, GError **error)
{
    g_autoptr(GDBusObjectManager) objects =
        gin_object_manager_client_new_sync(client->bus, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE,
                                           GINNEL_BUS_NAME, GINNEL_PATH, NULL, error);
    if (objects == NULL)
        return FALSE;
    g_autofree char *owner =
        g_dbus_object_manager_client_get_name_owner(G_DBUS_OBJECT_MANAGER_CLIENT(objects));
    if (owner == NULL) {
        g_set_error(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER, "%s is not on the bus",
                    GINNEL_BUS_NAME);
        return FALSE;
    }
    client->objects = g_steal_pointer(&objects);
    return TRUE;
}

Client *
client_new(GError **error)
{
    g_autoptr(Client) client = client_connect(error);
    return client != NULL && client_read(client, error) ? g_steal_pointer(&client) : NULL;
}

void
client_free(Client *client)
{
    if (client == NULL)
        return;
    g_clear_object(&client->objects);
    g_clear_object(&client->bus);
    g_free(client);
}

static gint64
activated_at(GDBusProxy *tunnel)
{
    g_autoptr(GVariant) value = g_dbus_proxy_get_cached_property(tunnel, "ActivatedAt");
    return value != NULL && g_variant_is_of_type(value, G_VARIANT_TYPE_INT64)
               ? g_variant_get_int64(value)
               : 0;
}

static int
compare_tunnels(const void *a, const void *b)
{
    gint64 left = activated_at(*(GDBusProxy *const *)a);
    gint64 right = activated_at(*(GDBusProxy *const *)b);
    return (left > right) - (left < right);
}

static int
compare_paths(const void *a, const void *b)
{
    return strcmp(g_dbus_proxy_get_object_path(*(GDBusProxy *const *)a),
                  g_dbus_proxy_get_object_path(*(GDBusProxy *const *)b));
}

static GPtrArray *
list_interface(Client *client, const char *interface, GCompareFunc compare)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_object_unref);
    GList *objects = g_dbus_object_manager_get_objects(client->objects);
    for (GList *link = objects; link != NULL; link = link->next) {
        GDBusInterface *found = g_dbus_object_get_interface(link->data, interface);
        if (found != NULL)
            g_ptr_array_add(list, found);
    }
    g_list_free_full(objects, g_object_unref);
    g_ptr_array_sort(list, compare);
    return list;
}

GPtrArray *
client_tunnels(Client *client)
{
    return list_interface(client, GINNEL_IFACE_TUNNEL, compare_tunnels);
}

GPtrArray *
client_profiles(Client *client)
{
    return list_interface(client, GINNEL_IFACE_PROFILE, compare_paths);
}

GDBusProxy *
client_tunnel_at(Client *client, const char *path)
{
    return G_DBUS_PROXY(
        g_dbus_object_manager_get_interface(client->objects, path, GINNEL_IFACE_TUNNEL));
}

GDBusProxy *
client_tunnel_alone(Client *client, const char *path)
{
    return G_DBUS_PROXY(gin_tunnel_proxy_new_sync(client->bus, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START,
                                                  GINNEL_BUS_NAME, path, NULL, NULL));
}

GDBusProxy *
client_tunnel_of(Client *client, const char *profile)
{
    g_autoptr(GPtrArray) tunnels = client_tunnels(client);
    for (guint i = tunnels->len; i-- > 0;) {
        GDBusProxy *tunnel = g_ptr_array_index(tunnels, i);
        g_autoptr(GVariant) name = g_dbus_proxy_get_cached_property(tunnel, "Profile");
        if (name != NULL && strcmp(g_variant_get_string(name, NULL), profile) == 0)
            return g_object_ref(tunnel);
    }
    return NULL;
}

static int
compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GVariant *
client_properties(GDBusProxy *proxy)
{
    g_auto(GStrv) names = g_dbus_proxy_get_cached_property_names(proxy);
    GVariantBuilder builder;
    if (names != NULL)
        qsort(names, g_strv_length(names), sizeof *names, compare_words);
    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    for (int i = 0; names != NULL && names[i] != NULL; i++) {
        g_autoptr(GVariant) value = g_dbus_proxy_get_cached_property(proxy, names[i]);
        if (value != NULL)
            g_variant_builder_add(&builder, "{sv}", names[i], value);
    }
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

GVariant *
client_statistics(GDBusProxy *tunnel)
{
    g_autoptr(GVariant) reply = g_dbus_proxy_call_sync(tunnel, "GetStatistics", NULL,
                                                       G_DBUS_CALL_FLAGS_NONE, 5000, NULL, NULL);
    if (reply == NULL || !g_variant_is_of_type(reply, G_VARIANT_TYPE("(a{st})")))
        return NULL;
    return g_variant_get_child_value(reply, 0);
}

#define PATIENT_MS 90000 /* a resolver that has to try */

GVariant *
client_call(GDBusProxy *tunnel, const char *method, GVariant *arguments, GError **error)
{
    g_autoptr(GVariant) reply = g_dbus_proxy_call_sync(
        tunnel, method, arguments, G_DBUS_CALL_FLAGS_NONE, PATIENT_MS, NULL, error);
    if (reply == NULL)
        return NULL;
    if (g_variant_is_of_type(reply, G_VARIANT_TYPE("(a{sv})")))
        return g_variant_get_child_value(reply, 0);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the service answered something else");
    return NULL;
}

/* polkit may ask the user, who may take his time. */
#define PATIENT G_MAXINT

void
client_activate(Client *client, const char *profile, GAsyncReadyCallback callback,
                gpointer user_data)
{
    g_dbus_connection_call(client->bus, GINNEL_BUS_NAME, GINNEL_PATH, GINNEL_IFACE_MANAGER,
                           "Activate", g_variant_new("(sa{sv})", profile, NULL),
                           G_VARIANT_TYPE("(o)"), G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
                           PATIENT, NULL, callback, user_data);
}

char *
client_activate_finish(GAsyncResult *result, GError **error)
{
    g_autoptr(GObject) connection = g_async_result_get_source_object(result);
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, error);
    if (reply == NULL)
        return NULL;
    char *path;
    g_variant_get(reply, "(o)", &path);
    return path;
}

gboolean
client_register_agent(Client *client, const char *path, GError **error)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        client->bus, GINNEL_BUS_NAME, GINNEL_PATH, GINNEL_IFACE_MANAGER, "RegisterAgent",
        g_variant_new("(o)", path), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);
    return reply != NULL;
}

GVariant *
client_check_gateway(Client *client, const char *gateway, const char *order, GError **error)
{
    g_auto(GVariantDict) options = G_VARIANT_DICT_INIT(NULL);
    if (order != NULL)
        g_variant_dict_insert(&options, "order", "s", order);
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        client->bus, GINNEL_BUS_NAME, GINNEL_PATH, GINNEL_IFACE_MANAGER, "CheckGateway",
        g_variant_new("(s@a{sv})", gateway, g_variant_dict_end(&options)),
        G_VARIANT_TYPE("(aa{sv})"), G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, PATIENT,
        NULL, error);
    return reply != NULL ? g_variant_get_child_value(reply, 0) : NULL;
}

gboolean
client_lift(Client *client, guint minutes, GError **error)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        client->bus, GINNEL_BUS_NAME, GINNEL_PATH, GINNEL_IFACE_MANAGER, "LiftLockdown",
        g_variant_new("(u)", minutes), NULL, G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
        PATIENT, NULL, error);
    return reply != NULL;
}

GVariant *
client_manager_properties(Client *client)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        client->bus, GINNEL_BUS_NAME, GINNEL_PATH, "org.freedesktop.DBus.Properties", "GetAll",
        g_variant_new("(s)", GINNEL_IFACE_MANAGER), G_VARIANT_TYPE("(a{sv})"),
        G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
    if (reply != NULL)
        return g_variant_get_child_value(reply, 0);
    return g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0));
}

gboolean
client_disconnect(GDBusProxy *tunnel, GError **error)
{
    g_autoptr(GVariant) reply = g_dbus_proxy_call_sync(
        tunnel, "Disconnect", NULL, G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, PATIENT,
        NULL, error);
    return reply != NULL;
}
