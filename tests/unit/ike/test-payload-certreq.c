#include "wire-cases.h"

#define HASH "000102030405060708090a0b0c0d0e0f10111213"

static void
test_reads(void)
{
    g_autoptr(IkePayload) payload = wire_parse(IKE_PAYLOAD_CERTREQ, "04" HASH HASH);
    g_assert_cmpuint(payload->certreq.encoding, ==, IKE_CERT_X509_SIGNATURE);
    wire_assert_equal(payload->certreq.authorities, HASH HASH);
}

static void
test_no_hashes(void)
{
    wire_assert_round_trip(IKE_PAYLOAD_CERTREQ, "04");
}

static void
test_torn_hash(void)
{
    wire_assert_refused(IKE_PAYLOAD_CERTREQ, "04" HASH "00", PARSE_ERROR_INVALID);
    wire_assert_refused(IKE_PAYLOAD_CERTREQ, "", PARSE_ERROR_TRUNCATED);
}

static void
test_other_encoding(void)
{
    wire_assert_round_trip(IKE_PAYLOAD_CERTREQ, "0e 010203");
    wire_assert_truncations(IKE_PAYLOAD_CERTREQ, "0e 010203", 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-certreq/reads", test_reads);
    g_test_add_func("/ike/payload-certreq/may-be-without-hashes", test_no_hashes);
    g_test_add_func("/ike/payload-certreq/refuses-a-torn-hash", test_torn_hash);
    g_test_add_func("/ike/payload-certreq/leaves-other-encodings-alone", test_other_encoding);
    return g_test_run();
}
