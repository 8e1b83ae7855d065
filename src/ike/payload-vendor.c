#include "ike/payload-vendor.h"

#include "base/error.h"

bool
payload_vendor_parse(ByteReader *body, PayloadVendor *out, GError **error)
{
    *out = (PayloadVendor){ 0 };
    if (byte_reader_left(body) > PAYLOAD_VENDOR_MAX_DATA) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE,
                    "Vendor ID payload: %zu octets of data", byte_reader_left(body));
        return false;
    }
    out->data = byte_reader_rest(body);
    return true;
}

void
payload_vendor_write(const PayloadVendor *vendor, ByteWriter *writer)
{
    byte_writer_bytes(writer, vendor->data);
}

void
payload_vendor_clear(PayloadVendor *vendor)
{
    g_clear_pointer(&vendor->data, g_bytes_unref);
}
