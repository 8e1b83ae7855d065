#include "ike/payload-nonce.h"

#include "base/error.h"

bool
payload_nonce_parse(ByteReader *body, PayloadNonce *out, GError **error)
{
    *out = (PayloadNonce){ 0 };
    size_t length = byte_reader_left(body);
    if (length < PAYLOAD_NONCE_MIN_LENGTH || length > PAYLOAD_NONCE_MAX_LENGTH) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "Nonce payload: %zu octets, not 16 to 256", length);
        return false;
    }
    out->data = byte_reader_rest(body);
    return true;
}

void
payload_nonce_write(const PayloadNonce *nonce, ByteWriter *writer)
{
    byte_writer_bytes(writer, nonce->data);
}

void
payload_nonce_clear(PayloadNonce *nonce)
{
    g_clear_pointer(&nonce->data, g_bytes_unref);
}
