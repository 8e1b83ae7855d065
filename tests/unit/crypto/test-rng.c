/* The system's random octets: all that was asked for, and never the same twice. */
#include "crypto/rng.h"

#include <string.h>

static void
test_fills_all_and_no_more(void)
{
    static const uint8_t zero[64];
    uint8_t first[96] = { 0 }, second[96] = { 0 };
    rng_fill(rng_system(), first, 32);
    rng_fill(rng_system(), second, 32);
    /* By chance once in 2^64, each. */
    for (size_t i = 0; i < 32; i += 8)
        g_assert_cmpint(memcmp(first + i, zero, 8), !=, 0);
    g_assert_cmpint(memcmp(first, second, 32), !=, 0);
    g_assert_cmpmem(first + 32, 64, zero, 64);
}

static void
test_one_object(void)
{
    g_assert_true(rng_system() == rng_system());
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crypto/rng/fills-all-and-no-more", test_fills_all_and_no_more);
    g_test_add_func("/crypto/rng/one-object", test_one_object);
    return g_test_run();
}
