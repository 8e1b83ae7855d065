/*
 * Is a certificate revoked? Reads and judges what its issuer says: CRLs (RFC 5280, sections 5 and
 * 6.3) and OCSP responses (RFC 6960), and tells where a certificate wants to be asked about. What
 * is fetched, from whom and when is the caller's.
 */
#pragma once
#include "crypto/certificate.h"

#define REVOCATION_MAX_LENGTH  (64 * 1024) /* octets of one CRL or OCSP response */
#define REVOCATION_MAX_URLS    2           /* of a certificate, each for CRLs and for OCSP */
#define REVOCATION_MAX_URL     512         /* octets */
#define REVOCATION_CLOCK_SKEW  300         /* seconds that two clocks may differ */
#define REVOCATION_MAX_AGE     3600        /* seconds, of a statement that does not say how long */
#define REVOCATION_MAX_SINGLES 32          /* statements of one OCSP response */

typedef enum {
    REVOCATION_GOOD,
    REVOCATION_REVOKED,
    REVOCATION_UNKNOWN, /* nothing that can be relied on */
} RevocationStatus;

typedef struct {
    RevocationStatus status;
    int64_t when;  /* REVOKED: since, Unix seconds */
    int64_t until; /* GOOD: the statement is good until then */
    char *why;     /* REVOKED, UNKNOWN: for people */
} RevocationVerdict;

void revocation_verdict_clear(RevocationVerdict *verdict);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RevocationVerdict, revocation_verdict_clear)

/* http URLs in the certificate's order (char *), each printable ASCII without blanks. CRL: the
 * distribution points that list every reason (RFC 5280, section 4.2.1.13); OCSP: of the authority
 * information access (section 4.2.2.1). */
GPtrArray *revocation_crl_urls(const Certificate *certificate);
GPtrArray *revocation_ocsp_urls(const Certificate *certificate);

/* issuer: whose key signed the certificate, and who has to have signed the CRL; now: Unix seconds.
 * A CRL that is not complete (delta, some reasons, other certificates, indirect), has critical
 * extensions that are unknown, is stale or does not say when the next one comes: UNKNOWN. */
void revocation_judge_crl(GBytes *crl, const Certificate *certificate, const Certificate *issuer,
                          int64_t now, RevocationVerdict *out);

/* A request about one certificate. nonce: 16 to 32 octets, or NULL (RFC 6960, section 4.4.1). */
GBytes *revocation_ocsp_request(const Certificate *certificate, const Certificate *issuer,
                                GBytes *nonce);
/* response: DER OCSPResponse. Signed by issuer, or by whom issuer appointed with id-kp-OCSPSigning
 * in a certificate of its own making. nonce: of the request, NULL where there was none; a response
 * without nonce is one that was made before, which its times allow. */
void revocation_judge_ocsp(GBytes *response, const Certificate *certificate,
                           const Certificate *issuer, GBytes *nonce, int64_t now,
                           RevocationVerdict *out);
