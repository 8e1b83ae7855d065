#include "config.h"

#include "tls-server.h"

#include <errno.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

struct _TestTlsServer {
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    GByteArray *in, *out, *data;
    bool open;
    int error;
};

static ssize_t
pull(gnutls_transport_ptr_t pointer, void *out, size_t length)
{
    TestTlsServer *server = pointer;
    length = MIN(length, server->in->len);
    if (length == 0) {
        gnutls_transport_set_errno(server->session, EAGAIN);
        return -1;
    }
    memcpy(out, server->in->data, length);
    g_byte_array_remove_range(server->in, 0, (guint)length);
    return (ssize_t)length;
}

static int
pull_timeout(gnutls_transport_ptr_t pointer, unsigned ms)
{
    (void)ms;
    return ((TestTlsServer *)pointer)->in->len > 0;
}

static ssize_t
push(gnutls_transport_ptr_t pointer, const void *data, size_t length)
{
    g_byte_array_append(((TestTlsServer *)pointer)->out, data, (guint)length);
    return (ssize_t)length;
}

static gnutls_datum_t
text(const char *pem)
{
    return (gnutls_datum_t){ (unsigned char *)pem, (unsigned)strlen(pem) };
}

/* By the tests' clock, not the machine's: the authority and nothing of time. */
static int
verify(gnutls_session_t session)
{
    unsigned status = 0;
    gnutls_certificate_set_verify_flags(
        ((TestTlsServer *)gnutls_session_get_ptr(session))->credentials,
        GNUTLS_VERIFY_DISABLE_TIME_CHECKS);
    int rc = gnutls_certificate_verify_peers2(session, &status);
    return rc < 0 || status != 0 ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

TestTlsServer *
test_tls_server_new(const TestIdentity *identity, const char *priority,
                    const TestIdentity *client_issuer)
{
    TestTlsServer *server = g_new0(TestTlsServer, 1);
    server->in = g_byte_array_new();
    server->out = g_byte_array_new();
    server->data = g_byte_array_new();
    gnutls_datum_t certificate = text(test_identity_certificate_pem(identity));
    gnutls_datum_t key = text(test_identity_key_pem(identity));
    gnutls_certificate_allocate_credentials(&server->credentials);
    g_assert_cmpint(gnutls_certificate_set_x509_key_mem(server->credentials, &certificate, &key,
                                                        GNUTLS_X509_FMT_PEM),
                    >=, 0);
    gnutls_init(&server->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
    gnutls_session_set_ptr(server->session, server);
    g_assert_cmpint(gnutls_priority_set_direct(server->session, priority, NULL), ==, 0);
    gnutls_credentials_set(server->session, GNUTLS_CRD_CERTIFICATE, server->credentials);
    if (client_issuer != NULL) {
        gnutls_datum_t issuer = text(test_identity_certificate_pem(client_issuer));
        g_assert_cmpint(gnutls_certificate_set_x509_trust_mem(server->credentials, &issuer,
                                                              GNUTLS_X509_FMT_PEM),
                        ==, 1);
        gnutls_certificate_set_verify_function(server->credentials, verify);
        gnutls_certificate_server_set_request(server->session, GNUTLS_CERT_REQUIRE);
    }
    gnutls_transport_set_ptr(server->session, server);
    gnutls_transport_set_pull_function(server->session, pull);
    gnutls_transport_set_pull_timeout_function(server->session, pull_timeout);
    gnutls_transport_set_push_function(server->session, push);
    return server;
}

void
test_tls_server_free(TestTlsServer *server)
{
    if (server == NULL)
        return;
    gnutls_deinit(server->session);
    gnutls_certificate_free_credentials(server->credentials);
    g_byte_array_unref(server->in);
    g_byte_array_unref(server->out);
    g_byte_array_unref(server->data);
    g_free(server);
}

static GBytes *
take(GByteArray **array)
{
    GBytes *bytes = g_byte_array_free_to_bytes(*array);
    *array = g_byte_array_new();
    return bytes;
}

static void
read_all(TestTlsServer *server)
{
    uint8_t octets[4096];
    ssize_t n;
    while ((n = gnutls_record_recv(server->session, octets, sizeof octets)) > 0)
        g_byte_array_append(server->data, octets, (guint)n);
    if (n < 0 && n != GNUTLS_E_AGAIN)
        server->error = (int)n;
}

GBytes *
test_tls_server_feed(TestTlsServer *server, GBytes *octets)
{
    g_byte_array_append(server->in, g_bytes_get_data(octets, NULL),
                        (guint)g_bytes_get_size(octets));
    while (!server->open && server->error == 0) {
        int rc = gnutls_handshake(server->session);
        server->open = rc == 0;
        if (rc == GNUTLS_E_AGAIN)
            break;
        if (rc < 0 && gnutls_error_is_fatal(rc)) {
            server->error = rc;
            gnutls_alert_send_appropriate(server->session, rc);
        }
    }
    if (server->open && server->error == 0)
        read_all(server);
    return take(&server->out);
}

bool
test_tls_server_open(const TestTlsServer *server)
{
    return server->open;
}

int
test_tls_server_error(const TestTlsServer *server)
{
    return server->error;
}

GBytes *
test_tls_server_take_data(TestTlsServer *server)
{
    return server->data->len > 0 ? take(&server->data) : NULL;
}

void
test_tls_server_give_tickets(TestTlsServer *server)
{
    static gnutls_datum_t key;
    if (key.data == NULL)
        g_assert_cmpint(gnutls_session_ticket_key_generate(&key), ==, 0);
    g_assert_cmpint(gnutls_session_ticket_enable_server(server->session, &key), ==, 0);
}

bool
test_tls_server_resumed(const TestTlsServer *server)
{
    return gnutls_session_is_resumed(server->session) != 0;
}

GBytes *
test_tls_server_update_keys(TestTlsServer *server)
{
    g_assert_cmpint(gnutls_session_key_update(server->session, GNUTLS_KU_PEER), ==, 0);
    return take(&server->out);
}

GBytes *
test_tls_server_close(TestTlsServer *server)
{
    g_assert_cmpint(gnutls_bye(server->session, GNUTLS_SHUT_WR), ==, 0);
    return take(&server->out);
}

GBytes *
test_tls_server_write(TestTlsServer *server, const void *data, size_t length)
{
    g_assert_cmpint(gnutls_record_send(server->session, data, length), ==, (ssize_t)length);
    return take(&server->out);
}

Secret *
test_tls_server_export(TestTlsServer *server, const char *label, const void *context,
                       size_t context_length, size_t length)
{
    uint8_t *out;
    Secret *secret = secret_new_blank(length, &out);
    g_assert_cmpint(gnutls_prf_rfc5705(server->session, strlen(label), label, context_length,
                                       context, length, (char *)out),
                    ==, 0);
    return secret;
}
