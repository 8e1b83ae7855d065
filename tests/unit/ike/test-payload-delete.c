#include "wire-cases.h"

static void
test_ike(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_DELETE, "01 00 0000");
    g_assert_cmpuint(payload->del.protocol, ==, IKE_PROTOCOL_IKE);
    g_assert_cmpuint(payload->del.spis->len, ==, 0);
    wire_assert_round_trip(IKE_PAYLOAD_DELETE, "01 00 0000");
}

static void
test_children(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_DELETE, "03 04 0002 01020304 a1b2c3d4");
    g_assert_cmpuint(payload->del.spis->len, ==, 2);
    g_assert_cmphex(g_array_index(payload->del.spis, uint32_t, 1), ==, 0xa1b2c3d4);
    wire_assert_round_trip(IKE_PAYLOAD_DELETE, "03 04 0002 01020304 a1b2c3d4");
}

static void
test_truncations(void)
{
    wire_assert_truncations(IKE_PAYLOAD_DELETE, "03 04 0002 01020304 a1b2c3d4", 12);
    wire_assert_truncations(IKE_PAYLOAD_DELETE, "01 00 0000", 4);
}

static void
test_lies(void)
{
    wire_assert_refused(IKE_PAYLOAD_DELETE, "03 04 0001 01020304 a1b2c3d4", PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_DELETE, "03 04 ffff 01020304", PARSE_ERROR_TOO_LARGE);
    wire_assert_refused(IKE_PAYLOAD_DELETE, "03 00 0001", PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_DELETE, "03 08 0001 0102030405060708", PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_DELETE, "01 08 0001 0102030405060708", PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_DELETE, "07 04 0001 01020304", PARSE_ERROR_INVALID);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-delete/reads-the-ike-sa", test_ike);
    g_test_add_func("/ike/payload-delete/reads-child-sas", test_children);
    g_test_add_func("/ike/payload-delete/refuses-truncation", test_truncations);
    g_test_add_func("/ike/payload-delete/refuses-lying-sizes", test_lies);
    return g_test_run();
}
