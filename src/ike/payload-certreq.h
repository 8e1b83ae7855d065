/* The Certificate Request payload (RFC 7296, section 3.7). */
#pragma once
#include "base/bytes.h"

#define PAYLOAD_CERTREQ_HASH_LENGTH 20 /* SHA-1 of a trust anchor's SubjectPublicKeyInfo */

typedef struct {
    uint8_t encoding;    /* IKE_CERT_* */
    GBytes *authorities; /* hashes, concatenated; may be empty */
} PayloadCertreq;

bool payload_certreq_parse(ByteReader *body, PayloadCertreq *out, GError **error);
void payload_certreq_write(const PayloadCertreq *certreq, ByteWriter *writer);
void payload_certreq_clear(PayloadCertreq *certreq);
