#include "config.h"

#include "crypto/tls-stream.h"

#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "crypto/error.h"
#include "tls-server.h"

#define NAME       "eap.example.com"
#define MAX_ROUNDS 20

typedef struct {
    TestIdentity *authority, *other, *server, *client;
    TrustStore *trust;
} Bed;

static void
set_up(Bed *bed, gconstpointer data)
{
    bed->authority =
        test_identity_new(&(TestPkiSpec){ .name = "Test CA", .authority = true }, NULL);
    bed->other = test_identity_new(&(TestPkiSpec){ .name = "Other CA", .authority = true }, NULL);
    bed->server =
        test_identity_new(&(TestPkiSpec){ .name = "server", .dns = NAME }, bed->authority);
    bed->client = test_identity_new(&(TestPkiSpec){ .name = "tess" }, bed->authority);
    bed->trust = test_identity_trust(bed->authority);
}

static void
tear_down(Bed *bed, gconstpointer data)
{
    trust_store_unref(bed->trust);
    test_identity_free(bed->client);
    test_identity_free(bed->server);
    test_identity_free(bed->other);
    test_identity_free(bed->authority);
}

static TlsStream *
begin(const Bed *bed, const char *name, const TestIdentity *client)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) chain = g_ptr_array_new();
    if (client != NULL)
        g_ptr_array_add(chain, test_identity_certificate(client));
    TlsStreamConfig config = { bed->trust, name, true, TEST_PKI_NOW, chain };
    TlsStream *stream = tls_stream_new(&config, &error);
    g_assert_no_error(error);
    tls_stream_feed(stream, NULL, 0);
    return stream;
}

/* A signature by a key that the stream never sees. */
static GBytes *
sign(const TestIdentity *client, const TlsStream *stream)
{
    uint16_t scheme;
    GBytes *octets = tls_stream_to_sign(stream, &scheme);
    static const struct {
        uint16_t scheme;
        gnutls_sign_algorithm_t sign;
    } known[] = {
        { 0x0403, GNUTLS_SIGN_ECDSA_SHA256 },  { 0x0503, GNUTLS_SIGN_ECDSA_SHA384 },
        { 0x0401, GNUTLS_SIGN_RSA_SHA256 },    { 0x0804, GNUTLS_SIGN_RSA_PSS_RSAE_SHA256 },
        { 0x0807, GNUTLS_SIGN_EDDSA_ED25519 },
    };
    gnutls_sign_algorithm_t algorithm = GNUTLS_SIGN_UNKNOWN;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i].scheme == scheme)
            algorithm = known[i].sign;
    const char *pem = test_identity_key_pem(client);
    gnutls_datum_t text = { (unsigned char *)pem, (unsigned)strlen(pem) }, signature = { 0 };
    gnutls_datum_t data = { (unsigned char *)g_bytes_get_data(octets, NULL),
                            (unsigned)g_bytes_get_size(octets) };
    gnutls_privkey_t key;
    gnutls_privkey_init(&key);
    g_assert_cmpint(gnutls_privkey_import_x509_raw(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0), ==,
                    0);
    g_assert_cmpint(gnutls_privkey_sign_data2(key, algorithm, 0, &data, &signature), ==, 0);
    gnutls_privkey_deinit(key);
    GBytes *bytes = g_bytes_new(signature.data, signature.size);
    gnutls_free(signature.data);
    return bytes;
}

/* Carries octets to and fro, so many at a time, until neither has anything to say. */
static void
talk(TlsStream *stream, TestTlsServer *server, const TestIdentity *client, size_t at_once)
{
    for (int round = 0; round < MAX_ROUNDS; round++) {
        if (tls_stream_state(stream) == TLS_STREAM_SIGN) {
            g_autoptr(GBytes) signature = client != NULL ? sign(client, stream) : NULL;
            tls_stream_sign(stream, signature);
        }
        g_autoptr(GBytes) request = tls_stream_take_output(stream);
        if (g_bytes_get_size(request) == 0)
            return;
        g_autoptr(GBytes) reply = test_tls_server_feed(server, request);
        gsize length;
        const uint8_t *data = g_bytes_get_data(reply, &length);
        for (size_t i = 0; i < length; i += at_once)
            tls_stream_feed(stream, data + i, MIN(at_once, length - i));
    }
    g_assert_not_reached();
}

static void
check_open(TlsStream *stream, TestTlsServer *server, bool tls13)
{
    g_assert_no_error((GError *)tls_stream_error(stream));
    g_assert_cmpint(tls_stream_state(stream), ==, TLS_STREAM_OPEN);
    g_assert_true(test_tls_server_open(server));
    g_assert_true(tls_stream_is_tls13(stream) == tls13);
    static const uint8_t context[] = { 13 };
    g_autoptr(Secret) ours = tls_stream_export(stream, "EXPORTER_test", context, 1, 128);
    g_autoptr(Secret) theirs = test_tls_server_export(server, "EXPORTER_test", context, 1, 128);
    g_assert_true(secret_equal(ours, theirs));
    g_assert_true(tls_stream_write(stream, "ping", 4));
    g_autoptr(GBytes) ping = tls_stream_take_output(stream);
    g_autoptr(GBytes) nothing = test_tls_server_feed(server, ping);
    g_autoptr(GBytes) came = test_tls_server_take_data(server);
    g_assert_cmpmem(g_bytes_get_data(came, NULL), g_bytes_get_size(came), "ping", 4);
    g_autoptr(GBytes) pong = test_tls_server_write(server, "pong", 4);
    tls_stream_feed(stream, g_bytes_get_data(pong, NULL), g_bytes_get_size(pong));
    g_autoptr(GBytes) back = tls_stream_take_data(stream);
    g_assert_nonnull(back);
    g_assert_cmpmem(g_bytes_get_data(back, NULL), g_bytes_get_size(back), "pong", 4);
    g_assert_null(tls_stream_take_data(stream));
}

static void
test_opens(Bed *bed, gconstpointer data)
{
    bool tls13 = GPOINTER_TO_INT(data);
    g_autoptr(TlsStream) stream = begin(bed, NAME, NULL);
    g_autoptr(TestTlsServer) server =
        test_tls_server_new(bed->server, tls13 ? TEST_TLS_13 : TEST_TLS_12, NULL);
    talk(stream, server, NULL, tls13 ? 1 : 100);
    check_open(stream, server, tls13);
}

static void
test_signs(Bed *bed, gconstpointer data)
{
    static const TestKeyKind kinds[] = { TEST_KEY_ECDSA_256, TEST_KEY_ECDSA_384, TEST_KEY_RSA_2048,
                                         TEST_KEY_ED25519 };
    bool tls13 = GPOINTER_TO_INT(data);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(TestIdentity) client =
            test_identity_new(&(TestPkiSpec){ .name = "tess", .key = kinds[i] }, bed->authority);
        g_autoptr(TlsStream) stream = begin(bed, NAME, client);
        g_autoptr(TestTlsServer) server =
            test_tls_server_new(bed->server, tls13 ? TEST_TLS_13 : TEST_TLS_12, bed->authority);
        talk(stream, server, client, 4000);
        check_open(stream, server, tls13);
    }
}

/* The server wants another group than we offered a share of (HelloRetryRequest): what is signed
 * begins with a digest of the first ClientHello. */
static void
test_signs_after_retry(Bed *bed, gconstpointer data)
{
    g_autoptr(TlsStream) stream = begin(bed, NAME, bed->client);
    g_autoptr(TestTlsServer) server = test_tls_server_new(
        bed->server, TEST_TLS_13 ":-GROUP-ALL:+GROUP-SECP521R1", bed->authority);
    talk(stream, server, bed->client, 4000);
    check_open(stream, server, true);
}

/* The form that is asked for is one that a signer can recognise. */
static void
test_form(Bed *bed, gconstpointer data)
{
    bool tls13 = GPOINTER_TO_INT(data);
    g_autoptr(TlsStream) stream = begin(bed, NAME, bed->client);
    g_autoptr(TestTlsServer) server =
        test_tls_server_new(bed->server, tls13 ? TEST_TLS_13 : TEST_TLS_12, bed->authority);
    g_autoptr(GBytes) hello = tls_stream_take_output(stream);
    g_autoptr(GBytes) reply = test_tls_server_feed(server, hello);
    g_assert_cmpint(tls_stream_feed(stream, g_bytes_get_data(reply, NULL), g_bytes_get_size(reply)),
                    ==, TLS_STREAM_SIGN);
    uint16_t scheme;
    gsize length;
    const uint8_t *octets = g_bytes_get_data(tls_stream_to_sign(stream, &scheme), &length);
    g_assert_cmphex(scheme, ==, 0x0403);
    if (tls13) {
        g_assert_cmpuint(length, >, 64 + 34);
        g_assert_cmpstr((const char *)octets + 64, ==, "TLS 1.3, client CertificateVerify");
    } else {
        g_assert_cmphex(octets[0], ==, 1); /* ClientHello, version 3.3 */
        g_assert_cmphex(octets[4], ==, 3);
        g_assert_cmphex(octets[5], ==, 3);
    }
    /* Fed and written while it waits: nothing happens. Freed while it waits: nothing hangs. */
    g_assert_cmpint(tls_stream_feed(stream, "x", 1), ==, TLS_STREAM_SIGN);
    g_assert_false(tls_stream_write(stream, "x", 1));
}

static void
test_no_signature(Bed *bed, gconstpointer data)
{
    bool tls13 = GPOINTER_TO_INT(data);
    g_autoptr(TlsStream) stream = begin(bed, NAME, bed->client);
    g_autoptr(TestTlsServer) server =
        test_tls_server_new(bed->server, tls13 ? TEST_TLS_13 : TEST_TLS_12, bed->authority);
    talk(stream, server, NULL, 4000);
    g_assert_cmpint(tls_stream_state(stream), ==, TLS_STREAM_FAILED);
    g_assert_cmpstr(tls_stream_error(stream)->message, ==,
                    "there is no signature of ours to show to the server");
    g_assert_false(test_tls_server_open(server));
}

/* A signature with another key: the server says so. */
static void
test_foreign_signature(Bed *bed, gconstpointer data)
{
    bool tls13 = GPOINTER_TO_INT(data);
    g_autoptr(TlsStream) stream = begin(bed, NAME, bed->client);
    g_autoptr(TestTlsServer) server =
        test_tls_server_new(bed->server, tls13 ? TEST_TLS_13 : TEST_TLS_12, bed->authority);
    talk(stream, server, bed->server, 4000);
    g_assert_false(test_tls_server_open(server));
    g_assert_cmpint(tls_stream_state(stream), ==, TLS_STREAM_FAILED);
}

static void
check_refused(const Bed *bed, const TestIdentity *identity, const char *name, int code,
              const char *words)
{
    const char *versions[] = { TEST_TLS_12, TEST_TLS_13 };
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_autoptr(TlsStream) stream = begin(bed, name, NULL);
        g_autoptr(TestTlsServer) server = test_tls_server_new(identity, versions[i], NULL);
        talk(stream, server, NULL, 4000);
        g_assert_cmpint(tls_stream_state(stream), ==, TLS_STREAM_FAILED);
        g_assert_error(tls_stream_error(stream), CRYPTO_ERROR, code);
        g_test_message("%s", tls_stream_error(stream)->message);
        g_assert_nonnull(strstr(tls_stream_error(stream)->message, words));
        g_assert_false(test_tls_server_open(server));
        /* It was told why, and gets nothing else. */
        g_assert_cmpint(test_tls_server_error(server), ==, GNUTLS_E_FATAL_ALERT_RECEIVED);
        g_assert_null(tls_stream_export(stream, "EXPORTER_test", NULL, 0, 64));
        g_assert_false(tls_stream_write(stream, "x", 1));
    }
}

static void
test_wrong_name(Bed *bed, gconstpointer data)
{
    check_refused(bed, bed->server, "other.example.com", CRYPTO_ERROR_WRONG_USAGE,
                  "eap.example.com, not for other.example.com");
}

static void
test_wrong_authority(Bed *bed, gconstpointer data)
{
    g_autoptr(TestIdentity) server =
        test_identity_new(&(TestPkiSpec){ .name = "server", .dns = NAME }, bed->other);
    check_refused(bed, server, NAME, CRYPTO_ERROR_UNTRUSTED, "trusted authority");
    check_refused(bed, server, NULL, CRYPTO_ERROR_UNTRUSTED, "trusted authority");
}

static void
test_expired(Bed *bed, gconstpointer data)
{
    TestPkiSpec spec = { .name = "server", .dns = NAME, .not_after = TEST_PKI_NOW - 60 };
    g_autoptr(TestIdentity) server = test_identity_new(&spec, bed->authority);
    check_refused(bed, server, NAME, CRYPTO_ERROR_EXPIRED, "valid until");
}

static void
test_old_version(Bed *bed, gconstpointer data)
{
    g_autoptr(TlsStream) stream = begin(bed, NAME, NULL);
    g_autoptr(TestTlsServer) server = test_tls_server_new(
        bed->server, "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0:%ALLOW_SMALL_RECORDS", NULL);
    talk(stream, server, NULL, 4000);
    g_assert_cmpint(tls_stream_state(stream), ==, TLS_STREAM_FAILED);
}

/* Whether this octet is of a record's legacy version, which is ignored (RFC 8446, section 5.1). */
static bool
is_version(const uint8_t *octets, size_t length, size_t at)
{
    for (size_t record = 0; record + 5 <= length;) {
        if (at == record + 1 || at == record + 2)
            return true;
        record += 5 + ((size_t)octets[record + 3] << 8 | octets[record + 4]);
    }
    return false;
}

/* Any octet of the server's first flight, changed: no crash, and never open. */
static void
test_garbage(Bed *bed, gconstpointer data)
{
    bool tls13 = GPOINTER_TO_INT(data);
    for (size_t at = 0; at < 900; at += 13) {
        g_autoptr(TlsStream) stream = begin(bed, NAME, NULL);
        g_autoptr(TestTlsServer) server =
            test_tls_server_new(bed->server, tls13 ? TEST_TLS_13 : TEST_TLS_12, NULL);
        g_autoptr(GBytes) hello = tls_stream_take_output(stream);
        g_autoptr(GBytes) reply = test_tls_server_feed(server, hello);
        gsize length;
        const uint8_t *octets = g_bytes_get_data(reply, &length);
        g_autofree uint8_t *bad = g_memdup2(octets, length);
        if (is_version(octets, length, at % length))
            continue;
        bad[at % length] ^= 0x41;
        tls_stream_feed(stream, bad, length);
        g_assert_cmpint(tls_stream_state(stream), !=, TLS_STREAM_SIGN);
        talk(stream, server, NULL, 4000);
        g_assert_cmpint(tls_stream_state(stream), !=, TLS_STREAM_OPEN);
    }
}

static void
test_bounded(Bed *bed, gconstpointer data)
{
    g_autoptr(TlsStream) stream = begin(bed, NAME, NULL);
    g_autofree uint8_t *much = g_malloc0(TLS_STREAM_MAX_INPUT + 1);
    g_assert_cmpint(tls_stream_feed(stream, much, TLS_STREAM_MAX_INPUT + 1), ==, TLS_STREAM_FAILED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(path, function)                                                                       \
    do {                                                                                           \
        g_test_add("/crypto/tls-stream/" path "/tls12", Bed, GINT_TO_POINTER(0), set_up, function, \
                   tear_down);                                                                     \
        g_test_add("/crypto/tls-stream/" path "/tls13", Bed, GINT_TO_POINTER(1), set_up, function, \
                   tear_down);                                                                     \
    } while (0)
    TEST("opens", test_opens);
    TEST("signs", test_signs);
    TEST("asks-in-form", test_form);
    TEST("fails-without-signature", test_no_signature);
    TEST("fails-with-foreign-signature", test_foreign_signature);
    TEST("garbage-never-opens", test_garbage);
#undef TEST
#define TEST(path, function)                                                                       \
    g_test_add("/crypto/tls-stream/" path, Bed, NULL, set_up, function, tear_down)
    TEST("refuses-wrong-name", test_wrong_name);
    TEST("refuses-wrong-authority", test_wrong_authority);
    TEST("refuses-expired", test_expired);
    TEST("refuses-old-version", test_old_version);
    TEST("bounded", test_bounded);
    TEST("signs-after-retry", test_signs_after_retry);
#undef TEST
    return g_test_run();
}
