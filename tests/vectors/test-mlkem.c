/* ML-KEM against published figures: the seed is what the generator "draws". Built where the build
 * has ML-KEM. */
#include "vectors.h"

#include "crypto/algorithms.h"
#include "crypto/error.h"
#include "crypto/kex.h"
#include "crypto/prf.h"

#include <string.h>

typedef struct {
    Rng rng;
    const VectorOctets *octets;
} FixedRng;

static void
fixed_fill(Rng *rng, void *out, size_t length)
{
    const VectorOctets *octets = ((FixedRng *)rng)->octets;
    g_assert_cmpuint(length, ==, octets->length);
    memcpy(out, octets->data, length);
}

static void
run(const VectorCase *vector, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_auto(VectorOctets) seed = vector_octets(vector, 2), digest = vector_octets(vector, 3);
    g_auto(VectorOctets) ciphertext = vector_octets(vector, 4), shared = vector_octets(vector, 5);
    FixedRng rng = { { fixed_fill }, &seed };
    g_autoptr(Kex) kex = kex_new(KE_MLKEM_768, &rng.rng, &error);
    g_assert_no_error(error);
    g_autoptr(GBytes) public = kex_public(kex);
    uint8_t made[32];
    Chunk input = chunk_bytes(public);
    hash_compute(HASH_SHA2_256, &input, 1, made);
    g_assert_cmpmem(made, sizeof made, digest.data, digest.length);
    g_autoptr(Secret) secret = kex_derive(kex, ciphertext.data, ciphertext.length, &error);
    if (!vector_valid(vector, 1)) {
        g_assert_null(secret);
        g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID);
        return;
    }
    g_assert_no_error(error);
    g_assert_cmpmem(secret_data(secret), secret_length(secret), shared.data, shared.length);
}

static void
test_mlkem768(void)
{
    vectors_run("mlkem768.txt", 173, 6, run, NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vectors/mlkem/mlkem768", test_mlkem768);
    return g_test_run();
}
