/*
 * The octets that AUTH payloads are made over (RFC 7296, section 2.15), and the checks of the
 * peer's identity and certificate. Secrets of long life are not here: the caller of the engine has
 * them.
 */
#pragma once
#include "base/secret.h"
#include "crypto/prf.h"

/* MACedIDForI/R = prf(SK_p, identification payload without its generic header). */
Secret *auth_maced_id(uint16_t prf, const Secret *sk_p, GBytes *id_body);
/* AUTH = prf(prf(psk, "Key Pad for IKEv2"), message | nonce | MACedID [| IntAuth]); psk: the MSK of
 * an EAP method (RFC 7296, section 2.16), in tests also a pre-shared key. int_auth may be NULL (RFC
 * 9242, section 3.3.2). */
Secret *auth_psk(uint16_t prf, const Secret *psk, GBytes *message, GBytes *nonce,
                 const Secret *maced_id, GBytes *int_auth);
/* "vpn.example.com" or "gateway certificate subject" ...: an identity in words. Free with g_free.
 */
char *auth_identity_to_string(uint8_t type, GBytes *data);
/* Same type and same value: names without regard to case, everything else octet by octet. */
bool auth_identity_equal(uint8_t type_a, GBytes *a, uint8_t type_b, GBytes *b);
