/* Packets for tests, written the plain way: checksums word by word. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_ROOM 66000

/* What a packet is made of; zero is a plain choice. */
typedef struct {
    bool v6, udp;
    uint16_t source_port; /* 0: 40000 */
    size_t payload;       /* octets; octet i of the stream at sequence s is (uint8_t)(s + i) */
    uint32_t sequence, ack;
    uint8_t flags;    /* TCP; 0: ACK */
    uint8_t tos, ttl; /* ttl 0: 64 */
    uint16_t id;
    bool fragmentable;  /* IPv4: DF is not set */
    uint16_t window;    /* 0: 500 */
    uint32_t timestamp; /* TCP; 0: no option */
    uint16_t urgent;
    bool bad_checksum;
    bool no_checksum;  /* UDP */
    uint16_t fragment; /* IPv4: flags and offset field, as it is */
    bool ip_options;   /* IPv4: four octets of them */
} PacketSpec;

/* Its length. */
size_t packet_make(uint8_t *out, const PacketSpec *spec);
/* The Internet checksum of its upper layer, and of its IPv4 header, are right. */
bool packet_checksums_right(const uint8_t *packet, size_t length);
/* Of the IPv4 header alone. */
bool packet_header_right(const uint8_t *packet);
/* Octets of IP header. */
size_t packet_ip_length(const uint8_t *packet);
/* A piece of something larger, whose headers it has: so many packets and octets behind the first;
 * FIN and PSH are the last one's. Lengths and checksums are made right. */
void packet_renumber(uint8_t *packet, size_t length, uint16_t packets, uint32_t octets, bool last);
