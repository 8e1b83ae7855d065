/*
 * The client's side of TLS 1.2 and 1.3 over memory (RFC 5246, RFC 8446): octets of the server go
 * in, octets for it and plaintext come out. The server's certificate is judged by our own rules and
 * the caller's clock; a signature of ours is asked for and given from outside, because the key is
 * not here. Resumed is what the caller says, from memory of his; nothing is renegotiated or sent
 * early. Not for two threads at once.
 */
#pragma once
#include "base/secret.h"
#include "crypto/certificate.h"

#define TLS_STREAM_MAX_INPUT     (128 * 1024) /* octets of one feed */
#define TLS_STREAM_MAX_HANDSHAKE (64 * 1024)  /* of one handshake message */
#define TLS_STREAM_MAX_SIGNATURE 4096         /* of a signature from outside */
#define TLS_STREAM_MAX_SESSION   (32 * 1024)  /* of what a session is resumed by */
#define TLS_STREAM_MAX_RECORD    (16 * 1024)  /* plaintext octets of one record */

typedef struct _TlsStream TlsStream;

/* Borrowed for tls_stream_new only. */
typedef struct {
    TrustStore *trust;       /* never NULL */
    const char *server_name; /* dNSName that its certificate carries, exactly; NULL: any */
    bool announce_name;      /* send server_name in ClientHello (RFC 6066, section 3) */
    int64_t now_s;           /* Unix seconds */
    GPtrArray *chain;        /* Certificate of ours, first ours; NULL: none */
    bool web_name;           /* server_name as certificate_matches_host has it; may be an address */
    bool resumable;          /* tls_stream_take_session is wanted */
    const Secret *resume;    /* what that gave, of the same server_name and trust; NULL: nothing */
} TlsStreamConfig;

typedef enum {
    TLS_STREAM_HANDSHAKE, /* goes on with tls_stream_feed */
    TLS_STREAM_SIGN,      /* goes on with tls_stream_sign */
    TLS_STREAM_OPEN,      /* the server is who it should be */
    TLS_STREAM_CLOSED,    /* it has said goodbye */
    TLS_STREAM_FAILED,    /* for good; tls_stream_error. There may be an alert to send */
} TlsStreamState;

TlsStream *tls_stream_new(const TlsStreamConfig *config, GError **error);
void tls_stream_free(TlsStream *stream);
/* Begins (length 0) or goes on. */
TlsStreamState tls_stream_feed(TlsStream *stream, const void *data, size_t length);
TlsStreamState tls_stream_state(const TlsStream *stream);
/* In TLS_STREAM_SIGN: the SignatureScheme (RFC 8446, section 4.2.3) and what is to be signed, not
 * hashed: all messages so far in TLS 1.2 (RFC 5246, section 7.4.8), the form of RFC 8446, section
 * 4.4.3, in TLS 1.3. Borrowed. */
GBytes *tls_stream_to_sign(const TlsStream *stream, uint16_t *scheme);
/* signature NULL: there is none to be had, the handshake fails. */
TlsStreamState tls_stream_sign(TlsStream *stream, GBytes *signature);
/* Everything that waits for the server; empty where nothing does. */
GBytes *tls_stream_take_output(TlsStream *stream);
/* Plaintext that came; NULL where none did. */
GBytes *tls_stream_take_data(TlsStream *stream);
bool tls_stream_write(TlsStream *stream, const void *data, size_t length);
/* Where much flows, while TLS_STREAM_OPEN. read: *n octets of plaintext to out, which has room for
 * length + TLS_STREAM_MAX_RECORD. swap: what waits for the server against an empty array, which
 * collects from now on (both are the caller's to give and take). */
TlsStreamState tls_stream_read(TlsStream *stream, const void *data, size_t length, uint8_t *out,
                               size_t room, size_t *n);
GByteArray *tls_stream_swap_output(TlsStream *stream, GByteArray *empty /* taken */);
/* Says goodbye where the session is open. */
void tls_stream_close(TlsStream *stream);
/* By what a later session can be resumed, once each time that the server gave something (RFC 8446,
 * section 4.6.1; RFC 5077); NULL: nothing new. */
Secret *tls_stream_take_session(TlsStream *stream);
bool tls_stream_was_resumed(const TlsStream *stream);
/* In TLS_STREAM_FAILED: CRYPTO_ERROR_*, words for people. Borrowed. */
const GError *tls_stream_error(const TlsStream *stream);
/* The server's certificates up to the anchor, verified (Certificate); borrowed, NULL before. */
GPtrArray *tls_stream_server_path(const TlsStream *stream);
bool tls_stream_is_tls13(const TlsStream *stream);
/* Keying material (RFC 5705; RFC 8446, section 7.5); without context (NULL) it is in TLS 1.2 what
 * its PRF makes of label and both randoms. NULL unless open. */
Secret *tls_stream_export(TlsStream *stream, const char *label, const void *context,
                          size_t context_length, size_t length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsStream, tls_stream_free)
