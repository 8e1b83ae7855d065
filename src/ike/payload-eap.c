#include "ike/payload-eap.h"

#include "base/error.h"

bool
payload_eap_parse(ByteReader *body, PayloadEap *out, GError **error)
{
    *out = (PayloadEap){ 0 };
    ByteReader fields = *body;
    uint16_t length;
    if (!byte_reader_skip(&fields, 2) || !byte_reader_u16(&fields, &length)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED,
                    "EAP payload: shorter than 4 octets");
        return false;
    }
    if (length != byte_reader_left(body)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "EAP payload: says %u octets and has %zu", length, byte_reader_left(body));
        return false;
    }
    out->packet = byte_reader_rest(body);
    return true;
}

void
payload_eap_write(const PayloadEap *eap, ByteWriter *writer)
{
    byte_writer_bytes(writer, eap->packet);
}

void
payload_eap_clear(PayloadEap *eap)
{
    g_clear_pointer(&eap->packet, g_bytes_unref);
}

uint8_t
payload_eap_code(const PayloadEap *eap)
{
    ByteReader reader = byte_reader_for_bytes(eap->packet);
    uint8_t code;
    return byte_reader_u8(&reader, &code) ? code : 0;
}
