/*
 * What the verbs of the tool share: exit statuses, options, printing. Each verb is one file; none
 * but import and export touches anything but the bus.
 */
#pragma once
#include <glib.h>

/* Documented in ginnel(1). */
enum {
    CLI_OK = 0,
    CLI_FAILED = 1,     /* not connected, or the service could not do it */
    CLI_USAGE = 2,      /* the command line makes no sense */
    CLI_NO_SERVICE = 3, /* ginneld does not run and cannot be started */
    CLI_NOT_AUTHORIZED = 4,
    CLI_NOT_FOUND = 5, /* no such profile or tunnel */
    CLI_INTERRUPTED = 130,
};

/* argv[0] is the verb. */
int cmd_up(int argc, char **argv);
int cmd_down(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_dns(int argc, char **argv);
int cmd_lockdown(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_profiles(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_agent(int argc, char **argv);

/* The whole tool. */
int cli_run(int argc, char **argv);

/* The index of the word among words (ends with NULL) that is most like it, or -1. */
int cli_most_similar(const char *word, const char *const *words);

/* Takes the options of a verb out of argv and checks how many arguments stay, argv[0] not counted.
 * False: the command line makes no sense, which was said; --help ends the program. */
gboolean cli_parse_options(int *argc, char ***argv, const char *parameters, const char *summary,
                           const GOptionEntry *entries, int least, int most);

/* Says what went wrong and gives the exit status for it; takes the error. */
int cli_report(GError *error);
/* To standard output, without control characters except line ends: the text may hold a stranger's.
 */
void cli_print(const char *text);
