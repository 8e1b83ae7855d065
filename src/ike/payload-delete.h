/* The Delete payload (RFC 7296, section 3.11). */
#pragma once
#include "base/bytes.h"

#define PAYLOAD_DELETE_MAX_SPIS 256

typedef struct {
    uint8_t protocol; /* IKE_PROTOCOL_IKE: the IKE SA itself, without SPIs */
    GArray *spis;     /* uint32_t, the sender's inbound SPIs; empty for the IKE SA */
} PayloadDelete;

bool payload_delete_parse(ByteReader *body, PayloadDelete *out, GError **error);
void payload_delete_write(const PayloadDelete *delete_payload, ByteWriter *writer);
void payload_delete_clear(PayloadDelete *delete_payload);
