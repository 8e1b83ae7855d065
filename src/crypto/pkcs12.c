#include "config.h"

#include "crypto/pkcs12.h"

#include "crypto/error.h"

#include <gnutls/pkcs12.h>
#include <string.h>

typedef struct {
    gnutls_pkcs12_t file;
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t *chain, *others;
    unsigned n_chain, n_others;
} Contents;

static void
free_certificates(gnutls_x509_crt_t *list, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
}

static void
contents_clear(Contents *contents)
{
    if (contents->file != NULL)
        gnutls_pkcs12_deinit(contents->file);
    if (contents->key != NULL)
        gnutls_x509_privkey_deinit(contents->key);
    free_certificates(contents->chain, contents->n_chain);
    free_certificates(contents->others, contents->n_others);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Contents, contents_clear)

/* SEQUENCE { INTEGER 3, ... } (RFC 7292, section 4); the length may have any form. */
bool
pkcs12_is_likely(const void *data, size_t length)
{
    const uint8_t *octets = data;
    static const uint8_t version[] = { 0x02, 0x01, 0x03 };
    if (length < 8 || octets[0] != 0x30)
        return false;
    size_t head = octets[1] < 0x80 ? 2 : 2 + (size_t)(octets[1] & 0x7f);
    return head <= 6 && length >= head + sizeof version &&
           memcmp(octets + head, version, sizeof version) == 0;
}

static bool
refuse(GError **error, int rc)
{
    bool locked = rc == GNUTLS_E_DECRYPTION_FAILED || rc == GNUTLS_E_MAC_VERIFY_FAILED;
    g_set_error(error, CRYPTO_ERROR, locked ? CRYPTO_ERROR_WRONG_PASSWORD : CRYPTO_ERROR_INVALID,
                "PKCS#12: %s",
                locked ? "it is encrypted, and the password does not open it"
                       : gnutls_strerror(rc));
    return false;
}

static bool
append_pem(GByteArray *text, gnutls_x509_crt_t *list, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        gnutls_datum_t pem = { 0 };
        if (gnutls_x509_crt_export2(list[i], GNUTLS_X509_FMT_PEM, &pem) < 0)
            return false;
        g_byte_array_append(text, pem.data, pem.size);
        gnutls_free(pem.data);
    }
    return true;
}

static Secret *
take_key(const Contents *contents, GError **error)
{
    gnutls_datum_t pem = { 0 };
    if (gnutls_x509_privkey_export2_pkcs8(contents->key, GNUTLS_X509_FMT_PEM, NULL,
                                          GNUTLS_PKCS_PLAIN, &pem) < 0) {
        refuse(error, GNUTLS_E_INTERNAL_ERROR);
        return NULL;
    }
    Secret *key = secret_new(pem.data, pem.size);
    secret_wipe(pem.data, pem.size);
    gnutls_free(pem.data);
    return key;
}

static bool
read_contents(Contents *contents, const void *data, size_t length, const Secret *password,
              GError **error)
{
    gnutls_datum_t der = { (void *)data, (unsigned)length };
    g_autofree char *word =
        password != NULL ? g_strndup((const char *)secret_data(password), secret_length(password))
                         : g_strdup("");
    gnutls_pkcs12_init(&contents->file);
    int rc = gnutls_pkcs12_import(contents->file, &der, GNUTLS_X509_FMT_DER, 0);
    if (rc == 0)
        rc = gnutls_pkcs12_verify_mac(contents->file, word);
    if (rc == 0)
        rc = gnutls_pkcs12_simple_parse(contents->file, word, &contents->key, &contents->chain,
                                        &contents->n_chain, &contents->others, &contents->n_others,
                                        NULL, 0);
    secret_wipe(word, strlen(word));
    return rc >= 0 || refuse(error, rc);
}

bool
pkcs12_to_pem(const void *data, size_t length, const Secret *password, GBytes **chain_pem,
              Secret **key_pem, GError **error)
{
    g_auto(Contents) contents = { 0 };
    if (length > PKCS12_MAX_LENGTH)
        return refuse(error, GNUTLS_E_ASN1_DER_ERROR);
    if (!read_contents(&contents, data, length, password, error))
        return false;
    if (contents.key == NULL || contents.n_chain == 0) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID,
                    "PKCS#12: there is no key with its certificate in it");
        return false;
    }
    g_autoptr(GByteArray) text = g_byte_array_new();
    if (!append_pem(text, contents.chain, contents.n_chain) ||
        !append_pem(text, contents.others, contents.n_others))
        return refuse(error, GNUTLS_E_INTERNAL_ERROR);
    *key_pem = take_key(&contents, error);
    if (*key_pem == NULL)
        return false;
    *chain_pem = g_byte_array_free_to_bytes(g_steal_pointer(&text));
    return true;
}

bool
pkcs12_open(const void *data, size_t length, const Secret *password, GBytes **chain_pem,
            PrivateKey **key, GError **error)
{
    g_autoptr(GBytes) chain = NULL;
    g_autoptr(Secret) pem = NULL;
    if (!pkcs12_to_pem(data, length, password, &chain, &pem, error))
        return false;
    *key = private_key_from_pem((const char *)secret_data(pem), secret_length(pem), NULL, error);
    if (*key == NULL)
        return false;
    *chain_pem = g_steal_pointer(&chain);
    return true;
}
