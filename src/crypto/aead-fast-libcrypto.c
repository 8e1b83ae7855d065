/* By libcrypto: ChaCha20-Poly1305 (RFC 8439), which it has in vector code for many machines. */
#include "config.h"

#include "crypto/aead-fast.h"

#include "crypto/algorithms.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

struct _AeadFast {
    EVP_CIPHER_CTX *seal, *open; /* with the key */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_CIPHER, EVP_CIPHER_free)

static EVP_CIPHER_CTX *
new_context(const EVP_CIPHER *cipher, const uint8_t *key, int encrypts)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context != NULL && EVP_CipherInit_ex2(context, cipher, key, NULL, encrypts, NULL) == 1)
        return context;
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

AeadFast *
aead_fast_new(uint16_t encr, uint16_t key_bits, const uint8_t *key)
{
    /* Reads no file: in the sandbox there is none to be read. */
    if (encr != ENCR_CHACHA20_POLY1305 ||
        OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 0)
        return NULL;
    g_autoptr(EVP_CIPHER) cipher = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    if (cipher == NULL)
        return NULL;
    AeadFast *fast = g_new0(AeadFast, 1);
    fast->seal = new_context(cipher, key, 1);
    fast->open = new_context(cipher, key, 0);
    if (fast->seal != NULL && fast->open != NULL)
        return fast;
    aead_fast_free(fast);
    return NULL;
}

void
aead_fast_free(AeadFast *fast)
{
    if (fast == NULL)
        return;
    EVP_CIPHER_CTX_free(fast->seal); /* wipes the key */
    EVP_CIPHER_CTX_free(fast->open);
    g_free(fast);
}

bool
aead_fast_seal(AeadFast *fast, const uint8_t *nonce, const AeadExtra *extra, uint8_t *text,
               size_t length, uint8_t *tag)
{
    EVP_CIPHER_CTX *context = fast->seal;
    int n;
    return EVP_EncryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1 &&
           EVP_EncryptUpdate(context, NULL, &n, extra->aad, (int)extra->aad_length) == 1 &&
           EVP_EncryptUpdate(context, text, &n, text, (int)length) == 1 &&
           EVP_EncryptFinal_ex(context, text + length, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, AEAD_FAST_TAG, tag) == 1;
}

bool
aead_fast_open(AeadFast *fast, const uint8_t *nonce, const AeadExtra *extra, uint8_t *text,
               size_t length, const uint8_t *icv, size_t icv_length)
{
    EVP_CIPHER_CTX *context = fast->open;
    int n;
    return EVP_DecryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)icv_length, (void *)icv) == 1 &&
           EVP_DecryptUpdate(context, NULL, &n, extra->aad, (int)extra->aad_length) == 1 &&
           EVP_DecryptUpdate(context, text, &n, text, (int)length) == 1 &&
           EVP_DecryptFinal_ex(context, text + length, &n) == 1;
}
