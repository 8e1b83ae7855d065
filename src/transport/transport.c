#include "transport/transport-private.h"

#include <unistd.h>

void
transport_init(Transport *transport, const TransportClass *class, int fd)
{
    transport->class = class;
    transport->fd = fd;
    g_atomic_ref_count_init(&transport->references);
}

void
transport_count_garbage(Transport *transport)
{
    __atomic_fetch_add(&transport->garbage, 1, __ATOMIC_RELAXED);
}

Transport *
transport_ref(Transport *transport)
{
    g_atomic_ref_count_inc(&transport->references);
    return transport;
}

void
transport_unref(Transport *transport)
{
    if (transport == NULL || !g_atomic_ref_count_dec(&transport->references))
        return;
    close(transport->fd);
    transport->class->free(transport);
}

int
transport_fd(const Transport *transport)
{
    return transport->fd;
}

TransportKind
transport_kind(const Transport *transport)
{
    return transport->class->kind;
}

bool
transport_is_stream(const Transport *transport)
{
    return transport->class->kind != TRANSPORT_UDP;
}

bool
transport_is_dead(const Transport *transport)
{
    return g_atomic_int_get(&transport->dead) != 0;
}

bool
transport_wants_write(const Transport *transport)
{
    return transport->class->wants_write(transport);
}

int
transport_flush(Transport *transport)
{
    return transport->class->flush(transport);
}

int
transport_send_ike(Transport *transport, const uint8_t *message, size_t length)
{
    return transport->class->send_ike(transport, message, length);
}

bool
transport_has_room(const Transport *transport)
{
    return transport->class->has_room(transport);
}

int
transport_send_esp(Transport *transport, const TransportPacket *packets, size_t n, size_t *dropped)
{
    return transport->class->send_esp(transport, packets, n, dropped);
}

int
transport_send_keepalive(Transport *transport)
{
    return transport->class->send_keepalive(transport);
}

int
transport_receive(Transport *transport, TransportPacket *packets, size_t *n)
{
    return transport->class->receive(transport, packets, n);
}

uint64_t
transport_garbage(const Transport *transport)
{
    return __atomic_load_n(&transport->garbage, __ATOMIC_RELAXED);
}
