/* Authentication data of methods 9 to 11 against published figures. */
#include "vectors.h"

#include "crypto/error.h"
#include "crypto/signature.h"
#include "test-pki.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

static gnutls_ecc_curve_t
curve_of(unsigned method)
{
    if (method == AUTH_METHOD_ECDSA_256)
        return GNUTLS_ECC_CURVE_SECP256R1;
    return method == AUTH_METHOD_ECDSA_384 ? GNUTLS_ECC_CURVE_SECP384R1
                                           : GNUTLS_ECC_CURVE_SECP521R1;
}

/* A certificate of any issuer for the published key. */
static Certificate *
certificate_for(unsigned method, VectorOctets *x, VectorOctets *y)
{
    gnutls_pubkey_t key;
    gnutls_x509_crt_t crt;
    gnutls_x509_privkey_t issuer;
    gnutls_datum_t x_datum = { x->data, (unsigned)x->length };
    gnutls_datum_t y_datum = { y->data, (unsigned)y->length }, der = { 0 };
    gnutls_pubkey_init(&key);
    gnutls_x509_crt_init(&crt);
    gnutls_x509_privkey_init(&issuer);
    g_assert_cmpint(gnutls_x509_privkey_generate(issuer, GNUTLS_PK_ECDSA,
                                                 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                                 0),
                    ==, 0);
    g_assert_cmpint(gnutls_pubkey_import_ecc_raw(key, curve_of(method), &x_datum, &y_datum), ==, 0);
    gnutls_x509_crt_set_version(crt, 3);
    gnutls_x509_crt_set_serial(crt, "\1", 1);
    gnutls_x509_crt_set_activation_time(crt, TEST_PKI_NOW);
    gnutls_x509_crt_set_expiration_time(crt, TEST_PKI_NOW + 3600);
    g_assert_cmpint(gnutls_x509_crt_set_pubkey(crt, key), ==, 0);
    g_assert_cmpint(gnutls_x509_crt_sign2(crt, crt, issuer, GNUTLS_DIG_SHA256, 0), ==, 0);
    g_assert_cmpint(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der), ==, 0);
    Certificate *certificate = certificate_new_der(der.data, der.size, NULL);
    g_assert_nonnull(certificate);
    gnutls_free(der.data);
    gnutls_x509_privkey_deinit(issuer);
    gnutls_x509_crt_deinit(crt);
    gnutls_pubkey_deinit(key);
    return certificate;
}

static void
run(const VectorCase *vector, const void *data)
{
    g_autoptr(GError) error = NULL;
    unsigned method = vector_number(vector, 1);
    g_auto(VectorOctets) x = vector_octets(vector, 2), y = vector_octets(vector, 3);
    g_auto(VectorOctets) message = vector_octets(vector, 4), auth = vector_octets(vector, 5);
    g_autoptr(Certificate) certificate = certificate_for(method, &x, &y);
    Chunk signed_octets = chunk(message.data, message.length);
    certificate_verify_auth(certificate, (uint8_t)method, auth.data, auth.length, &signed_octets, 1,
                            &error);
    g_assert_no_error(error);
    message.data[0] ^= 1;
    g_assert_false(certificate_verify_auth(certificate, (uint8_t)method, auth.data, auth.length,
                                           &signed_octets, 1, &error));
    g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_BAD_SIGNATURE);
}

static void
test_ecdsa(void)
{
    vectors_run("ecdsa.txt", 3, 6, run, NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vectors/ecdsa", test_ecdsa);
    return g_test_run();
}
