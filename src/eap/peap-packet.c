#include "config.h"

#include "eap/peap-packet.h"

#include "eap/eap-packet.h"
#include "eap/eap-peer.h"

static bool
read_tlv(ByteReader *data, PeapExtensions *out)
{
    uint16_t type, length;
    ByteReader start = *data, value;
    if (!byte_reader_u16(data, &type) || !byte_reader_u16(data, &length) ||
        !byte_reader_sub(data, length, &value))
        return false;
    if ((type & PEAP_TLV_TYPE) == PEAP_TLV_RESULT)
        return byte_reader_u16(&value, &out->result);
    if ((type & PEAP_TLV_TYPE) != PEAP_TLV_BINDING)
        return true;
    out->bound = true; /* whole, because it is what the MAC is over */
    return length == PEAP_BINDING_LENGTH - PEAP_TLV_HEADER &&
           byte_reader_copy(&start, out->binding, sizeof out->binding);
}

PeapExtensions
peap_read_extensions(ByteReader data)
{
    PeapExtensions extensions = { 0 };
    for (unsigned n = 0; n < PEAP_MAX_TLVS && byte_reader_left(&data) > 0; n++)
        if (!read_tlv(&data, &extensions))
            return (PeapExtensions){ 0 };
    return extensions;
}

/* Nothing that begins with its type can be taken for one that has a header: its length would have
 * to be text of a prompt. */
static bool
has_header(GBytes *data)
{
    ByteReader reader = byte_reader_for_bytes(data);
    uint8_t code, identifier;
    uint16_t length;
    return byte_reader_u8(&reader, &code) && byte_reader_u8(&reader, &identifier) &&
           byte_reader_u16(&reader, &length) && code == EAP_CODE_REQUEST &&
           length > EAP_HEADER_LENGTH && length == g_bytes_get_size(data);
}

GBytes *
peap_restore(GBytes *data, uint8_t identifier)
{
    g_auto(ByteWriter) writer = { 0 };
    if (has_header(data))
        return g_bytes_ref(data);
    if (g_bytes_get_size(data) > EAP_MAX_PACKET - EAP_HEADER_LENGTH)
        return NULL;
    byte_writer_init(&writer, EAP_MAX_PACKET);
    byte_writer_u8(&writer, EAP_CODE_REQUEST);
    byte_writer_u8(&writer, identifier);
    byte_writer_u16(&writer, (uint16_t)(EAP_HEADER_LENGTH + g_bytes_get_size(data)));
    byte_writer_bytes(&writer, data);
    return byte_writer_end(&writer);
}
