/* Says in logind's name that the machine goes to sleep ("true") or is back ("false"), once for each
 * argument. The test host runs no logind. */
#include <gio/gio.h>
#include <string.h>

typedef struct {
    GMainLoop *loop;
    char **words;
    int status;
} StandIn;

static void
acquired(GDBusConnection *bus, const char *name, gpointer data)
{
    StandIn *stand_in = data;
    for (char **word = stand_in->words; *word != NULL; word++)
        g_dbus_connection_emit_signal(bus, NULL, "/org/freedesktop/login1",
                                      "org.freedesktop.login1.Manager", "PrepareForSleep",
                                      g_variant_new("(b)", strcmp(*word, "true") == 0), NULL);
    stand_in->status = g_dbus_connection_flush_sync(bus, NULL, NULL) ? 0 : 1;
    g_main_loop_quit(stand_in->loop);
}

static void
lost(GDBusConnection *bus, const char *name, gpointer data)
{
    g_main_loop_quit(((StandIn *)data)->loop);
}

int
main(int argc, char **argv)
{
    StandIn stand_in = { g_main_loop_new(NULL, FALSE), argv + 1, 1 };
    g_bus_own_name(G_BUS_TYPE_SYSTEM, "org.freedesktop.login1", G_BUS_NAME_OWNER_FLAGS_NONE, NULL,
                   acquired, lost, &stand_in, NULL);
    g_main_loop_run(stand_in.loop);
    return stand_in.status;
}
