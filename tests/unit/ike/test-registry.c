#include "ike/registry.h"

#include <glib.h>

static void
test_names(void)
{
    g_assert_cmpstr(ike_exchange_to_string(IKE_EXCHANGE_SA_INIT), ==, "IKE_SA_INIT");
    g_assert_cmpstr(ike_payload_to_string(IKE_PAYLOAD_SKF), ==, "SKF");
    g_assert_cmpstr(ike_notify_to_string(IKE_NOTIFY_TS_UNACCEPTABLE), ==, "TS_UNACCEPTABLE");
    g_assert_cmpstr(ike_id_type_to_string(IKE_ID_FQDN), ==, "ID_FQDN");
    g_assert_cmpstr(ike_attribute_to_string(IKE_ATTRIBUTE_INTERNAL_DNSSEC_TA), ==,
                    "INTERNAL_DNSSEC_TA");
}

static void
test_unknown(void)
{
    g_assert_cmpstr(ike_exchange_to_string(0), ==, "unknown");
    g_assert_cmpstr(ike_payload_to_string(255), ==, "unknown");
    g_assert_cmpstr(ike_notify_to_string(65535), ==, "unknown");
    g_assert_cmpstr(ike_id_type_to_string(0), ==, "unknown");
    g_assert_cmpstr(ike_attribute_to_string(0), ==, "unknown");
}

static void
test_known_payloads(void)
{
    for (unsigned type = 0; type < 256; type++) {
        bool expected = (type >= 33 && type <= 48) || type == 53 || type == 54;
        g_assert_cmpint(ike_payload_is_known((uint8_t)type), ==, expected);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/registry/names-numbers", test_names);
    g_test_add_func("/ike/registry/calls-the-rest-unknown", test_unknown);
    g_test_add_func("/ike/registry/knows-the-payloads-that-it-reads", test_known_payloads);
    return g_test_run();
}
