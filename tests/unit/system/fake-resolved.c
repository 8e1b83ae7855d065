#include "fake-resolved.h"

#include <string.h>

#define JOB      "/org/freedesktop/systemd1/job/7"
#define RESOLVE1 "org.freedesktop.resolve1"
#define SYSTEMD1 "org.freedesktop.systemd1"
#define NETWORK1 "org.freedesktop.network1"

#define LINK_METHODS                                                                               \
    "<method name='SetLinkLLMNR'><arg type='i' direction='in'/><arg type='s' direction='in'/>"     \
    "</method>"                                                                                    \
    "<method name='SetLinkMulticastDNS'><arg type='i' direction='in'/>"                            \
    "<arg type='s' direction='in'/></method>"                                                      \
    "<method name='SetLinkDefaultRoute'><arg type='i' direction='in'/>"                            \
    "<arg type='b' direction='in'/></method>"                                                      \
    "<method name='SetLinkDomains'><arg type='i' direction='in'/>"                                 \
    "<arg type='a(sb)' direction='in'/></method>"                                                  \
    "<method name='SetLinkDNSSEC'><arg type='i' direction='in'/><arg type='s' direction='in'/>"    \
    "</method>"                                                                                    \
    "<method name='SetLinkDNSSECNegativeTrustAnchors'><arg type='i' direction='in'/>"              \
    "<arg type='as' direction='in'/></method>"                                                     \
    "<method name='SetLinkDNSOverTLS'><arg type='i' direction='in'/>"                              \
    "<arg type='s' direction='in'/></method>"                                                      \
    "<method name='SetLinkDNSEx'><arg type='i' direction='in'/>"                                   \
    "<arg type='a(iayqs)' direction='in'/></method>"

static const char contract[] =
    "<node><interface name='org.freedesktop.resolve1.Manager'>"
    "<method name='ResolveHostname'><arg type='i' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='i' direction='in'/><arg type='t' direction='in'/>"
    "<arg type='a(iiay)' direction='out'/><arg type='s' direction='out'/>"
    "<arg type='t' direction='out'/></method>" LINK_METHODS
    "<method name='RevertLink'><arg type='i' direction='in'/></method>"
    "<method name='GetLink'><arg type='i' direction='in'/><arg type='o' direction='out'/></method>"
    "<method name='FlushCaches'/>"
    "<property name='DNS' type='a(iiay)' access='read'/>"
    "<property name='Domains' type='a(isb)' access='read'/>"
    "<property name='DNSOverTLS' type='s' access='read'/>"
    "</interface>"
    "<interface name='org.freedesktop.systemd1.Manager'>"
    "<method name='Subscribe'/>"
    "<method name='ResetFailedUnit'><arg type='s' direction='in'/></method>"
    "<method name='ReloadOrTryRestartUnit'><arg type='s' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='o' direction='out'/></method>"
    "</interface>"
    "<interface name='org.freedesktop.network1.Manager'>" LINK_METHODS
    "<method name='RevertLinkDNS'><arg type='i' direction='in'/></method>"
    "</interface>"
    "<interface name='org.freedesktop.resolve1.Link'>"
    "<property name='LLMNR' type='s' access='read'/>"
    "<property name='MulticastDNS' type='s' access='read'/>"
    "<property name='DefaultRoute' type='b' access='read'/>"
    "<property name='Domains' type='a(sb)' access='read'/>"
    "<property name='DNSSEC' type='s' access='read'/>"
    "<property name='DNSSECNegativeTrustAnchors' type='as' access='read'/>"
    "<property name='DNSOverTLS' type='s' access='read'/>"
    "<property name='DNSEx' type='a(iayqs)' access='read'/>"
    "</interface></node>";

/* Links that the stand-in knows. */
static const char *const link_paths[] = { "/org/freedesktop/resolve1/link/_1",
                                          "/org/freedesktop/resolve1/link/_3",
                                          "/org/freedesktop/resolve1/link/_4",
                                          "/org/freedesktop/resolve1/link/_5" };

void
fake_resolved_let_go(FakeResolved *fake)
{
    const char *result = fake->job_result != NULL ? fake->job_result : "done";
    g_dbus_connection_emit_signal(
        fake->service, NULL, "/org/freedesktop/systemd1", SYSTEMD1 ".Manager", "JobRemoved",
        g_variant_new("(uoss)", 7, JOB, "systemd-resolved.service", result), NULL);
}

static void
write_down(FakeResolved *fake, const char *method, GVariant *arguments)
{
    g_autofree char *text = g_variant_print(arguments, FALSE);
    g_string_append_printf(fake->story, "%s%s;", method,
                           g_variant_n_children(arguments) > 0 ? text : "");
}

static void
resolve(FakeResolved *fake, GVariant *arguments, GDBusMethodInvocation *invocation)
{
    g_clear_pointer(&fake->asked, g_variant_unref);
    fake->asked = g_variant_ref(arguments);
    fake->questions++;
    if (fake->error != NULL && (fake->failures == 0 || fake->questions <= fake->failures)) {
        g_dbus_method_invocation_return_dbus_error(invocation, fake->error, "as told");
        return;
    }
    g_autoptr(GVariant) addresses =
        g_variant_parse(G_VARIANT_TYPE("a(iiay)"), fake->addresses, NULL, NULL, NULL);
    g_dbus_method_invocation_return_value(invocation,
                                          g_variant_new("(@a(iiay)st)", addresses, "", 0));
}

static char *
setting_name(const char *path, const char *property)
{
    return g_strdup_printf("%s %s", path, property);
}

/* What a link has been set to can be read back, unless it is told to be lost. */
static void
keep_setting(FakeResolved *fake, const char *method, GVariant *arguments)
{
    int ifindex;
    if (!g_str_has_prefix(method, "SetLink") || g_strcmp0(fake->lose, method) == 0)
        return;
    g_variant_get_child(arguments, 0, "i", &ifindex);
    g_autofree char *path = g_strdup_printf("/org/freedesktop/resolve1/link/_%d", ifindex);
    g_hash_table_insert(fake->settings, setting_name(path, method + strlen("SetLink")),
                        g_variant_get_child_value(arguments, 1));
}

static GVariant *
list_from_text(const char *type, const char *text)
{
    return g_variant_parse(G_VARIANT_TYPE(type), text != NULL ? text : "[]", NULL, NULL, NULL);
}

static GVariant *
read_setting(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
             const char *property, GError **error, gpointer data)
{
    FakeResolved *fake = data;
    if (strcmp(property, "DNS") == 0)
        return list_from_text("a(iiay)", fake->servers);
    bool manager = strcmp(interface, RESOLVE1 ".Manager") == 0;
    if (manager && strcmp(property, "Domains") == 0)
        return list_from_text("a(isb)", fake->domains);
    if (manager)
        return g_variant_new_string(fake->encrypted_everywhere ? "yes" : "no");
    g_autofree char *name = setting_name(path, property);
    GVariant *value = g_hash_table_lookup(fake->settings, name);
    if (value != NULL)
        return g_variant_ref(value);
    if (strcmp(property, "DefaultRoute") == 0)
        return g_variant_new_boolean(TRUE);
    if (strcmp(property, "Domains") == 0)
        return g_variant_new_array(G_VARIANT_TYPE("(sb)"), NULL, 0);
    if (strcmp(property, "DNSEx") == 0)
        return g_variant_new_array(G_VARIANT_TYPE("(iayqs)"), NULL, 0);
    if (strcmp(property, "DNSSECNegativeTrustAnchors") == 0)
        return g_variant_new_strv(NULL, 0);
    return g_variant_new_string("yes");
}

static void
give_link(GVariant *arguments, GDBusMethodInvocation *invocation)
{
    int ifindex;
    g_variant_get(arguments, "(i)", &ifindex);
    g_autofree char *path = g_strdup_printf("/org/freedesktop/resolve1/link/_%d", ifindex);
    g_dbus_method_invocation_return_value(invocation, g_variant_new("(o)", path));
}

static bool
hold_back(FakeResolved *fake, const char *method, GDBusMethodInvocation *invocation)
{
    if (fake->hold_until == NULL || !g_str_has_prefix(method, "SetLink"))
        return false;
    g_queue_push_tail(&fake->held, invocation);
    if (strcmp(method, fake->hold_until) != 0)
        return true;
    g_string_append(fake->story, "answered;");
    fake->hold_until = NULL;
    while ((invocation = g_queue_pop_head(&fake->held)) != NULL)
        g_dbus_method_invocation_return_value(invocation, NULL);
    return true;
}

static void
called(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
       const char *method, GVariant *arguments, GDBusMethodInvocation *invocation, gpointer data)
{
    FakeResolved *fake = data;
    if (strcmp(method, "ResolveHostname") == 0) {
        resolve(fake, arguments, invocation);
        return;
    }
    if (strcmp(method, "GetLink") == 0) {
        give_link(arguments, invocation);
        return;
    }
    bool networkd = strcmp(interface, NETWORK1 ".Manager") == 0;
    if (networkd)
        g_string_append(fake->story, "networkd ");
    if (strcmp(method, "Subscribe") != 0)
        write_down(fake, method, arguments);
    if (fake->old && strcmp(method, "SetLinkDNSEx") == 0) {
        g_dbus_method_invocation_return_error(invocation, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD,
                                              "Unknown method");
        return;
    }
    if (!networkd && fake->refuse != NULL && strcmp(method, fake->refuse) == 0) {
        g_dbus_method_invocation_return_dbus_error(invocation, RESOLVE1 ".LinkBusy", "as told");
        return;
    }
    keep_setting(fake, method, arguments);
    if (hold_back(fake, method, invocation))
        return;
    bool reload = strcmp(method, "ReloadOrTryRestartUnit") == 0;
    g_dbus_method_invocation_return_value(invocation, reload ? g_variant_new("(o)", JOB) : NULL);
    if (reload && !fake->hold)
        fake_resolved_let_go(fake);
}

static const GDBusInterfaceVTable table = { .method_call = called, .get_property = read_setting };

static GDBusConnection *
join(const FakeResolved *fake)
{
    g_autoptr(GError) error = NULL;
    GDBusConnection *bus =
        g_dbus_connection_new_for_address_sync(g_test_dbus_get_bus_address(fake->daemon),
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, &error);
    g_assert_no_error(error);
    return bus;
}

static void
take_name(FakeResolved *fake, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        fake->service, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "RequestName", g_variant_new("(su)", name, 4), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
        &error);
    g_assert_no_error(error);
}

static void
serve(FakeResolved *fake)
{
    static const char *const paths[] = { "/org/freedesktop/resolve1", "/org/freedesktop/systemd1",
                                         "/org/freedesktop/network1" };
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(contract, NULL);
    fake->service = join(fake);
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
        fake->objects[i] = g_dbus_connection_register_object(
            fake->service, paths[i], node->interfaces[i], &table, fake, NULL, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(link_paths); i++)
        fake->objects[G_N_ELEMENTS(paths) + i] = g_dbus_connection_register_object(
            fake->service, link_paths[i], node->interfaces[G_N_ELEMENTS(paths)], &table, fake, NULL,
            NULL);
    if (fake->networkd)
        take_name(fake, NETWORK1);
    take_name(fake, SYSTEMD1);
    take_name(fake, RESOLVE1);
}

static void
leave(FakeResolved *fake)
{
    for (size_t i = 0; i < G_N_ELEMENTS(fake->objects); i++)
        g_dbus_connection_unregister_object(fake->service, fake->objects[i]);
    g_dbus_connection_close_sync(fake->service, NULL, NULL);
    g_clear_object(&fake->service);
}

void
fake_resolved_start(FakeResolved *fake)
{
    fake->story = g_string_new(NULL);
    fake->addresses = "[]";
    fake->settings =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_variant_unref);
    fake->daemon = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(fake->daemon);
    serve(fake);
    fake->client = join(fake);
}

void
fake_resolved_leave(FakeResolved *fake)
{
    leave(fake);
    g_hash_table_remove_all(fake->settings);
}

void
fake_resolved_come_back(FakeResolved *fake)
{
    serve(fake);
}

void
fake_resolved_restart(FakeResolved *fake)
{
    fake_resolved_leave(fake);
    fake_resolved_come_back(fake);
}

void
fake_resolved_stop(FakeResolved *fake)
{
    g_dbus_connection_close_sync(fake->client, NULL, NULL);
    g_clear_object(&fake->client);
    leave(fake);
    g_clear_pointer(&fake->asked, g_variant_unref);
    g_string_free(fake->story, TRUE);
    g_hash_table_unref(fake->settings);
    g_test_dbus_down(fake->daemon);
    g_object_unref(fake->daemon);
}

void
fake_resolved_run_until(const bool *done)
{
    while (!*done)
        g_main_context_iteration(NULL, TRUE);
}
