/*
 * What a connection signs in with by EAP, and the few things that may be done with it on behalf of
 * a tunnel process, which counts as taken over: an answer to an MSCHAPv2 or MD5 challenge, one a
 * connect; the signature of a TLS client; and the password itself only where the profile names a
 * method that cannot do without (GTC, PAP). Everything else is refused, before anybody is asked.
 */
#pragma once
#include "channel/records.h"
#include "crypto/mschapv2.h"
#include "crypto/signature.h"

/* Per connect (eap_signer_begin), or in EAP_SIGNER_WINDOW_S where one lasts longer. */
#define EAP_SIGNER_MAX_CHALLENGES 1
#define EAP_SIGNER_MAX_PASSWORDS  3 /* a server of GTC may ask for password and code */
#define EAP_SIGNER_MAX_TLS        2
#define EAP_SIGNER_WINDOW_S       60
/* Of one connection, however many connects it begins. */
#define EAP_SIGNER_MAX_USES 12
#define EAP_SIGNER_USES_S   60

typedef enum {
    EAP_SIGNER_MSCHAP = 1 << 0,
    EAP_SIGNER_MD5 = 1 << 1,
    EAP_SIGNER_GTC = 1 << 2,
    EAP_SIGNER_PAP = 1 << 3,
    EAP_SIGNER_TLS = 1 << 4,
} EapSignerUse;

typedef struct _EapSigner EapSigner;

/* allowed: EAP_SIGNER_*; user_name: as EAP has it, with or without a domain; password and key may
 * be NULL. */
EapSigner *eap_signer_new(unsigned allowed, const char *user_name, Secret *password,
                          PrivateKey *key /* taken */);
void eap_signer_free(EapSigner *signer);
/* Another connect begins. */
void eap_signer_begin(EapSigner *signer);
const char *eap_signer_user_name(const EapSigner *signer);
/* NULL: forget it. */
void eap_signer_set_password(EapSigner *signer, Secret *password);
/* key: taken; for one that was locked at first. */
void eap_signer_set_key(EapSigner *signer, PrivateKey *key);
bool eap_signer_has_password(const EapSigner *signer);

/* Whether the request, the body of RECORD_MSCHAP, _MD5, _PASSWORD or _SIGN_TLS, is one that an
 * honest tunnel process makes. It counts as a use. now_s: any clock in seconds.
 * SIGNING_ERROR_REFUSED. */
bool eap_signer_admit(EapSigner *signer, RecordType type, GVariant *request, int64_t now_s,
                      GError **error);
/* For a request that was admitted, once there is a password or key. */
bool eap_signer_mschap(const EapSigner *signer, GVariant *request, Mschapv2Answer *answer,
                       GError **error);
GBytes *eap_signer_md5(const EapSigner *signer, GVariant *request);
Secret *eap_signer_password(const EapSigner *signer); /* a reference */
bool eap_signer_sign_tls(const EapSigner *signer, GVariant *request, GBytes **signature,
                         GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EapSigner, eap_signer_free)
