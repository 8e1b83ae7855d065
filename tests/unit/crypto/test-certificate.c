/* Certificates: what is read, for whom they speak, and which paths are good. */
#include "crypto/certificate.h"

#include "crypto/algorithms.h"
#include "crypto/error.h"
#include "crypto/prf.h"
#include "test-pki.h"

#include <string.h>

#define DAY (24 * 3600)

enum { ID_IPV4 = 1, ID_FQDN = 2, ID_EMAIL = 3, ID_IPV6 = 5, ID_DN = 9, ID_KEY_ID = 11 };

static const TestPkiSpec root_spec = { .name = "Root", .authority = true };
static const TestPkiSpec other_root_spec = { .name = "Other root", .authority = true };
static const TestPkiSpec gateway_spec = { .name = "gw.example", .dns = "gw.example" };

static GPtrArray *
chain_of(const TestIdentity *const *identities, size_t n)
{
    GPtrArray *chain = g_ptr_array_new();
    for (size_t i = 0; i < n; i++)
        g_ptr_array_add(chain, test_identity_certificate(identities[i]));
    return chain;
}
#define CHAIN(...)                                                                                 \
    chain_of((const TestIdentity *[]){ __VA_ARGS__ },                                              \
             sizeof(const TestIdentity *[]){ __VA_ARGS__ } / sizeof(const TestIdentity *))

static void
accept_at(const TestIdentity *root, GPtrArray *chain, int64_t now)
{
    g_autoptr(GPtrArray) owned = chain;
    g_autoptr(GError) error = NULL;
    g_autoptr(TrustStore) store = test_identity_trust(root);
    trust_store_verify(store, owned, now, NULL, &error);
    g_assert_no_error(error);
}

static void
refuse_at(const TestIdentity *root, GPtrArray *chain, int64_t now, int code, const char *says)
{
    g_autoptr(GPtrArray) owned = chain;
    g_autoptr(GError) error = NULL;
    g_autoptr(TrustStore) store = test_identity_trust(root);
    g_assert_false(trust_store_verify(store, owned, now, NULL, &error));
    g_assert_error(error, CRYPTO_ERROR, code);
    g_assert_nonnull(strstr(error->message, says));
}

static void
test_reads_der(void)
{
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, NULL);
    Certificate *made = test_identity_certificate(gateway);
    gsize length;
    const void *data = g_bytes_get_data(certificate_der(made), &length);
    g_autoptr(Certificate) read = certificate_new_der(data, length, NULL);
    g_autoptr(Certificate) again = certificate_ref(read);
    g_autofree char *subject = certificate_subject_to_string(again);
    g_autofree char *issuer = certificate_issuer_to_string(again);
    g_assert_true(g_bytes_equal(certificate_der(read), certificate_der(made)));
    g_assert_cmpstr(subject, ==, "CN=gw.example");
    g_assert_cmpstr(issuer, ==, "CN=gw.example");
}

static void
test_refuses_every_truncation(void)
{
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, NULL);
    GBytes *der = certificate_der(test_identity_certificate(gateway));
    for (size_t length = 0; length < g_bytes_get_size(der); length++) {
        g_autoptr(GError) error = NULL;
        g_autofree uint8_t *part = g_memdup2(g_bytes_get_data(der, NULL), length);
        g_assert_null(certificate_new_der(part, length, &error));
        g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID);
    }
}

/* Any octet wrong: refused or read, but nothing worse, and what is read can be asked everything. */
static void
test_survives_any_changed_octet(void)
{
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, root);
    g_autoptr(TrustStore) store = test_identity_trust(root);
    GBytes *der = certificate_der(test_identity_certificate(gateway));
    gsize length;
    g_autofree uint8_t *octets = g_memdup2(g_bytes_get_data(der, &length), g_bytes_get_size(der));
    for (size_t i = 0; i < length; i++) {
        octets[i] ^= 0x41;
        g_autoptr(Certificate) changed = certificate_new_der(octets, length, NULL);
        octets[i] ^= 0x41;
        if (changed == NULL)
            continue;
        g_autoptr(GPtrArray) chain = g_ptr_array_new();
        g_autofree char *names = certificate_names_to_string(changed);
        g_autofree char *subject = certificate_subject_to_string(changed);
        g_ptr_array_add(chain, changed);
        certificate_matches_identity(changed, ID_FQDN, "gw.example", 10);
        g_assert_false(trust_store_verify(store, chain, TEST_PKI_NOW, NULL, NULL));
    }
}

static void
test_refuses_too_large(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *octets = g_malloc0(CERTIFICATE_MAX_LENGTH + 1);
    g_assert_null(certificate_new_der(octets, CERTIFICATE_MAX_LENGTH + 1, &error));
    g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID);
}

static void
test_reads_pem_in_its_order(void)
{
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, root);
    g_autofree char *pem =
        g_strconcat("# leaf, then root\n", test_identity_certificate_pem(gateway),
                    test_identity_certificate_pem(root), NULL);
    g_autoptr(GPtrArray) list = certificate_list_from_pem(pem, strlen(pem), NULL);
    g_assert_cmpuint(list->len, ==, 2);
    g_assert_true(g_bytes_equal(certificate_der(list->pdata[0]),
                                certificate_der(test_identity_certificate(gateway))));
    g_assert_true(g_bytes_equal(certificate_der(list->pdata[1]),
                                certificate_der(test_identity_certificate(root))));
}

static void
test_refuses_pem_without_certificate(void)
{
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, NULL);
    const char *const bad[] = { "", "hello\n", test_identity_key_pem(gateway) };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(certificate_list_from_pem(bad[i], strlen(bad[i]), &error));
        g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID);
        g_clear_error(&error);
        g_assert_null(trust_store_new(bad[i], strlen(bad[i]), &error));
        g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID);
    }
}

static void
test_names_to_string(void)
{
    g_autoptr(TestIdentity) many =
        test_identity_new(&(TestPkiSpec){ .name = "x",
                                          .dns = "gw.example vpn.example",
                                          .email = "tess@example.com",
                                          .addresses = "192.0.2.1 2001:db8::1" },
                          NULL);
    g_autoptr(TestIdentity) none = test_identity_new(&root_spec, NULL);
    g_autofree char *all = certificate_names_to_string(test_identity_certificate(many));
    g_autofree char *nothing = certificate_names_to_string(test_identity_certificate(none));
    g_assert_cmpstr(all, ==, "gw.example, vpn.example, tess@example.com, 192.0.2.1, 2001:db8::1");
    g_assert_cmpstr(nothing, ==, "");
}

/* A name that would write on the terminal stays on its line; people's letters stay readable. */
static void
test_names_are_quoted(void)
{
    g_autoptr(TestIdentity) plain =
        test_identity_new(&(TestPkiSpec){ .name = "a#[2Jb", .dns = "gw#.example" }, NULL);
    g_autoptr(TestIdentity) foreign =
        test_identity_new(&(TestPkiSpec){ .name = "B\303\274cher" }, NULL);
    gsize length;
    const uint8_t *der =
        g_bytes_get_data(certificate_der(test_identity_certificate(plain)), &length);
    g_autofree uint8_t *octets = g_memdup2(der, length);
    *(uint8_t *)memmem(octets, length, "gw#.", 4) = '\n';
    for (uint8_t *at; (at = memmem(octets, length, "a#[2", 4)) != NULL;)
        at[1] = 0x1b;
    g_autoptr(Certificate) hostile = certificate_new_der(octets, length, NULL);
    g_autofree char *subject = certificate_subject_to_string(hostile);
    g_autofree char *names = certificate_names_to_string(hostile);
    g_autofree char *umlaut = certificate_subject_to_string(test_identity_certificate(foreign));
    g_assert_null(strchr(subject, '\x1b'));
    g_assert_cmpstr(names, ==, "\\x0aw#.example");
    g_assert_cmpstr(umlaut, ==, "CN=B\303\274cher");
}

static void
test_not_after(void)
{
    g_autoptr(TestIdentity) gateway = test_identity_new(
        &(TestPkiSpec){ .name = "x", .not_after = TEST_PKI_NOW + 82 * DAY }, NULL);
    g_assert_cmpint(certificate_not_after(test_identity_certificate(gateway)), ==,
                    TEST_PKI_NOW + 82 * DAY);
}

static bool
speaks_for(const TestIdentity *identity, uint8_t type, const void *id, size_t length)
{
    return certificate_matches_identity(test_identity_certificate(identity), type, id, length);
}

/* RFC 4945, section 3.1: each type against its own kind of name, exactly. */
static void
test_identity_by_alternative_name(void)
{
    static const uint8_t v4[] = { 192, 0, 2, 1 }, v4_other[] = { 192, 0, 2, 2 };
    static const uint8_t v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
    g_autoptr(TestIdentity) gateway =
        test_identity_new(&(TestPkiSpec){ .name = "common.example",
                                          .dns = "other.example gw.example",
                                          .email = "tess@example.com",
                                          .addresses = "192.0.2.1 2001:db8::1" },
                          NULL);
    g_assert_true(speaks_for(gateway, ID_FQDN, "gw.example", 10));
    g_assert_true(speaks_for(gateway, ID_FQDN, "GW.Example", 10));
    g_assert_true(speaks_for(gateway, ID_EMAIL, "tess@example.com", 16));
    g_assert_true(speaks_for(gateway, ID_IPV4, v4, 4));
    g_assert_true(speaks_for(gateway, ID_IPV6, v6, 16));
    g_assert_false(speaks_for(gateway, ID_FQDN, "gw.example.", 11));
    g_assert_false(speaks_for(gateway, ID_FQDN, "w.example", 9));
    g_assert_false(speaks_for(gateway, ID_FQDN, "", 0));
    g_assert_false(speaks_for(gateway, ID_FQDN, "tess@example.com", 16));
    g_assert_false(speaks_for(gateway, ID_EMAIL, "gw.example", 10));
    g_assert_false(speaks_for(gateway, ID_FQDN, v4, 4));
    g_assert_false(speaks_for(gateway, ID_IPV4, v4_other, 4));
    g_assert_false(speaks_for(gateway, ID_IPV4, v4, 3));
    g_assert_false(speaks_for(gateway, ID_KEY_ID, "gw.example", 10));
    g_assert_false(speaks_for(gateway, 0, "gw.example", 10));
}

/* The common name is no identity (RFC 4945, section 3.1.2). */
static void
test_common_name_is_no_identity(void)
{
    g_autoptr(TestIdentity) gateway =
        test_identity_new(&(TestPkiSpec){ .name = "gw.example" }, NULL);
    g_assert_false(speaks_for(gateway, ID_FQDN, "gw.example", 10));
}

static void
test_no_wildcards(void)
{
    g_autoptr(TestIdentity) gateway =
        test_identity_new(&(TestPkiSpec){ .name = "x", .dns = "*.example" }, NULL);
    g_assert_false(speaks_for(gateway, ID_FQDN, "gw.example", 10));
}

static void
test_identity_by_subject(void)
{
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, NULL);
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    gsize length;
    const void *name =
        g_bytes_get_data(certificate_subject_der(test_identity_certificate(gateway)), &length);
    g_assert_true(speaks_for(gateway, ID_DN, name, length));
    g_assert_false(speaks_for(gateway, ID_DN, name, length - 1));
    g_assert_false(speaks_for(root, ID_DN, name, length));
}

static void
test_certreq_is_hash_of_key(void)
{
    g_autoptr(TestIdentity) one = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) two = test_identity_new(&other_root_spec, NULL);
    g_autofree char *pem =
        g_strconcat(test_identity_certificate_pem(one), test_identity_certificate_pem(two), NULL);
    g_autoptr(TrustStore) store = trust_store_new(pem, strlen(pem), NULL);
    g_autoptr(GBytes) certreq = trust_store_certreq(store);
    g_assert_cmpuint(g_bytes_get_size(certreq), ==, 40);
    /* P-256's SubjectPublicKeyInfo is 91 octets that begin so; find them and hash them. */
    static const uint8_t start[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86 };
    gsize length;
    const uint8_t *der = g_bytes_get_data(certificate_der(test_identity_certificate(one)), &length);
    const uint8_t *info = memmem(der, length, start, sizeof start);
    g_assert_nonnull(info);
    Chunk whole = chunk(info, 91);
    uint8_t hash[20];
    hash_compute(HASH_SHA1, &whole, 1, hash);
    g_assert_nonnull(memmem(g_bytes_get_data(certreq, NULL), 40, hash, sizeof hash));
}

static void
test_trusts_direct_and_by_intermediates(void)
{
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) direct = test_identity_new(&gateway_spec, root);
    g_autoptr(TestIdentity) upper =
        test_identity_new(&(TestPkiSpec){ .name = "Upper", .authority = true }, root);
    g_autoptr(TestIdentity) lower =
        test_identity_new(&(TestPkiSpec){ .name = "Lower", .authority = true }, upper);
    g_autoptr(TestIdentity) leaf = test_identity_new(&gateway_spec, lower);
    accept_at(root, CHAIN(direct), TEST_PKI_NOW);
    accept_at(root, CHAIN(direct, root), TEST_PKI_NOW);
    accept_at(root, CHAIN(leaf, lower, upper), TEST_PKI_NOW);
    accept_at(root, CHAIN(leaf, upper, direct, lower), TEST_PKI_NOW);
    refuse_at(root, CHAIN(leaf), TEST_PKI_NOW, CRYPTO_ERROR_UNTRUSTED, "CN=gw.example");
    refuse_at(root, CHAIN(leaf, upper), TEST_PKI_NOW, CRYPTO_ERROR_UNTRUSTED, "CN=Lower");
}

static void
test_refuses_foreign_authority(void)
{
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) namesake = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, namesake);
    refuse_at(root, CHAIN(gateway), TEST_PKI_NOW, CRYPTO_ERROR_UNTRUSTED, "CN=Root");
    refuse_at(root, CHAIN(gateway, namesake), TEST_PKI_NOW, CRYPTO_ERROR_UNTRUSTED, "CN=Root");
}

static void
test_refuses_empty_chain(void)
{
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    refuse_at(root, g_ptr_array_new(), TEST_PKI_NOW, CRYPTO_ERROR_UNTRUSTED, "no certificate");
}

/* The caller's clock counts, not the machine's: certificates of 1990, at a moment of 1990. */
static void
test_time_is_the_callers(void)
{
    const int64_t from = 631152000, to = from + 365 * DAY;
    g_autoptr(TestIdentity) root = test_identity_new(
        &(TestPkiSpec){ .name = "Root", .authority = true, .not_before = from, .not_after = to },
        NULL);
    g_autoptr(TestIdentity) gateway = test_identity_new(
        &(TestPkiSpec){ .name = "gw.example", .not_before = from + DAY, .not_after = to - DAY },
        root);
    accept_at(root, CHAIN(gateway), from + DAY);
    accept_at(root, CHAIN(gateway), to - DAY);
    refuse_at(root, CHAIN(gateway), from + DAY - 1, CRYPTO_ERROR_NOT_YET_VALID, "1990-01-02");
    refuse_at(root, CHAIN(gateway), to - DAY + 1, CRYPTO_ERROR_EXPIRED, "1990-12-31");
}

static void
test_validity_of_the_whole_path(void)
{
    g_autoptr(TestIdentity) root = test_identity_new(
        &(TestPkiSpec){ .name = "Root", .authority = true, .not_after = TEST_PKI_NOW + 9 * DAY },
        NULL);
    g_autoptr(TestIdentity) issuer = test_identity_new(
        &(TestPkiSpec){ .name = "Issuer", .authority = true, .not_after = TEST_PKI_NOW + 5 * DAY },
        root);
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, issuer);
    g_autoptr(TestIdentity) direct = test_identity_new(&gateway_spec, root);
    accept_at(root, CHAIN(gateway, issuer), TEST_PKI_NOW + 4 * DAY);
    refuse_at(root, CHAIN(gateway, issuer), TEST_PKI_NOW + 6 * DAY, CRYPTO_ERROR_EXPIRED,
              "CN=Issuer");
    accept_at(root, CHAIN(direct), TEST_PKI_NOW + 8 * DAY);
    refuse_at(root, CHAIN(direct), TEST_PKI_NOW + 10 * DAY, CRYPTO_ERROR_EXPIRED, "CN=Root");
}

/* Gateways send stale cross-signed certificates along; a good path beside them counts. */
static void
test_stale_helper_is_left_aside(void)
{
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, root);
    g_autoptr(TestIdentity) stale = test_identity_new(
        &(TestPkiSpec){ .name = "Old", .authority = true, .not_after = TEST_PKI_NOW - DAY }, NULL);
    accept_at(root, CHAIN(gateway, stale), TEST_PKI_NOW);
}

static void
test_issuer_must_be_authority(void)
{
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) user = test_identity_new(&(TestPkiSpec){ .name = "User" }, root);
    g_autoptr(TestIdentity) cannot_sign = test_identity_new(
        &(TestPkiSpec){ .name = "CA", .authority = true, .usage = TEST_USAGE_SIGN }, root);
    g_autoptr(TestIdentity) by_user = test_identity_new(&gateway_spec, user);
    g_autoptr(TestIdentity) by_other = test_identity_new(&gateway_spec, cannot_sign);
    refuse_at(root, CHAIN(by_user, user), TEST_PKI_NOW, CRYPTO_ERROR_WRONG_USAGE, "vouch");
    refuse_at(root, CHAIN(by_other, cannot_sign), TEST_PKI_NOW, CRYPTO_ERROR_WRONG_USAGE, "vouch");
}

/* RFC 5280, section 4.2.1.10. */
static void
test_name_constraints(void)
{
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) limited = test_identity_new(
        &(TestPkiSpec){ .name = "CA", .authority = true, .permitted_dns = "corp.example" }, root);
    g_autoptr(TestIdentity) inside =
        test_identity_new(&(TestPkiSpec){ .name = "in", .dns = "vpn.corp.example" }, limited);
    g_autoptr(TestIdentity) outside =
        test_identity_new(&(TestPkiSpec){ .name = "out", .dns = "vpn.example" }, limited);
    accept_at(root, CHAIN(inside, limited), TEST_PKI_NOW);
    refuse_at(root, CHAIN(outside, limited), TEST_PKI_NOW, CRYPTO_ERROR_WRONG_USAGE, "CN=out");
}

/* RFC 4945, section 5.1.3.2: absent, or one of the two that sign. */
static void
test_key_usage(void)
{
    static const struct {
        unsigned usage;
        bool good;
    } cases[] = {
        { TEST_USAGE_SIGN, true },
        { TEST_USAGE_NON_REPUDIATION, true },
        { TEST_USAGE_SIGN | TEST_USAGE_ENCIPHER, true },
        { TEST_USAGE_ENCIPHER, false },
        { TEST_USAGE_CERT_SIGN, false },
    };
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(TestIdentity) gateway =
            test_identity_new(&(TestPkiSpec){ .name = "gw", .usage = cases[i].usage }, root);
        if (cases[i].good)
            accept_at(root, CHAIN(gateway), TEST_PKI_NOW);
        else
            refuse_at(root, CHAIN(gateway), TEST_PKI_NOW, CRYPTO_ERROR_WRONG_USAGE, "CN=gw");
    }
}

/* RFC 4945, section 5.1.3.12, and what gateways have. */
static void
test_extended_key_usage(void)
{
    static const struct {
        const char *purposes;
        bool good;
    } cases[] = {
        { "1.3.6.1.5.5.7.3.1", true },  /* serverAuth */
        { "1.3.6.1.5.5.7.3.17", true }, /* ipsecIKE */
        { "1.3.6.1.5.5.8.2.2", true },  /* ikeIntermediate */
        { "2.5.29.37.0", true },        /* any */
        { "1.3.6.1.5.5.7.3.2 1.3.6.1.5.5.7.3.1", true },
        { "1.3.6.1.5.5.7.3.2", false }, /* clientAuth: a user must not play the gateway */
        { "1.3.6.1.5.5.7.3.3", false }, /* codeSigning */
    };
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(TestIdentity) gateway =
            test_identity_new(&(TestPkiSpec){ .name = "gw", .purposes = cases[i].purposes }, root);
        if (cases[i].good)
            accept_at(root, CHAIN(gateway), TEST_PKI_NOW);
        else
            refuse_at(root, CHAIN(gateway), TEST_PKI_NOW, CRYPTO_ERROR_WRONG_USAGE, "CN=gw");
    }
}

static void
test_refuses_weak_signatures(void)
{
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) sha1 =
        test_identity_new(&(TestPkiSpec){ .name = "gw", .sha1 = true }, root);
    g_autoptr(TestIdentity) short_rsa =
        test_identity_new(&(TestPkiSpec){ .name = "gw", .key = TEST_KEY_RSA_1024 }, root);
    refuse_at(root, CHAIN(sha1), TEST_PKI_NOW, CRYPTO_ERROR_UNTRUSTED, "strong");
    refuse_at(root, CHAIN(short_rsa), TEST_PKI_NOW, CRYPTO_ERROR_UNTRUSTED, "strong");
}

static void
test_every_kind_of_key(void)
{
    static const TestKeyKind kinds[] = { TEST_KEY_ECDSA_384, TEST_KEY_ECDSA_521, TEST_KEY_RSA_2048,
                                         TEST_KEY_ED25519, TEST_KEY_ED448 };
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(TestIdentity) root = test_identity_new(
            &(TestPkiSpec){ .name = "Root", .authority = true, .key = kinds[i] }, NULL);
        g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, root);
        accept_at(root, CHAIN(gateway), TEST_PKI_NOW);
    }
}

/* More than we look at: the rest is left aside. */
static void
test_long_chain_is_bounded(void)
{
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, root);
    GPtrArray *chain = CHAIN(gateway);
    for (unsigned i = 0; i < 4 * CERTIFICATE_MAX_CHAIN; i++)
        g_ptr_array_add(chain, test_identity_certificate(root));
    accept_at(root, chain, TEST_PKI_NOW);
}

/* Somebody pins the gateway's own certificate. */
static void
test_trusts_pinned_leaf(void)
{
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, NULL);
    g_autoptr(TestIdentity) other = test_identity_new(&gateway_spec, NULL);
    accept_at(gateway, CHAIN(gateway), TEST_PKI_NOW);
    refuse_at(gateway, CHAIN(other), TEST_PKI_NOW, CRYPTO_ERROR_UNTRUSTED, "CN=gw.example");
}

#define ADD(path, function) g_test_add_func("/crypto/certificate/" path, function)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("reads-der", test_reads_der);
    ADD("refuses-every-truncation", test_refuses_every_truncation);
    ADD("survives-any-changed-octet", test_survives_any_changed_octet);
    ADD("refuses-too-large", test_refuses_too_large);
    ADD("reads-pem-in-its-order", test_reads_pem_in_its_order);
    ADD("refuses-pem-without-certificate", test_refuses_pem_without_certificate);
    ADD("names-to-string", test_names_to_string);
    ADD("names-are-quoted", test_names_are_quoted);
    ADD("not-after", test_not_after);
    ADD("identity-by-alternative-name", test_identity_by_alternative_name);
    ADD("common-name-is-no-identity", test_common_name_is_no_identity);
    ADD("no-wildcards", test_no_wildcards);
    ADD("identity-by-subject", test_identity_by_subject);
    ADD("certreq-is-hash-of-key", test_certreq_is_hash_of_key);
    ADD("trusts-direct-and-by-intermediates", test_trusts_direct_and_by_intermediates);
    ADD("refuses-foreign-authority", test_refuses_foreign_authority);
    ADD("refuses-empty-chain", test_refuses_empty_chain);
    ADD("time-is-the-callers", test_time_is_the_callers);
    ADD("validity-of-the-whole-path", test_validity_of_the_whole_path);
    ADD("stale-helper-is-left-aside", test_stale_helper_is_left_aside);
    ADD("issuer-must-be-authority", test_issuer_must_be_authority);
    ADD("name-constraints", test_name_constraints);
    ADD("key-usage", test_key_usage);
    ADD("extended-key-usage", test_extended_key_usage);
    ADD("refuses-weak-signatures", test_refuses_weak_signatures);
    ADD("every-kind-of-key", test_every_kind_of_key);
    ADD("long-chain-is-bounded", test_long_chain_is_bounded);
    ADD("trusts-pinned-leaf", test_trusts_pinned_leaf);
    return g_test_run();
}
