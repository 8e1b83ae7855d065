#include "ike/nat-detection.h"

#include <string.h>

#define SPI_I 0x0102030405060708
#define SPI_R 0x1112131415161718

static InetEndpoint
endpoint(const char *address, uint16_t port)
{
    InetEndpoint result = { .port = port };
    g_assert_true(inet_address_parse(address, &result.address));
    return result;
}

static void
assert_hash(const char *address, uint16_t port, const char *hex)
{
    uint8_t hash[NAT_DETECTION_LENGTH];
    InetEndpoint at = endpoint(address, port);
    g_autoptr(GString) text = g_string_new(NULL);
    g_assert_true(nat_detection_hash(SPI_I, SPI_R, &at, hash));
    for (size_t i = 0; i < sizeof hash; i++)
        g_string_append_printf(text, "%02x", hash[i]);
    g_assert_cmpstr(text->str, ==, hex);
    g_assert_true(nat_detection_matches(SPI_I, SPI_R, &at, hash, sizeof hash));
    at.port ^= 1;
    g_assert_false(nat_detection_matches(SPI_I, SPI_R, &at, hash, sizeof hash));
}

/* Values of a second implementation (Python's hashlib). */
static void
test_hash(void)
{
    assert_hash("192.0.2.10", 40000, "c796d3cc9d6a2a2e056e67da93e1e63ab4647171");
    assert_hash("2001:db8::1", 4500, "1ee24423bf8f59515e0265c6d0f08be3d038f7e5");
}

static void
test_unknown_address(void)
{
    uint8_t hash[NAT_DETECTION_LENGTH] = { 0 };
    InetEndpoint nowhere = { .port = 4500 };
    g_assert_false(nat_detection_hash(SPI_I, SPI_R, &nowhere, hash));
    g_assert_false(nat_detection_matches(SPI_I, SPI_R, &nowhere, hash, sizeof hash));
}

static void
test_wrong_length(void)
{
    uint8_t hash[NAT_DETECTION_LENGTH];
    InetEndpoint at = endpoint("192.0.2.10", 40000);
    g_assert_true(nat_detection_hash(SPI_I, SPI_R, &at, hash));
    g_assert_false(nat_detection_matches(SPI_I, SPI_R, &at, hash, sizeof hash - 1));
    g_assert_false(nat_detection_matches(SPI_I, SPI_R, &at, hash, 0));
}

static void
count(Rng *rng, void *out, size_t length)
{
    memset(out, 0x77, length);
}

/* The decoy is random, not the hash of where we are. */
static void
test_decoy(void)
{
    Rng rng = { count };
    uint8_t decoy[NAT_DETECTION_LENGTH];
    InetEndpoint at = endpoint("192.0.2.10", 40000);
    nat_detection_decoy(&rng, decoy);
    g_assert_cmpuint(decoy[0], ==, 0x77);
    g_assert_false(nat_detection_matches(SPI_I, SPI_R, &at, decoy, sizeof decoy));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/nat-detection/hash", test_hash);
    g_test_add_func("/ike/nat-detection/unknown-address", test_unknown_address);
    g_test_add_func("/ike/nat-detection/wrong-length", test_wrong_length);
    g_test_add_func("/ike/nat-detection/decoy", test_decoy);
    return g_test_run();
}
