/*
 * The Internet checksum (RFC 1071). Sums are of 16-bit words as they lie in memory, in any order of
 * octets: what checksum_finish returns is stored as it is.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* sum: so far, 0 at first. Only the last piece may have an odd length. */
uint64_t checksum_add(uint64_t sum, const void *data, size_t length);
/* A 16-bit number, as if its octets stood in the data. */
uint64_t checksum_add_u16(uint64_t sum, uint16_t value);
/* The ones' complement sum, not yet inverted: 0xffff over data that carry their right checksum. */
uint16_t checksum_fold(uint64_t sum);
/* What the checksum field is to hold. */
void checksum_finish(uint64_t sum, uint8_t field[2]);
/* The checksum in field, when a 16-bit word of what it covers changes (RFC 1624, section 3). */
void checksum_update(uint8_t field[2], const uint8_t before[2], const uint8_t after[2]);
