/*
 * The combined modes by a library that does them faster than GnuTLS, where the build found one:
 * Intel's multi-buffer library (all of them, x86-64), else libcrypto (ChaCha20-Poly1305, where
 * GnuTLS has no vector code). Used by aead only.
 */
#pragma once
#include "crypto/aead.h"

#include <stdint.h>

#define AEAD_FAST_NONCE 12
#define AEAD_FAST_TAG   16

typedef struct _AeadFast AeadFast;

/* key: without salt. NULL: not this algorithm, or not on this machine. */
AeadFast *aead_fast_new(uint16_t encr, uint16_t key_bits, const uint8_t *key);
void aead_fast_free(AeadFast *fast);
/* length octets of text in place; tag has AEAD_FAST_TAG octets. False: the library failed. */
bool aead_fast_seal(AeadFast *fast, const uint8_t *nonce, const AeadExtra *extra, uint8_t *text,
                    size_t length, uint8_t *tag);
/* Checks icv, the first icv_length octets of the tag, and decrypts; on false the text is undefined.
 */
bool aead_fast_open(AeadFast *fast, const uint8_t *nonce, const AeadExtra *extra, uint8_t *text,
                    size_t length, const uint8_t *icv, size_t icv_length);
