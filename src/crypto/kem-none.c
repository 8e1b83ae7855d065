/* No library of this build has ML-KEM. */
#include "config.h"

#include "crypto/kem.h"

#include "crypto/error.h"

bool
kem_is_available(uint16_t group)
{
    return false;
}

static bool
unsupported(GError **error)
{
    g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNSUPPORTED, "no ML-KEM in this build");
    return false;
}

KemKey *
kem_key_new(uint16_t group, const uint8_t seed[KEM_SEED_LENGTH], GBytes **public, GError **error)
{
    unsupported(error);
    return NULL;
}

void
kem_key_free(KemKey *key)
{
}

Secret *
kem_decapsulate(KemKey *key, const void *ciphertext, size_t length, GError **error)
{
    unsupported(error);
    return NULL;
}

bool
kem_encapsulate(uint16_t group, const uint8_t random[KEM_RANDOM_LENGTH], const void *public,
                size_t length, GBytes **ciphertext, Secret **shared, GError **error)
{
    return unsupported(error);
}
