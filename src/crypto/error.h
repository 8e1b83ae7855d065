/* Errors of the cryptographic layer. */
#pragma once
#include <glib.h>

#define CRYPTO_ERROR (crypto_error_quark())
GQuark crypto_error_quark(void);

typedef enum {
    CRYPTO_ERROR_FAILED,         /* the library failed; nothing a user can do */
    CRYPTO_ERROR_UNSUPPORTED,    /* an algorithm or format that we do not implement */
    CRYPTO_ERROR_INVALID,        /* malformed key, point, certificate or signature encoding */
    CRYPTO_ERROR_BAD_SIGNATURE,  /* well-formed, but does not verify */
    CRYPTO_ERROR_WRONG_PASSWORD, /* an encrypted key that the given password does not open */
    CRYPTO_ERROR_EXPIRED,        /* certificate not valid any more */
    CRYPTO_ERROR_NOT_YET_VALID,  /* certificate not valid yet: a wrong clock? */
    CRYPTO_ERROR_UNTRUSTED,      /* no path to a trusted certificate */
    CRYPTO_ERROR_WRONG_USAGE,    /* key usage, extended key usage or constraints forbid it */
    CRYPTO_ERROR_REVOKED,
} CryptoError;
