/*
 * Certificates and keys for tests, valid from November 2026 to November 2036, so that a run at
 * CERTIFICATES_TIME does not depend on today. Not secret, trusted by nobody.
 */
#pragma once

#define CERTIFICATES_TIME    1826000000 /* Unix seconds, within everybody's validity */
#define CERTIFICATES_EXPIRED 2200000000 /* after it, within the roots' */
#define CERTIFICATES_BEFORE  1700000000

extern const char ca_pem[];
/* Another root that nobody trusts. */
extern const char other_pem[];
extern const char intermediate_pem[];
extern const char gateway_p256_pem[];
extern const char gateway_p384_pem[];
extern const char gateway_rsa_pem[];
/* Issued by intermediate. */
extern const char gateway_below_pem[];
/* For vpn.example and elsewhere.example. */
extern const char gateway_named_pem[];
/* Extended key usage clientAuth only. */
extern const char gateway_client_pem[];
/* Issued by other. */
extern const char gateway_other_pem[];
extern const char client_pem[];
extern const char gateway_p256_key[];
extern const char gateway_p384_key[];
extern const char gateway_rsa_key[];
extern const char gateway_below_key[];
extern const char gateway_named_key[];
extern const char gateway_client_key[];
extern const char gateway_other_key[];
extern const char client_key[];
