#include "config.h"

#include "stub/listener.h"

#include "stub/dns-message.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAMS_MAX   32
#define STREAM_IDLE_S 10
#define TCP_MOST      65535

typedef struct {
    Listener *listener;
    int fd;
    guint in, idle;
    uint8_t *data; /* 2 octets of length, then the message */
    size_t have;
    bool asked; /* one question at a time: the next is read when this one is answered */
} Stream;

struct _Listener {
    Asker asker;
    int udp, tcp;
    guint udp_in, tcp_in;
    struct sockaddr_storage own;
    GPtrArray *streams; /* Stream */
    GHashTable *asking; /* Asking, as a set: whose client may be gone when the answer comes */
};

typedef struct {
    Listener *listener;
    DnsQuery query;
    Stream *stream; /* NULL: UDP, or the stream is gone */
    bool is_stream;
    struct sockaddr_storage client;
    socklen_t client_length;
} Asking;

static void
asking_free(gpointer data)
{
    Asking *asking = data;
    dns_query_clear(&asking->query);
    g_free(asking);
}

static bool
is_own(const Listener *listener, const struct sockaddr_storage *client)
{
    if (client->ss_family != listener->own.ss_family)
        return false;
    if (client->ss_family == AF_INET)
        return memcmp(&((const struct sockaddr_in *)client)->sin_addr,
                      &((const struct sockaddr_in *)&listener->own)->sin_addr, 4) == 0;
    return memcmp(&((const struct sockaddr_in6 *)client)->sin6_addr,
                  &((const struct sockaddr_in6 *)&listener->own)->sin6_addr, 16) == 0;
}

/* ---- streams ---- */

static gboolean stream_readable(int fd, GIOCondition condition, gpointer data);

static void
stream_free(gpointer data)
{
    Stream *stream = data;
    GHashTableIter iter;
    gpointer asking;
    g_hash_table_iter_init(&iter, stream->listener->asking);
    while (g_hash_table_iter_next(&iter, &asking, NULL))
        if (((Asking *)asking)->stream == stream)
            ((Asking *)asking)->stream = NULL;
    g_clear_handle_id(&stream->in, g_source_remove);
    g_clear_handle_id(&stream->idle, g_source_remove);
    close(stream->fd);
    g_free(stream->data);
    g_free(stream);
}

static void
stream_end(Stream *stream)
{
    g_ptr_array_remove(stream->listener->streams, stream);
}

static gboolean
stream_idle(gpointer data)
{
    Stream *stream = data;
    stream->idle = 0;
    stream_end(stream);
    return G_SOURCE_REMOVE;
}

static void
stream_wait(Stream *stream)
{
    g_clear_handle_id(&stream->idle, g_source_remove);
    stream->idle = g_timeout_add_seconds(STREAM_IDLE_S, stream_idle, stream);
    if (stream->in == 0)
        stream->in = g_unix_fd_add(stream->fd, G_IO_IN | G_IO_HUP, stream_readable, stream);
}

/* The socket's buffer takes a reply whole, or the client does not read and is left. */
static void
stream_reply(Stream *stream, GBytes *reply)
{
    gsize length;
    const uint8_t *data = g_bytes_get_data(reply, &length);
    g_autofree uint8_t *whole = g_malloc(length + 2);
    whole[0] = (uint8_t)(length >> 8);
    whole[1] = (uint8_t)length;
    memcpy(whole + 2, data, length);
    ssize_t sent = send(stream->fd, whole, length + 2, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent != (ssize_t)length + 2) {
        stream_end(stream);
        return;
    }
    stream->have = 0;
    stream->asked = false;
    stream_wait(stream);
}

/* ---- questions ---- */

static void
send_reply(Asking *asking, GBytes *reply)
{
    gsize length;
    if (reply == NULL)
        return;
    const void *data = g_bytes_get_data(reply, &length);
    if (asking->stream != NULL)
        stream_reply(asking->stream, reply);
    else if (!asking->is_stream)
        (void)!sendto(asking->listener->udp, data, length, MSG_DONTWAIT,
                      (struct sockaddr *)&asking->client, asking->client_length);
}

static void
answered(const Answer *answer, gpointer data)
{
    Asking *asking = data;
    const DnsQuery *query = &asking->query;
    g_autoptr(GBytes) reply = NULL;
    if (answer->packet != NULL && !answer->bogus)
        reply = dns_reply_new(query, answer->packet, answer->length, answer->secure,
                              asking->is_stream ? TCP_MOST : query->limit);
    if (answer->bogus)
        g_debug("%s: %s", query->name, answer->why != NULL ? answer->why : "bogus");
    if (reply == NULL)
        reply = dns_reply_failed(query, DNS_RCODE_SERVFAIL,
                                 answer->bogus ? DNS_ERROR_BOGUS : DNS_ERROR_NONE);
    send_reply(asking, reply);
    g_hash_table_remove(asking->listener->asking, asking);
}

/* asking is taken. */
static void
ask(Asking *asking, const uint8_t *data, size_t length)
{
    Listener *listener = asking->listener;
    uint8_t rcode = 0;
    DnsQueryVerdict verdict = dns_query_parse(data, length, &asking->query, &rcode);
    if (verdict == DNS_QUERY_GOOD) {
        g_hash_table_add(listener->asking, asking);
        if (listener->asker.ask(listener->asker.asker, &asking->query, data, length, answered,
                                asking))
            return;
        g_hash_table_steal(listener->asking, asking);
        verdict = DNS_QUERY_REFUSED;
        rcode = DNS_RCODE_SERVFAIL;
    }
    if (verdict == DNS_QUERY_REFUSED) {
        g_autoptr(GBytes) reply = dns_reply_failed(&asking->query, rcode, DNS_ERROR_NONE);
        send_reply(asking, reply);
    } else if (asking->stream != NULL) {
        stream_end(asking->stream);
    }
    asking_free(asking);
}

static void
stream_ask(Stream *stream, size_t length)
{
    Asking *asking = g_new0(Asking, 1);
    stream->asked = true;
    g_clear_handle_id(&stream->in, g_source_remove);
    g_clear_handle_id(&stream->idle, g_source_remove);
    *asking = (Asking){ .listener = stream->listener, .stream = stream, .is_stream = true };
    ask(asking, stream->data + 2, length);
}

static gboolean
stream_readable(int fd, GIOCondition condition, gpointer data)
{
    Stream *stream = data;
    size_t wanted = 2;
    if (stream->have >= 2)
        wanted += (size_t)stream->data[0] << 8 | stream->data[1];
    ssize_t got = recv(fd, stream->data + stream->have, wanted - stream->have, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (got <= 0) {
        stream->in = 0;
        stream_end(stream);
        return G_SOURCE_REMOVE;
    }
    stream->have += (size_t)got;
    if (stream->have < 2)
        return G_SOURCE_CONTINUE;
    wanted = 2 + ((size_t)stream->data[0] << 8 | stream->data[1]);
    if (stream->have < wanted)
        return G_SOURCE_CONTINUE;
    stream->in = 0;
    stream_ask(stream, wanted - 2);
    return G_SOURCE_REMOVE;
}

static gboolean
tcp_readable(int fd, GIOCondition condition, gpointer data)
{
    Listener *listener = data;
    struct sockaddr_storage client;
    socklen_t length = sizeof client;
    int accepted = accept4(fd, (struct sockaddr *)&client, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted < 0)
        return G_SOURCE_CONTINUE;
    if (!is_own(listener, &client) || listener->streams->len >= STREAMS_MAX) {
        close(accepted);
        return G_SOURCE_CONTINUE;
    }
    Stream *stream = g_new0(Stream, 1);
    *stream = (Stream){ .listener = listener, .fd = accepted, .data = g_malloc(TCP_MOST + 2) };
    g_ptr_array_add(listener->streams, stream);
    stream_wait(stream);
    return G_SOURCE_CONTINUE;
}

static gboolean
udp_readable(int fd, GIOCondition condition, gpointer data)
{
    Listener *listener = data;
    uint8_t buffer[DNS_UDP_MOST];
    /* Bounded, so that a flood does not keep the loop from the answers. */
    for (unsigned i = 0; i < 32; i++) {
        Asking *asking = g_new0(Asking, 1);
        asking->listener = listener;
        asking->client_length = sizeof asking->client;
        ssize_t got = recvfrom(fd, buffer, sizeof buffer, MSG_DONTWAIT,
                               (struct sockaddr *)&asking->client, &asking->client_length);
        if (got < 0 || !is_own(listener, &asking->client)) {
            asking_free(asking);
            if (got < 0)
                break;
            continue;
        }
        ask(asking, buffer, (size_t)got);
    }
    return G_SOURCE_CONTINUE;
}

/* ---- life ---- */

Listener *
listener_new(Asker asker, int udp, int tcp)
{
    Listener *listener = g_new0(Listener, 1);
    socklen_t length = sizeof listener->own;
    listener->asker = asker;
    listener->udp = udp;
    listener->tcp = tcp;
    listener->streams = g_ptr_array_new_with_free_func(stream_free);
    listener->asking = g_hash_table_new_full(NULL, NULL, asking_free, NULL);
    getsockname(udp, (struct sockaddr *)&listener->own, &length);
    listener->udp_in = g_unix_fd_add(udp, G_IO_IN, udp_readable, listener);
    listener->tcp_in = g_unix_fd_add(tcp, G_IO_IN, tcp_readable, listener);
    return listener;
}

void
listener_free(Listener *listener)
{
    if (listener == NULL)
        return;
    g_source_remove(listener->udp_in);
    g_source_remove(listener->tcp_in);
    g_ptr_array_unref(listener->streams);
    g_hash_table_unref(listener->asking);
    close(listener->udp);
    close(listener->tcp);
    g_free(listener);
}
