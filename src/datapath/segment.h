/*
 * What the kernel hands us as one packet, cut into the packets that go on the wire, their checksums
 * complete (RFC 9293, section 3.7; RFC 768). Each is written where the caller says.
 */
#pragma once
#include "datapath/tun.h"

typedef struct {
    const uint8_t *packet;
    size_t length;
    TunHeader header;
    size_t ip, headers; /* octets of IP, and of IP with the upper layer */
    size_t offset;      /* of what comes next; length: the end */
    uint16_t number;    /* of the next */
} Segment;

/* packet: borrowed until the last is written. False when header and packet do not fit together. */
bool segment_begin(Segment *segment, const TunHeader *header, const uint8_t *packet, size_t length);
/* Octets of the next one; 0 when there is none. */
size_t segment_length(const Segment *segment);
/* Writes it to out, segment_length octets. */
void segment_write(Segment *segment, uint8_t *out);
/* As if it had been written. */
void segment_skip(Segment *segment);
