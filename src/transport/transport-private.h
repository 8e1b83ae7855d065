/* What the kinds of transport share. */
#pragma once
#include "transport/transport.h"

typedef struct {
    TransportKind kind;
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
    gint dead;        /* atomic: a stream that broke */
    uint64_t garbage; /* atomic */
};

void transport_init(Transport *transport, const TransportClass *class, int fd);
void transport_count_garbage(Transport *transport);
