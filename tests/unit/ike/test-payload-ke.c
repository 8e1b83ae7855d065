#include "wire-cases.h"

static void
test_reads(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_KE, "001f 0000 aabbcc");
    g_assert_cmpuint(payload->ke.group, ==, 31);
    wire_assert_equal(payload->ke.data, "aabbcc");
}

static void
test_round_trip(void)
{
    wire_assert_round_trip(IKE_PAYLOAD_KE, "0013 0000 01");
    wire_assert_truncations(IKE_PAYLOAD_KE, "0013 0000 01020304", 5);
}

static void
test_ignores_reserved(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_KE, "0013 ffff 01");
    wire_assert_equal(payload->ke.data, "01");
}

static void
test_limit(void)
{
    for (size_t extra = 0; extra < 2; extra++) {
        g_autofree uint8_t *octets = g_malloc0(4 + PAYLOAD_KE_MAX_DATA + extra);
        ByteReader body = byte_reader(octets, 4 + PAYLOAD_KE_MAX_DATA + extra);
        g_autoptr(GError) error = NULL;
        g_autoptr(IkePayload) payload = ike_payload_parse(IKE_PAYLOAD_KE, &body, &error);
        g_assert_true((payload != NULL) == (extra == 0));
        g_assert_true(extra == 0 || g_error_matches(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-ke/reads", test_reads);
    g_test_add_func("/ike/payload-ke/round-trip-and-truncations", test_round_trip);
    g_test_add_func("/ike/payload-ke/ignores-reserved", test_ignores_reserved);
    g_test_add_func("/ike/payload-ke/refuses-what-is-too-long", test_limit);
    return g_test_run();
}
