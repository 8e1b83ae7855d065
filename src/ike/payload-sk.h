/*
 * The Encrypted payload and the Encrypted Fragment payload (RFC 7296, section 3.14; RFC 5282,
 * section 3; RFC 7383, section 2.5): taking off and putting on the protection. What is inside is
 * for message and fragment.
 */
#pragma once
#include "base/bytes.h"
#include "crypto/aead.h"
#include "crypto/rng.h"

#define PAYLOAD_SKF_FIXED_LENGTH 4 /* octets of fragment number and total */

/* The body of SK or SKF, still closed. */
typedef struct {
    bool fragment;       /* SKF */
    uint8_t first_inner; /* payload type of the first payload inside; 0 for none */
    uint8_t flags;       /* critical bit and RESERVED, as on the wire */
    uint16_t number;     /* SKF: from 1 */
    uint16_t total;      /* SKF */
    size_t offset; /* of the IV within the whole message: what is before it is authenticated */
} PayloadSk;

/* Makes the IVs: a counter where the cipher needs no more than uniqueness, else random octets. One
 * for each key, used as long as the key: next_iv must never go back. */
typedef struct {
    Aead *aead;
    Rng *rng;
    uint64_t next_iv;
} PayloadSkSealer;

/* reader stands behind the generic header of a message's last payload, which begins at offset. SKF
 * fields out of range are an error. */
bool payload_sk_parse(ByteReader *reader, bool fragment, uint8_t first_inner, PayloadSk *out,
                      GError **error);
/* Checks and opens: the plaintext without padding, or NULL where the ICV does not match or the
 * padding is impossible. *authentic tells which (may be NULL). message is the whole message. */
GBytes *payload_sk_open(const PayloadSk *sk, GBytes *message, Aead *aead, bool *authentic);
/* Octets from the IV to the ICV's end for length octets of plaintext. */
size_t payload_sk_sealed_length(const Aead *aead, size_t length);
/* Appends IV, ciphertext, padding and ICV to writer, which holds the message up to the IV, lengths
 * already right: all of it is authenticated. */
bool payload_sk_seal(PayloadSkSealer *sealer, const uint8_t *plain, size_t length,
                     ByteWriter *writer) G_GNUC_WARN_UNUSED_RESULT;
