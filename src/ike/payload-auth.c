#include "ike/payload-auth.h"

#include "base/error.h"

bool
payload_auth_parse(ByteReader *body, PayloadAuth *out, GError **error)
{
    *out = (PayloadAuth){ 0 };
    if (!byte_reader_u8(body, &out->method) || !byte_reader_skip(body, 3) ||
        byte_reader_left(body) == 0) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED,
                    "AUTH payload: ends before its data");
        return false;
    }
    if (byte_reader_left(body) > PAYLOAD_AUTH_MAX_DATA) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE, "AUTH payload: %zu octets of data",
                    byte_reader_left(body));
        return false;
    }
    out->data = byte_reader_rest(body);
    return true;
}

void
payload_auth_write(const PayloadAuth *auth, ByteWriter *writer)
{
    byte_writer_u8(writer, auth->method);
    byte_writer_zero(writer, 3);
    byte_writer_bytes(writer, auth->data);
}

void
payload_auth_clear(PayloadAuth *auth)
{
    g_clear_pointer(&auth->data, g_bytes_unref);
}
