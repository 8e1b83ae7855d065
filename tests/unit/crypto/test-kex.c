/* Key exchange: both ends agree, and nothing that a hostile peer sends gets a secret. */
#include "crypto/kex.h"

#include "crypto/algorithms.h"
#include "crypto/error.h"
#include "crypto/modp-primes.h"

#include <gmp.h>
#include <string.h>

static const uint16_t groups[] = { KE_MODP_1024, KE_MODP_1536, KE_MODP_2048,  KE_MODP_3072,
                                   KE_MODP_4096, KE_MODP_6144, KE_MODP_8192,  KE_ECP_256,
                                   KE_ECP_384,   KE_ECP_521,   KE_CURVE25519, KE_CURVE448 };
static const uint16_t modp[] = { KE_MODP_1024, KE_MODP_1536, KE_MODP_2048, KE_MODP_3072,
                                 KE_MODP_4096, KE_MODP_6144, KE_MODP_8192 };
static const uint16_t ecp[] = { KE_ECP_256, KE_ECP_384, KE_ECP_521 };

static Kex *
make(uint16_t group)
{
    g_autoptr(GError) error = NULL;
    Kex *kex = kex_new(group, rng_system(), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(kex_group(kex), ==, group);
    return kex;
}

static void
refuse(Kex *kex, const void *peer, size_t length)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(kex_derive(kex, peer, length, &error));
    g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID);
}

static Secret *
derive(Kex *kex, GBytes *peer)
{
    g_autoptr(GError) error = NULL;
    gsize length;
    const void *data = g_bytes_get_data(peer, &length);
    Secret *secret = kex_derive(kex, data, length, &error);
    g_assert_no_error(error);
    return secret;
}

static void
test_both_ends_agree(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        g_autoptr(Kex) a = make(groups[i]), b = make(groups[i]);
        g_autoptr(GBytes) public_a = kex_public(a);
        g_autoptr(GBytes) public_b = kex_public(b);
        g_autoptr(Secret) at_a = derive(a, public_b);
        g_autoptr(Secret) at_b = derive(b, public_a);
        bool is_ecp = groups[i] >= KE_ECP_256 && groups[i] <= KE_ECP_521;
        g_assert_cmpuint(g_bytes_get_size(public_a), ==, kex_public_length(groups[i]));
        g_assert_false(g_bytes_equal(public_a, public_b));
        g_assert_true(secret_equal(at_a, at_b));
        g_assert_cmpuint(secret_length(at_a), ==, kex_public_length(groups[i]) / (is_ecp ? 2 : 1));
    }
}

/* As long as the prime, with zeros in front where the number is shorter (RFC 7296, section 3.4). */
static void
test_modp_is_padded(void)
{
    g_autoptr(Kex) a = NULL;
    g_autoptr(GBytes) public_a = NULL;
    for (unsigned i = 0; public_a == NULL || *(uint8_t *)g_bytes_get_data(public_a, NULL) != 0;
         i++) {
        g_assert_cmpuint(i, <, 10000); /* one of 256 is shorter */
        g_clear_pointer(&a, kex_free);
        g_clear_pointer(&public_a, g_bytes_unref);
        a = make(KE_MODP_1024);
        public_a = kex_public(a);
    }
    g_autoptr(Kex) b = make(KE_MODP_1024);
    g_autoptr(GBytes) public_b = kex_public(b);
    g_autoptr(Secret) at_a = derive(a, public_b);
    g_autoptr(Secret) at_b = derive(b, public_a);
    g_assert_cmpuint(g_bytes_get_size(public_a), ==, 128);
    g_assert_true(secret_equal(at_a, at_b));
}

static void
test_unknown_group(void)
{
    static const uint16_t unknown[] = { 0, 1, 22, 25, 33, 34, 65535 };
    for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(kex_new(unknown[i], rng_system(), &error));
        g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNSUPPORTED);
    }
}

static void
test_refuses_other_lengths(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        g_autoptr(Kex) kex = make(groups[i]);
        g_autoptr(GBytes) public = kex_public(kex);
        gsize length;
        const uint8_t *data = g_bytes_get_data(public, &length);
        g_autofree uint8_t *longer = g_malloc0(length + 1);
        memcpy(longer + 1, data, length);
        refuse(kex, data, length - 1);
        refuse(kex, data, 0);
        refuse(kex, longer, length + 1);
    }
}

static const char *
prime_of(uint16_t group)
{
    const char *const primes[] = { modp_prime_2048, modp_prime_3072, modp_prime_4096,
                                   modp_prime_6144, modp_prime_8192 };
    if (group == KE_MODP_1024 || group == KE_MODP_1536)
        return group == KE_MODP_1024 ? modp_prime_1024 : modp_prime_1536;
    return primes[group - KE_MODP_2048];
}

/* 2 <= y <= p - 2 (RFC 6989, section 2.1). */
static void
test_modp_refuses_the_ends(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(modp); i++) {
        g_autoptr(Kex) kex = make(modp[i]);
        size_t length = kex_public_length(modp[i]);
        g_autofree uint8_t *value = g_malloc0(length);
        refuse(kex, value, length); /* 0 */
        value[length - 1] = 1;
        refuse(kex, value, length);
        value[length - 1] = 2;
        g_autoptr(Secret) lowest = kex_derive(kex, value, length, NULL);
        g_autoptr(GBytes) public = kex_public(kex);
        g_assert_nonnull(lowest); /* 2 is the generator: what comes out is our public value */
        g_assert_cmpmem(secret_data(lowest), length, g_bytes_get_data(public, NULL), length);
        mpz_t prime;
        mpz_init_set_str(prime, prime_of(modp[i]), 16);
        mpz_export(value, NULL, 1, 1, 1, 0, prime);
        mpz_clear(prime);
        refuse(kex, value, length); /* p */
        value[length - 1]--;
        refuse(kex, value, length); /* p - 1 */
        value[length - 1]--;
        g_autoptr(Secret) highest = kex_derive(kex, value, length, NULL);
        g_assert_nonnull(highest);
        memset(value, 0xff, length);
        refuse(kex, value, length);
    }
}

/* arctan(1/x) * 2^bits, by its series. */
static void
arctan_inverse(mpz_t out, unsigned x, unsigned bits)
{
    mpz_t power, term;
    mpz_inits(power, term, NULL);
    mpz_set_ui(power, 1);
    mpz_mul_2exp(power, power, bits);
    mpz_tdiv_q_ui(power, power, x);
    mpz_set(out, power);
    for (unsigned n = 3; mpz_sgn(power) != 0; n += 2) {
        mpz_tdiv_q_ui(power, power, x * x);
        mpz_tdiv_q_ui(term, power, n);
        if (n % 4 == 3)
            mpz_sub(out, out, term);
        else
            mpz_add(out, out, term);
    }
    mpz_clears(power, term, NULL);
}

/* p = 2^n - 2^(n-64) - 1 + 2^64 * ([2^(n-130) pi] + c) (RFC 3526; RFC 7296, appendix B.2): pi by
 * Machin's formula, so that not a digit of the primes is taken on trust. */
static void
test_primes_are_those_of_pi(void)
{
    static const unsigned offsets[] = { 129093, 741804, 124476, 1690314, 240904, 929484, 4743158 };
    enum { GUARD = 64 };
    for (size_t i = 0; i < G_N_ELEMENTS(modp); i++) {
        unsigned n = (unsigned)kex_public_length(modp[i]) * 8, bits = n - 130 + GUARD;
        mpz_t pi, other, prime, typed;
        mpz_inits(pi, other, prime, NULL);
        arctan_inverse(pi, 5, bits);
        arctan_inverse(other, 239, bits);
        mpz_mul_ui(pi, pi, 16);
        mpz_submul_ui(pi, other, 4);
        mpz_fdiv_q_2exp(pi, pi, GUARD);
        mpz_add_ui(pi, pi, offsets[i]);
        mpz_mul_2exp(pi, pi, 64);
        mpz_setbit(prime, n);
        mpz_set_ui(other, 0);
        mpz_setbit(other, n - 64);
        mpz_sub(prime, prime, other);
        mpz_sub_ui(prime, prime, 1);
        mpz_add(prime, prime, pi);
        g_assert_cmpint(mpz_init_set_str(typed, prime_of(modp[i]), 16), ==, 0);
        g_assert_cmpint(mpz_cmp(typed, prime), ==, 0);
        mpz_clears(pi, other, prime, typed, NULL);
    }
}

/* The point must be on the curve, its numbers below the field's prime (RFC 6989, section 2.3). */
static void
test_ecp_refuses_foreign_points(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ecp); i++) {
        g_autoptr(Kex) kex = make(ecp[i]);
        g_autoptr(GBytes) public = kex_public(kex);
        size_t length = kex_public_length(ecp[i]);
        g_autofree uint8_t *point = g_memdup2(g_bytes_get_data(public, NULL), length);
        for (size_t octet = 0; octet < length; octet++) {
            point[octet] ^= 1;
            refuse(kex, point, length);
            point[octet] ^= 1;
        }
        memset(point, 0, length);
        refuse(kex, point, length);
        memset(point, 0xff, length);
        refuse(kex, point, length);
    }
}

/* Points of small order give zeros (RFC 7748, section 6; RFC 8031, section 2.3). */
static void
test_montgomery_refuses_small_order(void)
{
    static const uint8_t zero[56], one[56] = { 1 };
    g_autoptr(Kex) x25519 = make(KE_CURVE25519);
    g_autoptr(Kex) x448 = make(KE_CURVE448);
    refuse(x25519, zero, 32);
    refuse(x25519, one, 32);
    refuse(x448, zero, 56);
    refuse(x448, one, 56);
}

/* The same random octets give the same exchange: a protocol run can be repeated. */
static void
fill_ones(Rng *rng, void *out, size_t length)
{
    memset(out, 0x11, length);
}

static void
test_repeats_from_the_same_octets(void)
{
    Rng rng = { fill_ones };
    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        g_autoptr(Kex) a = kex_new(groups[i], &rng, NULL);
        g_autoptr(Kex) b = kex_new(groups[i], &rng, NULL);
        g_autoptr(GBytes) public_a = kex_public(a);
        g_autoptr(GBytes) public_b = kex_public(b);
        g_assert_true(g_bytes_equal(public_a, public_b));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crypto/kex/both-ends-agree", test_both_ends_agree);
    g_test_add_func("/crypto/kex/modp-is-padded", test_modp_is_padded);
    g_test_add_func("/crypto/kex/unknown-group", test_unknown_group);
    g_test_add_func("/crypto/kex/refuses-other-lengths", test_refuses_other_lengths);
    g_test_add_func("/crypto/kex/modp-refuses-the-ends", test_modp_refuses_the_ends);
    g_test_add_func("/crypto/kex/primes-are-those-of-pi", test_primes_are_those_of_pi);
    g_test_add_func("/crypto/kex/ecp-refuses-foreign-points", test_ecp_refuses_foreign_points);
    g_test_add_func("/crypto/kex/montgomery-refuses-small-order",
                    test_montgomery_refuses_small_order);
    g_test_add_func("/crypto/kex/repeats-from-the-same-octets", test_repeats_from_the_same_octets);
    return g_test_run();
}
