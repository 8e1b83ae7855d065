#include "ike/auth.h"

#include <string.h>

#include "crypto/algorithms.h"
#include "ike/registry.h"

static GBytes *
text(const char *value)
{
    return g_bytes_new_static(value, strlen(value));
}

static void
assert_hex(const Secret *secret, const char *hex)
{
    g_autoptr(GString) string = g_string_new(NULL);
    for (size_t i = 0; i < secret_length(secret); i++)
        g_string_append_printf(string, "%02x", secret_data(secret)[i]);
    g_assert_cmpstr(string->str, ==, hex);
}

/* Values of a second implementation (Python's hmac) for RFC 7296, section 2.15. */
static void
test_psk(void)
{
    uint8_t *sk_p_octets, nonce_octets[32];
    static const uint8_t id[] = { 2, 0, 0, 0, 'g', 'w', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e' };
    for (size_t i = 0; i < sizeof nonce_octets; i++)
        nonce_octets[i] = (uint8_t)i;
    g_autoptr(Secret) sk_p = secret_new_blank(32, &sk_p_octets);
    memset(sk_p_octets, 7, 32);
    g_autoptr(Secret) psk = secret_new("secret", 6);
    g_autoptr(GBytes) message = text("message");
    g_autoptr(GBytes) nonce = g_bytes_new(nonce_octets, sizeof nonce_octets);
    g_autoptr(GBytes) body = g_bytes_new(id, sizeof id);
    g_autoptr(Secret) maced_id = auth_maced_id(PRF_HMAC_SHA2_256, sk_p, body);
    g_autoptr(Secret) auth = auth_psk(PRF_HMAC_SHA2_256, psk, message, nonce, maced_id, NULL);
    assert_hex(maced_id, "4cd7e03a62cb6f2c673cca6747c1fe9e63b8716e7f53a8ca7668b1912fce5d14");
    assert_hex(auth, "e1ec883c3f6b4917c7c32e045497a40239bbaab2800e652dff01494d3bc3c63b");
}

static void
test_equal(void)
{
    g_autoptr(GBytes) lower = text("gw.example");
    g_autoptr(GBytes) upper = text("GW.Example");
    g_autoptr(GBytes) longer = text("gw.example.");
    g_autoptr(GBytes) empty = text("");
    g_assert_true(auth_identity_equal(IKE_ID_FQDN, lower, IKE_ID_FQDN, upper));
    g_assert_false(auth_identity_equal(IKE_ID_FQDN, lower, IKE_ID_FQDN, longer));
    g_assert_false(auth_identity_equal(IKE_ID_FQDN, lower, IKE_ID_RFC822_ADDR, lower));
    g_assert_false(auth_identity_equal(IKE_ID_KEY_ID, lower, IKE_ID_KEY_ID, upper));
    g_assert_false(auth_identity_equal(IKE_ID_FQDN, empty, IKE_ID_FQDN, empty));
}

static void
assert_words(uint8_t type, const char *octets, size_t length, const char *expected)
{
    g_autoptr(GBytes) data = g_bytes_new(octets, length);
    g_autofree char *words = auth_identity_to_string(type, data);
    g_assert_cmpstr(words, ==, expected);
}

static void
test_words(void)
{
    assert_words(IKE_ID_FQDN, "gw.example", 10, "gw.example");
    assert_words(IKE_ID_FQDN, "gw\0x", 4, "gw\\x00x");
    assert_words(IKE_ID_IPV4_ADDR, "\xc0\x00\x02\x01", 4, "192.0.2.1");
    assert_words(IKE_ID_KEY_ID, "me", 2, "key-id:me");
    assert_words(IKE_ID_DER_ASN1_GN, "\x82\x01g", 3, "gn:\\x82\\x01g");
    assert_words(IKE_ID_DER_ASN1_DN, "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02gw", 15,
                 "CN=gw");
    assert_words(IKE_ID_DER_ASN1_DN, "gw", 2, "the distinguished name gw");
    assert_words(77, "gw", 2, "gw (identity type 77)");
    g_autofree char *nobody = auth_identity_to_string(IKE_ID_FQDN, NULL);
    g_assert_cmpstr(nobody, ==, "nobody");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/auth/psk", test_psk);
    g_test_add_func("/ike/auth/identity-equal", test_equal);
    g_test_add_func("/ike/auth/identity-in-words", test_words);
    return g_test_run();
}
