#include "config.h"

#include "eap/peap-packet.h"

#include "eap/eap-packet.h"
#include "eap/eap-peer.h"

uint16_t
peap_read_result(ByteReader data)
{
    uint16_t result = 0;
    for (unsigned n = 0; n < PEAP_MAX_TLVS && byte_reader_left(&data) > 0; n++) {
        uint16_t type, length;
        ByteReader value;
        if (!byte_reader_u16(&data, &type) || !byte_reader_u16(&data, &length) ||
            !byte_reader_sub(&data, length, &value))
            return 0;
        if ((type & PEAP_TLV_TYPE) == PEAP_TLV_RESULT && !byte_reader_u16(&value, &result))
            return 0;
    }
    return result;
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
