#include "ike/payload-cert.h"

#include "base/error.h"

bool
payload_cert_parse(ByteReader *body, PayloadCert *out, GError **error)
{
    *out = (PayloadCert){ 0 };
    if (!byte_reader_u8(body, &out->encoding) || byte_reader_left(body) == 0) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED,
                    "CERT payload: ends before its data");
        return false;
    }
    if (byte_reader_left(body) > PAYLOAD_CERT_MAX_DATA) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE, "CERT payload: %zu octets of data",
                    byte_reader_left(body));
        return false;
    }
    out->data = byte_reader_rest(body);
    return true;
}

void
payload_cert_write(const PayloadCert *cert, ByteWriter *writer)
{
    byte_writer_u8(writer, cert->encoding);
    byte_writer_bytes(writer, cert->data);
}

void
payload_cert_clear(PayloadCert *cert)
{
    g_clear_pointer(&cert->data, g_bytes_unref);
}
