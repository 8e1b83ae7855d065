/* Foreign octets in messages: printable and bounded, whatever they are. */
#include "base/error.h"

#include <string.h>

static void
check(const char *octets, gsize length, gsize max_chars, const char *expected)
{
    g_autofree char *quoted = error_quote(octets, length, max_chars);
    g_assert_cmpstr(quoted, ==, expected);
}

static void
test_quotes(void)
{
    check("gw.example", 10, 80, "gw.example");
    check("", 0, 80, "");
    check("a\nb\\\0\xff", 6, 80, "a\\x0ab\\x5c\\x00\\xff");
}

static void
test_cuts_at_bound(void)
{
    check("12345678", 8, 8, "12345678");
    check("123456789", 9, 8, "12345...");
    check("\1\2", 2, 8, "\\x01\\x02");
    check("\1\2\3", 3, 8, "\\x01...");
    check("abcd", 4, 2, "..");
}

/* Terminals obey escapes and some bytes above 127: none gets through, and the bound always holds.
 */
static void
test_every_octet_is_printable(void)
{
    char octets[256];
    for (unsigned i = 0; i < sizeof octets; i++)
        octets[i] = (char)i;
    for (gsize max = 0; max < 1100; max++) {
        g_autofree char *quoted = error_quote(octets, sizeof octets, max);
        g_assert_cmpuint(strlen(quoted), <=, max);
        for (const char *c = quoted; *c != '\0'; c++)
            g_assert_true(g_ascii_isprint(*c));
    }
}

static void
test_domain_has_a_name(void)
{
    g_assert_cmpstr(g_quark_to_string(PARSE_ERROR), ==, "ginnel_parse_error_quark");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/error/quotes", test_quotes);
    g_test_add_func("/base/error/cuts-at-bound", test_cuts_at_bound);
    g_test_add_func("/base/error/every-octet-is-printable", test_every_octet_is_printable);
    g_test_add_func("/base/error/domain-has-a-name", test_domain_has_a_name);
    return g_test_run();
}
