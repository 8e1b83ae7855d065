#include "config.h"

#include "crypto/certificate.h"

#include "base/error.h"
#include "base/inet.h"
#include "crypto/algorithms.h"
#include "crypto/certificate-private.h"
#include "crypto/der.h"
#include "crypto/distinguished-name.h"
#include "crypto/error.h"
#include "crypto/prf.h"

#include <gnutls/abstract.h>
#include <string.h>

#define ID_IPV4_ADDR   1
#define ID_FQDN        2
#define ID_RFC822_ADDR 3
#define ID_IPV6_ADDR   5
#define ID_DER_ASN1_DN 9
#define ID_DER_ASN1_GN 10
#define ID_KEY_ID      11

#define OID_IPSEC_IKE        "1.3.6.1.5.5.7.3.17"
#define OID_IKE_INTERMEDIATE "1.3.6.1.5.5.8.2.2"

#define MAX_NAMES   64  /* subjectAltName entries that are looked at */
#define MAX_CERTREQ 100 /* anchors that a CERTREQ lists */
#define MAX_PEM     (4 * 1024 * 1024)
#define MAX_SHOWN   200 /* characters of a foreign name in a message */
#define SHA1_LENGTH 20

struct _Certificate {
    gatomicrefcount references;
    gnutls_x509_crt_t handle;
    GBytes *der;
    GBytes *subject;
};

struct _TrustStore {
    gatomicrefcount references;
    gnutls_x509_trust_list_t list;
    GBytes *certreq;
};

static void
set_gnutls_error(GError **error, int code, const char *what, int rc)
{
    g_set_error(error, CRYPTO_ERROR, code, "%s: %s", what, gnutls_strerror(rc));
}

gnutls_x509_crt_t
certificate_handle(const Certificate *certificate)
{
    return certificate->handle;
}

static GBytes *
take_datum(gnutls_datum_t *datum)
{
    GBytes *bytes = g_bytes_new(datum->data, datum->size);
    gnutls_free(datum->data);
    return bytes;
}

Certificate *
certificate_wrap(gnutls_x509_crt_t handle)
{
    gnutls_datum_t der = { 0 }, subject = { 0 };
    Certificate *certificate = g_new0(Certificate, 1);
    g_atomic_ref_count_init(&certificate->references);
    certificate->handle = handle;
    gnutls_x509_crt_export2(handle, GNUTLS_X509_FMT_DER, &der);
    gnutls_x509_crt_get_raw_dn(handle, &subject);
    certificate->der = take_datum(&der);
    certificate->subject = take_datum(&subject);
    return certificate;
}

Certificate *
certificate_new_der(const void *der, size_t length, GError **error)
{
    if (length > CERTIFICATE_MAX_LENGTH) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID,
                    "certificate: %zu octets are too many", length);
        return NULL;
    }
    gnutls_x509_crt_t handle;
    gnutls_datum_t datum = { (void *)der, (unsigned)length };
    gnutls_x509_crt_init(&handle);
    int rc = gnutls_x509_crt_import(handle, &datum, GNUTLS_X509_FMT_DER);
    if (rc < 0) {
        gnutls_x509_crt_deinit(handle);
        set_gnutls_error(error, CRYPTO_ERROR_INVALID, "certificate", rc);
        return NULL;
    }
    return certificate_wrap(handle);
}

GPtrArray *
certificate_list_from_pem(const char *pem, size_t length, GError **error)
{
    gnutls_x509_crt_t *list = NULL;
    unsigned size = 0;
    gnutls_datum_t datum = { (void *)pem, (unsigned)length };
    int rc = length > MAX_PEM
                 ? GNUTLS_E_ASN1_DER_OVERFLOW
                 : gnutls_x509_crt_list_import2(&list, &size, &datum, GNUTLS_X509_FMT_PEM, 0);
    if (rc < 0) {
        set_gnutls_error(error, CRYPTO_ERROR_INVALID, "certificates", rc);
        return NULL;
    }
    GPtrArray *certificates = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_unref);
    for (unsigned i = 0; i < size; i++)
        g_ptr_array_add(certificates, certificate_wrap(list[i]));
    gnutls_free(list);
    return certificates;
}

Certificate *
certificate_ref(Certificate *certificate)
{
    g_atomic_ref_count_inc(&certificate->references);
    return certificate;
}

void
certificate_unref(Certificate *certificate)
{
    if (certificate == NULL || !g_atomic_ref_count_dec(&certificate->references))
        return;
    gnutls_x509_crt_deinit(certificate->handle);
    g_bytes_unref(certificate->der);
    g_bytes_unref(certificate->subject);
    g_free(certificate);
}

GBytes *
certificate_der(const Certificate *certificate)
{
    return certificate->der;
}

GBytes *
certificate_subject_der(const Certificate *certificate)
{
    return certificate->subject;
}

static char *
name_to_string(gnutls_x509_crt_t handle, int (*get)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned))
{
    gnutls_datum_t text = { 0 };
    if (get(handle, &text, 0) < 0)
        return g_strdup("?");
    g_autofree char *copy = g_strndup((char *)text.data, text.size);
    gnutls_free(text.data);
    /* People's names have letters beyond ASCII; what is no text at all is quoted. */
    bool shown = g_utf8_validate(copy, -1, NULL) && g_utf8_strlen(copy, -1) <= MAX_SHOWN;
    for (const char *c = copy; shown && *c != '\0'; c = g_utf8_next_char(c))
        shown = g_unichar_isprint(g_utf8_get_char(c));
    return shown ? g_steal_pointer(&copy) : error_quote(copy, strlen(copy), MAX_SHOWN);
}

char *
certificate_subject_to_string(const Certificate *certificate)
{
    return name_to_string(certificate->handle, gnutls_x509_crt_get_dn3);
}

char *
certificate_issuer_to_string(const Certificate *certificate)
{
    return name_to_string(certificate->handle, gnutls_x509_crt_get_issuer_dn3);
}

int64_t
certificate_not_after(const Certificate *certificate)
{
    return gnutls_x509_crt_get_expiration_time(certificate->handle);
}

/* One entry of subjectAltName as octets; its GNUTLS_SAN_* type, or negative at the end. */
static int
alt_name(const Certificate *certificate, unsigned index, uint8_t *out, size_t *length)
{
    return gnutls_x509_crt_get_subject_alt_name(certificate->handle, index, out, length, NULL);
}

char *
certificate_names_to_string(const Certificate *certificate)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (unsigned i = 0; i < MAX_NAMES && names->len < MAX_SHOWN; i++) {
        uint8_t octets[512];
        size_t length = sizeof octets;
        int type = alt_name(certificate, i, octets, &length);
        if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            break;
        g_autofree char *text = NULL;
        if (type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_RFC822NAME)
            text = error_quote(octets, length, MAX_SHOWN);
        if (type == GNUTLS_SAN_IPADDRESS && (length == 4 || length == 16)) {
            InetAddress address = inet_address_new(length == 4 ? INET_V4 : INET_V6, octets);
            text = inet_address_to_string(&address);
        }
        if (text != NULL)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", text);
    }
    return g_string_free(g_steal_pointer(&names), FALSE);
}

static bool
alt_name_matches(uint8_t id_type, const uint8_t *id, size_t id_length, int type,
                 const uint8_t *octets, size_t length)
{
    int wanted = id_type == ID_FQDN          ? GNUTLS_SAN_DNSNAME
                 : id_type == ID_RFC822_ADDR ? GNUTLS_SAN_RFC822NAME
                                             : GNUTLS_SAN_IPADDRESS;
    if (type != wanted || length != id_length)
        return false;
    if (wanted == GNUTLS_SAN_IPADDRESS)
        return memcmp(octets, id, length) == 0;
    return g_ascii_strncasecmp((const char *)octets, (const char *)id, length) == 0;
}

/* GeneralName (RFC 5280, section 4.2.1.6): the kinds that certificates are for. */
static bool
general_name_matches(const Certificate *certificate, const void *id, size_t id_length)
{
    ByteReader reader = byte_reader(id, id_length), content;
    uint8_t tag;
    if (!der_next(&reader, &tag, &content) || byte_reader_left(&reader) > 0)
        return false;
    size_t length = byte_reader_left(&content);
    const uint8_t *octets;
    if (length == 0 || !byte_reader_take(&content, length, &octets))
        return false;
    switch (tag) {
    case DER_CONTEXT(1): /* rfc822Name */
        return certificate_matches_identity(certificate, ID_RFC822_ADDR, octets, length);
    case DER_CONTEXT(2): /* dNSName */
        return certificate_matches_identity(certificate, ID_FQDN, octets, length);
    case DER_CONTEXT_CONSTRUCTED(4): /* directoryName */
        return certificate_matches_identity(certificate, ID_DER_ASN1_DN, octets, length);
    case DER_CONTEXT(7): /* iPAddress */
        return certificate_matches_identity(certificate, length == 4 ? ID_IPV4_ADDR : ID_IPV6_ADDR,
                                            octets, length);
    default:
        return false;
    }
}

static bool
key_identifier_matches(const Certificate *certificate, const void *id, size_t id_length)
{
    uint8_t octets[64];
    size_t length = sizeof octets;
    return gnutls_x509_crt_get_subject_key_id(certificate->handle, octets, &length, NULL) == 0 &&
           length == id_length && memcmp(octets, id, length) == 0;
}

bool
certificate_matches_identity(const Certificate *certificate, uint8_t id_type, const void *id,
                             size_t id_length)
{
    if (id_type == ID_DER_ASN1_DN) {
        gsize length;
        const void *subject = g_bytes_get_data(certificate->subject, &length);
        return distinguished_name_equal(subject, length, id, id_length);
    }
    if (id_type == ID_DER_ASN1_GN)
        return general_name_matches(certificate, id, id_length);
    if (id_type == ID_KEY_ID)
        return key_identifier_matches(certificate, id, id_length);
    if (id_type != ID_FQDN && id_type != ID_RFC822_ADDR && id_type != ID_IPV4_ADDR &&
        id_type != ID_IPV6_ADDR)
        return false;
    for (unsigned i = 0; i < MAX_NAMES; i++) {
        uint8_t octets[512];
        size_t length = sizeof octets;
        int type = alt_name(certificate, i, octets, &length);
        if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            return false;
        if (type >= 0 && alt_name_matches(id_type, id, id_length, type, octets, length))
            return true;
    }
    return false;
}

/* "*.example.com" for "vpn.example.com": one whole label, and not of a top-level domain. */
static bool
wildcard_matches(const uint8_t *pattern, size_t length, const char *host)
{
    const char *rest = strchr(host, '.');
    if (rest == NULL || rest == host || length < 3 || pattern[0] != '*' || pattern[1] != '.')
        return false;
    return strchr(rest + 1, '.') != NULL && strlen(rest) == length - 1 &&
           g_ascii_strncasecmp((const char *)pattern + 1, rest, length - 1) == 0;
}

bool
certificate_matches_host(const Certificate *certificate, const char *host)
{
    InetAddress address;
    if (inet_address_parse(host, &address))
        return certificate_matches_identity(certificate,
                                            address.family == INET_V4 ? ID_IPV4_ADDR : ID_IPV6_ADDR,
                                            address.octets, inet_family_length(address.family));
    if (certificate_matches_identity(certificate, ID_FQDN, host, strlen(host)))
        return true;
    for (unsigned i = 0; i < MAX_NAMES; i++) {
        uint8_t octets[512];
        size_t length = sizeof octets;
        int type = alt_name(certificate, i, octets, &length);
        if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            return false;
        if (type == GNUTLS_SAN_DNSNAME && wildcard_matches(octets, length, host))
            return true;
    }
    return false;
}

bool
certificate_key_hash(gnutls_x509_crt_t handle, uint8_t out[CERTIFICATE_KEY_HASH])
{
    gnutls_pubkey_t key;
    gnutls_datum_t info = { 0 };
    gnutls_pubkey_init(&key);
    bool ok = gnutls_pubkey_import_x509(key, handle, 0) == 0 &&
              gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &info) == 0;
    if (ok) {
        Chunk whole = chunk(info.data, info.size);
        hash_compute(HASH_SHA1, &whole, 1, out);
        gnutls_free(info.data);
    }
    gnutls_pubkey_deinit(key);
    return ok;
}

GBytes *
certificate_public_key_der(const Certificate *certificate)
{
    gnutls_pubkey_t key;
    gnutls_datum_t info = { 0 };
    gnutls_pubkey_init(&key);
    if (gnutls_pubkey_import_x509(key, certificate->handle, 0) == 0)
        gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &info);
    gnutls_pubkey_deinit(key);
    GBytes *out = g_bytes_new(info.data, info.size);
    gnutls_free(info.data);
    return out;
}

static GBytes *
make_certreq(gnutls_x509_trust_list_t list)
{
    g_autoptr(GByteArray) hashes = g_byte_array_new();
    gnutls_x509_trust_list_iter_t iterator = NULL;
    gnutls_x509_crt_t handle;
    while (gnutls_x509_trust_list_iter_get_ca(list, &iterator, &handle) == 0) {
        uint8_t hash[SHA1_LENGTH];
        if (certificate_key_hash(handle, hash))
            g_byte_array_append(hashes, hash, sizeof hash);
        gnutls_x509_crt_deinit(handle);
    }
    if (iterator != NULL)
        gnutls_x509_trust_list_iter_deinit(iterator);
    if (hashes->len > MAX_CERTREQ * SHA1_LENGTH)
        return g_bytes_new(NULL, 0);
    return g_bytes_new(hashes->data, hashes->len);
}

TrustStore *
trust_store_new(const char *pem, size_t length, GError **error)
{
    g_autoptr(TrustStore) store = g_new0(TrustStore, 1);
    g_atomic_ref_count_init(&store->references);
    gnutls_x509_trust_list_init(&store->list, 0);
    gnutls_datum_t datum = { (void *)pem, (unsigned)length };
    int rc = pem == NULL ? gnutls_x509_trust_list_add_system_trust(store->list, 0, 0)
                         : gnutls_x509_trust_list_add_trust_mem(store->list, &datum, NULL,
                                                                GNUTLS_X509_FMT_PEM, 0, 0);
    if (rc <= 0) {
        set_gnutls_error(error, CRYPTO_ERROR_INVALID, "no trusted certificate",
                         rc == 0 ? GNUTLS_E_NO_CERTIFICATE_FOUND : rc);
        store->certreq = g_bytes_new(NULL, 0);
        return NULL;
    }
    store->certreq = make_certreq(store->list);
    return g_steal_pointer(&store);
}

TrustStore *
trust_store_ref(TrustStore *store)
{
    g_atomic_ref_count_inc(&store->references);
    return store;
}

void
trust_store_unref(TrustStore *store)
{
    if (store == NULL || !g_atomic_ref_count_dec(&store->references))
        return;
    gnutls_x509_trust_list_deinit(store->list, 1);
    g_clear_pointer(&store->certreq, g_bytes_unref);
    g_free(store);
}

GBytes *
trust_store_certreq(const TrustStore *store)
{
    return g_bytes_ref(store->certreq);
}

static char *
date_to_string(time_t when)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(when);
    return date != NULL ? g_date_time_format(date, "%Y-%m-%d %H:%M UTC") : g_strdup("?");
}

/* Validity before trust, so that an expired certificate is called that (RFC 5280, section 4.1.2.5).
 */
static bool
check_validity(const Certificate *certificate, int64_t now, GError **error)
{
    g_autofree char *subject = certificate_subject_to_string(certificate);
    time_t from = gnutls_x509_crt_get_activation_time(certificate->handle);
    time_t to = gnutls_x509_crt_get_expiration_time(certificate->handle);
    if (now > to) {
        g_autofree char *date = date_to_string(to);
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_EXPIRED,
                    "the certificate of %s was valid until %s", subject, date);
        return false;
    }
    if (now < from) {
        g_autofree char *date = date_to_string(from);
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_NOT_YET_VALID,
                    "the certificate of %s is not valid before %s", subject, date);
        return false;
    }
    return true;
}

/* RFC 4945, sections 5.1.3.2 and 5.1.3.12: absent means unrestricted. */
static bool
check_usage(const Certificate *certificate, GError **error)
{
    unsigned usage = 0;
    bool allowed = gnutls_x509_crt_get_key_usage(certificate->handle, &usage, NULL) < 0 ||
                   (usage & (GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_NON_REPUDIATION)) != 0;
    bool any_purpose = false, fits = false;
    for (unsigned i = 0; i < MAX_NAMES; i++) {
        char oid[128];
        size_t length = sizeof oid;
        int rc = gnutls_x509_crt_get_key_purpose_oid(certificate->handle, i, oid, &length, NULL);
        if (rc < 0)
            break;
        any_purpose = true;
        fits = fits || strcmp(oid, GNUTLS_KP_TLS_WWW_SERVER) == 0 ||
               strcmp(oid, GNUTLS_KP_ANY) == 0 || strcmp(oid, OID_IPSEC_IKE) == 0 ||
               strcmp(oid, OID_IKE_INTERMEDIATE) == 0;
    }
    if (allowed && (fits || !any_purpose))
        return true;
    g_autofree char *subject = certificate_subject_to_string(certificate);
    g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_WRONG_USAGE,
                "the certificate of %s is not meant for a server", subject);
    return false;
}

/* Those of the chain that are valid at now; the clock is the caller's, the library's is not asked.
 */
static GPtrArray *
take_valid(GPtrArray *chain, int64_t now, GError **stale)
{
    GPtrArray *valid = g_ptr_array_new();
    for (unsigned i = 0; i < chain->len && i < CERTIFICATE_MAX_CHAIN; i++)
        if (check_validity(chain->pdata[i], now, *stale == NULL ? stale : NULL))
            g_ptr_array_add(valid, chain->pdata[i]);
    return valid;
}

/* The library's verdict in our codes (RFC 5280, section 6.1). */
static int
code_for(unsigned status)
{
    if ((status & (GNUTLS_CERT_SIGNER_NOT_CA | GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE |
                   GNUTLS_CERT_PURPOSE_MISMATCH)) != 0)
        return CRYPTO_ERROR_WRONG_USAGE;
    return CRYPTO_ERROR_UNTRUSTED;
}

static void
set_untrusted(const Certificate *leaf, unsigned status, GError **error)
{
    g_autofree char *subject = certificate_subject_to_string(leaf);
    g_autofree char *issuer = certificate_issuer_to_string(leaf);
    g_set_error(error, CRYPTO_ERROR, code_for(status),
                "the certificate of %s, issued by %s, does not lead to a trusted authority%s",
                subject, issuer,
                (status & GNUTLS_CERT_INSECURE_ALGORITHM) != 0 ? " by strong signatures"
                : code_for(status) == CRYPTO_ERROR_WRONG_USAGE ? " that may vouch for it"
                                                               : "");
}

/* What a path may not do: constraints, usage, weak algorithms. 0: good. */
static unsigned
judge(const TrustStore *store, const GPtrArray *certificates)
{
    gnutls_x509_crt_t handles[CERTIFICATE_MAX_CHAIN];
    unsigned status = 0;
    for (guint i = 0; i < certificates->len && i < G_N_ELEMENTS(handles); i++)
        handles[i] = ((Certificate *)certificates->pdata[i])->handle;
    int rc = gnutls_x509_trust_list_verify_crt2(
        store->list, handles, MIN(certificates->len, G_N_ELEMENTS(handles)), NULL, 0,
        GNUTLS_VERIFY_ALLOW_UNSORTED_CHAIN | GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
            GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS |
            GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM),
        &status, NULL);
    return rc < 0 ? GNUTLS_CERT_INVALID : status;
}

bool
trust_store_verify(const TrustStore *store, GPtrArray *chain, int64_t now, GPtrArray **out_path,
                   GError **error)
{
    g_autoptr(GError) stale = NULL;
    if (chain->len == 0) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNTRUSTED, "there is no certificate");
        return false;
    }
    const Certificate *leaf = chain->pdata[0];
    if (!check_validity(leaf, now, error) || !check_usage(leaf, error))
        return false;
    g_autoptr(GPtrArray) valid = take_valid(chain, now, &stale);
    g_autoptr(GPtrArray) path = certificate_path_find(store->list, valid, now);
    unsigned status = judge(store, path != NULL ? path : valid);
    if (status == 0 && path != NULL) {
        if (!check_validity(path->pdata[path->len - 1], now, error))
            return false;
        if (out_path != NULL)
            *out_path = g_steal_pointer(&path);
        return true;
    }
    /* Without the one that was left aside there is no path: that one is the reason. */
    bool missing = (status & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0;
    if (missing && stale != NULL)
        g_propagate_error(error, g_steal_pointer(&stale));
    else
        set_untrusted(leaf, status, error);
    return false;
}
