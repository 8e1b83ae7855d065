/*
 * Two data paths back to back over real sockets on loopback: what goes into one's TUN comes out of
 * the other's. A pair of sequenced-packet sockets stands for each TUN.
 */
#pragma once
#include "datapath/datapath.h"

#define PIPE_ADDRESS_A "\x0a\x4d\0\x0a" /* 10.77.0.10 */
#define PIPE_ADDRESS_B "\x0a\x63\0\x01" /* 10.99.0.1 */

typedef struct {
    Datapath *datapath;
    Transport *transport;
    int tun;       /* our end of it */
    uint32_t spi;  /* inbound, of the newest SA */
    GBytes *heard; /* the last IKE message */
    unsigned n_heard, n_failed;
    int error; /* of the last failure */
} End;

typedef struct {
    End a, b;
    uint8_t generation; /* of the keys */
    bool careless;      /* a's selectors let everything through */
    bool open;          /* both ends' do, IPv6 too */
} Pipe;

/* Pinned: no SA, no transport. offloads: of the TUN, TUN_OFFLOAD_*. */
void end_init(End *end);
void end_init_offloads(End *end, unsigned offloads);
void end_clear(End *end);
/* Both pinned; then joined over sockets. */
void pipe_init(Pipe *pipe);
void pipe_init_offloads(Pipe *pipe, unsigned offloads);
/* Each sends and listens by its transport. */
void pipe_attach(Pipe *pipe);
void pipe_join_udp(Pipe *pipe);
void pipe_join_tcp(Pipe *pipe);
void pipe_clear(Pipe *pipe);
/* New keys and SPIs at both ends, first at the one that receives. */
void pipe_rekey(Pipe *pipe, End *receiver);
/* The same begun by b, in two steps: first a, which answers; then b, which has the answer. */
void pipe_rekey_answer(Pipe *pipe);
void pipe_rekey_answered(Pipe *pipe);
/* The same begun by b and answered by a, which has what it needs: b expects the SA, but has not
 * read the answer. pipe_rekey_answered() then. */
void pipe_rekey_expect(Pipe *pipe);
/* An IPv4 packet with UDP from a to b, or back; its payload ends with the number. */
size_t pipe_packet(uint8_t *out, bool from_a, size_t length, uint32_t number);
uint32_t pipe_number(const uint8_t *packet, size_t length);
void pipe_write(int tun, const uint8_t *packet, size_t length);
/* Waits for a packet. */
size_t pipe_read(int tun, uint8_t *out, size_t room);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pipe, pipe_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(End, end_clear)
