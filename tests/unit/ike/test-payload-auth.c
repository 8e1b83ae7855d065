#include "wire-cases.h"

static void
test_reads(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_AUTH, "0e 000000aabb");
    g_assert_cmpuint(payload->auth.method, ==, 0x0e);
    wire_assert_equal(payload->auth.data, "aabb");
}

static void
test_round_trip(void)
{
    wire_assert_truncations(IKE_PAYLOAD_AUTH, "0e 000000aabb", 5);
    wire_assert_round_trip(IKE_PAYLOAD_AUTH, "0e 000000aabb");
}

static void
test_limit(void)
{
    size_t fixed = 4;
    for (size_t extra = 0; extra < 2; extra++) {
        g_autofree uint8_t *octets = g_malloc0(fixed + PAYLOAD_AUTH_MAX_DATA + extra);
        ByteReader body = byte_reader(octets, fixed + PAYLOAD_AUTH_MAX_DATA + extra);
        g_autoptr(GError) error = NULL;
        g_autoptr(IkePayload) payload = ike_payload_parse(IKE_PAYLOAD_AUTH, &body, &error);
        g_assert_true((payload != NULL) == (extra == 0));
        g_assert_true(extra == 0 || g_error_matches(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-auth/reads", test_reads);
    g_test_add_func("/ike/payload-auth/round-trip-and-truncations", test_round_trip);
    g_test_add_func("/ike/payload-auth/refuses-what-is-too-long", test_limit);
    return g_test_run();
}
