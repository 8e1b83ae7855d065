/*
 * The server's side of TLS 1.2 and 1.3 over memory (RFC 5246, RFC 8446), for a program that takes
 * streams from strangers: octets of a client go in, plaintext and octets for it come out. Clients
 * show no certificate; sessions are resumed by ticket, nothing is renegotiated or sent early.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define TLS_SERVER_MAX_HANDSHAKE (16 * 1024)  /* of one handshake message */
#define TLS_SERVER_MAX_INPUT     (128 * 1024) /* octets of one feed */

/* Certificates and key as they were when they were read; immutable, shared by sessions. */
typedef struct _TlsServerIdentity TlsServerIdentity;
typedef struct _TlsServer TlsServer;

typedef enum {
    TLS_SERVER_HANDSHAKE,
    TLS_SERVER_OPEN,
    TLS_SERVER_CLOSED, /* the client has said goodbye */
    TLS_SERVER_FAILED, /* for good; there may be an alert in out */
} TlsServerState;

/* PEM: the server's certificate first, then those above it; the key, not encrypted. Refused where
 * the two do not belong together. CRYPTO_ERROR_INVALID. */
TlsServerIdentity *tls_server_identity_new(GBytes *chain_pem, GBytes *key_pem, GError **error);
TlsServerIdentity *tls_server_identity_ref(TlsServerIdentity *identity);
void tls_server_identity_unref(TlsServerIdentity *identity);

/* NULL without memory for it. */
TlsServer *tls_server_new(TlsServerIdentity *identity);
void tls_server_free(TlsServer *server);
/* Appends what comes of it to plain (never more than was fed) and out. */
TlsServerState tls_server_feed(TlsServer *server, const void *data, size_t length,
                               GByteArray *plain, GByteArray *out);
/* As records, appended to out; false unless open. */
bool tls_server_write(TlsServer *server, const void *data, size_t length, GByteArray *out);
/* Says goodbye where the session is open. */
void tls_server_close(TlsServer *server, GByteArray *out);
TlsServerState tls_server_state(const TlsServer *server);
/* In TLS_SERVER_OPEN: the client came with a ticket of ours (RFC 8446, section 2.2; RFC 5077). */
bool tls_server_was_resumed(const TlsServer *server);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsServerIdentity, tls_server_identity_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsServer, tls_server_free)
