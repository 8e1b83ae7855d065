/* ML-KEM, both sides. Built where the build has ML-KEM. */
#include "crypto/kex.h"

#include "crypto/algorithms.h"
#include "crypto/error.h"
#include "crypto/kem.h"

#include <string.h>

static const struct {
    uint16_t group;
    size_t public, ciphertext;
} sets[] = { /* FIPS 203, table 3 */
             { KE_MLKEM_512, 800, 768 },
             { KE_MLKEM_768, 1184, 1088 },
             { KE_MLKEM_1024, 1568, 1568 }
};

static void
test_both_sides(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) answer = NULL;
        g_autoptr(Secret) theirs = NULL;
        g_assert_true(kex_is_available(sets[i].group));
        g_autoptr(Kex) kex = kex_new(sets[i].group, rng_system(), &error);
        g_assert_no_error(error);
        g_autoptr(GBytes) public = kex_public(kex);
        g_assert_cmpuint(g_bytes_get_size(public), ==, sets[i].public);
        g_assert_true(kex_respond(sets[i].group, rng_system(), public, &answer, &theirs, &error));
        g_assert_cmpuint(g_bytes_get_size(answer), ==, sets[i].ciphertext);
        g_autoptr(Secret) ours =
            kex_derive(kex, g_bytes_get_data(answer, NULL), sets[i].ciphertext, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(secret_length(ours), ==, 32);
        g_assert_true(secret_equal(ours, theirs));
    }
}

/* FIPS 203, algorithm 18: what was changed gives another secret, no error. */
static void
test_changed_ciphertext(void)
{
    g_autoptr(GBytes) answer = NULL;
    g_autoptr(Secret) theirs = NULL;
    g_autoptr(Kex) kex = kex_new(KE_MLKEM_768, rng_system(), NULL);
    g_autoptr(GBytes) public = kex_public(kex);
    g_assert_true(kex_respond(KE_MLKEM_768, rng_system(), public, &answer, &theirs, NULL));
    g_autofree uint8_t *octets = g_memdup2(g_bytes_get_data(answer, NULL), 1088);
    octets[500] ^= 1;
    g_autoptr(Secret) ours = kex_derive(kex, octets, 1088, NULL);
    g_assert_nonnull(ours);
    g_assert_false(secret_equal(ours, theirs));
}

static void
assert_refused(uint16_t group, const void *octets, size_t length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) public = g_bytes_new(octets, length);
    GBytes *answer = NULL;
    Secret *shared = NULL;
    g_assert_false(kex_respond(group, rng_system(), public, &answer, &shared, &error));
    g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID);
    g_assert_null(answer);
    g_assert_null(shared);
}

/* FIPS 203, section 7.2: length, and each coefficient below q. */
static void
test_bad_keys(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_autoptr(Kex) kex = kex_new(sets[i].group, rng_system(), NULL);
        g_autoptr(GBytes) public = kex_public(kex);
        size_t length = sets[i].public;
        g_autofree uint8_t *octets = g_malloc0(length + 1);
        memcpy(octets, g_bytes_get_data(public, NULL), length);
        assert_refused(sets[i].group, octets, length - 1);
        assert_refused(sets[i].group, octets, length + 1);
        assert_refused(sets[i].group, octets, 0);
        octets[0] = 0xff; /* 12 bits: 4095 */
        octets[1] |= 0x0f;
        assert_refused(sets[i].group, octets, length);
    }
}

static void
test_bad_ciphertexts(void)
{
    static const uint8_t octets[2000];
    for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_autoptr(Kex) kex = kex_new(sets[i].group, rng_system(), NULL);
        size_t lengths[] = { 0, 1, sets[i].ciphertext - 1, sets[i].ciphertext + 1 };
        for (size_t j = 0; j < G_N_ELEMENTS(lengths); j++) {
            g_autoptr(GError) error = NULL;
            g_assert_null(kex_derive(kex, octets, lengths[j], &error));
            g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID);
        }
    }
}

static void
count_up(Rng *rng, void *out, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ((uint8_t *)out)[i] = (uint8_t)i;
}

/* The same random octets, the same messages: an engine can be replayed. */
static void
test_repeats(void)
{
    Rng rng = { count_up };
    g_autoptr(Kex) one = kex_new(KE_MLKEM_768, &rng, NULL);
    g_autoptr(Kex) two = kex_new(KE_MLKEM_768, &rng, NULL);
    g_autoptr(GBytes) public_one = kex_public(one), public_two = kex_public(two);
    g_autoptr(GBytes) answer_one = NULL, answer_two = NULL;
    g_autoptr(Secret) shared_one = NULL, shared_two = NULL;
    g_assert_true(g_bytes_equal(public_one, public_two));
    g_assert_true(kex_respond(KE_MLKEM_768, &rng, public_one, &answer_one, &shared_one, NULL));
    g_assert_true(kex_respond(KE_MLKEM_768, &rng, public_one, &answer_two, &shared_two, NULL));
    g_assert_true(g_bytes_equal(answer_one, answer_two));
    g_assert_true(secret_equal(shared_one, shared_two));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crypto/kem/both-sides", test_both_sides);
    g_test_add_func("/crypto/kem/changed-ciphertext", test_changed_ciphertext);
    g_test_add_func("/crypto/kem/bad-keys", test_bad_keys);
    g_test_add_func("/crypto/kem/bad-ciphertexts", test_bad_ciphertexts);
    g_test_add_func("/crypto/kem/repeats", test_repeats);
    return g_test_run();
}
