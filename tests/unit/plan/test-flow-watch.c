/* Flows that stop, and those that never were. */
#include "plan/flow-watch.h"

#include <glib.h>

#define MS DURATION_MILLISECOND

static void
test_stops(void)
{
    FlowWatch watch;
    flow_watch_init(&watch);
    g_assert_cmpint(watch.look_at, ==, INSTANT_NEVER);
    flow_watch_wake(&watch, 100, 0);
    g_assert_cmpint(watch.look_at, ==, 300 * MS);
    g_assert_false(flow_watch_look(&watch, 5000, 300 * MS));
    g_assert_false(flow_watch_look(&watch, 5001, 600 * MS));
    g_assert_true(flow_watch_look(&watch, 5001, 900 * MS));
    g_assert_cmpint(watch.look_at, ==, INSTANT_NEVER); /* said once */
}

static void
test_question_and_answer(void)
{
    FlowWatch watch;
    flow_watch_init(&watch);
    flow_watch_wake(&watch, 0, 0);
    g_assert_false(flow_watch_look(&watch, 2, 300 * MS));
    g_assert_false(flow_watch_look(&watch, 2, 600 * MS));
    g_assert_cmpint(watch.look_at, ==, INSTANT_NEVER);
}

static void
test_not_before_its_time(void)
{
    FlowWatch watch;
    flow_watch_init(&watch);
    g_assert_false(flow_watch_look(&watch, 1000, 5 * DURATION_SECOND));
    flow_watch_wake(&watch, 1000, 5 * DURATION_SECOND);
    flow_watch_wake(&watch, 2000, 6 * DURATION_SECOND); /* counts from the first */
    g_assert_cmpint(watch.look_at, ==, 5300 * MS);
    g_assert_false(flow_watch_look(&watch, 2000, 5200 * MS));
    g_assert_cmpint(watch.look_at, ==, 5300 * MS);
}

static void
test_false_alarms(void)
{
    FlowWatch watch;
    flow_watch_init(&watch);
    for (int i = 0; i < 10; i++)
        flow_watch_false_alarm(&watch);
    flow_watch_wake(&watch, 0, 0);
    g_assert_cmpint(watch.look_at, ==, 2400 * MS);
    flow_watch_moved(&watch);
    g_assert_false(flow_watch_look(&watch, 100, 2400 * MS));
    g_assert_cmpint(watch.look_at, ==, 2700 * MS);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/flow-watch/stops", test_stops);
    g_test_add_func("/plan/flow-watch/question-and-answer", test_question_and_answer);
    g_test_add_func("/plan/flow-watch/not-before-its-time", test_not_before_its_time);
    g_test_add_func("/plan/flow-watch/false-alarms", test_false_alarms);
    return g_test_run();
}
