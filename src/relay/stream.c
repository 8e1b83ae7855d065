/*
 * One client's stream: what comes before the first frame, the frames themselves to a UDP socket of
 * its own, and the gateway's datagrams back. What it keeps is counted against the whole relay's
 * memory. RFC 9329, sections 3, 4 and appendix A.
 */
#include "config.h"

#include "relay/relay-private.h"

#include "encap/proxy-header.h"
#include "relay/gateway-choice.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define OUT_MAX       (256 * 1024) /* octets that wait for a client; more: datagrams are dropped */
#define FREE_SHARE    64           /* one stream gets no more than this part of what is free */
#define NOTSENT_MAX   (64 * 1024)  /* octets in the kernel that have not begun to leave */
#define FRAME_TIMEOUT (60 * 1000 * 1000ull) /* for the rest of a frame that has begun */
#define DATAGRAM_MAX  65536
#define NEVER         UINT64_MAX

static int
stream_close(Stream *stream, uint64_t *counter)
{
    RelayStatistics *statistics = &stream->relay->statistics;
    (*counter)++;
    relay_log(stream->relay, &stream->client.address,
              counter == &statistics->broken      ? "closed: not IKETCP, or its framing is broken"
              : counter == &statistics->timed_out ? "closed: nothing came for too long"
              : counter == &statistics->refused ? "refused: beyond a limit, or no way to a gateway"
              : counter == &statistics->tls_failed ? "closed: TLS failed"
              : counter == &statistics->drained    ? "closed: the relay stops"
                                                   : "closed by the client");
    g_hash_table_remove(stream->relay->streams, stream);
    return 0;
}

/* ---- memory ---- */

static size_t
waiting(const Stream *stream)
{
    return stream->out != NULL ? stream->out->len - stream->sent : 0;
}

bool
stream_has_nothing_to_send(const Stream *stream)
{
    return waiting(stream) == 0;
}

static void
account(Stream *stream)
{
    RelayStatistics *s = &stream->relay->statistics;
    size_t now = waiting(stream) + stream->unfinished;
    s->kept = s->kept - stream->accounted + now;
    stream->accounted = now;
    s->most_kept = MAX(s->most_kept, now);
    s->most_kept_in_all = MAX(s->most_kept_in_all, s->kept);
}

/* A share of what is free: who wants much is refused long before who wants little. */
static size_t
share(const Relay *relay)
{
    uint64_t kept = relay->statistics.kept, most = relay->options.max_memory;
    return kept < most ? (size_t)((most - kept) / FREE_SHARE) : 0;
}

/* ---- time ---- */

static int
timed_out(sd_event_source *source, uint64_t now, void *data)
{
    Stream *stream = data;
    uint64_t next = MIN(stream->deadline, stream->frame_deadline);
    if (now >= next)
        return stream_close(stream, &stream->relay->statistics.timed_out);
    stream->armed = next;
    sd_event_source_set_time(source, next);
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    return 0;
}

/* A packet came or went. The timer looks when it fires, unless that would be too late. */
static void
touch(Stream *stream)
{
    stream->deadline = relay_now(stream->relay) + (uint64_t)stream->relay->options.idle_timeout;
    if (stream->deadline < stream->armed) {
        stream->armed = stream->deadline;
        sd_event_source_set_time(stream->timer, stream->armed);
    }
}

static void
watch_frame(Stream *stream, bool another)
{
    if (stream->unfinished == 0)
        stream->frame_deadline = NEVER;
    else if (another || stream->frame_deadline == NEVER)
        stream->frame_deadline = relay_now(stream->relay) + FRAME_TIMEOUT;
    if (stream->frame_deadline < stream->armed) {
        stream->armed = stream->frame_deadline;
        sd_event_source_set_time(stream->timer, stream->armed);
    }
}

/* ---- to the client ---- */

static ssize_t
send_some(int fd, const uint8_t *data, size_t length)
{
    size_t sent = 0;
    while (sent < length) {
        ssize_t n = send(fd, data + sent, length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            return -1;
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    return (ssize_t)sent;
}

static void
want_room(Stream *stream)
{
    sd_event_source_set_io_events(stream->tcp_source,
                                  EPOLLIN | (waiting(stream) > 0 ? EPOLLOUT : 0));
}

/* False when the stream is at its end. */
static bool
flush(Stream *stream)
{
    if (waiting(stream) == 0)
        return true;
    ssize_t n = send_some(stream->tcp, stream->out->data + stream->sent, waiting(stream));
    if (n < 0)
        return false;
    stream->sent += (size_t)n;
    if (waiting(stream) == 0) {
        g_clear_pointer(&stream->out, g_byte_array_unref);
        stream->sent = 0;
    } else if (stream->sent >= OUT_MAX) {
        /* A client that always takes a little but never all must not make it grow. */
        g_byte_array_remove_range(stream->out, 0, (guint)stream->sent);
        stream->sent = 0;
    }
    account(stream);
    want_room(stream);
    return true;
}

/* Octets as they go on the wire. Only what the socket does not take is kept. */
static bool
push(Stream *stream, const uint8_t *data, size_t length)
{
    if (waiting(stream) == 0) {
        ssize_t n = send_some(stream->tcp, data, length);
        if (n < 0)
            return false;
        data += n;
        length -= (size_t)n;
    }
    if (length == 0)
        return true;
    if (stream->out == NULL)
        stream->out = g_byte_array_new();
    g_byte_array_append(stream->out, data, (guint)length);
    account(stream);
    want_room(stream);
    return true;
}

static bool
push_frames(Stream *stream, const GByteArray *frames)
{
    Relay *relay = stream->relay;
    if (stream->tls == NULL)
        return push(stream, frames->data, frames->len);
    g_byte_array_set_size(relay->records, 0);
    return tls_server_write(stream->tls, frames->data, frames->len, relay->records) &&
           push(stream, relay->records->data, relay->records->len);
}

static int
udp_readable(sd_event_source *source, int fd, uint32_t events, void *data)
{
    Stream *stream = data;
    Relay *relay = stream->relay;
    RelayStatistics *s = &relay->statistics;
    size_t most = MIN(OUT_MAX, share(relay)), already = waiting(stream);
    g_byte_array_set_size(relay->batch, 0);
    for (unsigned i = 0; i < READS_AT_A_TIME; i++) {
        uint8_t header[TCP_ENCAP_FRAME_HEADER];
        ssize_t n = recv(fd, relay->datagram, DATAGRAM_MAX, MSG_DONTWAIT);
        if (n < 0) /* also what ICMP said */
            break;
        /* Over a stream there are no keepalives. */
        if (n <= 1 || already + relay->batch->len + (size_t)n > most ||
            !tcp_encap_frame(header, (size_t)n)) {
            s->dropped += n > 1;
            continue;
        }
        g_byte_array_append(relay->batch, header, sizeof header);
        g_byte_array_append(relay->batch, relay->datagram, (guint)n);
        s->packets_out++;
        s->octets_out += (uint64_t)n;
    }
    if (relay->batch->len == 0)
        return 0;
    touch(stream);
    return push_frames(stream, relay->batch) ? 0 : stream_close(stream, &s->closed);
}

/* ---- to the gateway ---- */

/* With the first packet, which tells which gateway it is. False: there is no way. */
static bool
find_gateway(Stream *stream, EncapKind kind, const uint8_t *packet, size_t length)
{
    const Relay *relay = stream->relay;
    const RelayOptions *options = &relay->options;
    unsigned which = 0;
    uint64_t spi;
    if (options->n_gateways > 1) {
        /* ESP does not tell; an IKE message comes first on every new stream (RFC 9329, section 6.1,
         * asks for one), so that little is lost. */
        if (kind != ENCAP_IKE || !gateway_choice_spi(packet, length, &spi))
            return true;
        which = gateway_choice(spi, options->gateways, options->n_gateways,
                               options->transparent ? stream->client.address.family : INET_NONE);
    }
    stream->udp = gateway_socket(options, &options->gateways[which], &stream->client);
    return stream->udp >= 0 && sd_event_add_io(relay->event, &stream->udp_source, stream->udp,
                                               EPOLLIN, udp_readable, stream) >= 0;
}

static void
forward(Stream *stream, const uint8_t *packet, size_t length)
{
    RelayStatistics *s = &stream->relay->statistics;
    stream->packets++;
    if (stream->udp < 0 || send(stream->udp, packet, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        s->dropped++;
        return;
    }
    s->packets_in++;
    s->octets_in += length;
}

/* NULL while all is well, else the counter of why the stream is at its end. */
static uint64_t *
forward_frames(Stream *stream)
{
    RelayStatistics *s = &stream->relay->statistics;
    uint8_t *packet;
    size_t length;
    EncapKind kind;
    for (;;) {
        TcpFrame frame = tcp_deframer_next(&stream->deframer, &packet, &length, &kind);
        if (frame != TCP_FRAME_PACKET)
            return frame == TCP_FRAME_NONE ? NULL : &s->broken;
        if (kind != ENCAP_IKE && kind != ENCAP_ESP) {
            s->dropped++;
            continue;
        }
        if (stream->udp < 0 && !find_gateway(stream, kind, packet, length))
            return &s->refused;
        /* The marker stands right before an IKE message, in the datagram as in the frame. */
        size_t marker = kind == ENCAP_IKE ? UDP_ENCAP_MARKER_LENGTH : 0;
        forward(stream, packet - marker, length + marker);
    }
}

/* After the last frame that was whole: what is left over is kept, within the share. */
static uint64_t *
settle(Stream *stream, uint64_t *reason)
{
    RelayStatistics *s = &stream->relay->statistics;
    stream->unfinished = tcp_deframer_settle(&stream->deframer);
    account(stream);
    if (reason == NULL && stream->unfinished > share(stream->relay))
        reason = &s->refused;
    return reason;
}

/* ---- from the client ---- */

/* Sets *more where the socket may hold more. */
static uint64_t *
read_clear(Stream *stream, bool *more)
{
    RelayStatistics *s = &stream->relay->statistics;
    uint64_t *reason = NULL;
    size_t space;
    tcp_deframer_borrow(&stream->deframer, stream->relay->input);
    uint8_t *into = tcp_deframer_space(&stream->deframer, &space);
    ssize_t n = recv(stream->tcp, into, space, MSG_DONTWAIT);
    if (n > 0) {
        tcp_deframer_added(&stream->deframer, (size_t)n);
        reason = forward_frames(stream);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        reason = &s->closed;
    }
    *more = n == (ssize_t)space;
    return settle(stream, reason);
}

static uint64_t *
take_plain(Stream *stream)
{
    const GByteArray *plain = stream->relay->plain;
    uint64_t *reason = NULL;
    tcp_deframer_borrow(&stream->deframer, stream->relay->input);
    for (size_t done = 0; reason == NULL && done < plain->len;) {
        size_t space;
        uint8_t *into = tcp_deframer_space(&stream->deframer, &space);
        size_t n = MIN(space, plain->len - done);
        memcpy(into, plain->data + done, n);
        tcp_deframer_added(&stream->deframer, n);
        done += n;
        reason = forward_frames(stream);
    }
    return settle(stream, reason);
}

static uint64_t *
read_tls(Stream *stream, bool *more)
{
    Relay *relay = stream->relay;
    RelayStatistics *s = &relay->statistics;
    *more = false;
    ssize_t n = recv(stream->tcp, relay->datagram, DATAGRAM_MAX, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return NULL;
    if (n <= 0)
        return &s->closed;
    *more = n == DATAGRAM_MAX;
    g_byte_array_set_size(relay->plain, 0);
    g_byte_array_set_size(relay->records, 0);
    TlsServerState state =
        tls_server_feed(stream->tls, relay->datagram, (size_t)n, relay->plain, relay->records);
    if (stream->phase == STREAM_TLS && state == TLS_SERVER_OPEN) {
        stream->phase = STREAM_OPEN;
        s->tls_accepted++;
        s->tls_resumed += tls_server_was_resumed(stream->tls);
    }
    if (!push(stream, relay->records->data, relay->records->len))
        return &s->closed;
    uint64_t *reason = relay->plain->len > 0 ? take_plain(stream) : NULL;
    if (reason == NULL && waiting(stream) > OUT_MAX)
        reason = &s->refused; /* makes us answer, and does not read */
    if (reason == NULL && state == TLS_SERVER_FAILED)
        reason = &s->tls_failed;
    return reason == NULL && state == TLS_SERVER_CLOSED ? &s->closed : reason;
}

static bool
begin_tls(Stream *stream)
{
    RelayTls *tls = &stream->relay->tls;
    if (!stream->with_tls) {
        stream->phase = STREAM_OPEN;
        return true;
    }
    relay_tls_refresh(tls, relay_now(stream->relay), false);
    stream->phase = STREAM_TLS;
    stream->tls = tls->identity != NULL ? tls_server_new(tls->identity) : NULL;
    return stream->tls != NULL;
}

static uint64_t *
header_is_there(Stream *stream, const InetEndpoint *client)
{
    RelayStatistics *s = &stream->relay->statistics;
    g_clear_pointer(&stream->head, g_byte_array_unref);
    if (client->address.family != INET_NONE) {
        stream->client = *client;
        stream->counted = relay_count_client(stream->relay, &client->address);
        if (!stream->counted)
            return &s->refused;
    }
    return begin_tls(stream) ? NULL : &s->refused;
}

/* Never reads beyond the header. */
static uint64_t *
read_proxy_header(Stream *stream, bool *more)
{
    RelayStatistics *s = &stream->relay->statistics;
    GByteArray *head = stream->head;
    InetEndpoint client;
    size_t wanted;
    *more = false;
    if (proxy_header_parse(head->data, head->len, &wanted, &client) == PROXY_HEADER_WRONG)
        return &s->broken;
    guint before = head->len;
    g_byte_array_set_size(head, (guint)wanted);
    ssize_t n = recv(stream->tcp, head->data + before, wanted - before, MSG_DONTWAIT);
    int failure = errno;
    g_byte_array_set_size(head, before + (n > 0 ? (guint)n : 0));
    if (n < 0 && (failure == EAGAIN || failure == EINTR))
        return NULL;
    if (n <= 0)
        return &s->closed;
    *more = true;
    switch (proxy_header_parse(head->data, head->len, &wanted, &client)) {
    case PROXY_HEADER_MORE:
        return NULL;
    case PROXY_HEADER_DONE:
        return header_is_there(stream, &client);
    case PROXY_HEADER_WRONG:
        break;
    }
    return &s->broken;
}

static uint64_t *
read_once(Stream *stream, bool *more)
{
    if (stream->phase == STREAM_PROXY_HEADER)
        return read_proxy_header(stream, more);
    return stream->tls != NULL ? read_tls(stream, more) : read_clear(stream, more);
}

static int
tcp_ready(sd_event_source *source, int fd, uint32_t events, void *data)
{
    Stream *stream = data;
    RelayStatistics *s = &stream->relay->statistics;
    if ((events & EPOLLOUT) != 0 && !flush(stream))
        return stream_close(stream, &s->closed);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0)
        return 0;
    uint64_t before = stream->packets;
    bool more = true;
    for (unsigned i = 0; more && i < READS_AT_A_TIME; i++) {
        uint64_t *reason = read_once(stream, &more);
        if (reason != NULL)
            return stream_close(stream, reason);
    }
    bool another = stream->packets != before;
    if (another) /* octets that never make a packet do not keep it open */
        touch(stream);
    if (stream->packets > 0)
        watch_frame(stream, another);
    return 0;
}

/* ---- life ---- */

void
stream_free(gpointer data)
{
    Stream *stream = data;
    Relay *relay = stream->relay;
    relay->statistics.connections--;
    relay->statistics.kept -= stream->accounted;
    if (stream->counted)
        relay_uncount_client(relay, &stream->client.address);
    sd_event_source_disable_unref(stream->tcp_source);
    sd_event_source_disable_unref(stream->udp_source);
    sd_event_source_disable_unref(stream->timer);
    close(stream->tcp);
    if (stream->udp >= 0)
        close(stream->udp);
    tls_server_free(stream->tls);
    tcp_deframer_clear(&stream->deframer);
    g_clear_pointer(&stream->head, g_byte_array_unref);
    g_clear_pointer(&stream->out, g_byte_array_unref);
    g_free(stream);
}

/* A client that has gone is noticed within minutes, whatever it has been sent. */
static void
set_socket_options(int tcp)
{
    static const struct {
        int level, name, value;
    } options[] = {
        { IPPROTO_TCP, TCP_NODELAY, 1 },
        { SOL_SOCKET, SO_KEEPALIVE, 1 },
        { IPPROTO_TCP, TCP_KEEPIDLE, 60 },
        { IPPROTO_TCP, TCP_KEEPINTVL, 15 },
        { IPPROTO_TCP, TCP_KEEPCNT, 4 },
        { IPPROTO_TCP, TCP_USER_TIMEOUT, 120 * 1000 },
        { IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_MAX },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++)
        setsockopt(tcp, options[i].level, options[i].name, &options[i].value,
                   sizeof options[i].value);
}

bool
stream_open(Relay *relay, int tcp, const StreamOrigin *origin)
{
    Stream *stream = g_new0(Stream, 1);
    stream->relay = relay;
    stream->tcp = tcp;
    stream->udp = -1;
    stream->client = origin->client;
    stream->counted = origin->counted;
    stream->with_tls = origin->with_tls;
    stream->frame_deadline = NEVER;
    stream->deadline = relay_now(relay) + (uint64_t)relay->options.prefix_timeout;
    stream->armed = stream->deadline;
    tcp_deframer_init_lean(&stream->deframer, true);
    relay->statistics.connections++;
    set_socket_options(tcp);
    if (origin->behind_proxy)
        stream->head = g_byte_array_new();
    bool ok =
        (origin->behind_proxy || begin_tls(stream)) &&
        sd_event_add_io(relay->event, &stream->tcp_source, tcp, EPOLLIN, tcp_ready, stream) >= 0 &&
        sd_event_add_time(relay->event, &stream->timer, CLOCK_MONOTONIC, stream->armed, 100000,
                          timed_out, stream) >= 0;
    if (ok)
        g_hash_table_add(relay->streams, stream);
    else
        stream_free(stream);
    return ok;
}

void
stream_drain(Stream *stream)
{
    Relay *relay = stream->relay;
    g_byte_array_set_size(relay->records, 0);
    if (stream->tls != NULL)
        tls_server_close(stream->tls, relay->records);
    if (relay->records->len > 0 && waiting(stream) == 0)
        send_some(stream->tcp, relay->records->data, relay->records->len);
    shutdown(stream->tcp, SHUT_WR);
    stream_close(stream, &relay->statistics.drained);
}
