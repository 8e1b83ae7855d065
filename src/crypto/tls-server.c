#include "config.h"

#include "crypto/tls-server.h"

#include "crypto/error.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* As a client of ours has it: forward secrecy always, nothing with SHA-1 in signatures. */
#define PRIORITY                                                                                   \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:"             \
    "-SIGN-DSA-SHA1:%SERVER_PRECEDENCE"
#define READ_CHUNK       4096
#define RECORD_HANDSHAKE 22

struct _TlsServerIdentity {
    gatomicrefcount references;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    gnutls_datum_t ticket_key;
};

struct _TlsServer {
    TlsServerIdentity *identity;
    gnutls_session_t session;
    TlsServerState state;
    bool began;           /* the first octet was right */
    const uint8_t *input; /* during a call */
    size_t input_left;
    GByteArray *out; /* during a call */
};

/* ---- identity ---- */

static gnutls_datum_t
datum(GBytes *bytes)
{
    gsize length;
    const void *data = g_bytes_get_data(bytes, &length);
    return (gnutls_datum_t){ (unsigned char *)data, (unsigned)length };
}

static int
load(TlsServerIdentity *identity, GBytes *chain_pem, GBytes *key_pem)
{
    gnutls_datum_t chain = datum(chain_pem), key = datum(key_pem);
    int rc = gnutls_certificate_allocate_credentials(&identity->credentials);
    /* This checks that the key is the certificate's. */
    if (rc >= 0)
        rc = gnutls_certificate_set_x509_key_mem2(identity->credentials, &chain, &key,
                                                  GNUTLS_X509_FMT_PEM, NULL, 0);
    if (rc >= 0)
        rc = gnutls_priority_init2(&identity->priority, PRIORITY, NULL, 0);
    return rc >= 0 ? gnutls_session_ticket_key_generate(&identity->ticket_key) : rc;
}

TlsServerIdentity *
tls_server_identity_new(GBytes *chain_pem, GBytes *key_pem, GError **error)
{
    TlsServerIdentity *identity = g_new0(TlsServerIdentity, 1);
    g_atomic_ref_count_init(&identity->references);
    int rc = load(identity, chain_pem, key_pem);
    if (rc >= 0)
        return identity;
    g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID, "certificate and key for TLS: %s",
                gnutls_strerror(rc));
    tls_server_identity_unref(identity);
    return NULL;
}

TlsServerIdentity *
tls_server_identity_ref(TlsServerIdentity *identity)
{
    g_atomic_ref_count_inc(&identity->references);
    return identity;
}

void
tls_server_identity_unref(TlsServerIdentity *identity)
{
    if (identity == NULL || !g_atomic_ref_count_dec(&identity->references))
        return;
    if (identity->credentials != NULL)
        gnutls_certificate_free_credentials(identity->credentials);
    if (identity->priority != NULL)
        gnutls_priority_deinit(identity->priority);
    if (identity->ticket_key.data != NULL)
        gnutls_memset(identity->ticket_key.data, 0, identity->ticket_key.size);
    gnutls_free(identity->ticket_key.data);
    g_free(identity);
}

/* ---- the library's side: memory instead of a socket ---- */

static ssize_t
pull(gnutls_transport_ptr_t pointer, void *out, size_t length)
{
    TlsServer *server = pointer;
    length = MIN(length, server->input_left);
    if (length == 0) {
        gnutls_transport_set_errno(server->session, EAGAIN);
        return -1;
    }
    memcpy(out, server->input, length);
    server->input += length;
    server->input_left -= length;
    return (ssize_t)length;
}

static int
pull_timeout(gnutls_transport_ptr_t pointer, unsigned ms)
{
    return ((const TlsServer *)pointer)->input_left > 0;
}

static ssize_t
push(gnutls_transport_ptr_t pointer, const void *data, size_t length)
{
    g_byte_array_append(((TlsServer *)pointer)->out, data, (guint)length);
    return (ssize_t)length;
}

/* ---- a session ---- */

TlsServer *
tls_server_new(TlsServerIdentity *identity)
{
    g_autoptr(TlsServer) server = g_new0(TlsServer, 1);
    server->identity = tls_server_identity_ref(identity);
    if (gnutls_init(&server->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0 ||
        gnutls_priority_set(server->session, identity->priority) < 0 ||
        gnutls_credentials_set(server->session, GNUTLS_CRD_CERTIFICATE, identity->credentials) <
            0 ||
        gnutls_session_ticket_enable_server(server->session, &identity->ticket_key) < 0)
        return NULL;
    gnutls_certificate_server_set_request(server->session, GNUTLS_CERT_IGNORE);
    gnutls_handshake_set_timeout(server->session, GNUTLS_INDEFINITE_TIMEOUT);
    gnutls_handshake_set_max_packet_length(server->session, TLS_SERVER_MAX_HANDSHAKE);
    gnutls_transport_set_ptr(server->session, server);
    gnutls_transport_set_pull_function(server->session, pull);
    gnutls_transport_set_pull_timeout_function(server->session, pull_timeout);
    gnutls_transport_set_push_function(server->session, push);
    return g_steal_pointer(&server);
}

void
tls_server_free(TlsServer *server)
{
    if (server == NULL)
        return;
    if (server->session != NULL)
        gnutls_deinit(server->session);
    tls_server_identity_unref(server->identity);
    g_free(server);
}

static void
fail(TlsServer *server, int rc)
{
    server->state = TLS_SERVER_FAILED;
    if (rc != GNUTLS_E_FATAL_ALERT_RECEIVED)
        gnutls_alert_send_appropriate(server->session, rc);
}

static void
shake_hands(TlsServer *server)
{
    int rc;
    do
        rc = gnutls_handshake(server->session);
    /* Warnings are not waited for; each is of octets that were fed and so they end. */
    while (rc < 0 && rc != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(rc));
    if (rc == GNUTLS_E_SUCCESS)
        server->state = TLS_SERVER_OPEN;
    else if (rc != GNUTLS_E_AGAIN)
        fail(server, rc);
}

static void
read_plain(TlsServer *server, GByteArray *plain)
{
    uint8_t chunk[READ_CHUNK];
    for (;;) {
        size_t before = server->input_left;
        ssize_t n = gnutls_record_recv(server->session, chunk, sizeof chunk);
        if (n == GNUTLS_E_INTERRUPTED)
            continue;
        /* Also after a message for the library itself: there may be more. */
        if (n == GNUTLS_E_AGAIN && server->input_left < before && server->input_left > 0)
            continue;
        if (n == 0)
            server->state = TLS_SERVER_CLOSED;
        else if (n < 0 && n != GNUTLS_E_AGAIN) /* GNUTLS_E_REHANDSHAKE too */
            fail(server, (int)n);
        if (n <= 0)
            return;
        g_byte_array_append(plain, chunk, (guint)n);
    }
}

TlsServerState
tls_server_feed(TlsServer *server, const void *data, size_t length, GByteArray *plain,
                GByteArray *out)
{
    if (server->state == TLS_SERVER_CLOSED || server->state == TLS_SERVER_FAILED)
        return server->state;
    g_return_val_if_fail(length <= TLS_SERVER_MAX_INPUT, TLS_SERVER_FAILED);
    /* The library would wait for the rest of what can be no record (RFC 8446, section 5.1). */
    if (!server->began && length > 0 && *(const uint8_t *)data != RECORD_HANDSHAKE) {
        server->state = TLS_SERVER_FAILED;
        return server->state;
    }
    server->began = server->began || length > 0;
    server->input = data;
    server->input_left = length;
    server->out = out;
    /* The library keeps what it has of a record, and asks until there is no more. */
    if (server->state == TLS_SERVER_HANDSHAKE)
        shake_hands(server);
    if (server->state == TLS_SERVER_OPEN)
        read_plain(server, plain);
    server->out = NULL;
    return server->state;
}

bool
tls_server_write(TlsServer *server, const void *data, size_t length, GByteArray *out)
{
    const uint8_t *octets = data;
    server->out = out;
    while (server->state == TLS_SERVER_OPEN && length > 0) {
        ssize_t n = gnutls_record_send(server->session, octets, length);
        if (n <= 0) {
            server->state = TLS_SERVER_FAILED;
            break;
        }
        octets += n;
        length -= (size_t)n;
    }
    server->out = NULL;
    return server->state == TLS_SERVER_OPEN;
}

void
tls_server_close(TlsServer *server, GByteArray *out)
{
    if (server->state != TLS_SERVER_OPEN)
        return;
    server->out = out;
    gnutls_bye(server->session, GNUTLS_SHUT_WR);
    server->out = NULL;
    server->state = TLS_SERVER_CLOSED;
}

TlsServerState
tls_server_state(const TlsServer *server)
{
    return server->state;
}

bool
tls_server_was_resumed(const TlsServer *server)
{
    return gnutls_session_is_resumed(server->session) != 0;
}
