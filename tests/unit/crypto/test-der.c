/* DER: elements, their ends, and times. */
#include "crypto/der.h"

#include <string.h>

static void
test_reads_elements(void)
{
    static const uint8_t octets[] = { 0x30, 0x05, 0x02, 0x01, 0x07, 0x05,
                                      0x00, 0x04, 0x81, 0x01, 0xaa };
    ByteReader reader = byte_reader(octets, sizeof octets), sequence, number, null, string;
    uint8_t tag, octet;
    g_assert_true(der_is_next(&reader, DER_SEQUENCE));
    g_assert_true(der_next(&reader, &tag, &sequence));
    g_assert_cmpuint(tag, ==, DER_SEQUENCE);
    g_assert_false(der_expect(&sequence, DER_OID, &number));
    g_assert_true(der_expect(&sequence, DER_INTEGER, &number));
    g_assert_true(byte_reader_u8(&number, &octet));
    g_assert_cmpuint(octet, ==, 7);
    g_assert_true(der_expect(&sequence, 0x05, &null));
    g_assert_cmpuint(byte_reader_left(&null), ==, 0);
    g_assert_false(der_next(&sequence, &tag, &null));
    g_assert_true(der_expect(&reader, DER_OCTET_STRING, &string));
    g_assert_cmpuint(byte_reader_left(&string), ==, 1);
    g_assert_cmpuint(byte_reader_left(&reader), ==, 0);
}

static void
test_refuses(void)
{
    static const struct {
        uint8_t octets[6];
        size_t length;
    } cases[] = {
        { { 0x30 }, 1 },                               /* no length */
        { { 0x30, 0x02, 0x00 }, 3 },                   /* longer than there is */
        { { 0x30, 0x80, 0x00, 0x00 }, 4 },             /* indefinite */
        { { 0x30, 0x84, 0x00, 0x00, 0x00, 0x00 }, 6 }, /* four octets of length */
        { { 0x30, 0x82, 0x01 }, 3 },                   /* a length that ends early */
        { { 0x3f, 0x01, 0x00 }, 3 },                   /* a tag of several octets */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        ByteReader reader = byte_reader(cases[i].octets, cases[i].length), content;
        uint8_t tag;
        g_assert_false(der_next(&reader, &tag, &content));
        g_assert_cmpuint(byte_reader_left(&reader), ==, cases[i].length);
    }
}

static void
test_times(void)
{
    static const struct {
        uint8_t tag;
        const char *text;
        int64_t seconds; /* -1: none */
    } cases[] = {
        { DER_UTC_TIME, "231114221320Z", 1700000000 },
        { DER_GENERALIZED_TIME, "20231114221320Z", 1700000000 },
        { DER_UTC_TIME, "500101000000Z", -631152000 },
        { DER_UTC_TIME, "491231235959Z", 2524607999 },
        { DER_UTC_TIME, "20231114221320Z", -1 },
        { DER_GENERALIZED_TIME, "231114221320Z", -1 },
        { DER_UTC_TIME, "2311142213+0Z", -1 },
        { DER_UTC_TIME, "231314221320Z", -1 },
        { DER_UTC_TIME, "231114221320+", -1 },
        { DER_OCTET_STRING, "20231114221320Z", -1 },
        { DER_UTC_TIME, "", -1 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        ByteReader content = byte_reader(cases[i].text, strlen(cases[i].text));
        int64_t seconds = -1;
        bool ok = der_time(cases[i].tag, &content, &seconds);
        g_assert_true(ok == (cases[i].seconds != -1));
        g_assert_cmpint(seconds, ==, cases[i].seconds);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crypto/der/reads-elements", test_reads_elements);
    g_test_add_func("/crypto/der/refuses", test_refuses);
    g_test_add_func("/crypto/der/times", test_times);
    return g_test_run();
}
