/* Signatures in AUTH payloads: each kind of key, each method, and what is refused. */
#include "crypto/signature.h"

#include "crypto/algorithms.h"
#include "crypto/error.h"
#include "test-pki.h"

#include <string.h>

static const uint16_t all_hashes[] = { HASH_SHA1, HASH_SHA2_256, HASH_SHA2_384, HASH_SHA2_512,
                                       HASH_IDENTITY };
#define ALL all_hashes, G_N_ELEMENTS(all_hashes)

static const TestKeyKind kinds[] = { TEST_KEY_ECDSA_256,   TEST_KEY_ECDSA_384, TEST_KEY_ECDSA_521,
                                     TEST_KEY_RSA_2048,    TEST_KEY_ED25519,   TEST_KEY_ED448,
                                     TEST_KEY_RSA_PSS_2048 };

static TestIdentity *
identity_new(TestKeyKind kind)
{
    return test_identity_new(&(TestPkiSpec){ .name = "gw.example", .key = kind }, NULL);
}

static Chunk message[] = { { "the signed ", 11 }, { NULL, 0 }, { "octets", 6 } };

static GBytes *
sign(const TestIdentity *identity, const uint16_t *hashes, size_t n_hashes, bool rsa_pkcs1,
     uint8_t expected_method)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PrivateKey) key = test_identity_key(identity);
    GBytes *auth = NULL;
    uint8_t method = 0;
    private_key_sign_auth(key, hashes, n_hashes, rsa_pkcs1, message, G_N_ELEMENTS(message), &method,
                          &auth, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(method, ==, expected_method);
    return auth;
}

static bool
verify_octets(const TestIdentity *identity, uint8_t method, const void *auth, size_t length,
              GError **error)
{
    Chunk whole = chunk("the signed octets", 17);
    return certificate_verify_auth(test_identity_certificate(identity), method, auth, length,
                                   &whole, 1, error);
}

static void
accept(const TestIdentity *identity, uint8_t method, GBytes *auth)
{
    g_autoptr(GError) error = NULL;
    verify_octets(identity, method, g_bytes_get_data(auth, NULL), g_bytes_get_size(auth), &error);
    g_assert_no_error(error);
}

static void
refuse(const TestIdentity *identity, uint8_t method, GBytes *auth, int code)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(verify_octets(identity, method, g_bytes_get_data(auth, NULL),
                                 g_bytes_get_size(auth), &error));
    g_assert_error(error, CRYPTO_ERROR, code);
}

static void
test_digital_every_key(void)
{
    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
        g_autoptr(TestIdentity) identity = identity_new(kinds[k]);
        g_autoptr(GBytes) auth = sign(identity, ALL, false, AUTH_METHOD_DIGITAL_SIGNATURE);
        accept(identity, AUTH_METHOD_DIGITAL_SIGNATURE, auth);
    }
}

static void
check_prefix(GBytes *auth, const char *hex)
{
    const uint8_t *data = g_bytes_get_data(auth, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    g_assert_cmpuint(g_bytes_get_size(auth), >, strlen(hex) / 2);
    for (size_t i = 0; i < strlen(hex) / 2; i++)
        g_string_append_printf(text, "%02x", data[i]);
    g_assert_cmpstr(text->str, ==, hex);
}

/* The announced hash is used, and its AlgorithmIdentifier is RFC 7427, appendix A's. */
static void
test_digital_uses_announced_hash(void)
{
    static const struct {
        TestKeyKind kind;
        uint16_t hash;
        bool rsa_pkcs1;
        const char *prefix;
    } cases[] = {
        { TEST_KEY_RSA_2048, HASH_SHA2_256, true, "0f300d06092a864886f70d01010b0500" },
        { TEST_KEY_RSA_2048, HASH_SHA2_384, true, "0f300d06092a864886f70d01010c0500" },
        { TEST_KEY_RSA_2048, HASH_SHA2_512, true, "0f300d06092a864886f70d01010d0500" },
        { TEST_KEY_ECDSA_256, HASH_SHA2_256, false, "0c300a06082a8648ce3d040302" },
        { TEST_KEY_ECDSA_256, HASH_SHA2_384, false, "0c300a06082a8648ce3d040303" },
        { TEST_KEY_ECDSA_521, HASH_SHA2_512, false, "0c300a06082a8648ce3d040304" },
        { TEST_KEY_ED25519, HASH_IDENTITY, false,
          "0730050603"
          "2b6570" },
        { TEST_KEY_ED448, HASH_IDENTITY, false,
          "0730050603"
          "2b6571" },
        { TEST_KEY_RSA_2048, HASH_SHA2_256, false,
          "43304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f7"
          "0d010108300d06096086480165030402010500a203020120" },
        { TEST_KEY_RSA_2048, HASH_SHA2_384, false,
          "43304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a864886f7"
          "0d010108300d06096086480165030402020500a203020130" },
        { TEST_KEY_RSA_2048, HASH_SHA2_512, false,
          "43304106092a864886f70d01010a3034a00f300d06096086480165030402030500a11c301a06092a864886f7"
          "0d010108300d06096086480165030402030500a203020140" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(TestIdentity) identity = identity_new(cases[i].kind);
        g_autoptr(GBytes) auth =
            sign(identity, &cases[i].hash, 1, cases[i].rsa_pkcs1, AUTH_METHOD_DIGITAL_SIGNATURE);
        check_prefix(auth, cases[i].prefix);
        accept(identity, AUTH_METHOD_DIGITAL_SIGNATURE, auth);
    }
}

/* A stronger curve asks for a stronger hash, whatever order they are announced in. */
static void
test_digital_hash_fits_key(void)
{
    g_autoptr(TestIdentity) p384 = identity_new(TEST_KEY_ECDSA_384);
    g_autoptr(TestIdentity) p521 = identity_new(TEST_KEY_ECDSA_521);
    g_autoptr(GBytes) auth_384 = sign(p384, ALL, false, AUTH_METHOD_DIGITAL_SIGNATURE);
    g_autoptr(GBytes) auth_521 = sign(p521, ALL, false, AUTH_METHOD_DIGITAL_SIGNATURE);
    check_prefix(auth_384, "0c300a06082a8648ce3d040303");
    check_prefix(auth_521, "0c300a06082a8648ce3d040304");
}

/* No hash announced: RFC 7296, section 2.15 and RFC 4754, with r and s of full length. P-521's top
 * octet is zero every other time. */
static void
test_legacy(void)
{
    static const struct {
        TestKeyKind kind;
        uint8_t method;
        size_t length;
        unsigned times;
    } cases[] = {
        { TEST_KEY_RSA_2048, AUTH_METHOD_RSA, 256, 1 },
        { TEST_KEY_ECDSA_256, AUTH_METHOD_ECDSA_256, 64, 40 },
        { TEST_KEY_ECDSA_384, AUTH_METHOD_ECDSA_384, 96, 10 },
        { TEST_KEY_ECDSA_521, AUTH_METHOD_ECDSA_521, 132, 20 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(TestIdentity) identity = identity_new(cases[i].kind);
        for (unsigned n = 0; n < cases[i].times; n++) {
            g_autoptr(GBytes) auth = sign(identity, NULL, 0, false, cases[i].method);
            g_assert_cmpuint(g_bytes_get_size(auth), ==, cases[i].length);
            accept(identity, cases[i].method, auth);
        }
    }
}

/* Announced, but nothing that we would use: the same as not announced. */
static void
test_legacy_where_only_sha1_is_announced(void)
{
    static const uint16_t sha1 = HASH_SHA1;
    g_autoptr(TestIdentity) rsa = identity_new(TEST_KEY_RSA_2048);
    g_autoptr(GBytes) auth = sign(rsa, &sha1, 1, false, AUTH_METHOD_RSA);
    accept(rsa, AUTH_METHOD_RSA, auth);
}

static void
test_eddsa_has_no_legacy(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TestIdentity) identity = identity_new(TEST_KEY_ED25519);
    g_autoptr(PrivateKey) key = test_identity_key(identity);
    GBytes *auth = NULL;
    uint8_t method;
    g_assert_false(private_key_sign_auth(key, NULL, 0, false, message, 1, &method, &auth, &error));
    g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNSUPPORTED);
    g_assert_null(auth);
}

static GBytes *
changed(GBytes *auth, size_t octet)
{
    gsize length;
    const uint8_t *data = g_bytes_get_data(auth, &length);
    uint8_t *copy = g_memdup2(data, length);
    copy[octet] ^= 1;
    return g_bytes_new_take(copy, length);
}

static void
test_refuses_changed_signature(void)
{
    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
        g_autoptr(TestIdentity) identity = identity_new(kinds[k]);
        g_autoptr(GBytes) auth = sign(identity, ALL, false, AUTH_METHOD_DIGITAL_SIGNATURE);
        g_autoptr(GBytes) wrong = changed(auth, g_bytes_get_size(auth) - 3);
        refuse(identity, AUTH_METHOD_DIGITAL_SIGNATURE, wrong, CRYPTO_ERROR_BAD_SIGNATURE);
    }
    g_autoptr(TestIdentity) p256 = identity_new(TEST_KEY_ECDSA_256);
    g_autoptr(GBytes) auth = sign(p256, NULL, 0, false, AUTH_METHOD_ECDSA_256);
    g_autoptr(GBytes) wrong = changed(auth, 40);
    refuse(p256, AUTH_METHOD_ECDSA_256, wrong, CRYPTO_ERROR_BAD_SIGNATURE);
}

static void
test_refuses_changed_octets(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TestIdentity) identity = identity_new(TEST_KEY_ECDSA_256);
    g_autoptr(GBytes) auth = sign(identity, ALL, false, AUTH_METHOD_DIGITAL_SIGNATURE);
    Chunk other = chunk("the signed octetz", 17);
    g_assert_false(certificate_verify_auth(
        test_identity_certificate(identity), AUTH_METHOD_DIGITAL_SIGNATURE,
        g_bytes_get_data(auth, NULL), g_bytes_get_size(auth), &other, 1, &error));
    g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_BAD_SIGNATURE);
}

static void
test_refuses_other_key(void)
{
    g_autoptr(TestIdentity) identity = identity_new(TEST_KEY_ECDSA_256);
    g_autoptr(TestIdentity) other = identity_new(TEST_KEY_ECDSA_256);
    g_autoptr(TestIdentity) rsa = identity_new(TEST_KEY_RSA_2048);
    g_autoptr(GBytes) auth = sign(identity, ALL, false, AUTH_METHOD_DIGITAL_SIGNATURE);
    g_autoptr(GBytes) legacy = sign(identity, NULL, 0, false, AUTH_METHOD_ECDSA_256);
    refuse(other, AUTH_METHOD_DIGITAL_SIGNATURE, auth, CRYPTO_ERROR_BAD_SIGNATURE);
    refuse(other, AUTH_METHOD_ECDSA_256, legacy, CRYPTO_ERROR_BAD_SIGNATURE);
    refuse(rsa, AUTH_METHOD_DIGITAL_SIGNATURE, auth, CRYPTO_ERROR_UNSUPPORTED);
    refuse(rsa, AUTH_METHOD_ECDSA_256, legacy, CRYPTO_ERROR_BAD_SIGNATURE);
}

/* SHA-1 with RSA, correct in every other way (RFC 7427, section 5: SHOULD NOT; here: is not). */
static void
test_refuses_sha1_in_digital(void)
{
    static const uint8_t sha1_rsa[] = { 15,   0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                        0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00 };
    g_autoptr(TestIdentity) rsa = identity_new(TEST_KEY_RSA_2048);
    g_autoptr(GBytes) signature = sign(rsa, NULL, 0, false, AUTH_METHOD_RSA);
    GByteArray *octets = g_byte_array_new();
    g_byte_array_append(octets, sha1_rsa, sizeof sha1_rsa);
    g_byte_array_append(octets, g_bytes_get_data(signature, NULL), 256);
    g_autoptr(GBytes) auth = g_byte_array_free_to_bytes(octets);
    refuse(rsa, AUTH_METHOD_DIGITAL_SIGNATURE, auth, CRYPTO_ERROR_UNSUPPORTED);
}

static void
test_refuses_short_rsa(void)
{
    g_autoptr(TestIdentity) rsa = identity_new(TEST_KEY_RSA_1024);
    g_autoptr(GBytes) digital = sign(rsa, ALL, true, AUTH_METHOD_DIGITAL_SIGNATURE);
    g_autoptr(GBytes) legacy = sign(rsa, NULL, 0, false, AUTH_METHOD_RSA);
    refuse(rsa, AUTH_METHOD_DIGITAL_SIGNATURE, digital, CRYPTO_ERROR_UNSUPPORTED);
    refuse(rsa, AUTH_METHOD_RSA, legacy, CRYPTO_ERROR_UNSUPPORTED);
}

/* Whatever is cut off, the rest is refused, and nothing worse happens. */
static void
test_refuses_every_truncation(void)
{
    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
        g_autoptr(TestIdentity) identity = identity_new(kinds[k]);
        g_autoptr(GBytes) auth = sign(identity, ALL, false, AUTH_METHOD_DIGITAL_SIGNATURE);
        size_t length = g_bytes_get_size(auth);
        for (size_t cut = 0; cut < length; cut += cut < 90 || length - cut < 12 ? 1 : 11) {
            g_autofree uint8_t *part = g_memdup2(g_bytes_get_data(auth, NULL), cut);
            g_autoptr(GError) error = NULL;
            g_assert_false(
                verify_octets(identity, AUTH_METHOD_DIGITAL_SIGNATURE, part, cut, &error));
            g_assert_nonnull(error);
        }
    }
}

static void
test_refuses_legacy_of_other_length(void)
{
    static const uint8_t zero[300];
    g_autoptr(TestIdentity) identity = identity_new(TEST_KEY_ECDSA_256);
    for (size_t length = 0; length < sizeof zero; length++) {
        g_autoptr(GBytes) auth = g_bytes_new(zero, length);
        refuse(identity, AUTH_METHOD_ECDSA_256, auth,
               length == 64 ? CRYPTO_ERROR_BAD_SIGNATURE : CRYPTO_ERROR_INVALID);
    }
}

static void
test_refuses_unknown_methods(void)
{
    static const uint8_t unknown[] = { 0, AUTH_METHOD_PSK, 3, 8, 12, AUTH_METHOD_NULL, 15, 255 };
    g_autoptr(TestIdentity) identity = identity_new(TEST_KEY_ECDSA_256);
    g_autoptr(GBytes) auth = sign(identity, ALL, false, AUTH_METHOD_DIGITAL_SIGNATURE);
    for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++)
        refuse(identity, unknown[i], auth, CRYPTO_ERROR_UNSUPPORTED);
}

static void
test_refuses_huge_authentication_data(void)
{
    g_autoptr(TestIdentity) identity = identity_new(TEST_KEY_ECDSA_256);
    g_autoptr(GBytes) huge = g_bytes_new_take(g_malloc0(65535), 65535);
    refuse(identity, AUTH_METHOD_DIGITAL_SIGNATURE, huge, CRYPTO_ERROR_INVALID);
}

static void
test_key_matches_its_certificate(void)
{
    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
        g_autoptr(TestIdentity) one = identity_new(kinds[k]);
        g_autoptr(TestIdentity) other = identity_new(TEST_KEY_ECDSA_256);
        g_autoptr(PrivateKey) key = test_identity_key(one);
        g_assert_true(private_key_matches(key, test_identity_certificate(one)));
        g_assert_false(private_key_matches(key, test_identity_certificate(other)));
    }
}

static int
import_error(const char *pem, const char *password)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) word = password != NULL ? secret_new(password, strlen(password)) : NULL;
    g_autoptr(PrivateKey) key = private_key_from_pem(pem, strlen(pem), word, &error);
    g_assert_null(key);
    g_assert_true(error->domain == CRYPTO_ERROR);
    return error->code;
}

static void
test_reads_plain_keys(void)
{
    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
        g_autoptr(TestIdentity) identity = identity_new(kinds[k]);
        g_autofree char *pkcs8 = test_identity_key_pkcs8(identity, NULL);
        g_autoptr(Secret) needless = secret_new("x", 1);
        g_autoptr(PrivateKey) key = private_key_from_pem(pkcs8, strlen(pkcs8), NULL, NULL);
        g_autoptr(PrivateKey) same = private_key_from_pem(pkcs8, strlen(pkcs8), needless, NULL);
        g_assert_true(private_key_matches(key, test_identity_certificate(identity)));
        g_assert_true(private_key_matches(same, test_identity_certificate(identity)));
    }
}

static void
test_reads_encrypted_keys(void)
{
    g_autoptr(TestIdentity) identity = identity_new(TEST_KEY_ECDSA_256);
    g_autofree char *pem = test_identity_key_pkcs8(identity, "open sesame");
    g_autoptr(Secret) password = secret_new("open sesame", 11);
    g_autoptr(PrivateKey) key = private_key_from_pem(pem, strlen(pem), password, NULL);
    g_assert_true(private_key_matches(key, test_identity_certificate(identity)));
    g_assert_cmpint(import_error(pem, "open says me"), ==, CRYPTO_ERROR_WRONG_PASSWORD);
    g_assert_cmpint(import_error(pem, NULL), ==, CRYPTO_ERROR_WRONG_PASSWORD);
}

static void
test_refuses_what_is_no_key(void)
{
    g_autoptr(TestIdentity) identity = identity_new(TEST_KEY_ECDSA_256);
    g_autofree char *half = g_strndup(test_identity_key_pem(identity), 80);
    g_assert_cmpint(import_error("", NULL), ==, CRYPTO_ERROR_INVALID);
    g_assert_cmpint(import_error("hello", NULL), ==, CRYPTO_ERROR_INVALID);
    g_assert_cmpint(import_error(half, NULL), ==, CRYPTO_ERROR_INVALID);
    g_assert_cmpint(import_error(test_identity_certificate_pem(identity), NULL), ==,
                    CRYPTO_ERROR_INVALID);
}

#define ADD(path, function) g_test_add_func("/crypto/signature/" path, function)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("digital-every-key", test_digital_every_key);
    ADD("digital-uses-announced-hash", test_digital_uses_announced_hash);
    ADD("digital-hash-fits-key", test_digital_hash_fits_key);
    ADD("legacy", test_legacy);
    ADD("legacy-where-only-sha1-is-announced", test_legacy_where_only_sha1_is_announced);
    ADD("eddsa-has-no-legacy", test_eddsa_has_no_legacy);
    ADD("refuses-changed-signature", test_refuses_changed_signature);
    ADD("refuses-changed-octets", test_refuses_changed_octets);
    ADD("refuses-other-key", test_refuses_other_key);
    ADD("refuses-sha1-in-digital", test_refuses_sha1_in_digital);
    ADD("refuses-short-rsa", test_refuses_short_rsa);
    ADD("refuses-every-truncation", test_refuses_every_truncation);
    ADD("refuses-legacy-of-other-length", test_refuses_legacy_of_other_length);
    ADD("refuses-unknown-methods", test_refuses_unknown_methods);
    ADD("refuses-huge-authentication-data", test_refuses_huge_authentication_data);
    ADD("key-matches-its-certificate", test_key_matches_its_certificate);
    ADD("reads-plain-keys", test_reads_plain_keys);
    ADD("reads-encrypted-keys", test_reads_encrypted_keys);
    ADD("refuses-what-is-no-key", test_refuses_what_is_no_key);
    return g_test_run();
}
