/* Paths of every width: the search ends, and finds no more than there is. */
#include "plan/path-mtu.h"

#include <glib.h>

/* Cut into fragments, a probe makes packets of so many octets. */
#define CUT 1312

static unsigned
search_path(PathMtuSearch *search, size_t full, size_t width)
{
    unsigned probes = 0;
    path_mtu_begin(search, full);
    while (search->next != 0) {
        g_assert_cmpuint(search->next, <=, full);
        g_assert_cmpuint(++probes, <, 8);
        if (search->next <= width)
            path_mtu_probed(search, search->next, true);
        else
            path_mtu_probed(search, width < CUT ? width : CUT, false);
    }
    return probes;
}

static void
test_full(void)
{
    PathMtuSearch search;
    g_assert_cmpuint(search_path(&search, 1500, 1500), ==, 1);
    g_assert_cmpuint(search.good, ==, 1500);
    g_assert_cmpuint(search_path(&search, 9000, 9000), ==, 1);
    g_assert_cmpuint(search.good, ==, 9000);
}

static void
test_every_width(void)
{
    PathMtuSearch search;
    for (size_t width = 600; width <= 1500; width++) {
        search_path(&search, 1500, width);
        g_assert_cmpuint(search.good, <=, width);
        g_assert_cmpuint(search.good, >=, width < CUT ? width : MIN(width - 92, width));
    }
}

static void
test_pppoe(void)
{
    PathMtuSearch search;
    g_assert_cmpuint(search_path(&search, 1500, 1492), ==, 2);
    g_assert_cmpuint(search.good, ==, 1492);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/path-mtu/full", test_full);
    g_test_add_func("/plan/path-mtu/every-width", test_every_width);
    g_test_add_func("/plan/path-mtu/pppoe", test_pppoe);
    return g_test_run();
}
