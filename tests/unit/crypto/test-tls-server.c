/* Our server against our client, over memory. */
#include "crypto/tls-server.h"

#include "crypto/error.h"
#include "crypto/tls-stream.h"
#include "test-pki.h"

#include <string.h>

#define NAME "relay.example.com"

typedef struct {
    TestIdentity *authority, *identity, *other;
    TlsServerIdentity *server;
    TrustStore *trust;
} Bed;

static GBytes *
pem(const char *text)
{
    return g_bytes_new_static(text, strlen(text));
}

static void
set_up(Bed *bed, gconstpointer data)
{
    bed->authority = test_identity_new(&(TestPkiSpec){ .name = "CA", .authority = true }, NULL);
    bed->identity = test_identity_new(&(TestPkiSpec){ .name = "r", .dns = NAME }, bed->authority);
    bed->other = test_identity_new(&(TestPkiSpec){ .name = "o" }, bed->authority);
    bed->trust = test_identity_trust(bed->authority);
    g_autoptr(GBytes) chain = pem(test_identity_certificate_pem(bed->identity));
    g_autoptr(GBytes) key = pem(test_identity_key_pem(bed->identity));
    bed->server = tls_server_identity_new(chain, key, NULL);
    g_assert_nonnull(bed->server);
}

static void
tear_down(Bed *bed, gconstpointer data)
{
    tls_server_identity_unref(bed->server);
    trust_store_unref(bed->trust);
    test_identity_free(bed->other);
    test_identity_free(bed->identity);
    test_identity_free(bed->authority);
}

static TlsStream *
client_new(const Bed *bed)
{
    TlsStreamConfig config = { bed->trust, NAME, true, TEST_PKI_NOW, NULL };
    TlsStream *client = tls_stream_new(&config, NULL);
    tls_stream_feed(client, NULL, 0);
    return client;
}

/* What the client has to say, at most so many octets at a time, and the answer. */
static void
pass(TlsStream *client, TlsServer *server, size_t most, GByteArray *plain)
{
    g_autoptr(GBytes) sent = tls_stream_take_output(client);
    g_autoptr(GByteArray) out = g_byte_array_new();
    gsize length;
    const uint8_t *data = g_bytes_get_data(sent, &length);
    for (size_t done = 0; done < length; done += MIN(most, length - done))
        tls_server_feed(server, data + done, MIN(most, length - done), plain, out);
    if (out->len > 0)
        tls_stream_feed(client, out->data, out->len);
}

static void
check_both_ways(const Bed *bed, size_t most)
{
    g_autoptr(TlsStream) client = client_new(bed);
    g_autoptr(TlsServer) server = tls_server_new(bed->server);
    g_autoptr(GByteArray) plain = g_byte_array_new(), out = g_byte_array_new();
    g_assert_false(tls_server_write(server, "early", 5, out));
    for (unsigned i = 0; i < 4 && tls_server_state(server) == TLS_SERVER_HANDSHAKE; i++)
        pass(client, server, most, plain);
    g_assert_cmpint(tls_server_state(server), ==, TLS_SERVER_OPEN);
    g_assert_cmpint(tls_stream_state(client), ==, TLS_STREAM_OPEN);
    g_assert_true(tls_stream_write(client, "hello", 5));
    pass(client, server, most, plain);
    g_assert_cmpmem(plain->data, plain->len, "hello", 5);
    g_assert_true(tls_server_write(server, "answer", 6, out));
    tls_stream_feed(client, out->data, out->len);
    g_autoptr(GBytes) got = tls_stream_take_data(client);
    g_assert_nonnull(got);
    g_assert_cmpmem(g_bytes_get_data(got, NULL), g_bytes_get_size(got), "answer", 6);
    g_byte_array_set_size(out, 0);
    tls_server_close(server, out);
    g_assert_cmpint(tls_stream_feed(client, out->data, out->len), ==, TLS_STREAM_CLOSED);
}

static void
test_both_ways(Bed *bed, gconstpointer data)
{
    check_both_ways(bed, TLS_SERVER_MAX_INPUT);
}

static void
test_octet_by_octet(Bed *bed, gconstpointer data)
{
    check_both_ways(bed, 1);
}

static void
test_no_tls(Bed *bed, gconstpointer data)
{
    static const char *const wrong[] = { "IKETCP", "GET / HTTP/1.1\r\n\r\n",
                                         "\x16\x03\x01\0\1\xff" };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(TlsServer) server = tls_server_new(bed->server);
        g_autoptr(GByteArray) plain = g_byte_array_new(), out = g_byte_array_new();
        size_t length = i == 2 ? 6 : strlen(wrong[i]);
        TlsServerState state = tls_server_feed(server, wrong[i], length, plain, out);
        if (i < 2) /* at once; the last may go on to be a message */
            g_assert_cmpint(state, ==, TLS_SERVER_FAILED);
        g_assert_cmpint(tls_server_feed(server, "\x17\x03\x03\0\1\0", 6, plain, out), ==,
                        TLS_SERVER_FAILED);
        g_assert_cmpuint(plain->len, ==, 0);
    }
}

static void
test_wrong_key(Bed *bed, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) chain = pem(test_identity_certificate_pem(bed->identity));
    g_autoptr(GBytes) key = pem(test_identity_key_pem(bed->other));
    g_assert_null(tls_server_identity_new(chain, key, &error));
    g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/crypto/tls-server/both-ways", Bed, NULL, set_up, test_both_ways, tear_down);
    g_test_add("/crypto/tls-server/octet-by-octet", Bed, NULL, set_up, test_octet_by_octet,
               tear_down);
    g_test_add("/crypto/tls-server/no-tls", Bed, NULL, set_up, test_no_tls, tear_down);
    g_test_add("/crypto/tls-server/wrong-key", Bed, NULL, set_up, test_wrong_key, tear_down);
    return g_test_run();
}
