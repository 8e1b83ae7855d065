/*
 * IKE and ESP on a stream: the prefix that opens it and the frames that follow (RFC 9329, sections
 * 3 and 4). What a frame holds is told by udp-encap.
 */
#pragma once
#include "encap/udp-encap.h"

#define TCP_ENCAP_PREFIX        "IKETCP"
#define TCP_ENCAP_PREFIX_LENGTH 6
#define TCP_ENCAP_FRAME_HEADER  2     /* octets of length, counted in it */
#define TCP_ENCAP_MAX_FRAME     65535 /* frame header included */
/* What one deframer keeps: one whole frame, and room so that reads stay large. The sender's packets
 * come in runs of up to 64 KiB of one flow, and go on in such; a read that ends amid a run cuts it
 * in two. */
#define TCP_ENCAP_BUFFER (320 * 1024)

typedef enum {
    TCP_FRAME_NONE,   /* more octets are needed */
    TCP_FRAME_PACKET, /* *packet, *length and *kind are set; valid until tcp_deframer_space */
    TCP_FRAME_BROKEN, /* the stream cannot be trusted any more: close it */
} TcpFrame;

typedef struct {
    uint8_t *buffer;
    uint8_t *rest; /* of a lean one, between reads: what has come of an unfinished frame */
    size_t start, end;
    size_t max_esp; /* octets of an ESP packet; 0: what a frame holds */
    bool lean;
    bool prefix_due; /* the opening side's prefix has not been seen */
    bool broken;
} TcpDeframer;

/* expect_prefix: on the accepting side. The initiator's peer sends none (RFC 9329, section 4). */
void tcp_deframer_init(TcpDeframer *deframer, bool expect_prefix);
/* Without a buffer of its own: thousands of streams share one. */
void tcp_deframer_init_lean(TcpDeframer *deframer, bool expect_prefix);
/* Of a lean one, around each read: buffer has TCP_ENCAP_BUFFER octets and is lent until settle,
 * which keeps a copy of what is left over and returns its length. */
void tcp_deframer_borrow(TcpDeframer *deframer, uint8_t *buffer);
size_t tcp_deframer_settle(TcpDeframer *deframer);
void tcp_deframer_clear(TcpDeframer *deframer);
/* Where the next octets of the stream are to be put; *length is never 0. */
uint8_t *tcp_deframer_space(TcpDeframer *deframer, size_t *length);
/* The same with room for at least so many, where no whole frame waits to be taken. */
uint8_t *tcp_deframer_space_for(TcpDeframer *deframer, size_t least, size_t *length);
#define TCP_DEFRAMER_MOST_SPACE (TCP_ENCAP_BUFFER - TCP_ENCAP_MAX_FRAME) /* of least */
void tcp_deframer_added(TcpDeframer *deframer, size_t length);
/* Whether part of a frame is there, and its rest is not. */
bool tcp_deframer_is_unfinished(const TcpDeframer *deframer);
/* Packets may be changed in place. For ENCAP_IKE *packet is the message without its marker.
 * Keepalives and garbage are returned as such: the caller counts and drops them. */
TcpFrame tcp_deframer_next(TcpDeframer *deframer, uint8_t **packet, size_t *length,
                           EncapKind *kind);

/* Writes the 2 octets that go before payload_length octets; false when no frame is that long. */
bool tcp_encap_frame(uint8_t header[TCP_ENCAP_FRAME_HEADER], size_t payload_length);
