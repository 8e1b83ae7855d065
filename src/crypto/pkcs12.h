/* PKCS#12 (RFC 7292): certificate, key and what leads to an authority in one encrypted file. */
#pragma once
#include "crypto/signature.h"

#define PKCS12_MAX_LENGTH (256 * 1024)

/* chain_pem: the certificate that belongs to the key, then the others. Errors:
 * CRYPTO_ERROR_WRONG_PASSWORD; _INVALID: no PKCS#12, or not one key and its certificate in it. */
bool pkcs12_open(const void *data, size_t length, const Secret *password, GBytes **chain_pem,
                 PrivateKey **key, GError **error);
/* The same with the key as PEM (PKCS#8), unencrypted. */
bool pkcs12_to_pem(const void *data, size_t length, const Secret *password, GBytes **chain_pem,
                   Secret **key_pem, GError **error);
/* Whether it could be one: DER of a version 3 PFX. */
bool pkcs12_is_likely(const void *data, size_t length);
