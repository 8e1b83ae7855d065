/* Domain names: their one normal form, and what lies below what. */
#include "base/names.h"

#include "base/error.h"

#include <string.h>

static void
accept(const char *octets, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = dns_name_normalise(octets, strlen(octets), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(name, ==, expected);
}

static void
refuse(const char *octets, size_t length)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = dns_name_normalise(octets, length, &error);
    g_assert_error(error, PARSE_ERROR, PARSE_ERROR_INVALID);
    g_assert_null(name);
}

static void
test_normalises(void)
{
    accept("Corp.Example", "corp.example");
    accept("corp.example.", "corp.example");
    accept("_ldap._tcp.XN--BCHER-KVA.example", "_ldap._tcp.xn--bcher-kva.example");
    accept("10.in-addr.arpa", "10.in-addr.arpa");
    accept("example", "example");
    accept(".", "");
}

static void
test_refuses_foreign_octets(void)
{
    static const char *const bad[] = { "a b", "a/b",
                                       "b\xc3\xbc"
                                       "cher.example",
                                       "a\n", "*.example" };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        refuse(bad[i], strlen(bad[i]));
}

/* Names from the wire have a length: a NUL inside must not shorten one. */
static void
test_refuses_embedded_nul(void)
{
    refuse("example\0.evil", 13);
    refuse("\0", 1);
    refuse("example\0", 8);
}

static void
test_refuses_empty_labels(void)
{
    static const char *const bad[] = { "", "..", ".example", "a..b", "example.." };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        refuse(bad[i], strlen(bad[i]));
}

/* 63 octets a label, 253 a name (RFC 1035, section 2.3.4). */
static void
test_bounds(void)
{
    char name[300];
    memset(name, 'a', sizeof name);
    refuse(name, 64);
    name[63] = name[127] = name[191] = '.';
    for (size_t length = 250; length <= 253; length++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *out = dns_name_normalise(name, length, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(strlen(out), ==, length);
    }
    refuse(name, 254);
    name[253] = '.';
    g_autofree char *out = dns_name_normalise(name, 254, NULL);
    g_assert_cmpuint(strlen(out), ==, 253);
}

static void
test_at_or_below(void)
{
    g_assert_true(dns_name_is_at_or_below("corp.example", "corp.example"));
    g_assert_true(dns_name_is_at_or_below("www.corp.example", "corp.example"));
    g_assert_true(dns_name_is_at_or_below("example", ""));
    g_assert_true(dns_name_is_at_or_below("", ""));
    g_assert_false(dns_name_is_at_or_below("xcorp.example", "corp.example"));
    g_assert_false(dns_name_is_at_or_below("example", "corp.example"));
    g_assert_false(dns_name_is_at_or_below("corp.example.net", "corp.example"));
    g_assert_false(dns_name_is_at_or_below("", "example"));
}

static void
test_counts_labels(void)
{
    g_assert_cmpuint(dns_name_count_labels(""), ==, 0);
    g_assert_cmpuint(dns_name_count_labels("example"), ==, 1);
    g_assert_cmpuint(dns_name_count_labels("www.corp.example"), ==, 3);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/names/normalises", test_normalises);
    g_test_add_func("/base/names/refuses-foreign-octets", test_refuses_foreign_octets);
    g_test_add_func("/base/names/refuses-embedded-nul", test_refuses_embedded_nul);
    g_test_add_func("/base/names/refuses-empty-labels", test_refuses_empty_labels);
    g_test_add_func("/base/names/bounds", test_bounds);
    g_test_add_func("/base/names/at-or-below", test_at_or_below);
    g_test_add_func("/base/names/counts-labels", test_counts_labels);
    return g_test_run();
}
