#include "profile/profile-identity.h"

#include <string.h>

static void
check(const char *text, uint8_t type, const void *octets, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) data = NULL;
    uint8_t got;
    g_assert_true(profile_identity_parse(text, &got, &data, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(got, ==, type);
    g_assert_cmpmem(g_bytes_get_data(data, NULL), g_bytes_get_size(data), octets, length);
    g_autofree char *again =
        profile_identity_to_string(got, g_bytes_get_data(data, NULL), g_bytes_get_size(data));
    if (strncmp(text, "key-id:0x", 9) != 0)
        g_assert_cmpstr(again, ==, text);
}

/* With a prefix, or in another order, than it is shown. */
static void
check_as(const char *text, uint8_t type, const char *shown)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) data = NULL;
    uint8_t got;
    g_assert_true(profile_identity_parse(text, &got, &data, &error));
    g_assert_no_error(error);
    g_autofree char *again =
        profile_identity_to_string(got, g_bytes_get_data(data, NULL), g_bytes_get_size(data));
    g_assert_cmpuint(got, ==, type);
    g_assert_cmpstr(again, ==, shown);
}

static void
test_prefixes(void)
{
    check_as("ip:192.0.2.1", 1, "192.0.2.1");
    check_as("email:tess@example.com", 3, "tess@example.com");
    check_as("fqdn:192.0.2.example", 2, "192.0.2.example");
    check_as("dn:CN=gw", 9, "CN=gw");
    check_as("dn:0x300d310b3009060355040313026777", 9, "CN=gw");
    check_as("C=DE, O=Example, CN=gw", 9, "CN=gw,O=Example,C=DE");
    check_as("CN=gw,O=Example,C=DE", 9, "CN=gw,O=Example,C=DE");
}

static void
test_each_type(void)
{
    check("192.0.2.1", 1, "\xc0\x00\x02\x01", 4);
    check("2001:db8::1", 5, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    check("VPN.example.com", 2, "VPN.example.com", 15);
    check("tess@example.com", 3, "tess@example.com", 16);
    check("key-id:group one", 11, "group one", 9);
    check("key-id:0x00ff", 11, "\x00\xff", 2);
    check("CN=gw", 9, "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x13\x02gw", 15);
    check("gn:0x82026777", 10, "\x82\x02gw", 4);
}

static void
test_nonsense_is_refused(void)
{
    g_autofree char *endless = g_strnfill(2000, 'a');
    const char *const wrong[] = { "",          "@",        "a@",    "@b",    "a@b@c",     "key-id:",
                                  "two words", "a..b",     "CN=",   "dn:gw", "dn:0x3001", "gn:gw",
                                  "ip:gw",     "email:gw", "fqdn:", endless };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) data = NULL;
        uint8_t type;
        g_assert_false(profile_identity_parse(wrong[i], &type, &data, &error));
        g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE);
    }
}

static void
test_foreign_octets_are_escaped(void)
{
    g_autofree char *name = profile_identity_to_string(2, "a\n\0b", 4);
    g_autofree char *address = profile_identity_to_string(1, "abc", 3);
    g_assert_cmpstr(name, ==, "a\\x0a\\x00b");
    g_assert_cmpstr(address, ==, "type 1: abc");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/profile-identity/each-type", test_each_type);
    g_test_add_func("/profile/profile-identity/prefixes", test_prefixes);
    g_test_add_func("/profile/profile-identity/nonsense-is-refused", test_nonsense_is_refused);
    g_test_add_func("/profile/profile-identity/foreign-octets-are-escaped",
                    test_foreign_octets_are_escaped);
    return g_test_run();
}
