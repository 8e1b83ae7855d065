#include "wire-cases.h"

static void
test_reads(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_NOTIFY, "03 04 4009 a1b2c3d4 beef");
    uint32_t spi;
    g_assert_cmpuint(payload->notify.protocol, ==, IKE_PROTOCOL_ESP);
    g_assert_cmpuint(payload->notify.type, ==, IKE_NOTIFY_REKEY_SA);
    g_assert_true(payload_notify_child_spi(&payload->notify, &spi));
    g_assert_cmphex(spi, ==, 0xa1b2c3d4);
    wire_assert_equal(payload->notify.data, "beef");
    g_assert_false(payload_notify_is_error(&payload->notify));
}

static void
test_without_spi(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_NOTIFY, "00 00 0011 001f");
    uint32_t spi;
    uint16_t group;
    g_assert_false(payload_notify_child_spi(&payload->notify, &spi));
    g_assert_true(payload_notify_u16(&payload->notify, &group));
    g_assert_cmpuint(group, ==, 31);
    g_assert_true(payload_notify_is_error(&payload->notify));
}

static void
test_unknown_types(void)
{
    g_autoptr(IkePayload) last_error = wire_parse(IKE_PAYLOAD_NOTIFY, "00 00 3fff");
    g_autoptr(IkePayload) private_status = wire_parse(IKE_PAYLOAD_NOTIFY, "00 00 c000");
    g_assert_true(payload_notify_is_error(&last_error->notify));
    g_assert_false(payload_notify_is_error(&private_status->notify));
}

/* An SPI of a size that no protocol of ours has is skipped, not taken for data. */
static void
test_strange_spi(void)
{
    g_autoptr(IkePayload) payload =
        wire_parse(IKE_PAYLOAD_NOTIFY, "63 0a 4000 00010203040506070809 77");
    g_assert_cmpuint(payload->notify.spi_length, ==, 0);
    wire_assert_equal(payload->notify.data, "77");
}

static void
test_lying_spi_size(void)
{
    wire_assert_refused(IKE_PAYLOAD_NOTIFY, "03 05 4009 a1b2c3d4", PARSE_ERROR_TRUNCATED);
    wire_assert_refused(IKE_PAYLOAD_NOTIFY, "03 ff 4009 a1b2c3d4", PARSE_ERROR_TRUNCATED);
}

static void
test_u16_needs_two(void)
{
    uint16_t value;
    g_autoptr(IkePayload) one = wire_parse(IKE_PAYLOAD_NOTIFY, "00 00 0011 1f");
    g_autoptr(IkePayload) three = wire_parse(IKE_PAYLOAD_NOTIFY, "00 00 0011 001f00");
    g_assert_false(payload_notify_u16(&one->notify, &value));
    g_assert_false(payload_notify_u16(&three->notify, &value));
}

static void
test_round_trip(void)
{
    wire_assert_round_trip(IKE_PAYLOAD_NOTIFY, "01 08 4009 0102030405060708 aa");
    wire_assert_truncations(IKE_PAYLOAD_NOTIFY, "03 04 4009 a1b2c3d4 beef", 8);
    wire_assert_truncations(IKE_PAYLOAD_NOTIFY, "00 00 4006 c00c1e", 4);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-notify/reads", test_reads);
    g_test_add_func("/ike/payload-notify/reads-without-spi", test_without_spi);
    g_test_add_func("/ike/payload-notify/unknown-types-are-errors-or-not", test_unknown_types);
    g_test_add_func("/ike/payload-notify/skips-a-strange-spi", test_strange_spi);
    g_test_add_func("/ike/payload-notify/refuses-a-lying-spi-size", test_lying_spi_size);
    g_test_add_func("/ike/payload-notify/group-is-two-octets", test_u16_needs_two);
    g_test_add_func("/ike/payload-notify/round-trip-and-truncations", test_round_trip);
    return g_test_run();
}
