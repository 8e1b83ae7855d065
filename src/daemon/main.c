/*
 * ginneld: the service. systemd starts it by D-Bus activation or at boot. After a restart it takes
 * up the tunnels that run; when it is stopped it takes them down.
 */
#include "config.h"

#include "bus/errors.h"
#include "bus/names.h"
#include "daemon/manager.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <locale.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#define SYSTEMD1 "org.freedesktop.systemd1"
#define UNIT     "ginneld.service"

typedef struct {
    GMainLoop *loop;
    GDBusConnection *bus;
    Machine *machine;
    Manager *manager;
    int status;
} Daemon;

static GVariant *
get_property(GDBusConnection *bus, const char *path, const char *interface, const char *property)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        bus, SYSTEMD1, path, "org.freedesktop.DBus.Properties", "Get",
        g_variant_new("(ss)", interface, property), G_VARIANT_TYPE("(v)"), G_DBUS_CALL_FLAGS_NONE,
        2000, NULL, NULL);
    GVariant *value = NULL;
    if (reply != NULL)
        g_variant_get(reply, "(v)", &value);
    return value;
}

static GVariant *
unit_property(GDBusConnection *bus, const char *property)
{
    g_autoptr(GVariant) unit =
        g_dbus_connection_call_sync(bus, SYSTEMD1, "/org/freedesktop/systemd1", SYSTEMD1 ".Manager",
                                    "GetUnit", g_variant_new("(s)", UNIT), G_VARIANT_TYPE("(o)"),
                                    G_DBUS_CALL_FLAGS_NONE, 2000, NULL, NULL);
    if (unit == NULL)
        return NULL;
    const char *path;
    g_variant_get(unit, "(&o)", &path);
    return get_property(bus, path, SYSTEMD1 ".Unit", property);
}

/* What systemd is doing with our unit: "restart", "stop", ... ; NULL for nothing. */
static char *
unit_job(GDBusConnection *bus)
{
    const char *job_path;
    guint32 id = 0;
    g_autoptr(GVariant) job = unit_property(bus, "Job");
    if (job == NULL)
        return NULL;
    g_variant_get(job, "(u&o)", &id, &job_path);
    g_autoptr(GVariant) type =
        id != 0 ? get_property(bus, job_path, SYSTEMD1 ".Job", "JobType") : NULL;
    return type != NULL ? g_variant_dup_string(type, NULL) : NULL;
}

static void
closed(gpointer data)
{
    g_main_loop_quit(((Daemon *)data)->loop);
}

static gboolean
terminated(gpointer data)
{
    Daemon *daemon = data;
    g_autofree char *job = unit_job(daemon->bus);
    sd_notify(0, "STOPPING=1");
    if (g_strcmp0(job, "restart") == 0) {
        g_message("restarting: the tunnels run on");
        g_main_loop_quit(daemon->loop);
    } else {
        manager_close_all(daemon->manager, closed, daemon);
    }
    return G_SOURCE_REMOVE;
}

static void
name_acquired(GDBusConnection *bus, const char *name, gpointer data)
{
    sd_notify(0, "READY=1");
}

static void
name_lost(GDBusConnection *bus, const char *name, gpointer data)
{
    Daemon *daemon = data;
    g_warning("%s", _("another ginneld runs, or the bus refuses the name"));
    daemon->status = 1;
    g_main_loop_quit(daemon->loop);
}

/* Started, running, or between two tries. */
static bool
unit_is_there(GDBusConnection *bus)
{
    g_autoptr(GVariant) state = unit_property(bus, "ActiveState");
    const char *word = state != NULL ? g_variant_get_string(state, NULL) : "inactive";
    return strcmp(word, "inactive") != 0 && strcmp(word, "failed") != 0;
}

/* After the main process ended for whatever reason: nothing of ours stays, unless it comes back.
 * The second half of a restart is a job "start". As its ExecStopPost we are told how it ended. */
static int
clean(GDBusConnection *bus)
{
    g_autofree char *job = unit_job(bus);
    const char *result = g_getenv("SERVICE_RESULT");
    bool comes_back = g_strcmp0(job, "restart") == 0 || g_strcmp0(job, "start") == 0;
    if (result == NULL)
        comes_back = comes_back || unit_is_there(bus);
    else if (job == NULL)
        comes_back = strcmp(result, "success") != 0;
    if (comes_back)
        return 0;
    machine_clean(bus, NULL);
    return 0;
}

static int
run(Daemon *daemon)
{
    g_autoptr(GError) error = NULL;
    daemon->machine = machine_new(daemon->bus, &error);
    if (daemon->machine == NULL) {
        g_printerr("ginneld: %s\n", error->message);
        return 1;
    }
    daemon->loop = g_main_loop_new(NULL, FALSE);
    daemon->manager = manager_new(daemon->machine);
    manager_take_up(daemon->manager);
    g_unix_signal_add(SIGTERM, terminated, daemon);
    g_unix_signal_add(SIGINT, terminated, daemon);
    guint name = g_bus_own_name_on_connection(daemon->bus, GINNEL_BUS_NAME,
                                              G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, name_acquired,
                                              name_lost, daemon, NULL);
    g_main_loop_run(daemon->loop);
    g_bus_unown_name(name);
    manager_free(daemon->manager);
    machine_free(daemon->machine);
    g_main_loop_unref(daemon->loop);
    return daemon->status;
}

int
main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    bindtextdomain(GETTEXT_PACKAGE, LOCALEDIR);
    textdomain(GETTEXT_PACKAGE);
    if (argc == 2 && g_strcmp0(argv[1], "--version") == 0) {
        printf("ginneld %s\n", GINNEL_VERSION);
        return 0;
    }
    bool cleaning = argc == 2 && g_strcmp0(argv[1], "--clean") == 0;
    if (argc == 2 && g_strcmp0(argv[1], "--lockdown") == 0)
        return machine_lock_at_boot();
    if (argc > 1 && !cleaning) {
        g_printerr("ginneld [--clean | --lockdown | --version], see ginneld(8)\n");
        return 2;
    }
    g_autoptr(GError) error = NULL;
    (void)GINNEL_ERROR; /* registers the names */
    Daemon daemon = { .bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error) };
    if (daemon.bus == NULL) {
        g_printerr("ginneld: %s\n", error->message);
        return 1;
    }
    int status = cleaning ? clean(daemon.bus) : run(&daemon);
    g_object_unref(daemon.bus);
    return status;
}
