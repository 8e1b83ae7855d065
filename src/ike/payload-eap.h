/* The EAP payload (RFC 7296, section 3.16): one EAP packet (RFC 3748, section 4), unread. */
#pragma once
#include "base/bytes.h"

#define PAYLOAD_EAP_MIN_LENGTH 4

typedef struct {
    GBytes *packet; /* its length field agrees with its length */
} PayloadEap;

bool payload_eap_parse(ByteReader *body, PayloadEap *out, GError **error);
void payload_eap_write(const PayloadEap *eap, ByteWriter *writer);
void payload_eap_clear(PayloadEap *eap);
uint8_t payload_eap_code(const PayloadEap *eap);
