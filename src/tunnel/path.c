#include "config.h"

#include "tunnel/session-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#define IKE_PORT        500
#define OPEN_TIMEOUT_MS 10000 /* for a stream: connect and all that goes before its prefix */

static void
source_clear(GSource **source)
{
    if (*source == NULL)
        return;
    g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

TunnelPath *
path_new(Attempt *attempt, uint32_t id, const FallbackTransport *way, const InetAddress *address)
{
    TunnelPath *path = g_new0(TunnelPath, 1);
    path->attempt = attempt;
    path->way = *way;
    path->address = *address;
    path->ike = (IkePath){ .id = id,
                           .stream = way->kind != FALLBACK_UDP,
                           .remote = { *address, way->port } };
    return path;
}

static void
stop(TunnelPath *path)
{
    source_clear(&path->readable);
    source_clear(&path->writable);
    source_clear(&path->opening);
    source_clear(&path->too_long);
}

void
path_free(TunnelPath *path)
{
    if (path == NULL)
        return;
    requests_cancel(path->attempt->session->requests, path);
    stop(path);
    g_clear_pointer(&path->transport, transport_unref);
    g_free(path);
}

bool
path_is_stream(const TunnelPath *path)
{
    return path->ike.stream;
}

/* ---- the socket ---- */

static void
note_local(TunnelPath *path)
{
    struct sockaddr_storage local;
    socklen_t length = sizeof local;
    if (getsockname(transport_fd(path->transport), (struct sockaddr *)&local, &length) < 0)
        return;
    if (local.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&local;
        path->ike.local.address = inet_address_new(INET_V4, (const uint8_t *)&in->sin_addr);
        path->ike.local.port = GUINT16_FROM_BE(in->sin_port);
    } else if (local.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)&local;
        path->ike.local.address = inet_address_new(INET_V6, (const uint8_t *)&in->sin6_addr);
        path->ike.local.port = GUINT16_FROM_BE(in->sin6_port);
    }
}

static GSource *
watch_for(TunnelPath *path, GIOCondition condition, GUnixFDSourceFunc function)
{
    GSource *source = g_unix_fd_source_new(transport_fd(path->transport), condition);
    g_source_set_callback(source, G_SOURCE_FUNC(function), path, NULL);
    g_source_attach(source, g_main_context_get_thread_default());
    return source;
}

static void
ended_opening(TunnelPath *path, int error)
{
    Session *session = path->attempt->session;
    source_clear(&path->opening);
    source_clear(&path->too_long);
    if (error == 0)
        note_local(path);
    path->opened(path, error);
    session_pump(session);
}

static gboolean
opens(int fd, GIOCondition condition, gpointer data)
{
    TunnelPath *path = data;
    source_clear(&path->opening);
    int error = transport_open(path->transport);
    short events = error == 0 ? transport_opening(path->transport) : 0;
    G_STATIC_ASSERT((int)G_IO_IN == POLLIN && (int)G_IO_OUT == POLLOUT);
    if (events != 0)
        path->opening = watch_for(path, (GIOCondition)events | G_IO_ERR | G_IO_HUP, opens);
    else
        ended_opening(path, error);
    return G_SOURCE_REMOVE;
}

static gboolean
takes_too_long(gpointer data)
{
    ended_opening(data, ETIMEDOUT);
    return G_SOURCE_REMOVE;
}

/* Until it is open, the main loop has a stream to itself. */
static void
open_stream(TunnelPath *path)
{
    path->too_long = g_timeout_source_new(OPEN_TIMEOUT_MS);
    g_source_set_callback(path->too_long, takes_too_long, path, NULL);
    g_source_attach(path->too_long, g_main_context_get_thread_default());
    path->opening = watch_for(path, G_IO_OUT | G_IO_ERR | G_IO_HUP, opens);
}

static void
socket_came(GVariant *reply, int fd, gpointer data)
{
    TunnelPath *path = data;
    gint32 code = 0;
    g_variant_get_child(reply, 1, "i", &code);
    if (fd < 0) {
        ended_opening(path, code == 0 ? EPROTO : code);
        return;
    }
    stop(path);
    g_clear_pointer(&path->transport, transport_unref);
    path->transport = path_is_stream(path) ? transport_tcp_new(fd)
                                           : transport_udp_new(fd, path->way.port != IKE_PORT);
    path->attached = false;
    path->ike.remote.port = path->way.port;
    if (path_is_stream(path))
        open_stream(path);
    else
        ended_opening(path, 0);
}

const char *
path_why(const TunnelPath *path)
{
    return path->transport != NULL ? transport_why(path->transport) : NULL;
}

void
path_open(TunnelPath *path, PathOpened opened)
{
    Requests *requests = path->attempt->session->requests;
    uint32_t serial = requests_next_serial(requests);
    guint8 kind = path_is_stream(path) ? RECORD_TRANSPORT_TCP : RECORD_TRANSPORT_UDP;
    GVariant *address =
        channel_variant_from_octets(path->address.octets, inet_family_length(path->address.family));
    path->opened = opened;
    requests_cancel(requests, path);
    requests_send(requests, RECORD_SOCKET, serial,
                  g_variant_new("(uy@ayq)", serial, kind, address, path->way.port), socket_came,
                  path);
}

/* ---- the main loop reads and writes ---- */

static gboolean
readable(int fd, GIOCondition condition, gpointer data)
{
    TunnelPath *path = data;
    Attempt *attempt = path->attempt;
    Session *session = attempt->session;
    g_autoptr(Transport) transport = transport_ref(path->transport);
    TransportPacket packets[TRANSPORT_BATCH];
    size_t n;
    int error = transport_receive(transport, packets, &n);
    /* What came behind the message that brought us up is still ours to read: on a stream nobody
     * sends it again. The path itself may be gone after any of them. */
    for (size_t i = 0; i < n && !attempt->over; i++)
        if (packets[i].kind == ENCAP_IKE)
            attempt_received(attempt, transport, packets[i].data, packets[i].length);
        else if (!attempt->abandoned)
            datapath_hold(session->datapath, packets[i].data, packets[i].length);
    if (error != 0 && !attempt->over)
        attempt_transport_failed(attempt, transport, error);
    session_pump(session);
    return G_SOURCE_CONTINUE;
}

static gboolean
writable(int fd, GIOCondition condition, gpointer data)
{
    TunnelPath *path = data;
    Session *session = path->attempt->session;
    source_clear(&path->writable);
    int error = transport_flush(path->transport);
    if (error != 0)
        attempt_transport_failed(path->attempt, path->transport, error);
    else
        path_watch(path);
    session_pump(session);
    return G_SOURCE_REMOVE;
}

void
path_watch(TunnelPath *path)
{
    if (path->attached || path->attempt->over || path->transport == NULL)
        return;
    if (transport_wants_write(path->transport) && path->writable == NULL)
        path->writable = watch_for(path, G_IO_OUT | G_IO_ERR | G_IO_HUP, writable);
    if (path->readable == NULL)
        path->readable = watch_for(path, G_IO_IN | G_IO_ERR | G_IO_HUP, readable);
}

void
path_stop_watching(TunnelPath *path)
{
    stop(path);
    path->attached = true;
}

int
path_send(TunnelPath *path, GBytes *message)
{
    if (path->attached) {
        datapath_send_ike(path->attempt->session->datapath, path->transport, message);
        return 0;
    }
    gsize length;
    const uint8_t *data = g_bytes_get_data(message, &length);
    int error = transport_send_ike(path->transport, data, length);
    if (error == 0)
        path_watch(path);
    return error;
}
