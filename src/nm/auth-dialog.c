/*
 * nm-ginnel-auth-dialog: front ends of NetworkManager's start it when a secret is wanted. With
 * --external-ui-mode it describes what to ask, and the front end asks; else it opens a window.
 */
#include "config.h"

#include "nm/asking.h"
#include "nm/auth-window.h"
#include "nm/names.h"

#include <NetworkManager.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    gboolean again, interactive, external;
    char *uuid, *name, *service;
    char **hints;
} Options;

static gboolean
parse(Options *options, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        { "reprompt", 'r', 0, G_OPTION_ARG_NONE, &options->again, "Ask for what is known, too",
          NULL },
        { "uuid", 'u', 0, G_OPTION_ARG_STRING, &options->uuid, "UUID of the connection", "UUID" },
        { "name", 'n', 0, G_OPTION_ARG_STRING, &options->name, "Name of the connection", "NAME" },
        { "service", 's', 0, G_OPTION_ARG_STRING, &options->service, "Type of the VPN", "SERVICE" },
        { "allow-interaction", 'i', 0, G_OPTION_ARG_NONE, &options->interactive,
          "A person may be asked", NULL },
        { "external-ui-mode", 0, 0, G_OPTION_ARG_NONE, &options->external,
          "Describe what to ask, instead of asking", NULL },
        { "hint", 't', 0, G_OPTION_ARG_STRING_ARRAY, &options->hints, "What is wanted", "HINT" },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, GETTEXT_PACKAGE);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (options->uuid != NULL && options->name != NULL && options->service != NULL &&
        strcmp(options->service, NM_GINNEL_SERVICE) == 0)
        return TRUE;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                "--uuid, --name and --service %s are wanted; NetworkManager's tools give them",
                NM_GINNEL_SERVICE);
    return FALSE;
}

/* Names and values, one a line, then an empty line; then whoever started us says QUIT. */
static void
hand_over(const Asking *asking)
{
    for (guint i = 0; i < asking->secrets->len; i++) {
        const AskedSecret *secret = asking->secrets->pdata[i];
        if (secret->value != NULL && *secret->value != '\0')
            printf("%s\n%s\n", secret->name, secret->value);
    }
    printf("\n\n");
    fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL && strncmp(line, "QUIT", 4) != 0)
        ;
}

static int
ask(const Options *options, Asking *asking)
{
    if (options->external) {
        g_autofree char *described = asking_to_key_file(asking);
        fputs(described, stdout);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    if (options->interactive && asking_has_to_ask(asking)) {
        g_autoptr(GError) error = NULL;
        if (!auth_window_ask(asking, &error)) {
            if (error != NULL)
                fprintf(stderr, "nm-ginnel-auth-dialog: %s\n", error->message);
            return 1;
        }
    }
    hand_over(asking);
    return 0;
}

int
main(int argc, char **argv)
{
    Options options = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) data = NULL, secrets = NULL;
    setlocale(LC_ALL, "");
    bindtextdomain(GETTEXT_PACKAGE, LOCALEDIR);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
    textdomain(GETTEXT_PACKAGE);
    if (!parse(&options, &argc, &argv, &error)) {
        fprintf(stderr, "nm-ginnel-auth-dialog: %s\n", error->message);
        return 2;
    }
    if (!nm_vpn_service_plugin_read_vpn_details(0, &data, &secrets)) {
        fprintf(stderr, "nm-ginnel-auth-dialog: no connection on standard input\n");
        return 1;
    }
    g_autoptr(Asking) asking =
        asking_new(options.name, data, secrets, (const char *const *)options.hints, options.again);
    int status = ask(&options, asking);
    g_free(options.uuid);
    g_free(options.name);
    g_free(options.service);
    g_strfreev(options.hints);
    return status;
}
