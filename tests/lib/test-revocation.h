/*
 * Revocation lists and OCSP responses for tests, octet by octet, so that they can be wrong in every
 * way. Everybody's key is of P-256.
 */
#pragma once
#include "test-pki.h"

typedef struct {
    const TestIdentity *issuer;  /* whose list it says it is */
    const TestIdentity *signer;  /* who signs it; NULL: the issuer */
    const TestIdentity *revoked; /* NULL: nobody, but for fillers */
    int reason;                  /* of it; 0: none */
    bool critical_entry;         /* its entry has a critical extension */
    unsigned fillers;            /* others that are revoked */
    int64_t this_update;         /* 0: TEST_PKI_NOW - 3600 */
    int64_t next_update;         /* 0: TEST_PKI_NOW + 3600; negative: left out */
    bool delta, critical_extension;
    bool sha1; /* the signature's digest */
    /* IssuingDistributionPoint: its content's octets; NULL: none */
    const char *point_url;
    bool point_users, point_authorities, point_some_reasons, point_indirect;
} TestCrlSpec;

GBytes *test_crl(const TestCrlSpec *spec);

typedef enum { TEST_OCSP_GOOD, TEST_OCSP_REVOKED, TEST_OCSP_UNKNOWN } TestOcspStatus;

typedef struct {
    const TestIdentity *issuer, *about;
    const TestIdentity *signer;   /* NULL: the issuer */
    const TestIdentity *embedded; /* whose certificate comes along; NULL: nobody's */
    TestOcspStatus status;
    int reason;          /* of REVOKED; 0: none */
    int error;           /* OCSPResponseStatus instead of a response */
    bool sha256;         /* CertID by SHA-256 */
    bool sha1;           /* the signature's digest */
    bool wrong_key_hash; /* CertID of another issuer of the same name */
    bool by_name;        /* ResponderID; else by key */
    bool critical_extension;
    unsigned others;     /* statements about other certificates before it */
    int64_t this_update; /* 0: TEST_PKI_NOW - 60 */
    int64_t next_update; /* 0: TEST_PKI_NOW + 3600; negative: left out */
    GBytes *nonce;       /* NULL: none */
} TestOcspSpec;

GBytes *test_ocsp(const TestOcspSpec *spec);
