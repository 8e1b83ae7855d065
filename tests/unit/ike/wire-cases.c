#include "wire-cases.h"

#include <string.h>

GBytes *
wire_from_hex(const char *hex)
{
    GByteArray *array = g_byte_array_new();
    while (*hex != '\0') {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        g_assert_true(g_ascii_isxdigit(hex[0]) && g_ascii_isxdigit(hex[1]));
        guint8 octet = (guint8)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
        g_byte_array_append(array, &octet, 1);
        hex += 2;
    }
    return g_byte_array_free_to_bytes(array);
}

void
wire_assert_equal(GBytes *octets, const char *hex)
{
    g_autoptr(GBytes) expected = wire_from_hex(hex);
    g_assert_nonnull(octets);
    g_assert_cmpmem(g_bytes_get_data(octets, NULL), g_bytes_get_size(octets),
                    g_bytes_get_data(expected, NULL), g_bytes_get_size(expected));
}

static IkePayload *
parse_octets(uint8_t type, const void *data, size_t length, GError **error)
{
    g_autofree void *exact = g_malloc(length + 1);
    /* The last octet of the block, so that nothing readable is behind. */
    uint8_t *octets = (uint8_t *)exact + 1;
    if (length > 0)
        memcpy(octets, data, length);
    ByteReader body = byte_reader(octets, length);
    return ike_payload_parse(type, &body, error);
}

IkePayload *
wire_parse(uint8_t type, const char *hex)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) body = wire_from_hex(hex);
    IkePayload *payload =
        parse_octets(type, g_bytes_get_data(body, NULL), g_bytes_get_size(body), &error);
    g_assert_no_error(error);
    g_assert_nonnull(payload);
    g_assert_cmpuint(payload->type, ==, type);
    return payload;
}

void
wire_assert_refused(uint8_t type, const char *hex, int code)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) body = wire_from_hex(hex);
    g_assert_null(parse_octets(type, g_bytes_get_data(body, NULL), g_bytes_get_size(body), &error));
    g_assert_error(error, PARSE_ERROR, code);
}

static void
assert_written(const IkePayload *payload, const void *body, size_t length)
{
    ByteWriter writer;
    byte_writer_init(&writer, IKE_MESSAGE_MAX_LENGTH);
    ike_payload_write(payload, IKE_PAYLOAD_VENDOR, &writer);
    g_autoptr(GBytes) octets = byte_writer_end(&writer);
    g_assert_nonnull(octets);
    ByteReader reader = byte_reader_for_bytes(octets);
    IkePayloadHeader header;
    g_assert_true(ike_payload_header_parse(&reader, &header, NULL));
    g_assert_cmpuint(header.next, ==, IKE_PAYLOAD_VENDOR);
    g_assert_false(header.critical);
    g_assert_cmpuint(header.length, ==, length);
    g_assert_cmpmem(reader.data + reader.offset, byte_reader_left(&reader), body, length);
}

static void
assert_makes_round_trip(uint8_t type, const void *body, size_t length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(IkePayload) payload = parse_octets(type, body, length, &error);
    g_assert_no_error(error);
    assert_written(payload, body, length);
}

void
wire_assert_round_trip(uint8_t type, const char *hex)
{
    g_autoptr(GBytes) body = wire_from_hex(hex);
    assert_makes_round_trip(type, g_bytes_get_data(body, NULL), g_bytes_get_size(body));
}

void
wire_assert_truncations(uint8_t type, const char *hex, size_t shortest)
{
    g_autoptr(GBytes) body = wire_from_hex(hex);
    const void *data = g_bytes_get_data(body, NULL);
    for (size_t length = 0; length < g_bytes_get_size(body); length++) {
        g_autoptr(GError) error = NULL;
        if (length >= shortest) {
            assert_makes_round_trip(type, data, length);
            continue;
        }
        g_assert_null(parse_octets(type, data, length, &error));
        g_assert_nonnull(error);
        g_assert_true(error->domain == PARSE_ERROR);
    }
}
