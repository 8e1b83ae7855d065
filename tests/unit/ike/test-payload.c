#include "wire-cases.h"

static void
test_header(void)
{
    g_autoptr(GBytes) octets = wire_from_hex("28 ff 0008 00000000");
    ByteReader reader = byte_reader_for_bytes(octets);
    IkePayloadHeader header;
    g_assert_true(ike_payload_header_parse(&reader, &header, NULL));
    g_assert_cmpuint(header.next, ==, IKE_PAYLOAD_NONCE);
    g_assert_true(header.critical);
    g_assert_cmpuint(header.length, ==, 4);
    g_assert_cmpuint(byte_reader_left(&reader), ==, 4);
}

static void
test_header_lies(void)
{
    static const char *const cases[] = {
        "", "28", "28 00", "28 00 00", "28 00 0003", "28 00 0000"
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) octets = wire_from_hex(cases[i]);
        ByteReader reader = byte_reader_for_bytes(octets);
        IkePayloadHeader header;
        g_autoptr(GError) error = NULL;
        g_assert_false(ike_payload_header_parse(&reader, &header, &error));
        g_assert_nonnull(error);
        g_assert_cmpuint(reader.offset, ==, 0);
    }
}

static void
test_refuses_what_has_no_body(void)
{
    wire_assert_refused(IKE_PAYLOAD_SK, "00000000", PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_SKF, "00000000", PARSE_ERROR_INVALID);
    wire_assert_refused(200, "00000000", PARSE_ERROR_INVALID);
}

/* A body that 16 bits of length cannot announce fails the writer. */
static void
test_write_bounds(void)
{
    for (size_t extra = 0; extra < 2; extra++) {
        size_t length = G_MAXUINT16 - IKE_PAYLOAD_HEADER_LENGTH - 4 + extra;
        g_autoptr(IkePayload) payload = ike_payload_new(IKE_PAYLOAD_NOTIFY);
        payload->notify.data = g_bytes_new_take(g_malloc0(length), length);
        ByteWriter writer;
        byte_writer_init(&writer, 1 << 20);
        ike_payload_write(payload, IKE_PAYLOAD_NONE, &writer);
        g_autoptr(GBytes) octets = byte_writer_end(&writer);
        g_assert_true((octets != NULL) == (extra == 0));
    }
}

static void
test_free_of_nothing(void)
{
    ike_payload_free(NULL);
    for (unsigned type = 0; type < 256; type++)
        ike_payload_free(ike_payload_new((uint8_t)type));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload/reads-the-generic-header", test_header);
    g_test_add_func("/ike/payload/refuses-a-lying-header", test_header_lies);
    g_test_add_func("/ike/payload/refuses-types-without-body", test_refuses_what_has_no_body);
    g_test_add_func("/ike/payload/bounds-what-it-writes", test_write_bounds);
    g_test_add_func("/ike/payload/frees-empty-payloads", test_free_of_nothing);
    return g_test_run();
}
