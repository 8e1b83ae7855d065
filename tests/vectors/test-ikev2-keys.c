/* Key derivation of IKE and Child SAs against published figures: the one long string that prf+
 * gives is compared with our keys laid end to end, in the order of RFC 7296, sections 2.14
 * and 2.17. */
#include "vectors.h"

#include "crypto/algorithms.h"
#include "crypto/prf.h"
#include "ike/keymat.h"

#include <string.h>

enum {
    NAME,
    PRF,
    NONCE_I,
    NONCE_R,
    SHARED,
    SHARED_NEW,
    SPI_I,
    SPI_R,
    SKEYSEED,
    DKM,
    DKM_CHILD,
    DKM_CHILD_EXCHANGE,
    SKEYSEED_REKEYED,
    N_WORDS
};

static Secret *
word_secret(const VectorCase *vector, unsigned word)
{
    g_auto(VectorOctets) octets = vector_octets(vector, word);
    return secret_new(octets.data, octets.length);
}

static GBytes *
word_bytes(const VectorCase *vector, unsigned word)
{
    g_auto(VectorOctets) octets = vector_octets(vector, word);
    return g_bytes_new(octets.data, octets.length);
}

static uint64_t
word_spi(const VectorCase *vector, unsigned word)
{
    uint64_t spi;
    g_auto(VectorOctets) octets = vector_octets(vector, word);
    g_assert_cmpuint(octets.length, ==, sizeof spi);
    memcpy(&spi, octets.data, sizeof spi);
    return GUINT64_FROM_BE(spi);
}

/* The figures end somewhere in our keys, or go on behind them. */
static void
assert_laid_out(const Secret *const *keys, size_t n_keys, const Secret *expected)
{
    size_t offset = 0;
    for (size_t i = 0; i < n_keys && offset < secret_length(expected); i++) {
        if (keys[i] == NULL)
            continue;
        size_t length = MIN(secret_length(keys[i]), secret_length(expected) - offset);
        g_assert_cmpmem(secret_data(keys[i]), length, secret_data(expected) + offset, length);
        offset += length;
    }
    g_assert_cmpuint(offset, >=, 2 * (16 + 20));
}

static void
assert_ike_keys(const IkeKeys *keys, const Secret *expected)
{
    const Secret *const all[] = { keys->d,  keys->ai, keys->ar, keys->ei,
                                  keys->er, keys->pi, keys->pr };
    assert_laid_out(all, G_N_ELEMENTS(all), expected);
}

static void
check_child(const IkeSuite *suite, const VectorCase *vector, const IkeKeySeed *seed,
            const Secret *sk_d, const Secret *shared, unsigned word)
{
    g_autoptr(Secret) expected = word_secret(vector, word);
    g_auto(ChildKeys) keys = { 0 };
    if (secret_length(expected) == 0)
        return;
    g_assert_true(
        child_keys_derive(suite, suite->prf, sk_d, shared, seed->nonce_i, seed->nonce_r, &keys));
    const Secret *const all[] = { keys.encr_i, keys.integ_i, keys.encr_r, keys.integ_r };
    assert_laid_out(all, G_N_ELEMENTS(all), expected);
}

/* The keys of the new IKE SA are not published, but the SKEYSEED that they come from. */
static void
check_rekeyed(const IkeSuite *suite, const VectorCase *vector, const IkeKeySeed *seed,
              const Secret *sk_d, const Secret *shared)
{
    g_autoptr(Secret) skeyseed = word_secret(vector, SKEYSEED_REKEYED);
    g_autoptr(GBytes) spi_i = word_bytes(vector, SPI_I);
    g_autoptr(GBytes) spi_r = word_bytes(vector, SPI_R);
    Chunk input[] = { chunk_bytes(seed->nonce_i), chunk_bytes(seed->nonce_r), chunk_bytes(spi_i),
                      chunk_bytes(spi_r) };
    g_autoptr(Secret) expected = prf_plus(suite->prf, skeyseed, input, G_N_ELEMENTS(input), 160);
    g_auto(IkeKeys) keys = { 0 };
    g_assert_true(ike_keys_derive_rekeyed(suite, suite->prf, sk_d, shared, seed, &keys));
    assert_ike_keys(&keys, expected);
}

static void
check_suite(const IkeSuite *suite, const VectorCase *vector)
{
    g_autoptr(GBytes) nonce_i = word_bytes(vector, NONCE_I);
    g_autoptr(GBytes) nonce_r = word_bytes(vector, NONCE_R);
    g_autoptr(Secret) shared = word_secret(vector, SHARED);
    g_autoptr(Secret) shared_new = word_secret(vector, SHARED_NEW);
    g_autoptr(Secret) dkm = word_secret(vector, DKM);
    g_auto(IkeKeys) keys = { 0 };
    IkeKeySeed seed = { nonce_i, nonce_r, word_spi(vector, SPI_I), word_spi(vector, SPI_R) };
    g_assert_true(ike_keys_derive(suite, shared, &seed, &keys));
    assert_ike_keys(&keys, dkm);
    check_child(suite, vector, &seed, keys.d, NULL, DKM_CHILD);
    check_child(suite, vector, &seed, keys.d, shared_new, DKM_CHILD_EXCHANGE);
    check_rekeyed(suite, vector, &seed, keys.d, shared_new);
}

/* SKEYSEED = prf(Ni | Nr, g^ir) and all of prf+(SKEYSEED, Ni | Nr | SPIi | SPIr) */
static void
check_functions(uint16_t prf, const VectorCase *vector)
{
    g_autofree char *nonces = g_strconcat(vector->words[NONCE_I], vector->words[NONCE_R], NULL);
    g_autofree char *all = g_strconcat(nonces, vector->words[SPI_I], vector->words[SPI_R], NULL);
    const VectorCase joined = { .words = { nonces, all }, .name = vector->name };
    g_autoptr(Secret) key = word_secret(&joined, 0);
    g_autoptr(Secret) input = word_secret(&joined, 1);
    g_autoptr(Secret) shared = word_secret(vector, SHARED);
    g_autoptr(Secret) expected = word_secret(vector, SKEYSEED);
    g_autoptr(Secret) dkm = word_secret(vector, DKM);
    Chunk chunk = chunk_secret(shared);
    g_autoptr(Secret) skeyseed = prf_compute(prf, key, &chunk, 1);
    g_assert_true(secret_equal(skeyseed, expected));
    chunk = chunk_secret(input);
    g_autoptr(Secret) stretched = prf_plus(prf, skeyseed, &chunk, 1, secret_length(dkm));
    g_assert_true(secret_equal(stretched, dkm));
}

static void
run(const VectorCase *vector, const void *data)
{
    IkeSuite suites[] = {
        { .encr = ENCR_AES_CBC, .key_bits = 128, .integ = INTEG_HMAC_SHA1_96 },
        { .encr = ENCR_AES_CBC, .key_bits = 256, .integ = INTEG_HMAC_SHA2_512_256 },
        { .encr = ENCR_AES_GCM_16, .key_bits = 256 },
    };
    uint16_t prf = (uint16_t)vector_number(vector, PRF);
    check_functions(prf, vector);
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        suites[i].prf = prf;
        check_suite(&suites[i], vector);
    }
}

static void
test_keys(void)
{
    vectors_run("ikev2-keys.txt", 4, N_WORDS, run, NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vectors/ikev2-keys", test_keys);
    return g_test_run();
}
