#include "ike/puzzle.h"

#include <string.h>

#include "crypto/algorithms.h"
#include "crypto/prf.h"
#include "ike/payload-puzzle.h"

#define KEY_LENGTH 4 /* octets; enough for PUZZLE_MAX_WORK different ones */

struct _Puzzle {
    uint16_t prf;
    uint8_t bits;
    GBytes *octets;
    uint32_t tried;
    unsigned found;
    uint8_t keys[PAYLOAD_PUZZLE_KEYS][KEY_LENGTH];
};

Puzzle *
puzzle_new(uint16_t prf, uint8_t bits, GBytes *octets)
{
    /* The others take keys of any length (RFC 8019, section 8.2). */
    bool hmac = prf == PRF_HMAC_SHA1 || prf == PRF_HMAC_SHA2_256 || prf == PRF_HMAC_SHA2_384 ||
                prf == PRF_HMAC_SHA2_512;
    if (!hmac || bits > PUZZLE_MAX_BITS)
        return NULL;
    Puzzle *puzzle = g_new0(Puzzle, 1);
    puzzle->prf = prf;
    puzzle->bits = bits > 0 ? bits : PUZZLE_FREE_BITS;
    puzzle->octets = g_bytes_ref(octets);
    return puzzle;
}

void
puzzle_free(Puzzle *puzzle)
{
    if (puzzle == NULL)
        return;
    g_bytes_unref(puzzle->octets);
    g_free(puzzle);
}

static bool
ends_in_zeros(const Secret *value, uint8_t bits)
{
    const uint8_t *octets = secret_data(value);
    size_t length = secret_length(value);
    for (unsigned bit = 0; bit < bits; bit++)
        if ((octets[length - 1 - bit / 8] >> (bit % 8) & 1) != 0)
            return false;
    return true;
}

static bool
fits(uint16_t prf, uint8_t bits, GBytes *octets, const uint8_t *key, size_t length)
{
    Chunk input = chunk_bytes(octets);
    g_autoptr(Secret) secret = secret_new(key, length);
    g_autoptr(Secret) value = prf_compute(prf, secret, &input, 1);
    return value != NULL && bits <= 8 * secret_length(value) && ends_in_zeros(value, bits);
}

PuzzleState
puzzle_work(Puzzle *puzzle)
{
    for (unsigned i = 0; i < PUZZLE_SLICE && puzzle->found < PAYLOAD_PUZZLE_KEYS; i++) {
        if (puzzle->tried == PUZZLE_MAX_WORK)
            return PUZZLE_GIVEN_UP;
        const uint32_t key = GUINT32_TO_BE(puzzle->tried++);
        if (fits(puzzle->prf, puzzle->bits, puzzle->octets, (const uint8_t *)&key, KEY_LENGTH))
            memcpy(puzzle->keys[puzzle->found++], &key, KEY_LENGTH);
    }
    return puzzle->found == PAYLOAD_PUZZLE_KEYS ? PUZZLE_SOLVED : PUZZLE_WORKING;
}

GBytes *
puzzle_solution(const Puzzle *puzzle)
{
    return g_bytes_new(puzzle->keys, sizeof puzzle->keys);
}

bool
puzzle_is_solved_by(uint16_t prf, uint8_t bits, GBytes *octets, GBytes *solution)
{
    gsize length;
    const uint8_t *keys = g_bytes_get_data(solution, &length);
    size_t one = length / PAYLOAD_PUZZLE_KEYS;
    if (one == 0 || length % PAYLOAD_PUZZLE_KEYS != 0)
        return false;
    for (size_t i = 0; i < PAYLOAD_PUZZLE_KEYS; i++) {
        if (!fits(prf, bits, octets, keys + i * one, one))
            return false;
        for (size_t j = 0; j < i; j++)
            if (memcmp(keys + i * one, keys + j * one, one) == 0)
                return false;
    }
    return true;
}
