#include "base/checksum.h"

#include <glib.h>
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

uint64_t
checksum_add(uint64_t sum, const void *octets, size_t length)
{
    const uint8_t *data = octets;
    uint64_t other = 0;
    for (; length >= 32; data += 32, length -= 32) {
        sum = plus(sum, load(data));
        other = plus(other, load(data + 8));
        sum = plus(sum, load(data + 16));
        other = plus(other, load(data + 24));
    }
    for (; length >= 8; data += 8, length -= 8)
        sum = plus(sum, load(data));
    if (length > 0) {
        uint64_t rest = 0;
        memcpy(&rest, data, length);
        other = plus(other, rest);
    }
    return plus(sum, other);
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
