#include "ike/payload-notify.h"

#include <string.h>

#include "base/error.h"

static bool
parse_spi(ByteReader *body, uint8_t length, PayloadNotify *out)
{
    const uint8_t *spi;
    if (!byte_reader_take(body, length, &spi))
        return false;
    if (length != 4 && length != 8)
        return true;
    memcpy(out->spi, spi, length);
    out->spi_length = length;
    return true;
}

bool
payload_notify_parse(ByteReader *body, PayloadNotify *out, GError **error)
{
    *out = (PayloadNotify){ 0 };
    uint8_t spi_length;
    if (!byte_reader_u8(body, &out->protocol) || !byte_reader_u8(body, &spi_length) ||
        !byte_reader_u16(body, &out->type) || !parse_spi(body, spi_length, out)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED,
                    "Notify payload: ends before its data");
        return false;
    }
    out->data = byte_reader_rest(body);
    return true;
}

void
payload_notify_write(const PayloadNotify *notify, ByteWriter *writer)
{
    byte_writer_u8(writer, notify->protocol);
    byte_writer_u8(writer, notify->spi_length);
    byte_writer_u16(writer, notify->type);
    byte_writer_octets(writer, notify->spi, notify->spi_length);
    if (notify->data != NULL)
        byte_writer_bytes(writer, notify->data);
}

void
payload_notify_clear(PayloadNotify *notify)
{
    g_clear_pointer(&notify->data, g_bytes_unref);
}

bool
payload_notify_is_error(const PayloadNotify *notify)
{
    return notify->type < IKE_NOTIFY_FIRST_STATUS;
}

bool
payload_notify_child_spi(const PayloadNotify *notify, uint32_t *spi)
{
    ByteReader reader = byte_reader(notify->spi, notify->spi_length);
    return notify->spi_length == 4 && byte_reader_u32(&reader, spi);
}

bool
payload_notify_u16(const PayloadNotify *notify, uint16_t *value)
{
    ByteReader reader = byte_reader_for_bytes(notify->data);
    return byte_reader_left(&reader) == 2 && byte_reader_u16(&reader, value);
}
