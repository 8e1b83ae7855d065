/* The keyring, against a Secret Service on a private bus that keeps one collection in memory. */
#include "cli/keyring.h"

#include <gio/gio.h>
#include <string.h>

static const char xml[] =
    "<node><interface name='org.freedesktop.Secret.Service'>"
    "<method name='OpenSession'><arg type='s' direction='in'/><arg type='v' direction='in'/>"
    "<arg type='v' direction='out'/><arg type='o' direction='out'/></method>"
    "<method name='SearchItems'><arg type='a{ss}' direction='in'/><arg type='ao' direction='out'/>"
    "<arg type='ao' direction='out'/></method>"
    "<method name='GetSecrets'><arg type='ao' direction='in'/><arg type='o' direction='in'/>"
    "<arg type='a{o(oayays)}' direction='out'/></method>"
    "</interface><interface name='org.freedesktop.Secret.Collection'>"
    "<method name='CreateItem'><arg type='a{sv}' direction='in'/>"
    "<arg type='(oayays)' direction='in'/><arg type='b' direction='in'/>"
    "<arg type='o' direction='out'/><arg type='o' direction='out'/></method>"
    "</interface><interface name='org.freedesktop.Secret.Item'>"
    "<method name='Delete'><arg type='o' direction='out'/></method></interface></node>";

#define SECRETS "/org/freedesktop/secrets"
#define DEFAULT SECRETS "/aliases/default"
#define SESSION SECRETS "/session/1"

typedef struct {
    char *path;
    GVariant *attributes, *value; /* a{ss}, ay */
    guint object;
} Item;

typedef struct {
    GDBusNodeInfo *node;
    GPtrArray *items; /* Item */
    unsigned made;
} Service;

static Service service;

static void
item_free(gpointer data)
{
    Item *item = data;
    g_free(item->path);
    g_variant_unref(item->attributes);
    g_variant_unref(item->value);
    g_free(item);
}

static bool
matches(const Item *item, GVariant *wanted)
{
    GVariantIter iterator;
    const char *key, *value, *other;
    g_variant_iter_init(&iterator, wanted);
    while (g_variant_iter_next(&iterator, "{&s&s}", &key, &value))
        if (!g_variant_lookup(item->attributes, key, "&s", &other) || strcmp(other, value) != 0)
            return false;
    return true;
}

static void called(GDBusConnection *bus, const char *sender, const char *path,
                   const char *interface, const char *method, GVariant *parameters,
                   GDBusMethodInvocation *invocation, gpointer data);

static const GDBusInterfaceVTable table = { .method_call = called };

static void
search(GVariant *wanted, GDBusMethodInvocation *invocation)
{
    GVariantBuilder found;
    g_variant_builder_init(&found, G_VARIANT_TYPE("ao"));
    for (guint i = 0; i < service.items->len; i++) {
        const Item *item = service.items->pdata[i];
        if (matches(item, wanted))
            g_variant_builder_add(&found, "o", item->path);
    }
    g_dbus_method_invocation_return_value(invocation, g_variant_new("(aoao)", &found, NULL));
}

static void
get_secrets(GVariant *paths, GDBusMethodInvocation *invocation)
{
    GVariantBuilder secrets;
    g_variant_builder_init(&secrets, G_VARIANT_TYPE("a{o(oayays)}"));
    for (guint i = 0; i < service.items->len; i++) {
        const Item *item = service.items->pdata[i];
        for (gsize k = 0; k < g_variant_n_children(paths); k++) {
            const char *path;
            g_variant_get_child(paths, k, "&o", &path);
            if (strcmp(path, item->path) == 0)
                g_variant_builder_add(&secrets, "{o(o@ay@ays)}", path, SESSION,
                                      g_variant_new_array(G_VARIANT_TYPE_BYTE, NULL, 0),
                                      item->value, "text/plain");
        }
    }
    g_dbus_method_invocation_return_value(invocation, g_variant_new("(a{o(oayays)})", &secrets));
}

static void
create_item(GDBusConnection *bus, GVariant *parameters, GDBusMethodInvocation *invocation)
{
    g_autoptr(GVariant) properties = NULL, secret = NULL;
    Item *item = g_new0(Item, 1);
    g_variant_get(parameters, "(@a{sv}@(oayays)b)", &properties, &secret, NULL);
    item->attributes = g_variant_lookup_value(properties, "org.freedesktop.Secret.Item.Attributes",
                                              G_VARIANT_TYPE("a{ss}"));
    item->value = g_variant_get_child_value(secret, 2);
    item->path = g_strdup_printf(SECRETS "/collection/x/%u", ++service.made);
    item->object = g_dbus_connection_register_object(bus, item->path, service.node->interfaces[2],
                                                     &table, NULL, NULL, NULL);
    g_ptr_array_add(service.items, item);
    g_dbus_method_invocation_return_value(invocation, g_variant_new("(oo)", item->path, "/"));
}

static void
delete_item(const char *path, GDBusMethodInvocation *invocation)
{
    for (guint i = 0; i < service.items->len; i++)
        if (strcmp(((Item *)service.items->pdata[i])->path, path) == 0)
            g_ptr_array_remove_index(service.items, i);
    g_dbus_method_invocation_return_value(invocation, g_variant_new("(o)", "/"));
}

static void
called(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
       const char *method, GVariant *parameters, GDBusMethodInvocation *invocation, gpointer data)
{
    g_autoptr(GVariant) first =
        g_variant_n_children(parameters) > 0 ? g_variant_get_child_value(parameters, 0) : NULL;
    if (strcmp(method, "OpenSession") == 0) {
        if (strcmp(g_variant_get_string(first, NULL), "plain") == 0)
            g_dbus_method_invocation_return_value(
                invocation, g_variant_new("(vo)", g_variant_new_string(""), SESSION));
        else
            g_dbus_method_invocation_return_dbus_error(
                invocation, "org.freedesktop.DBus.Error.NotSupported", "plain alone");
    } else if (strcmp(method, "SearchItems") == 0) {
        search(first, invocation);
    } else if (strcmp(method, "GetSecrets") == 0) {
        get_secrets(first, invocation);
    } else if (strcmp(method, "CreateItem") == 0) {
        create_item(bus, parameters, invocation);
    } else {
        delete_item(path, invocation);
    }
}

/* The service runs in a thread of its own: the calls block. */
static gpointer
serve(gpointer address)
{
    GMainContext *context = g_main_context_new();
    g_main_context_push_thread_default(context);
    GDBusConnection *bus =
        g_dbus_connection_new_for_address_sync(address,
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, NULL);
    service.items = g_ptr_array_new_with_free_func(item_free);
    service.node = g_dbus_node_info_new_for_xml(xml, NULL);
    g_dbus_connection_register_object(bus, SECRETS, service.node->interfaces[0], &table, NULL, NULL,
                                      NULL);
    g_dbus_connection_register_object(bus, DEFAULT, service.node->interfaces[1], &table, NULL, NULL,
                                      NULL);
    g_bus_own_name_on_connection(bus, "org.freedesktop.secrets", G_BUS_NAME_OWNER_FLAGS_NONE, NULL,
                                 NULL, NULL, NULL);
    for (;;)
        g_main_context_iteration(context, TRUE);
    return NULL;
}

static void
wait_for_service(void)
{
    g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
    gboolean there = FALSE;
    while (!there) {
        g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
            bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "NameHasOwner", g_variant_new("(s)", "org.freedesktop.secrets"), G_VARIANT_TYPE("(b)"),
            G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
        g_variant_get(reply, "(b)", &there);
    }
}

static void
test_kept_and_forgotten(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) secret = secret_new("hush", 4), other = secret_new("other", 5);
    g_assert_null(keyring_lookup("work", "password", "tess"));
    g_assert_true(keyring_store("work", "password", "tess", secret, &error));
    g_assert_no_error(error);
    g_assert_true(keyring_store("home", "password", "tess", other, &error));
    g_autoptr(Secret) found = keyring_lookup("work", "password", "tess");
    g_assert_true(secret_equal(found, secret));
    /* Another profile's, kind's or person's is no answer. */
    g_assert_null(keyring_lookup("work", "psk", "tess"));
    g_assert_null(keyring_lookup("work", "password", "eve"));
    keyring_forget("work", "password", "tess");
    g_assert_null(keyring_lookup("work", "password", "tess"));
    g_autoptr(Secret) kept = keyring_lookup("home", "password", "tess");
    g_assert_true(secret_equal(kept, other));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_true(keyring_is_built_in());
    GTestDBus *daemon = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(daemon);
    g_thread_unref(g_thread_new("secrets", serve, (gpointer)g_test_dbus_get_bus_address(daemon)));
    wait_for_service();
    g_test_add_func("/cli/keyring/kept-and-forgotten", test_kept_and_forgotten);
    return g_test_run();
}
