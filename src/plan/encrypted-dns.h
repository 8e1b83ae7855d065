/*
 * Encrypted resolvers that a gateway offers: from the octets of ENCDNS_IP4, ENCDNS_IP6 and
 * ENCDNS_DIGEST_INFO to values. Whether one is used is decided in split-dns.h. Pure. RFC 9464,
 * section 3; service parameters as in RFC 9460, section 2.2.
 */
#pragma once
#include "base/inet.h"

#include <stdbool.h>

#define ENCRYPTED_RESOLVER_MAX_ADDRESSES 8
#define ENCRYPTED_RESOLVER_DOT_PORT      853 /* RFC 7858, section 3.1 */

typedef struct {
    uint16_t priority; /* the least is the best */
    GArray *addresses; /* InetAddress, at least one */
    char *name;        /* authentication domain name, in normal form (base/names.h) */
    char *protocols;   /* as the gateway has them, for sentences: "dot, h2" */
    bool dot;          /* DNS over TLS is among them */
    bool unknown;      /* a parameter is mandatory that we do not know */
    uint16_t port;     /* where nothing is said: of DNS over TLS */
} EncryptedResolver;

typedef struct {
    char *name;     /* whose; NULL: of every resolver */
    uint16_t hash;  /* number of RFC 7427, section 7 */
    GBytes *digest; /* of the certificate's SubjectPublicKeyInfo */
} EncryptedDigest;

/* The value of an ENCDNS_IP4 (family INET_V4) or ENCDNS_IP6; NULL with PARSE_ERROR. */
EncryptedResolver *encrypted_resolver_parse(InetFamily family, const uint8_t *value, size_t length,
                                            GError **error);
void encrypted_resolver_free(EncryptedResolver *resolver);
/* The value of an ENCDNS_DIGEST_INFO in a reply; NULL with PARSE_ERROR. */
EncryptedDigest *encrypted_digest_parse(const uint8_t *value, size_t length, GError **error);
void encrypted_digest_free(EncryptedDigest *digest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EncryptedResolver, encrypted_resolver_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EncryptedDigest, encrypted_digest_free)
