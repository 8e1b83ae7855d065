/*
 * Inner packets: who talks to whom, and the answer that says "not now" instead of silence: ICMP and
 * ICMPv6 errors, TCP resets. RFC 791, 792, 4443, 8200, 9293.
 */
#pragma once
#include "base/inet.h"

#define INNER_LEAST_MTU_V6 1280 /* RFC 8200, section 5 */
/* Longest packet that inner_packet_reject writes. */
#define INNER_REPLY_MAX 1280

typedef struct {
    InetAddress source, destination;
    uint8_t protocol; /* of the upper layer; 0 where an extension header hides it */
    bool fragmented;  /* a part of a datagram */
    bool fragment;    /* not the first: has no ports */
    /* 0 where the protocol has none; ICMP: both type * 256 + code (RFC 7296, section 3.13.1) */
    uint16_t source_port, destination_port;
    size_t header_length; /* of IP with the extension headers that we follow */
} InnerPacket;

/* False for what is no whole IPv4 or IPv6 packet of exactly length octets. */
bool inner_packet_parse(InnerPacket *packet, const uint8_t *data, size_t length);
/* The same number for all packets of a flow, and probably another for another flow: of addresses,
 * protocol and ports. Fragments are a flow by their addresses alone: what comes after the first has
 * nothing else. */
uint32_t inner_packet_flow(const uint8_t *data, size_t length);
/* The answer to a packet that cannot go: TCP RST, else port unreachable; 0 where none may be sent
 * (errors, multicast, fragments: RFC 1122, section 3.2.2; RFC 4443, section 2.4). out has
 * INNER_REPLY_MAX octets. */
size_t inner_packet_reject(const uint8_t *data, size_t length, uint8_t *out);
/* Its two ECN bits (RFC 3168, section 5); 0 where it is no packet. */
uint8_t inner_packet_ecn(const uint8_t *data, size_t length);
/* Marks it "congestion experienced" (RFC 3168, section 5); false where its ends do not know ECN: it
 * is to be dropped instead. A checksum of the upper layer is not touched, and need not be. */
bool inner_packet_mark(uint8_t *data, size_t length);
/* Lowers the maximum segment size that a TCP SYN announces to what fits mtu (RFC 9293, section
 * 3.7.1); its checksum stays right. */
void inner_packet_clamp(const InnerPacket *packet, uint8_t *data, size_t length, uint32_t mtu);
/* The answer to a packet that is larger than mtu; 0 where none may be sent, or fragmenting is
 * allowed. */
size_t inner_packet_too_big(const uint8_t *data, size_t length, uint32_t mtu, uint8_t *out);
