#include "config.h"

#include "eap/ttls-avp.h"

enum { FLAG_VENDOR = 0x80, FLAG_MANDATORY = 0x40 };

static size_t
padding(size_t length)
{
    return (4 - length % 4) % 4;
}

TtlsAvpStatus
ttls_avp_next(ByteReader *reader, TtlsAvp *avp)
{
    uint32_t word;
    *avp = (TtlsAvp){ 0 };
    if (byte_reader_left(reader) == 0)
        return TTLS_AVP_END;
    if (!byte_reader_u32(reader, &avp->code) || !byte_reader_u32(reader, &word))
        return TTLS_AVP_MALFORMED;
    uint8_t flags = (uint8_t)(word >> 24);
    size_t length = word & 0xffffff, header = (flags & FLAG_VENDOR) != 0 ? 12 : 8;
    avp->mandatory = (flags & FLAG_MANDATORY) != 0;
    if (header == 12 && !byte_reader_u32(reader, &avp->vendor))
        return TTLS_AVP_MALFORMED;
    if (length < header || !byte_reader_sub(reader, length - header, &avp->data))
        return TTLS_AVP_MALFORMED;
    /* Some leave the last one without its padding. */
    size_t rest = MIN(padding(length), byte_reader_left(reader));
    return byte_reader_skip(reader, rest) ? TTLS_AVP_OK : TTLS_AVP_MALFORMED;
}

void
ttls_avp_write(ByteWriter *writer, uint32_t vendor, uint32_t code, const void *data, size_t length)
{
    size_t whole = length + (vendor != 0 ? 12 : 8);
    uint32_t flags = FLAG_MANDATORY | (vendor != 0 ? FLAG_VENDOR : 0);
    byte_writer_u32(writer, code);
    byte_writer_u32(writer, flags << 24 | (uint32_t)whole);
    if (vendor != 0)
        byte_writer_u32(writer, vendor);
    byte_writer_octets(writer, data, length);
    byte_writer_zero(writer, padding(whole));
}
