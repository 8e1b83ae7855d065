/*
 * PKCS#11 tokens: read a certificate, sign an AUTH payload or as a TLS client. For ginnel-token
 * alone: it loads foreign code and blocks for as long as that and the token please, hence the
 * process of its own. Every PIN is tried once, and none that would be the last before the token
 * locks itself.
 */
#pragma once
#include "base/secret.h"

#include <glib.h>
#include <stdbool.h>

#define PKCS11_ERROR (pkcs11_error_quark())
GQuark pkcs11_error_quark(void);

typedef enum {
    PKCS11_ERROR_FAILED,
    PKCS11_ERROR_PIN_NEEDED,
    PKCS11_ERROR_PIN_WRONG,
    PKCS11_ERROR_PIN_LOCKED,
    PKCS11_ERROR_PIN_LAST, /* another wrong one would lock it */
    PKCS11_ERROR_ABSENT,   /* no such token, or no such object */
    PKCS11_ERROR_SEVERAL,
} Pkcs11Error;

/* The one certificate that uri matches, and those between it and its authority as far as the same
 * token has them: PEM. */
GBytes *pkcs11_read_certificates(const char *uri, GError **error);

/* request: body of RECORD_SIGN. pin NULL: none is known. rsa_pkcs1: see private_key_sign_auth.
 * *token: its name, also on failure, or NULL. */
typedef struct {
    const char *uri;
    const Secret *pin;
    bool rsa_pkcs1;
    uint8_t id_type;
    GBytes *id;
    GVariant *request;
} Pkcs11Sign;
bool pkcs11_sign(const Pkcs11Sign *sign, uint8_t *method, GBytes **auth, char **token,
                 GError **error);
/* request: body of RECORD_SIGN_TLS, whose form the caller has judged; the rest as above. */
bool pkcs11_sign_tls(const char *uri, const Secret *pin, GVariant *request, GBytes **signature,
                     char **token, GError **error);
