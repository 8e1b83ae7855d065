#include "config.h"

#include "relay/relay.h"

#include "encap/tcp-encap.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG         128
#define OUT_MAX         (256 * 1024) /* octets that wait for a client; more: datagrams are dropped */
#define READS_AT_A_TIME 16           /* so that no stream keeps the others waiting */
#define DATAGRAM_MAX    65536
#define LOGS_A_SECOND   10 /* lines about single streams; the rest is counted */

/* So many events a second. */
typedef struct {
    uint64_t second;
    unsigned used;
} Rate;

typedef struct {
    Relay *relay;
    int tcp, udp;
    InetAddress client;
    TcpDeframer deframer;
    GByteArray *out;
    size_t sent;      /* of out */
    uint64_t packets; /* from the client */
    sd_event_source *tcp_source, *udp_source, *timer;
} Stream;

struct _Relay {
    RelayOptions options;
    RelayStatistics statistics;
    sd_event *event;
    GPtrArray *listeners; /* sd_event_source */
    GHashTable *streams;  /* Stream, as a set */
    Rate accepts, logs;
    int spare; /* given up for a moment to refuse a stream when there are no descriptors left */
    uint8_t *datagram;
};

static bool
rate_allows(Relay *relay, Rate *rate, unsigned most)
{
    uint64_t now = 0;
    sd_event_now(relay->event, CLOCK_MONOTONIC, &now);
    if (now / 1000000 != rate->second)
        *rate = (Rate){ .second = now / 1000000 };
    return rate->used++ < most;
}

static void
log_client(Relay *relay, const InetAddress *client, const char *event)
{
    if (!rate_allows(relay, &relay->logs, LOGS_A_SECOND))
        return;
    g_autofree char *address = inet_address_to_string(client);
    fprintf(stderr, "%s: %s\n", address, event);
}

static bool
fail(GError **error, const char *what, int code)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code), "%s: %s", what, g_strerror(code));
    return false;
}

static socklen_t
to_sockaddr(const InetEndpoint *endpoint, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (endpoint->address.family == INET_V4) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(endpoint->port);
        memcpy(&in->sin_addr, endpoint->address.octets, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(endpoint->port);
    memcpy(&in6->sin6_addr, endpoint->address.octets, 16);
    return sizeof *in6;
}

static InetAddress
from_sockaddr(const struct sockaddr_storage *in)
{
    if (in->ss_family == AF_INET)
        return inet_address_new(INET_V4,
                                (const uint8_t *)&((const struct sockaddr_in *)in)->sin_addr);
    return inet_address_new(INET_V6,
                            (const uint8_t *)&((const struct sockaddr_in6 *)in)->sin6_addr);
}

static void
stream_free(gpointer data)
{
    Stream *stream = data;
    stream->relay->statistics.connections--;
    sd_event_source_disable_unref(stream->tcp_source);
    sd_event_source_disable_unref(stream->udp_source);
    sd_event_source_disable_unref(stream->timer);
    if (stream->tcp >= 0)
        close(stream->tcp);
    if (stream->udp >= 0)
        close(stream->udp);
    tcp_deframer_clear(&stream->deframer);
    g_byte_array_unref(stream->out);
    g_free(stream);
}

static int
stream_close(Stream *stream, uint64_t *counter)
{
    RelayStatistics *statistics = &stream->relay->statistics;
    (*counter)++;
    log_client(stream->relay, &stream->client,
               counter == &statistics->broken      ? "closed: not IKETCP, or its framing is broken"
               : counter == &statistics->timed_out ? "closed: nothing came for too long"
                                                   : "closed by the client");
    g_hash_table_remove(stream->relay->streams, stream);
    return 0;
}

static void
touch(Stream *stream)
{
    sd_event_source_set_time_relative(stream->timer, (uint64_t)stream->relay->options.idle_timeout);
}

/* ---- to the client ---- */

static size_t
waiting(const Stream *stream)
{
    return stream->out->len - stream->sent;
}

/* False when the stream is at its end. */
static bool
flush(Stream *stream)
{
    while (waiting(stream) > 0) {
        ssize_t n = send(stream->tcp, stream->out->data + stream->sent, waiting(stream),
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            return false;
        if (n < 0)
            break;
        stream->sent += (size_t)n;
    }
    /* A client that always takes a little but never all must not make it grow. */
    if (waiting(stream) == 0 || stream->sent >= OUT_MAX) {
        g_byte_array_remove_range(stream->out, 0, (guint)stream->sent);
        stream->sent = 0;
    }
    sd_event_source_set_io_events(stream->tcp_source,
                                  EPOLLIN | (waiting(stream) > 0 ? EPOLLOUT : 0));
    return true;
}

static int
udp_readable(sd_event_source *source, int fd, uint32_t events, void *data)
{
    Stream *stream = data;
    Relay *relay = stream->relay;
    for (unsigned i = 0; i < READS_AT_A_TIME; i++) {
        uint8_t header[TCP_ENCAP_FRAME_HEADER];
        ssize_t n = recv(fd, relay->datagram, DATAGRAM_MAX, MSG_DONTWAIT);
        if (n < 0)
            break; /* nothing there, or an ICMP error: the client's retransmissions decide */
        if (n <= 1 || waiting(stream) + (size_t)n > OUT_MAX ||
            !tcp_encap_frame(header, (size_t)n)) {
            relay->statistics.dropped += n > 1;
            continue;
        }
        g_byte_array_append(stream->out, header, sizeof header);
        g_byte_array_append(stream->out, relay->datagram, (guint)n);
        relay->statistics.packets_out++;
        relay->statistics.most_kept = MAX(relay->statistics.most_kept, stream->out->len);
        touch(stream);
    }
    return flush(stream) ? 0 : stream_close(stream, &relay->statistics.closed);
}

/* ---- to the gateway ---- */

/* False when the stream broke the framing. */
static bool
forward_frames(Stream *stream)
{
    Relay *relay = stream->relay;
    uint8_t *packet;
    size_t length;
    EncapKind kind;
    for (;;) {
        TcpFrame frame = tcp_deframer_next(&stream->deframer, &packet, &length, &kind);
        if (frame != TCP_FRAME_PACKET)
            return frame == TCP_FRAME_NONE;
        if (kind != ENCAP_IKE && kind != ENCAP_ESP) {
            relay->statistics.dropped++;
            continue;
        }
        /* The marker stands right before an IKE message, in the datagram as in the frame. */
        if (kind == ENCAP_IKE) {
            packet -= UDP_ENCAP_MARKER_LENGTH;
            length += UDP_ENCAP_MARKER_LENGTH;
        }
        stream->packets++;
        if (send(stream->udp, packet, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            relay->statistics.dropped++;
        else
            relay->statistics.packets_in++;
    }
}

static int
tcp_ready(sd_event_source *source, int fd, uint32_t events, void *data)
{
    Stream *stream = data;
    Relay *relay = stream->relay;
    if ((events & EPOLLOUT) != 0 && !flush(stream))
        return stream_close(stream, &relay->statistics.closed);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0)
        return 0;
    uint64_t before = stream->packets;
    for (unsigned i = 0; i < READS_AT_A_TIME; i++) {
        size_t space;
        uint8_t *into = tcp_deframer_space(&stream->deframer, &space);
        ssize_t n = recv(fd, into, space, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0)
            return stream_close(stream, &relay->statistics.closed);
        tcp_deframer_added(&stream->deframer, (size_t)n);
        if (!forward_frames(stream))
            return stream_close(stream, &relay->statistics.broken);
        if ((size_t)n < space)
            break;
    }
    if (stream->packets != before) /* octets that never make a packet do not keep it open */
        touch(stream);
    return 0;
}

static int
timed_out(sd_event_source *source, uint64_t now, void *data)
{
    Stream *stream = data;
    return stream_close(stream, &stream->relay->statistics.timed_out);
}

/* ---- accepting ---- */

static unsigned
streams_of(Relay *relay, const InetAddress *client)
{
    GHashTableIter iterator;
    gpointer key;
    unsigned n = 0;
    g_hash_table_iter_init(&iterator, relay->streams);
    while (g_hash_table_iter_next(&iterator, &key, NULL))
        n += inet_address_equal(&((Stream *)key)->client, client);
    return n;
}

static int
open_gateway_socket(const InetEndpoint *gateway)
{
    struct sockaddr_storage address;
    socklen_t length = to_sockaddr(gateway, &address);
    int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, length) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool
stream_open(Relay *relay, int tcp, const InetAddress *client)
{
    int one = 1;
    Stream *stream = g_new0(Stream, 1);
    stream->relay = relay;
    stream->tcp = tcp;
    stream->client = *client;
    stream->out = g_byte_array_new();
    tcp_deframer_init(&stream->deframer, true);
    stream->udp = open_gateway_socket(&relay->options.gateway);
    relay->statistics.connections++;
    setsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(tcp, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    bool ok =
        stream->udp >= 0 &&
        sd_event_add_io(relay->event, &stream->tcp_source, tcp, EPOLLIN, tcp_ready, stream) >= 0 &&
        sd_event_add_io(relay->event, &stream->udp_source, stream->udp, EPOLLIN, udp_readable,
                        stream) >= 0 &&
        sd_event_add_time_relative(relay->event, &stream->timer, CLOCK_MONOTONIC,
                                   (uint64_t)relay->options.prefix_timeout, 100000, timed_out,
                                   stream) >= 0;
    if (ok)
        g_hash_table_add(relay->streams, stream);
    else
        stream_free(stream);
    return ok;
}

/* Without a descriptor left the listener would stay readable for ever. */
static void
refuse_without_descriptor(Relay *relay, int listener)
{
    if (relay->spare >= 0)
        close(relay->spare);
    int tcp = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (tcp >= 0)
        close(tcp);
    relay->statistics.refused++;
    relay->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static const char *
why_not(Relay *relay, const InetAddress *client)
{
    if (relay->statistics.connections >= relay->options.max_connections)
        return "refused: there are as many streams as --max-connections allows";
    if (streams_of(relay, client) >= relay->options.max_per_client)
        return "refused: it has as many streams as --max-per-client allows";
    if (!rate_allows(relay, &relay->accepts, relay->options.max_rate))
        return "refused: streams come faster than --rate allows";
    return NULL;
}

static int
acceptable(sd_event_source *source, int fd, uint32_t events, void *data)
{
    Relay *relay = data;
    for (unsigned i = 0; i < READS_AT_A_TIME; i++) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int tcp = accept4(fd, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (tcp < 0 && (errno == EMFILE || errno == ENFILE))
            refuse_without_descriptor(relay, fd);
        if (tcp < 0)
            return 0;
        InetAddress client = from_sockaddr(&peer);
        const char *refusal = why_not(relay, &client);
        if (refusal != NULL)
            close(tcp);
        else if (!stream_open(relay, tcp, &client))
            refusal = "refused: no socket towards the gateway";
        if (refusal != NULL)
            relay->statistics.refused++;
        else
            relay->statistics.accepted++;
        log_client(relay, &client, refusal != NULL ? refusal : "accepted");
    }
    return 0;
}

/* ---- life ---- */

static void
listener_free(gpointer source)
{
    sd_event_source_disable_unref(source);
}

Relay *
relay_new(const RelayOptions *options, GError **error)
{
    g_autoptr(Relay) relay = g_new0(Relay, 1);
    relay->options = *options;
    relay->listeners = g_ptr_array_new_with_free_func(listener_free);
    relay->streams = g_hash_table_new_full(NULL, NULL, stream_free, NULL);
    relay->datagram = g_malloc(DATAGRAM_MAX);
    relay->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int rc = sd_event_new(&relay->event);
    if (rc < 0) {
        fail(error, "event loop", -rc);
        return NULL;
    }
    return g_steal_pointer(&relay);
}

void
relay_free(Relay *relay)
{
    if (relay == NULL)
        return;
    g_hash_table_unref(relay->streams);
    g_ptr_array_unref(relay->listeners);
    sd_event_unref(relay->event);
    if (relay->spare >= 0)
        close(relay->spare);
    g_free(relay->datagram);
    g_free(relay);
}

bool
relay_add_listener(Relay *relay, int fd, GError **error)
{
    sd_event_source *source = NULL;
    /* systemd hands blocking ones over. */
    int rc = fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
    if (rc == 0)
        rc = sd_event_add_io(relay->event, &source, fd, EPOLLIN, acceptable, relay);
    if (rc < 0) {
        close(fd);
        return fail(error, "listening socket", -rc);
    }
    sd_event_source_set_io_fd_own(source, 1);
    g_ptr_array_add(relay->listeners, source);
    return true;
}

bool
relay_listen(Relay *relay, const InetEndpoint *endpoint, GError **error)
{
    struct sockaddr_storage address;
    socklen_t length = to_sockaddr(endpoint, &address);
    g_autofree char *text = inet_endpoint_to_string(endpoint);
    int one = 1;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(error, text, errno);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (address.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, BACKLOG) < 0) {
        fail(error, text, errno);
        close(fd);
        return false;
    }
    return relay_add_listener(relay, fd, error);
}

static int
terminated(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
    relay_stop(data);
    return 0;
}

bool
relay_run(Relay *relay, GError **error)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    sd_event_add_signal(relay->event, NULL, SIGTERM, terminated, relay);
    sd_event_add_signal(relay->event, NULL, SIGINT, terminated, relay);
    int rc = sd_event_loop(relay->event);
    return rc >= 0 || fail(error, "event loop", -rc);
}

void
relay_stop(Relay *relay)
{
    sd_event_exit(relay->event, 0);
}

const RelayStatistics *
relay_statistics(const Relay *relay)
{
    return &relay->statistics;
}
