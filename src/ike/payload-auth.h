/* The Authentication payload (RFC 7296, section 3.8). */
#pragma once
#include "base/bytes.h"

#define PAYLOAD_AUTH_MAX_DATA                                                                      \
    4096 /* octets; an RSA signature of 16384 bits with its identifier                             \
          */

typedef struct {
    uint8_t method; /* IKE_AUTH_METHOD_* */
    GBytes *data;
} PayloadAuth;

bool payload_auth_parse(ByteReader *body, PayloadAuth *out, GError **error);
void payload_auth_write(const PayloadAuth *auth, ByteWriter *writer);
void payload_auth_clear(PayloadAuth *auth);
