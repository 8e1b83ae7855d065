/*
 * Authenticated encryption as IKE's SK payload and ESP use it: a combined mode, or AES-CBC with a
 * truncated HMAC behind it (RFC 4106, 5282, 7634, 3602, 4868). Keys are expanded once. In place, no
 * allocation. One object is used by one thread at a time: make one for each direction.
 */
#pragma once
#include "base/secret.h"

typedef struct _Aead Aead;

/* encr_key has encr_key_length octets (salt last); integ and integ_key are 0 and NULL for a
 * combined mode. */
Aead *aead_new(uint16_t encr, uint16_t key_bits, const Secret *encr_key, uint16_t integ,
               const Secret *integ_key, GError **error);
void aead_free(Aead *aead);
size_t aead_iv_length(const Aead *aead);
size_t aead_icv_length(const Aead *aead);
/* What the text's length must be a multiple of (1 for none). */
size_t aead_block_length(const Aead *aead);
/* True where the IV only has to be unique (a counter will do: RFC 4106, section 3.1); false where
 * it must be unpredictable (RFC 3602, section 3). */
bool aead_iv_is_counter(const Aead *aead);

/* What is authenticated besides the text. For CBC with HMAC the MAC runs over
 * aad | IV | ciphertext | trailer; combined modes take aad only and require trailer_length 0. */
typedef struct {
    const uint8_t *aad;
    size_t aad_length;
    const uint8_t *trailer; /* the high half of an extended sequence number (RFC 4303, 2.2.1) */
    size_t trailer_length;
} AeadExtra;

/* Encrypts length octets of text in place and writes the ICV. False only on a library failure or a
 * length that is no multiple of the block. */
bool aead_seal(Aead *aead, const AeadExtra *extra, const uint8_t *iv, uint8_t *text, size_t length,
               uint8_t *icv) G_GNUC_WARN_UNUSED_RESULT;
/* Checks the ICV and decrypts in place; on false the text is undefined and must not be used. */
bool aead_open(Aead *aead, const AeadExtra *extra, const uint8_t *iv, uint8_t *text, size_t length,
               const uint8_t *icv) G_GNUC_WARN_UNUSED_RESULT;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Aead, aead_free)
