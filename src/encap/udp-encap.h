/*
 * UDP encapsulation: which of IKE, ESP and NAT keepalive a datagram, or a frame of a stream, is.
 * RFC 3948, section 2; RFC 7296, section 2.23.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UDP_ENCAP_MARKER_LENGTH 4
#define UDP_ENCAP_KEEPALIVE     0xff

typedef enum {
    ENCAP_IKE,
    ENCAP_ESP,
    ENCAP_KEEPALIVE,
    ENCAP_GARBAGE, /* too short to be anything */
} EncapKind;

/* marker: the port carries ESP too, so that four zero octets stand before IKE messages. For
 * ENCAP_IKE *offset is where the IKE message begins. */
EncapKind udp_encap_classify(const uint8_t *data, size_t length, bool marker, size_t *offset);
