#include "transport/transport-private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Newer than the C library's header. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO     104
#endif

#define RUN_PACKETS   64    /* of one UDP_SEGMENT send: the kernel's limit, of any version */
#define RUN_OCTETS    65000 /* with its headers one IP packet */
#define READ_MESSAGES 4     /* of one read; each is one datagram or a run of up to RUN_PACKETS */
#define ECN_MASK      3     /* of the octet that was "type of service" once */
#define READ_ROOM     65536 /* a run, or an IKE message in fragments of IP */

typedef struct {
    Transport base;
    bool marker;
    bool v6;
    size_t segment_limit; /* packets of this length and longer are not sent as runs */
    uint8_t *memory;      /* READ_MESSAGES times READ_ROOM */
} TransportUdp;

G_STATIC_ASSERT(READ_MESSAGES *RUN_PACKETS <= TRANSPORT_BATCH);

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

/* ---- runs of packets ---- */

typedef union {
    char octets[CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(int))];
    struct cmsghdr header; /* aligns it */
} SendControl;

/* What one call sends: messages of one packet or of a run. */
typedef struct {
    struct iovec iov[TRANSPORT_BATCH];
    struct mmsghdr messages[TRANSPORT_BATCH];
    SendControl control[TRANSPORT_BATCH];
} SendBatch;

/* How many of the packets, all of one length but for a shorter last one, go as one: with one outer
 * header. */
static size_t
run_length(const TransportUdp *udp, const TransportPacket *packets, size_t n)
{
    size_t length = packets[0].length, octets = length, run = 1;
    if (length >= udp->segment_limit)
        return 1;
    while (run < n && run < RUN_PACKETS && packets[run].length <= length &&
           packets[run].ecn == packets[0].ecn && octets + packets[run].length <= RUN_OCTETS) {
        octets += packets[run++].length;
        if (packets[run - 1].length < length)
            break;
    }
    return run;
}

static void
append_control(struct msghdr *message, SendControl *control, int level, int type, const void *value,
               size_t length)
{
    struct cmsghdr *header = (struct cmsghdr *)(void *)(control->octets + message->msg_controllen);
    *header =
        (struct cmsghdr){ .cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type };
    memcpy(CMSG_DATA(header), value, length);
    message->msg_control = control;
    message->msg_controllen += CMSG_SPACE(length);
}

static void
set_segment(struct msghdr *message, SendControl *control, size_t length)
{
    uint16_t size = (uint16_t)length;
    append_control(message, control, SOL_UDP, UDP_SEGMENT, &size, sizeof size);
}

static void
set_ecn(const TransportUdp *udp, struct msghdr *message, SendControl *control, uint8_t ecn)
{
    int tos = ecn;
    if (udp->v6)
        append_control(message, control, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
    else
        append_control(message, control, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
}

/* How many messages the packets make. */
static size_t
make_messages(const TransportUdp *udp, SendBatch *batch, const TransportPacket *packets, size_t n)
{
    size_t messages = 0;
    for (size_t i = 0; i < n; i++)
        batch->iov[i] = (struct iovec){ packets[i].data, packets[i].length };
    for (size_t i = 0; i < n;) {
        size_t run = run_length(udp, packets + i, n - i);
        struct msghdr *message = &batch->messages[messages].msg_hdr;
        *message = (struct msghdr){ .msg_iov = &batch->iov[i], .msg_iovlen = run };
        if (run > 1)
            set_segment(message, &batch->control[messages], packets[i].length);
        if (packets[i].ecn != 0)
            set_ecn(udp, message, &batch->control[messages], packets[i].ecn);
        messages++;
        i += run;
    }
    return messages;
}

static size_t
packets_in(const SendBatch *batch, size_t from, size_t to)
{
    size_t n = 0;
    for (size_t i = from; i < to; i++)
        n += batch->messages[i].msg_hdr.msg_iovlen;
    return n;
}

/* As many as go; *failed: the errno of the first that did not, 0 where all went. */
static size_t
send_messages(const Transport *transport, SendBatch *batch, size_t n, int *failed)
{
    size_t done = 0;
    *failed = 0;
    while (done < n) {
        int sent =
            sendmmsg(transport->fd, batch->messages + done, (unsigned)(n - done), MSG_NOSIGNAL);
        if (sent > 0) {
            done += (size_t)sent;
        } else if (errno != EINTR) {
            *failed = errno;
            break;
        }
    }
    return done;
}

/* The path or its device takes no runs, or none so long: single packets from now on. */
static bool
refuses_runs(TransportUdp *udp, const struct msghdr *message, int error)
{
    if (message->msg_iovlen == 1 || (error != EINVAL && error != EIO && error != EMSGSIZE))
        return false;
    udp->segment_limit = error == EIO ? 0 : message->msg_iov[0].iov_len;
    return true;
}

static int
udp_send_esp(Transport *transport, const TransportPacket *packets, size_t n, size_t *dropped)
{
    TransportUdp *udp = (TransportUdp *)transport;
    SendBatch batch;
    int hint = 0, failed;
    *dropped = 0;
    while (n > 0) {
        size_t messages = make_messages(udp, &batch, packets, n);
        size_t sent = send_messages(transport, &batch, messages, &failed);
        size_t gone = packets_in(&batch, 0, sent);
        if (failed == EAGAIN || failed == ENOBUFS) {
            *dropped += n - gone;
            break;
        }
        if (failed != 0 && !refuses_runs(udp, &batch.messages[sent].msg_hdr, failed)) {
            hint = failed; /* of this one message, or of an ICMP message that came before it */
            *dropped += batch.messages[sent].msg_hdr.msg_iovlen;
            gone += batch.messages[sent].msg_hdr.msg_iovlen;
        }
        packets += gone;
        n -= gone;
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

/* ---- receiving ---- */

static void
sort_packet(TransportUdp *udp, uint8_t *data, size_t length, uint8_t ecn, TransportPacket *packets,
            size_t *n)
{
    size_t offset;
    EncapKind kind = udp_encap_classify(data, length, udp->marker, &offset);
    if (kind == ENCAP_IKE || kind == ENCAP_ESP)
        packets[(*n)++] = (TransportPacket){ data + offset, length - offset, kind, ecn };
    else
        transport_count_garbage(&udp->base);
}

/* Octets of each datagram in it but the last. */
static size_t
segment_size(struct msghdr *message, size_t length)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        int size;
        if (header->cmsg_level != SOL_UDP || header->cmsg_type != UDP_GRO)
            continue;
        memcpy(&size, CMSG_DATA(header), sizeof size);
        /* Never more pieces than there is room for. */
        if (size > 0 && (size_t)size >= (length + RUN_PACKETS - 1) / RUN_PACKETS)
            return (size_t)size;
    }
    return length;
}

/* Of all datagrams in it: the kernel joins none whose headers differ. */
static uint8_t
outer_ecn(struct msghdr *message)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        int traffic_class;
        if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_TOS)
            return *CMSG_DATA(header) & ECN_MASK;
        if (header->cmsg_level != IPPROTO_IPV6 || header->cmsg_type != IPV6_TCLASS)
            continue;
        memcpy(&traffic_class, CMSG_DATA(header), sizeof traffic_class);
        return (uint8_t)(traffic_class & ECN_MASK);
    }
    return 0;
}

static void
take_message(TransportUdp *udp, struct mmsghdr *message, TransportPacket *packets, size_t *n)
{
    uint8_t *data = message->msg_hdr.msg_iov->iov_base;
    size_t length = message->msg_len, size = segment_size(&message->msg_hdr, length);
    uint8_t ecn = outer_ecn(&message->msg_hdr);
    if ((message->msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        transport_count_garbage(&udp->base);
        return;
    }
    do {
        size_t piece = MIN(size, length);
        sort_packet(udp, data, piece, ecn, packets, n);
        data += piece;
        length -= piece;
    } while (length > 0);
}

static int
udp_receive(Transport *transport, TransportPacket *packets, size_t *n)
{
    TransportUdp *udp = (TransportUdp *)transport;
    struct mmsghdr messages[READ_MESSAGES];
    struct iovec iov[READ_MESSAGES];
    union {
        char octets[2 * CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control[READ_MESSAGES];
    memset(messages, 0, sizeof messages);
    for (size_t i = 0; i < READ_MESSAGES; i++) {
        iov[i] = (struct iovec){ udp->memory + i * READ_ROOM, READ_ROOM };
        messages[i].msg_hdr.msg_iov = &iov[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_control = &control[i];
        messages[i].msg_hdr.msg_controllen = sizeof control[i];
    }
    *n = 0;
    int got = recvmmsg(transport->fd, messages, READ_MESSAGES, MSG_DONTWAIT, NULL);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : errno;
    for (int i = 0; i < got; i++)
        take_message(udp, &messages[i], packets, n);
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
    int on = 1, family = AF_INET;
    socklen_t length = sizeof family;
    transport_init(&udp->base, &udp_class, fd);
    udp->marker = marker;
    (void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
    udp->v6 = family == AF_INET6;
    udp->segment_limit = SIZE_MAX;
    udp->memory = g_malloc(READ_MESSAGES * READ_ROOM);
    /* An older kernel delivers one datagram at a time. */
    (void)setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on);
    /* Marks of congestion are the inner packets', too (RFC 7296, section 2.24). */
    if (udp->v6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof on);
    else
        (void)setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof on);
    return &udp->base;
}
