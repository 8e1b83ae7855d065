/* The Traffic Selector payloads, TSi and TSr (RFC 7296, section 3.13). */
#pragma once
#include "base/bytes.h"
#include "ike/traffic-selector.h"

#define PAYLOAD_TS_MAX_SELECTORS 255 /* what its one octet can count */

typedef struct {
    GArray *selectors; /* TrafficSelector; those of unknown types are left out */
} PayloadTs;

bool payload_ts_parse(ByteReader *body, PayloadTs *out, GError **error);
void payload_ts_write(const PayloadTs *ts, ByteWriter *writer);
void payload_ts_clear(PayloadTs *ts);
