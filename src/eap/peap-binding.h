/*
 * PEAP's crypto-binding ([MS-PEAP], sections 2.2.8.1.1 and 3.1.5.5): each end shows that the one
 * who speaks TLS is the one who knows the keys of the method inside, so that nobody can carry that
 * method on from elsewhere.
 */
#pragma once
#include "base/secret.h"
#include "crypto/rng.h"

#include <stdbool.h>

#define PEAP_BINDING_LENGTH 60 /* octets of the TLV, with its header */

enum { PEAP_BINDING_REQUEST = 0, PEAP_BINDING_RESPONSE = 1 };

typedef struct {
    Secret *ipmk, *cmk;
} PeapBindingKeys;

/* tls: the session's key material (RFC 5216, section 2.3), 40 octets at least. inner: MSK of the
 * method inside (of MSCHAPv2 what we send by comes first); NULL where it makes none. */
void peap_binding_keys_init(PeapBindingKeys *keys, const Secret *tls, const Secret *inner);
void peap_binding_keys_clear(PeapBindingKeys *keys);
/* Whether the other end has the same keys. subtype: PEAP_BINDING_*, what it has to be. */
bool peap_binding_verify(const PeapBindingKeys *keys, const uint8_t tlv[PEAP_BINDING_LENGTH],
                         uint8_t subtype);
void peap_binding_make(const PeapBindingKeys *keys, uint8_t subtype, Rng *rng,
                       uint8_t tlv[PEAP_BINDING_LENGTH]);
/* EAP_MSK_LENGTH octets, that take the place of the session's. */
Secret *peap_binding_msk(const PeapBindingKeys *keys);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PeapBindingKeys, peap_binding_keys_clear)
