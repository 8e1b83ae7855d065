#include "ike/header.h"

#include "base/error.h"

bool
ike_header_parse(ByteReader *reader, IkeHeader *out, GError **error)
{
    ByteReader fields;
    if (!byte_reader_sub(reader, IKE_HEADER_LENGTH, &fields)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED,
                    "IKE header: %zu octets where 28 are needed", byte_reader_left(reader));
        return false;
    }
    bool whole =
        byte_reader_u64(&fields, &out->spi_i) && byte_reader_u64(&fields, &out->spi_r) &&
        byte_reader_u8(&fields, &out->next_payload) && byte_reader_u8(&fields, &out->version) &&
        byte_reader_u8(&fields, &out->exchange) && byte_reader_u8(&fields, &out->flags) &&
        byte_reader_u32(&fields, &out->message_id) && byte_reader_u32(&fields, &out->length);
    if (!whole || out->length < IKE_HEADER_LENGTH || out->length > IKE_MESSAGE_MAX_LENGTH) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "IKE header: a message length of %u octets", out->length);
        return false;
    }
    return true;
}

void
ike_header_write(const IkeHeader *header, ByteWriter *writer)
{
    byte_writer_u64(writer, header->spi_i);
    byte_writer_u64(writer, header->spi_r);
    byte_writer_u8(writer, header->next_payload);
    byte_writer_u8(writer, header->version != 0 ? header->version : IKE_VERSION_2);
    byte_writer_u8(writer, header->exchange);
    byte_writer_u8(writer, header->flags);
    byte_writer_u32(writer, header->message_id);
    byte_writer_u32(writer, header->length);
}
