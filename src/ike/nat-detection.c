#include "ike/nat-detection.h"

#include "base/secret.h"
#include "crypto/algorithms.h"
#include "crypto/prf.h"

bool
nat_detection_hash(uint64_t spi_i, uint64_t spi_r, const InetEndpoint *endpoint,
                   uint8_t out[NAT_DETECTION_LENGTH])
{
    size_t length = inet_family_length(endpoint->address.family);
    if (length == 0)
        return false;
    const uint64_t spis[2] = { GUINT64_TO_BE(spi_i), GUINT64_TO_BE(spi_r) };
    const uint16_t port = GUINT16_TO_BE(endpoint->port);
    Chunk input[] = { chunk(spis, sizeof spis), chunk(endpoint->address.octets, length),
                      chunk(&port, sizeof port) };
    hash_compute(HASH_SHA1, input, G_N_ELEMENTS(input), out);
    return true;
}

void
nat_detection_decoy(Rng *rng, uint8_t out[NAT_DETECTION_LENGTH])
{
    rng_fill(rng, out, NAT_DETECTION_LENGTH);
}

bool
nat_detection_matches(uint64_t spi_i, uint64_t spi_r, const InetEndpoint *endpoint,
                      const void *hash, size_t length)
{
    uint8_t expected[NAT_DETECTION_LENGTH];
    if (length != NAT_DETECTION_LENGTH || !nat_detection_hash(spi_i, spi_r, endpoint, expected))
        return false;
    return secret_octets_equal(expected, hash, NAT_DETECTION_LENGTH);
}
