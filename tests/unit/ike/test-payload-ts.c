#include "wire-cases.h"

/* 10.0.0.0-10.0.0.255, tcp 80; then everything of IPv6. */
#define TS4 "07 06 0010 0050 0050 0a000000 0a0000ff"
#define TS6 "08 00 0028 0000 ffff 00000000000000000000000000000000 ffffffffffffffffffffffffffffffff"

static void
assert_shown(const char *hex, const char *expected)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_TSI, hex);
    g_autofree char *text = traffic_selectors_to_string(payload->ts.selectors);
    g_assert_cmpstr(text, ==, expected);
}

static void
test_reads(void)
{
    assert_shown("02 000000" TS4 TS6, "10.0.0.0/24 tcp 80, ::/0");
    wire_assert_round_trip(IKE_PAYLOAD_TSR, "02 000000" TS4 TS6);
}

static void
test_longest(void)
{
    GString *hex = g_string_new("ff 000000");
    for (unsigned i = 0; i < PAYLOAD_TS_MAX_SELECTORS; i++)
        g_string_append(hex, TS4);
    wire_assert_round_trip(IKE_PAYLOAD_TSI, hex->str);
    g_string_free(hex, TRUE);
}

static void
test_truncations(void)
{
    wire_assert_truncations(IKE_PAYLOAD_TSI, "02 000000" TS4 TS6, 4 + 16 + 40);
}

static void
test_reversed(void)
{
    wire_assert_refused(IKE_PAYLOAD_TSI, "01 000000 07 00 0010 0000 ffff 0a000001 0a000000",
                        PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_TSI, "01 000000 07 06 0010 0051 0050 0a000000 0a000000",
                        PARSE_ERROR_INVALID);
}

static void
test_opaque(void)
{
    assert_shown("01 000000 07 11 0010 ffff 0000 0a000000 0a000000", "10.0.0.0/32 udp opaque");
}

static void
test_counts(void)
{
    wire_assert_refused(IKE_PAYLOAD_TSI, "00 000000", PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_TSI, "00 000000" TS4, PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_TSI, "01 000000" TS4 TS4, PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_TSI, "03 000000" TS4 TS4, PARSE_ERROR_TRUNCATED);
}

static void
test_lying_lengths(void)
{
    /* Shorter and longer than the type's, zero, beyond the end. */
    wire_assert_refused(IKE_PAYLOAD_TSI, "01 000000 07 06 000f 0050 0050 0a000000 0a0000",
                        PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_TSI, "01 000000 07 06 0011 0050 0050 0a000000 0a0000ff 00",
                        PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_TSI, "01 000000 07 06 0000 0050 0050 0a000000 0a0000ff",
                        PARSE_ERROR_TRUNCATED);
    wire_assert_refused(IKE_PAYLOAD_TSI, "01 000000 07 06 ffff 0050 0050 0a000000 0a0000ff",
                        PARSE_ERROR_TRUNCATED);
    wire_assert_refused(IKE_PAYLOAD_TSI, "01 000000 08 06 0010 0050 0050 0a000000 0a0000ff",
                        PARSE_ERROR_INVALID);
}

static void
test_unknown_type(void)
{
    assert_shown("02 000000 09 00 0006 0102" TS4, "10.0.0.0/24 tcp 80");
    g_autoptr(IkePayload) none = wire_parse(IKE_PAYLOAD_TSI, "01 000000 09 00 0004");
    g_assert_cmpuint(none->ts.selectors->len, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-ts/reads", test_reads);
    g_test_add_func("/ike/payload-ts/reads-the-longest", test_longest);
    g_test_add_func("/ike/payload-ts/refuses-truncation", test_truncations);
    g_test_add_func("/ike/payload-ts/rejects-reversed-range", test_reversed);
    g_test_add_func("/ike/payload-ts/knows-opaque", test_opaque);
    g_test_add_func("/ike/payload-ts/refuses-lying-counts", test_counts);
    g_test_add_func("/ike/payload-ts/refuses-lying-lengths", test_lying_lengths);
    g_test_add_func("/ike/payload-ts/leaves-out-unknown-types", test_unknown_type);
    return g_test_run();
}
