/* HMAC as a PRF and as an integrity algorithm, against published figures. */
#include "vectors.h"

#include "crypto/algorithms.h"
#include "crypto/prf.h"

static void
run(const VectorCase *vector, const void *data)
{
    g_auto(VectorOctets) key = vector_octets(vector, 2), input = vector_octets(vector, 3);
    g_auto(VectorOctets) expected = vector_octets(vector, 4);
    uint16_t prf = (uint16_t)vector_number(vector, 1);
    g_autoptr(Secret) secret = secret_new(key.data, key.length);
    Chunk parts[] = { chunk(input.data, input.length / 2),
                      chunk(input.data + input.length / 2, input.length - input.length / 2) };
    g_autoptr(Secret) out = prf_compute(prf, secret, parts, G_N_ELEMENTS(parts));
    g_assert_cmpuint(secret_length(out), ==, prf_output_length(prf));
    g_assert_cmpmem(secret_data(out), MIN(expected.length, secret_length(out)), expected.data,
                    expected.length);
}

static void
test_hmac(void)
{
    vectors_run("hmac.txt", 36, 5, run, NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vectors/hmac", test_hmac);
    return g_test_run();
}
