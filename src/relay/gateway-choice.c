#include "relay/gateway-choice.h"

#include "base/bytes.h"

#include <string.h>

/* FNV-1a over the octets, then a finalizer that spreads every bit: not secret, only even. */
static uint64_t
mix(uint64_t hash, const void *data, size_t length)
{
    const uint8_t *octets = data;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ octets[i]) * 0x100000001b3;
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccd;
    hash ^= hash >> 33;
    hash *= 0xc4ceb9fe1a85ec53;
    return hash ^ hash >> 33;
}

static uint64_t
mix_u64(uint64_t hash, uint64_t value)
{
    value = GUINT64_TO_BE(value); /* so that every machine has the same */
    return mix(hash, &value, sizeof value);
}

bool
gateway_choice_spi(const uint8_t *message, size_t length, uint64_t *spi)
{
    ByteReader reader = byte_reader(message, length);
    return byte_reader_u64(&reader, spi) && *spi != 0;
}

static uint64_t
weight(uint64_t spi, const InetEndpoint *gateway)
{
    uint64_t hash = mix(0xcbf29ce484222325, gateway->address.octets,
                        inet_family_length(gateway->address.family));
    return mix_u64(mix_u64(hash, gateway->port), spi);
}

unsigned
gateway_choice(uint64_t spi, const InetEndpoint *gateways, unsigned n, InetFamily family)
{
    unsigned best = 0;
    bool best_fits = false;
    uint64_t most = 0;
    for (unsigned i = 0; i < n; i++) {
        bool fits = family == INET_NONE || gateways[i].address.family == family;
        uint64_t own = weight(spi, &gateways[i]);
        if (i > 0 && (fits < best_fits || (fits == best_fits && own <= most)))
            continue;
        best = i;
        best_fits = fits;
        most = own;
    }
    return best;
}

InetAddress
gateway_choice_source(const InetPrefix *prefix, const InetAddress *client)
{
    InetAddress address = prefix->address;
    size_t length = inet_family_length(address.family);
    unsigned host_bits = (unsigned)length * 8 - prefix->length;
    uint64_t hash = mix(0xcbf29ce484222325, client->octets, inet_family_length(client->family));
    uint64_t room = host_bits >= 63 ? G_MAXINT64 : (1ull << host_bits);
    uint64_t number = room <= 2 ? hash % room : 1 + hash % (room - 2);
    for (size_t i = length; number != 0 && i > 0; i--, number >>= 8)
        address.octets[i - 1] |= (uint8_t)number;
    return address;
}
