#include "ike/payload-delete.h"

#include "base/error.h"
#include "ike/registry.h"

#define CHILD_SPI_LENGTH 4

static bool
check_sizes(uint8_t protocol, uint8_t spi_length, uint16_t n_spis, GError **error)
{
    bool fits;
    switch (protocol) {
    case IKE_PROTOCOL_IKE:
        fits = spi_length == 0 && n_spis == 0;
        break;
    case IKE_PROTOCOL_AH:
    case IKE_PROTOCOL_ESP:
        fits = spi_length == CHILD_SPI_LENGTH;
        break;
    default:
        fits = false;
        break;
    }
    if (!fits) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "Delete payload: %u SPIs of %u octets for protocol %u", n_spis, spi_length,
                    protocol);
        return false;
    }
    if (n_spis > PAYLOAD_DELETE_MAX_SPIS) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE, "Delete payload: %u SPIs", n_spis);
        return false;
    }
    return true;
}

bool
payload_delete_parse(ByteReader *body, PayloadDelete *out, GError **error)
{
    *out = (PayloadDelete){ 0 };
    uint8_t spi_length;
    uint16_t n_spis;
    if (!byte_reader_u8(body, &out->protocol) || !byte_reader_u8(body, &spi_length) ||
        !byte_reader_u16(body, &n_spis)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED,
                    "Delete payload: shorter than 4 octets");
        return false;
    }
    if (!check_sizes(out->protocol, spi_length, n_spis, error))
        return false;
    if (byte_reader_left(body) != (size_t)n_spis * CHILD_SPI_LENGTH) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "Delete payload: %zu octets for %u SPIs", byte_reader_left(body), n_spis);
        return false;
    }
    out->spis = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    uint32_t spi;
    while (byte_reader_u32(body, &spi))
        g_array_append_val(out->spis, spi);
    return true;
}

void
payload_delete_write(const PayloadDelete *delete_payload, ByteWriter *writer)
{
    bool children = delete_payload->protocol != IKE_PROTOCOL_IKE;
    byte_writer_u8(writer, delete_payload->protocol);
    byte_writer_u8(writer, children ? CHILD_SPI_LENGTH : 0);
    byte_writer_u16(writer, (uint16_t)delete_payload->spis->len);
    for (guint i = 0; i < delete_payload->spis->len; i++)
        byte_writer_u32(writer, g_array_index(delete_payload->spis, uint32_t, i));
}

void
payload_delete_clear(PayloadDelete *delete_payload)
{
    g_clear_pointer(&delete_payload->spis, g_array_unref);
}
