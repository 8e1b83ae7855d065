/*
 * The words of proposals, as people who run gateways write them: what each stands for, and what to
 * say to one that stands for nothing here.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define ALGORITHM_MAX_ADDITIONAL 7 /* "ke1_" to "ke7_" (RFC 9370) */

typedef enum {
    ALGORITHM_ENCR,
    ALGORITHM_PRF,
    ALGORITHM_INTEG,
    ALGORITHM_KE, /* id KE_NONE: "nopfs", for ESP */
    ALGORITHM_ESN,
    ALGORITHM_ADDITIONAL_KE, /* id KE_NONE: "ke1_none" */
} AlgorithmKind;

typedef struct {
    AlgorithmKind kind;
    uint16_t id;       /* the transform's; ESN: 1 or 0 */
    uint16_t key_bits; /* ENCR */
    unsigned number;   /* ADDITIONAL_KE: from 1 */
} AlgorithmWord;

/* False for a word that means nothing here, or nothing that this build can do. */
bool algorithm_from_word(const char *word, AlgorithmWord *out);
/* Why not, as the end of a sentence that begins with the word: "is no algorithm that is known here;
 * near to it: aes256gcm16". Free with g_free. */
char *algorithm_word_explain(const char *word);
