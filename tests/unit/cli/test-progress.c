#include "cli/progress.h"

#define STARTED(number, way, port)                                                                 \
    "'attempt-started', {'attempt': <uint32 " #number ">, 'transport': <'" way                     \
    "'>, 'port': <uint32 " #port ">, 'address': <'192.0.2.1'>})"
#define UDP       "(int64 10, " STARTED(1, "udp", 4500)
#define TCP       "(1000010, " STARTED(2, "tcp", 4500)
#define ANSWERED  "(1031000, 'attempt-answered', {'attempt': <uint32 2>, 'after': <int64 31000>})"
#define ABANDONED "(1031100, 'attempt-abandoned', {'attempt': <uint32 1>})"
#define SIGNED_IN                                                                                  \
    "(1190000, 'authenticated', {'user': <'tess@example.com'>, 'method': <'certificate'>})"

static char *
update(Progress *progress, const char *events, gint64 elapsed)
{
    g_autofree char *text = g_strdup_printf("[%s]", events);
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) timeline =
        g_variant_parse(G_VARIANT_TYPE("a(xsa{sv})"), text, NULL, NULL, &error);
    GString *out = g_string_new(NULL);
    g_assert_no_error(error);
    progress_update(progress, timeline, elapsed, out);
    return g_string_free(out, FALSE);
}

static void
check(Progress *progress, const char *events, gint64 elapsed, const char *expected)
{
    g_autofree char *written = update(progress, events, elapsed);
    g_assert_cmpstr(written, ==, expected);
}

static void
check_finish(Progress *progress, gint64 elapsed, const char *expected)
{
    g_autoptr(GString) out = g_string_new(NULL);
    progress_finish(progress, elapsed, out);
    g_assert_cmpstr(out->str, ==, expected);
}

#define ASKING "(1100000, 'asking', {'kind': <'password'>, 'who': <'tess'>})"

static void
test_waiting_for_a_person(void)
{
    g_autoptr(Progress) progress = progress_new(FALSE, 80);
    check(progress, ASKING, 1100000, "  waiting for your password\n");
    g_autoptr(Progress) asks = progress_new(FALSE, 80);
    progress_asks_itself(asks);
    check(asks, ASKING, 1100000, "");
}

#define PROXY "(int64 5, 'proxy', {'name': <'proxy.example'>, 'port': <uint32 3128>})"

/* Told when the first stream is tried, and not where UDP is all there is. */
static void
test_proxy(void)
{
    g_autoptr(Progress) progress = progress_new(FALSE, 80);
    check(progress, PROXY ", " UDP, 20, "");
    check(progress, PROXY ", " UDP ", " TCP, 1000020,
          "  udp 4500   192.0.2.1        no answer for 1.0 s\n"
          "  streams go through the proxy proxy.example port 3128\n");
    check(progress, PROXY ", " UDP ", " TCP ", " ANSWERED, 1031000,
          "  tcp 4500   192.0.2.1        answered after 31 ms\n");
}

/* What a question was written below is not written over. */
static void
test_terminal_left(void)
{
    g_autoptr(Progress) progress = progress_new(TRUE, 80);
    check(progress, UDP, 1000010, "  udp 4500   192.0.2.1        no answer for 1.0 s\n");
    progress_leave(progress);
    check(progress, UDP, 2000010, "  udp 4500   192.0.2.1        no answer for 2.0 s\n");
}

/* Without a terminal each line is written once, when something is known. */
static void
test_file_says_each_thing_once(void)
{
    g_autoptr(Progress) progress = progress_new(FALSE, 80);
    check(progress, UDP, 20, "");
    check(progress, UDP, 500000, "");
    check(progress, UDP "," TCP, 1000020, "  udp 4500   192.0.2.1        no answer for 1.0 s\n");
    check(progress, UDP "," TCP "," ANSWERED "," ABANDONED, 1031200,
          "  tcp 4500   192.0.2.1        answered after 31 ms\n");
    check(progress, UDP "," TCP "," ANSWERED "," ABANDONED "," SIGNED_IN, 1190000,
          "  signed in as tess@example.com, with certificate\n");
    check_finish(progress, 1200000, "");
}

static void
test_file_names_who_never_answered(void)
{
    g_autoptr(Progress) progress = progress_new(FALSE, 80);
    check(progress, UDP, 20, "");
    check_finish(progress, 30000010, "  udp 4500   192.0.2.1        no answer for 30.0 s\n");
}

static void
test_failure_is_said(void)
{
    g_autoptr(Progress) progress = progress_new(FALSE, 80);
    check(progress,
          UDP ", (2000, 'attempt-failed', {'attempt': <uint32 1>, 'why': <'port unreachable'>})",
          2000, "  udp 4500   192.0.2.1        port unreachable\n");
}

/* On a terminal the unfinished lines are written again in place, finished ones stay. */
static void
test_terminal_redraws_in_order(void)
{
    g_autoptr(Progress) progress = progress_new(TRUE, 80);
    check(progress, UDP, 250010, "  udp 4500   192.0.2.1        no answer for 250 ms\n");
    g_assert_true(progress_is_waiting(progress));
    check(progress, UDP "," TCP "," ANSWERED, 1040010,
          "\033[1A\r\033[J"
          "  udp 4500   192.0.2.1        no answer for 1.0 s\n"
          "  tcp 4500   192.0.2.1        answered after 31 ms\n");
    check(progress, UDP "," TCP "," ANSWERED "," ABANDONED, 1040010,
          "\033[2A\r\033[J"
          "  udp 4500   192.0.2.1        no answer for 1.0 s\n"
          "  tcp 4500   192.0.2.1        answered after 31 ms\n");
    g_assert_false(progress_is_waiting(progress));
    check_finish(progress, 2000000, "");
}

static void
test_terminal_line_never_wraps_while_it_moves(void)
{
    g_autoptr(Progress) progress = progress_new(TRUE, 20);
    check(progress, UDP, 10, "  udp 4500   192.0.\n");
}

static void
test_foreign_text_cannot_move_the_cursor(void)
{
    g_autoptr(Progress) progress = progress_new(TRUE, 80);
    check(progress,
          UDP ", (2000, 'attempt-failed', {'attempt': <uint32 1>, 'why': <'\\u001b[2Jx\\ny'>})",
          2000, "  udp 4500   192.0.2.1        ?[2Jx y\n");
}

static void
test_shorter_timeline_is_another_connect(void)
{
    g_autoptr(Progress) progress = progress_new(FALSE, 80);
    check(progress, UDP "," TCP, 1000020, "  udp 4500   192.0.2.1        no answer for 1.0 s\n");
    check(progress, UDP, 3000010, "  tcp 4500   192.0.2.1        no answer for 2.0 s\n");
    check_finish(progress, 5000010, "  udp 4500   192.0.2.1        no answer for 5.0 s\n");
}

static void
test_nonsense_is_ignored(void)
{
    g_autoptr(Progress) progress = progress_new(FALSE, 80);
    check(progress, "(int64 1, 'attempt-answered', {'attempt': <uint32 9>})", 10, "");
    check(progress, "(int64 1, 'attempt-answered', {'attempt': <uint32 9>}), (2, 'hm', @a{sv} {})",
          10, "");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cli/progress/proxy", test_proxy);
    g_test_add_func("/cli/progress/file-says-each-thing-once", test_file_says_each_thing_once);
    g_test_add_func("/cli/progress/file-names-who-never-answered",
                    test_file_names_who_never_answered);
    g_test_add_func("/cli/progress/failure-is-said", test_failure_is_said);
    g_test_add_func("/cli/progress/terminal-redraws-in-order", test_terminal_redraws_in_order);
    g_test_add_func("/cli/progress/terminal-line-never-wraps-while-it-moves",
                    test_terminal_line_never_wraps_while_it_moves);
    g_test_add_func("/cli/progress/foreign-text-cannot-move-the-cursor",
                    test_foreign_text_cannot_move_the_cursor);
    g_test_add_func("/cli/progress/shorter-timeline-is-another-connect",
                    test_shorter_timeline_is_another_connect);
    g_test_add_func("/cli/progress/nonsense-is-ignored", test_nonsense_is_ignored);
    g_test_add_func("/cli/progress/waiting-for-a-person", test_waiting_for_a_person);
    g_test_add_func("/cli/progress/terminal-that-was-left", test_terminal_left);
    return g_test_run();
}
