/* Sums of time that never wrap, and durations as people read them. */
#include "base/instant.h"

#include <glib.h>

static void
test_adds(void)
{
    g_assert_cmpint(instant_after(5, 3 * DURATION_SECOND), ==, 3000005);
    g_assert_cmpint(instant_after(5, -3), ==, 2);
    g_assert_cmpint(instant_after(5, 0), ==, 5);
}

static void
test_saturates(void)
{
    g_assert_cmpint(instant_after(INSTANT_NEVER - 5, 4), ==, INSTANT_NEVER - 1);
    g_assert_cmpint(instant_after(INSTANT_NEVER - 5, 6), ==, INSTANT_NEVER);
    g_assert_cmpint(instant_after(INSTANT_NEVER - 5, INT64_MAX), ==, INSTANT_NEVER);
    g_assert_cmpint(instant_after(INSTANT_NEVER, -DURATION_MINUTE), ==, INSTANT_NEVER);
    g_assert_cmpint(instant_after(INSTANT_NEVER, 0), ==, INSTANT_NEVER);
}

static void
test_earlier(void)
{
    g_assert_cmpint(instant_earlier(3, 7), ==, 3);
    g_assert_cmpint(instant_earlier(INSTANT_NEVER, 7), ==, 7);
}

static void
test_to_string(void)
{
    static const struct {
        Duration duration;
        const char *text;
    } cases[] = {
        { 0, "0 ms" },
        { 31 * DURATION_MILLISECOND + 999, "31 ms" },
        { DURATION_SECOND - 1, "999 ms" },
        { 1200 * DURATION_MILLISECOND, "1.2 s" },
        { 99 * DURATION_SECOND, "99.0 s" },
        { 4 * DURATION_MINUTE, "4 min" },
        { 119 * DURATION_MINUTE, "119 min" },
        { 120 * DURATION_MINUTE, "2 h" },
        { INT64_MAX, "2562047788 h" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = duration_to_string(cases[i].duration);
        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/instant/adds", test_adds);
    g_test_add_func("/base/instant/saturates", test_saturates);
    g_test_add_func("/base/instant/earlier", test_earlier);
    g_test_add_func("/base/instant/to-string", test_to_string);
    return g_test_run();
}
