#include "config.h"

#include "crypto/kex.h"

#include "crypto/algorithms.h"
#include "crypto/error.h"
#include "crypto/kem.h"
#include "crypto/modp-primes.h"

#include <gmp.h>
#include <nettle/curve25519.h>
#include <nettle/curve448.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <string.h>

#define EXPONENT_BITS 512 /* twice the strength of the largest group (RFC 3526, section 8) */

struct _Kex {
    uint16_t group;
    Rng *rng;
    GBytes *public;
    uint8_t secret[56]; /* Montgomery curves */
    struct ecc_scalar scalar;
    const struct ecc_curve *curve;
    mpz_t prime, exponent;
    KemKey *kem;
};

static void
fill(void *context, size_t length, uint8_t *out)
{
    rng_fill(context, out, length);
}

static const char *
modp_prime(uint16_t group)
{
    switch (group) {
    case KE_MODP_1024:
        return modp_prime_1024;
    case KE_MODP_1536:
        return modp_prime_1536;
    case KE_MODP_2048:
        return modp_prime_2048;
    case KE_MODP_3072:
        return modp_prime_3072;
    case KE_MODP_4096:
        return modp_prime_4096;
    case KE_MODP_6144:
        return modp_prime_6144;
    case KE_MODP_8192:
        return modp_prime_8192;
    default:
        return NULL;
    }
}

static const struct ecc_curve *
ecp_curve(uint16_t group)
{
    switch (group) {
    case KE_ECP_256:
        return nettle_get_secp_256r1();
    case KE_ECP_384:
        return nettle_get_secp_384r1();
    case KE_ECP_521:
        return nettle_get_secp_521r1();
    default:
        return NULL;
    }
}

/* Big-endian, padded with zeros in front to exactly length octets. */
static void
export_number(const mpz_t number, uint8_t *out, size_t length)
{
    size_t count = 0;
    size_t octets = (mpz_sizeinbase(number, 2) + 7) / 8;
    memset(out, 0, length);
    if (mpz_sgn(number) != 0 && octets <= length)
        mpz_export(out + length - octets, &count, 1, 1, 1, 0, number);
}

static GBytes *
make_ecp(Kex *kex, size_t length)
{
    struct ecc_point point;
    uint8_t out[132];
    mpz_t x, y;
    ecc_scalar_init(&kex->scalar, kex->curve);
    ecc_scalar_random(&kex->scalar, kex->rng, fill);
    ecc_point_init(&point, kex->curve);
    ecc_point_mul_g(&point, &kex->scalar);
    mpz_inits(x, y, NULL);
    ecc_point_get(&point, x, y);
    export_number(x, out, length / 2);
    export_number(y, out + length / 2, length / 2);
    mpz_clears(x, y, NULL);
    ecc_point_clear(&point);
    return g_bytes_new(out, length);
}

static GBytes *
make_modp(Kex *kex, const char *prime, size_t length)
{
    uint8_t random[EXPONENT_BITS / 8];
    g_autofree uint8_t *out = g_malloc(length);
    mpz_t generator, result;
    rng_fill(kex->rng, random, sizeof random);
    random[0] |= 0x80;
    mpz_init_set_str(kex->prime, prime, 16);
    mpz_init(kex->exponent);
    mpz_import(kex->exponent, sizeof random, 1, 1, 1, 0, random);
    secret_wipe(random, sizeof random);
    mpz_init_set_ui(generator, 2);
    mpz_init(result);
    mpz_powm_sec(result, generator, kex->exponent, kex->prime);
    export_number(result, out, length);
    mpz_clears(generator, result, NULL);
    return g_bytes_new(out, length);
}

static GBytes *
make_montgomery(Kex *kex, size_t length)
{
    uint8_t out[56];
    rng_fill(kex->rng, kex->secret, length);
    if (kex->group == KE_CURVE25519)
        curve25519_mul_g(out, kex->secret);
    else
        curve448_mul_g(out, kex->secret);
    return g_bytes_new(out, length);
}

static GBytes *
make_kem(Kex *kex, GError **error)
{
    uint8_t seed[KEM_SEED_LENGTH];
    GBytes *public = NULL;
    rng_fill(kex->rng, seed, sizeof seed);
    kex->kem = kem_key_new(kex->group, seed, &public, error);
    secret_wipe(seed, sizeof seed);
    return public;
}

bool
kex_is_available(uint16_t group)
{
    if (kem_ciphertext_length(group) > 0)
        return kem_is_available(group);
    return kex_public_length(group) > 0;
}

Kex *
kex_new(uint16_t group, Rng *rng, GError **error)
{
    size_t length = kex_public_length(group);
    if (!kex_is_available(group)) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNSUPPORTED,
                    "key exchange method %u is not supported", group);
        return NULL;
    }
    g_autoptr(Kex) kex = g_new0(Kex, 1);
    kex->group = group;
    kex->rng = rng;
    kex->curve = ecp_curve(group);
    if (kex->curve != NULL)
        kex->public = make_ecp(kex, length);
    else if (modp_prime(group) != NULL)
        kex->public = make_modp(kex, modp_prime(group), length);
    else if (kem_ciphertext_length(group) > 0)
        kex->public = make_kem(kex, error);
    else
        kex->public = make_montgomery(kex, length);
    return kex->public != NULL ? g_steal_pointer(&kex) : NULL;
}

/* The library frees its limbs as they are. */
static void
wipe_limbs(const struct ecc_curve *curve, mp_limb_t *limbs, size_t numbers)
{
    secret_wipe(limbs, numbers * (size_t)ecc_size(curve) * sizeof(mp_limb_t));
}

static void
clear_wiped(mpz_t number)
{
    mp_size_t limbs = (mp_size_t)mpz_size(number);
    if (limbs > 0)
        secret_wipe(mpz_limbs_modify(number, limbs), (size_t)limbs * sizeof(mp_limb_t));
    mpz_clear(number);
}

void
kex_free(Kex *kex)
{
    if (kex == NULL)
        return;
    if (kex->curve != NULL) {
        wipe_limbs(kex->curve, kex->scalar.p, 1);
        ecc_scalar_clear(&kex->scalar);
    }
    if (modp_prime(kex->group) != NULL) {
        mpz_clear(kex->prime);
        clear_wiped(kex->exponent);
    }
    g_clear_pointer(&kex->kem, kem_key_free);
    g_clear_pointer(&kex->public, g_bytes_unref);
    secret_wipe(kex, sizeof *kex);
    g_free(kex);
}

uint16_t
kex_group(const Kex *kex)
{
    return kex->group;
}

GBytes *
kex_public(const Kex *kex)
{
    return g_bytes_ref(kex->public);
}

static Secret *
refuse(GError **error, const char *why)
{
    g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID, "bad key exchange value: %s", why);
    return NULL;
}

/* The point must lie on the curve (RFC 6989, section 2.3); the secret is x alone (RFC 5903, section
 * 7). */
static Secret *
derive_ecp(Kex *kex, const uint8_t *peer, size_t length, GError **error)
{
    struct ecc_point point;
    mpz_t x, y;
    size_t half = length / 2;
    ecc_point_init(&point, kex->curve);
    mpz_inits(x, y, NULL);
    mpz_import(x, half, 1, 1, 1, 0, peer);
    mpz_import(y, half, 1, 1, 1, 0, peer + half);
    Secret *secret = NULL;
    if (ecc_point_set(&point, x, y)) {
        uint8_t *out;
        ecc_point_mul(&point, &kex->scalar, &point);
        ecc_point_get(&point, x, NULL);
        secret = secret_new_blank(half, &out);
        export_number(x, out, half);
    }
    clear_wiped(x);
    mpz_clear(y);
    wipe_limbs(kex->curve, point.p, 2);
    ecc_point_clear(&point);
    return secret != NULL ? secret : refuse(error, "not a point of the curve");
}

/* 2 <= y <= p - 2 (RFC 6989, section 2.1): in a safe-prime group what is left has a large order. */
static Secret *
derive_modp(Kex *kex, const uint8_t *peer, size_t length, GError **error)
{
    mpz_t y, limit;
    mpz_inits(y, limit, NULL);
    mpz_import(y, length, 1, 1, 1, 0, peer);
    mpz_sub_ui(limit, kex->prime, 2);
    Secret *secret = NULL;
    if (mpz_cmp_ui(y, 2) >= 0 && mpz_cmp(y, limit) <= 0) {
        uint8_t *out;
        mpz_powm_sec(y, y, kex->exponent, kex->prime);
        secret = secret_new_blank(length, &out);
        export_number(y, out, length);
    }
    clear_wiped(y);
    mpz_clear(limit);
    return secret != NULL ? secret : refuse(error, "out of range");
}

/* A shared secret of zeros means a point of small order (RFC 8031, section 2.3). */
static Secret *
derive_montgomery(Kex *kex, const uint8_t *peer, size_t length, GError **error)
{
    static const uint8_t zero[56];
    uint8_t *out;
    g_autoptr(Secret) secret = secret_new_blank(length, &out);
    if (kex->group == KE_CURVE25519)
        curve25519_mul(out, kex->secret, peer);
    else
        curve448_mul(out, kex->secret, peer);
    if (secret_octets_equal(out, zero, length))
        return refuse(error, "a point of small order");
    return g_steal_pointer(&secret);
}

Secret *
kex_derive(Kex *kex, const void *peer, size_t length, GError **error)
{
    if (kex->kem != NULL)
        return kem_decapsulate(kex->kem, peer, length, error);
    if (length != kex_public_length(kex->group))
        return refuse(error, "wrong length");
    if (kex->curve != NULL)
        return derive_ecp(kex, peer, length, error);
    if (modp_prime(kex->group) != NULL)
        return derive_modp(kex, peer, length, error);
    return derive_montgomery(kex, peer, length, error);
}

static bool
respond_kem(uint16_t group, Rng *rng, GBytes *peer, GBytes **public, Secret **shared,
            GError **error)
{
    uint8_t random[KEM_RANDOM_LENGTH];
    gsize length;
    const void *octets = g_bytes_get_data(peer, &length);
    rng_fill(rng, random, sizeof random);
    bool ok = kem_encapsulate(group, random, octets, length, public, shared, error);
    secret_wipe(random, sizeof random);
    return ok;
}

size_t
kem_ciphertext_length(uint16_t group)
{
    switch (group) {
    case KE_MLKEM_512:
        return 768;
    case KE_MLKEM_768:
        return 1088;
    case KE_MLKEM_1024:
        return 1568;
    default:
        return 0;
    }
}

bool
kex_respond(uint16_t group, Rng *rng, GBytes *peer, GBytes **public, Secret **shared,
            GError **error)
{
    gsize length;
    const void *octets = g_bytes_get_data(peer, &length);
    if (kem_ciphertext_length(group) > 0)
        return respond_kem(group, rng, peer, public, shared, error);
    g_autoptr(Kex) kex = kex_new(group, rng, error);
    if (kex == NULL)
        return false;
    *shared = kex_derive(kex, octets, length, error);
    if (*shared == NULL)
        return false;
    *public = kex_public(kex);
    return true;
}
