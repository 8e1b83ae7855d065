/* The Nonce payload (RFC 7296, section 3.9). */
#pragma once
#include "base/bytes.h"

#define PAYLOAD_NONCE_MIN_LENGTH 16
#define PAYLOAD_NONCE_MAX_LENGTH 256

typedef struct {
    GBytes *data;
} PayloadNonce;

bool payload_nonce_parse(ByteReader *body, PayloadNonce *out, GError **error);
void payload_nonce_write(const PayloadNonce *nonce, ByteWriter *writer);
void payload_nonce_clear(PayloadNonce *nonce);
