/* The Internet checksum, against RFC 1071's own example and against the plain way. */
#include "base/checksum.h"

#include <glib.h>
#include <string.h>

/* RFC 1071, section 4.1, word by word. */
static uint16_t
plain(const uint8_t *data, size_t length)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i++)
        sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void
test_example(void)
{
    /* RFC 1071, section 3: 0001 f203 f4f5 f6f7 add up to ddf2. */
    static const uint8_t data[8] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
    uint8_t field[2];
    checksum_finish(checksum_add(0, data, sizeof data), field);
    g_assert_cmpmem(field, 2, "\x22\x0d", 2);
}

static void
test_every_length(void)
{
    uint8_t data[300], field[2];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)g_test_rand_int_range(0x80, 0x100); /* many carries */
    for (size_t start = 0; start < 8; start++) {
        for (size_t length = 0; start + length <= sizeof data; length++) {
            checksum_finish(checksum_add(0, data + start, length), field);
            uint16_t expected = plain(data + start, length);
            g_assert_cmpuint((guint)field[0] << 8 | field[1], ==, expected);
        }
    }
}

static void
test_in_pieces(void)
{
    uint8_t data[120], whole[2], pieces[2];
    memset(data, 0xff, sizeof data);
    data[3] = 0x17;
    checksum_finish(checksum_add(0, data, sizeof data), whole);
    uint64_t sum = checksum_add(0, data, 50);
    sum = checksum_add_u16(sum, (uint16_t)(data[50] << 8 | data[51]));
    checksum_finish(checksum_add(sum, data + 52, sizeof data - 52), pieces);
    g_assert_cmpmem(whole, 2, pieces, 2);
}

static void
test_right_data_fold_to_ones(void)
{
    uint8_t data[42];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37);
    data[10] = data[11] = 0;
    checksum_finish(checksum_add(0, data, sizeof data), data + 10);
    g_assert_cmpuint(checksum_fold(checksum_add(0, data, sizeof data)), ==, 0xffff);
    data[20] ^= 1;
    g_assert_cmpuint(checksum_fold(checksum_add(0, data, sizeof data)), !=, 0xffff);
}

static void
test_update(void)
{
    uint8_t data[20], after[2] = { 0x05, 0xb4 };
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 91);
    data[10] = data[11] = 0;
    checksum_finish(checksum_add(0, data, sizeof data), data + 10);
    checksum_update(data + 10, data + 4, after);
    memcpy(data + 4, after, 2);
    g_assert_cmpuint(checksum_fold(checksum_add(0, data, sizeof data)), ==, 0xffff);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/checksum/example", test_example);
    g_test_add_func("/base/checksum/every-length", test_every_length);
    g_test_add_func("/base/checksum/in-pieces", test_in_pieces);
    g_test_add_func("/base/checksum/right-data-fold-to-ones", test_right_data_fold_to_ones);
    g_test_add_func("/base/checksum/update", test_update);
    return g_test_run();
}
