#include "config.h"

#include "crypto/cms.h"

#include "crypto/error.h"

#include <gnutls/abstract.h>
#include <gnutls/pkcs7.h>
#include <gnutls/x509.h>
#include <string.h>

#define MAX_CERTIFICATES 32

static bool
refuse(GError **error, const char *what, int rc)
{
    g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID, "CMS: %s%s%s", what, rc < 0 ? ": " : "",
                rc < 0 ? gnutls_strerror(rc) : "");
    return false;
}

/* ContentInfo { id-signedData, ... } (RFC 5652, section 3). */
bool
cms_is_likely(const void *data, size_t length)
{
    static const uint8_t signed_data[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                           0xf7, 0x0d, 0x01, 0x07, 0x02 };
    const uint8_t *octets = data;
    if (length > 11 && memcmp(data, "-----BEGIN ", 11) == 0)
        return true;
    if (length < 16 || octets[0] != 0x30)
        return false;
    size_t head = octets[1] < 0x80 ? 2 : 2 + (size_t)(octets[1] & 0x7f);
    return head <= 6 && length >= head + sizeof signed_data &&
           memcmp(octets + head, signed_data, sizeof signed_data) == 0;
}

static gnutls_x509_crt_t
certificate_at(gnutls_pkcs7_t message, unsigned index)
{
    gnutls_datum_t der = { 0 };
    gnutls_x509_crt_t certificate = NULL;
    if (gnutls_pkcs7_get_crt_raw2(message, index, &der) < 0)
        return NULL;
    gnutls_x509_crt_init(&certificate);
    int rc = gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER);
    gnutls_free(der.data);
    if (rc >= 0)
        return certificate;
    gnutls_x509_crt_deinit(certificate);
    return NULL;
}

/* With a key that it cannot read the library loses the memory that it took for it. */
static bool
has_key(gnutls_x509_crt_t certificate)
{
    gnutls_pubkey_t key;
    if (gnutls_pubkey_init(&key) < 0)
        return false;
    bool ok = gnutls_pubkey_import_x509(key, certificate, 0) >= 0;
    gnutls_pubkey_deinit(key);
    return ok;
}

/* The certificate inside whose key made the signature. */
static gnutls_x509_crt_t
find_signer(gnutls_pkcs7_t message)
{
    int n = gnutls_pkcs7_get_crt_count(message);
    for (int i = 0; i < MIN(n, MAX_CERTIFICATES); i++) {
        gnutls_x509_crt_t certificate = certificate_at(message, (unsigned)i);
        if (certificate == NULL)
            continue;
        if (has_key(certificate) &&
            gnutls_pkcs7_verify_direct(message, certificate, 0, NULL, 0) >= 0)
            return certificate;
        gnutls_x509_crt_deinit(certificate);
    }
    return NULL;
}

static bool
is_trusted(gnutls_pkcs7_t message)
{
    gnutls_x509_trust_list_t list;
    gnutls_x509_trust_list_init(&list, 0);
    bool ok = gnutls_x509_trust_list_add_system_trust(list, 0, 0) > 0 &&
              gnutls_pkcs7_verify(message, list, NULL, 0, 0, NULL, 0) >= 0;
    gnutls_x509_trust_list_deinit(list, 1);
    return ok;
}

static CmsSigned *
open_message(gnutls_pkcs7_t message, GError **error)
{
    gnutls_datum_t content = { 0 }, subject = { 0 };
    gnutls_x509_crt_t signer = find_signer(message);
    if (signer == NULL) {
        refuse(error, "none of the certificates in it fits the signature", 0);
        return NULL;
    }
    int rc = gnutls_pkcs7_get_embedded_data(message, 0, &content);
    if (rc < 0) {
        gnutls_x509_crt_deinit(signer);
        refuse(error, "it has no content", rc);
        return NULL;
    }
    CmsSigned *opened = g_new0(CmsSigned, 1);
    opened->content = g_bytes_new(content.data, content.size);
    gnutls_free(content.data);
    if (gnutls_x509_crt_get_dn3(signer, &subject, 0) >= 0)
        opened->signer = g_strndup((const char *)subject.data, subject.size);
    else
        opened->signer = g_strdup("?");
    gnutls_free(subject.data);
    gnutls_x509_crt_deinit(signer);
    opened->trusted = is_trusted(message);
    return opened;
}

CmsSigned *
cms_open(const void *data, size_t length, GError **error)
{
    gnutls_datum_t octets = { (void *)data, (unsigned)length };
    gnutls_pkcs7_t message;
    if (length > CMS_MAX_LENGTH || !cms_is_likely(data, length)) {
        refuse(error, "it is no signed message", 0);
        return NULL;
    }
    bool pem = *(const char *)data == '-';
    gnutls_pkcs7_init(&message);
    int rc = gnutls_pkcs7_import(message, &octets, pem ? GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER);
    CmsSigned *opened = NULL;
    if (rc < 0)
        refuse(error, "it cannot be read", rc);
    else
        opened = open_message(message, error);
    gnutls_pkcs7_deinit(message);
    return opened;
}

void
cms_signed_free(CmsSigned *opened)
{
    if (opened == NULL)
        return;
    g_bytes_unref(opened->content);
    g_free(opened->signer);
    g_free(opened);
}
