/* Key exchange against published figures: the private key is what the generator "draws". */
#include "vectors.h"

#include "crypto/algorithms.h"
#include "crypto/error.h"
#include "crypto/kex.h"

#include <string.h>

typedef struct {
    Rng rng;
    const VectorOctets *octets;
} FixedRng;

/* Every draw gives the private key from its beginning. */
static void
fixed_fill(Rng *rng, void *out, size_t length)
{
    const VectorOctets *octets = ((FixedRng *)rng)->octets;
    g_assert_cmpuint(length, ==, octets->length);
    memcpy(out, octets->data, length);
}

static Kex *
kex_for(uint16_t group, const VectorOctets *private)
{
    g_autoptr(GError) error = NULL;
    FixedRng rng = { { fixed_fill }, private };
    Kex *kex = kex_new(group, &rng.rng, &error);
    g_assert_no_error(error);
    return kex;
}

static void
run(const VectorCase *vector, const void *data)
{
    g_autoptr(GError) error = NULL;
    uint16_t group = *(const uint16_t *)data;
    g_auto(VectorOctets) private = vector_octets(vector, 2), public = vector_octets(vector, 3);
    g_auto(VectorOctets) shared = vector_octets(vector, 4);
    g_autoptr(Kex) kex = kex_for(group, &private);
    g_autoptr(Secret) secret = kex_derive(kex, public.data, public.length, &error);
    if (!vector_valid(vector, 1)) {
        g_assert_null(secret);
        g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID);
        return;
    }
    g_assert_no_error(error);
    g_assert_cmpmem(secret_data(secret), secret_length(secret), shared.data, shared.length);
}

static void
check_half(uint16_t group, const VectorOctets *private, const VectorOctets *public,
           const VectorOctets *peer, const VectorOctets *shared)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Kex) kex = kex_for(group, private);
    g_autoptr(GBytes) made = kex_public(kex);
    g_assert_cmpmem(g_bytes_get_data(made, NULL), g_bytes_get_size(made), public->data,
                    public->length);
    g_autoptr(Secret) secret = kex_derive(kex, peer->data, peer->length, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(secret_data(secret), secret_length(secret), shared->data, shared->length);
}

static void
run_whole(const VectorCase *vector, const void *data)
{
    uint16_t group = (uint16_t)vector_number(vector, 1);
    g_auto(VectorOctets) private_i = vector_octets(vector, 2);
    g_auto(VectorOctets) public_i = vector_octets(vector, 3);
    g_auto(VectorOctets) private_r = vector_octets(vector, 4);
    g_auto(VectorOctets) public_r = vector_octets(vector, 5);
    g_auto(VectorOctets) shared = vector_octets(vector, 6);
    check_half(group, &private_i, &public_i, &public_r, &shared);
    check_half(group, &private_r, &public_r, &public_i, &shared);
}

static void
test_exchanges(void)
{
    vectors_run("key-exchange.txt", 6, 7, run_whole, NULL);
}

static void
test_ecp256(void)
{
    static const uint16_t group = KE_ECP_256;
    vectors_run("ecp256.txt", 355, 5, run, &group);
}

static void
test_ecp384(void)
{
    static const uint16_t group = KE_ECP_384;
    vectors_run("ecp384.txt", 790, 5, run, &group);
}

static void
test_ecp521(void)
{
    static const uint16_t group = KE_ECP_521;
    vectors_run("ecp521.txt", 661, 5, run, &group);
}

static void
test_x25519(void)
{
    static const uint16_t group = KE_CURVE25519;
    vectors_run("x25519.txt", 518, 5, run, &group);
}

static void
test_x448(void)
{
    static const uint16_t group = KE_CURVE448;
    vectors_run("x448.txt", 510, 5, run, &group);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vectors/kex/exchanges", test_exchanges);
    g_test_add_func("/vectors/kex/ecp256", test_ecp256);
    g_test_add_func("/vectors/kex/ecp384", test_ecp384);
    g_test_add_func("/vectors/kex/ecp521", test_ecp521);
    g_test_add_func("/vectors/kex/x25519", test_x25519);
    g_test_add_func("/vectors/kex/x448", test_x448);
    return g_test_run();
}
