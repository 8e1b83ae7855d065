/* The Vendor ID payload (RFC 7296, section 3.12). */
#pragma once
#include "base/bytes.h"

#define PAYLOAD_VENDOR_MAX_DATA 1024 /* octets */

typedef struct {
    GBytes *data;
} PayloadVendor;

bool payload_vendor_parse(ByteReader *body, PayloadVendor *out, GError **error);
void payload_vendor_write(const PayloadVendor *vendor, ByteWriter *writer);
void payload_vendor_clear(PayloadVendor *vendor);
