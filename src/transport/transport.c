#include "transport/transport-private.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a stream takes at a time, and keeps unsent: that much of a second's octets. */
#define ROOM_SHARE 500
#define ROOM_LEAST (4 * 1024)
#define ROOM_MOST  (256 * 1024)
#define ROOM_SLOW  (64 * 1024)

void
transport_init(Transport *transport, const TransportClass *class, int fd)
{
    transport->class = class;
    transport->fd = fd;
    g_atomic_ref_count_init(&transport->references);
}

static bool
read_tcp_info(const Transport *transport, struct tcp_info *info)
{
    socklen_t length = sizeof *info;
    memset(info, 0, sizeof *info); /* an older kernel knows less of it */
    return getsockopt(transport->fd, IPPROTO_TCP, TCP_INFO, info, &length) == 0;
}

static void
set_room(Transport *transport, size_t room)
{
    uint32_t unsent = (uint32_t)room;
    transport->room = room;
    (void)setsockopt(transport->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

void
transport_begin(Transport *transport, TlsStream *tls)
{
    transport->opening = stream_opening_new(transport->fd, tls);
    set_room(transport, ROOM_LEAST);
}

int
transport_died(Transport *transport, int error)
{
    g_atomic_int_set(&transport->dead, 1);
    return error;
}

void
transport_count_garbage(Transport *transport)
{
    __atomic_fetch_add(&transport->garbage, 1, __ATOMIC_RELAXED);
}

/* Of the frame at the front, which is not whole: since when it has been coming. False: for too
 * long. What only stalls is TCP's to judge. */
static bool
note_part(Transport *transport, const TcpDeframer *deframer, bool another)
{
    if (!tcp_deframer_is_unfinished(deframer)) {
        transport->part_since = 0;
        return true;
    }
    gint64 now = g_get_monotonic_time();
    if (another || transport->part_since == 0)
        transport->part_since = now;
    return now - transport->part_since < TRANSPORT_FRAME_PATIENCE;
}

int
transport_take_frames(Transport *transport, TcpDeframer *deframer, bool fresh,
                      TransportPacket *packets, size_t *n)
{
    bool any = false;
    while (*n < TRANSPORT_BATCH) {
        TransportPacket *packet = &packets[*n];
        TcpFrame frame = tcp_deframer_next(deframer, &packet->data, &packet->length, &packet->kind);
        if (frame == TCP_FRAME_BROKEN)
            return EPROTO;
        if (frame == TCP_FRAME_NONE)
            break;
        any = true;
        if (packet->kind == ENCAP_IKE || packet->kind == ENCAP_ESP)
            (*n)++;
        else if (packet->kind == ENCAP_GARBAGE) /* a keepalive is none (RFC 9329, section 6.6) */
            transport_count_garbage(transport);
    }
    return !(fresh || any) || note_part(transport, deframer, any) ? 0 : EPROTO;
}

int
transport_judge(Transport *transport, TransportJudgement judgement)
{
    if (judgement == TRANSPORT_NEUTRAL || !transport_is_stream(transport))
        return 0;
    if (judgement == TRANSPORT_AUTHENTIC) {
        if (g_atomic_int_get(&transport->unknown) != 0) /* seldom: it is another thread's too */
            g_atomic_int_set(&transport->unknown, 0);
        return 0;
    }
    bool corrupt = judgement == TRANSPORT_FORGED ||
                   g_atomic_int_add(&transport->unknown, 1) >= TRANSPORT_MAX_UNKNOWN;
    return corrupt && g_atomic_int_compare_and_exchange(&transport->dead, 0, 1) ? EPROTO : 0;
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
    stream_opening_free(transport->opening);
    g_free(transport->why);
    int fd = transport->fd;
    transport->class->free(transport);
    close(fd);
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

void
transport_use_proxy(Transport *transport, ProxyClient *proxy)
{
    g_return_if_fail(transport->opening != NULL && transport->opening->proxy == NULL);
    transport->opening->proxy = proxy;
}

ProxyState
transport_proxy_state(const Transport *transport, const char **challenge)
{
    const StreamOpening *opening = transport->opening;
    *challenge = NULL;
    if (opening == NULL || opening->proxy == NULL)
        return PROXY_OPEN;
    *challenge = proxy_client_challenge(opening->proxy);
    return proxy_client_state(opening->proxy);
}

short
transport_opening(const Transport *transport)
{
    return transport->opening == NULL || transport_is_dead(transport)
               ? 0
               : stream_opening_events(transport->opening);
}

int
transport_open(Transport *transport)
{
    bool done;
    if (transport->opening == NULL)
        return 0;
    int rc = stream_opening_step(transport->opening, &done);
    if (rc != 0 && transport->why == NULL)
        transport->why = g_strdup(transport->opening->why);
    if (rc != 0)
        return transport_died(transport, rc);
    if (!done)
        return 0;
    if (transport->class->opened != NULL)
        transport->class->opened(transport);
    g_clear_pointer(&transport->opening, stream_opening_free);
    return 0;
}

const char *
transport_why(const Transport *transport)
{
    return transport->why;
}

Secret *
transport_take_session(Transport *transport)
{
    return transport->class->take_session != NULL ? transport->class->take_session(transport)
                                                  : NULL;
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

/* The kernel's own idea of the path is not asked either: finding out is what a probe is for. */
int
transport_send_probe(Transport *transport, const uint8_t *message, size_t length)
{
    int domain = AF_INET;
    socklen_t size = sizeof domain;
    (void)getsockopt(transport->fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    bool v6 = domain == AF_INET6;
    int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP, option = v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER;
    int before = 0, whole = v6 ? IPV6_PMTUDISC_PROBE : IP_PMTUDISC_PROBE;
    size = sizeof before;
    if (transport_is_stream(transport) ||
        getsockopt(transport->fd, level, option, &before, &size) < 0 ||
        setsockopt(transport->fd, level, option, &whole, sizeof whole) < 0)
        return transport_send_ike(transport, message, length);
    int error = transport_send_ike(transport, message, length);
    (void)setsockopt(transport->fd, level, option, &before, sizeof before);
    return error;
}

bool
transport_is_slow(const Transport *transport)
{
    return transport_is_stream(transport) && transport->room <= ROOM_SLOW;
}

bool
transport_has_room(const Transport *transport)
{
    struct tcp_info info;
    if (!transport->class->has_room(transport))
        return false;
    /* The kernel takes a whole large write, however little it is told to keep: where that would
     * take long to leave, it is asked. */
    return !transport_is_slow(transport) || !read_tcp_info(transport, &info) ||
           info.tcpi_notsent_bytes < transport->room;
}

size_t
transport_room(const Transport *transport)
{
    return transport_is_stream(transport) ? transport->room : SIZE_MAX;
}

void
transport_pace(Transport *transport)
{
    struct tcp_info info;
    if (!transport_is_stream(transport) || transport_is_dead(transport) ||
        !read_tcp_info(transport, &info))
        return;
    uint64_t room = info.tcpi_delivery_rate / ROOM_SHARE;
    set_room(transport, (size_t)CLAMP(room, ROOM_LEAST, ROOM_MOST));
}

bool
transport_is_drained(const Transport *transport)
{
    struct tcp_info info;
    if (!transport_is_stream(transport) || transport_is_dead(transport))
        return true;
    return !transport_wants_write(transport) && read_tcp_info(transport, &info) &&
           info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0;
}

bool
transport_awaits_ack(const Transport *transport, Duration *last_ack, Duration *round_trip)
{
    struct tcp_info info;
    *last_ack = *round_trip = 0;
    if (!transport_is_stream(transport) || transport_is_dead(transport) ||
        !read_tcp_info(transport, &info))
        return false;
    *last_ack = info.tcpi_last_ack_recv * DURATION_MILLISECOND;
    *round_trip = info.tcpi_rtt + 4 * (Duration)info.tcpi_rttvar; /* RFC 6298, section 2 */
    return info.tcpi_unacked > 0;
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
