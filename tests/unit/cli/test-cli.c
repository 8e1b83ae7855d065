#include "cli/cli.h"

#include <string.h>

static const char *const words[] = { "up", "down", "status", "profiles", "monitor", NULL };

static void
test_similar_finds_slips(void)
{
    g_assert_cmpint(cli_most_similar("donw", words), ==, 1);
    g_assert_cmpint(cli_most_similar("statsu", words), ==, 2);
    g_assert_cmpint(cli_most_similar("prof", words), ==, 3);
    g_assert_cmpint(cli_most_similar("monitor", words), ==, 4);
}

static void
test_similar_does_not_guess_wildly(void)
{
    g_assert_cmpint(cli_most_similar("reticulate", words), ==, -1);
    g_assert_cmpint(cli_most_similar("xx", words), ==, -1);
    g_autofree char *endless = g_strnfill(100000, 'u');
    g_assert_cmpint(cli_most_similar(endless, words), ==, -1);
}

static GString *printed;

static void
keep(const char *text)
{
    g_string_append(printed, text);
}

static int
run(const char *first, const char *second)
{
    char *argv[] = { (char *)"ginnel", (char *)first, (char *)second, NULL };
    printed = g_string_new(NULL);
    GPrintFunc out = g_set_print_handler(keep), err = g_set_printerr_handler(keep);
    int status = cli_run(second != NULL ? 3 : first != NULL ? 2 : 1, argv);
    g_set_print_handler(out);
    g_set_printerr_handler(err);
    return status;
}

static void
test_unknown_verb_suggests(void)
{
    g_assert_cmpint(run("statsu", NULL), ==, CLI_USAGE);
    g_assert_nonnull(strstr(printed->str, "Did you mean \"status\"?"));
    g_string_free(printed, TRUE);
}

static void
test_help_names_every_verb(void)
{
    g_assert_cmpint(run("--help", NULL), ==, CLI_OK);
    for (int i = 0; words[i] != NULL; i++)
        g_assert_nonnull(strstr(printed->str, words[i]));
    g_string_free(printed, TRUE);
    g_assert_cmpint(run(NULL, NULL), ==, CLI_USAGE);
    g_string_free(printed, TRUE);
}

static void
test_up_needs_a_profile(void)
{
    g_assert_cmpint(run("up", NULL), ==, CLI_USAGE);
    g_assert_nonnull(strstr(printed->str, "an argument is missing"));
    g_string_free(printed, TRUE);
    g_assert_cmpint(run("up", "--fast"), ==, CLI_USAGE);
    g_string_free(printed, TRUE);
}

static void
test_print_has_no_control_characters(void)
{
    printed = g_string_new(NULL);
    GPrintFunc out = g_set_print_handler(keep);
    cli_print("a\033[2Jb\xc2\x9b\nc\xff\r");
    g_set_print_handler(out);
    g_assert_cmpstr(printed->str, ==, "a?[2Jb?\nc\xef\xbf\xbd?");
    g_string_free(printed, TRUE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cli/cli/similar-finds-slips", test_similar_finds_slips);
    g_test_add_func("/cli/cli/similar-does-not-guess-wildly", test_similar_does_not_guess_wildly);
    g_test_add_func("/cli/cli/unknown-verb-suggests", test_unknown_verb_suggests);
    g_test_add_func("/cli/cli/help-names-every-verb", test_help_names_every_verb);
    g_test_add_func("/cli/cli/up-needs-a-profile", test_up_needs_a_profile);
    g_test_add_func("/cli/cli/print-has-no-control-characters",
                    test_print_has_no_control_characters);
    return g_test_run();
}
