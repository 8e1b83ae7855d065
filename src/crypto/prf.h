/*
 * Hashes, pseudorandom functions and MACs over scattered input (RFC 7296, sections 2.13 and 2.14;
 * RFC 4868).
 */
#pragma once
#include "base/secret.h"

/* A borrowed piece of input. */
typedef struct {
    const void *data;
    size_t length;
} Chunk;

static inline Chunk
chunk(const void *data, size_t length)
{
    return (Chunk){ data, length };
}

static inline Chunk
chunk_bytes(GBytes *bytes)
{
    return (Chunk){ g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes) };
}

static inline Chunk
chunk_secret(const Secret *secret)
{
    return (Chunk){ secret_data(secret), secret_length(secret) };
}

/* prf(key, chunks); never NULL for a known prf. */
Secret *prf_compute(uint16_t prf, const Secret *key, const Chunk *chunks, size_t n_chunks);
#define PRF_PLUS_MAX_CHUNKS 12
/* prf+(key, chunks), the first length octets (RFC 7296, section 2.13); length <= 255 * output. */
Secret *prf_plus(uint16_t prf, const Secret *key, const Chunk *chunks, size_t n_chunks,
                 size_t length);
/* out has hash_length(hash) octets; hash is HASH_* of algorithms.h. */
size_t hash_length(uint16_t hash);
void hash_compute(uint16_t hash, const Chunk *chunks, size_t n_chunks, uint8_t *out);
