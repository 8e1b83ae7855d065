#include "ike/header.h"

#include "wire-cases.h"

#define HEADER "0102030405060708 1112131415161718 21 20 22 08 00000005 0000001c"

static bool
parse(const char *hex, IkeHeader *out, GError **error)
{
    g_autoptr(GBytes) octets = wire_from_hex(hex);
    ByteReader reader = byte_reader_for_bytes(octets);
    return ike_header_parse(&reader, out, error);
}

static void
test_reads(void)
{
    IkeHeader header;
    g_assert_true(parse(HEADER, &header, NULL));
    g_assert_cmpuint(header.spi_i, ==, 0x0102030405060708);
    g_assert_cmpuint(header.spi_r, ==, 0x1112131415161718);
    g_assert_cmpuint(header.next_payload, ==, IKE_PAYLOAD_SA);
    g_assert_cmpuint(ike_header_major(&header), ==, 2);
    g_assert_cmpuint(header.exchange, ==, IKE_EXCHANGE_SA_INIT);
    g_assert_true(ike_header_from_initiator(&header));
    g_assert_false(ike_header_is_response(&header));
    g_assert_cmpuint(header.message_id, ==, 5);
    g_assert_cmpuint(header.length, ==, 28);
}

static void
test_round_trip(void)
{
    IkeHeader header;
    g_assert_true(parse(HEADER, &header, NULL));
    ByteWriter writer;
    byte_writer_init(&writer, 100);
    ike_header_write(&header, &writer);
    g_autoptr(GBytes) octets = byte_writer_end(&writer);
    wire_assert_equal(octets, HEADER);
}

static void
test_truncations(void)
{
    g_autoptr(GBytes) octets = wire_from_hex(HEADER);
    for (size_t length = 0; length < IKE_HEADER_LENGTH; length++) {
        g_autoptr(GError) error = NULL;
        ByteReader reader = byte_reader(g_bytes_get_data(octets, NULL), length);
        IkeHeader header;
        g_assert_false(ike_header_parse(&reader, &header, &error));
        g_assert_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED);
    }
}

static void
test_lengths(void)
{
    static const char *const lengths[] = { "00000000", "0000001b", "00010000", "ffffffff" };
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *hex = g_strdup_printf("%.*s%s", 55, HEADER, lengths[i]);
        IkeHeader header;
        g_assert_false(parse(hex, &header, &error));
        g_assert_error(error, PARSE_ERROR, PARSE_ERROR_INVALID);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/header/reads-every-field", test_reads);
    g_test_add_func("/ike/header/round-trip", test_round_trip);
    g_test_add_func("/ike/header/refuses-truncation", test_truncations);
    g_test_add_func("/ike/header/refuses-impossible-lengths", test_lengths);
    return g_test_run();
}
