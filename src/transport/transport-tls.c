/*
 * IKE and ESP on a stream inside TLS. The library's session is not for two threads: a key update
 * that the server asks for makes its reader write. So the sending and the receiving thread take
 * turns, a lock for each read and for each record that is sealed, and no system call is made inside
 * it. What the reader has to say (RFC 8446, section 4.6.3) leaves before the next thing that the
 * sender says. RFC 9329, appendix A.
 */
#include "transport/transport-private.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* IKE is never dropped, but what we keep is bounded: beyond this the stream is dead. */
#define URGENT_MAX (1024 * 1024)
#define CIPHER_MAX (48 * 1024) /* octets of one read */

typedef struct {
    Transport base;
    pthread_mutex_t lock; /* of tls, once both threads are there */
    TlsStream *tls;
    bool prefix_sent;
    /* Of the sending thread. */
    GByteArray *urgent; /* the prefix, IKE; not sealed */
    GByteArray *queue;  /* whole frames of ESP, not sealed; those before sealed are gone */
    size_t sealed;
    GByteArray *records; /* on their way; what is before sent has left */
    size_t sent;
    /* Of the receiving thread. */
    TcpDeframer deframer;
    uint8_t *cipher;
} TransportTls;

static size_t
records_left(const TransportTls *tls)
{
    return tls->records->len - tls->sent;
}

static size_t
queue_left(const TransportTls *tls)
{
    return tls->queue->len - tls->sealed;
}

static bool
tls_wants_write(const Transport *transport)
{
    const TransportTls *tls = (const TransportTls *)transport;
    return !transport_is_dead(transport) &&
           (transport->opening != NULL || records_left(tls) + queue_left(tls) > 0 ||
            tls->urgent->len > 0);
}

/* 0, also when the socket takes no more, or an errno. */
static int
send_records(TransportTls *tls)
{
    while (records_left(tls) > 0) {
        ssize_t n = send(tls->base.fd, tls->records->data + tls->sent, records_left(tls),
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : errno;
        tls->sent += (size_t)n;
    }
    g_byte_array_set_size(tls->records, 0);
    tls->sent = 0;
    return 0;
}

/* As many whole frames as one record takes, at least one. */
static size_t
next_frames(const TransportTls *tls)
{
    const uint8_t *data = tls->queue->data + tls->sealed;
    size_t length = 0, left = queue_left(tls);
    while (length < left) {
        size_t frame = (size_t)data[length] << 8 | data[length + 1];
        if (length > 0 && length + frame > TLS_STREAM_MAX_RECORD)
            break;
        length += frame;
    }
    return length;
}

/* Into records, which is empty. IKE goes first: it waits for the record that is under way, and for
 * no other. */
static bool
seal_next(TransportTls *tls)
{
    size_t frames = tls->urgent->len == 0 ? next_frames(tls) : 0;
    const uint8_t *data = frames > 0 ? tls->queue->data + tls->sealed : tls->urgent->data;
    pthread_mutex_lock(&tls->lock);
    bool ok = tls_stream_write(tls->tls, data, frames > 0 ? frames : tls->urgent->len);
    tls->records = tls_stream_swap_output(tls->tls, tls->records);
    pthread_mutex_unlock(&tls->lock);
    if (frames == 0)
        g_byte_array_set_size(tls->urgent, 0);
    tls->sealed += frames;
    if (queue_left(tls) == 0) {
        g_byte_array_set_size(tls->queue, 0);
        tls->sealed = 0;
    }
    return ok;
}

static int
tls_flush(Transport *transport)
{
    TransportTls *tls = (TransportTls *)transport;
    int rc = transport_open(transport);
    if (rc != 0 || transport->opening != NULL)
        return rc;
    for (;;) {
        rc = send_records(tls);
        if (rc != 0)
            return transport_died(transport, rc);
        if (records_left(tls) > 0 || tls->urgent->len + queue_left(tls) == 0)
            return 0;
        if (!seal_next(tls))
            return transport_died(transport, EPROTO);
    }
}

/* RFC 9329, section 4: inside the added protocol, too. */
static void
begin_with_prefix(TransportTls *tls)
{
    if (!tls->prefix_sent)
        g_byte_array_append(tls->urgent, (const uint8_t *)TCP_ENCAP_PREFIX,
                            TCP_ENCAP_PREFIX_LENGTH);
    tls->prefix_sent = true;
}

static int
tls_send_ike(Transport *transport, const uint8_t *message, size_t length)
{
    static const uint8_t marker[UDP_ENCAP_MARKER_LENGTH];
    TransportTls *tls = (TransportTls *)transport;
    uint8_t frame[TCP_ENCAP_FRAME_HEADER];
    if (!tcp_encap_frame(frame, sizeof marker + length))
        return EMSGSIZE;
    if (tls->urgent->len + length > URGENT_MAX)
        return transport_died(transport, ENOBUFS);
    begin_with_prefix(tls);
    g_byte_array_append(tls->urgent, frame, sizeof frame);
    g_byte_array_append(tls->urgent, marker, sizeof marker);
    g_byte_array_append(tls->urgent, message, (guint)length);
    return tls_flush(transport);
}

static bool
tls_has_room(const Transport *transport)
{
    const TransportTls *tls = (const TransportTls *)transport;
    return transport->opening == NULL && !transport_is_dead(transport) &&
           records_left(tls) + queue_left(tls) == 0;
}

static int
tls_send_esp(Transport *transport, const TransportPacket *packets, size_t n, size_t *dropped)
{
    TransportTls *tls = (TransportTls *)transport;
    *dropped = 0;
    begin_with_prefix(tls);
    for (size_t i = 0; i < n; i++) {
        uint8_t *frame = packets[i].data - TCP_ENCAP_FRAME_HEADER; /* within TRANSPORT_HEADROOM */
        if (!tcp_encap_frame(frame, packets[i].length) ||
            queue_left(tls) + packets[i].length > URGENT_MAX)
            (*dropped)++;
        else
            g_byte_array_append(tls->queue, frame,
                                (guint)(packets[i].length + TCP_ENCAP_FRAME_HEADER));
    }
    int rc = tls_flush(transport);
    if (rc != 0)
        *dropped = n;
    return rc;
}

static int
tls_send_keepalive(Transport *transport)
{
    return 0;
}

/* Ciphertext of one read to the deframer's buffer. *fresh: something came of it. */
static int
read_records(TransportTls *tls, bool *fresh)
{
    size_t space, n;
    *fresh = false;
    G_STATIC_ASSERT(CIPHER_MAX + TLS_STREAM_MAX_RECORD <= TCP_DEFRAMER_MOST_SPACE);
    uint8_t *into =
        tcp_deframer_space_for(&tls->deframer, CIPHER_MAX + TLS_STREAM_MAX_RECORD, &space);
    ssize_t got = recv(tls->base.fd, tls->cipher, CIPHER_MAX, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : errno;
    if (got == 0)
        return ECONNRESET;
    pthread_mutex_lock(&tls->lock);
    TlsStreamState state = tls_stream_read(tls->tls, tls->cipher, (size_t)got, into, space, &n);
    pthread_mutex_unlock(&tls->lock);
    tcp_deframer_added(&tls->deframer, n);
    *fresh = n > 0;
    return state == TLS_STREAM_OPEN ? 0 : state == TLS_STREAM_CLOSED ? ECONNRESET : EPROTO;
}

static int
tls_receive(Transport *transport, TransportPacket *packets, size_t *n)
{
    TransportTls *tls = (TransportTls *)transport;
    bool fresh;
    *n = 0;
    if (transport->opening != NULL)
        return 0;
    int rc = transport_take_frames(transport, &tls->deframer, false, packets, n);
    if (rc != 0 || *n > 0)
        return rc != 0 ? transport_died(transport, rc) : 0;
    rc = read_records(tls, &fresh);
    /* What came before the end counts. */
    int broken = transport_take_frames(transport, &tls->deframer, fresh, packets, n);
    rc = rc != 0 ? rc : broken;
    return rc != 0 ? transport_died(transport, rc) : 0;
}

static void
tls_opened(Transport *transport)
{
    TransportTls *tls = (TransportTls *)transport;
    tls->tls = stream_opening_steal_tls(transport->opening);
    /* What came behind the handshake in the same read. */
    g_autoptr(GBytes) early = tls_stream_take_data(tls->tls);
    gsize length = 0, space;
    const void *octets = early != NULL ? g_bytes_get_data(early, &length) : NULL;
    uint8_t *into = tcp_deframer_space(&tls->deframer, &space);
    if (length == 0)
        return;
    length = MIN(length, space);
    memcpy(into, octets, length);
    tcp_deframer_added(&tls->deframer, length);
}

static Secret *
tls_take_session(Transport *transport)
{
    TransportTls *tls = (TransportTls *)transport;
    if (tls->tls == NULL)
        return NULL;
    pthread_mutex_lock(&tls->lock);
    Secret *session = tls_stream_take_session(tls->tls);
    pthread_mutex_unlock(&tls->lock);
    return session;
}

/* A goodbye goes where nothing stands before it; nobody waits for it. */
static void
say_goodbye(TransportTls *tls)
{
    if (tls->tls == NULL || transport_is_dead(&tls->base) || records_left(tls) > 0)
        return;
    tls_stream_close(tls->tls);
    tls->records = tls_stream_swap_output(tls->tls, tls->records);
    send_records(tls);
}

static void
tls_free(Transport *transport)
{
    TransportTls *tls = (TransportTls *)transport;
    say_goodbye(tls);
    g_clear_pointer(&tls->tls, tls_stream_free);
    pthread_mutex_destroy(&tls->lock);
    tcp_deframer_clear(&tls->deframer);
    g_byte_array_unref(tls->urgent);
    g_byte_array_unref(tls->queue);
    g_byte_array_unref(tls->records);
    g_free(tls->cipher);
    g_free(tls);
}

static const TransportClass tls_class = {
    .kind = TRANSPORT_TLS,
    .opened = tls_opened,
    .take_session = tls_take_session,
    .wants_write = tls_wants_write,
    .flush = tls_flush,
    .send_ike = tls_send_ike,
    .has_room = tls_has_room,
    .send_esp = tls_send_esp,
    .send_keepalive = tls_send_keepalive,
    .receive = tls_receive,
    .free = tls_free,
};

Transport *
transport_tls_new(int fd, const TransportTlsConfig *config, GError **error)
{
    TlsStreamConfig stream = { .trust = config->trust,
                               .server_name = config->server_name,
                               .announce_name = true,
                               .web_name = true,
                               .now_s = config->now_s,
                               .resumable = true,
                               .resume = config->resume };
    TlsStream *session = tls_stream_new(&stream, error);
    if (session == NULL) {
        close(fd);
        return NULL;
    }
    TransportTls *tls = g_new0(TransportTls, 1);
    transport_init(&tls->base, &tls_class, fd);
    transport_begin(&tls->base, session);
    pthread_mutex_init(&tls->lock, NULL);
    tcp_deframer_init(&tls->deframer, false);
    tls->deframer.max_esp = TRANSPORT_MAX_ESP;
    tls->urgent = g_byte_array_new();
    tls->queue = g_byte_array_new();
    tls->records = g_byte_array_new();
    tls->cipher = g_malloc(CIPHER_MAX);
    return &tls->base;
}

bool
transport_was_resumed(const Transport *transport)
{
    const TransportTls *tls = (const TransportTls *)transport;
    return transport_kind(transport) == TRANSPORT_TLS && tls->tls != NULL &&
           tls_stream_was_resumed(tls->tls);
}
