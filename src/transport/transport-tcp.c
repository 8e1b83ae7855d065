#include "transport/transport-private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Octets that have left before what is behind them moves up. */
#define COMPACT_FROM (64 * 1024)
/* IKE is never dropped, but what we keep is bounded: beyond this the stream is dead. */
#define URGENT_MAX (1024 * 1024)

/* Octets of which the first ones have left. */
typedef struct {
    GByteArray *octets;
    size_t sent;
} Backlog;

typedef struct {
    Transport base;
    TcpDeframer deframer;
    Backlog urgent; /* the prefix, the rest of a frame that has begun to leave, IKE */
    Backlog queue;  /* then whole frames of ESP: nothing of the next one has left */
    bool prefix_sent;
} TransportTcp;

static size_t
backlog_left(const Backlog *backlog)
{
    return backlog->octets->len - backlog->sent;
}

/* A socket that always takes a little but never all must not make it grow. */
static void
backlog_compact(Backlog *backlog)
{
    if (backlog_left(backlog) > 0 && backlog->sent < COMPACT_FROM)
        return;
    g_byte_array_remove_range(backlog->octets, 0, (guint)backlog->sent);
    backlog->sent = 0;
}

/* 0, also when the socket takes no more, or an errno. */
static int
backlog_send(Backlog *backlog, int fd)
{
    while (backlog_left(backlog) > 0) {
        ssize_t n = send(fd, backlog->octets->data + backlog->sent, backlog_left(backlog),
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : errno;
        backlog->sent += (size_t)n;
    }
    return 0;
}

static size_t
waiting(const TransportTcp *tcp)
{
    return backlog_left(&tcp->urgent) + backlog_left(&tcp->queue);
}

/* Read by the sending thread only. */
static bool
tcp_wants_write(const Transport *transport)
{
    const TransportTcp *tcp = (const TransportTcp *)transport;
    return !transport_is_dead(transport) && (transport->opening != NULL || waiting(tcp) > 0);
}

/* What has left of the queue ends within a frame: its rest goes before anything else. from is where
 * a frame began. */
static void
keep_boundary(TransportTcp *tcp, size_t from)
{
    Backlog *queue = &tcp->queue;
    while (from < queue->sent)
        from += (size_t)queue->octets->data[from] << 8 | queue->octets->data[from + 1];
    g_byte_array_append(tcp->urgent.octets, queue->octets->data + queue->sent,
                        (guint)(from - queue->sent));
    queue->sent = from;
}

static int
tcp_flush(Transport *transport)
{
    TransportTcp *tcp = (TransportTcp *)transport;
    int rc = transport_open(transport);
    if (rc != 0 || transport->opening != NULL)
        return rc;
    rc = backlog_send(&tcp->urgent, transport->fd);
    backlog_compact(&tcp->urgent);
    if (rc == 0 && backlog_left(&tcp->urgent) == 0 && backlog_left(&tcp->queue) > 0) {
        size_t from = tcp->queue.sent;
        rc = backlog_send(&tcp->queue, transport->fd);
        keep_boundary(tcp, from);
        backlog_compact(&tcp->queue);
    }
    return rc != 0 ? transport_died(transport, rc) : 0;
}

static int
append_frame(Backlog *backlog, const void *head, size_t head_length, const uint8_t *data,
             size_t length)
{
    uint8_t frame[TCP_ENCAP_FRAME_HEADER];
    if (!tcp_encap_frame(frame, head_length + length))
        return EMSGSIZE;
    if (backlog_left(backlog) + length > URGENT_MAX)
        return ENOBUFS;
    g_byte_array_append(backlog->octets, frame, sizeof frame);
    if (head_length > 0)
        g_byte_array_append(backlog->octets, head, (guint)head_length);
    g_byte_array_append(backlog->octets, data, (guint)length);
    return 0;
}

/* RFC 9329, section 4: once, before anything else. */
static void
begin_with_prefix(TransportTcp *tcp)
{
    if (!tcp->prefix_sent)
        g_byte_array_append(tcp->urgent.octets, (const uint8_t *)TCP_ENCAP_PREFIX,
                            TCP_ENCAP_PREFIX_LENGTH);
    tcp->prefix_sent = true;
}

static int
tcp_send_ike(Transport *transport, const uint8_t *message, size_t length)
{
    static const uint8_t marker[UDP_ENCAP_MARKER_LENGTH];
    TransportTcp *tcp = (TransportTcp *)transport;
    begin_with_prefix(tcp);
    int rc = append_frame(&tcp->urgent, marker, sizeof marker, message, length);
    if (rc == ENOBUFS)
        transport_died(transport, rc);
    return rc != 0 ? rc : tcp_flush(transport);
}

static bool
tcp_has_room(const Transport *transport)
{
    const TransportTcp *tcp = (const TransportTcp *)transport;
    return transport->opening == NULL && !transport_is_dead(transport) && waiting(tcp) == 0;
}

/* Straight from the packets to the socket where nothing waits; only what it does not take is kept.
 */
static ssize_t
send_gathered(TransportTcp *tcp, const TransportPacket *packets, size_t n)
{
    struct iovec iov[TRANSPORT_BATCH];
    for (size_t i = 0; i < n; i++) {
        uint8_t *frame = packets[i].data - TCP_ENCAP_FRAME_HEADER; /* within TRANSPORT_HEADROOM */
        if (!tcp_encap_frame(frame, packets[i].length)) {
            errno = EMSGSIZE;
            return -1;
        }
        iov[i] = (struct iovec){ frame, packets[i].length + TCP_ENCAP_FRAME_HEADER };
    }
    struct msghdr message = { .msg_iov = iov, .msg_iovlen = n };
    ssize_t sent;
    do
        sent = sendmsg(tcp->base.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent < 0 && errno == EAGAIN ? 0 : sent;
}

static int
tcp_send_esp(Transport *transport, const TransportPacket *packets, size_t n, size_t *dropped)
{
    TransportTcp *tcp = (TransportTcp *)transport;
    size_t skip = 0;
    *dropped = 0;
    bool straight = transport->opening == NULL && tcp->prefix_sent && waiting(tcp) == 0;
    begin_with_prefix(tcp);
    if (straight) {
        ssize_t sent = send_gathered(tcp, packets, n);
        if (sent < 0) {
            *dropped = n;
            return transport_died(transport, errno);
        }
        skip = (size_t)sent;
    }
    for (size_t i = 0; i < n; i++) {
        size_t whole = packets[i].length + TCP_ENCAP_FRAME_HEADER;
        if (skip >= whole) {
            skip -= whole;
            continue;
        }
        if (skip == 0) {
            if (append_frame(&tcp->queue, NULL, 0, packets[i].data, packets[i].length) != 0)
                (*dropped)++;
            continue;
        }
        /* The rest of a frame that has begun to leave. */
        const uint8_t *frame = packets[i].data - TCP_ENCAP_FRAME_HEADER;
        g_byte_array_append(tcp->urgent.octets, frame + skip, (guint)(whole - skip));
        skip = 0;
    }
    return 0;
}

static int
tcp_send_keepalive(Transport *transport)
{
    return 0;
}

static int
tcp_receive(Transport *transport, TransportPacket *packets, size_t *n)
{
    TransportTcp *tcp = (TransportTcp *)transport;
    size_t space;
    *n = 0;
    int rc = transport_take_frames(transport, &tcp->deframer, false, packets, n);
    if (rc != 0)
        return transport_died(transport, rc);
    if (*n > 0)
        return 0;
    uint8_t *into = tcp_deframer_space(&tcp->deframer, &space);
    ssize_t got = recv(transport->fd, into, space, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : transport_died(transport, errno);
    if (got == 0)
        return transport_died(transport, ECONNRESET);
    tcp_deframer_added(&tcp->deframer, (size_t)got);
    rc = transport_take_frames(transport, &tcp->deframer, true, packets, n);
    return rc != 0 ? transport_died(transport, rc) : 0;
}

static void
tcp_free(Transport *transport)
{
    TransportTcp *tcp = (TransportTcp *)transport;
    tcp_deframer_clear(&tcp->deframer);
    g_byte_array_unref(tcp->urgent.octets);
    g_byte_array_unref(tcp->queue.octets);
    g_free(tcp);
}

static const TransportClass tcp_class = {
    .kind = TRANSPORT_TCP,
    .wants_write = tcp_wants_write,
    .flush = tcp_flush,
    .send_ike = tcp_send_ike,
    .has_room = tcp_has_room,
    .send_esp = tcp_send_esp,
    .send_keepalive = tcp_send_keepalive,
    .receive = tcp_receive,
    .free = tcp_free,
};

Transport *
transport_tcp_new(int fd)
{
    TransportTcp *tcp = g_new0(TransportTcp, 1);
    transport_init(&tcp->base, &tcp_class, fd);
    tcp_deframer_init(&tcp->deframer, false);
    tcp->deframer.max_esp = TRANSPORT_MAX_ESP;
    transport_begin(&tcp->base, NULL);
    tcp->urgent.octets = g_byte_array_new();
    tcp->queue.octets = g_byte_array_new();
    return &tcp->base;
}
