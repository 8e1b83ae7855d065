/*
 * Which of several gateways an IKE SA belongs to, told by the initiator's SPI (RFC 7296, section
 * 3.1) alone, so that relays that know nothing of each other choose the same. A gateway that joins
 * or leaves moves only its own share (highest random weight).
 */
#pragma once
#include "base/inet.h"

/* The initiator's SPI of an IKE message without its marker; false where it is too short, or 0. */
bool gateway_choice_spi(const uint8_t *message, size_t length, uint64_t *spi);
/* The index of the gateway, n > 0. The order of the gateways does not matter. family: only gateways
 * of this one where there are any; INET_NONE: all. */
unsigned gateway_choice(uint64_t spi, const InetEndpoint *gateways, unsigned n, InetFamily family);
/* An address in prefix for a client, always the same for the same client; its network's address and
 * the broadcast address are left out where the prefix has more. */
InetAddress gateway_choice_source(const InetPrefix *prefix, const InetAddress *client);
