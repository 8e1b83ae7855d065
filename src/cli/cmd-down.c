#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "bus/names.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/polkit-agent.h"
#include "cli/props.h"

static int
disconnect_one(GDBusProxy *tunnel)
{
    g_autoptr(GVariant) props = client_properties(tunnel);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    if (!client_disconnect(tunnel, &error))
        return cli_report(g_steal_pointer(&error));
    text = g_strdup_printf(_("%s is disconnected.\n"), props_string(props, "Profile"));
    cli_print(text);
    return CLI_OK;
}

static int
disconnect_all(GPtrArray *tunnels)
{
    int status = CLI_OK;
    for (guint i = 0; i < tunnels->len; i++) {
        int one = disconnect_one(g_ptr_array_index(tunnels, i));
        status = one != CLI_OK ? one : status;
    }
    return status;
}

/* Beside one that is connected, those that have failed are not meant. */
static GDBusProxy *
find_only(GPtrArray *tunnels)
{
    GDBusProxy *only = tunnels->len == 1 ? g_ptr_array_index(tunnels, 0) : NULL;
    guint running = 0;
    for (guint i = 0; i < tunnels->len; i++) {
        g_autoptr(GVariant) props = client_properties(g_ptr_array_index(tunnels, i));
        if (strcmp(props_string(props, "State"), GINNEL_STATE_FAILED) == 0)
            continue;
        running++;
        only = g_ptr_array_index(tunnels, i);
    }
    return running <= 1 ? only : NULL;
}

static int
disconnect_only(GPtrArray *tunnels)
{
    GDBusProxy *only = find_only(tunnels);
    if (only != NULL)
        return disconnect_one(only);
    if (tunnels->len == 0) {
        g_print("%s\n", _("Nothing is connected."));
        return CLI_OK;
    }
    g_printerr("%s\n", _("Several are connected: name one, or say --all."));
    return CLI_USAGE;
}

int
cmd_down(int argc, char **argv)
{
    gboolean all = FALSE;
    const GOptionEntry entries[] = {
        { "all", 'a', 0, G_OPTION_ARG_NONE, &all, N_("Disconnect everything"), NULL },
        { NULL },
    };
    if (!cli_parse_options(&argc, &argv, _("[PROFILE]"),
                           _("Disconnects a profile, or the only one that is connected."), entries,
                           0, 1))
        return CLI_USAGE;
    g_autoptr(GError) error = NULL;
    g_autoptr(Client) client = client_new(&error);
    if (client == NULL)
        return cli_report(g_steal_pointer(&error));
    g_autoptr(GPtrArray) tunnels = client_tunnels(client);
    g_autoptr(PolkitAgent) agent = tunnels->len > 0 ? polkit_agent_start() : NULL;
    if (argc == 1)
        return all ? disconnect_all(tunnels) : disconnect_only(tunnels);
    g_autoptr(GDBusProxy) tunnel = client_tunnel_of(client, argv[1]);
    if (tunnel != NULL)
        return disconnect_one(tunnel);
    g_printerr(_("%s is not connected.\n"), argv[1]);
    return CLI_NOT_FOUND;
}
