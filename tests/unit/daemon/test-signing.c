/*
 * What a taken-over tunnel process may and may not have signed. The MAC that must come out is
 * computed here a second time, by the library alone.
 */
#include "daemon/signing.h"

#include "channel/channel.h"
#include "crypto/algorithms.h"

#include <gnutls/crypto.h>
#include <string.h>

#define INIT_LENGTH 60

typedef struct {
    uint8_t message[INIT_LENGTH];
    size_t message_length, nonce_length, key_length, int_auth_length;
    uint8_t int_auth[70];
    uint16_t prf;
} Request;

static Request
request(bool response)
{
    Request out = { .message_length = INIT_LENGTH,
                    .nonce_length = 32,
                    .key_length = 32,
                    .prf = PRF_HMAC_SHA2_256 };
    memset(out.message, 0x11, 8);
    if (response)
        memset(out.message + 8, 0x22, 8);
    out.message[16] = 33;
    out.message[17] = 0x20;
    out.message[18] = 34;
    out.message[19] = response ? 0x20 : 0x08;
    out.message[27] = INIT_LENGTH;
    return out;
}

static const uint8_t octets[512] = { 1, 2, 3 };

static GVariant *
sign_body(const Request *r)
{
    return g_variant_ref_sink(g_variant_new(
        "(u@ay@ayq@ay@aq@ay)", 7, channel_variant_from_octets(r->message, r->message_length),
        channel_variant_from_octets(octets, r->nonce_length), r->prf,
        channel_variant_from_octets(octets, r->key_length),
        g_variant_new_fixed_array(G_VARIANT_TYPE_UINT16, NULL, 0, 2),
        channel_variant_from_octets(r->int_auth, r->int_auth_length)));
}

static GVariant *
verify_body(const Request *r, const void *auth, size_t auth_length)
{
    return g_variant_ref_sink(g_variant_new(
        "(u@ay@ayq@ay@ay@ay@ay)", 7, channel_variant_from_octets(r->message, r->message_length),
        channel_variant_from_octets(octets, r->nonce_length), r->prf,
        channel_variant_from_octets(octets, r->key_length),
        channel_variant_from_octets("\2\0\0\0tess", 8),
        channel_variant_from_octets(auth, auth_length),
        channel_variant_from_octets(r->int_auth, r->int_auth_length)));
}

static Signer *
signer(void)
{
    g_autoptr(GBytes) id = g_bytes_new_static("tess", 4);
    g_autoptr(Secret) psk = secret_new("secret", 6);
    return signer_new(2, id, psk, NULL);
}

/* prf(prf(secret, pad), message | nonce | prf(SK_p, ID body) | IntAuth). */
static void
expected_auth(const Request *r, uint8_t out[32])
{
    uint8_t pad[32], id[32], joined[INIT_LENGTH + 32 + 32 + 68];
    gnutls_hmac_fast(GNUTLS_MAC_SHA256, "secret", 6, "Key Pad for IKEv2", 17, pad);
    gnutls_hmac_fast(GNUTLS_MAC_SHA256, octets, 32, "\2\0\0\0tess", 8, id);
    memcpy(joined, r->message, INIT_LENGTH);
    memcpy(joined + INIT_LENGTH, octets, 32);
    memcpy(joined + INIT_LENGTH + 32, id, 32);
    memcpy(joined + INIT_LENGTH + 64, r->int_auth, r->int_auth_length);
    gnutls_hmac_fast(GNUTLS_MAC_SHA256, pad, 32, joined, INIT_LENGTH + 64 + r->int_auth_length,
                     out);
}

static void
test_signs(void)
{
    g_autoptr(Signer) subject = signer();
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) auth = NULL;
    Request r = request(false);
    g_autoptr(GVariant) body = sign_body(&r);
    uint8_t method, wanted[32];
    g_assert_true(signer_sign(subject, body, 0, &method, &auth, &error));
    g_assert_no_error(error);
    expected_auth(&r, wanted);
    g_assert_cmpuint(method, ==, AUTH_METHOD_PSK);
    g_assert_cmpmem(g_bytes_get_data(auth, NULL), g_bytes_get_size(auth), wanted, 32);
}

static void
test_verifies(void)
{
    g_autoptr(Signer) subject = signer();
    Request r = request(true);
    uint8_t wanted[32];
    bool matches = false;
    expected_auth(&r, wanted);
    g_autoptr(GVariant) right = verify_body(&r, wanted, 32);
    g_assert_true(signer_verify(subject, right, 0, &matches, NULL));
    g_assert_true(matches);
    wanted[31] ^= 1;
    g_autoptr(GVariant) wrong = verify_body(&r, wanted, 32);
    g_assert_true(signer_verify(subject, wrong, 0, &matches, NULL));
    g_assert_false(matches);
    g_autoptr(GVariant) shorter = verify_body(&r, wanted, 31);
    g_assert_true(signer_verify(subject, shorter, 0, &matches, NULL));
    g_assert_false(matches);
    g_autoptr(GVariant) empty = verify_body(&r, wanted, 0);
    g_assert_true(signer_verify(subject, empty, 0, &matches, NULL));
    g_assert_false(matches);
}

static void
refused(const Request *r, const char *what)
{
    g_autoptr(Signer) subject = signer();
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) auth = NULL;
    g_autoptr(GVariant) body = sign_body(r);
    uint8_t method;
    g_test_message("%s", what);
    g_assert_false(signer_sign(subject, body, 0, &method, &auth, &error));
    g_assert_error(error, SIGNING_ERROR, SIGNING_ERROR_REFUSED);
    g_assert_null(auth);
}

static void
test_refuses_everything_else(void)
{
    const struct {
        const char *what;
        size_t at;
        uint8_t value;
    } damages[] = {
        { "responder's SPI set", 15, 1 },
        { "major version 1", 17, 0x10 },
        { "IKE_AUTH", 18, 35 },
        { "a response", 19, 0x28 },
        { "not the initiator", 19, 0 },
        { "message ID 1", 23, 1 },
        { "a longer length", 27, INIT_LENGTH + 1 },
        { "a shorter length", 27, 28 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
        Request r = request(false);
        r.message[damages[i].at] = damages[i].value;
        refused(&r, damages[i].what);
    }
    Request r = request(false);
    memset(r.message, 0, 8);
    refused(&r, "no initiator's SPI");
    for (size_t length = 0; length < 28; length++) {
        r = request(false);
        r.message_length = length;
        refused(&r, "a message cut short");
    }
    r = request(false);
    r.nonce_length = 15;
    refused(&r, "a short nonce");
    r.nonce_length = 257;
    refused(&r, "a long nonce");
    r = request(false);
    r.prf = 99;
    refused(&r, "an unknown PRF");
    r = request(false);
    r.key_length = 31;
    refused(&r, "a key that does not fit the PRF");
    r = request(true);
    refused(&r, "the gateway's message");
}

/* IntAuth_i | IntAuth_r | message ID (RFC 9242, section 3.3.2) */
static void
set_int_auth(Request *r, size_t length, uint8_t message_id)
{
    memset(r->int_auth, 0x33, sizeof r->int_auth);
    memset(r->int_auth + 64, 0, 3);
    r->int_auth[67] = message_id;
    r->int_auth_length = length;
}

static void
test_int_auth(void)
{
    g_autoptr(Signer) subject = signer();
    g_autoptr(GBytes) auth = NULL;
    Request r = request(false), response = request(true);
    uint8_t method, wanted[32];
    bool matches = false;
    set_int_auth(&r, 68, 2);
    g_autoptr(GVariant) body = sign_body(&r);
    g_assert_true(signer_sign(subject, body, 0, &method, &auth, NULL));
    expected_auth(&r, wanted);
    g_assert_cmpmem(g_bytes_get_data(auth, NULL), g_bytes_get_size(auth), wanted, 32);
    set_int_auth(&response, 68, 2);
    expected_auth(&response, wanted);
    g_autoptr(GVariant) right = verify_body(&response, wanted, 32);
    g_assert_true(signer_verify(subject, right, 0, &matches, NULL));
    g_assert_true(matches);
}

static void
test_int_auth_has_a_form(void)
{
    Request r = request(false);
    set_int_auth(&r, 67, 2);
    refused(&r, "IntAuth cut short");
    set_int_auth(&r, 69, 2);
    refused(&r, "IntAuth with something behind");
    set_int_auth(&r, 1, 2);
    refused(&r, "one octet");
    set_int_auth(&r, 68, 1);
    refused(&r, "message ID 1: there was no IKE_INTERMEDIATE");
    set_int_auth(&r, 68, 65);
    refused(&r, "a message ID that a few exchanges do not reach");
    set_int_auth(&r, 68, 2);
    r.int_auth[64] = 1;
    refused(&r, "a huge message ID");
}

static GVariant *
ppk_body(uint16_t prf, size_t length)
{
    return g_variant_ref_sink(g_variant_new("(uq@ay@ay@ay)", 7, prf,
                                            channel_variant_from_octets(octets, 32),
                                            channel_variant_from_octets(octets + 1, 32),
                                            channel_variant_from_octets(octets + 2, length)));
}

/* SK = prf(PPK, SK' | 0x01) where key and output are of one length (RFC 8784, section 3). */
static void
test_mixes(void)
{
    g_autoptr(Signer) subject = signer();
    g_autoptr(Secret) ppk = secret_new("paper", 5);
    g_autoptr(GVariant) body = ppk_body(PRF_HMAC_SHA2_256, 32);
    Secret *mixed[3] = { NULL };
    signer_set_ppk(subject, ppk);
    g_assert_true(signer_mix_ppk(subject, body, 0, mixed, NULL));
    for (size_t i = 0; i < 3; i++) {
        uint8_t input[33], wanted[32];
        memcpy(input, octets + i, 32);
        input[32] = 1;
        gnutls_hmac_fast(GNUTLS_MAC_SHA256, "paper", 5, input, sizeof input, wanted);
        g_assert_cmpmem(secret_data(mixed[i]), secret_length(mixed[i]), wanted, 32);
        secret_unref(mixed[i]);
    }
}

static void
test_mixes_nothing_else(void)
{
    g_autoptr(Signer) subject = signer();
    g_autoptr(Secret) ppk = secret_new("paper", 5);
    g_autoptr(GVariant) good = ppk_body(PRF_HMAC_SHA2_256, 32);
    g_autoptr(GVariant) unknown = ppk_body(99, 32);
    g_autoptr(GVariant) shorter = ppk_body(PRF_HMAC_SHA2_256, 31);
    g_autoptr(GVariant) other = ppk_body(PRF_HMAC_SHA2_384, 48);
    Secret *mixed[3] = { NULL };
    g_autoptr(GError) error = NULL;
    g_assert_false(signer_mix_ppk(subject, good, 0, mixed, &error));
    g_assert_error(error, SIGNING_ERROR, SIGNING_ERROR_REFUSED);
    signer_set_ppk(subject, ppk);
    g_assert_false(signer_mix_ppk(subject, unknown, 0, mixed, NULL));
    g_assert_false(signer_mix_ppk(subject, shorter, 0, mixed, NULL));
    g_assert_false(signer_mix_ppk(subject, other, 0, mixed, NULL));
    for (size_t i = 0; i < 3; i++)
        g_assert_null(mixed[i]);
}

static void
test_verify_wants_a_response(void)
{
    g_autoptr(Signer) subject = signer();
    g_autoptr(GError) error = NULL;
    Request r = request(false);
    bool matches = true;
    g_autoptr(GVariant) body = verify_body(&r, octets, 32);
    g_assert_false(signer_verify(subject, body, 0, &matches, &error));
    g_assert_error(error, SIGNING_ERROR, SIGNING_ERROR_REFUSED);
}

static void
test_few_uses(void)
{
    g_autoptr(Signer) subject = signer();
    Request r = request(false);
    g_autoptr(GVariant) body = sign_body(&r);
    uint8_t method;
    for (unsigned i = 0; i < SIGNER_MAX_USES; i++) {
        g_autoptr(GBytes) auth = NULL;
        g_assert_true(signer_sign(subject, body, 100, &method, &auth, NULL));
    }
    g_autoptr(GBytes) auth = NULL;
    g_assert_false(signer_sign(subject, body, 100 + SIGNER_WINDOW_S - 1, &method, &auth, NULL));
    g_assert_true(signer_sign(subject, body, 100 + SIGNER_WINDOW_S, &method, &auth, NULL));
}

static void
test_nothing_to_sign_with(void)
{
    g_autoptr(GBytes) id = g_bytes_new_static("tess", 4);
    g_autoptr(Signer) subject = signer_new(2, id, NULL, NULL);
    g_autoptr(GBytes) auth = NULL;
    Request r = request(false);
    g_autoptr(GVariant) body = sign_body(&r);
    uint8_t method;
    g_assert_false(signer_sign(subject, body, 0, &method, &auth, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/signing/signs-an-init-request", test_signs);
    g_test_add_func("/daemon/signing/verifies-yes-or-no", test_verifies);
    g_test_add_func("/daemon/signing/refuses-everything-else", test_refuses_everything_else);
    g_test_add_func("/daemon/signing/verify-wants-a-response", test_verify_wants_a_response);
    g_test_add_func("/daemon/signing/int-auth", test_int_auth);
    g_test_add_func("/daemon/signing/int-auth-has-a-form", test_int_auth_has_a_form);
    g_test_add_func("/daemon/signing/mixes-the-ppk", test_mixes);
    g_test_add_func("/daemon/signing/mixes-nothing-else", test_mixes_nothing_else);
    g_test_add_func("/daemon/signing/few-uses-a-minute", test_few_uses);
    g_test_add_func("/daemon/signing/nothing-to-sign-with", test_nothing_to_sign_with);
    return g_test_run();
}
