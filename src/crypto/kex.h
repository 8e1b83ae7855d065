/*
 * Raw key exchange (RFC 7296, section 3.4; RFC 8031; RFC 5903; RFC 6989): one object for one use.
 */
#pragma once
#include "base/secret.h"
#include "crypto/rng.h"

typedef struct _Kex Kex;

/* Whether this build has it: ML-KEM depends on a library. */
bool kex_is_available(uint16_t group);
/* A fresh key pair of a KE_* group; NULL with CRYPTO_ERROR_UNSUPPORTED. */
Kex *kex_new(uint16_t group, Rng *rng, GError **error);
void kex_free(Kex *kex);
uint16_t kex_group(const Kex *kex);
/* What goes into the KE payload: x||y for ECP, u for X25519/X448, fixed-length number for MODP, the
 * encapsulation key for ML-KEM. */
GBytes *kex_public(const Kex *kex);
/* The other side of it: what answers peer's KE payload, and the shared secret. False as kex_new and
 * kex_derive. */
bool kex_respond(uint16_t group, Rng *rng, GBytes *peer, GBytes **public, Secret **shared,
                 GError **error);
/* The shared secret, or NULL: wrong length, not on the curve, out of range 2..p-2, all-zero result
 * (RFC 6989, section 2; RFC 8031, section 2.3). ECP gives x only. ML-KEM takes the ciphertext. */
Secret *kex_derive(Kex *kex, const void *peer, size_t length, GError **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Kex, kex_free)
