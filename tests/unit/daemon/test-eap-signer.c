/*
 * What a taken-over tunnel process may and may not have of an EAP user's secrets.
 */
#include "daemon/eap-signer.h"

#include "channel/channel.h"
#include "daemon/signing.h"
#include "test-pki.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>

#define ALL    0xff
#define USER   "CORP\\tess"
#define SCHEME 0x0403 /* ecdsa_secp256r1_sha256 */

static const uint8_t challenge[300] = { 1, 2, 3 };

static EapSigner *
signer_with(unsigned allowed)
{
    g_autoptr(Secret) password = secret_new("clientPass", 10);
    const TestPkiSpec spec = { .name = "tess" };
    g_autoptr(TestIdentity) identity = test_identity_new(&spec, NULL);
    return eap_signer_new(allowed, USER, password, test_identity_key(identity));
}

static GVariant *
mschap(size_t authenticator, size_t peer, const char *name)
{
    return g_variant_ref_sink(g_variant_new("(u@ay@ay@ay)", 7,
                                            channel_variant_from_octets(challenge, authenticator),
                                            channel_variant_from_octets(challenge, peer),
                                            channel_variant_from_octets(name, strlen(name))));
}

static GVariant *
md5(size_t length)
{
    return g_variant_ref_sink(
        g_variant_new("(uy@ay)", 7, 3, channel_variant_from_octets(challenge, length)));
}

static GVariant *
password(const char *purpose)
{
    return g_variant_ref_sink(g_variant_new("(uss)", 7, purpose, ""));
}

static GVariant *
tls(GByteArray *octets)
{
    return g_variant_ref_sink(g_variant_new(
        "(uq@ay)", 7, SCHEME, channel_variant_from_octets(octets->data, octets->len)));
}

static void
admitted(unsigned allowed, RecordType type, GVariant *body)
{
    g_autoptr(EapSigner) signer = signer_with(allowed);
    g_autoptr(GVariant) request = body;
    g_autoptr(GError) error = NULL;
    g_assert_true(eap_signer_admit(signer, type, request, 100, &error));
    g_assert_no_error(error);
}

static void
refused(unsigned allowed, RecordType type, GVariant *body)
{
    g_autoptr(EapSigner) signer = signer_with(allowed);
    g_autoptr(GVariant) request = body;
    g_autoptr(GError) error = NULL;
    g_assert_false(eap_signer_admit(signer, type, request, 100, &error));
    g_assert_error(error, SIGNING_ERROR, SIGNING_ERROR_REFUSED);
}

static void
test_mschap(void)
{
    admitted(EAP_SIGNER_MSCHAP, RECORD_MSCHAP, mschap(16, 16, "tess"));
    admitted(EAP_SIGNER_MSCHAP, RECORD_MSCHAP, mschap(16, 16, USER));
    refused(EAP_SIGNER_MSCHAP, RECORD_MSCHAP, mschap(16, 16, "tessa"));
    refused(EAP_SIGNER_MSCHAP, RECORD_MSCHAP, mschap(16, 16, "tes"));
    refused(EAP_SIGNER_MSCHAP, RECORD_MSCHAP, mschap(15, 16, "tess"));
    refused(EAP_SIGNER_MSCHAP, RECORD_MSCHAP, mschap(16, 17, "tess"));
    refused(ALL & ~EAP_SIGNER_MSCHAP, RECORD_MSCHAP, mschap(16, 16, "tess"));
}

static void
test_mschap_answer(void)
{
    g_autoptr(EapSigner) signer = signer_with(ALL);
    g_autoptr(GVariant) request = mschap(16, 16, "tess");
    g_autoptr(Secret) secret = secret_new("clientPass", 10);
    g_auto(Mschapv2Answer) answer = { 0 }, expected = { 0 };
    g_assert_true(eap_signer_mschap(signer, request, &answer, NULL));
    g_assert_true(mschapv2_answer(challenge, challenge, "tess", secret, &expected, NULL));
    g_assert_cmpmem(answer.nt_response, 24, expected.nt_response, 24);
}

static void
test_md5(void)
{
    admitted(EAP_SIGNER_MD5, RECORD_MD5, md5(16));
    admitted(EAP_SIGNER_MD5, RECORD_MD5, md5(255));
    refused(EAP_SIGNER_MD5, RECORD_MD5, md5(0));
    refused(EAP_SIGNER_MD5, RECORD_MD5, md5(256));
    refused(ALL & ~EAP_SIGNER_MD5, RECORD_MD5, md5(16));
}

static void
test_password(void)
{
    admitted(EAP_SIGNER_GTC, RECORD_PASSWORD, password("gtc"));
    admitted(EAP_SIGNER_PAP, RECORD_PASSWORD, password("pap"));
    refused(ALL & ~EAP_SIGNER_GTC, RECORD_PASSWORD, password("gtc"));
    refused(ALL & ~EAP_SIGNER_PAP, RECORD_PASSWORD, password("pap"));
    refused(ALL, RECORD_PASSWORD, password(""));
    refused(ALL, RECORD_PASSWORD, password("curiosity"));
}

/* ---- TLS ---- */

static GByteArray *
tls13_octets(const char *words, char padding, size_t hash)
{
    GByteArray *out = g_byte_array_new();
    for (int i = 0; i < 64; i++)
        g_byte_array_append(out, (const uint8_t *)&padding, 1);
    g_byte_array_append(out, (const uint8_t *)words, (guint)strlen(words) + 1);
    g_byte_array_append(out, challenge, (guint)hash);
    return out;
}

static void
add_message(GByteArray *out, uint8_t type, const char *body, size_t length)
{
    const uint8_t head[] = { type, 0, 0, (uint8_t)length };
    g_byte_array_append(out, head, sizeof head);
    g_byte_array_append(out, (const uint8_t *)body, (guint)length);
}

/* ClientHello, ServerHello, Certificate, ServerHelloDone, Certificate, ClientKeyExchange. */
static GByteArray *
tls12_octets(void)
{
    GByteArray *out = g_byte_array_new();
    add_message(out, 1, "\3\3hello", 7);
    add_message(out, 2, "\3\3hello", 7);
    add_message(out, 11, "gateway", 7);
    add_message(out, 14, "", 0);
    add_message(out, 11, "tess", 4);
    add_message(out, 16, "key", 3);
    return out;
}

static void
try_tls(GByteArray *octets, bool good)
{
    g_autoptr(GByteArray) taken = octets;
    if (good)
        admitted(EAP_SIGNER_TLS, RECORD_SIGN_TLS, tls(taken));
    else
        refused(EAP_SIGNER_TLS, RECORD_SIGN_TLS, tls(taken));
}

static void
test_tls13(void)
{
    const char *client = "TLS 1.3, client CertificateVerify";
    try_tls(tls13_octets(client, ' ', 32), true);
    try_tls(tls13_octets(client, ' ', 48), true);
    try_tls(tls13_octets(client, ' ', 31), false);
    try_tls(tls13_octets(client, ' ', 0), false);
    try_tls(tls13_octets(client, ' ', 64), false);
    try_tls(tls13_octets(client, '_', 32), false);
    try_tls(tls13_octets("TLS 1.3, server CertificateVerify", ' ', 32), false);
    try_tls(tls13_octets("TLS 1.3, client Certificate", ' ', 32), false);
    try_tls(g_byte_array_new(), false);
}

static void
test_tls12(void)
{
    g_autoptr(GByteArray) whole = tls12_octets();
    try_tls(tls12_octets(), true);
    for (guint length = 0; length < whole->len; length++) {
        GByteArray *cut = tls12_octets();
        g_byte_array_set_size(cut, length);
        try_tls(cut, false);
    }
    const struct {
        guint at;
        uint8_t value;
    } damages[] = { { 0, 2 }, { 3, 6 }, { 5, 1 }, { 11, 1 }, { whole->len - 7, 20 } };
    for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
        GByteArray *damaged = tls12_octets();
        damaged->data[damages[i].at] = damages[i].value;
        try_tls(damaged, false);
    }
    GByteArray *many = tls12_octets();
    for (int i = 0; i < 16; i++)
        add_message(many, 16, "key", 3);
    try_tls(many, false);
    g_autoptr(GByteArray) octets = tls12_octets();
    refused(ALL & ~EAP_SIGNER_TLS, RECORD_SIGN_TLS, tls(octets));
}

static void
test_tls_signature(void)
{
    const TestPkiSpec spec = { .name = "tess" };
    g_autoptr(TestIdentity) identity = test_identity_new(&spec, NULL);
    g_autoptr(EapSigner) signer = eap_signer_new(ALL, USER, NULL, test_identity_key(identity));
    g_autoptr(GByteArray) octets = tls12_octets();
    g_autoptr(GVariant) request = tls(octets);
    g_autoptr(GBytes) signature = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_true(eap_signer_sign_tls(signer, request, &signature, &error));
    gnutls_x509_crt_t crt;
    gnutls_pubkey_t key;
    const char *pem = test_identity_certificate_pem(identity);
    gnutls_datum_t text = { (unsigned char *)pem, (unsigned)strlen(pem) };
    gnutls_datum_t data = { octets->data, octets->len };
    gnutls_datum_t made = { (unsigned char *)g_bytes_get_data(signature, NULL),
                            (unsigned)g_bytes_get_size(signature) };
    gnutls_x509_crt_init(&crt);
    g_assert_cmpint(gnutls_x509_crt_import(crt, &text, GNUTLS_X509_FMT_PEM), ==, 0);
    gnutls_pubkey_init(&key);
    g_assert_cmpint(gnutls_pubkey_import_x509(key, crt, 0), ==, 0);
    g_assert_cmpint(gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &made), >=,
                    0);
    gnutls_pubkey_deinit(key);
    gnutls_x509_crt_deinit(crt);
}

/* ---- how often ---- */

static bool
once_more(EapSigner *signer, RecordType type, GVariant *body, int64_t now)
{
    g_autoptr(GVariant) request = body;
    return eap_signer_admit(signer, type, request, now, NULL);
}

static void
test_one_challenge_a_connect(void)
{
    g_autoptr(EapSigner) signer = signer_with(ALL);
    g_assert_true(once_more(signer, RECORD_MSCHAP, mschap(16, 16, "tess"), 100));
    g_assert_false(once_more(signer, RECORD_MSCHAP, mschap(16, 16, "tess"), 101));
    g_assert_false(once_more(signer, RECORD_MD5, md5(16), 159));
    eap_signer_begin(signer);
    g_assert_true(once_more(signer, RECORD_MSCHAP, mschap(16, 16, "tess"), 102));
    g_assert_false(once_more(signer, RECORD_MSCHAP, mschap(16, 16, "tess"), 161));
    g_assert_true(once_more(signer, RECORD_MSCHAP, mschap(16, 16, "tess"), 162));
}

static void
test_few_in_all(void)
{
    g_autoptr(EapSigner) signer = signer_with(ALL);
    for (int i = 0; i < EAP_SIGNER_MAX_USES; i++) {
        eap_signer_begin(signer);
        g_assert_true(once_more(signer, RECORD_MSCHAP, mschap(16, 16, "tess"), 100));
    }
    eap_signer_begin(signer);
    g_assert_false(once_more(signer, RECORD_MSCHAP, mschap(16, 16, "tess"), 159));
    g_assert_true(once_more(signer, RECORD_MSCHAP, mschap(16, 16, "tess"), 160));
}

static void
test_password_in_memory(void)
{
    g_autoptr(EapSigner) signer = eap_signer_new(ALL, "tess", NULL, NULL);
    g_autoptr(Secret) given = secret_new("x", 1);
    g_assert_false(eap_signer_has_password(signer));
    eap_signer_set_password(signer, given);
    eap_signer_set_password(signer, given);
    g_autoptr(Secret) got = eap_signer_password(signer);
    g_assert_true(secret_equal(got, given));
    eap_signer_set_password(signer, NULL);
    g_assert_false(eap_signer_has_password(signer));
    g_autoptr(GByteArray) octets = tls12_octets();
    g_autoptr(GVariant) request = tls(octets);
    g_autoptr(GBytes) signature = NULL;
    /* Its form is right, and the key may be in a token; here there is none. */
    g_assert_true(eap_signer_admit(signer, RECORD_SIGN_TLS, request, 0, NULL));
    g_assert_false(eap_signer_sign_tls(signer, request, &signature, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/eap-signer/mschap-form", test_mschap);
    g_test_add_func("/daemon/eap-signer/mschap-answer", test_mschap_answer);
    g_test_add_func("/daemon/eap-signer/md5-form", test_md5);
    g_test_add_func("/daemon/eap-signer/password-only-where-named", test_password);
    g_test_add_func("/daemon/eap-signer/tls13-form", test_tls13);
    g_test_add_func("/daemon/eap-signer/tls12-form", test_tls12);
    g_test_add_func("/daemon/eap-signer/tls-signature", test_tls_signature);
    g_test_add_func("/daemon/eap-signer/one-challenge-a-connect", test_one_challenge_a_connect);
    g_test_add_func("/daemon/eap-signer/few-in-all", test_few_in_all);
    g_test_add_func("/daemon/eap-signer/password-in-memory", test_password_in_memory);
    return g_test_run();
}
