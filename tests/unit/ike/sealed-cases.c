#include "sealed-cases.h"

#include "crypto/algorithms.h"

const SealedCipher sealed_ciphers[] = {
    { "aes256gcm16", ENCR_AES_GCM_16, 256, INTEG_NONE },
    { "chacha20poly1305", ENCR_CHACHA20_POLY1305, 0, INTEG_NONE },
    { "aes256-sha256", ENCR_AES_CBC, 256, INTEG_HMAC_SHA2_256_128 },
};
const size_t n_sealed_ciphers = G_N_ELEMENTS(sealed_ciphers);

static Secret *
key(size_t length)
{
    uint8_t *data;
    Secret *out = secret_new_blank(length, &data);
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)(i + 1);
    return out;
}

Aead *
sealed_aead(const SealedCipher *cipher)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) encr_key = key(encr_key_length(cipher->encr, cipher->key_bits));
    g_autoptr(Secret) integ_key =
        cipher->integ != INTEG_NONE ? key(integ_key_length(cipher->integ)) : NULL;
    Aead *aead =
        aead_new(cipher->encr, cipher->key_bits, encr_key, cipher->integ, integ_key, &error);
    g_assert_no_error(error);
    return aead;
}

static void
fill(Rng *rng, void *out, size_t length)
{
    static uint8_t next;
    uint8_t *octets = out;
    for (size_t i = 0; i < length; i++)
        octets[i] = next++;
}

Rng *
sealed_rng(void)
{
    static Rng rng = { fill };
    return &rng;
}
