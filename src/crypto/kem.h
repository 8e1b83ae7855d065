/*
 * ML-KEM (FIPS 203), by the library that the build found (ml-kem in meson.build), or by none. For
 * kex.c only: everybody else sees a key exchange among others.
 */
#pragma once
#include "base/secret.h"

#define KEM_SEED_LENGTH   64 /* d and z of FIPS 203, algorithm 16 */
#define KEM_RANDOM_LENGTH 32 /* m of FIPS 203, algorithm 17 */

/* Of the KE_* groups that are a KEM at all; 0 for others. */
size_t kem_ciphertext_length(uint16_t group);
/* Whether this build can do it. */
bool kem_is_available(uint16_t group);

typedef struct _KemKey KemKey;

/* The key pair of seed, and its encapsulation key. NULL with CRYPTO_ERROR_UNSUPPORTED. */
KemKey *kem_key_new(uint16_t group, const uint8_t seed[KEM_SEED_LENGTH], GBytes **public,
                    GError **error);
void kem_key_free(KemKey *key);
/* 32 octets. A ciphertext of the right length always gives a secret, which is the other side's only
 * where nobody has changed it (FIPS 203, algorithm 18). */
Secret *kem_decapsulate(KemKey *key, const void *ciphertext, size_t length, GError **error);
/* public has the length of group's encapsulation keys and is checked otherwise (FIPS 203, section
 * 7.2: modulus). */
bool kem_encapsulate(uint16_t group, const uint8_t random[KEM_RANDOM_LENGTH], const void *public,
                     size_t length, GBytes **ciphertext, Secret **shared, GError **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KemKey, kem_key_free)
