/*
 * ginneld: the service. systemd starts it by D-Bus activation or at boot. After a restart it takes
 * up the tunnels that run; when it is stopped it takes them down.
 */
#include "config.h"

#include "bus/errors.h"
#include "bus/names.h"
#include "daemon/manager.h"
#include "daemon/own-unit.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <locale.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>

typedef struct {
    GMainLoop *loop;
    GDBusConnection *bus;
    Machine *machine;
    Manager *manager;
    int status;
} Daemon;

static void
closed(gpointer data)
{
    g_main_loop_quit(((Daemon *)data)->loop);
}

static gboolean
terminated(gpointer data)
{
    Daemon *daemon = data;
    g_autofree char *job = own_unit_job(daemon->bus);
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

/* As what runs after the main process, however that ended (result, by systemd's word). */
static int
clean_after_end(GDBusConnection *bus, const char *result)
{
    g_autofree char *job = own_unit_job(bus);
    bool comes_back = job != NULL ? own_unit_is_coming(bus) : strcmp(result, "success") != 0;
    if (!comes_back)
        machine_clean(bus, NULL);
    return 0;
}

/* As ginnel-clean.service, which a start waits for. One that is taken back then has no end by which
 * systemd would call us again: we stay until it is known, and have ourselves started anew. */
static int
clean_unless_started(GDBusConnection *bus)
{
    bool coming = own_unit_is_coming(bus);
    if (!coming && !own_unit_is_there(bus))
        machine_clean(bus, NULL);
    sd_notify(0, "READY=1");
    return !coming || own_unit_await(bus) ? 0 : EX_TEMPFAIL;
}

/* After the main process ended for whatever reason: nothing of ours stays, unless it comes back. */
static int
clean(GDBusConnection *bus)
{
    const char *result = g_getenv("SERVICE_RESULT");
    return result != NULL ? clean_after_end(bus, result) : clean_unless_started(bus);
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
