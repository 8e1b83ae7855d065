/* Sealing and opening: every cipher, every damage. */
#include "base/bytes.h"
#include "crypto/algorithms.h"
#include "esp/esp-sa.h"

#include <string.h>

#define INNER_MAX 1500

typedef struct {
    const char *name;
    uint16_t encr, key_bits, integ;
    bool esn;
} Suite;

static const Suite suites[] = {
    { "aes256gcm16", ENCR_AES_GCM_16, 256, INTEG_NONE, false },
    { "aes256gcm16-esn", ENCR_AES_GCM_16, 256, INTEG_NONE, true },
    { "aes128gcm8", ENCR_AES_GCM_8, 128, INTEG_NONE, true },
    { "aes256gcm12", ENCR_AES_GCM_12, 256, INTEG_NONE, false },
    { "chacha20poly1305", ENCR_CHACHA20_POLY1305, 0, INTEG_NONE, true },
    { "aes128-sha256", ENCR_AES_CBC, 128, INTEG_HMAC_SHA2_256_128, false },
    { "aes256-sha512-esn", ENCR_AES_CBC, 256, INTEG_HMAC_SHA2_512_256, true },
    { "aes192-sha384", ENCR_AES_CBC, 192, INTEG_HMAC_SHA2_384_192, true },
};

typedef struct {
    const Suite *suite;
    EspOutbound *out;
    EspInbound *in;
} Pair;

static Secret *
key_of(size_t length, uint8_t seed)
{
    uint8_t *data;
    Secret *key = secret_new_blank(length, &data);
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)(seed + i);
    return key;
}

static Pair
pair_new(const Suite *suite)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) key = key_of(encr_key_length(suite->encr, suite->key_bits), 1);
    g_autoptr(Secret) mac =
        suite->integ != INTEG_NONE ? key_of(integ_key_length(suite->integ), 99) : NULL;
    EspSaParameters parameters = { .spi = 0x11223344,
                                   .encr = suite->encr,
                                   .key_bits = suite->key_bits,
                                   .integ = suite->integ,
                                   .encr_key = key,
                                   .integ_key = mac,
                                   .esn = suite->esn };
    Pair pair = { suite, esp_outbound_new(&parameters, rng_system(), &error),
                  esp_inbound_new(&parameters, &error) };
    g_assert_no_error(error);
    return pair;
}

static void
pair_clear(Pair *pair)
{
    esp_outbound_unref(pair->out);
    esp_inbound_unref(pair->in);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pair, pair_clear)

static size_t
seal(Pair *pair, uint8_t *packet, size_t inner, uint8_t next)
{
    size_t head = esp_outbound_head(pair->out);
    for (size_t i = 0; i < inner; i++)
        packet[head + i] = (uint8_t)(i * 7);
    size_t length = esp_outbound_seal(pair->out, packet, inner, next);
    g_assert_cmpuint(length, ==, inner + esp_outbound_overhead(pair->out, inner));
    g_assert_cmpuint(length - head, <=, inner + ESP_MAX_TAIL);
    return length;
}

static EspVerdict
open_packet(Pair *pair, uint8_t *packet, size_t length, size_t *inner_length)
{
    uint8_t *inner, next;
    EspVerdict verdict = esp_inbound_open(pair->in, packet, length, &inner, inner_length, &next);
    for (size_t i = 0; verdict == ESP_OK && i < *inner_length; i++)
        g_assert_cmpuint(inner[i], ==, (uint8_t)(i * 7));
    return verdict;
}

static void
test_every_length(gconstpointer data)
{
    g_auto(Pair) pair = pair_new(data);
    for (size_t inner = 0; inner <= 130; inner++) {
        uint8_t packet[ESP_MAX_HEAD + INNER_MAX + ESP_MAX_TAIL];
        size_t got = 0, length = seal(&pair, packet, inner, ESP_NEXT_IPV4);
        g_assert_cmpuint(length % 4, ==, 0);
        g_assert_cmpint(open_packet(&pair, packet, length, &got), ==, ESP_OK);
        g_assert_cmpuint(got, ==, inner);
    }
}

static void
test_every_flip_and_cut(gconstpointer data)
{
    g_auto(Pair) pair = pair_new(data);
    uint8_t packet[ESP_MAX_HEAD + INNER_MAX + ESP_MAX_TAIL], copy[sizeof packet];
    size_t got, length = seal(&pair, packet, 40, ESP_NEXT_IPV6);
    for (size_t i = 4; i < length; i++) { /* the SPI chose this SA */
        memcpy(copy, packet, length);
        copy[i] ^= 0x40;
        g_assert_cmpint(open_packet(&pair, copy, length, &got), !=, ESP_OK);
    }
    for (size_t cut = 0; cut < length; cut++) {
        g_autofree uint8_t *exact = g_memdup2(packet, cut);
        g_assert_cmpint(open_packet(&pair, exact, cut, &got), !=, ESP_OK);
    }
    memcpy(copy, packet, length);
    g_assert_cmpint(open_packet(&pair, copy, length, &got), ==, ESP_OK);
    memcpy(copy, packet, length);
    g_assert_cmpint(open_packet(&pair, copy, length, &got), ==, ESP_REPLAYED);
}

static void
test_forged_does_not_move_the_window(gconstpointer data)
{
    g_auto(Pair) pair = pair_new(data);
    uint8_t packet[ESP_MAX_HEAD + INNER_MAX + ESP_MAX_TAIL], forged[sizeof packet];
    size_t got, length = seal(&pair, packet, 64, ESP_NEXT_IPV4);
    memcpy(forged, packet, length);
    forged[5] = 0x7f; /* far ahead */
    g_assert_cmpint(open_packet(&pair, forged, length, &got), ==, ESP_FORGED);
    g_assert_cmpint(open_packet(&pair, packet, length, &got), ==, ESP_OK);
}

static void
test_dummy(void)
{
    g_auto(Pair) pair = pair_new(&suites[0]);
    uint8_t packet[ESP_MAX_HEAD + INNER_MAX + ESP_MAX_TAIL];
    size_t got, length = seal(&pair, packet, 20, ESP_NEXT_NONE);
    g_assert_cmpint(open_packet(&pair, packet, length, &got), ==, ESP_DUMMY);
}

/* Counter IVs and sequence numbers never come twice. */
static void
test_sequence(void)
{
    g_auto(Pair) pair = pair_new(&suites[0]);
    uint8_t packet[ESP_MAX_HEAD + INNER_MAX + ESP_MAX_TAIL];
    for (uint64_t i = 1; i <= 1000; i++) {
        seal(&pair, packet, 10, ESP_NEXT_IPV4);
        g_assert_cmpuint(esp_outbound_sequence(pair.out), ==, i);
        ByteReader reader = byte_reader(packet, sizeof packet);
        uint32_t spi, sequence;
        uint64_t iv;
        g_assert_true(byte_reader_u32(&reader, &spi) && byte_reader_u32(&reader, &sequence) &&
                      byte_reader_u64(&reader, &iv));
        g_assert_cmpuint(spi, ==, 0x11223344);
        g_assert_cmpuint(sequence, ==, i);
        g_assert_cmpuint(iv, ==, i);
    }
}

/* RFC 4303, section 3.3.3: the last number is used, then nothing leaves any more. */
static void
test_stops_before_the_wrap(void)
{
    for (size_t i = 0; i < 2; i++) { /* the first two suites: without and with ESN */
        g_auto(Pair) pair = pair_new(&suites[i]);
        uint64_t last = suites[i].esn ? UINT64_MAX : UINT32_MAX;
        uint8_t packet[ESP_MAX_HEAD + INNER_MAX + ESP_MAX_TAIL];
        esp_outbound_skip(pair.out, last - 1);
        esp_outbound_skip(pair.out, 5); /* never back */
        seal(&pair, packet, 10, ESP_NEXT_IPV4);
        g_assert_cmpuint(esp_outbound_sequence(pair.out), ==, last);
        for (unsigned again = 0; again < 3; again++)
            g_assert_cmpuint(esp_outbound_seal(pair.out, packet, 10, ESP_NEXT_IPV4), ==, 0);
        g_assert_cmpuint(esp_outbound_sequence(pair.out), ==, last);
    }
}

/* The half that is not on the wire is authenticated and counts on at both ends. */
static void
test_extended_numbers(gconstpointer data)
{
    const Suite *suite = data;
    g_auto(Pair) pair = pair_new(suite);
    uint8_t packet[ESP_MAX_HEAD + INNER_MAX + ESP_MAX_TAIL], before[sizeof packet];
    size_t got, length;
    esp_outbound_skip(pair.out, (uint64_t)UINT32_MAX - 3);
    size_t length_before = seal(&pair, before, 40, ESP_NEXT_IPV4);
    for (unsigned i = 0; i < 10; i++) {
        length = seal(&pair, packet, 40, ESP_NEXT_IPV4);
        g_assert_cmpint(open_packet(&pair, packet, length, &got), ==, ESP_OK);
    }
    g_assert_cmpuint(esp_outbound_sequence(pair.out), >, UINT32_MAX);
    /* From before the low half began again, late. */
    g_assert_cmpint(open_packet(&pair, before, length_before, &got), ==, ESP_OK);
    /* Two high halves ahead cannot be told from one: not authentic. */
    esp_outbound_skip(pair.out, (G_GUINT64_CONSTANT(3) << 32) + 100);
    length = seal(&pair, packet, 40, ESP_NEXT_IPV4);
    g_assert_cmpint(open_packet(&pair, packet, length, &got), ==, ESP_FORGED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        const struct {
            const char *name;
            GTestDataFunc function;
        } cases[] = {
            { "every-length", test_every_length },
            { "every-flip-and-cut", test_every_flip_and_cut },
            { "forged-does-not-move-the-window", test_forged_does_not_move_the_window },
        };
        for (size_t k = 0; k < G_N_ELEMENTS(cases); k++) {
            g_autofree char *path =
                g_strdup_printf("/esp/esp-sa/%s/%s", suites[i].name, cases[k].name);
            g_test_add_data_func(path, &suites[i], cases[k].function);
        }
    }
    g_test_add_func("/esp/esp-sa/dummy-carries-nothing", test_dummy);
    g_test_add_func("/esp/esp-sa/sequence-and-iv-count", test_sequence);
    g_test_add_func("/esp/esp-sa/stops-before-the-wrap", test_stops_before_the_wrap);
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        g_autofree char *path = g_strdup_printf("/esp/esp-sa/extended-numbers/%s", suites[i].name);
        if (suites[i].esn)
            g_test_add_data_func(path, &suites[i], test_extended_numbers);
    }
    return g_test_run();
}
