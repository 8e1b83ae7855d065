#include <string.h>

#include "sealed-cases.h"
#include "wire-cases.h"

#define HEAD "some octets before the IV that are authenticated"

/* HEAD and what is sealed behind it. */
static GBytes *
seal_plain(Aead *aead, const uint8_t *plain, size_t length)
{
    PayloadSkSealer sealer = { aead, sealed_rng(), 7 };
    ByteWriter writer;
    byte_writer_init(&writer, 70000);
    byte_writer_octets(&writer, HEAD, strlen(HEAD));
    g_assert_true(payload_sk_seal(&sealer, plain, length, &writer));
    g_assert_cmpuint(byte_writer_length(&writer), ==,
                     strlen(HEAD) + payload_sk_sealed_length(aead, length));
    return byte_writer_end(&writer);
}

static GBytes *
open_sealed(Aead *aead, GBytes *message, bool *authentic)
{
    PayloadSk sk = { .offset = strlen(HEAD) };
    return payload_sk_open(&sk, message, aead, authentic);
}

static void
test_round_trip(void)
{
    static const size_t lengths[] = { 0, 1, 14, 15, 16, 17, 255, 256, 1500, 65000 };
    for (size_t c = 0; c < n_sealed_ciphers; c++) {
        g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[c]);
        for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
            g_autofree uint8_t *plain = g_malloc(lengths[i] + 1);
            memset(plain, 0x5a, lengths[i] + 1);
            g_autoptr(GBytes) message = seal_plain(aead, plain, lengths[i]);
            bool authentic = false;
            g_autoptr(GBytes) opened = open_sealed(aead, message, &authentic);
            g_assert_true(authentic);
            g_assert_nonnull(opened);
            g_assert_cmpmem(g_bytes_get_data(opened, NULL), g_bytes_get_size(opened), plain,
                            lengths[i]);
        }
    }
}

/* Each octet is authenticated: one flipped bit anywhere and nothing is opened. */
static void
test_every_octet_counts(void)
{
    for (size_t c = 0; c < n_sealed_ciphers; c++) {
        g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[c]);
        g_autoptr(GBytes) message = seal_plain(aead, (const uint8_t *)"plain", 5);
        gsize length;
        const uint8_t *octets = g_bytes_get_data(message, &length);
        for (size_t i = 0; i < length; i++) {
            uint8_t *copy = g_memdup2(octets, length);
            copy[i] ^= 0x10;
            g_autoptr(GBytes) changed = g_bytes_new_take(copy, length);
            bool authentic = true;
            g_assert_null(open_sealed(aead, changed, &authentic));
            g_assert_false(authentic);
        }
    }
}

static void
test_truncations(void)
{
    for (size_t c = 0; c < n_sealed_ciphers; c++) {
        g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[c]);
        g_autoptr(GBytes) message = seal_plain(aead, (const uint8_t *)"plain", 5);
        for (size_t length = strlen(HEAD); length < g_bytes_get_size(message); length++) {
            g_autoptr(GBytes) prefix = g_bytes_new_from_bytes(message, 0, length);
            g_assert_null(open_sealed(aead, prefix, NULL));
        }
    }
}

/* HEAD and text, with whatever padding that ends in, sealed under an IV of the test's own. */
static GBytes *
seal_text(Aead *aead, uint8_t *text, size_t length)
{
    uint8_t iv[16] = { 9 }, icv[64];
    AeadExtra extra = { (const uint8_t *)HEAD, strlen(HEAD), NULL, 0 };
    g_assert_true(aead_seal(aead, &extra, iv, text, length, icv));
    ByteWriter writer;
    byte_writer_init(&writer, 1000);
    byte_writer_octets(&writer, HEAD, strlen(HEAD));
    byte_writer_octets(&writer, iv, aead_iv_length(aead));
    byte_writer_octets(&writer, text, length);
    byte_writer_octets(&writer, icv, aead_icv_length(aead));
    return byte_writer_end(&writer);
}

/* Authentic, but its Pad Length reaches before the beginning. */
static void
test_impossible_padding(void)
{
    for (size_t c = 0; c < n_sealed_ciphers; c++) {
        g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[c]);
        uint8_t text[16];
        memset(text, 0xff, sizeof text);
        g_autoptr(GBytes) message = seal_text(aead, text, sizeof text);
        bool authentic = false;
        g_assert_null(open_sealed(aead, message, &authentic));
        g_assert_true(authentic);
    }
}

/* Of any content, and longer than it had to be (RFC 7296, section 3.14). */
static void
test_any_padding(void)
{
    for (size_t c = 0; c < n_sealed_ciphers; c++) {
        for (uint8_t padding = 0; padding < 64; padding++) {
            g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[c]);
            uint8_t text[64];
            memset(text, 0xa5, sizeof text);
            text[63] = padding;
            g_autoptr(GBytes) message = seal_text(aead, text, sizeof text);
            g_autoptr(GBytes) opened = open_sealed(aead, message, NULL);
            g_assert_nonnull(opened);
            g_assert_cmpuint(g_bytes_get_size(opened), ==, 63u - padding);
        }
    }
}

static void
test_iv_never_repeats(void)
{
    g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[0]);
    PayloadSkSealer sealer = { aead, sealed_rng(), 0x0102030405060708 };
    for (uint8_t i = 0; i < 3; i++) {
        ByteWriter writer;
        byte_writer_init(&writer, 100);
        g_assert_true(payload_sk_seal(&sealer, NULL, 0, &writer));
        g_autoptr(GBytes) octets = byte_writer_end(&writer);
        const uint8_t expected[8] = { 1, 2, 3, 4, 5, 6, 7, (uint8_t)(8 + i) };
        g_assert_cmpmem(g_bytes_get_data(octets, NULL), 8, expected, 8);
    }
}

/* Of every cipher (RFC 7296, section 3.14). */
static void
test_iv_is_new(void)
{
    for (size_t c = 0; c < n_sealed_ciphers; c++) {
        g_autoptr(Aead) aead = sealed_aead(&sealed_ciphers[c]);
        PayloadSkSealer sealer = { aead, sealed_rng(), 1 };
        GBytes *sealed[2];
        for (size_t i = 0; i < 2; i++) {
            ByteWriter writer;
            byte_writer_init(&writer, 100);
            g_assert_true(payload_sk_seal(&sealer, (const uint8_t *)"plain", 5, &writer));
            sealed[i] = byte_writer_end(&writer);
        }
        g_assert_cmpint(memcmp(g_bytes_get_data(sealed[0], NULL), g_bytes_get_data(sealed[1], NULL),
                               aead_iv_length(aead)),
                        !=, 0);
        g_bytes_unref(sealed[0]);
        g_bytes_unref(sealed[1]);
    }
}

static void
test_fragment_fields(void)
{
    static const struct {
        const char *hex;
        bool good;
    } cases[] = {
        { "0001 0001", true },  { "0002 0003", true },  { "0000 0001", false },
        { "0002 0001", false }, { "0000 0000", false }, { "0001 00", false },
        { "", false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) octets = wire_from_hex(cases[i].hex);
        ByteReader reader = byte_reader_for_bytes(octets);
        g_autoptr(GError) error = NULL;
        PayloadSk sk;
        g_assert_cmpint(payload_sk_parse(&reader, true, IKE_PAYLOAD_IDI, &sk, &error), ==,
                        cases[i].good);
        g_assert_true((error == NULL) == cases[i].good);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/payload-sk/round-trip", test_round_trip);
    g_test_add_func("/ike/payload-sk/every-octet-is-authenticated", test_every_octet_counts);
    g_test_add_func("/ike/payload-sk/refuses-truncation", test_truncations);
    g_test_add_func("/ike/payload-sk/tells-malformed-from-forged", test_impossible_padding);
    g_test_add_func("/ike/payload-sk/accepts-any-padding", test_any_padding);
    g_test_add_func("/ike/payload-sk/counter-iv-never-repeats", test_iv_never_repeats);
    g_test_add_func("/ike/payload-sk/iv-is-new-each-time", test_iv_is_new);
    g_test_add_func("/ike/payload-sk/bounds-fragment-numbers", test_fragment_fields);
    return g_test_run();
}
