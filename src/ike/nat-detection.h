/*
 * The hashes of NAT_DETECTION_SOURCE_IP and NAT_DETECTION_DESTINATION_IP (RFC 7296, section 2.23).
 */
#pragma once
#include "base/inet.h"
#include "crypto/rng.h"

#define NAT_DETECTION_LENGTH 20

/* SHA-1(SPIi | SPIr | address | port); false for an address that is not known. */
bool nat_detection_hash(uint64_t spi_i, uint64_t spi_r, const InetEndpoint *endpoint,
                        uint8_t out[NAT_DETECTION_LENGTH]);
/* What we send as NAT_DETECTION_SOURCE_IP: never the hash of anything, so that the gateway sees a
 * NAT and encapsulates ESP in UDP, which is the only ESP that user space can carry (RFC 7296,
 * section 2.23, allows it: "not match"). */
void nat_detection_decoy(Rng *rng, uint8_t out[NAT_DETECTION_LENGTH]);
/* Whether the octets received are that endpoint's; false also where it is not known. */
bool nat_detection_matches(uint64_t spi_i, uint64_t spi_r, const InetEndpoint *endpoint,
                           const void *hash, size_t length);
