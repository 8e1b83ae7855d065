#include "wire-cases.h"

static void
test_round_trip(void)
{
    wire_assert_round_trip(IKE_PAYLOAD_PUZZLE, "01020304");
    wire_assert_round_trip(IKE_PAYLOAD_PUZZLE, "0000000100000002000000030000ffff");
}

/* Four keys of one length, and never none (RFC 8019, section 8.2). */
static void
test_lengths(void)
{
    g_autofree uint8_t *octets = g_malloc0(PAYLOAD_PUZZLE_MAX_DATA + 4);
    const size_t bad[] = { 0, 1, 3, 5, PAYLOAD_PUZZLE_MAX_DATA + 4 };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        ByteReader body = byte_reader(octets, bad[i]);
        g_assert_null(ike_payload_parse(IKE_PAYLOAD_PUZZLE, &body, NULL));
    }
    ByteReader longest = byte_reader(octets, PAYLOAD_PUZZLE_MAX_DATA);
    g_autoptr(IkePayload) payload = ike_payload_parse(IKE_PAYLOAD_PUZZLE, &longest, NULL);
    g_assert_nonnull(payload);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-puzzle/round-trip", test_round_trip);
    g_test_add_func("/ike/payload-puzzle/lengths", test_lengths);
    return g_test_run();
}
