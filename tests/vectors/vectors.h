/*
 * Published figures, one case a line: words separated by a blank, octets in hexadecimal, "-" where
 * there are none, comments from # on. The source of each file stands in its first lines.
 */
#pragma once
#include "base/secret.h"

#define VECTOR_MAX_WORDS 16

typedef struct {
    char *words[VECTOR_MAX_WORDS + 1];
    const char *name; /* the first word */
} VectorCase;

/* A word as octets; freed with the case's run. */
typedef struct {
    uint8_t *data;
    size_t length;
} VectorOctets;

VectorOctets vector_octets(const VectorCase *vector, unsigned word);
void vector_octets_clear(VectorOctets *octets);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VectorOctets, vector_octets_clear)
unsigned vector_number(const VectorCase *vector, unsigned word);
/* "valid" is true, "invalid" false, anything else ends the test. */
bool vector_valid(const VectorCase *vector, unsigned word);

/* Calls run for each case of the file; the test fails unless there were exactly n_cases with
 * n_words words each, so that a shortened file is noticed. */
void vectors_run(const char *file, unsigned n_cases, unsigned n_words,
                 void (*run)(const VectorCase *vector, const void *data), const void *data);
