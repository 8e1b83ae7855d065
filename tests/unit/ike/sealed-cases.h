/*
 * A cipher of each kind with fixed keys and random octets that repeat, for tests of sealed
 * messages.
 */
#pragma once
#include "ike/message.h"

typedef struct {
    const char *name;
    uint16_t encr, key_bits, integ;
} SealedCipher;

extern const SealedCipher sealed_ciphers[];
extern const size_t n_sealed_ciphers;

/* Both ends of a key: they are the same. */
Aead *sealed_aead(const SealedCipher *cipher);
/* Counts up from one octet to the next. */
Rng *sealed_rng(void);
