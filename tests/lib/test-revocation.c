#include "test-revocation.h"

#include "crypto/algorithms.h"
#include "crypto/der.h"
#include "crypto/prf.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>

static const uint8_t ecdsa_sha256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                        0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
static const uint8_t ecdsa_sha1[] = { 0x30, 0x09, 0x06, 0x07, 0x2a, 0x86,
                                      0x48, 0xce, 0x3d, 0x04, 0x01 };
static const uint8_t sha1_algorithm[] = { 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
                                          0x03, 0x02, 0x1a, 0x05, 0x00 };
static const uint8_t sha256_algorithm[] = { 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
                                            0x01, 0x65, 0x03, 0x04, 0x02, 0x01 };
/* Object identifiers, with tag and length. */
static const uint8_t oid_reason[] = { 0x06, 0x03, 0x55, 0x1d, 0x15 };
static const uint8_t oid_delta[] = { 0x06, 0x03, 0x55, 0x1d, 0x1b };
static const uint8_t oid_point[] = { 0x06, 0x03, 0x55, 0x1d, 0x1c };
static const uint8_t oid_unknown[] = { 0x06, 0x03, 0x55, 0x1d, 0x7e };
static const uint8_t oid_basic[] = { 0x06, 0x09, 0x2b, 0x06, 0x01, 0x05,
                                     0x05, 0x07, 0x30, 0x01, 0x01 };
static const uint8_t oid_nonce[] = { 0x06, 0x09, 0x2b, 0x06, 0x01, 0x05,
                                     0x05, 0x07, 0x30, 0x01, 0x02 };

/* --- Writing --- */

static void
put(GByteArray *out, const void *data, size_t length)
{
    g_byte_array_append(out, data, (guint)length);
}

static void
put_header(GByteArray *out, uint8_t tag, size_t length)
{
    uint8_t octets[] = { tag, 0x83, (uint8_t)(length >> 16), (uint8_t)(length >> 8),
                         (uint8_t)length };
    if (length < 0x80) {
        octets[1] = (uint8_t)length;
        put(out, octets, 2);
    } else if (length < 0x100) {
        uint8_t two[] = { tag, 0x81, (uint8_t)length };
        put(out, two, sizeof two);
    } else if (length < 0x10000) {
        uint8_t three[] = { tag, 0x82, (uint8_t)(length >> 8), (uint8_t)length };
        put(out, three, sizeof three);
    } else {
        put(out, octets, sizeof octets);
    }
}

/* Everything behind start becomes the content of one element. */
static void
wrap(GByteArray *out, guint start, uint8_t tag)
{
    g_autofree uint8_t *content = g_memdup2(out->data + start, out->len - start);
    guint length = out->len - start;
    g_byte_array_set_size(out, start);
    put_header(out, tag, length);
    put(out, content, length);
}

static void
put_element(GByteArray *out, uint8_t tag, const void *data, size_t length)
{
    put_header(out, tag, length);
    put(out, data, length);
}

static void
put_octet(GByteArray *out, uint8_t tag, uint8_t octet)
{
    put_element(out, tag, &octet, 1);
}

static void
put_time(GByteArray *out, int64_t when)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(when);
    g_autofree char *text = g_date_time_format(date, "%Y%m%d%H%M%SZ");
    put_element(out, DER_GENERALIZED_TIME, text, strlen(text));
}

/* As certificates and lists write them (RFC 5280, section 4.1.2.5). */
static void
put_utc_time(GByteArray *out, int64_t when)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(when);
    g_autofree char *text = g_date_time_format(date, "%y%m%d%H%M%SZ");
    put_element(out, DER_UTC_TIME, text, strlen(text));
}

/* value: what is inside the OCTET STRING. */
static void
put_extension(GByteArray *out, const uint8_t *oid, size_t oid_length, bool critical,
              const GByteArray *value)
{
    guint start = out->len;
    put(out, oid, oid_length);
    if (critical)
        put_octet(out, DER_BOOLEAN, 0xff);
    put_element(out, DER_OCTET_STRING, value->data, value->len);
    wrap(out, start, DER_SEQUENCE);
}

static void
put_algorithm(GByteArray *out, bool sha1)
{
    if (sha1)
        put(out, ecdsa_sha1, sizeof ecdsa_sha1);
    else
        put(out, ecdsa_sha256, sizeof ecdsa_sha256);
}

/* tbs becomes SEQUENCE {tbs, algorithm, signature}. */
static void
put_signature(GByteArray *out, guint start, const TestIdentity *signer, bool sha1)
{
    g_autoptr(GBytes) signature =
        test_identity_sign(signer, sha1, out->data + start, out->len - start);
    gsize length;
    const uint8_t *octets = g_bytes_get_data(signature, &length);
    put_algorithm(out, sha1);
    guint bits = out->len;
    put(out, "\0", 1);
    put(out, octets, length);
    wrap(out, bits, DER_BIT_STRING);
}

/* --- What certificates hold --- */

static gnutls_x509_crt_t
read_certificate(const TestIdentity *identity)
{
    gnutls_x509_crt_t crt;
    gsize length;
    GBytes *der = certificate_der(test_identity_certificate(identity));
    gnutls_datum_t datum = { (void *)g_bytes_get_data(der, &length), 0 };
    datum.size = (unsigned)length;
    gnutls_x509_crt_init(&crt);
    g_assert_cmpint(gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_DER), ==, 0);
    return crt;
}

static void
put_serial(GByteArray *out, const TestIdentity *identity)
{
    gnutls_x509_crt_t crt = read_certificate(identity);
    uint8_t serial[32];
    size_t length = sizeof serial;
    g_assert_cmpint(gnutls_x509_crt_get_serial(crt, serial, &length), ==, 0);
    put_element(out, DER_INTEGER, serial, length);
    gnutls_x509_crt_deinit(crt);
}

static void
put_name(GByteArray *out, const TestIdentity *identity)
{
    GBytes *name = certificate_subject_der(test_identity_certificate(identity));
    put(out, g_bytes_get_data(name, NULL), g_bytes_get_size(name));
}

/* The content of subjectPublicKey without its count of unused bits. */
static GBytes *
key_bits(const TestIdentity *identity)
{
    gnutls_x509_crt_t crt = read_certificate(identity);
    gnutls_pubkey_t key;
    gnutls_datum_t info = { 0 };
    ByteReader outer, skipped, bits;
    uint8_t unused;
    gnutls_pubkey_init(&key);
    g_assert_cmpint(gnutls_pubkey_import_x509(key, crt, 0), ==, 0);
    g_assert_cmpint(gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &info), ==, 0);
    ByteReader whole = byte_reader(info.data, info.size);
    g_assert_true(der_expect(&whole, DER_SEQUENCE, &outer) &&
                  der_expect(&outer, DER_SEQUENCE, &skipped) &&
                  der_expect(&outer, DER_BIT_STRING, &bits) && byte_reader_u8(&bits, &unused));
    GBytes *result = byte_reader_rest(&bits);
    gnutls_free(info.data);
    gnutls_pubkey_deinit(key);
    gnutls_x509_crt_deinit(crt);
    return result;
}

/* --- CRL --- */

static void
put_entry(GByteArray *out, const TestCrlSpec *spec)
{
    g_autoptr(GByteArray) value = g_byte_array_new();
    guint start = out->len;
    put_serial(out, spec->revoked);
    put_utc_time(out, TEST_PKI_NOW - 7200);
    guint extensions = out->len;
    if (spec->reason != 0) {
        put_octet(value, DER_ENUMERATED, (uint8_t)spec->reason);
        put_extension(out, oid_reason, sizeof oid_reason, false, value);
    }
    if (spec->critical_entry)
        put_extension(out, oid_unknown, sizeof oid_unknown, true, value);
    if (out->len > extensions)
        wrap(out, extensions, DER_SEQUENCE);
    wrap(out, start, DER_SEQUENCE);
}

static void
put_entries(GByteArray *out, const TestCrlSpec *spec)
{
    guint start = out->len;
    for (unsigned i = 0; i < spec->fillers; i++) {
        uint32_t serial = GUINT32_TO_BE(0x70000000 + i);
        guint entry = out->len;
        put_element(out, DER_INTEGER, &serial, sizeof serial);
        put_utc_time(out, TEST_PKI_NOW - 7200);
        wrap(out, entry, DER_SEQUENCE);
    }
    if (spec->revoked != NULL)
        put_entry(out, spec);
    if (out->len > start)
        wrap(out, start, DER_SEQUENCE);
}

static void
put_point(GByteArray *out, const TestCrlSpec *spec)
{
    g_autoptr(GByteArray) value = g_byte_array_new();
    static const uint8_t some[] = { 0x83, 0x02, 0x06, 0x40 };
    if (spec->point_url != NULL) {
        put_element(value, DER_CONTEXT(6), spec->point_url, strlen(spec->point_url));
        wrap(value, 0, DER_CONTEXT_CONSTRUCTED(0));
        wrap(value, 0, DER_CONTEXT_CONSTRUCTED(0));
    }
    if (spec->point_users)
        put_octet(value, DER_CONTEXT(1), 0xff);
    if (spec->point_authorities)
        put_octet(value, DER_CONTEXT(2), 0xff);
    if (spec->point_some_reasons)
        put(value, some, sizeof some);
    if (spec->point_indirect)
        put_octet(value, DER_CONTEXT(4), 0xff);
    if (value->len == 0)
        return;
    wrap(value, 0, DER_SEQUENCE);
    put_extension(out, oid_point, sizeof oid_point, true, value);
}

static void
put_crl_extensions(GByteArray *out, const TestCrlSpec *spec)
{
    g_autoptr(GByteArray) value = g_byte_array_new();
    guint start = out->len;
    put_octet(value, DER_INTEGER, 1);
    if (spec->delta)
        put_extension(out, oid_delta, sizeof oid_delta, true, value);
    if (spec->critical_extension)
        put_extension(out, oid_unknown, sizeof oid_unknown, true, value);
    put_point(out, spec);
    if (out->len == start)
        return;
    wrap(out, start, DER_SEQUENCE);
    wrap(out, start, DER_CONTEXT_CONSTRUCTED(0));
}

GBytes *
test_crl(const TestCrlSpec *spec)
{
    GByteArray *out = g_byte_array_new();
    put_octet(out, DER_INTEGER, 1);
    put_algorithm(out, spec->sha1);
    put_name(out, spec->issuer);
    put_utc_time(out, spec->this_update != 0 ? spec->this_update : TEST_PKI_NOW - 3600);
    if (spec->next_update >= 0)
        put_utc_time(out, spec->next_update != 0 ? spec->next_update : TEST_PKI_NOW + 3600);
    put_entries(out, spec);
    put_crl_extensions(out, spec);
    wrap(out, 0, DER_SEQUENCE);
    put_signature(out, 0, spec->signer != NULL ? spec->signer : spec->issuer, spec->sha1);
    wrap(out, 0, DER_SEQUENCE);
    return g_byte_array_free_to_bytes(out);
}

/* --- OCSP --- */

static void
put_hash(GByteArray *out, bool sha256, const void *data, size_t length, bool wrong)
{
    uint8_t hash[32];
    Chunk whole = chunk(data, length);
    hash_compute(sha256 ? HASH_SHA2_256 : HASH_SHA1, &whole, 1, hash);
    hash[0] ^= wrong ? 1 : 0;
    put_element(out, DER_OCTET_STRING, hash, sha256 ? 32 : 20);
}

static void
put_cert_id(GByteArray *out, const TestOcspSpec *spec, const TestIdentity *about)
{
    guint start = out->len;
    g_autoptr(GBytes) bits = key_bits(spec->issuer);
    GBytes *name = certificate_subject_der(test_identity_certificate(spec->issuer));
    if (spec->sha256)
        put(out, sha256_algorithm, sizeof sha256_algorithm);
    else
        put(out, sha1_algorithm, sizeof sha1_algorithm);
    put_hash(out, spec->sha256, g_bytes_get_data(name, NULL), g_bytes_get_size(name), false);
    put_hash(out, spec->sha256, g_bytes_get_data(bits, NULL), g_bytes_get_size(bits),
             spec->wrong_key_hash);
    put_serial(out, about);
    wrap(out, start, DER_SEQUENCE);
}

static void
put_status(GByteArray *out, const TestOcspSpec *spec, TestOcspStatus status)
{
    guint start = out->len;
    switch (status) {
    case TEST_OCSP_GOOD:
        put_header(out, DER_CONTEXT(0), 0);
        break;
    case TEST_OCSP_REVOKED:
        put_time(out, TEST_PKI_NOW - 7200);
        if (spec->reason != 0) {
            guint reason = out->len;
            put_octet(out, DER_ENUMERATED, (uint8_t)spec->reason);
            wrap(out, reason, DER_CONTEXT_CONSTRUCTED(0));
        }
        wrap(out, start, DER_CONTEXT_CONSTRUCTED(1));
        break;
    case TEST_OCSP_UNKNOWN:
        put_header(out, DER_CONTEXT(2), 0);
        break;
    }
}

static void
put_single(GByteArray *out, const TestOcspSpec *spec, const TestIdentity *about,
           TestOcspStatus status)
{
    guint start = out->len;
    put_cert_id(out, spec, about);
    put_status(out, spec, status);
    put_time(out, spec->this_update != 0 ? spec->this_update : TEST_PKI_NOW - 60);
    if (spec->next_update >= 0) {
        guint next = out->len;
        put_time(out, spec->next_update != 0 ? spec->next_update : TEST_PKI_NOW + 3600);
        wrap(out, next, DER_CONTEXT_CONSTRUCTED(0));
    }
    wrap(out, start, DER_SEQUENCE);
}

static void
put_responder(GByteArray *out, const TestOcspSpec *spec, const TestIdentity *signer)
{
    guint start = out->len;
    if (spec->by_name) {
        put_name(out, signer);
        wrap(out, start, DER_CONTEXT_CONSTRUCTED(1));
        return;
    }
    g_autoptr(GBytes) bits = key_bits(signer);
    put_hash(out, false, g_bytes_get_data(bits, NULL), g_bytes_get_size(bits), false);
    wrap(out, start, DER_CONTEXT_CONSTRUCTED(2));
}

static void
put_response_extensions(GByteArray *out, const TestOcspSpec *spec)
{
    g_autoptr(GByteArray) value = g_byte_array_new();
    guint start = out->len;
    if (spec->nonce != NULL) {
        put_element(value, DER_OCTET_STRING, g_bytes_get_data(spec->nonce, NULL),
                    g_bytes_get_size(spec->nonce));
        put_extension(out, oid_nonce, sizeof oid_nonce, false, value);
    }
    if (spec->critical_extension)
        put_extension(out, oid_unknown, sizeof oid_unknown, true, value);
    if (out->len == start)
        return;
    wrap(out, start, DER_SEQUENCE);
    wrap(out, start, DER_CONTEXT_CONSTRUCTED(1));
}

static void
put_basic_response(GByteArray *out, const TestOcspSpec *spec)
{
    const TestIdentity *signer = spec->signer != NULL ? spec->signer : spec->issuer;
    guint start = out->len;
    put_responder(out, spec, signer);
    put_time(out, TEST_PKI_NOW - 30);
    guint singles = out->len;
    for (unsigned i = 0; i < spec->others; i++)
        put_single(out, spec, spec->issuer, TEST_OCSP_GOOD);
    put_single(out, spec, spec->about, spec->status);
    wrap(out, singles, DER_SEQUENCE);
    put_response_extensions(out, spec);
    wrap(out, start, DER_SEQUENCE);
    put_signature(out, start, signer, spec->sha1);
    if (spec->embedded != NULL) {
        GBytes *der = certificate_der(test_identity_certificate(spec->embedded));
        guint certificates = out->len;
        put(out, g_bytes_get_data(der, NULL), g_bytes_get_size(der));
        wrap(out, certificates, DER_SEQUENCE);
        wrap(out, certificates, DER_CONTEXT_CONSTRUCTED(0));
    }
    wrap(out, start, DER_SEQUENCE);
}

GBytes *
test_ocsp(const TestOcspSpec *spec)
{
    GByteArray *out = g_byte_array_new();
    put_octet(out, DER_ENUMERATED, (uint8_t)spec->error);
    guint start = out->len;
    if (spec->error == 0) {
        put(out, oid_basic, sizeof oid_basic);
        guint octets = out->len;
        put_basic_response(out, spec);
        wrap(out, octets, DER_OCTET_STRING);
        wrap(out, start, DER_SEQUENCE);
        wrap(out, start, DER_CONTEXT_CONSTRUCTED(0));
    }
    wrap(out, 0, DER_SEQUENCE);
    return g_byte_array_free_to_bytes(out);
}
