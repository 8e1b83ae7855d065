/* Attributes of TTLS: round trip, padding, every truncation, lying lengths. */
#include "config.h"

#include "eap/ttls-avp.h"

#include <string.h>

static GBytes *
sample(void)
{
    ByteWriter writer;
    byte_writer_init(&writer, 4096);
    ttls_avp_write(&writer, 0, TTLS_AVP_USER_NAME, "tess", 4);
    ttls_avp_write(&writer, TTLS_VENDOR_MICROSOFT, TTLS_AVP_MS_CHAP_ERROR, "abcde", 5);
    ttls_avp_write(&writer, 0, TTLS_AVP_REPLY_MESSAGE, NULL, 0);
    return byte_writer_end(&writer);
}

static void
test_round_trip(void)
{
    g_autoptr(GBytes) octets = sample();
    ByteReader reader = byte_reader_for_bytes(octets);
    TtlsAvp avp;
    g_assert_cmpuint(g_bytes_get_size(octets), ==, 12 + 20 + 8);
    g_assert_cmpint(ttls_avp_next(&reader, &avp), ==, TTLS_AVP_OK);
    g_assert_cmpuint(avp.code, ==, TTLS_AVP_USER_NAME);
    g_assert_cmpuint(avp.vendor, ==, 0);
    g_assert_true(avp.mandatory);
    g_assert_cmpmem(avp.data.data, avp.data.length, "tess", 4);
    g_assert_cmpint(ttls_avp_next(&reader, &avp), ==, TTLS_AVP_OK);
    g_assert_cmpuint(avp.vendor, ==, TTLS_VENDOR_MICROSOFT);
    g_assert_cmpmem(avp.data.data, avp.data.length, "abcde", 5);
    g_assert_cmpint(ttls_avp_next(&reader, &avp), ==, TTLS_AVP_OK);
    g_assert_cmpuint(avp.data.length, ==, 0);
    g_assert_cmpint(ttls_avp_next(&reader, &avp), ==, TTLS_AVP_END);
}

static void
test_truncated(void)
{
    g_autoptr(GBytes) octets = sample();
    const uint8_t *data = g_bytes_get_data(octets, NULL);
    for (size_t length = 0; length < g_bytes_get_size(octets); length++) {
        ByteReader reader = byte_reader(data, length);
        TtlsAvp avp;
        TtlsAvpStatus status;
        do {
            status = ttls_avp_next(&reader, &avp);
        } while (status == TTLS_AVP_OK);
        /* Between two, and where nothing but padding is missing, it is no harm. */
        bool between = length == 0 || length == 12 || (length >= 29 && length <= 32);
        g_assert_cmpint(status, ==, between ? TTLS_AVP_END : TTLS_AVP_MALFORMED);
    }
}

static void
test_lying_lengths(void)
{
    static const uint8_t lies[] = { 0, 7, 13, 200 };
    for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
        const uint8_t octets[] = { 0, 0, 0, 1, 0x40, 0, 0, lies[i], 't', 'e', 's', 's' };
        ByteReader reader = byte_reader(octets, sizeof octets);
        TtlsAvp avp;
        g_assert_cmpint(ttls_avp_next(&reader, &avp), ==, TTLS_AVP_MALFORMED);
    }
    /* With a vendor, the header alone is twelve octets. */
    const uint8_t vendor[] = { 0, 0, 0, 1, 0x80, 0, 0, 8, 0, 0, 1, 55 };
    ByteReader reader = byte_reader(vendor, sizeof vendor);
    TtlsAvp avp;
    g_assert_cmpint(ttls_avp_next(&reader, &avp), ==, TTLS_AVP_MALFORMED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/eap/ttls-avp/round-trip", test_round_trip);
    g_test_add_func("/eap/ttls-avp/truncated", test_truncated);
    g_test_add_func("/eap/ttls-avp/lying-lengths", test_lying_lengths);
    return g_test_run();
}
