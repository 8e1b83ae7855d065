#include "fake-resolved.h"

#include <string.h>

#define JOB      "/org/freedesktop/systemd1/job/7"
#define RESOLVE1 "org.freedesktop.resolve1"
#define SYSTEMD1 "org.freedesktop.systemd1"

static const char contract[] =
    "<node><interface name='org.freedesktop.resolve1.Manager'>"
    "<method name='ResolveHostname'><arg type='i' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='i' direction='in'/><arg type='t' direction='in'/>"
    "<arg type='a(iiay)' direction='out'/><arg type='s' direction='out'/>"
    "<arg type='t' direction='out'/></method>"
    "<method name='SetLinkLLMNR'><arg type='i' direction='in'/><arg type='s' direction='in'/>"
    "</method>"
    "<method name='SetLinkMulticastDNS'><arg type='i' direction='in'/>"
    "<arg type='s' direction='in'/></method>"
    "<method name='SetLinkDefaultRoute'><arg type='i' direction='in'/>"
    "<arg type='b' direction='in'/></method>"
    "<method name='SetLinkDomains'><arg type='i' direction='in'/>"
    "<arg type='a(sb)' direction='in'/></method>"
    "<method name='SetLinkDNSSEC'><arg type='i' direction='in'/><arg type='s' direction='in'/>"
    "</method>"
    "<method name='SetLinkDNSSECNegativeTrustAnchors'><arg type='i' direction='in'/>"
    "<arg type='as' direction='in'/></method>"
    "<method name='SetLinkDNSEx'><arg type='i' direction='in'/>"
    "<arg type='a(iayqs)' direction='in'/></method>"
    "<method name='RevertLink'><arg type='i' direction='in'/></method>"
    "<method name='FlushCaches'/>"
    "</interface>"
    "<interface name='org.freedesktop.systemd1.Manager'>"
    "<method name='Subscribe'/>"
    "<method name='ResetFailedUnit'><arg type='s' direction='in'/></method>"
    "<method name='ReloadOrTryRestartUnit'><arg type='s' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='o' direction='out'/></method>"
    "</interface></node>";

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
    if (fake->error != NULL) {
        g_dbus_method_invocation_return_dbus_error(invocation, fake->error, "as told");
        return;
    }
    g_autoptr(GVariant) addresses =
        g_variant_parse(G_VARIANT_TYPE("a(iiay)"), fake->addresses, NULL, NULL, NULL);
    g_dbus_method_invocation_return_value(invocation,
                                          g_variant_new("(@a(iiay)st)", addresses, "", 0));
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
    if (strcmp(method, "Subscribe") != 0)
        write_down(fake, method, arguments);
    if (fake->refuse != NULL && strcmp(method, fake->refuse) == 0) {
        g_dbus_method_invocation_return_dbus_error(invocation, RESOLVE1 ".LinkBusy", "as told");
        return;
    }
    bool reload = strcmp(method, "ReloadOrTryRestartUnit") == 0;
    g_dbus_method_invocation_return_value(invocation, reload ? g_variant_new("(o)", JOB) : NULL);
    if (reload && !fake->hold)
        fake_resolved_let_go(fake);
}

static const GDBusInterfaceVTable table = { .method_call = called };

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
    static const char *const paths[] = { "/org/freedesktop/resolve1", "/org/freedesktop/systemd1" };
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(contract, NULL);
    fake->service = join(fake);
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
        fake->objects[i] = g_dbus_connection_register_object(
            fake->service, paths[i], node->interfaces[i], &table, fake, NULL, NULL);
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
    *fake = (FakeResolved){ .story = g_string_new(NULL), .addresses = "[]" };
    fake->daemon = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(fake->daemon);
    serve(fake);
    fake->client = join(fake);
}

void
fake_resolved_restart(FakeResolved *fake)
{
    leave(fake);
    serve(fake);
}

void
fake_resolved_stop(FakeResolved *fake)
{
    g_dbus_connection_close_sync(fake->client, NULL, NULL);
    g_clear_object(&fake->client);
    leave(fake);
    g_clear_pointer(&fake->asked, g_variant_unref);
    g_string_free(fake->story, TRUE);
    g_test_dbus_down(fake->daemon);
    g_object_unref(fake->daemon);
}

void
fake_resolved_run_until(const bool *done)
{
    while (!*done)
        g_main_context_iteration(NULL, TRUE);
}
