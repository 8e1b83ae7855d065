/* What the other files of this folder need of a certificate. */
#pragma once
#include "crypto/certificate.h"

#include <gnutls/x509.h>

gnutls_x509_crt_t certificate_handle(const Certificate *certificate);
/* Takes handle. */
Certificate *certificate_wrap(gnutls_x509_crt_t handle);

#define CERTIFICATE_KEY_HASH 20
/* SHA-1 of the SubjectPublicKeyInfo, as CERTREQ has it (RFC 7296, section 3.7). */
bool certificate_key_hash(gnutls_x509_crt_t handle, uint8_t out[CERTIFICATE_KEY_HASH]);

/* --- certificate-path.c --- */
/* The way from the first of certificates, by the others in any order, to one of anchors: the anchor
 * last, NULL where there is none. Links are checked (names, signatures, who is an authority),
 * constraints are not. A path to an anchor that is not valid at now is found where there is no
 * better. */
GPtrArray *certificate_path_find(gnutls_x509_trust_list_t anchors, GPtrArray *certificates,
                                 int64_t now);
