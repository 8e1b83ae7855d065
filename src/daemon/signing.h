/*
 * The long-lived secrets of a connection and the few things that may be done with them on behalf of
 * a tunnel process, which counts as taken over: never a bare "sign these octets" or "MAC these
 * octets", never a MAC given away where yes or no will do (RFC 7296, section 2.15).
 */
#pragma once
#include "crypto/signature.h"

/* Uses of a secret for a connection within SIGNER_WINDOW; each attempt to connect takes one to
 * four.
 */
#define SIGNER_MAX_USES 16
#define SIGNER_WINDOW_S 60

#define SIGNING_ERROR (signing_error_quark())
GQuark signing_error_quark(void);
typedef enum {
    SIGNING_ERROR_REFUSED, /* the request is not one that an honest tunnel process makes */
    SIGNING_ERROR_FAILED,
} SigningError;

typedef struct _Signer Signer;

/* id_type and id are the profile's own identity, which IDi' is built from. One of psk and key, as
 * the profile authenticates us; psk also where only the gateway has one. Both may be NULL. */
Signer *signer_new(uint8_t id_type, GBytes *id, Secret *psk, PrivateKey *key /* taken */);
void signer_free(Signer *signer);
/* Where it is not known at first: the subject of a certificate in a token. */
void signer_set_identity(Signer *signer, uint8_t id_type, GBytes *id);

/* key: taken; for one that was locked at first. */
void signer_set_key(Signer *signer, PrivateKey *key);
/* NULL: forget it. */
void signer_set_psk(Signer *signer, Secret *psk);
/* The post-quantum pre-shared key (RFC 8784). */
void signer_set_ppk(Signer *signer, Secret *ppk);
/* RSA by PKCS#1 v1.5 rather than PSS, for a gateway that does not know the latter. */
void signer_set_rsa_pkcs1(Signer *signer, bool rsa_pkcs1);
bool signer_is_rsa_pkcs1(const Signer *signer);
/* request: body of RECORD_PPK. mixed: SK_d, SK_pi, SK_pr. */
bool signer_mix_ppk(Signer *signer, GVariant *request, int64_t now_s, Secret *mixed[3],
                    GError **error);

/* request: body of RECORD_SIGN. The AUTH payload's method and data. now_s: any clock in seconds. */
bool signer_sign(Signer *signer, GVariant *request, int64_t now_s, uint8_t *method, GBytes **auth,
                 GError **error);
/* Whether it is one that signer_sign would answer, where the key is in a token: counts as a use. */
bool signer_check_sign(Signer *signer, GVariant *request, int64_t now_s, GError **error);
/* request: body of RECORD_VERIFY. False with *error when it is refused, else *matches says. */
bool signer_verify(Signer *signer, GVariant *request, int64_t now_s, bool *matches, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Signer, signer_free)
