#include "ike/payload-id.h"

#include "base/error.h"
#include "ike/auth.h"
#include "ike/registry.h"

static bool
length_fits(uint8_t type, size_t length)
{
    switch (type) {
    case IKE_ID_IPV4_ADDR:
        return length == 4;
    case IKE_ID_IPV6_ADDR:
        return length == 16;
    default:
        return length > 0;
    }
}

bool
payload_id_parse(ByteReader *body, PayloadId *out, GError **error)
{
    *out = (PayloadId){ 0 };
    if (!byte_reader_u8(body, &out->type) ||
        !byte_reader_copy(body, out->reserved, sizeof(out->reserved))) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED, "ID payload: shorter than 4 octets");
        return false;
    }
    size_t length = byte_reader_left(body);
    if (length > PAYLOAD_ID_MAX_DATA) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE, "ID payload: %zu octets of data",
                    length);
        return false;
    }
    if (!length_fits(out->type, length)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "ID payload: %zu octets for %s (%u)",
                    length, ike_id_type_to_string(out->type), out->type);
        return false;
    }
    out->data = byte_reader_rest(body);
    return true;
}

void
payload_id_write(const PayloadId *id, ByteWriter *writer)
{
    byte_writer_u8(writer, id->type);
    byte_writer_octets(writer, id->reserved, sizeof(id->reserved));
    byte_writer_bytes(writer, id->data);
}

void
payload_id_clear(PayloadId *id)
{
    g_clear_pointer(&id->data, g_bytes_unref);
}

GBytes *
payload_id_body(const PayloadId *id)
{
    ByteWriter writer;
    byte_writer_init(&writer, G_MAXUINT16);
    payload_id_write(id, &writer);
    return byte_writer_end(&writer);
}

char *
payload_id_to_string(const PayloadId *id)
{
    return auth_identity_to_string(id->type, id->data);
}
