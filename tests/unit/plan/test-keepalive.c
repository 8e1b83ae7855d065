/* Keepalives, and messages of ours that come at about the same time. */
#include "plan/keepalive.h"

#include <glib.h>

#define S DURATION_SECOND

static void
test_intervals(void)
{
    g_assert_cmpint(keepalive_next(5 * S, true, INSTANT_NEVER), ==, 25 * S);
    g_assert_cmpint(keepalive_next(5 * S, false, INSTANT_NEVER), ==, 30 * S);
}

/* What is due long before, or after, does not change when a keepalive leaves. */
static void
test_message_at_another_time(void)
{
    g_assert_cmpint(keepalive_next(0, true, 10 * S), ==, 20 * S);
    g_assert_cmpint(keepalive_next(0, true, 20 * S + KEEPALIVE_SLACK + 1), ==, 20 * S);
}

/* The gateway is asked three minutes after its last answer, which came a moment after what we sent:
 * all in all that is nine wakings. */
static void
test_one_waking_for_both(void)
{
    Instant asked_at = 180 * S + 30 * DURATION_MILLISECOND, now = 0;
    unsigned wakings = 0;
    while (now < asked_at) {
        now = instant_earlier(keepalive_next(now, true, asked_at), asked_at);
        wakings++;
    }
    g_assert_cmpuint(wakings, ==, 9);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/keepalive/intervals", test_intervals);
    g_test_add_func("/plan/keepalive/message-at-another-time", test_message_at_another_time);
    g_test_add_func("/plan/keepalive/one-waking-for-both", test_one_waking_for_both);
    return g_test_run();
}
