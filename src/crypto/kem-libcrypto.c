/* ML-KEM by libcrypto, from 3.5 on. What is random comes from the caller, so that the same octets
 * give the same keys. */
#include "config.h"

#include "crypto/kem.h"

#include "crypto/algorithms.h"
#include "crypto/error.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#define SHARED_LENGTH 32

struct _KemKey {
    uint16_t group;
    EVP_PKEY *pair;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)

static const char *
name_of(uint16_t group)
{
    switch (group) {
    case KE_MLKEM_512:
        return "ML-KEM-512";
    case KE_MLKEM_768:
        return "ML-KEM-768";
    case KE_MLKEM_1024:
        return "ML-KEM-1024";
    default:
        return NULL;
    }
}

/* Reads no file: in the sandbox there is none to be read. */
static EVP_PKEY_CTX *
new_context(uint16_t group)
{
    const char *name = name_of(group);
    if (name == NULL || !OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
        return NULL;
    return EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
}

/* The library may have been built without. */
bool
kem_is_available(uint16_t group)
{
    g_autoptr(EVP_PKEY_CTX) context = new_context(group);
    return context != NULL;
}

static bool
refuse(GError **error, int code, const char *why)
{
    g_set_error(error, CRYPTO_ERROR, code, "ML-KEM: %s", why);
    return false;
}

static EVP_PKEY *
make_pair(uint16_t group, const uint8_t *seed)
{
    EVP_PKEY *pair = NULL;
    g_autoptr(EVP_PKEY_CTX) context = new_context(group);
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_KEM_SEED, (void *)seed,
                                          KEM_SEED_LENGTH),
        OSSL_PARAM_construct_end(),
    };
    if (context == NULL || EVP_PKEY_keygen_init(context) <= 0 ||
        EVP_PKEY_CTX_set_params(context, parameters) <= 0 || EVP_PKEY_generate(context, &pair) <= 0)
        return NULL;
    return pair;
}

KemKey *
kem_key_new(uint16_t group, const uint8_t seed[KEM_SEED_LENGTH], GBytes **public, GError **error)
{
    g_autoptr(EVP_PKEY) pair = make_pair(group, seed);
    unsigned char *encoded = NULL;
    size_t length = pair != NULL ? EVP_PKEY_get1_encoded_public_key(pair, &encoded) : 0;
    if (length == 0) {
        refuse(error, CRYPTO_ERROR_UNSUPPORTED, "libcrypto makes no keys");
        return NULL;
    }
    *public = g_bytes_new(encoded, length);
    OPENSSL_free(encoded);
    KemKey *key = g_new0(KemKey, 1);
    key->group = group;
    key->pair = g_steal_pointer(&pair);
    return key;
}

void
kem_key_free(KemKey *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pair); /* wipes it */
    g_free(key);
}

Secret *
kem_decapsulate(KemKey *key, const void *ciphertext, size_t length, GError **error)
{
    uint8_t *out;
    size_t out_length = SHARED_LENGTH;
    g_autoptr(Secret) shared = secret_new_blank(SHARED_LENGTH, &out);
    g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pair, NULL);
    if (length != kem_ciphertext_length(key->group) || context == NULL ||
        EVP_PKEY_decapsulate_init(context, NULL) <= 0 ||
        EVP_PKEY_decapsulate(context, out, &out_length, ciphertext, length) <= 0 ||
        out_length != SHARED_LENGTH) {
        refuse(error, CRYPTO_ERROR_INVALID, "a ciphertext that cannot be opened");
        return NULL;
    }
    return g_steal_pointer(&shared);
}

static EVP_PKEY *
read_public(uint16_t group, const void *public, size_t length)
{
    EVP_PKEY *key = NULL;
    g_autoptr(EVP_PKEY_CTX) context = new_context(group);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)public, length),
        OSSL_PARAM_construct_end(),
    };
    if (context == NULL || EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) <= 0)
        return NULL;
    return key;
}

bool
kem_encapsulate(uint16_t group, const uint8_t random[KEM_RANDOM_LENGTH], const void *public,
                size_t length, GBytes **ciphertext, Secret **shared, GError **error)
{
    g_autoptr(EVP_PKEY) key =
        length == kex_public_length(group) ? read_public(group, public, length) : NULL;
    g_autoptr(EVP_PKEY_CTX) context =
        key != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KEM_PARAM_IKME, (void *)random, KEM_RANDOM_LENGTH),
        OSSL_PARAM_construct_end(),
    };
    size_t out_length = kem_ciphertext_length(group), secret_length = SHARED_LENGTH;
    g_autofree uint8_t *out = g_malloc(out_length + 1);
    uint8_t *octets;
    g_autoptr(Secret) secret = secret_new_blank(SHARED_LENGTH, &octets);
    if (context == NULL || EVP_PKEY_encapsulate_init(context, parameters) <= 0 ||
        EVP_PKEY_encapsulate(context, out, &out_length, octets, &secret_length) <= 0 ||
        out_length != kem_ciphertext_length(group) || secret_length != SHARED_LENGTH)
        return refuse(error, CRYPTO_ERROR_INVALID, "a key that is none");
    *ciphertext = g_bytes_new_take(g_steal_pointer(&out), out_length);
    *shared = g_steal_pointer(&secret);
    return true;
}
