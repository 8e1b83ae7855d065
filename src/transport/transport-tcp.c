#include "transport/transport-private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Octets that may wait for the socket before packets stay in the TUN queue instead. */
#define PENDING_ROOM (64 * 1024)
/* IKE is never dropped, but what a peer can make us keep is bounded: beyond this the stream is
 * dead. */
#define PENDING_MAX (1024 * 1024)

typedef struct {
    Transport base;
    TcpDeframer deframer;
    GByteArray *pending; /* framed octets that the socket did not take */
    size_t sent;         /* of pending */
    bool prefix_sent;
    bool connected;
    gint dead; /* atomic: broken; packets wait in the TUN queue for the next stream */
} TransportTcp;

static size_t
waiting(const TransportTcp *tcp)
{
    return tcp->pending->len - tcp->sent;
}

/* Read by the sending thread only. */
static bool
tcp_wants_write(const Transport *transport)
{
    const TransportTcp *tcp = (const TransportTcp *)transport;
    return g_atomic_int_get(&tcp->dead) == 0 && (!tcp->connected || waiting(tcp) > 0);
}

static int
died(TransportTcp *tcp, int error)
{
    g_atomic_int_set(&tcp->dead, 1);
    return error;
}

static int
check_connected(TransportTcp *tcp)
{
    int error = 0;
    socklen_t length = sizeof error;
    struct sockaddr_storage peer;
    socklen_t peer_length = sizeof peer;
    if (tcp->connected)
        return 0;
    if (getsockopt(tcp->base.fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        return errno;
    if (error != 0)
        return error;
    tcp->connected = getpeername(tcp->base.fd, (struct sockaddr *)&peer, &peer_length) == 0;
    return 0;
}

static int
tcp_flush(Transport *transport)
{
    TransportTcp *tcp = (TransportTcp *)transport;
    int rc = check_connected(tcp);
    if (rc != 0)
        return died(tcp, rc);
    if (!tcp->connected)
        return 0;
    while (waiting(tcp) > 0) {
        ssize_t sent = send(transport->fd, tcp->pending->data + tcp->sent, waiting(tcp),
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == EAGAIN ? 0 : died(tcp, errno);
        tcp->sent += (size_t)sent;
    }
    g_byte_array_set_size(tcp->pending, 0);
    tcp->sent = 0;
    return 0;
}

static int
append_frame(TransportTcp *tcp, const void *head, size_t head_length, const uint8_t *data,
             size_t length)
{
    uint8_t frame[TCP_ENCAP_FRAME_HEADER];
    if (!tcp_encap_frame(frame, head_length + length))
        return EMSGSIZE;
    if (waiting(tcp) + length > PENDING_MAX)
        return ENOBUFS;
    if (!tcp->prefix_sent) /* RFC 9329, section 4: once, before anything else */
        g_byte_array_append(tcp->pending, (const uint8_t *)TCP_ENCAP_PREFIX,
                            TCP_ENCAP_PREFIX_LENGTH);
    tcp->prefix_sent = true;
    g_byte_array_append(tcp->pending, frame, sizeof frame);
    if (head_length > 0)
        g_byte_array_append(tcp->pending, head, (guint)head_length);
    g_byte_array_append(tcp->pending, data, (guint)length);
    return 0;
}

static int
tcp_send_ike(Transport *transport, const uint8_t *message, size_t length)
{
    static const uint8_t marker[UDP_ENCAP_MARKER_LENGTH];
    TransportTcp *tcp = (TransportTcp *)transport;
    int rc = append_frame(tcp, marker, sizeof marker, message, length);
    return rc != 0 ? rc : tcp_flush(transport);
}

static bool
tcp_has_room(const Transport *transport)
{
    const TransportTcp *tcp = (const TransportTcp *)transport;
    return tcp->connected && g_atomic_int_get(&tcp->dead) == 0 && waiting(tcp) < PENDING_ROOM;
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
    if (tcp->connected && tcp->prefix_sent && waiting(tcp) == 0) {
        ssize_t sent = send_gathered(tcp, packets, n);
        if (sent < 0) {
            *dropped = n;
            return died(tcp, errno);
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
            if (append_frame(tcp, NULL, 0, packets[i].data, packets[i].length) != 0)
                (*dropped)++;
            continue;
        }
        /* The rest of a frame that has begun to leave. */
        const uint8_t *frame = packets[i].data - TCP_ENCAP_FRAME_HEADER;
        g_byte_array_append(tcp->pending, frame + skip, (guint)(whole - skip));
        skip = 0;
    }
    return 0;
}

static int
tcp_send_keepalive(Transport *transport)
{
    return 0;
}

/* What the deframer holds already; a broken stream ends the transport (RFC 9329, section 3). */
static int
take_frames(TransportTcp *tcp, TransportPacket *packets, size_t *n)
{
    while (*n < TRANSPORT_BATCH) {
        TransportPacket *packet = &packets[*n];
        TcpFrame frame =
            tcp_deframer_next(&tcp->deframer, &packet->data, &packet->length, &packet->kind);
        if (frame == TCP_FRAME_BROKEN)
            return EPROTO;
        if (frame == TCP_FRAME_NONE)
            break;
        if (packet->kind == ENCAP_IKE || packet->kind == ENCAP_ESP)
            (*n)++;
        else
            transport_count_garbage(&tcp->base);
    }
    return 0;
}

static int
tcp_receive(Transport *transport, TransportPacket *packets, size_t *n)
{
    TransportTcp *tcp = (TransportTcp *)transport;
    size_t space;
    *n = 0;
    int rc = take_frames(tcp, packets, n);
    if (rc != 0)
        return died(tcp, rc);
    if (*n > 0)
        return 0;
    uint8_t *into = tcp_deframer_space(&tcp->deframer, &space);
    ssize_t got = recv(transport->fd, into, space, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : died(tcp, errno);
    if (got == 0)
        return died(tcp, ECONNRESET);
    tcp_deframer_added(&tcp->deframer, (size_t)got);
    return take_frames(tcp, packets, n);
}

static void
tcp_free(Transport *transport)
{
    TransportTcp *tcp = (TransportTcp *)transport;
    tcp_deframer_clear(&tcp->deframer);
    g_byte_array_unref(tcp->pending);
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
    tcp->pending = g_byte_array_new();
    return &tcp->base;
}
