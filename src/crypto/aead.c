#include "config.h"

#include "crypto/aead.h"

#include "crypto/aead-fast.h"
#include "crypto/algorithms.h"
#include "crypto/error.h"

#include <gnutls/crypto.h>
#include <string.h>
#include <sys/uio.h>

#define SALT_LENGTH  4
#define NONCE_LENGTH 12
#define MAC_MAX      64

struct _Aead {
    size_t iv_length, icv_length, block;
    bool combined;
    AeadFast *fast; /* NULL: by GnuTLS */
    gnutls_aead_cipher_hd_t aead;
    uint8_t salt[SALT_LENGTH];
    gnutls_cipher_hd_t cipher;
    gnutls_hmac_hd_t mac;
    size_t mac_length; /* before it is truncated */
};

static gnutls_cipher_algorithm_t
cipher_for(uint16_t encr, uint16_t key_bits)
{
    switch (encr) {
    case ENCR_AES_GCM_8:
    case ENCR_AES_GCM_12:
    case ENCR_AES_GCM_16:
        if (key_bits == 192)
            return GNUTLS_CIPHER_AES_192_GCM;
        return key_bits == 128 ? GNUTLS_CIPHER_AES_128_GCM : GNUTLS_CIPHER_AES_256_GCM;
    case ENCR_CHACHA20_POLY1305:
        return GNUTLS_CIPHER_CHACHA20_POLY1305;
    case ENCR_AES_CBC:
        if (key_bits == 192)
            return GNUTLS_CIPHER_AES_192_CBC;
        return key_bits == 128 ? GNUTLS_CIPHER_AES_128_CBC : GNUTLS_CIPHER_AES_256_CBC;
    default:
        return GNUTLS_CIPHER_UNKNOWN;
    }
}

static gnutls_mac_algorithm_t
mac_for(uint16_t integ)
{
    switch (integ) {
    case INTEG_HMAC_SHA1_96:
        return GNUTLS_MAC_SHA1;
    case INTEG_HMAC_SHA2_256_128:
        return GNUTLS_MAC_SHA256;
    case INTEG_HMAC_SHA2_384_192:
        return GNUTLS_MAC_SHA384;
    case INTEG_HMAC_SHA2_512_256:
        return GNUTLS_MAC_SHA512;
    default:
        return GNUTLS_MAC_UNKNOWN;
    }
}

static int
init_combined(Aead *aead, uint16_t encr, uint16_t key_bits, const Secret *key)
{
    gnutls_cipher_algorithm_t cipher = cipher_for(encr, key_bits);
    size_t length = secret_length(key) - SALT_LENGTH;
    memcpy(aead->salt, secret_data(key) + length, SALT_LENGTH);
    aead->fast = aead_fast_new(encr, key_bits, secret_data(key));
    if (aead->fast != NULL)
        return 0;
    gnutls_datum_t datum = { (void *)secret_data(key), (unsigned)length };
    return gnutls_aead_cipher_init(&aead->aead, cipher, &datum);
}

static int
init_with_mac(Aead *aead, uint16_t key_bits, const Secret *key, uint16_t integ,
              const Secret *integ_key)
{
    gnutls_cipher_algorithm_t cipher = cipher_for(ENCR_AES_CBC, key_bits);
    uint8_t zero[16] = { 0 };
    gnutls_datum_t datum = { (void *)secret_data(key), (unsigned)secret_length(key) };
    gnutls_datum_t iv = { zero, sizeof zero };
    int rc = gnutls_cipher_init(&aead->cipher, cipher, &datum, &iv);
    if (rc < 0)
        return rc;
    aead->mac_length = gnutls_hmac_get_len(mac_for(integ));
    return gnutls_hmac_init(&aead->mac, mac_for(integ), secret_data(integ_key),
                            secret_length(integ_key));
}

Aead *
aead_new(uint16_t encr, uint16_t key_bits, const Secret *encr_key, uint16_t integ,
         const Secret *integ_key, GError **error)
{
    bool combined = encr_is_combined(encr);
    bool fits = encr_is_known(encr, key_bits) &&
                secret_length(encr_key) == encr_key_length(encr, key_bits) &&
                (combined ? integ == INTEG_NONE
                          : integ_key_length(integ) > 0 && integ_key != NULL &&
                                secret_length(integ_key) == integ_key_length(integ));
    if (!fits) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_UNSUPPORTED,
                    "encryption %u with %u bits and integrity %u is not supported", encr, key_bits,
                    integ);
        return NULL;
    }
    g_autoptr(Aead) aead = g_new0(Aead, 1);
    aead->combined = combined;
    aead->iv_length = encr_iv_length(encr);
    aead->icv_length = combined ? encr_icv_length(encr) : integ_icv_length(integ);
    aead->block = encr_block_length(encr);
    int rc = combined ? init_combined(aead, encr, key_bits, encr_key)
                      : init_with_mac(aead, key_bits, encr_key, integ, integ_key);
    if (rc < 0) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "cipher: %s", gnutls_strerror(rc));
        return NULL;
    }
    return g_steal_pointer(&aead);
}

void
aead_free(Aead *aead)
{
    if (aead == NULL)
        return;
    aead_fast_free(aead->fast);
    if (aead->aead != NULL)
        gnutls_aead_cipher_deinit(aead->aead);
    if (aead->cipher != NULL)
        gnutls_cipher_deinit(aead->cipher);
    if (aead->mac != NULL)
        gnutls_hmac_deinit(aead->mac, NULL);
    secret_wipe(aead, sizeof *aead);
    g_free(aead);
}

size_t
aead_iv_length(const Aead *aead)
{
    return aead->iv_length;
}

size_t
aead_icv_length(const Aead *aead)
{
    return aead->icv_length;
}

size_t
aead_block_length(const Aead *aead)
{
    return aead->block;
}

bool
aead_iv_is_counter(const Aead *aead)
{
    return aead->combined;
}

/* The nonce is salt | IV (RFC 4106, section 4; RFC 7634, section 2). */
static void
make_nonce(const Aead *aead, const uint8_t *iv, uint8_t nonce[NONCE_LENGTH])
{
    memcpy(nonce, aead->salt, SALT_LENGTH);
    memcpy(nonce + SALT_LENGTH, iv, NONCE_LENGTH - SALT_LENGTH);
}

static void
compute_mac(Aead *aead, const AeadExtra *extra, const uint8_t *iv, const uint8_t *text,
            size_t length, uint8_t mac[MAC_MAX])
{
    gnutls_hmac(aead->mac, extra->aad, extra->aad_length);
    gnutls_hmac(aead->mac, iv, aead->iv_length);
    gnutls_hmac(aead->mac, text, length);
    if (extra->trailer_length > 0)
        gnutls_hmac(aead->mac, extra->trailer, extra->trailer_length);
    gnutls_hmac_output(aead->mac, mac);
}

static bool
seal_combined(Aead *aead, const AeadExtra *extra, const uint8_t *iv, uint8_t *text, size_t length,
              uint8_t *icv)
{
    uint8_t nonce[NONCE_LENGTH], tag[AEAD_FAST_TAG];
    size_t icv_length = aead->icv_length;
    giovec_t aad = { (void *)extra->aad, extra->aad_length };
    giovec_t in = { text, length };
    make_nonce(aead, iv, nonce);
    if (extra->trailer_length != 0)
        return false;
    if (aead->fast == NULL)
        return gnutls_aead_cipher_encryptv2(aead->aead, nonce, sizeof nonce, &aad, 1, &in, 1, icv,
                                            &icv_length) == 0;
    if (!aead_fast_seal(aead->fast, nonce, extra, text, length, tag))
        return false;
    memcpy(icv, tag, icv_length);
    return true;
}

static bool
open_combined(Aead *aead, const AeadExtra *extra, const uint8_t *iv, uint8_t *text, size_t length,
              const uint8_t *icv)
{
    uint8_t nonce[NONCE_LENGTH];
    giovec_t aad = { (void *)extra->aad, extra->aad_length };
    giovec_t in = { text, length };
    make_nonce(aead, iv, nonce);
    if (extra->trailer_length != 0)
        return false;
    if (aead->fast != NULL)
        return aead_fast_open(aead->fast, nonce, extra, text, length, icv, aead->icv_length);
    return gnutls_aead_cipher_decryptv2(aead->aead, nonce, sizeof nonce, &aad, 1, &in, 1,
                                        (void *)icv, aead->icv_length) == 0;
}

bool
aead_seal(Aead *aead, const AeadExtra *extra, const uint8_t *iv, uint8_t *text, size_t length,
          uint8_t *icv)
{
    if (aead->combined)
        return seal_combined(aead, extra, iv, text, length, icv);
    uint8_t mac[MAC_MAX];
    if (length % aead->block != 0)
        return false;
    gnutls_cipher_set_iv(aead->cipher, (void *)iv, aead->iv_length);
    if (gnutls_cipher_encrypt2(aead->cipher, text, length, text, length) < 0)
        return false;
    compute_mac(aead, extra, iv, text, length, mac);
    memcpy(icv, mac, aead->icv_length);
    return true;
}

bool
aead_open(Aead *aead, const AeadExtra *extra, const uint8_t *iv, uint8_t *text, size_t length,
          const uint8_t *icv)
{
    if (aead->combined)
        return open_combined(aead, extra, iv, text, length, icv);
    uint8_t mac[MAC_MAX];
    compute_mac(aead, extra, iv, text, length, mac);
    if (!secret_octets_equal(mac, icv, aead->icv_length) || length % aead->block != 0)
        return false;
    gnutls_cipher_set_iv(aead->cipher, (void *)iv, aead->iv_length);
    return gnutls_cipher_decrypt2(aead->cipher, text, length, text, length) == 0;
}
