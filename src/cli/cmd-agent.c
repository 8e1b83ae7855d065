#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "cli/ask-agent.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/keyring.h"

static gboolean
on_interrupt(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_CONTINUE;
}

int
cmd_agent(int argc, char **argv)
{
    gboolean keyring = FALSE;
    const GOptionEntry entries[] = {
        { "keyring", 'k', 0, G_OPTION_ARG_NONE, &keyring,
          N_("Keep what is typed in your keyring, and answer from there"), NULL },
        { NULL },
    };
    if (!cli_parse_options(&argc, &argv, NULL,
                           _("Asks on this terminal for the passwords that your tunnels need, "
                             "until it is interrupted."),
                           entries, 0, 0))
        return CLI_USAGE;
    if (keyring && !keyring_is_built_in()) {
        g_printerr("%s\n", _("This build of ginnel knows no keyring."));
        return CLI_FAILED;
    }
    g_autoptr(AskInput) input = ask_input_open(ASK_FROM_TERMINAL);
    if (input == NULL && !keyring) {
        g_printerr("%s\n", _("There is no terminal to ask on."));
        return CLI_FAILED;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(Client) client = client_new(&error);
    if (client == NULL)
        return cli_report(g_steal_pointer(&error));
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(AskAgent) agent =
        ask_agent_start(client, g_steal_pointer(&input), NULL, NULL, NULL, &error);
    if (agent == NULL)
        return cli_report(g_steal_pointer(&error));
    if (keyring)
        ask_agent_use_keyring(agent);
    g_unix_signal_add(SIGINT, on_interrupt, loop);
    g_unix_signal_add(SIGTERM, on_interrupt, loop);
    g_print("%s\n", _("Passwords are asked for here. Ctrl-C ends it."));
    g_main_loop_run(loop);
    return CLI_OK;
}
