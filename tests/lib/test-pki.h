/*
 * Certificates for tests, made when they are needed: an authority, leaves with the names, validity,
 * key and usage that a test asks for. Whatever fails ends the test.
 */
#pragma once
#include "crypto/certificate.h"
#include "crypto/signature.h"

typedef enum {
    TEST_KEY_ECDSA_256, /* the default, and the quickest to make */
    TEST_KEY_ECDSA_384,
    TEST_KEY_ECDSA_521,
    TEST_KEY_RSA_2048,
    TEST_KEY_RSA_1024,
    TEST_KEY_RSA_PSS_2048,
    TEST_KEY_ED25519,
    TEST_KEY_ED448,
} TestKeyKind;

enum { /* bits of TestPkiSpec.usage */
       TEST_USAGE_SIGN = 1,
       TEST_USAGE_NON_REPUDIATION = 2,
       TEST_USAGE_ENCIPHER = 4,
       TEST_USAGE_CERT_SIGN = 8,
       TEST_USAGE_CRL_SIGN = 16,
};

/* Unix seconds; within the validity of everything that does not ask for another. */
#define TEST_PKI_NOW 1700000000

/* A certificate with its private key. */
typedef struct _TestIdentity TestIdentity;

/* What is zero is left out of the certificate, or has a default. Lists are separated by blanks. */
typedef struct {
    const char *name; /* common name of the subject */
    TestKeyKind key;
    const TestIdentity *same_key;  /* as that one has */
    bool authority;                /* basic constraints */
    const char *dns;               /* list: subjectAltName */
    const char *email;             /* list: subjectAltName */
    const char *addresses;         /* list: subjectAltName */
    const char *purposes;          /* list of object identifiers: extended key usage */
    const char *permitted_dns;     /* name constraint of an authority */
    unsigned usage;                /* TEST_USAGE_*; key usage */
    int64_t not_before, not_after; /* default: 2020 to 2049 */
    bool sha1;                     /* the issuer signs with SHA-1 */
    const char *crl_urls;          /* list: distribution points */
    const char *ocsp_urls;         /* list: authority information access */
} TestPkiSpec;

/* Signed by issuer, or by itself (NULL). */
TestIdentity *test_identity_new(const TestPkiSpec *spec, const TestIdentity *issuer);
void test_identity_free(TestIdentity *identity);
Certificate *test_identity_certificate(const TestIdentity *identity); /* borrowed */
const char *test_identity_certificate_pem(const TestIdentity *identity);
/* "RSA PRIVATE KEY", "EC PRIVATE KEY", or PKCS#8 where there is no older form. */
const char *test_identity_key_pem(const TestIdentity *identity);
/* PKCS#8, encrypted where there is a password. Free with g_free. */
char *test_identity_key_pkcs8(const TestIdentity *identity, const char *password);
/* PKCS#12 with the identity's key and certificate and its issuer's certificate. */
GBytes *test_identity_pkcs12(const TestIdentity *identity, const TestIdentity *issuer,
                             const char *password);
PrivateKey *test_identity_key(const TestIdentity *identity); /* the caller's */
/* With SHA-256, or SHA-1. */
GBytes *test_identity_sign(const TestIdentity *identity, bool sha1, const void *data,
                           size_t length);
/* A store that trusts nothing but this. */
TrustStore *test_identity_trust(const TestIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestIdentity, test_identity_free)
