/* Paths of every width: the search ends, and finds no more than there is. */
#include "plan/path-mtu.h"

#include <glib.h>

static unsigned
search_path(PathMtuSearch *search, size_t full, size_t floor, size_t width)
{
    unsigned probes = 0;
    path_mtu_begin(search, full, floor);
    while (search->next != 0) {
        g_assert_cmpuint(search->next, <=, full);
        g_assert_cmpuint(++probes, <=, 10);
        path_mtu_probed(search, search->next <= width);
    }
    return probes;
}

static void
test_full(void)
{
    PathMtuSearch search;
    g_assert_cmpuint(search_path(&search, 1500, 576, 1500), ==, 1);
    g_assert_cmpuint(search.good, ==, 1500);
    g_assert_cmpuint(search_path(&search, 9000, 576, 9000), ==, 1);
    g_assert_cmpuint(search.good, ==, 9000);
}

static void
test_every_width(void)
{
    PathMtuSearch search;
    for (size_t width = 576; width <= 1500; width++) {
        search_path(&search, 1500, 576, width);
        g_assert_cmpuint(search.good, <=, width);
        g_assert_cmpuint(search.good, >=, width * 7 / 10);
        g_assert_false(search.narrow);
    }
}

static void
test_pppoe(void)
{
    PathMtuSearch search;
    g_assert_cmpuint(search_path(&search, 1500, 576, 1492), ==, 2);
    g_assert_cmpuint(search.good, ==, 1492);
}

static void
test_too_narrow(void)
{
    PathMtuSearch search;
    g_assert_cmpuint(search_path(&search, 1500, 1364, 1363), ==, 5);
    g_assert_true(search.narrow);
    g_assert_cmpuint(search.good, ==, 0);
    search_path(&search, 1500, 1364, 1364);
    g_assert_false(search.narrow);
    g_assert_cmpuint(search.good, ==, 1364);
    search_path(&search, 500, 576, 400);
    g_assert_true(search.narrow);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/path-mtu/full", test_full);
    g_test_add_func("/plan/path-mtu/every-width", test_every_width);
    g_test_add_func("/plan/path-mtu/pppoe", test_pppoe);
    g_test_add_func("/plan/path-mtu/too-narrow", test_too_narrow);
    return g_test_run();
}
