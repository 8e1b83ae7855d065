/*
 * Byte cursors: the only code that touches packet octets. Every read is checked; a failed read
 * leaves the cursor where it was. Numbers are big-endian, as in every RFC that we implement.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed view. Copying the struct copies the cursor. */
typedef struct {
    const uint8_t *data;
    size_t length;
    size_t offset;
} ByteReader;

ByteReader byte_reader(const void *data, size_t length);
ByteReader byte_reader_for_bytes(GBytes *bytes);
size_t byte_reader_left(const ByteReader *reader);
bool byte_reader_u8(ByteReader *reader, uint8_t *out) G_GNUC_WARN_UNUSED_RESULT;
bool byte_reader_u16(ByteReader *reader, uint16_t *out) G_GNUC_WARN_UNUSED_RESULT;
bool byte_reader_u32(ByteReader *reader, uint32_t *out) G_GNUC_WARN_UNUSED_RESULT;
bool byte_reader_u64(ByteReader *reader, uint64_t *out) G_GNUC_WARN_UNUSED_RESULT;
/* Borrows the next n octets. */
bool byte_reader_take(ByteReader *reader, size_t n, const uint8_t **out) G_GNUC_WARN_UNUSED_RESULT;
bool byte_reader_copy(ByteReader *reader, void *out, size_t n) G_GNUC_WARN_UNUSED_RESULT;
bool byte_reader_skip(ByteReader *reader, size_t n) G_GNUC_WARN_UNUSED_RESULT;
/* A reader for the next n octets that cannot see past their end. */
bool byte_reader_sub(ByteReader *reader, size_t n, ByteReader *sub) G_GNUC_WARN_UNUSED_RESULT;
/* Everything that is left, as a copy; the reader is at its end afterwards. */
GBytes *byte_reader_rest(ByteReader *reader);

/* Appends to memory of its own, never beyond limit octets; the first write that does not fit makes
 * the writer fail and all later writes are ignored, so that a caller checks once, at the end. */
typedef struct {
    GByteArray *array;
    size_t limit;
    bool failed;
} ByteWriter;

void byte_writer_init(ByteWriter *writer, size_t limit);
void byte_writer_clear(ByteWriter *writer);
size_t byte_writer_length(const ByteWriter *writer);
void byte_writer_u8(ByteWriter *writer, uint8_t value);
void byte_writer_u16(ByteWriter *writer, uint16_t value);
void byte_writer_u32(ByteWriter *writer, uint32_t value);
void byte_writer_u64(ByteWriter *writer, uint64_t value);
void byte_writer_octets(ByteWriter *writer, const void *data, size_t length);
void byte_writer_bytes(ByteWriter *writer, GBytes *bytes);
void byte_writer_zero(ByteWriter *writer, size_t n);
/* Overwrites at position what was written before. */
void byte_writer_set_u8(ByteWriter *writer, size_t position, uint8_t value);
void byte_writer_set_u16(ByteWriter *writer, size_t position, uint16_t value);
void byte_writer_set_u32(ByteWriter *writer, size_t position, uint32_t value);
/* What was written, or NULL if the writer failed; the writer is cleared either way. */
GBytes *byte_writer_end(ByteWriter *writer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ByteWriter, byte_writer_clear)
