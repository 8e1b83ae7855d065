/* Refusals keep what was said, and a gateway cannot make us keep more than so many. */
#include "plan/refusal.h"

static void
test_keeps(void)
{
    g_autoptr(GPtrArray) refusals = refusals_new();
    refusals_add(refusals, "domain", g_strdup("corp.example"), "not-listed", "%s of %d", "one", 2);
    g_assert_cmpuint(refusals->len, ==, 1);
    const Refusal *refusal = g_ptr_array_index(refusals, 0);
    g_assert_cmpstr(refusal->kind, ==, "domain");
    g_assert_cmpstr(refusal->name, ==, "corp.example");
    g_assert_cmpstr(refusal->code, ==, "not-listed");
    g_assert_cmpstr(refusal->why, ==, "one of 2");
}

static void
test_bounded(void)
{
    g_autoptr(GPtrArray) refusals = refusals_new();
    for (int i = 0; i < REFUSALS_MAX + 10; i++)
        refusals_add(refusals, "anchor", g_strdup_printf("%d", i), "weak", "number %d", i);
    g_assert_cmpuint(refusals->len, ==, REFUSALS_MAX);
    const Refusal *first = g_ptr_array_index(refusals, 0);
    const Refusal *last = g_ptr_array_index(refusals, REFUSALS_MAX - 1);
    g_assert_cmpstr(first->name, ==, "0");
    g_assert_cmpstr(last->why, ==, "number 255");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/refusal/keeps-what-was-said", test_keeps);
    g_test_add_func("/plan/refusal/bounded", test_bounded);
    return g_test_run();
}
