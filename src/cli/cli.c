#include "config.h"

#include "cli/cli.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#include "bus/errors.h"
#include "cli/output.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} verbs[] = {
    { "up", cmd_up, N_("connect, and say what happens") },
    { "down", cmd_down, N_("disconnect") },
    { "status", cmd_status, N_("show what is connected, how, and what is inside") },
    { "check", cmd_check, N_("try every way to a gateway, without signing in") },
    { "dns", cmd_dns, N_("show which names go through a tunnel, and try one") },
    { "lockdown", cmd_lockdown, N_("show or lift what keeps traffic inside the tunnels") },
    { "profiles", cmd_profiles, N_("list the profiles") },
    { "import", cmd_import, N_("make a profile of another client's file") },
    { "export", cmd_export, N_("write a profile for another client") },
    { "monitor", cmd_monitor, N_("follow what changes") },
    { "agent", cmd_agent, N_("stay, and ask here for passwords that tunnels need") },
};

static void
print_help(void)
{
    g_print("%s\n\n%s\n", _("Usage: ginnel VERB [OPTION...] [PROFILE]"), _("Verbs:"));
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
        g_print("  %-10s %s\n", verbs[i].name, _(verbs[i].summary));
    g_print("\n%s\n%s\n", _("\"ginnel VERB --help\" tells the options of a verb."),
            _("Profiles are files in /etc/ginnel/profiles; ginnel-profile(5) describes them."));
}

/* Levenshtein's distance; the words are short. */
static guint
distance(const char *a, const char *b)
{
    size_t n = strlen(b);
    g_autofree guint *row = g_new(guint, n + 1);
    for (size_t j = 0; j <= n; j++)
        row[j] = (guint)j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        guint diagonal = row[0];
        row[0] = (guint)i;
        for (size_t j = 1; j <= n; j++) {
            guint substitute = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = MIN(MIN(row[j], row[j - 1]) + 1, substitute);
        }
    }
    return row[n];
}

int
cli_most_similar(const char *word, const char *const *words)
{
    int best = -1;
    guint least = 4; /* further away is not meant */
    if (strlen(word) > 64)
        return -1;
    for (int i = 0; words[i] != NULL; i++) {
        guint d = g_str_has_prefix(words[i], word) ? 1 : distance(word, words[i]);
        if (d >= least || d >= strlen(words[i]))
            continue;
        least = d;
        best = i;
    }
    return best;
}

static int
refuse_verb(const char *word)
{
    const char *names[G_N_ELEMENTS(verbs) + 1] = { NULL };
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
        names[i] = verbs[i].name;
    int similar = cli_most_similar(word, names);
    g_printerr(_("ginnel: there is no verb \"%s\"."), word);
    if (similar >= 0)
        g_printerr(_(" Did you mean \"%s\"?"), names[similar]);
    g_printerr("\n%s\n", _("\"ginnel --help\" lists them."));
    return CLI_USAGE;
}

int
cli_run(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;
    if (word == NULL || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
        strcmp(word, "help") == 0) {
        print_help();
        return word != NULL ? CLI_OK : CLI_USAGE;
    }
    if (strcmp(word, "--version") == 0) {
        g_print("ginnel %s\n", GINNEL_VERSION);
        return CLI_OK;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (strcmp(word, verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    return refuse_verb(word);
}

static gboolean
print_version(const char *option, const char *value, gpointer data, GError **error)
{
    g_print("ginnel %s\n", GINNEL_VERSION);
    exit(CLI_OK);
}

gboolean
cli_parse_options(int *argc, char ***argv, const char *parameters, const char *summary,
                  const GOptionEntry *entries, int least, int most)
{
    const GOptionEntry common[] = {
        { "version", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)print_version,
          N_("Show the version"), NULL },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(parameters);
    g_autoptr(GError) error = NULL;
    g_autofree char *name = g_strconcat("ginnel ", (*argv)[0], NULL);
    g_option_context_set_summary(context, summary);
    g_option_context_set_translation_domain(context, GETTEXT_PACKAGE);
    if (entries != NULL)
        g_option_context_add_main_entries(context, entries, GETTEXT_PACKAGE);
    g_option_context_add_main_entries(context, common, GETTEXT_PACKAGE);
    g_set_prgname(name);
    if (!g_option_context_parse(context, argc, argv, &error)) {
        g_printerr("%s: %s\n", name, error->message);
        return FALSE;
    }
    /* "--" stays behind what was parsed. */
    if (*argc > 1 && strcmp((*argv)[1], "--") == 0) {
        (*argv)[1] = (*argv)[0];
        (*argv)++;
        (*argc)--;
    }
    if (*argc - 1 >= least && *argc - 1 <= most)
        return TRUE;
    g_printerr(*argc - 1 < least ? _("%s: an argument is missing.\n")
                                 : _("%s: too many arguments.\n"),
               name);
    g_printerr(_("\"%s --help\" tells more.\n"), name);
    return FALSE;
}

int
cli_report(GError *error)
{
    g_autoptr(GError) taken = error;
    if (ginnel_error_is_no_service(taken)) {
        g_printerr("%s\n%s\n", _("The service ginneld does not run and could not be started."),
                   _("As root: systemctl status ginneld; systemctl start ginneld"));
        return CLI_NO_SERVICE;
    }
    g_dbus_error_strip_remote_error(taken);
    g_autofree char *text = output_clean(taken->message);
    g_printerr("%s\n", text);
    if (ginnel_error_is_not_authorized(taken))
        return CLI_NOT_AUTHORIZED;
    if (ginnel_error_is_no_such_profile(taken) || ginnel_error_is_no_such_tunnel(taken))
        return CLI_NOT_FOUND;
    return CLI_FAILED;
}

void
cli_print(const char *text)
{
    g_autofree char *clean = output_clean(text);
    g_print("%s", clean);
}
