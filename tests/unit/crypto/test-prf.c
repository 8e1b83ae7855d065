/* Hashes, PRFs and prf+ over scattered input; figures of others are in tests/vectors. */
#include "crypto/prf.h"

#include "crypto/algorithms.h"

#include <string.h>

static const uint16_t prfs[] = { PRF_HMAC_SHA1, PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_384,
                                 PRF_HMAC_SHA2_512 };

/* However the input is cut, the result is that of the whole. */
static void
test_chunks_are_joined(void)
{
    g_autoptr(Secret) key = secret_new("key", 3);
    Chunk whole = chunk("abcdefgh", 8);
    Chunk parts[] = { chunk("abc", 3), chunk(NULL, 0), chunk("defg", 4), chunk("h", 1) };
    for (size_t i = 0; i < G_N_ELEMENTS(prfs); i++) {
        g_autoptr(Secret) one = prf_compute(prfs[i], key, &whole, 1);
        g_autoptr(Secret) many = prf_compute(prfs[i], key, parts, G_N_ELEMENTS(parts));
        g_assert_true(secret_equal(one, many));
        g_assert_cmpuint(secret_length(one), ==, prf_output_length(prfs[i]));
    }
}

/* T1 = prf(K, S | 1), T2 = prf(K, T1 | S | 2), ... (RFC 7296, section 2.13), made here by hand. */
static void
test_plus_is_the_chain(void)
{
    g_autoptr(Secret) key = secret_new("another key", 11);
    for (size_t i = 0; i < G_N_ELEMENTS(prfs); i++) {
        size_t step = prf_output_length(prfs[i]);
        Chunk seed[] = { chunk("Ni", 2), chunk("Nr", 2) };
        g_autoptr(Secret) all = prf_plus(prfs[i], key, seed, 2, 3 * step);
        g_autoptr(Secret) previous = secret_new(NULL, 0);
        for (uint8_t round = 1; round <= 3; round++) {
            Chunk input[] = { chunk_secret(previous), seed[0], seed[1], chunk(&round, 1) };
            Secret *block = prf_compute(prfs[i], key, input, G_N_ELEMENTS(input));
            g_assert_cmpmem(secret_data(all) + (round - 1) * step, step, secret_data(block), step);
            secret_unref(previous);
            previous = block;
        }
    }
}

static void
test_plus_cuts_anywhere(void)
{
    g_autoptr(Secret) key = secret_new("k", 1);
    Chunk seed = chunk("seed", 4);
    g_autoptr(Secret) longest = prf_plus(PRF_HMAC_SHA2_256, key, &seed, 1, 255 * 32);
    g_assert_cmpuint(secret_length(longest), ==, 255 * 32);
    for (size_t length = 0; length < 100; length++) {
        g_autoptr(Secret) some = prf_plus(PRF_HMAC_SHA2_256, key, &seed, 1, length);
        g_assert_cmpmem(secret_data(some), secret_length(some), secret_data(longest), length);
    }
}

/* FIPS 180-2, appendices B.1, C.1 and D.1; RFC 3174, section 7.3. */
static void
test_hashes_abc(void)
{
    static const struct {
        uint16_t hash;
        size_t length;
        const char *starts;
    } cases[] = {
        { HASH_SHA1, 20, "a9993e36" },
        { HASH_SHA2_256, 32, "ba7816bf" },
        { HASH_SHA2_384, 48, "cb00753f" },
        { HASH_SHA2_512, 64, "ddaf35a1" },
    };
    Chunk parts[] = { chunk("a", 1), chunk(NULL, 0), chunk("bc", 2) };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t out[64];
        g_assert_cmpuint(hash_length(cases[i].hash), ==, cases[i].length);
        hash_compute(cases[i].hash, parts, G_N_ELEMENTS(parts), out);
        g_autofree char *hex = g_strdup_printf("%02x%02x%02x%02x", out[0], out[1], out[2], out[3]);
        g_assert_cmpstr(hex, ==, cases[i].starts);
    }
}

static void
test_hash_unknown_has_no_length(void)
{
    g_assert_cmpuint(hash_length(HASH_IDENTITY), ==, 0);
    g_assert_cmpuint(hash_length(0), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crypto/prf/chunks-are-joined", test_chunks_are_joined);
    g_test_add_func("/crypto/prf/plus-is-the-chain", test_plus_is_the_chain);
    g_test_add_func("/crypto/prf/plus-cuts-anywhere", test_plus_cuts_anywhere);
    g_test_add_func("/crypto/prf/hashes-abc", test_hashes_abc);
    g_test_add_func("/crypto/prf/hash-unknown-has-no-length", test_hash_unknown_has_no_length);
    return g_test_run();
}
