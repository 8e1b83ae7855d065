/* The path that trust_store_verify hands out: which certificates, in which order. */
#include "crypto/certificate.h"

#include "crypto/error.h"
#include "test-pki.h"

#include <string.h>

static const TestPkiSpec root_spec = { .name = "Root", .authority = true };
static const TestPkiSpec middle_spec = { .name = "Middle", .authority = true };
static const TestPkiSpec gateway_spec = { .name = "gw.example", .dns = "gw.example" };

static GPtrArray *
find_path(TrustStore *store, const TestIdentity *const *sent, size_t n, GError **error)
{
    g_autoptr(GPtrArray) chain = g_ptr_array_new();
    GPtrArray *path = NULL;
    for (size_t i = 0; i < n; i++)
        g_ptr_array_add(chain, test_identity_certificate(sent[i]));
    bool good = trust_store_verify(store, chain, TEST_PKI_NOW, &path, error);
    g_assert_true(good == (path != NULL));
    return path;
}

static void
assert_path(GPtrArray *path, const TestIdentity *const *expected, size_t n)
{
    g_assert_nonnull(path);
    g_assert_cmpuint(path->len, ==, n);
    for (size_t i = 0; i < n; i++)
        g_assert_true(g_bytes_equal(certificate_der(path->pdata[i]),
                                    certificate_der(test_identity_certificate(expected[i]))));
}
#define LIST(...)                                                                                  \
    (const TestIdentity *[]){ __VA_ARGS__ },                                                       \
        sizeof(const TestIdentity *[]){ __VA_ARGS__ } / sizeof(const TestIdentity *)

static void
test_in_order(void)
{
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) middle = test_identity_new(&middle_spec, root);
    g_autoptr(TestIdentity) lower =
        test_identity_new(&(TestPkiSpec){ .name = "Lower", .authority = true }, middle);
    g_autoptr(TestIdentity) unused = test_identity_new(&middle_spec, NULL);
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, lower);
    g_autoptr(TrustStore) store = test_identity_trust(root);
    g_autoptr(GPtrArray) path = find_path(store, LIST(gateway, unused, root, middle, lower), NULL);
    assert_path(path, LIST(gateway, lower, middle, root));
}

/* The anchor is the issuer itself, and was not sent. */
static void
test_shortest(void)
{
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, root);
    g_autoptr(TrustStore) store = test_identity_trust(root);
    g_autoptr(GPtrArray) path = find_path(store, LIST(gateway), NULL);
    assert_path(path, LIST(gateway, root));
}

static void
test_trusted_itself(void)
{
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, NULL);
    g_autoptr(TrustStore) store = test_identity_trust(gateway);
    g_autoptr(GPtrArray) path = find_path(store, LIST(gateway), NULL);
    assert_path(path, LIST(gateway));

    g_autoptr(TestIdentity) unknown = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) issued = test_identity_new(&gateway_spec, unknown);
    g_autoptr(TrustStore) only_it = test_identity_trust(issued);
    g_autoptr(GPtrArray) alone = find_path(only_it, LIST(issued, unknown), NULL);
    assert_path(alone, LIST(issued));
}

/* Two anchors of one name, as after a change of keys: the one that signed it, and that is valid. */
static void
test_anchors_of_one_name(void)
{
    g_autoptr(TestIdentity) old = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) new = test_identity_new(&root_spec, NULL);
    g_autoptr(TestIdentity) gateway = test_identity_new(&gateway_spec, new);
    g_autofree char *pem =
        g_strconcat(test_identity_certificate_pem(old), test_identity_certificate_pem(new), NULL);
    g_autoptr(TrustStore) store = trust_store_new(pem, strlen(pem), NULL);
    g_autoptr(GPtrArray) path = find_path(store, LIST(gateway), NULL);
    assert_path(path, LIST(gateway, new));
}

/* A full house of helpers that all could vouch for one another. */
static void
test_many_of_one_name(void)
{
    TestPkiSpec same = { .name = "Same", .authority = true };
    g_autoptr(TestIdentity) root = test_identity_new(&root_spec, NULL);
    const TestIdentity *sent[CERTIFICATE_MAX_CHAIN + 4];
    TestIdentity *made[CERTIFICATE_MAX_CHAIN + 4];
    for (size_t i = G_N_ELEMENTS(made) - 1; i > 0; i--)
        sent[i] = made[i] =
            test_identity_new(&same, i + 1 < G_N_ELEMENTS(made) ? made[i + 1] : NULL);
    sent[0] = made[0] = test_identity_new(&gateway_spec, made[1]);
    g_autoptr(TrustStore) store = test_identity_trust(root);
    g_autoptr(GError) error = NULL;
    g_assert_null(find_path(store, sent, G_N_ELEMENTS(sent), &error));
    g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNTRUSTED);
    for (size_t i = 0; i < G_N_ELEMENTS(made); i++)
        test_identity_free(made[i]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crypto/certificate-path/in-order", test_in_order);
    g_test_add_func("/crypto/certificate-path/shortest", test_shortest);
    g_test_add_func("/crypto/certificate-path/trusted-itself", test_trusted_itself);
    g_test_add_func("/crypto/certificate-path/anchors-of-one-name", test_anchors_of_one_name);
    g_test_add_func("/crypto/certificate-path/many-of-one-name", test_many_of_one_name);
    return g_test_run();
}
