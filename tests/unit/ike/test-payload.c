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

static GBytes *
body_of(uint8_t type, const char *hex)
{
    g_autoptr(IkePayload) payload = wire_parse(type, hex);
    ByteWriter writer;
    byte_writer_init(&writer, IKE_MESSAGE_MAX_LENGTH);
    ike_payload_write(payload, IKE_PAYLOAD_NONE, &writer);
    return byte_writer_end(&writer);
}

/* RESERVED is read as zero, whatever stands there; an ID's is kept for AUTH, see payload-id. */
static void
test_reserved(void)
{
    static const struct {
        uint8_t type;
        const char *plain, *reserved;
    } cases[] = {
        { IKE_PAYLOAD_SA, "00 00 0014 01 01 00 01 00 00 000c 01 00 0014 800e0100",
          "00 ff 0014 01 01 00 01 00 ff 000c 01 ff 0014 800e0100" },
        { IKE_PAYLOAD_KE, "001f 0000 aabb", "001f ffff aabb" },
        { IKE_PAYLOAD_AUTH, "0e 000000 aabb", "0e ffffff aabb" },
        { IKE_PAYLOAD_TSI, "01 000000 07 00 0010 0000 ffff 0a000000 0a0000ff",
          "01 ffffff 07 00 0010 0000 ffff 0a000000 0a0000ff" },
        { IKE_PAYLOAD_CP, "02 000000 0003 0004 0a630001", "02 ffffff 8003 0004 0a630001" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) plain = body_of(cases[i].type, cases[i].plain);
        g_autoptr(GBytes) reserved = body_of(cases[i].type, cases[i].reserved);
        g_assert_true(g_bytes_equal(plain, reserved));
    }
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
    g_test_add_func("/ike/payload/ignores-reserved", test_reserved);
    g_test_add_func("/ike/payload/bounds-what-it-writes", test_write_bounds);
    g_test_add_func("/ike/payload/frees-empty-payloads", test_free_of_nothing);
    return g_test_run();
}
