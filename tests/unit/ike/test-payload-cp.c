#include "wire-cases.h"

/* CFG_REPLY: address, mask, DNS, a domain, its trust anchor. */
#define REPLY                                                                                      \
    "02 000000 0001 0004 0a4d000a 0002 0004 ffffff00 0003 0004 0a630001"                           \
    "0019 000c 636f72702e6578616d706c65 001a 0004 7aae0802"

static const CpAttribute *
attribute(const IkePayload *payload, guint index)
{
    g_assert_cmpuint(index, <, payload->cp.attributes->len);
    return payload_cp_get(&payload->cp, index);
}

static void
test_keeps_order(void)
{
    static const uint16_t types[] = { 1, 2, 3, 25, 26 };
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_CP, REPLY);
    g_assert_cmpuint(payload->cp.type, ==, IKE_CFG_REPLY);
    g_assert_cmpuint(payload->cp.attributes->len, ==, G_N_ELEMENTS(types));
    for (guint i = 0; i < G_N_ELEMENTS(types); i++)
        g_assert_cmpuint(attribute(payload, i)->type, ==, types[i]);
}

static void
test_typed(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_CP, REPLY);
    InetAddress address;
    uint8_t length;
    g_assert_true(cp_attribute_address(attribute(payload, 0), &address));
    g_autofree char *text = inet_address_to_string(&address);
    g_assert_cmpstr(text, ==, "10.77.0.10");
    g_assert_true(cp_attribute_netmask(attribute(payload, 1), &length));
    g_assert_cmpuint(length, ==, 24);
    g_autofree char *domain = cp_attribute_domain(attribute(payload, 3), NULL);
    g_assert_cmpstr(domain, ==, "corp.example");
    g_assert_false(cp_attribute_address(attribute(payload, 3), &address));
    g_assert_null(cp_attribute_domain(attribute(payload, 0), NULL));
}

static void
assert_prefix(const char *hex, const char *expected)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_CP, hex);
    InetPrefix prefix;
    bool fits = cp_attribute_prefix(attribute(payload, 0), &prefix);
    g_assert_cmpint(fits, ==, expected != NULL);
    if (!fits)
        return;
    g_autofree char *text = inet_prefix_to_string(&prefix);
    g_assert_cmpstr(text, ==, expected);
}

#define V6 "20010db8007700000000000000000010"

static void
test_prefixes(void)
{
    assert_prefix("02 000000 000d 0008 0a630001 ffffff00", "10.99.0.0/24");
    assert_prefix("02 000000 000d 0008 0a630001 ff00ff00", NULL);
    assert_prefix("02 000000 000d 0004 0a630001", NULL);
    assert_prefix("02 000000 000f 0011" V6 "40", "2001:db8:77::/64");
    assert_prefix("02 000000 000f 0011" V6 "81", NULL);
    assert_prefix("02 000000 0008 0011" V6 "40", "2001:db8:77::10/64");
    assert_prefix("02 000000 0008 0010" V6, NULL);
}

/* Of every contiguous mask the length, of every hole nothing. */
static void
test_netmasks(void)
{
    for (unsigned ones = 0; ones <= 32; ones++) {
        uint32_t mask = ones == 0 ? 0 : UINT32_MAX << (32 - ones);
        g_autofree char *hex = g_strdup_printf("02 000000 0002 0004 %08x", mask);
        g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_CP, hex);
        uint8_t length;
        g_assert_true(cp_attribute_netmask(attribute(payload, 0), &length));
        g_assert_cmpuint(length, ==, ones);
    }
    static const char *const holes[] = { "00000001", "ff00ffff", "7fffffff", "fffffffd" };
    for (size_t i = 0; i < G_N_ELEMENTS(holes); i++) {
        g_autofree char *hex = g_strconcat("02 000000 0002 0004 ", holes[i], NULL);
        g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_CP, hex);
        uint8_t length;
        g_assert_false(cp_attribute_netmask(attribute(payload, 0), &length));
    }
}

static void
test_empty_values(void)
{
    static const unsigned types[] = { 1, 2, 3, 8, 10, 13, 15, 25, 26, 27, 28, 29 };
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autofree char *hex = g_strdup_printf("01 000000 %04x 0000", types[i]);
        g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_CP, hex);
        InetAddress address;
        InetPrefix prefix;
        g_assert_false(cp_attribute_address(attribute(payload, 0), &address));
        g_assert_false(cp_attribute_prefix(attribute(payload, 0), &prefix));
        wire_assert_round_trip(IKE_PAYLOAD_CP, hex);
    }
}

static void
test_reserved_bit(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_CP, "02 000000 8003 0004 0a630001");
    g_assert_cmpuint(attribute(payload, 0)->type, ==, IKE_ATTRIBUTE_INTERNAL_IP4_DNS);
}

static void
test_round_trip(void)
{
    wire_assert_round_trip(IKE_PAYLOAD_CP, REPLY);
    wire_assert_round_trip(IKE_PAYLOAD_CP, "01 000000");
    /* Every cut within an attribute; without any it is a payload of its own. */
    for (unsigned cut = 1; cut < 8; cut++) {
        g_autofree char *hex = g_strndup("02000000 000300040a630001", 9 + 2 * (8 - cut));
        wire_assert_refused(IKE_PAYLOAD_CP, hex, PARSE_ERROR_TRUNCATED);
    }
    wire_assert_refused(IKE_PAYLOAD_CP, "02 0000", PARSE_ERROR_TRUNCATED);
    wire_assert_refused(IKE_PAYLOAD_CP, "02 000000 0003 0005 0a630001", PARSE_ERROR_TRUNCATED);
    wire_assert_refused(IKE_PAYLOAD_CP, "02 000000 0003 ffff 0a630001", PARSE_ERROR_TRUNCATED);
}

static void
test_limit(void)
{
    for (guint extra = 0; extra < 2; extra++) {
        ByteWriter writer;
        byte_writer_init(&writer, 65535);
        byte_writer_u32(&writer, IKE_CFG_REPLY << 24);
        for (guint i = 0; i < PAYLOAD_CP_MAX_ATTRIBUTES + extra; i++)
            byte_writer_u32(&writer, 25 << 16);
        g_autoptr(GBytes) octets = byte_writer_end(&writer);
        ByteReader body = byte_reader_for_bytes(octets);
        g_autoptr(IkePayload) payload = ike_payload_parse(IKE_PAYLOAD_CP, &body, NULL);
        g_assert_true((payload != NULL) == (extra == 0));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-cp/keeps-the-order", test_keeps_order);
    g_test_add_func("/ike/payload-cp/reads-addresses-masks-domains", test_typed);
    g_test_add_func("/ike/payload-cp/reads-prefixes", test_prefixes);
    g_test_add_func("/ike/payload-cp/masks-are-contiguous", test_netmasks);
    g_test_add_func("/ike/payload-cp/empty-values-have-no-meaning", test_empty_values);
    g_test_add_func("/ike/payload-cp/ignores-the-reserved-bit", test_reserved_bit);
    g_test_add_func("/ike/payload-cp/round-trip-and-lies", test_round_trip);
    g_test_add_func("/ike/payload-cp/bounds-the-attributes", test_limit);
    return g_test_run();
}
