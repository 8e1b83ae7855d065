/* The Identification payloads, IDi and IDr (RFC 7296, section 3.5). */
#pragma once
#include "base/bytes.h"

#define PAYLOAD_ID_MAX_DATA 4096 /* octets; a DER name with many attributes */

typedef struct {
    uint8_t type; /* IKE_ID_* */
    /* What came in the RESERVED field: AUTH covers the payload as it was sent. Zero on send. */
    uint8_t reserved[3];
    GBytes *data;
} PayloadId;

bool payload_id_parse(ByteReader *body, PayloadId *out, GError **error);
void payload_id_write(const PayloadId *id, ByteWriter *writer);
void payload_id_clear(PayloadId *id);
/* The octets that AUTH covers: the payload without its generic header (RFC 7296, section 2.15). */
GBytes *payload_id_body(const PayloadId *id);
/* For people: "gw.example", "192.0.2.1", escaped and bounded; "FQDN" and the like are not in it. */
char *payload_id_to_string(const PayloadId *id);
