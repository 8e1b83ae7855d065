#include "ike/retransmit.h"

#include <glib.h>

#define MS DURATION_MILLISECOND

static void
test_doubles(void)
{
    Retransmit retransmit;
    static const Instant expected[] = { 500 * MS, 1500 * MS, 3500 * MS };
    retransmit_start(&retransmit, 500 * MS, 3, false, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmpint(retransmit.deadline, ==, expected[i]);
        g_assert_cmpint(retransmit_timeout(&retransmit, expected[i] - 1), ==, RETRANSMIT_WAIT);
        g_assert_cmpint(retransmit_timeout(&retransmit, expected[i]), ==,
                        i < 2 ? RETRANSMIT_AGAIN : RETRANSMIT_GIVE_UP);
    }
    g_assert_cmpint(retransmit.deadline, ==, INSTANT_NEVER);
}

/* Nothing is repeated, the end is the same. */
static void
test_stream(void)
{
    Retransmit retransmit;
    retransmit_start(&retransmit, 500 * MS, 3, true, 0);
    g_assert_cmpint(retransmit.deadline, ==, 3500 * MS);
    g_assert_cmpint(retransmit_timeout(&retransmit, 3500 * MS), ==, RETRANSMIT_GIVE_UP);
}

static void
test_stopped(void)
{
    Retransmit retransmit;
    retransmit_start(&retransmit, 500 * MS, 3, false, 0);
    retransmit_stop(&retransmit);
    g_assert_cmpint(retransmit_timeout(&retransmit, 10000 * MS), ==, RETRANSMIT_WAIT);
    retransmit_moved(&retransmit, false, 0);
    retransmit_hurry(&retransmit, 1, 0);
    g_assert_cmpint(retransmit.deadline, ==, INSTANT_NEVER);
}

static void
test_moved(void)
{
    Retransmit retransmit;
    retransmit_start(&retransmit, 500 * MS, 3, false, 0);
    g_assert_cmpint(retransmit_timeout(&retransmit, 500 * MS), ==, RETRANSMIT_AGAIN);
    retransmit_moved(&retransmit, false, 600 * MS);
    g_assert_cmpint(retransmit.deadline, ==, 1100 * MS);
    g_assert_cmpuint(retransmit.sent, ==, 1);
}

static void
test_hurried(void)
{
    Retransmit retransmit;
    retransmit_start(&retransmit, 500 * MS, 6, false, 0);
    g_assert_cmpint(retransmit_timeout(&retransmit, 500 * MS), ==, RETRANSMIT_AGAIN);
    retransmit_hurry(&retransmit, 1, 600 * MS);
    g_assert_cmpint(retransmit_timeout(&retransmit, 1500 * MS), ==, RETRANSMIT_AGAIN);
    g_assert_cmpint(retransmit_timeout(&retransmit, 3500 * MS), ==, RETRANSMIT_GIVE_UP);
}

/* Whatever a configuration says, no shift goes out of bounds. */
static void
test_absurd_tries(void)
{
    Retransmit retransmit;
    retransmit_start(&retransmit, 500 * MS, 1000, false, 0);
    for (unsigned i = 0; i < 999; i++)
        g_assert_cmpint(retransmit_timeout(&retransmit, retransmit.deadline), ==, RETRANSMIT_AGAIN);
    g_assert_cmpint(retransmit_timeout(&retransmit, retransmit.deadline), ==, RETRANSMIT_GIVE_UP);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/retransmit/doubles", test_doubles);
    g_test_add_func("/ike/retransmit/stream", test_stream);
    g_test_add_func("/ike/retransmit/stopped", test_stopped);
    g_test_add_func("/ike/retransmit/moved", test_moved);
    g_test_add_func("/ike/retransmit/hurried", test_hurried);
    g_test_add_func("/ike/retransmit/absurd-tries", test_absurd_tries);
    return g_test_run();
}
