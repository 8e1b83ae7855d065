/* Byte cursors: what is read, what is refused, and that a refused read moves nothing. */
#include "base/bytes.h"

#include <string.h>

static const uint8_t digits[15] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                    0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32 };

static void
test_reads_big_endian(void)
{
    ByteReader reader = byte_reader(digits, sizeof digits);
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    g_assert_true(byte_reader_u8(&reader, &one));
    g_assert_true(byte_reader_u16(&reader, &two));
    g_assert_true(byte_reader_u32(&reader, &four));
    g_assert_true(byte_reader_u64(&reader, &eight));
    g_assert_cmphex(one, ==, 0x01);
    g_assert_cmphex(two, ==, 0x2345);
    g_assert_cmphex(four, ==, 0x6789abcd);
    g_assert_cmphex(eight, ==, 0xeffedcba98765432);
    g_assert_cmpuint(byte_reader_left(&reader), ==, 0);
}

static void
test_failed_read_leaves_cursor(void)
{
    uint8_t one, out[8] = { 0 };
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    const uint8_t *view;
    ByteReader sub;
    for (size_t left = 0; left < 8; left++) {
        ByteReader reader = byte_reader(digits, left);
        g_assert_false(byte_reader_u64(&reader, &eight));
        g_assert_true(left >= 4 || !byte_reader_u32(&reader, &four));
        g_assert_true(left >= 2 || !byte_reader_u16(&reader, &two));
        g_assert_true(left >= 1 || !byte_reader_u8(&reader, &one));
        g_assert_false(byte_reader_take(&reader, left + 1, &view));
        g_assert_false(byte_reader_take(&reader, SIZE_MAX, &view));
        g_assert_false(byte_reader_copy(&reader, out, left + 1));
        g_assert_false(byte_reader_skip(&reader, left + 1));
        g_assert_false(byte_reader_sub(&reader, left + 1, &sub));
        g_assert_cmpuint(reader.offset, ==, 0);
    }
}

static void
test_sub_reader_ends_where_told(void)
{
    ByteReader reader = byte_reader(digits, sizeof digits), sub;
    uint32_t number;
    g_assert_true(byte_reader_skip(&reader, 1));
    g_assert_true(byte_reader_sub(&reader, 3, &sub));
    g_assert_false(byte_reader_u32(&sub, &number));
    g_assert_cmpuint(byte_reader_left(&sub), ==, 3);
    g_assert_true(byte_reader_u32(&reader, &number));
    g_assert_cmphex(number, ==, 0x89abcdef);
}

static void
test_rest_takes_all(void)
{
    ByteReader reader = byte_reader(digits, sizeof digits);
    g_assert_true(byte_reader_skip(&reader, 12));
    g_autoptr(GBytes) rest = byte_reader_rest(&reader);
    g_autoptr(GBytes) nothing = byte_reader_rest(&reader);
    gsize length;
    const void *data = g_bytes_get_data(rest, &length);
    g_assert_cmpmem(data, length, digits + 12, 3);
    g_assert_cmpuint(g_bytes_get_size(nothing), ==, 0);
}

static void
test_reads_empty(void)
{
    g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);
    ByteReader reader = byte_reader_for_bytes(empty), sub;
    uint8_t one;
    g_assert_false(byte_reader_u8(&reader, &one));
    g_assert_true(byte_reader_skip(&reader, 0));
    g_assert_true(byte_reader_copy(&reader, NULL, 0));
    g_assert_true(byte_reader_sub(&reader, 0, &sub));
    g_assert_cmpuint(byte_reader_left(&sub), ==, 0);
}

static void
test_writes_what_is_read(void)
{
    g_auto(ByteWriter) writer;
    byte_writer_init(&writer, 64);
    byte_writer_u8(&writer, 0x01);
    byte_writer_u16(&writer, 0x2345);
    byte_writer_u32(&writer, 0x6789abcd);
    byte_writer_u64(&writer, 0xeffedcba98765432);
    g_assert_cmpuint(byte_writer_length(&writer), ==, sizeof digits);
    g_autoptr(GBytes) written = byte_writer_end(&writer);
    g_assert_nonnull(written);
    gsize length;
    const void *data = g_bytes_get_data(written, &length);
    g_assert_cmpmem(data, length, digits, sizeof digits);
}

static void
test_overwrites(void)
{
    static const uint8_t expected[] = { 0xaa, 0xbb, 0xcc, 0x11, 0x22, 0x33, 0x44, 0 };
    g_auto(ByteWriter) writer;
    byte_writer_init(&writer, 8);
    byte_writer_zero(&writer, 8);
    byte_writer_set_u8(&writer, 0, 0xaa);
    byte_writer_set_u16(&writer, 1, 0xbbcc);
    byte_writer_set_u32(&writer, 3, 0x11223344);
    g_autoptr(GBytes) written = byte_writer_end(&writer);
    gsize length;
    const void *data = g_bytes_get_data(written, &length);
    g_assert_cmpmem(data, length, expected, sizeof expected);
}

/* One octet too many: the writer has failed, for good, and gives nothing. */
static void
test_limit_fails_for_good(void)
{
    g_auto(ByteWriter) writer;
    byte_writer_init(&writer, 4);
    byte_writer_u16(&writer, 1);
    byte_writer_u32(&writer, 2);
    byte_writer_u8(&writer, 3);
    byte_writer_set_u8(&writer, 0, 9);
    g_assert_true(writer.failed);
    g_assert_cmpuint(byte_writer_length(&writer), ==, 2);
    g_assert_null(byte_writer_end(&writer));
}

static void
test_limit_may_be_reached(void)
{
    g_autoptr(GBytes) four = g_bytes_new_static(digits, 4);
    g_auto(ByteWriter) writer;
    byte_writer_init(&writer, 4);
    byte_writer_bytes(&writer, four);
    byte_writer_octets(&writer, NULL, 0);
    g_autoptr(GBytes) written = byte_writer_end(&writer);
    g_assert_true(g_bytes_equal(written, four));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/bytes/reads-big-endian", test_reads_big_endian);
    g_test_add_func("/base/bytes/failed-read-leaves-cursor", test_failed_read_leaves_cursor);
    g_test_add_func("/base/bytes/sub-reader-ends-where-told", test_sub_reader_ends_where_told);
    g_test_add_func("/base/bytes/rest-takes-all", test_rest_takes_all);
    g_test_add_func("/base/bytes/reads-empty", test_reads_empty);
    g_test_add_func("/base/bytes/writes-what-is-read", test_writes_what_is_read);
    g_test_add_func("/base/bytes/overwrites", test_overwrites);
    g_test_add_func("/base/bytes/limit-fails-for-good", test_limit_fails_for_good);
    g_test_add_func("/base/bytes/limit-may-be-reached", test_limit_may_be_reached);
    return g_test_run();
}
