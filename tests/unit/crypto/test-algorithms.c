/* The table of algorithms: sizes as the RFCs have them, words there and back. */
#include "crypto/algorithms.h"

/* RFC 4106, sections 3.1, 6 and 8.1; RFC 7634, section 2; RFC 3602, sections 2 and 3. */
static void
test_encryption_sizes(void)
{
    static const struct {
        uint16_t encr, key_bits;
        size_t key, iv, icv, block;
    } cases[] = {
        { ENCR_AES_CBC, 128, 16, 16, 0, 16 },        { ENCR_AES_CBC, 192, 24, 16, 0, 16 },
        { ENCR_AES_CBC, 256, 32, 16, 0, 16 },        { ENCR_AES_GCM_8, 128, 20, 8, 8, 1 },
        { ENCR_AES_GCM_8, 192, 28, 8, 8, 1 },        { ENCR_AES_GCM_8, 256, 36, 8, 8, 1 },
        { ENCR_AES_GCM_12, 128, 20, 8, 12, 1 },      { ENCR_AES_GCM_12, 192, 28, 8, 12, 1 },
        { ENCR_AES_GCM_12, 256, 36, 8, 12, 1 },      { ENCR_AES_GCM_16, 128, 20, 8, 16, 1 },
        { ENCR_AES_GCM_16, 192, 28, 8, 16, 1 },      { ENCR_AES_GCM_16, 256, 36, 8, 16, 1 },
        { ENCR_CHACHA20_POLY1305, 0, 36, 8, 16, 1 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("encryption %u with %u bits", cases[i].encr, cases[i].key_bits);
        g_assert_true(encr_is_known(cases[i].encr, cases[i].key_bits));
        g_assert_cmpuint(encr_key_length(cases[i].encr, cases[i].key_bits), ==, cases[i].key);
        g_assert_cmpuint(encr_iv_length(cases[i].encr), ==, cases[i].iv);
        g_assert_cmpuint(encr_icv_length(cases[i].encr), ==, cases[i].icv);
        g_assert_cmpuint(encr_block_length(cases[i].encr), ==, cases[i].block);
        g_assert_cmpint(encr_is_combined(cases[i].encr), ==, cases[i].icv > 0);
    }
}

/* RFC 4868, section 2.6; RFC 2404 for SHA-1. */
static void
test_mac_sizes(void)
{
    static const struct {
        uint16_t integ, prf;
        size_t key, icv;
    } cases[] = {
        { INTEG_HMAC_SHA1_96, PRF_HMAC_SHA1, 20, 12 },
        { INTEG_HMAC_SHA2_256_128, PRF_HMAC_SHA2_256, 32, 16 },
        { INTEG_HMAC_SHA2_384_192, PRF_HMAC_SHA2_384, 48, 24 },
        { INTEG_HMAC_SHA2_512_256, PRF_HMAC_SHA2_512, 64, 32 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpuint(integ_key_length(cases[i].integ), ==, cases[i].key);
        g_assert_cmpuint(integ_icv_length(cases[i].integ), ==, cases[i].icv);
        g_assert_cmpuint(prf_key_length(cases[i].prf), ==, cases[i].key);
        g_assert_cmpuint(prf_output_length(cases[i].prf), ==, cases[i].key);
    }
}

/* RFC 3526; RFC 5903, section 7; RFC 8031, section 2. */
static void
test_kex_sizes(void)
{
    g_assert_cmpuint(kex_public_length(KE_MODP_2048), ==, 256);
    g_assert_cmpuint(kex_public_length(KE_MODP_3072), ==, 384);
    g_assert_cmpuint(kex_public_length(KE_MODP_4096), ==, 512);
    g_assert_cmpuint(kex_public_length(KE_MODP_6144), ==, 768);
    g_assert_cmpuint(kex_public_length(KE_MODP_8192), ==, 1024);
    g_assert_cmpuint(kex_public_length(KE_ECP_256), ==, 64);
    g_assert_cmpuint(kex_public_length(KE_ECP_384), ==, 96);
    g_assert_cmpuint(kex_public_length(KE_ECP_521), ==, 132);
    g_assert_cmpuint(kex_public_length(KE_CURVE25519), ==, 32);
    g_assert_cmpuint(kex_public_length(KE_CURVE448), ==, 56);
}

static void
test_unknown_is_nothing(void)
{
    g_assert_false(encr_is_known(ENCR_AES_GCM_16, 0));
    g_assert_false(encr_is_known(ENCR_AES_GCM_16, 129));
    g_assert_false(encr_is_known(ENCR_CHACHA20_POLY1305, 256));
    g_assert_false(encr_is_known(3, 0));
    g_assert_cmpuint(encr_key_length(ENCR_AES_CBC, 512), ==, 0);
    g_assert_cmpuint(encr_iv_length(3), ==, 0);
    g_assert_cmpuint(encr_icv_length(3), ==, 0);
    g_assert_cmpuint(encr_block_length(3), ==, 0);
    g_assert_cmpuint(integ_key_length(INTEG_NONE), ==, 0);
    g_assert_cmpuint(integ_icv_length(1), ==, 0);
    g_assert_cmpuint(prf_key_length(1), ==, 0);
    g_assert_cmpuint(kex_public_length(KE_NONE), ==, 0);
    g_assert_cmpuint(kex_public_length(1), ==, 0);
    g_assert_null(encr_to_string(3, 0));
    g_assert_null(integ_to_string(1));
    g_assert_null(prf_to_string(1));
    g_assert_null(kex_to_string(1));
}

/* Every number that has a word is found again by it: all 16-bit numbers, all key lengths in use. */
static void
test_words_round_trip(void)
{
    static const uint16_t bits[] = { 0, 128, 192, 256 };
    unsigned words = 0;
    for (unsigned id = 0; id <= UINT16_MAX; id++) {
        uint16_t found = 0, found_bits = 0, number = (uint16_t)id;
        for (size_t b = 0; b < G_N_ELEMENTS(bits); b++) {
            const char *word = encr_to_string(number, bits[b]);
            if (word == NULL)
                continue;
            g_assert_true(encr_from_string(word, &found, &found_bits));
            g_assert_true(found == number && found_bits == bits[b]);
            words++;
        }
        if (integ_to_string(number) != NULL) {
            g_assert_true(integ_from_string(integ_to_string(number), &found) && found == number);
            words++;
        }
        if (prf_to_string(number) != NULL) {
            g_assert_true(prf_from_string(prf_to_string(number), &found) && found == number);
            words++;
        }
        if (kex_to_string(number) != NULL) {
            g_assert_true(kex_from_string(kex_to_string(number), &found) && found == number);
            words++;
        }
    }
    g_assert_cmpuint(words, ==, 13 + 4 + 4 + 15);
}

static void
test_words(void)
{
    uint16_t id = 99, key_bits = 99;
    g_assert_cmpstr(encr_to_string(ENCR_AES_GCM_16, 256), ==, "aes256gcm16");
    g_assert_cmpstr(encr_to_string(ENCR_CHACHA20_POLY1305, 0), ==, "chacha20poly1305");
    g_assert_cmpstr(prf_to_string(PRF_HMAC_SHA2_384), ==, "prfsha384");
    g_assert_cmpstr(integ_to_string(INTEG_HMAC_SHA2_256_128), ==, "sha256");
    g_assert_cmpstr(kex_to_string(KE_CURVE25519), ==, "x25519");
    g_assert_false(encr_from_string("aes", &id, &key_bits));
    g_assert_false(integ_from_string("prfsha256", &id));
    g_assert_false(prf_from_string("sha256", &id));
    g_assert_false(kex_from_string("", &id));
    g_assert_true(id == 99 && key_bits == 99);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crypto/algorithms/encryption-sizes", test_encryption_sizes);
    g_test_add_func("/crypto/algorithms/mac-sizes", test_mac_sizes);
    g_test_add_func("/crypto/algorithms/kex-sizes", test_kex_sizes);
    g_test_add_func("/crypto/algorithms/unknown-is-nothing", test_unknown_is_nothing);
    g_test_add_func("/crypto/algorithms/words-round-trip", test_words_round_trip);
    g_test_add_func("/crypto/algorithms/words", test_words);
    return g_test_run();
}
