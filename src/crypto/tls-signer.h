/*
 * A TLS client's key that is somewhere else. The library wants its signature at once, in the middle
 * of a handshake, and cannot be asked to come back; so a step of the handshake runs in a thread of
 * its own, which waits in the library's call until the signature is there. One of the two runs at
 * any time: the caller waits for the thread, or the thread for a signature. Used by tls-stream
 * only.
 */
#pragma once
#include "crypto/certificate.h"

#include <gnutls/abstract.h>

typedef struct _TlsSigner TlsSigner;

/* chain: Certificate, ours first. CRYPTO_ERROR_UNSUPPORTED for a kind of key that TLS has not. */
TlsSigner *tls_signer_new(GPtrArray *chain, GError **error);
/* Ends a thread that waits: its handshake fails. */
void tls_signer_stop(TlsSigner *signer);
void tls_signer_free(TlsSigner *signer);
/* What goes to the library's retrieve function; owned by the signer. */
void tls_signer_credentials(TlsSigner *signer, gnutls_pcert_st **chain, unsigned *n_chain,
                            gnutls_privkey_t *key);
/* Every handshake message, either way, in its order, without its header. */
void tls_signer_note(TlsSigner *signer, uint8_t type, const void *body, size_t length);
/* gnutls_handshake: true when it has returned (*rc), false when it waits for a signature. */
bool tls_signer_handshake(TlsSigner *signer, gnutls_session_t session, int *rc);
GBytes *tls_signer_request(const TlsSigner *signer, uint16_t *scheme); /* borrowed */
/* NULL: there is none. Goes on as tls_signer_handshake. */
bool tls_signer_answer(TlsSigner *signer, GBytes *signature, int *rc);
