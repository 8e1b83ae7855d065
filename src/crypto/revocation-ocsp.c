/*
 * The online certificate status protocol (RFC 6960): one request, one response, about one
 * certificate. A responder that the issuer appointed is not asked about in turn: its certificate is
 * as good as it is valid (the issuer makes them short-lived; RFC 6960, section 4.2.2.2.1).
 */
#include "config.h"

#include "crypto/certificate-private.h"
#include "crypto/revocation-private.h"

#include <gnutls/ocsp.h>
#include <string.h>

#define OID_BASIC_RESPONSE "1.3.6.1.5.5.7.48.1.1"
#define OID_NONCE          "1.3.6.1.5.5.7.48.1.2"
#define MAX_CERTIFICATES   8  /* that a response brings along */
#define MAX_EXTENSIONS     16 /* of a response */

typedef struct {
    gnutls_digest_algorithm_t digest;
    gnutls_datum_t name_hash, key_hash, serial;
} CertId;

static void
cert_id_clear(CertId *id)
{
    gnutls_free(id->name_hash.data);
    gnutls_free(id->key_hash.data);
    gnutls_free(id->serial.data);
    *id = (CertId){ 0 };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CertId, cert_id_clear)

static bool
same_datum(const gnutls_datum_t *a, const gnutls_datum_t *b)
{
    return a->size == b->size && a->size > 0 && memcmp(a->data, b->data, a->size) == 0;
}

static gnutls_ocsp_req_t
new_request(gnutls_digest_algorithm_t digest, const Certificate *certificate,
            const Certificate *issuer)
{
    gnutls_ocsp_req_t request;
    gnutls_ocsp_req_init(&request);
    if (gnutls_ocsp_req_add_cert(request, digest, certificate_handle(issuer),
                                 certificate_handle(certificate)) >= 0)
        return request;
    gnutls_ocsp_req_deinit(request);
    return NULL;
}

GBytes *
revocation_ocsp_request(const Certificate *certificate, const Certificate *issuer, GBytes *nonce)
{
    gnutls_datum_t der = { 0 };
    /* SHA-1 names the certificate only; it is what every responder knows (RFC 5019, section
     * 2.1.1). */
    gnutls_ocsp_req_t request = new_request(GNUTLS_DIG_SHA1, certificate, issuer);
    if (request == NULL)
        return NULL;
    bool ok = true;
    if (nonce != NULL) {
        gsize length;
        gnutls_datum_t datum = { (void *)g_bytes_get_data(nonce, &length), 0 };
        datum.size = (unsigned)length;
        ok = gnutls_ocsp_req_set_nonce(request, 0, &datum) >= 0;
    }
    ok = ok && gnutls_ocsp_req_export(request, &der) >= 0;
    gnutls_ocsp_req_deinit(request);
    GBytes *bytes = ok ? g_bytes_new(der.data, der.size) : NULL;
    gnutls_free(der.data);
    return bytes;
}

/* What a response about the certificate has to be named by, if it uses that digest. */
static bool
expected_id(gnutls_digest_algorithm_t digest, const Certificate *certificate,
            const Certificate *issuer, CertId *out)
{
    *out = (CertId){ 0 };
    if (digest != GNUTLS_DIG_SHA1 && digest != GNUTLS_DIG_SHA256 && digest != GNUTLS_DIG_SHA384 &&
        digest != GNUTLS_DIG_SHA512)
        return false;
    gnutls_ocsp_req_t request = new_request(digest, certificate, issuer);
    if (request == NULL)
        return false;
    int rc = gnutls_ocsp_req_get_cert_id(request, 0, &out->digest, &out->name_hash, &out->key_hash,
                                         &out->serial);
    gnutls_ocsp_req_deinit(request);
    return rc >= 0;
}

/* --- Who says so --- */

/* A delegate whose certificate is not valid at now speaks for nobody; the library is asked not to
 * look at its own clock. */
static bool
delegates_are_valid(gnutls_ocsp_resp_t response, int64_t now)
{
    gnutls_x509_crt_t *list = NULL;
    size_t n = 0;
    bool valid = true;
    if (gnutls_ocsp_resp_get_certs(response, &list, &n) < 0)
        return true; /* none */
    for (size_t i = 0; i < n; i++) {
        valid = valid && now >= gnutls_x509_crt_get_activation_time(list[i]) &&
                now <= gnutls_x509_crt_get_expiration_time(list[i]);
        gnutls_x509_crt_deinit(list[i]);
    }
    gnutls_free(list);
    return valid && n <= MAX_CERTIFICATES;
}

/* By the issuer itself or by its delegate (RFC 6960, section 4.2.2.2). The library looks for the
 * signer among the certificates that came along, by the responder's ID, and wants of one that is
 * not the issuer that the issuer signed it directly and that it has id-kp-OCSPSigning. */
static bool
signed_by_issuer(gnutls_ocsp_resp_t response, const Certificate *issuer, int64_t now)
{
    unsigned status = 0;
    int algorithm = gnutls_ocsp_resp_get_signature_algorithm(response);
    return algorithm > 0 &&
           gnutls_sign_is_secure2((gnutls_sign_algorithm_t)algorithm,
                                  GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) &&
           delegates_are_valid(response, now) &&
           gnutls_ocsp_resp_verify_direct(
               response, certificate_handle(issuer), &status,
               GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS |
                   GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM)) >= 0 &&
           status == 0;
}

/* --- What it says --- */

static bool
is_basic(gnutls_ocsp_resp_t response)
{
    gnutls_datum_t oid = { 0 };
    bool basic = gnutls_ocsp_resp_get_response(response, &oid, NULL) >= 0 && oid.data != NULL &&
                 strcmp((char *)oid.data, OID_BASIC_RESPONSE) == 0;
    gnutls_free(oid.data);
    return basic;
}

/* Ours, or none at all. */
static bool
nonce_fits(gnutls_ocsp_resp_t response, GBytes *nonce)
{
    gnutls_datum_t found = { 0 };
    if (nonce == NULL || gnutls_ocsp_resp_get_nonce(response, NULL, &found) < 0)
        return true;
    g_autoptr(GBytes) theirs = g_bytes_new(found.data, found.size);
    gnutls_free(found.data);
    return g_bytes_equal(theirs, nonce);
}

static bool
has_unknown_critical(gnutls_ocsp_resp_t response)
{
    for (unsigned i = 0; i < MAX_EXTENSIONS; i++) {
        gnutls_datum_t oid = { 0 }, data = { 0 };
        unsigned critical = 0;
        int rc = gnutls_ocsp_resp_get_extension(response, i, &oid, &critical, &data);
        bool unknown = rc >= 0 && critical != 0 && strcmp((char *)oid.data, OID_NONCE) != 0;
        gnutls_free(oid.data);
        gnutls_free(data.data);
        if (rc < 0)
            return rc != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
        if (unknown)
            return true;
    }
    return true; /* more than we look at */
}

/* One statement. True when it is about the certificate. */
static bool
read_single(gnutls_ocsp_resp_t response, unsigned index, const Certificate *certificate,
            const Certificate *issuer, int64_t now, RevocationVerdict *out, bool *end)
{
    g_auto(CertId) found = { 0 };
    g_auto(CertId) expected = { 0 };
    unsigned status = 0, reason = 0;
    time_t this_update = -1, next_update = -1, when = -1;
    int rc = gnutls_ocsp_resp_get_single(response, index, &found.digest, &found.name_hash,
                                         &found.key_hash, &found.serial, &status, &this_update,
                                         &next_update, &when, &reason);
    *end = rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
    if (rc < 0 || !expected_id(found.digest, certificate, issuer, &expected) ||
        !same_datum(&found.name_hash, &expected.name_hash) ||
        !same_datum(&found.key_hash, &expected.key_hash) ||
        !same_datum(&found.serial, &expected.serial))
        return false;
    if (this_update < 0)
        revocation_unknown(out, "the responder does not say when");
    else if (revocation_is_current(out, "what the responder says", this_update, next_update, now)) {
        if (status == GNUTLS_OCSP_CERT_GOOD)
            out->status = REVOCATION_GOOD;
        else if (status == GNUTLS_OCSP_CERT_REVOKED)
            revocation_revoked(out, certificate, when, (int)reason);
        else
            revocation_unknown(out, "the responder does not know the certificate");
    }
    return true;
}

static void
read_response(gnutls_ocsp_resp_t response, const Certificate *certificate,
              const Certificate *issuer, GBytes *nonce, int64_t now, RevocationVerdict *out)
{
    bool end = false;
    if (!nonce_fits(response, nonce)) {
        revocation_unknown(out, "the responder answers another question");
        return;
    }
    if (has_unknown_critical(response)) {
        revocation_unknown(out, "the response has a critical extension that is not known");
        return;
    }
    for (unsigned i = 0; i < REVOCATION_MAX_SINGLES && !end; i++)
        if (read_single(response, i, certificate, issuer, now, out, &end))
            return;
    revocation_unknown(out, "the responder says nothing about the certificate");
}

/* NULL: there is nothing that could be signed, and out says why. */
static gnutls_ocsp_resp_t
import(GBytes *der, RevocationVerdict *out)
{
    gsize length;
    gnutls_ocsp_resp_t response;
    gnutls_datum_t datum = { (void *)g_bytes_get_data(der, &length), 0 };
    datum.size = (unsigned)length;
    *out = (RevocationVerdict){ .status = REVOCATION_UNKNOWN };
    if (length > REVOCATION_MAX_LENGTH) {
        revocation_unknown(out, "the responder's answer is too large");
        return NULL;
    }
    gnutls_ocsp_resp_init(&response);
    if (gnutls_ocsp_resp_import(response, &datum) < 0) {
        revocation_unknown(out, "what came is no answer of a responder");
    } else {
        int status = gnutls_ocsp_resp_get_status(response);
        if (status == GNUTLS_OCSP_RESP_SUCCESSFUL && is_basic(response))
            return response;
        if (status != GNUTLS_OCSP_RESP_SUCCESSFUL) /* RFC 6960, section 4.2.1; not signed */
            revocation_unknown(out, "the responder answers with error %d", status);
        else
            revocation_unknown(out, "the responder answers in a form that is not known");
    }
    gnutls_ocsp_resp_deinit(response);
    return NULL;
}

void
revocation_read_ocsp(GBytes *der, const Certificate *certificate, const Certificate *issuer,
                     GBytes *nonce, int64_t now, RevocationVerdict *out)
{
    gnutls_ocsp_resp_t response = import(der, out);
    if (response == NULL)
        return;
    read_response(response, certificate, issuer, nonce, now, out);
    gnutls_ocsp_resp_deinit(response);
}

void
revocation_judge_ocsp(GBytes *der, const Certificate *certificate, const Certificate *issuer,
                      GBytes *nonce, int64_t now, RevocationVerdict *out)
{
    gnutls_ocsp_resp_t response = import(der, out);
    if (response == NULL)
        return;
    if (signed_by_issuer(response, issuer, now)) {
        read_response(response, certificate, issuer, nonce, now, out);
    } else {
        g_autofree char *name = certificate_subject_to_string(issuer);
        revocation_unknown(out, "the responder does not speak for %s, or does not sign well", name);
    }
    gnutls_ocsp_resp_deinit(response);
}
