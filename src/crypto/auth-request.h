/*
 * The parts of what an AUTH payload signs (RFC 7296, section 2.15; RFC 9242, section 3.3.2), as the
 * records SIGN and VERIFY carry them, and their check: whoever holds a key signs only what begins
 * as an IKE_SA_INIT message and names his own identity, never octets that somebody else made up.
 */
#pragma once
#include "crypto/signature.h"

typedef struct {
    GVariant *members[8];
    Chunk message, nonce, int_auth; /* of members */
    uint16_t prf;
    Secret *sk_p;
} AuthRequest;

/* body: of RECORD_SIGN, or with response of RECORD_VERIFY: serial, message, nonce, PRF, SK_p first,
 * IntAuth last. NULL, or why it is none that an honest process makes. Clear it in either case. */
const char *auth_request_read(AuthRequest *request, GVariant *body, bool response);
void auth_request_clear(AuthRequest *request);

/* prf(SK_p, IDi'). */
Secret *auth_request_mac_of_id(const AuthRequest *request, uint8_t id_type, GBytes *id);
/* The AUTH payload's method and data; request was read of SIGN. rsa_pkcs1: see
 * private_key_sign_auth. */
bool auth_request_sign(const AuthRequest *request, const PrivateKey *key, uint8_t id_type,
                       GBytes *id, bool rsa_pkcs1, uint8_t *method, GBytes **auth, GError **error);

/* An "ay", borrowed. */
Chunk auth_request_chunk(GVariant *variant);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AuthRequest, auth_request_clear)
