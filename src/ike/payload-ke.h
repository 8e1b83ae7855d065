/* The Key Exchange payload (RFC 7296, section 3.4). */
#pragma once
#include "base/bytes.h"

#define PAYLOAD_KE_MAX_DATA 2048 /* octets; the largest group, ML-KEM-1024 included, has 1568 */

typedef struct {
    uint16_t group; /* KE_* */
    GBytes *data;   /* its length against the group is for crypto/kex to judge */
} PayloadKe;

bool payload_ke_parse(ByteReader *body, PayloadKe *out, GError **error);
void payload_ke_write(const PayloadKe *ke, ByteWriter *writer);
void payload_ke_clear(PayloadKe *ke);
