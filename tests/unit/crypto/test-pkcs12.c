/* PKCS#12: certificate and key out of one file. */
#include "crypto/pkcs12.h"

#include "crypto/error.h"
#include "test-pki.h"

#include <string.h>

#define PASSWORD "open sesame"

typedef struct {
    TestIdentity *authority, *leaf;
    GBytes *file;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->authority =
        test_identity_new(&(TestPkiSpec){ .name = "authority", .authority = true }, NULL);
    fixture->leaf = test_identity_new(&(TestPkiSpec){ .name = "tess" }, fixture->authority);
    fixture->file = test_identity_pkcs12(fixture->leaf, fixture->authority, PASSWORD);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    test_identity_free(fixture->authority);
    test_identity_free(fixture->leaf);
    g_bytes_unref(fixture->file);
}

static bool
open_with(const Fixture *fixture, const char *password, GBytes **chain, PrivateKey **key,
          GError **error)
{
    g_autoptr(Secret) word = password != NULL ? secret_new(password, strlen(password)) : NULL;
    return pkcs12_open(g_bytes_get_data(fixture->file, NULL), g_bytes_get_size(fixture->file), word,
                       chain, key, error);
}

/* The key's certificate first, its authority behind it. */
static void
test_opens(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) pem = NULL;
    g_autoptr(PrivateKey) key = NULL;
    open_with(fixture, PASSWORD, &pem, &key, &error);
    g_assert_no_error(error);
    gsize length;
    const char *text = g_bytes_get_data(pem, &length);
    g_autoptr(GPtrArray) chain = certificate_list_from_pem(text, length, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(chain->len, ==, 2);
    g_assert_true(private_key_matches(key, g_ptr_array_index(chain, 0)));
    g_assert_true(
        pkcs12_is_likely(g_bytes_get_data(fixture->file, NULL), g_bytes_get_size(fixture->file)));
}

static void
test_wrong_password(Fixture *fixture, gconstpointer data)
{
    const char *wrong[] = { "open says me", "", NULL };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) pem = NULL;
        g_autoptr(PrivateKey) key = NULL;
        g_assert_false(open_with(fixture, wrong[i], &pem, &key, &error));
        g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_WRONG_PASSWORD);
    }
}

/* Cut anywhere it is refused, whatever the library makes of it. */
static void
test_truncated(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Secret) word = secret_new(PASSWORD, strlen(PASSWORD));
    gsize length;
    const uint8_t *octets = g_bytes_get_data(fixture->file, &length);
    for (gsize i = 0; i < length; i += 61) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) pem = NULL;
        g_autoptr(PrivateKey) key = NULL;
        g_assert_false(pkcs12_open(octets, i, word, &pem, &key, &error));
        g_assert_true(error->domain == CRYPTO_ERROR);
    }
    g_assert_false(pkcs12_is_likely("-----BEGIN CERTIFICATE-----", 27));
}

#define ADD(path, function)                                                                        \
    g_test_add("/crypto/pkcs12/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("opens", test_opens);
    ADD("wrong-password", test_wrong_password);
    ADD("truncated", test_truncated);
    return g_test_run();
}
