/* Key material: counted, compared, wiped. */
#include "base/secret.h"

#include <string.h>

static void
test_holds_a_copy(void)
{
    char octets[] = "opensesame";
    g_autoptr(Secret) secret = secret_new(octets, 10);
    memset(octets, 0, sizeof octets);
    g_assert_cmpmem(secret_data(secret), secret_length(secret), "opensesame", 10);
}

static void
test_blank_is_zero(void)
{
    static const uint8_t zero[33];
    uint8_t *data;
    g_autoptr(Secret) secret = secret_new_blank(sizeof zero, &data);
    g_assert_cmpmem(secret_data(secret), secret_length(secret), zero, sizeof zero);
    data[32] = 7;
    g_assert_cmpuint(secret_data(secret)[32], ==, 7);
}

static void
test_part(void)
{
    g_autoptr(Secret) whole = secret_new("opensesame", 10);
    g_autoptr(Secret) part = secret_new_part(whole, 4, 6);
    g_autoptr(Secret) nothing = secret_new_part(whole, 10, 0);
    g_assert_cmpmem(secret_data(part), secret_length(part), "sesame", 6);
    g_assert_cmpuint(secret_length(nothing), ==, 0);
}

static void
test_equality(void)
{
    g_autoptr(Secret) a = secret_new("abcd", 4);
    g_autoptr(Secret) same = secret_new("abcd", 4);
    g_autoptr(Secret) last = secret_new("abce", 4);
    g_autoptr(Secret) first = secret_new("bbcd", 4);
    g_autoptr(Secret) longer = secret_new("abcde", 5);
    g_autoptr(Secret) empty = secret_new(NULL, 0);
    g_assert_true(secret_equal(a, same));
    g_assert_true(secret_equal(empty, empty));
    g_assert_false(secret_equal(a, last));
    g_assert_false(secret_equal(a, first));
    g_assert_false(secret_equal(a, longer));
    g_assert_false(secret_equal(a, empty));
    g_assert_false(secret_equal(a, NULL));
    g_assert_false(secret_equal(NULL, NULL));
    g_assert_true(secret_octets_equal("abXX", "abYY", 2));
    g_assert_false(secret_octets_equal("ab", "aB", 2));
}

static void
test_lives_as_long_as_its_references(void)
{
    Secret *secret = secret_new("abcd", 4);
    Secret *second = secret_ref(secret);
    secret_unref(secret);
    g_assert_cmpmem(secret_data(second), secret_length(second), "abcd", 4);
    secret_unref(second);
    secret_unref(NULL);
}

static void
test_wipes(void)
{
    static const char zero[4];
    char octets[] = "abcdef";
    secret_wipe(octets + 1, 4);
    g_assert_cmpmem(octets + 1, 4, zero, 4);
    g_assert_cmpint(octets[0], ==, 'a');
    g_assert_cmpint(octets[5], ==, 'f');
    secret_wipe(NULL, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/secret/holds-a-copy", test_holds_a_copy);
    g_test_add_func("/base/secret/blank-is-zero", test_blank_is_zero);
    g_test_add_func("/base/secret/part", test_part);
    g_test_add_func("/base/secret/equality", test_equality);
    g_test_add_func("/base/secret/lives-as-long-as-its-references",
                    test_lives_as_long_as_its_references);
    g_test_add_func("/base/secret/wipes", test_wipes);
    return g_test_run();
}
