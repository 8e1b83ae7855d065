#include "base/checksum.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

static uint64_t
load(const uint8_t *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

/* The carry goes round. */
static uint64_t
plus(uint64_t a, uint64_t b)
{
    a += b;
    return a + (a < b);
}

/* 64 octets at a time; what is left over is the caller's. Sums as such: 32-bit words in 64-bit ones
 * carry nothing before 2^32 of them. */
static uint64_t
add_blocks(const uint8_t *data, size_t blocks)
{
    uint64_t sums[4] = { 0 };
    for (; blocks > 0; blocks--, data += 64)
        for (size_t i = 0; i < 8; i++)
            sums[i % 4] = plus(sums[i % 4], load(data + 8 * i));
    return plus(plus(sums[0], sums[1]), plus(sums[2], sums[3]));
}

#if defined(__x86_64__)
typedef uint64_t Lanes __attribute__((vector_size(32)));

__attribute__((target("avx2"))) static uint64_t
add_blocks_avx2(const uint8_t *data, size_t blocks)
{
    Lanes low = { 0 }, high = { 0 };
    for (; blocks > 0; blocks--, data += 64) {
        Lanes a, b;
        memcpy(&a, data, sizeof a);
        memcpy(&b, data + sizeof a, sizeof b);
        low += (a & 0xffffffff) + (b & 0xffffffff);
        high += (a >> 32) + (b >> 32);
    }
    low += high;
    return plus(plus(low[0], low[1]), plus(low[2], low[3]));
}

static bool
has_avx2(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}
#else
#define add_blocks_avx2 add_blocks
static bool
has_avx2(void)
{
    return false;
}
#endif

/* Less than eight octets: every packet has such an end, and each length a number of its own. */
static uint64_t
add_rest(uint64_t sum, const uint8_t *data, size_t length)
{
    uint32_t four;
    uint16_t two, one = 0;
    if ((length & 4) != 0) {
        memcpy(&four, data, sizeof four);
        sum = plus(sum, four);
        data += sizeof four;
    }
    if ((length & 2) != 0) {
        memcpy(&two, data, sizeof two);
        sum = plus(sum, two);
        data += sizeof two;
    }
    if ((length & 1) != 0) {
        memcpy(&one, data, 1);
        sum = plus(sum, one);
    }
    return sum;
}

uint64_t
checksum_add(uint64_t sum, const void *octets, size_t length)
{
    const uint8_t *data = octets;
    size_t blocks = length / 64;
    if (blocks >= 2)
        sum = plus(sum, has_avx2() ? add_blocks_avx2(data, blocks) : add_blocks(data, blocks));
    else
        blocks = 0;
    data += blocks * 64;
    length -= blocks * 64;
    for (; length >= 8; data += 8, length -= 8)
        sum = plus(sum, load(data));
    return add_rest(sum, data, length);
}

uint64_t
checksum_add_u16(uint64_t sum, uint16_t value)
{
    return plus(sum, GUINT16_TO_BE(value));
}

uint16_t
checksum_fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

void
checksum_finish(uint64_t sum, uint8_t field[2])
{
    uint16_t value = (uint16_t)~checksum_fold(sum);
    memcpy(field, &value, sizeof value);
}

void
checksum_update(uint8_t field[2], const uint8_t before[2], const uint8_t after[2])
{
    uint16_t sum, old, new;
    memcpy(&sum, field, sizeof sum);
    memcpy(&old, before, sizeof old);
    memcpy(&new, after, sizeof new);
    checksum_finish((uint64_t)(uint16_t)~sum + (uint16_t)~old + new, field);
}
