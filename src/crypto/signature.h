/*
 * Signatures in AUTH payloads (RFC 7296, section 2.15; RFC 7427; RFC 4754 for method 9 to 11).
 */
#pragma once
#include "crypto/certificate.h"
#include "crypto/prf.h"

enum { /* "IKEv2 Authentication Method" */
       AUTH_METHOD_RSA = 1,
       AUTH_METHOD_PSK = 2,
       AUTH_METHOD_ECDSA_256 = 9,
       AUTH_METHOD_ECDSA_384 = 10,
       AUTH_METHOD_ECDSA_521 = 11,
       AUTH_METHOD_NULL = 13,
       AUTH_METHOD_DIGITAL_SIGNATURE = 14,
};

typedef struct _PrivateKey PrivateKey;

/* PEM: PKCS#8 (plain or encrypted), SEC1, PKCS#1. password NULL where none is known. */
PrivateKey *private_key_from_pem(const char *pem, size_t length, const Secret *password,
                                 GError **error);
/* A key that the library reaches by other ways, as one in a token. Takes handle
 * (gnutls_privkey_t). */
struct gnutls_privkey_st;
PrivateKey *private_key_wrap(struct gnutls_privkey_st *handle);
void private_key_free(PrivateKey *key);
bool private_key_matches(const PrivateKey *key, const Certificate *certificate);

/* Signs the concatenated chunks (the octets of RFC 7296, section 2.15). hashes are the HASH_* that
 * the peer announced by SIGNATURE_HASH_ALGORITHMS; none announced (n_hashes 0) means the legacy
 * methods. With method 14, *auth is the whole authentication data of RFC 7427, section 3 (length,
 * AlgorithmIdentifier, signature), RSA as PSS unless rsa_pkcs1, or where the key is in a token that
 * cannot. ECDSA is DER in method 14 and r||s in 9 to 11. */
bool private_key_sign_auth(const PrivateKey *key, const uint16_t *hashes, size_t n_hashes,
                           bool rsa_pkcs1, const Chunk *chunks, size_t n_chunks, uint8_t *method,
                           GBytes **auth, GError **error);

/* Whether authentication data that private_key_sign_auth made is RSA with PSS. */
bool signature_is_rsa_pss(uint8_t method, const void *auth, size_t length);

/* A TLS client's signature with a SignatureScheme of RFC 8446, section 4.2.3, over data as TLS has
 * it (the caller has judged it). CRYPTO_ERROR_UNSUPPORTED for a scheme that the key cannot do, or
 * one with SHA-1. */
bool private_key_sign_tls(const PrivateKey *key, uint16_t scheme, const void *data, size_t length,
                          GBytes **signature, GError **error);

/* Checks authentication data that a peer sent. Refused: SHA-1 in method 14, RSA under 2048 bits, an
 * AlgorithmIdentifier that does not fit the key. CRYPTO_ERROR_BAD_SIGNATURE, _UNSUPPORTED,
 * _INVALID. */
bool certificate_verify_auth(const Certificate *certificate, uint8_t method, const void *auth,
                             size_t auth_length, const Chunk *chunks, size_t n_chunks,
                             GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PrivateKey, private_key_free)
