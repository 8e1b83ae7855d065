#include "eap/eap-packet.h"

#include "eap/eap-peer.h"

bool
eap_packet_parse(GBytes *octets, EapPacket *out)
{
    uint16_t length;
    ByteReader reader = byte_reader_for_bytes(octets);
    *out = (EapPacket){ 0 };
    if (!byte_reader_u8(&reader, &out->code) || !byte_reader_u8(&reader, &out->identifier) ||
        !byte_reader_u16(&reader, &length) || length < EAP_HEADER_LENGTH || length > EAP_MAX_PACKET)
        return false;
    if (!byte_reader_sub(&reader, length - EAP_HEADER_LENGTH, &out->data))
        return false;
    switch (out->code) {
    case EAP_CODE_REQUEST:
    case EAP_CODE_RESPONSE:
        return byte_reader_u8(&out->data, &out->type) && out->type != 0;
    case EAP_CODE_SUCCESS:
    case EAP_CODE_FAILURE:
        return true;
    default:
        return false;
    }
}

GBytes *
eap_packet_response(uint8_t identifier, uint8_t type, GBytes *data)
{
    g_auto(ByteWriter) writer = { 0 };
    size_t length = data != NULL ? g_bytes_get_size(data) : 0;
    byte_writer_init(&writer, G_MAXUINT16);
    byte_writer_u8(&writer, EAP_CODE_RESPONSE);
    byte_writer_u8(&writer, identifier);
    byte_writer_u16(&writer, (uint16_t)(EAP_HEADER_LENGTH + 1 + length));
    byte_writer_u8(&writer, type);
    if (data != NULL)
        byte_writer_bytes(&writer, data);
    return byte_writer_end(&writer);
}

char *
eap_type_to_string(uint8_t type)
{
    /* "Method Types" (IANA, EAP Registry): those that are met. */
    static const struct {
        uint8_t type;
        const char *name;
    } names[] = {
        { 4, "EAP-MD5" },    { 5, "EAP-OTP" },       { 6, "EAP-GTC" },   { 13, "EAP-TLS" },
        { 17, "LEAP" },      { 18, "EAP-SIM" },      { 21, "EAP-TTLS" }, { 23, "EAP-AKA" },
        { 25, "PEAP" },      { 26, "EAP-MSCHAPv2" }, { 43, "EAP-FAST" }, { 47, "EAP-PSK" },
        { 49, "EAP-IKEv2" }, { 50, "EAP-AKA'" },     { 51, "EAP-GPSK" }, { 52, "EAP-pwd" },
        { 53, "EAP-EKE" },   { 55, "TEAP" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (names[i].type == type)
            return g_strdup(names[i].name);
    return g_strdup_printf("EAP method %u", type);
}
