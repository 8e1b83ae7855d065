#include "wire-cases.h"

static bool
accepts(size_t length)
{
    g_autofree uint8_t *octets = g_malloc0(length + 1);
    ByteReader body = byte_reader(octets, length);
    g_autoptr(GError) error = NULL;
    g_autoptr(IkePayload) payload = ike_payload_parse(IKE_PAYLOAD_NONCE, &body, &error);
    g_assert_true((payload == NULL) == (error != NULL));
    return payload != NULL;
}

/* RFC 7296, section 3.9: between 16 and 256 octets, inclusive. */
static void
test_lengths(void)
{
    g_assert_false(accepts(0));
    g_assert_false(accepts(15));
    g_assert_true(accepts(16));
    g_assert_true(accepts(256));
    g_assert_false(accepts(257));
}

static void
test_round_trip(void)
{
    static const char nonce[] = "000102030405060708090a0b0c0d0e0f1011";
    wire_assert_round_trip(IKE_PAYLOAD_NONCE, nonce);
    wire_assert_truncations(IKE_PAYLOAD_NONCE, nonce, 16);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-nonce/bounds-its-length", test_lengths);
    g_test_add_func("/ike/payload-nonce/round-trip-and-truncations", test_round_trip);
    return g_test_run();
}
