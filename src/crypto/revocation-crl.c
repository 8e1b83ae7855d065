/*
 * Certificate revocation lists (RFC 5280, sections 5 and 6.3.3). The library verifies who signed
 * it and tells when it is good; what it does not show (critical extensions, the scope, reasons) is
 * read here, and only after that.
 */
#include "config.h"

#include "crypto/certificate-private.h"
#include "crypto/der.h"
#include "crypto/revocation-private.h"

#include <gnutls/abstract.h>
#include <string.h>

#define MAX_SERIAL 64 /* octets */

static const uint8_t oid_issuing_distribution_point[] = { 0x55, 0x1d, 0x1c };
static const uint8_t oid_reason_code[] = { 0x55, 0x1d, 0x15 };

typedef struct {
    const Certificate *certificate;
    uint8_t serial[MAX_SERIAL];
    size_t serial_length;
    bool authority; /* the certificate is an authority's */
    bool listed;
    int64_t when;
    int reason;
} Lookup;

static ByteReader
without_leading_zeros(ByteReader number)
{
    ByteReader at = number;
    uint8_t octet;
    while (byte_reader_left(&at) > 1 && byte_reader_u8(&at, &octet) && octet == 0)
        number = at;
    return number;
}

static bool
same_octets(ByteReader a, ByteReader b)
{
    const uint8_t *left, *right;
    size_t n = byte_reader_left(&a);
    return n == byte_reader_left(&b) && byte_reader_take(&a, n, &left) &&
           byte_reader_take(&b, n, &right) && memcmp(left, right, n) == 0;
}

static bool
is_oid(ByteReader oid, const uint8_t *wanted, size_t length)
{
    return same_octets(oid, byte_reader(wanted, length));
}

typedef struct {
    ByteReader oid, value;
    bool critical;
} Extension;

static bool
read_extension(ByteReader *list, Extension *out)
{
    ByteReader extension, flag;
    uint8_t octet = 0;
    *out = (Extension){ 0 };
    if (!der_expect(list, DER_SEQUENCE, &extension) || !der_expect(&extension, DER_OID, &out->oid))
        return false;
    if (der_is_next(&extension, DER_BOOLEAN) &&
        (!der_expect(&extension, DER_BOOLEAN, &flag) || !byte_reader_u8(&flag, &octet)))
        return false;
    out->critical = octet != 0;
    return der_expect(&extension, DER_OCTET_STRING, &out->value);
}

/* --- Its scope: IssuingDistributionPoint (RFC 5280, section 5.2.5) --- */

/* One of its names is where the certificate says its list is (RFC 5280, section 6.3.3 (b) (2)). */
static bool
names_point(ByteReader names, const Certificate *certificate)
{
    g_autoptr(GPtrArray) urls = revocation_crl_urls(certificate);
    ByteReader name;
    uint8_t tag;
    while (der_next(&names, &tag, &name)) {
        for (guint i = 0; tag == DER_CONTEXT(6) && i < urls->len; i++)
            if (same_octets(name, byte_reader(urls->pdata[i], strlen(urls->pdata[i]))))
                return true;
    }
    return false;
}

static bool
is_true(ByteReader value)
{
    uint8_t octet;
    return byte_reader_u8(&value, &octet) && octet != 0;
}

static bool
point_covers(ByteReader value, const Lookup *lookup)
{
    ByteReader point, field, names;
    uint8_t tag;
    if (!der_expect(&value, DER_SEQUENCE, &point))
        return false;
    while (byte_reader_left(&point) > 0) {
        if (!der_next(&point, &tag, &field))
            return false;
        switch (tag) {
        case DER_CONTEXT_CONSTRUCTED(0): /* distributionPoint, by full name */
            if (!der_expect(&field, DER_CONTEXT_CONSTRUCTED(0), &names) ||
                !names_point(names, lookup->certificate))
                return false;
            break;
        case DER_CONTEXT(1): /* onlyContainsUserCerts */
            if (is_true(field) && lookup->authority)
                return false;
            break;
        case DER_CONTEXT(2): /* onlyContainsCACerts */
            if (is_true(field) && !lookup->authority)
                return false;
            break;
        case DER_CONTEXT(4): /* indirectCRL */
        case DER_CONTEXT(5): /* onlyContainsAttributeCerts */
            if (is_true(field))
                return false;
            break;
        default: /* onlySomeReasons, and what is not known */
            return false;
        }
    }
    return true;
}

/* --- Its entries --- */

/* False for an extension that changes what the entry means and is not known (RFC 5280, section
 * 5.3). */
static bool
read_entry_extensions(ByteReader list, int *reason)
{
    while (byte_reader_left(&list) > 0) {
        Extension extension;
        ByteReader code;
        uint8_t octet;
        if (!read_extension(&list, &extension))
            return false;
        if (is_oid(extension.oid, oid_reason_code, sizeof oid_reason_code)) {
            if (!der_expect(&extension.value, DER_ENUMERATED, &code) ||
                !byte_reader_u8(&code, &octet))
                return false;
            *reason = octet;
        } else if (extension.critical) {
            return false;
        }
    }
    return true;
}

static bool
read_entry(ByteReader *entries, Lookup *lookup)
{
    ByteReader entry, serial, time, extensions;
    uint8_t tag;
    int64_t when;
    int reason = -1;
    if (!der_expect(entries, DER_SEQUENCE, &entry) || !der_expect(&entry, DER_INTEGER, &serial) ||
        !der_next(&entry, &tag, &time) || !der_time(tag, &time, &when))
        return false;
    if (byte_reader_left(&entry) > 0 && (!der_expect(&entry, DER_SEQUENCE, &extensions) ||
                                         !read_entry_extensions(extensions, &reason)))
        return false;
    if (same_octets(without_leading_zeros(serial),
                    without_leading_zeros(byte_reader(lookup->serial, lookup->serial_length)))) {
        lookup->listed = true;
        lookup->when = when;
        lookup->reason = reason;
    }
    return true;
}

static bool
read_crl_extensions(ByteReader wrapped, const Lookup *lookup, const char **why)
{
    ByteReader list;
    if (!der_expect(&wrapped, DER_SEQUENCE, &list))
        return false;
    while (byte_reader_left(&list) > 0) {
        Extension extension;
        if (!read_extension(&list, &extension))
            return false;
        if (is_oid(extension.oid, oid_issuing_distribution_point,
                   sizeof oid_issuing_distribution_point)) {
            *why = "it is about other certificates, or not about every reason";
            if (!point_covers(extension.value, lookup))
                return false;
        } else if (extension.critical) {
            *why = "it has a critical extension that is not known; it may not be complete";
            return false;
        }
    }
    return true;
}

/* RFC 5280, section 5.1; the signature has been verified. */
static bool
read_list(GBytes *crl, Lookup *lookup, const char **why)
{
    ByteReader whole = byte_reader_for_bytes(crl), list, tbs, skipped, entries;
    uint8_t tag;
    if (!der_expect(&whole, DER_SEQUENCE, &list) || !der_expect(&list, DER_SEQUENCE, &tbs))
        return false;
    if (der_is_next(&tbs, DER_INTEGER) && !der_next(&tbs, &tag, &skipped))
        return false;
    if (!der_expect(&tbs, DER_SEQUENCE, &skipped) || /* signature */
        !der_expect(&tbs, DER_SEQUENCE, &skipped) || /* issuer */
        !der_next(&tbs, &tag, &skipped) ||           /* thisUpdate */
        !der_next(&tbs, &tag, &skipped))             /* nextUpdate */
        return false;
    if (der_is_next(&tbs, DER_SEQUENCE)) {
        if (!der_expect(&tbs, DER_SEQUENCE, &entries))
            return false;
        while (byte_reader_left(&entries) > 0)
            if (!read_entry(&entries, lookup))
                return false;
    }
    return byte_reader_left(&tbs) == 0 ||
           (der_expect(&tbs, DER_CONTEXT_CONSTRUCTED(0), &skipped) &&
            read_crl_extensions(skipped, lookup, why) && byte_reader_left(&tbs) == 0);
}

/* --- Who says so --- */

/* The octets that are signed: the first element of the list, its header with it. */
static bool
signed_octets(GBytes *crl, gnutls_datum_t *out)
{
    ByteReader whole = byte_reader_for_bytes(crl), list, tbs;
    const uint8_t *octets;
    if (!der_expect(&whole, DER_SEQUENCE, &list))
        return false;
    ByteReader before = list;
    if (!der_expect(&list, DER_SEQUENCE, &tbs))
        return false;
    size_t length = byte_reader_left(&before) - byte_reader_left(&list);
    if (!byte_reader_take(&before, length, &octets))
        return false;
    *out = (gnutls_datum_t){ (void *)octets, (unsigned)length };
    return true;
}

/* Absent means unrestricted (RFC 5280, section 6.3.3 (f)). */
static bool
may_sign(gnutls_x509_crt_t issuer)
{
    unsigned usage = 0;
    return gnutls_x509_crt_get_key_usage(issuer, &usage, NULL) < 0 ||
           (usage & GNUTLS_KEY_CRL_SIGN) != 0;
}

/* The library's own gnutls_x509_crl_verify asks its own clock, and cannot be told not to. */
static bool
signed_by_issuer(gnutls_x509_crl_t crl, GBytes *der, gnutls_x509_crt_t issuer)
{
    gnutls_datum_t octets, signature = { 0 };
    gnutls_pubkey_t key;
    size_t length = 0;
    int algorithm = gnutls_x509_crl_get_signature_algorithm(crl);
    if (!may_sign(issuer) || gnutls_x509_crl_check_issuer(crl, issuer) == 0 || algorithm <= 0 ||
        !gnutls_sign_is_secure2(algorithm, GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) ||
        !signed_octets(der, &octets) ||
        gnutls_x509_crl_get_signature(crl, NULL, &length) != GNUTLS_E_SHORT_MEMORY_BUFFER)
        return false;
    g_autofree char *buffer = g_malloc(length);
    if (gnutls_x509_crl_get_signature(crl, buffer, &length) < 0)
        return false;
    signature = (gnutls_datum_t){ (void *)buffer, (unsigned)length };
    gnutls_pubkey_init(&key);
    bool good = gnutls_pubkey_import_x509(key, issuer, 0) >= 0 &&
                gnutls_pubkey_verify_data2(key, (gnutls_sign_algorithm_t)algorithm,
                                           GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM), &octets,
                                           &signature) >= 0;
    gnutls_pubkey_deinit(key);
    return good;
}

static void
judge(gnutls_x509_crl_t crl, GBytes *der, const Certificate *certificate, const Certificate *issuer,
      int64_t now, RevocationVerdict *out)
{
    if (!signed_by_issuer(crl, der, certificate_handle(issuer))) {
        g_autofree char *name = certificate_subject_to_string(issuer);
        revocation_unknown(out, "the revocation list is not signed by %s, or not well", name);
        return;
    }
    int64_t next_update = gnutls_x509_crl_get_next_update(crl);
    if (next_update < 0) { /* RFC 5280, section 5.1.2.5 */
        revocation_unknown(out, "the revocation list does not say how long it is good");
        return;
    }
    if (revocation_is_current(out, "the revocation list", gnutls_x509_crl_get_this_update(crl),
                              next_update, now))
        revocation_read_crl(der, certificate, out);
}

void
revocation_read_crl(GBytes *crl, const Certificate *certificate, RevocationVerdict *out)
{
    const char *why = "it cannot be read";
    gnutls_x509_crt_t handle = certificate_handle(certificate);
    Lookup lookup = { .certificate = certificate, .serial_length = MAX_SERIAL };
    if (gnutls_x509_crt_get_serial(handle, lookup.serial, &lookup.serial_length) < 0) {
        revocation_unknown(out, "the certificate's number is too large");
        return;
    }
    lookup.authority = gnutls_x509_crt_get_ca_status(handle, NULL) > 0;
    if (!read_list(crl, &lookup, &why))
        revocation_unknown(out, "the revocation list is of no use: %s", why);
    else if (lookup.listed)
        revocation_revoked(out, certificate, lookup.when, lookup.reason);
    else
        out->status = REVOCATION_GOOD;
}

void
revocation_judge_crl(GBytes *der, const Certificate *certificate, const Certificate *issuer,
                     int64_t now, RevocationVerdict *out)
{
    gsize length;
    gnutls_x509_crl_t crl;
    gnutls_datum_t datum = { (void *)g_bytes_get_data(der, &length), 0 };
    datum.size = (unsigned)length;
    *out = (RevocationVerdict){ .status = REVOCATION_UNKNOWN };
    if (length > REVOCATION_MAX_LENGTH) {
        revocation_unknown(out, "the revocation list is too large");
        return;
    }
    gnutls_x509_crl_init(&crl);
    if (gnutls_x509_crl_import(crl, &datum, GNUTLS_X509_FMT_DER) < 0)
        revocation_unknown(out, "what came is no revocation list");
    else
        judge(crl, der, certificate, issuer, now, out);
    gnutls_x509_crl_deinit(crl);
}
