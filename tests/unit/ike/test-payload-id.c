#include <string.h>

#include "wire-cases.h"

#define FQDN "02 000000 67772e6578616d706c65" /* gw.example */

static void
test_reads(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_IDR, FQDN);
    g_assert_cmpuint(payload->id.type, ==, IKE_ID_FQDN);
    g_autofree char *text = payload_id_to_string(&payload->id);
    g_assert_cmpstr(text, ==, "gw.example");
}

static void
test_addresses(void)
{
    g_autoptr(IkePayload) v4 = wire_parse(IKE_PAYLOAD_IDI, "01 000000 c0000201");
    g_autofree char *text4 = payload_id_to_string(&v4->id);
    g_assert_cmpstr(text4, ==, "192.0.2.1");
    g_autoptr(IkePayload) v6 =
        wire_parse(IKE_PAYLOAD_IDI, "05 000000 20010db8000000000000000000000001");
    g_autofree char *text6 = payload_id_to_string(&v6->id);
    g_assert_cmpstr(text6, ==, "2001:db8::1");
    wire_assert_refused(IKE_PAYLOAD_IDI, "01 000000 c00002", PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_IDI, "05 000000 c0000201", PARSE_ERROR_INVALID);
}

/* AUTH covers the RESERVED octets as the sender had them. */
static void
test_body_as_sent(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_IDR, "0b 010203 aa");
    g_autoptr(GBytes) body = payload_id_body(&payload->id);
    wire_assert_equal(body, "0b 010203 aa");
}

static void
test_escapes(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_IDR, "02 000000 610a1b62");
    g_autofree char *text = payload_id_to_string(&payload->id);
    g_assert_null(strpbrk(text, "\n\033"));
}

static void
test_round_trip(void)
{
    wire_assert_round_trip(IKE_PAYLOAD_IDI, FQDN);
    wire_assert_truncations(IKE_PAYLOAD_IDR, FQDN, 5);
}

static void
test_limit(void)
{
    g_autofree uint8_t *octets = g_malloc0(5 + PAYLOAD_ID_MAX_DATA);
    octets[0] = IKE_ID_KEY_ID;
    ByteReader body = byte_reader(octets, 5 + PAYLOAD_ID_MAX_DATA);
    g_autoptr(GError) error = NULL;
    g_assert_null(ike_payload_parse(IKE_PAYLOAD_IDI, &body, &error));
    g_assert_error(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-id/reads", test_reads);
    g_test_add_func("/ike/payload-id/addresses-have-their-length", test_addresses);
    g_test_add_func("/ike/payload-id/keeps-the-body-as-it-was-sent", test_body_as_sent);
    g_test_add_func("/ike/payload-id/escapes-for-people", test_escapes);
    g_test_add_func("/ike/payload-id/round-trip-and-truncations", test_round_trip);
    g_test_add_func("/ike/payload-id/refuses-what-is-too-long", test_limit);
    return g_test_run();
}
