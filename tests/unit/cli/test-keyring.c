/* The keyring, against gnome-keyring's Secret Service on a private bus, with an empty keyring. */
#include "cli/keyring.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#define SERVICE     "org.freedesktop.secrets"
#define PATIENCE_MS 20000

/* libsecret (0.20.5) keeps the service's reply for each secret that it found: three of them here,
 * for the three that are found below. What is ours is looked for. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:g_dbus_message_new_from_blob";
}

/* Unlocked with a password it is given; its keyring is made in home. */
static GSubprocess *
service_start(const char *home)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
        G_SUBPROCESS_FLAGS_STDERR_SILENCE);
    for (const char *const *name =
             (const char *const[]){ "HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", NULL };
         *name != NULL; name++)
        g_subprocess_launcher_setenv(launcher, *name, home, true);
    GSubprocess *service =
        g_subprocess_launcher_spawn(launcher, &error, "gnome-keyring-daemon", "--foreground",
                                    "--components=secrets", "--unlock", NULL);
    g_assert_no_error(error);
    GOutputStream *password = g_subprocess_get_stdin_pipe(service);
    g_assert_true(g_output_stream_write_all(password, "open", 4, NULL, NULL, &error));
    g_assert_true(g_output_stream_close(password, NULL, &error));
    return service;
}

static void
appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer data)
{
    *(bool *)data = true;
}

static gboolean
too_late(gpointer data)
{
    g_error("%s did not appear on the bus", SERVICE);
    return G_SOURCE_REMOVE;
}

static void
wait_for_service(void)
{
    bool there = false;
    guint watch = g_bus_watch_name(G_BUS_TYPE_SESSION, SERVICE, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                   appeared, NULL, &there, NULL);
    guint patience = g_timeout_add(PATIENCE_MS, too_late, NULL);
    while (!there)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(patience);
    g_bus_unwatch_name(watch);
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
    /* Kept again, it is replaced. */
    g_assert_true(keyring_store("work", "password", "tess", other, &error));
    g_autoptr(Secret) replaced = keyring_lookup("work", "password", "tess");
    g_assert_true(secret_equal(replaced, other));
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
    g_autofree char *program = g_find_program_in_path("gnome-keyring-daemon");
    if (program == NULL) {
        g_print("1..0 # SKIP gnome-keyring is not installed\n");
        return 0;
    }
    /* Only stopped: its end waits for libsecret to let go of the bus, which it does not. */
    static GTestDBus *bus;
    bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(bus);
    g_autofree char *home = g_dir_make_tmp("ginnel-keyring-XXXXXX", NULL);
    g_autoptr(GSubprocess) service = service_start(home);
    wait_for_service();
    g_test_add_func("/cli/keyring/kept-and-forgotten", test_kept_and_forgotten);
    int status = g_test_run();
    g_subprocess_force_exit(service);
    g_subprocess_wait(service, NULL, NULL);
    g_autofree char *keyrings = g_build_filename(home, "keyrings", NULL);
    g_autoptr(GDir) files = g_dir_open(keyrings, 0, NULL);
    for (const char *name; files != NULL && (name = g_dir_read_name(files)) != NULL;) {
        g_autofree char *path = g_build_filename(keyrings, name, NULL);
        g_unlink(path);
    }
    g_rmdir(keyrings);
    g_rmdir(home);
    g_test_dbus_stop(bus);
    return status;
}
