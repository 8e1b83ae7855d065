#include "wire-cases.h"

static void
test_reads(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_EAP, "01 2a 0006 01 41");
    g_assert_cmpuint(payload_eap_code(&payload->eap), ==, 1);
    wire_assert_equal(payload->eap.packet, "01 2a 0006 01 41");
}

static void
test_shortest(void)
{
    wire_assert_round_trip(IKE_PAYLOAD_EAP, "03 2a 0004");
}

static void
test_lying_length(void)
{
    wire_assert_refused(IKE_PAYLOAD_EAP, "01 2a 0007 01 41", PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_EAP, "01 2a 0005 01 41", PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_EAP, "01 2a 0000", PARSE_ERROR_INVALID);
}

static void
test_truncations(void)
{
    wire_assert_truncations(IKE_PAYLOAD_EAP, "01 2a 0006 01 41", 6);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-eap/reads", test_reads);
    g_test_add_func("/ike/payload-eap/success-has-four-octets", test_shortest);
    g_test_add_func("/ike/payload-eap/refuses-a-lying-length", test_lying_length);
    g_test_add_func("/ike/payload-eap/refuses-truncation", test_truncations);
    return g_test_run();
}
