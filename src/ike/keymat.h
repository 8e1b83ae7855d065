/*
 * Keys of an IKE SA and of a Child SA from the shared secret and the nonces (RFC 7296, sections
 * 2.14, 2.17 and 2.18). Owns no state; what is returned is the caller's.
 */
#pragma once
#include "base/secret.h"
#include "ike/proposal.h"

/* i and r stand for the initiator and responder of the exchange that made the SA. */
typedef struct {
    Secret *d, *ai, *ar, *ei, *er, *pi, *pr; /* ai and ar NULL for a combined mode */
} IkeKeys;

void ike_keys_clear(IkeKeys *keys);

typedef struct {
    GBytes *nonce_i, *nonce_r;
    uint64_t spi_i, spi_r;
    /* Secret: of the additional key exchanges of a rekeying; NULL: none (RFC 9370, section 2.2.4)
     */
    const GPtrArray *additional;
} IkeKeySeed;

/* First IKE SA: SKEYSEED = prf(Ni | Nr, shared) (RFC 7296, section 2.14). */
bool ike_keys_derive(const IkeSuite *suite, const Secret *shared, const IkeKeySeed *seed,
                     IkeKeys *keys);
/* Rekeyed IKE SA: SKEYSEED = prf(old SK_d, shared | Ni | Nr), with the old SA's PRF (RFC 7296,
 * section 2.18). Also for each IKE_INTERMEDIATE exchange with a key exchange: "old" is then what
 * was before it, nonces and SPIs stay (RFC 9370, section 2.2.2). */
bool ike_keys_derive_rekeyed(const IkeSuite *suite, uint16_t old_prf, const Secret *old_sk_d,
                             const Secret *shared, const IkeKeySeed *seed, IkeKeys *keys);

/* Resumed IKE SA: SKEYSEED = prf(old SK_d, "Resumption" | Ni | Nr) (RFC 5723, section 5.1). */
bool ike_keys_derive_resumed(const IkeSuite *suite, const Secret *old_sk_d, const IkeKeySeed *seed,
                             IkeKeys *keys);

/* initiator to responder (i), responder to initiator (r). */
typedef struct {
    Secret *encr_i, *integ_i, *encr_r, *integ_r; /* integ_* NULL for a combined mode */
} ChildKeys;

void child_keys_clear(ChildKeys *keys);

/* shared is NULL where no key exchange took place for it (RFC 7296, section 2.17). */
bool child_keys_derive(const IkeSuite *child, uint16_t prf, const Secret *sk_d,
                       const Secret *shared, GBytes *nonce_i, GBytes *nonce_r, ChildKeys *keys);
/* The same with additional key exchanges (Secret, may be NULL): KEYMAT = prf+(SK_d, SK(0) | Ni | Nr
 * | SK(1) | ... | SK(n)) (RFC 9370, section 2.2.4). */
bool child_keys_derive_chain(const IkeSuite *child, uint16_t prf, const Secret *sk_d,
                             const Secret *shared, const GPtrArray *additional,
                             const IkeKeySeed *nonces, ChildKeys *keys);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IkeKeys, ike_keys_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ChildKeys, child_keys_clear)
