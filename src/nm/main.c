/*
 * nm-ginnel-service: NetworkManager starts one for each VPN connection of type ginnel.
 */
#include "config.h"

#include "bus/errors.h"
#include "nm/names.h"
#include "nm/service.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <locale.h>

/* How long the story of a failure can be read. */
#define LINGER_S 180

static gboolean
terminated(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

/* libnm says so as soon as a connection has ended. */
static void
wants_to_quit(GinnelService *service, gpointer loop)
{
    if (ginnel_service_has_failed(service))
        g_timeout_add_seconds(LINGER_S, terminated, loop);
    else
        g_main_loop_quit(loop);
}

int
main(int argc, char **argv)
{
    g_autofree char *bus_name = NULL;
    gboolean persist = FALSE, version = FALSE;
    const GOptionEntry entries[] = {
        { "bus-name", 0, 0, G_OPTION_ARG_STRING, &bus_name, "Name to take on the system bus",
          "NAME" },
        { "persist", 0, 0, G_OPTION_ARG_NONE, &persist, "Do not end with the connection", NULL },
        { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Tell the version", NULL },
        { NULL },
    };
    g_autoptr(GError) error = NULL;
    setlocale(LC_ALL, "");
    bindtextdomain(GETTEXT_PACKAGE, LOCALEDIR);
    textdomain(GETTEXT_PACKAGE);
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("nm-ginnel-service: %s\n", error->message);
        return 2;
    }
    if (version) {
        g_print("nm-ginnel-service %s\n", GINNEL_VERSION);
        return 0;
    }
    (void)GINNEL_ERROR; /* registers the names */
    g_autoptr(GinnelService) service =
        ginnel_service_new(bus_name != NULL ? bus_name : NM_GINNEL_SERVICE, &error);
    if (service == NULL) {
        g_printerr("nm-ginnel-service: %s\n", error->message);
        return 1;
    }
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    if (!persist)
        g_signal_connect(service, "quit", G_CALLBACK(wants_to_quit), loop);
    g_unix_signal_add(SIGTERM, terminated, loop);
    g_unix_signal_add(SIGINT, terminated, loop);
    g_main_loop_run(loop);
    g_autoptr(GDBusConnection) bus =
        nm_vpn_service_plugin_get_connection(NM_VPN_SERVICE_PLUGIN(service));
    nm_vpn_service_plugin_shutdown(NM_VPN_SERVICE_PLUGIN(service));
    /* The answer that says why is written by another thread. */
    if (bus != NULL)
        g_dbus_connection_flush_sync(bus, NULL, NULL);
    return 0;
}
