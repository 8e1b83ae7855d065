/* By Intel's multi-buffer library, with the vector code that this machine has. Of its manager only
 * the functions for one packet at a time are wanted: they are taken out of it, and it goes. */
#include "config.h"

#include "crypto/aead-fast.h"

#include "crypto/algorithms.h"

/* Without it the header aligns nothing, and the library is built with it. */
#ifndef LINUX
#define LINUX
#endif
#include <intel-ipsec-mb.h>
#include <string.h>

#define CHACHA_KEY 32

struct _AeadFast {
    bool chacha;
    struct gcm_key_data gcm_key; /* expanded */
    struct gcm_context_data gcm;
    aes_gcm_enc_dec_t gcm_seal, gcm_open;
    uint8_t chacha_key[CHACHA_KEY];
    struct chacha20_poly1305_context_data chacha_context;
    chacha_poly_init_t chacha_init;
    chacha_poly_enc_dec_update_t chacha_seal, chacha_open;
    chacha_poly_finalize_t chacha_seal_end, chacha_open_end;
};

static bool
take_gcm(AeadFast *fast, IMB_MGR *manager, uint16_t key_bits, const uint8_t *key)
{
    switch (key_bits) {
    case 128:
        IMB_AES128_GCM_PRE(manager, key, &fast->gcm_key);
        fast->gcm_seal = manager->gcm128_enc;
        fast->gcm_open = manager->gcm128_dec;
        return true;
    case 192:
        IMB_AES192_GCM_PRE(manager, key, &fast->gcm_key);
        fast->gcm_seal = manager->gcm192_enc;
        fast->gcm_open = manager->gcm192_dec;
        return true;
    case 256:
        IMB_AES256_GCM_PRE(manager, key, &fast->gcm_key);
        fast->gcm_seal = manager->gcm256_enc;
        fast->gcm_open = manager->gcm256_dec;
        return true;
    default:
        return false;
    }
}

static bool
take_chacha(AeadFast *fast, IMB_MGR *manager, const uint8_t *key)
{
    memcpy(fast->chacha_key, key, CHACHA_KEY);
    fast->chacha = true;
    fast->chacha_init = manager->chacha20_poly1305_init;
    fast->chacha_seal = manager->chacha20_poly1305_enc_update;
    fast->chacha_open = manager->chacha20_poly1305_dec_update;
    fast->chacha_seal_end = manager->chacha20_poly1305_finalize;
    fast->chacha_open_end = manager->chacha20_poly1305_finalize;
    return true;
}

static bool
take(AeadFast *fast, IMB_MGR *manager, uint16_t encr, uint16_t key_bits, const uint8_t *key)
{
    switch (encr) {
    case ENCR_AES_GCM_8:
    case ENCR_AES_GCM_12:
    case ENCR_AES_GCM_16:
        return take_gcm(fast, manager, key_bits, key);
    case ENCR_CHACHA20_POLY1305:
        return take_chacha(fast, manager, key);
    default:
        return false;
    }
}

AeadFast *
aead_fast_new(uint16_t encr, uint16_t key_bits, const uint8_t *key)
{
    IMB_MGR *manager = alloc_mb_mgr(0);
    IMB_ARCH arch = IMB_ARCH_NONE;
    if (manager == NULL)
        return NULL;
    init_mb_mgr_auto(manager, &arch);
    /* Without AES instructions it would look up in tables, in a time that says something. */
    bool ok = imb_get_errno(manager) == 0 && arch > IMB_ARCH_NOAESNI;
    AeadFast *fast = g_aligned_alloc0(1, sizeof *fast, 64);
    ok = ok && take(fast, manager, encr, key_bits, key);
    free_mb_mgr(manager);
    if (ok)
        return fast;
    aead_fast_free(fast);
    return NULL;
}

void
aead_fast_free(AeadFast *fast)
{
    if (fast == NULL)
        return;
    secret_wipe(fast, sizeof *fast);
    g_aligned_free(fast);
}

static void
chacha(AeadFast *fast, chacha_poly_enc_dec_update_t update, chacha_poly_finalize_t end,
       const uint8_t *nonce, const AeadExtra *extra, uint8_t *text, size_t length, uint8_t *tag)
{
    fast->chacha_init(fast->chacha_key, &fast->chacha_context, nonce, extra->aad,
                      extra->aad_length);
    update(fast->chacha_key, &fast->chacha_context, text, text, length);
    end(&fast->chacha_context, tag, AEAD_FAST_TAG);
}

bool
aead_fast_seal(AeadFast *fast, const uint8_t *nonce, const AeadExtra *extra, uint8_t *text,
               size_t length, uint8_t *tag)
{
    if (fast->chacha)
        chacha(fast, fast->chacha_seal, fast->chacha_seal_end, nonce, extra, text, length, tag);
    else
        fast->gcm_seal(&fast->gcm_key, &fast->gcm, text, text, length, nonce, extra->aad,
                       extra->aad_length, tag, AEAD_FAST_TAG);
    return true;
}

bool
aead_fast_open(AeadFast *fast, const uint8_t *nonce, const AeadExtra *extra, uint8_t *text,
               size_t length, const uint8_t *icv, size_t icv_length)
{
    uint8_t tag[AEAD_FAST_TAG];
    if (fast->chacha)
        chacha(fast, fast->chacha_open, fast->chacha_open_end, nonce, extra, text, length, tag);
    else
        fast->gcm_open(&fast->gcm_key, &fast->gcm, text, text, length, nonce, extra->aad,
                       extra->aad_length, tag, AEAD_FAST_TAG);
    return secret_octets_equal(tag, icv, icv_length);
}
