/* What the kinds of transport share. */
#pragma once
#include "transport/stream-opening.h"
#include "transport/transport.h"

typedef struct {
    TransportKind kind;
    void (*opened)(Transport *transport);          /* NULL: nothing is to be done then */
    Secret *(*take_session)(Transport *transport); /* NULL: never one */
    bool (*wants_write)(const Transport *transport);
    int (*flush)(Transport *transport);
    int (*send_ike)(Transport *transport, const uint8_t *message, size_t length);
    bool (*has_room)(const Transport *transport);
    int (*send_esp)(Transport *transport, const TransportPacket *packets, size_t n,
                    size_t *dropped);
    int (*send_keepalive)(Transport *transport);
    int (*receive)(Transport *transport, TransportPacket *packets, size_t *n);
    void (*free)(Transport *transport);
} TransportClass;

struct _Transport {
    const TransportClass *class;
    gatomicrefcount references;
    int fd;
    StreamOpening *opening; /* NULL: it is open */
    char *why;
    size_t room;       /* of a stream: octets that the sender hands over at a time */
    gint dead;         /* atomic: a stream that broke */
    gint64 part_since; /* of the receiving thread: when part of a frame came; 0: none is there */
    gint unknown;      /* atomic: packets in a row that are nobody's */
    uint64_t garbage;  /* atomic */
};

void transport_init(Transport *transport, const TransportClass *class, int fd);
/* Once: of a stream that is not open yet. tls: taken; NULL: none. */
void transport_begin(Transport *transport, TlsStream *tls);
/* Says that it broke, and returns error. */
int transport_died(Transport *transport, int error);
void transport_count_garbage(Transport *transport);
/* Adds to packets what the deframer holds already; fresh: octets have come just now. 0, or EPROTO:
 * a broken stream ends the transport (RFC 9329, section 3). */
int transport_take_frames(Transport *transport, TcpDeframer *deframer, bool fresh,
                          TransportPacket *packets, size_t *n);
