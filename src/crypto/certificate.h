/*
 * X.509 certificates: reading, paths, identities (RFC 7296, section 3.6; RFC 4945; RFC 5280).
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CERTIFICATE_MAX_LENGTH (32 * 1024) /* octets of one DER certificate */
#define CERTIFICATE_MAX_CHAIN  16

typedef struct _Certificate Certificate;
typedef struct _TrustStore TrustStore;

Certificate *certificate_new_der(const void *der, size_t length, GError **error);
/* Every certificate of a PEM file in its order (Certificate), at least one, or NULL. */
GPtrArray *certificate_list_from_pem(const char *pem, size_t length, GError **error);
Certificate *certificate_ref(Certificate *certificate);
void certificate_unref(Certificate *certificate);
GBytes *certificate_der(const Certificate *certificate);            /* borrowed */
GBytes *certificate_subject_der(const Certificate *certificate);    /* DER Name, borrowed */
GBytes *certificate_public_key_der(const Certificate *certificate); /* SubjectPublicKeyInfo */
char *certificate_subject_to_string(const Certificate *certificate);
char *certificate_issuer_to_string(const Certificate *certificate);
int64_t certificate_not_after(const Certificate *certificate); /* Unix seconds */
/* What its subjectAltName holds, for an error's words: "gw.example, 192.0.2.1", quoted and bounded;
 * empty where it holds nothing. */
char *certificate_names_to_string(const Certificate *certificate);

/* Whether the certificate speaks for an IKE identity (RFC 7296, section 4; RFC 4945, section 3.1):
 * type ID_FQDN 2, ID_RFC822_ADDR 3, ID_IPV4_ADDR 1, ID_IPV6_ADDR 5 against subjectAltName, exactly
 * (case-insensitive for names, no wildcards); ID_DER_ASN1_DN 9 against the subject; ID_DER_ASN1_GN
 * 10 as what the GeneralName holds; ID_KEY_ID 11 against the subject key identifier. */
bool certificate_matches_identity(const Certificate *certificate, uint8_t id_type, const void *id,
                                  size_t id_length);
/* The same for a TLS server: host is a name in A-labels, which "*" in place of the leftmost label
 * of a dNSName matches too (RFC 9525, section 6.3), or an address, which is an iPAddress. Never the
 * subject. */
bool certificate_matches_host(const Certificate *certificate, const char *host);

/* What of certificates (ours first, then what its file has besides) a gateway is shown that asks
 * for authorities (SHA-1 hashes as in CERTREQ; NULL: none named): ours, and those between it and
 * the authority in order, up to where the gateway goes on by itself. Of several of the same subject
 * and key the one that leads to what is asked for. Never empty. */
GPtrArray *certificate_choose_chain(GPtrArray *certificates, GBytes *authorities);

/* pem NULL: the system's store. */
TrustStore *trust_store_new(const char *pem, size_t length, GError **error);
TrustStore *trust_store_ref(TrustStore *store);
void trust_store_unref(TrustStore *store);
/* SHA-1 of each anchor's SubjectPublicKeyInfo, concatenated: the body of a CERTREQ payload (RFC
 * 7296, section 3.7). At most 100 anchors; empty where there are more. */
GBytes *trust_store_certreq(const TrustStore *store);

/* Verifies that chain->pdata[0] leads to the store, with the others of chain as helpers in any
 * order, at now (Unix seconds): signatures, validity, basic constraints, name constraints, key
 * usage digitalSignature or nonRepudiation where present; extended key usage, where present, any of
 * serverAuth, ipsecIKE (1.3.6.1.5.5.7.3.17), ikeIntermediate (1.3.6.1.5.5.8.2.2), any. SHA-1 and
 * MD5 signatures are refused. A helper that is not valid at now is left aside: gateways send stale
 * cross-signed ones along. Errors: CRYPTO_ERROR_EXPIRED, _NOT_YET_VALID, _UNTRUSTED, _WRONG_USAGE,
 * each naming the subject and the dates. path (may be NULL): the certificates that lead there, the
 * gateway's first, the anchor last; the anchor alone where the gateway's own is one. */
bool trust_store_verify(const TrustStore *store, GPtrArray *chain, int64_t now, GPtrArray **path,
                        GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Certificate, certificate_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrustStore, trust_store_unref)
