#include "config.h"

#include <glib/gi18n.h>

#include "bus/names.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/polkit-agent.h"
#include "cli/props.h"

static void
show(GVariant *props)
{
    g_auto(GStrv) names = props_strings(props, "LockedBy");
    g_autofree char *joined = output_join((const char *const *)names);
    gint64 until = props_int64(props, "LiftedUntil"), left = MAX(until - g_get_real_time(), 0);
    g_autoptr(GString) out = g_string_new(NULL);
    if (names[0] == NULL)
        g_string_append_printf(out, "%s\n", _("This machine is not locked."));
    else if (until != 0) /* not by our clock: the service says when it has locked again */
        g_string_append_printf(out, _("The lock for %s is lifted for %d more seconds.\n"), joined,
                               (int)(left / G_USEC_PER_SEC));
    else
        g_string_append_printf(
            out, _("Nothing leaves this machine but by its tunnels: it is locked for %s.\n"),
            joined);
    cli_print(out->str);
}

static int
lift(Client *client, guint minutes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PolkitAgent) agent = polkit_agent_start();
    if (client_lift(client, minutes, &error))
        return CLI_OK;
    return cli_report(g_steal_pointer(&error));
}

int
cmd_lockdown(int argc, char **argv)
{
    int minutes = -1;
    gboolean off = FALSE;
    const GOptionEntry entries[] = {
        { "lift", 0, 0, G_OPTION_ARG_INT, &minutes,
          N_("Let everything out for so long, for instance to sign in to a network"),
          N_("MINUTES") },
        { "off", 0, 0, G_OPTION_ARG_NONE, &off,
          N_("Unlock, until a locked profile is started anew"), NULL },
        { NULL },
    };
    if (!cli_parse_options(&argc, &argv, NULL,
                           _("Shows whether anything leaves this machine beside its tunnels."),
                           entries, 0, 0))
        return CLI_USAGE;
    if (minutes == 0 || minutes > 15 || (off && minutes != -1)) {
        g_printerr("%s\n", _("The lock is lifted for 1 to 15 minutes, or with --off for good."));
        return CLI_USAGE;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(Client) client = client_new(&error);
    if (client == NULL)
        return cli_report(g_steal_pointer(&error));
    int status = off || minutes > 0 ? lift(client, off ? 0 : (guint)minutes) : CLI_OK;
    if (status != CLI_OK)
        return status;
    g_autoptr(GVariant) props = client_manager_properties(client);
    show(props);
    return CLI_OK;
}
