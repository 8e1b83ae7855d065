/*
 * The messages of a TLS handshake as they were sent and received, because the library shows only
 * the digest of what a client signs, and whoever holds the key wants to see what he signs. Used by
 * tls-signer only.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include <gnutls/gnutls.h>

#define TLS_TRANSCRIPT_MAX (60 * 1024) /* octets */

typedef struct {
    GByteArray *messages; /* with their headers; begins anew behind a HelloRetryRequest's Hello */
    GBytes *first_hello;  /* ClientHello that a HelloRetryRequest answered; NULL: there was none */
    bool overflow;
} TlsTranscript;

void tls_transcript_init(TlsTranscript *transcript);
void tls_transcript_clear(TlsTranscript *transcript);
void tls_transcript_add(TlsTranscript *transcript, uint8_t type, const void *body, size_t length);
/* All messages (RFC 5246, section 7.4.8), or the form of RFC 8446, section 4.4.3; hash: of the
 * session. Only where its digest by the algorithm is the one that the library wants signed, so that
 * the two cannot differ; NULL otherwise. */
GBytes *tls_transcript_signed(const TlsTranscript *transcript, bool tls13,
                              gnutls_digest_algorithm_t hash, gnutls_digest_algorithm_t algorithm,
                              const gnutls_datum_t *digest);
