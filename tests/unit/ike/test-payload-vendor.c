#include "wire-cases.h"

static void
test_round_trip(void)
{
    wire_assert_round_trip(IKE_PAYLOAD_VENDOR, "");
    wire_assert_truncations(IKE_PAYLOAD_VENDOR, "0102030405", 0);
}

static void
test_limit(void)
{
    g_autofree uint8_t *octets = g_malloc0(PAYLOAD_VENDOR_MAX_DATA + 1);
    ByteReader longest = byte_reader(octets, PAYLOAD_VENDOR_MAX_DATA);
    ByteReader longer = byte_reader(octets, PAYLOAD_VENDOR_MAX_DATA + 1);
    g_autoptr(IkePayload) payload = ike_payload_parse(IKE_PAYLOAD_VENDOR, &longest, NULL);
    g_assert_nonnull(payload);
    g_assert_null(ike_payload_parse(IKE_PAYLOAD_VENDOR, &longer, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-vendor/round-trip-and-truncations", test_round_trip);
    g_test_add_func("/ike/payload-vendor/refuses-what-is-too-long", test_limit);
    return g_test_run();
}
