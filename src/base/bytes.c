#include "base/bytes.h"

#include <string.h>

ByteReader
byte_reader(const void *data, size_t length)
{
    return (ByteReader){ .data = data, .length = length };
}

ByteReader
byte_reader_for_bytes(GBytes *bytes)
{
    gsize length;
    const void *data = g_bytes_get_data(bytes, &length);
    return byte_reader(data, length);
}

size_t
byte_reader_left(const ByteReader *reader)
{
    return reader->length - reader->offset;
}

bool
byte_reader_take(ByteReader *reader, size_t n, const uint8_t **out)
{
    if (n > byte_reader_left(reader))
        return false;
    *out = reader->data + reader->offset;
    reader->offset += n;
    return true;
}

static bool
read_number(ByteReader *reader, size_t n, uint64_t *out)
{
    const uint8_t *octets;
    if (!byte_reader_take(reader, n, &octets))
        return false;
    *out = 0;
    for (size_t i = 0; i < n; i++)
        *out = *out << 8 | octets[i];
    return true;
}

bool
byte_reader_u8(ByteReader *reader, uint8_t *out)
{
    uint64_t number;
    if (!read_number(reader, 1, &number))
        return false;
    *out = (uint8_t)number;
    return true;
}

bool
byte_reader_u16(ByteReader *reader, uint16_t *out)
{
    uint64_t number;
    if (!read_number(reader, 2, &number))
        return false;
    *out = (uint16_t)number;
    return true;
}

bool
byte_reader_u32(ByteReader *reader, uint32_t *out)
{
    uint64_t number;
    if (!read_number(reader, 4, &number))
        return false;
    *out = (uint32_t)number;
    return true;
}

bool
byte_reader_u64(ByteReader *reader, uint64_t *out)
{
    return read_number(reader, 8, out);
}

bool
byte_reader_copy(ByteReader *reader, void *out, size_t n)
{
    const uint8_t *octets;
    if (!byte_reader_take(reader, n, &octets))
        return false;
    if (n > 0)
        memcpy(out, octets, n);
    return true;
}

bool
byte_reader_skip(ByteReader *reader, size_t n)
{
    const uint8_t *octets;
    return byte_reader_take(reader, n, &octets);
}

bool
byte_reader_sub(ByteReader *reader, size_t n, ByteReader *sub)
{
    const uint8_t *octets;
    if (!byte_reader_take(reader, n, &octets))
        return false;
    *sub = byte_reader(octets, n);
    return true;
}

GBytes *
byte_reader_rest(ByteReader *reader)
{
    size_t left = byte_reader_left(reader);
    GBytes *bytes = g_bytes_new(reader->data + reader->offset, left);
    reader->offset = reader->length;
    return bytes;
}

void
byte_writer_init(ByteWriter *writer, size_t limit)
{
    *writer = (ByteWriter){ .array = g_byte_array_new(), .limit = limit };
}

void
byte_writer_clear(ByteWriter *writer)
{
    g_clear_pointer(&writer->array, g_byte_array_unref);
}

size_t
byte_writer_length(const ByteWriter *writer)
{
    return writer->array->len;
}

void
byte_writer_octets(ByteWriter *writer, const void *data, size_t length)
{
    if (writer->failed || length > writer->limit - writer->array->len) {
        writer->failed = true;
        return;
    }
    if (length > 0)
        g_byte_array_append(writer->array, data, (guint)length);
}

static void
write_number(ByteWriter *writer, size_t n, uint64_t value)
{
    uint8_t octets[8];
    for (size_t i = 0; i < n; i++)
        octets[i] = (uint8_t)(value >> (8 * (n - 1 - i)));
    byte_writer_octets(writer, octets, n);
}

void
byte_writer_u8(ByteWriter *writer, uint8_t value)
{
    write_number(writer, 1, value);
}

void
byte_writer_u16(ByteWriter *writer, uint16_t value)
{
    write_number(writer, 2, value);
}

void
byte_writer_u32(ByteWriter *writer, uint32_t value)
{
    write_number(writer, 4, value);
}

void
byte_writer_u64(ByteWriter *writer, uint64_t value)
{
    write_number(writer, 8, value);
}

void
byte_writer_bytes(ByteWriter *writer, GBytes *bytes)
{
    gsize length;
    const void *data = g_bytes_get_data(bytes, &length);
    byte_writer_octets(writer, data, length);
}

void
byte_writer_zero(ByteWriter *writer, size_t n)
{
    for (size_t i = 0; i < n; i++)
        byte_writer_u8(writer, 0);
}

static void
overwrite_number(ByteWriter *writer, size_t position, size_t n, uint64_t value)
{
    if (writer->failed)
        return;
    g_return_if_fail(position + n <= writer->array->len);
    for (size_t i = 0; i < n; i++)
        writer->array->data[position + i] = (uint8_t)(value >> (8 * (n - 1 - i)));
}

void
byte_writer_set_u8(ByteWriter *writer, size_t position, uint8_t value)
{
    overwrite_number(writer, position, 1, value);
}

void
byte_writer_set_u16(ByteWriter *writer, size_t position, uint16_t value)
{
    overwrite_number(writer, position, 2, value);
}

void
byte_writer_set_u32(ByteWriter *writer, size_t position, uint32_t value)
{
    overwrite_number(writer, position, 4, value);
}

GBytes *
byte_writer_end(ByteWriter *writer)
{
    GBytes *bytes = NULL;
    if (!writer->failed)
        bytes = g_byte_array_free_to_bytes(g_steal_pointer(&writer->array));
    byte_writer_clear(writer);
    return bytes;
}
