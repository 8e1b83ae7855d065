#include "ike/payload-ke.h"

#include "base/error.h"

bool
payload_ke_parse(ByteReader *body, PayloadKe *out, GError **error)
{
    *out = (PayloadKe){ 0 };
    uint16_t group;
    if (!byte_reader_u16(body, &group) || !byte_reader_skip(body, 2) ||
        byte_reader_left(body) == 0) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED,
                    "KE payload: ends before its key exchange data");
        return false;
    }
    if (byte_reader_left(body) > PAYLOAD_KE_MAX_DATA) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE,
                    "KE payload: %zu octets of key exchange data", byte_reader_left(body));
        return false;
    }
    out->group = group;
    out->data = byte_reader_rest(body);
    return true;
}

void
payload_ke_write(const PayloadKe *ke, ByteWriter *writer)
{
    byte_writer_u16(writer, ke->group);
    byte_writer_u16(writer, 0);
    byte_writer_bytes(writer, ke->data);
}

void
payload_ke_clear(PayloadKe *ke)
{
    g_clear_pointer(&ke->data, g_bytes_unref);
}
