#include "crypto/algorithms.h"

#include <string.h>

typedef struct {
    uint16_t id, key_bits;
    uint8_t salt, iv, icv, block;
    const char *word;
} EncrInfo;

static const EncrInfo encr_table[] = {
    { ENCR_AES_GCM_16, 128, 4, 8, 16, 1, "aes128gcm16" },
    { ENCR_AES_GCM_16, 192, 4, 8, 16, 1, "aes192gcm16" },
    { ENCR_AES_GCM_16, 256, 4, 8, 16, 1, "aes256gcm16" },
    { ENCR_AES_GCM_12, 128, 4, 8, 12, 1, "aes128gcm12" },
    { ENCR_AES_GCM_12, 192, 4, 8, 12, 1, "aes192gcm12" },
    { ENCR_AES_GCM_12, 256, 4, 8, 12, 1, "aes256gcm12" },
    { ENCR_AES_GCM_8, 128, 4, 8, 8, 1, "aes128gcm8" },
    { ENCR_AES_GCM_8, 192, 4, 8, 8, 1, "aes192gcm8" },
    { ENCR_AES_GCM_8, 256, 4, 8, 8, 1, "aes256gcm8" },
    { ENCR_CHACHA20_POLY1305, 0, 4, 8, 16, 1, "chacha20poly1305" },
    { ENCR_AES_CBC, 128, 0, 16, 0, 16, "aes128" },
    { ENCR_AES_CBC, 192, 0, 16, 0, 16, "aes192" },
    { ENCR_AES_CBC, 256, 0, 16, 0, 16, "aes256" },
};

typedef struct {
    uint16_t id;
    size_t key, output; /* integrity: output is the truncated ICV */
    const char *word;
} MacInfo;

static const MacInfo prf_table[] = {
    { PRF_HMAC_SHA1, 20, 20, "prfsha1" },
    { PRF_HMAC_SHA2_256, 32, 32, "prfsha256" },
    { PRF_HMAC_SHA2_384, 48, 48, "prfsha384" },
    { PRF_HMAC_SHA2_512, 64, 64, "prfsha512" },
};

static const MacInfo integ_table[] = {
    { INTEG_HMAC_SHA1_96, 20, 12, "sha1" },
    { INTEG_HMAC_SHA2_256_128, 32, 16, "sha256" },
    { INTEG_HMAC_SHA2_384_192, 48, 24, "sha384" },
    { INTEG_HMAC_SHA2_512_256, 64, 32, "sha512" },
};

static const MacInfo kex_table[] = {
    { KE_MODP_1024, 0, 128, "modp1024" },    { KE_MODP_1536, 0, 192, "modp1536" },

    { KE_MODP_2048, 0, 256, "modp2048" },    { KE_MODP_3072, 0, 384, "modp3072" },
    { KE_MODP_4096, 0, 512, "modp4096" },    { KE_MODP_6144, 0, 768, "modp6144" },
    { KE_MODP_8192, 0, 1024, "modp8192" },   { KE_ECP_256, 0, 64, "ecp256" },
    { KE_ECP_384, 0, 96, "ecp384" },         { KE_ECP_521, 0, 132, "ecp521" },
    { KE_CURVE25519, 0, 32, "x25519" },      { KE_CURVE448, 0, 56, "x448" },
    { KE_MLKEM_512, 0, 800, "mlkem512" },    { KE_MLKEM_768, 0, 1184, "mlkem768" },
    { KE_MLKEM_1024, 0, 1568, "mlkem1024" },
};

static const EncrInfo *
encr_find(uint16_t encr, uint16_t key_bits)
{
    for (size_t i = 0; i < G_N_ELEMENTS(encr_table); i++)
        if (encr_table[i].id == encr && encr_table[i].key_bits == key_bits)
            return &encr_table[i];
    return NULL;
}

static const EncrInfo *
encr_find_any(uint16_t encr)
{
    for (size_t i = 0; i < G_N_ELEMENTS(encr_table); i++)
        if (encr_table[i].id == encr)
            return &encr_table[i];
    return NULL;
}

static const MacInfo *
mac_find(const MacInfo *table, size_t n, uint16_t id)
{
    for (size_t i = 0; i < n; i++)
        if (table[i].id == id)
            return &table[i];
    return NULL;
}
#define MAC_FIND(table, id) mac_find(table, G_N_ELEMENTS(table), id)

bool
encr_is_known(uint16_t encr, uint16_t key_bits)
{
    return encr_find(encr, key_bits) != NULL;
}

bool
encr_is_combined(uint16_t encr)
{
    return encr_icv_length(encr) > 0;
}

size_t
encr_key_length(uint16_t encr, uint16_t key_bits)
{
    const EncrInfo *info = encr_find(encr, key_bits);
    if (info == NULL)
        return 0;
    return (encr == ENCR_CHACHA20_POLY1305 ? 32 : info->key_bits / 8) + (size_t)info->salt;
}

size_t
encr_iv_length(uint16_t encr)
{
    const EncrInfo *info = encr_find_any(encr);
    return info != NULL ? info->iv : 0;
}

size_t
encr_icv_length(uint16_t encr)
{
    const EncrInfo *info = encr_find_any(encr);
    return info != NULL ? info->icv : 0;
}

size_t
encr_block_length(uint16_t encr)
{
    const EncrInfo *info = encr_find_any(encr);
    return info != NULL ? info->block : 0;
}

size_t
integ_key_length(uint16_t integ)
{
    const MacInfo *info = MAC_FIND(integ_table, integ);
    return info != NULL ? info->key : 0;
}

size_t
integ_icv_length(uint16_t integ)
{
    const MacInfo *info = MAC_FIND(integ_table, integ);
    return info != NULL ? info->output : 0;
}

size_t
prf_key_length(uint16_t prf)
{
    const MacInfo *info = MAC_FIND(prf_table, prf);
    return info != NULL ? info->key : 0;
}

size_t
prf_output_length(uint16_t prf)
{
    return prf_key_length(prf);
}

size_t
kex_public_length(uint16_t group)
{
    const MacInfo *info = MAC_FIND(kex_table, group);
    return info != NULL ? info->output : 0;
}

const char *
encr_to_string(uint16_t encr, uint16_t key_bits)
{
    const EncrInfo *info = encr_find(encr, key_bits);
    return info != NULL ? info->word : NULL;
}

static const char *
mac_word(const MacInfo *info)
{
    return info != NULL ? info->word : NULL;
}

const char *
integ_to_string(uint16_t integ)
{
    return mac_word(MAC_FIND(integ_table, integ));
}

const char *
prf_to_string(uint16_t prf)
{
    return mac_word(MAC_FIND(prf_table, prf));
}

const char *
kex_to_string(uint16_t group)
{
    return mac_word(MAC_FIND(kex_table, group));
}

bool
encr_from_string(const char *word, uint16_t *encr, uint16_t *key_bits)
{
    for (size_t i = 0; i < G_N_ELEMENTS(encr_table); i++) {
        if (strcmp(encr_table[i].word, word) != 0)
            continue;
        *encr = encr_table[i].id;
        *key_bits = encr_table[i].key_bits;
        return true;
    }
    return false;
}

static bool
mac_from_word(const MacInfo *table, size_t n, const char *word, uint16_t *id)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(table[i].word, word) != 0)
            continue;
        *id = table[i].id;
        return true;
    }
    return false;
}

bool
integ_from_string(const char *word, uint16_t *integ)
{
    return mac_from_word(integ_table, G_N_ELEMENTS(integ_table), word, integ);
}

bool
prf_from_string(const char *word, uint16_t *prf)
{
    return mac_from_word(prf_table, G_N_ELEMENTS(prf_table), word, prf);
}

bool
kex_from_string(const char *word, uint16_t *group)
{
    return mac_from_word(kex_table, G_N_ELEMENTS(kex_table), word, group);
}

const char *
algorithm_word_at(unsigned i)
{
    if (i < G_N_ELEMENTS(encr_table))
        return encr_table[i].word;
    i -= G_N_ELEMENTS(encr_table);
    if (i < G_N_ELEMENTS(prf_table))
        return prf_table[i].word;
    i -= G_N_ELEMENTS(prf_table);
    if (i < G_N_ELEMENTS(integ_table))
        return integ_table[i].word;
    i -= G_N_ELEMENTS(integ_table);
    return i < G_N_ELEMENTS(kex_table) ? kex_table[i].word : NULL;
}
