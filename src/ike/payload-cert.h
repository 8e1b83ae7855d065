/* The Certificate payload (RFC 7296, section 3.6). */
#pragma once
#include "base/bytes.h"

#define PAYLOAD_CERT_MAX_DATA (32 * 1024) /* octets */

typedef struct {
    uint8_t encoding; /* IKE_CERT_* */
    GBytes *data;
} PayloadCert;

bool payload_cert_parse(ByteReader *body, PayloadCert *out, GError **error);
void payload_cert_write(const PayloadCert *cert, ByteWriter *writer);
void payload_cert_clear(PayloadCert *cert);
