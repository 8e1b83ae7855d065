/* Signed messages (CMS, RFC 5652) with their content inside, as configuration profiles come. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define CMS_MAX_LENGTH (1024 * 1024)

typedef struct {
    GBytes *content;
    char *signer; /* subject of the certificate that signed, as text */
    bool trusted; /* it leads to an authority of this machine's store */
} CmsSigned;

/* DER, or PEM ("PKCS7", "CMS"). CRYPTO_ERROR_INVALID: no signed message, none with its content, or
 * the signature does not fit: whoever signed did not sign this. */
CmsSigned *cms_open(const void *data, size_t length, GError **error);
void cms_signed_free(CmsSigned *opened);
/* Whether it could be one. */
bool cms_is_likely(const void *data, size_t length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmsSigned, cms_signed_free)
