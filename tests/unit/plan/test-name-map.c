/* The nearest name above, by whole labels. */
#include "plan/name-map.h"

static void
check(GHashTable *map, const char *name, const char *expected)
{
    g_assert_cmpstr(name_map_nearest(map, name), ==, expected);
}

static void
test_nearest(void)
{
    g_autoptr(GHashTable) map = name_map_new();
    g_hash_table_insert(map, (char *)"corp.example", (char *)"corp");
    g_hash_table_insert(map, (char *)"b.corp.example", (char *)"b");
    check(map, "corp.example", "corp");
    check(map, "a.corp.example", "corp");
    check(map, "a.b.corp.example", "b");
    check(map, "b.corp.example", "b");
    check(map, "evilcorp.example", NULL);
    check(map, "example", NULL);
    check(map, "", NULL);
}

static void
test_root(void)
{
    g_autoptr(GHashTable) map = name_map_new();
    g_hash_table_insert(map, (char *)"", (char *)"root");
    check(map, "www.corp.example", "root");
    check(map, "", "root");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/name-map/nearest", test_nearest);
    g_test_add_func("/plan/name-map/root", test_root);
    return g_test_run();
}
