/*
 * The methods of the manager on a private bus: what is refused, by whom, in which words. polkit is
 * played by the test, because its answers are what is varied.
 */
#include "bus/names.h"
#include "daemon/manager.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLKIT "org.freedesktop.PolicyKit1"

static const char polkit_xml[] =
    "<node><interface name='org.freedesktop.PolicyKit1.Authority'>"
    "<method name='CheckAuthorization'>"
    "<arg type='(sa{sv})' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='a{ss}' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='(bba{ss})' direction='out'/>"
    "</method></interface></node>";

typedef struct {
    GTestDBus *daemon;
    GDBusConnection *service, *polkit, *caller;
    guint polkit_name;
    bool grants;
    GPtrArray *asked; /* char *: actions that polkit was asked for */
    Machine *machine;
    Manager *manager;
} Bed;

static GDBusConnection *
connect_to(GTestDBus *daemon)
{
    g_autoptr(GError) error = NULL;
    GDBusConnection *bus =
        g_dbus_connection_new_for_address_sync(g_test_dbus_get_bus_address(daemon),
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, &error);
    g_assert_no_error(error);
    return bus;
}

static void
polkit_called(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
              const char *method, GVariant *parameters, GDBusMethodInvocation *invocation,
              gpointer data)
{
    Bed *bed = data;
    const char *action;
    g_variant_get(parameters, "(@(sa{sv})&s@a{ss}u&s)", NULL, &action, NULL, NULL, NULL);
    g_ptr_array_add(bed->asked, g_strdup(action));
    g_dbus_method_invocation_return_value(invocation,
                                          g_variant_new("((bba{ss}))", bed->grants, FALSE, NULL));
}

static void
owned(GDBusConnection *bus, const char *name, gpointer data)
{
    *(bool *)data = true;
}

static void
start_polkit(Bed *bed)
{
    static const GDBusInterfaceVTable table = { .method_call = polkit_called };
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(polkit_xml, NULL);
    bool ready = false;
    g_dbus_connection_register_object(bed->polkit, "/org/freedesktop/PolicyKit1/Authority",
                                      node->interfaces[0], &table, bed, NULL, NULL);
    bed->polkit_name = g_bus_own_name_on_connection(
        bed->polkit, POLKIT, G_BUS_NAME_OWNER_FLAGS_NONE, owned, NULL, &ready, NULL);
    while (!ready)
        g_main_context_iteration(NULL, TRUE);
}

static void
bed_up(Bed *bed, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    bed->daemon = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(bed->daemon);
    g_setenv("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address(bed->daemon), TRUE);
    bed->service = connect_to(bed->daemon);
    bed->polkit = connect_to(bed->daemon);
    bed->caller = connect_to(bed->daemon);
    bed->asked = g_ptr_array_new_with_free_func(g_free);
    start_polkit(bed);
    bed->machine = machine_new(bed->service, &error);
    g_assert_no_error(error);
    bed->manager = manager_new(bed->machine);
}

static void
bed_down(Bed *bed, gconstpointer data)
{
    manager_free(bed->manager);
    machine_free(bed->machine);
    g_bus_unown_name(bed->polkit_name);
    g_ptr_array_unref(bed->asked);
    g_object_unref(bed->caller);
    g_object_unref(bed->polkit);
    g_object_unref(bed->service);
    g_test_dbus_stop(bed->daemon);
    g_object_unref(bed->daemon);
}

typedef struct {
    GVariant *reply;
    GError *error;
    bool done;
} Call;

static void
call_done(GObject *source, GAsyncResult *result, gpointer data)
{
    Call *call = data;
    call->reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &call->error);
    call->done = true;
}

static Call
call_at(Bed *bed, const char *path, const char *interface, const char *method, GVariant *arguments)
{
    Call call = { 0 };
    g_dbus_connection_call(bed->caller, g_dbus_connection_get_unique_name(bed->service), path,
                           interface, method, arguments, NULL, G_DBUS_CALL_FLAGS_NONE, 10000, NULL,
                           call_done, &call);
    while (!call.done)
        g_main_context_iteration(NULL, TRUE);
    return call;
}

static Call
call(Bed *bed, const char *interface, const char *method, GVariant *arguments)
{
    return call_at(bed, GINNEL_PATH, interface, method, arguments);
}

static void
call_clear(Call *call)
{
    g_clear_pointer(&call->reply, g_variant_unref);
    g_clear_error(&call->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Call, call_clear)

static Call
activate(Bed *bed, const char *profile)
{
    return call(bed, GINNEL_IFACE_MANAGER, "Activate", g_variant_new("(sa{sv})", profile, NULL));
}

static void
expect_error(const Call *call, const char *name, const char *words)
{
    g_assert_nonnull(call->error);
    g_autofree char *remote = g_dbus_error_get_remote_error(call->error);
    g_autofree char *wanted = g_strconcat(GINNEL_ERROR_PREFIX, name, NULL);
    g_assert_cmpstr(remote, ==, wanted);
    if (strstr(call->error->message, words) == NULL)
        g_error("no \"%s\" in \"%s\"", words, call->error->message);
}

static void
test_version(Bed *bed, gconstpointer data)
{
    g_auto(Call) got = call(bed, "org.freedesktop.DBus.Properties", "Get",
                            g_variant_new("(ss)", GINNEL_IFACE_MANAGER, "Version"));
    g_assert_no_error(got.error);
    g_autoptr(GVariant) boxed = g_variant_get_child_value(got.reply, 0);
    g_autoptr(GVariant) value = g_variant_get_variant(boxed);
    g_assert_true(g_variant_is_of_type(value, G_VARIANT_TYPE_STRING));
    g_assert_cmpuint(bed->asked->len, ==, 0);
}

static void
test_refused_by_polkit(Bed *bed, gconstpointer data)
{
    g_auto(Call) got = activate(bed, "work");
    expect_error(&got, "NotAuthorized", "may look");
    g_assert_cmpuint(bed->asked->len, ==, 1);
    g_assert_cmpstr(bed->asked->pdata[0], ==, "org.ginnel.Ginnel1.activate");
}

static void
test_settings_have_their_own_action(Bed *bed, gconstpointer data)
{
    g_auto(Call) got = call(bed, GINNEL_IFACE_MANAGER, "ActivateSettings",
                            g_variant_new("(sa{ss}a{sv})", "mine", NULL, NULL));
    expect_error(&got, "NotAuthorized", "may look");
    g_assert_cmpstr(bed->asked->pdata[0], ==, "org.ginnel.Ginnel1.activate-settings");
}

static void
test_no_polkit(Bed *bed, gconstpointer data)
{
    g_bus_unown_name(bed->polkit_name);
    bed->polkit_name = 0;
    bed->grants = true;
    g_auto(Call) got = activate(bed, "work");
    g_assert_nonnull(got.error);
    g_assert_null(got.reply);
    start_polkit(bed);
}

static void
test_unknown_profile(Bed *bed, gconstpointer data)
{
    bed->grants = true;
    g_auto(Call) got = activate(bed, "there-is-no-such-profile");
    expect_error(&got, "NoSuchProfile", "there-is-no-such-profile");
}

static void
test_name_is_no_path(Bed *bed, gconstpointer data)
{
    bed->grants = true;
    g_auto(Call) got = activate(bed, "../../etc/passwd");
    g_assert_nonnull(got.error);
    g_assert_null(got.reply);
}

static void
test_bad_settings(Bed *bed, gconstpointer data)
{
    GVariantBuilder settings;
    bed->grants = true;
    g_variant_builder_init(&settings, G_VARIANT_TYPE("a{ss}"));
    g_variant_builder_add(&settings, "{ss}", "gateway-adress", "192.0.2.1");
    g_auto(Call) got = call(bed, GINNEL_IFACE_MANAGER, "ActivateSettings",
                            g_variant_new("(sa{ss}a{sv})", "mine", &settings, NULL));
    expect_error(&got, "InvalidProfile", "adress");
}

static void
test_unknown_option(Bed *bed, gconstpointer data)
{
    GVariantBuilder options;
    bed->grants = true;
    g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&options, "{sv}", "faster", g_variant_new_boolean(TRUE));
    g_auto(Call) got =
        call(bed, GINNEL_IFACE_MANAGER, "Activate", g_variant_new("(sa{sv})", "work", &options));
    expect_error(&got, "Failed", "faster");
    g_assert_cmpuint(bed->asked->len, ==, 0);
}

static void
expect_option_refused(Bed *bed, const char *options, const char *words)
{
    g_autoptr(GVariant) parsed = g_variant_parse(G_VARIANT_TYPE_VARDICT, options, NULL, NULL, NULL);
    g_assert_nonnull(parsed);
    g_auto(Call) got = call(bed, GINNEL_IFACE_MANAGER, "ActivateSettings",
                            g_variant_new("(sa{ss}@a{sv})", "mine", NULL, parsed));
    expect_error(&got, "Failed", words);
}

/* Before anybody is asked whether it is allowed. */
static void
test_options_of_settings(Bed *bed, gconstpointer data)
{
    expect_option_refused(bed, "{'faster': <true>}", "faster");
    expect_option_refused(bed, "{'caller-configures': <'yes'>}", "caller-configures");
    expect_option_refused(bed, "{'files': <{'user-key': handle 0}>}", "descriptor");
    expect_option_refused(bed, "{'files': <{'user-key': handle 7}>}", "descriptor");
    g_assert_cmpuint(bed->asked->len, ==, 0);
}

static void
test_reload(Bed *bed, gconstpointer data)
{
    bed->grants = true;
    g_auto(Call) got = call(bed, GINNEL_IFACE_MANAGER, "Reload", NULL);
    g_assert_no_error(got.error);
}

static Call
register_agent(Bed *bed, const char *method)
{
    return call(bed, GINNEL_IFACE_MANAGER, method, g_variant_new("(o)", "/agent"));
}

static void
test_agent_registers(Bed *bed, gconstpointer data)
{
    bed->grants = true;
    g_auto(Call) registered = register_agent(bed, "RegisterAgent");
    g_assert_no_error(registered.error);
    g_assert_cmpstr(bed->asked->pdata[0], ==, "org.ginnel.Ginnel1.register-agent");
    g_auto(Call) left = register_agent(bed, "UnregisterAgent");
    g_assert_no_error(left.error);
    g_auto(Call) again = register_agent(bed, "UnregisterAgent");
    expect_error(&again, "Failed", "/agent");
}

static void
test_agent_refused(Bed *bed, gconstpointer data)
{
    g_auto(Call) refused = register_agent(bed, "RegisterAgent");
    expect_error(&refused, "NotAuthorized", "may look");
}

static Call
check_gateway(Bed *bed, const char *gateway, const char *options)
{
    GVariant *parsed = g_variant_parse(G_VARIANT_TYPE_VARDICT, options, NULL, NULL, NULL);
    return call(bed, GINNEL_IFACE_MANAGER, "CheckGateway",
                g_variant_new("(s@a{sv})", gateway, parsed));
}

static void
test_check_refused(Bed *bed, gconstpointer data)
{
    g_auto(Call) refused = check_gateway(bed, "gw.example", "{}");
    expect_error(&refused, "NotAuthorized", "may look");
    g_assert_cmpstr(bed->asked->pdata[0], ==, "org.ginnel.Ginnel1.activate");
}

/* What is wrong is said as in a profile; where no tunnel process can be had, that is the end. */
static void
test_check_gateway(Bed *bed, gconstpointer data)
{
    bed->grants = true;
    g_auto(Call) name = check_gateway(bed, "two words", "{}");
    expect_error(&name, "InvalidProfile", "neither a host name nor an address");
    g_auto(Call) order = check_gateway(bed, "192.0.2.1", "{'order': <'sctp/4500'>}");
    expect_error(&order, "InvalidProfile", "is no transport");
    g_auto(Call) option = check_gateway(bed, "192.0.2.1", "{'faster': <true>}");
    expect_error(&option, "Failed", "faster");
    for (int i = 0; i < 6; i++) { /* more than may be at a time: each gives back its place */
        g_auto(Call) none = check_gateway(bed, "192.0.2.1", "{'order': <'udp/4500'>}");
        expect_error(&none, "Failed", "");
        g_assert_null(strstr(none.error->message, "under way already"));
    }
}

#define ADD(path, function) g_test_add(path, Bed, NULL, bed_up, function, bed_down)

/* ---- profiles that programs add ---- */

#define ADDED GINNEL_PATH_PROFILES "/added_2dby_2dtest"

static GVariant *
settings_for(const char *gateway)
{
    GVariantBuilder settings;
    g_variant_builder_init(&settings, G_VARIANT_TYPE("a{ss}"));
    g_variant_builder_add(&settings, "{ss}", "gateway-address", gateway);
    g_variant_builder_add(&settings, "{ss}", "user-id", "tess@example.com");
    g_variant_builder_add(&settings, "{ss}", "user-auth", "psk");
    return g_variant_builder_end(&settings);
}

static Call
add(Bed *bed, const char *name, const char *gateway)
{
    return call(bed, GINNEL_IFACE_MANAGER, "AddProfile",
                g_variant_new("(s@a{ss}a{sv})", name, settings_for(gateway), NULL));
}

static char *
gateway_on_the_bus(Bed *bed)
{
    g_auto(Call) got = call_at(bed, ADDED, "org.freedesktop.DBus.Properties", "Get",
                               g_variant_new("(ss)", GINNEL_IFACE_PROFILE, "Settings"));
    g_autoptr(GVariant) boxed = NULL;
    char *gateway = NULL;
    if (got.reply == NULL)
        return NULL;
    g_variant_get(got.reply, "(v)", &boxed);
    g_variant_lookup(boxed, "gateway-address", "s", &gateway);
    return gateway;
}

static void
test_profile_added(Bed *bed, gconstpointer data)
{
    bed->grants = true;
    g_auto(Call) got = add(bed, "added-by-test", "192.0.2.1");
    g_assert_no_error(got.error);
    const char *path;
    g_variant_get(got.reply, "(&o)", &path);
    g_assert_cmpstr(path, ==, ADDED);
    g_assert_cmpstr(bed->asked->pdata[0], ==, "org.ginnel.Ginnel1.modify-profiles");
    g_autofree char *gateway = gateway_on_the_bus(bed);
    g_assert_cmpstr(gateway, ==, "192.0.2.1");
    g_auto(Call) again = add(bed, "added-by-test", "192.0.2.2");
    expect_error(&again, "InvalidProfile", "there is a profile of that name");
    g_auto(Call) outside = add(bed, "../outside", "192.0.2.2");
    expect_error(&outside, "InvalidProfile", "outside");
    g_auto(Call) wrong = add(bed, "wrong", "192.0.2.1:4500");
    expect_error(&wrong, "InvalidProfile", "gateway-address");
}

static void
test_profile_changed(Bed *bed, gconstpointer data)
{
    bed->grants = true;
    g_auto(Call) made = add(bed, "added-by-test", "192.0.2.1");
    g_assert_no_error(made.error);
    g_auto(Call) updated = call_at(bed, ADDED, GINNEL_IFACE_PROFILE, "Update",
                                   g_variant_new("(@a{ss}a{sv})", settings_for("192.0.2.7"), NULL));
    g_assert_no_error(updated.error);
    g_autofree char *gateway = gateway_on_the_bus(bed);
    g_assert_cmpstr(gateway, ==, "192.0.2.7");
    g_auto(Call) exported =
        call_at(bed, ADDED, GINNEL_IFACE_PROFILE, "Export", g_variant_new("(s)", "mobileconfig"));
    g_assert_no_error(exported.error);
    const char *text;
    g_variant_get(exported.reply, "(&sas)", &text, NULL);
    g_assert_nonnull(strstr(text, "192.0.2.7"));
    g_auto(Call) deleted = call_at(bed, ADDED, GINNEL_IFACE_PROFILE, "Delete", NULL);
    g_assert_no_error(deleted.error);
    g_assert_null(gateway_on_the_bus(bed));
}

static void
test_profile_refused(Bed *bed, gconstpointer data)
{
    g_auto(Call) got = add(bed, "added-by-test", "192.0.2.1");
    expect_error(&got, "NotAuthorized", "may look");
    g_assert_null(gateway_on_the_bus(bed));
}

/* What is handed over is copied, for the service alone, and goes with the profile. */
static void
test_profile_with_files(Bed *bed, gconstpointer data)
{
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
    g_autoptr(GError) error = NULL;
    GVariantBuilder files;
    struct stat status;
    bed->grants = true;
    int fd = memfd_create("secret", MFD_CLOEXEC);
    g_assert_cmpint(write(fd, "hush", 4), ==, 4);
    g_unix_fd_list_append(fds, fd, NULL);
    close(fd);
    g_variant_builder_init(&files, G_VARIANT_TYPE("a{sh}"));
    g_variant_builder_add(&files, "{sh}", "user-secret-file", 0);
    g_auto(GVariantDict) options = G_VARIANT_DICT_INIT(NULL);
    g_variant_dict_insert_value(&options, "files", g_variant_builder_end(&files));
    Call got = { 0 };
    g_dbus_connection_call_with_unix_fd_list(
        bed->caller, g_dbus_connection_get_unique_name(bed->service), GINNEL_PATH,
        GINNEL_IFACE_MANAGER, "AddProfile",
        g_variant_new("(s@a{ss}@a{sv})", "added-by-test", settings_for("192.0.2.1"),
                      g_variant_dict_end(&options)),
        NULL, G_DBUS_CALL_FLAGS_NONE, 10000, fds, NULL, call_done, &got);
    while (!got.done)
        g_main_context_iteration(NULL, TRUE);
    g_assert_no_error(got.error);
    g_autofree char *path = g_build_filename(g_getenv("STATE_DIRECTORY"), "files",
                                             "added-by-test-user-secret-file", NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, &error));
    g_assert_cmpstr(text, ==, "hush");
    g_assert_cmpint(stat(path, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 07777, ==, 0600);
    g_auto(Call) deleted = call_at(bed, ADDED, GINNEL_IFACE_PROFILE, "Delete", NULL);
    g_assert_no_error(deleted.error);
    g_assert_cmpint(stat(path, &status), <, 0);
    call_clear(&got);
}

static void
remove_all(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        remove_all(path);
    }
    if (dir != NULL)
        rmdir(folder);
    else
        unlink(folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *state = g_dir_make_tmp("ginnel-state-XXXXXX", NULL);
    g_setenv("STATE_DIRECTORY", state, TRUE);
    ADD("/daemon/manager/profile-added", test_profile_added);
    ADD("/daemon/manager/profile-changed", test_profile_changed);
    ADD("/daemon/manager/profile-refused", test_profile_refused);
    ADD("/daemon/manager/profile-with-files", test_profile_with_files);
    ADD("/daemon/manager/anybody-reads-properties", test_version);
    ADD("/daemon/manager/refused-by-polkit", test_refused_by_polkit);
    ADD("/daemon/manager/settings-have-their-own-action", test_settings_have_their_own_action);
    ADD("/daemon/manager/without-polkit-nothing-is-granted", test_no_polkit);
    ADD("/daemon/manager/unknown-profile", test_unknown_profile);
    ADD("/daemon/manager/a-name-is-no-path", test_name_is_no_path);
    ADD("/daemon/manager/bad-settings-name-the-key", test_bad_settings);
    ADD("/daemon/manager/unknown-option", test_unknown_option);
    ADD("/daemon/manager/reload", test_reload);
    ADD("/daemon/manager/options-of-settings", test_options_of_settings);
    ADD("/daemon/manager/check-needs-permission", test_check_refused);
    ADD("/daemon/manager/check-gateway", test_check_gateway);
    ADD("/daemon/manager/an-agent-registers", test_agent_registers);
    ADD("/daemon/manager/an-agent-needs-permission", test_agent_refused);
    int status = g_test_run();
    remove_all(state);
    return status;
}
