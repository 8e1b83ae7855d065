/*
 * The algorithms that we know, by the numbers of IANA's "Internet Key Exchange Version 2 (IKEv2)
 * Parameters" registry, and their sizes (RFC 7296, section 3.3.2; RFC 4106, 4868, 5282, 7634,
 * 8031).
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { /* transform type 1 */
       ENCR_AES_CBC = 12,
       ENCR_AES_GCM_8 = 18,
       ENCR_AES_GCM_12 = 19,
       ENCR_AES_GCM_16 = 20,
       ENCR_CHACHA20_POLY1305 = 28,
};
enum { /* transform type 2 */
       PRF_HMAC_SHA1 = 2,
       PRF_HMAC_SHA2_256 = 5,
       PRF_HMAC_SHA2_384 = 6,
       PRF_HMAC_SHA2_512 = 7,
};
enum { /* transform type 3 */
       INTEG_NONE = 0,
       INTEG_HMAC_SHA1_96 = 2,
       INTEG_HMAC_SHA2_256_128 = 12,
       INTEG_HMAC_SHA2_384_192 = 13,
       INTEG_HMAC_SHA2_512_256 = 14,
};
enum { /* transform type 4 */
       KE_NONE = 0,
       KE_MODP_1024 = 2, /* for old gateways only */
       KE_MODP_1536 = 5, /* the same */
       KE_MODP_2048 = 14,
       KE_MODP_3072 = 15,
       KE_MODP_4096 = 16,
       KE_MODP_6144 = 17,
       KE_MODP_8192 = 18,
       KE_ECP_256 = 19,
       KE_ECP_384 = 20,
       KE_ECP_521 = 21,
       KE_CURVE25519 = 31,
       KE_CURVE448 = 32,
       KE_MLKEM_512 = 35,
       KE_MLKEM_768 = 36,
       KE_MLKEM_1024 = 37,
};
enum { /* "IKEv2 Hash Algorithms" (RFC 7427, section 4; RFC 8420) */
       HASH_SHA1 = 1,
       HASH_SHA2_256 = 2,
       HASH_SHA2_384 = 3,
       HASH_SHA2_512 = 4,
       HASH_IDENTITY = 5,
};

/* False for a number that we do not implement; the sizes below are 0 for it. */
bool encr_is_known(uint16_t encr, uint16_t key_bits);
bool encr_is_combined(uint16_t encr);                     /* carries its own ICV */
size_t encr_key_length(uint16_t encr, uint16_t key_bits); /* octets, salt included */
size_t encr_iv_length(uint16_t encr);
size_t encr_icv_length(uint16_t encr);   /* 0 where not combined */
size_t encr_block_length(uint16_t encr); /* what text is padded to; 1 for none */
size_t integ_key_length(uint16_t integ);
size_t integ_icv_length(uint16_t integ);
size_t prf_key_length(uint16_t prf);
size_t prf_output_length(uint16_t prf);
size_t kex_public_length(uint16_t group); /* of the one who begins */
/* The ecosystem's words: "aes256gcm16", "prfsha384", "x25519", "sha256" ... NULL where unknown. */
const char *encr_to_string(uint16_t encr, uint16_t key_bits);
const char *integ_to_string(uint16_t integ);
const char *prf_to_string(uint16_t prf);
const char *kex_to_string(uint16_t group);
bool encr_from_string(const char *word, uint16_t *encr, uint16_t *key_bits);
bool integ_from_string(const char *word, uint16_t *integ);
bool prf_from_string(const char *word, uint16_t *prf);
bool kex_from_string(const char *word, uint16_t *group);
/* All of these words, for i from 0; NULL at the end. */
const char *algorithm_word_at(unsigned i);
