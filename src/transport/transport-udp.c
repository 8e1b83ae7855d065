#include "transport/transport-private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Larger datagrams than this are IKE messages in clear fragments of IP: they come alone. */
#define SLOT_LENGTH  9216
#define LARGE_LENGTH 65536

typedef struct {
    Transport base;
    bool marker;
    uint8_t *memory; /* TRANSPORT_BATCH slots, then one large one for what does not fit the first */
} TransportUdp;

static bool
udp_wants_write(const Transport *transport)
{
    return false;
}

static int
udp_flush(Transport *transport)
{
    return 0;
}

static int
send_vector(Transport *transport, struct iovec *iov, size_t n)
{
    struct msghdr message = { .msg_iov = iov, .msg_iovlen = n };
    ssize_t sent;
    do
        sent = sendmsg(transport->fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return 0;
    /* A full socket buffer loses the datagram, as any link on the way may. */
    return errno == EAGAIN || errno == ENOBUFS ? 0 : errno;
}

static int
udp_send_ike(Transport *transport, const uint8_t *data, size_t length)
{
    static const uint8_t zero[UDP_ENCAP_MARKER_LENGTH];
    TransportUdp *udp = (TransportUdp *)transport;
    struct iovec iov[2] = { { (void *)zero, sizeof zero }, { (void *)data, length } };
    return udp->marker ? send_vector(transport, iov, 2) : send_vector(transport, iov + 1, 1);
}

static bool
udp_has_room(const Transport *transport)
{
    return true;
}

static int
udp_send_esp(Transport *transport, const TransportPacket *packets, size_t n, size_t *dropped)
{
    struct mmsghdr messages[TRANSPORT_BATCH];
    struct iovec iov[TRANSPORT_BATCH];
    memset(messages, 0, n * sizeof *messages);
    for (size_t i = 0; i < n; i++) {
        iov[i] = (struct iovec){ packets[i].data, packets[i].length };
        messages[i].msg_hdr.msg_iov = &iov[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int hint = 0;
    *dropped = 0;
    for (size_t done = 0; done < n;) {
        int sent = sendmmsg(transport->fd, messages + done, (unsigned)(n - done), MSG_NOSIGNAL);
        if (sent > 0) {
            done += (size_t)sent;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno == EAGAIN || errno == ENOBUFS) {
            *dropped += n - done;
            break;
        }
        hint = errno; /* of this one packet, or of an ICMP message that came before it */
        (*dropped)++;
        done++;
    }
    return hint;
}

static int
udp_send_keepalive(Transport *transport)
{
    uint8_t octet = UDP_ENCAP_KEEPALIVE;
    struct iovec iov = { &octet, 1 };
    return send_vector(transport, &iov, 1);
}

static void
sort_packet(TransportUdp *udp, uint8_t *data, size_t length, TransportPacket *packets, size_t *n)
{
    size_t offset;
    EncapKind kind = udp_encap_classify(data, length, udp->marker, &offset);
    if (kind == ENCAP_IKE || kind == ENCAP_ESP)
        packets[(*n)++] = (TransportPacket){ data + offset, length - offset, kind };
    else
        transport_count_garbage(&udp->base);
}

static int
udp_receive(Transport *transport, TransportPacket *packets, size_t *n)
{
    TransportUdp *udp = (TransportUdp *)transport;
    uint8_t *large = udp->memory + TRANSPORT_BATCH * SLOT_LENGTH;
    struct mmsghdr messages[TRANSPORT_BATCH];
    struct iovec iov[TRANSPORT_BATCH];
    memset(messages, 0, sizeof messages);
    for (size_t i = 0; i < TRANSPORT_BATCH; i++) {
        iov[i] = (struct iovec){ udp->memory + i * SLOT_LENGTH, SLOT_LENGTH };
        messages[i].msg_hdr.msg_iov = &iov[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    iov[0] = (struct iovec){ large, LARGE_LENGTH };
    *n = 0;
    int got = recvmmsg(transport->fd, messages, TRANSPORT_BATCH, MSG_DONTWAIT, NULL);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : errno;
    for (int i = 0; i < got; i++) {
        if ((messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0)
            transport_count_garbage(transport);
        else
            sort_packet(udp, iov[i].iov_base, messages[i].msg_len, packets, n);
    }
    return 0;
}

static void
udp_free(Transport *transport)
{
    TransportUdp *udp = (TransportUdp *)transport;
    g_free(udp->memory);
    g_free(udp);
}

static const TransportClass udp_class = {
    .kind = TRANSPORT_UDP,
    .wants_write = udp_wants_write,
    .flush = udp_flush,
    .send_ike = udp_send_ike,
    .has_room = udp_has_room,
    .send_esp = udp_send_esp,
    .send_keepalive = udp_send_keepalive,
    .receive = udp_receive,
    .free = udp_free,
};

Transport *
transport_udp_new(int fd, bool marker)
{
    TransportUdp *udp = g_new0(TransportUdp, 1);
    transport_init(&udp->base, &udp_class, fd);
    udp->marker = marker;
    udp->memory = g_malloc(TRANSPORT_BATCH * SLOT_LENGTH + LARGE_LENGTH);
    return &udp->base;
}
