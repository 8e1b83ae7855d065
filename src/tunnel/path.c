#include "config.h"

#include "tunnel/session-private.h"

#include "base/sockaddr.h"
#include "crypto/rng.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IKE_PORT        500
#define MAX_PROXIED     6 /* times that a proxy is asked for one stream */
#define CNONCE_LENGTH   16
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
    path->close_at = INSTANT_NEVER;
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

/* The next stream may go on with what this one was given (RFC 9329, appendix A). */
static void
keep_tls_session(TunnelPath *path)
{
    Session *session = path->attempt->session;
    Secret *tls = path->transport != NULL ? transport_take_session(path->transport) : NULL;
    if (tls == NULL)
        return;
    g_clear_pointer(&session->tls_session, secret_unref);
    session->tls_session = tls;
    g_free(session->tls_server);
    session->tls_server = g_strdup(path->server_name);
}

static void
drop_transport(TunnelPath *path)
{
    keep_tls_session(path);
    g_clear_pointer(&path->transport, transport_unref);
    g_clear_pointer(&path->tls_session, secret_unref);
    g_clear_pointer(&path->server_name, g_free);
    g_clear_pointer(&path->why, g_free);
}

void
path_free(TunnelPath *path)
{
    if (path == NULL)
        return;
    if (path->asking)
        attempt_asks(path->attempt, false);
    requests_cancel(path->attempt->session->requests, path);
    stop(path);
    drop_transport(path);
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
    if (getsockname(transport_fd(path->transport), (struct sockaddr *)&local, &length) == 0)
        sockaddr_to_endpoint(&local, &path->ike.local);
}

static GSource *
watch_for(TunnelPath *path, GIOCondition condition, GUnixFDSourceFunc function)
{
    GSource *source = g_unix_fd_source_new(transport_fd(path->transport), condition);
    g_source_set_callback(source, G_SOURCE_FUNC(function), path, NULL);
    g_source_attach(source, g_main_context_get_thread_default());
    return source;
}

/* ---- a proxy on the way ---- */

void
path_close(TunnelPath *path)
{
    stop(path);
    drop_transport(path);
}

/* NULL where none is. */
static ProxyClient *
proxy_for(TunnelPath *path, GVariant *details)
{
    const char *kind = NULL, *host = "", *user = NULL;
    uint8_t random[CNONCE_LENGTH];
    char cnonce[2 * CNONCE_LENGTH + 1];
    if (!g_variant_lookup(details, SOCKET_PROXY, "&s", &kind))
        return NULL;
    g_variant_lookup(details, SOCKET_PROXY_HOST, "&s", &host);
    g_variant_lookup(details, SOCKET_PROXY_USER, "&s", &user);
    g_autoptr(GVariant) octets =
        g_variant_lookup_value(details, SOCKET_PROXY_PASSWORD, G_VARIANT_TYPE("ay"));
    g_autoptr(Secret) password = octets != NULL ? channel_secret_from_variant(octets) : NULL;
    rng_fill(rng_system(), random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        g_snprintf(cnonce + 2 * i, 3, "%02x", random[i]);
    ProxyConfig config = { .kind = strcmp(kind, "http") == 0 ? PROXY_HTTP : PROXY_SOCKS5,
                           .host = host,
                           .port = path->way.port,
                           .user = user,
                           .password = password,
                           .challenge = path->attempt->session->proxy_challenge,
                           .cnonce = cnonce };
    ProxyClient *proxy = proxy_client_new(&config);
    if (proxy == NULL)
        path->why = g_strdup("the proxy's protocol has no form for this user name or password");
    return proxy;
}

static void ended_opening(TunnelPath *path, int error);

static void
login_came(GVariant *reply, int fd, gpointer data)
{
    TunnelPath *path = data;
    const char *why;
    g_variant_get_child(reply, 1, "&s", &why);
    path->asking = false;
    attempt_asks(path->attempt, false);
    if (*why == '\0') {
        path_open(path, path->opened);
        return;
    }
    drop_transport(path);
    path->why = g_strdup(why);
    ended_opening(path, EACCES);
}

/* A ticket is for one use (RFC 8446, appendix C.4); where nobody was reached it was not used. */
static void
settle_tls_session(TunnelPath *path, int error)
{
    Session *session = path->attempt->session;
    bool unused = error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH;
    if (unused && session->tls_session == NULL)
        session->tls_session = g_steal_pointer(&path->tls_session);
    g_clear_pointer(&path->tls_session, secret_unref);
}

/* True where the proxy is asked once more, with what it wants to be told. */
static bool
goes_on_at_proxy(TunnelPath *path)
{
    Session *session = path->attempt->session;
    const char *challenge;
    ProxyState state = transport_proxy_state(path->transport, &challenge);
    if ((state != PROXY_AGAIN && state != PROXY_LOGIN) || ++path->proxied > MAX_PROXIED)
        return false;
    g_free(session->proxy_challenge);
    session->proxy_challenge = g_strdup(challenge);
    if (state == PROXY_AGAIN) {
        path_open(path, path->opened);
        return true;
    }
    uint32_t serial = requests_next_serial(session->requests);
    path->asking = true;
    attempt_asks(path->attempt, true);
    requests_send(session->requests, RECORD_PROXY_LOGIN, serial,
                  g_variant_new("(us)", serial, transport_why(path->transport)), login_came, path);
    return true;
}

/* ---- the stream ---- */

static void
ended_opening(TunnelPath *path, int error)
{
    Session *session = path->attempt->session;
    source_clear(&path->opening);
    source_clear(&path->too_long);
    settle_tls_session(path, error);
    if (error == EACCES && path->transport != NULL && goes_on_at_proxy(path)) {
        session_pump(session);
        return;
    }
    path->proxied = 0;
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

/* A stream that broke is still held while another one opens in its place. */
static void
keep_tls_sessions(Session *session)
{
    for (guint i = 0; i < session->attempts->len; i++) {
        const Attempt *attempt = session->attempts->pdata[i];
        keep_tls_session(attempt->path);
        for (guint k = 0; k < attempt->paths->len; k++)
            keep_tls_session(attempt->paths->pdata[k]);
    }
}

static Transport *
tls_transport(TunnelPath *path, int fd)
{
    Session *session = path->attempt->session;
    g_autoptr(GError) error = NULL;
    if (path->server_name == NULL) { /* which would mean any */
        path->why = g_strdup("nobody says whose certificate TLS is to show");
        close(fd);
        return NULL;
    }
    keep_tls_sessions(session);
    if (g_strcmp0(session->tls_server, path->server_name) == 0)
        path->tls_session = g_steal_pointer(&session->tls_session);
    TransportTlsConfig config = {
        .trust = session->start->trust,
        .server_name = path->server_name,
        .now_s = session->start->ike->wall_clock_s + session_now() / DURATION_SECOND,
        .resume = path->tls_session,
    };
    Transport *transport = transport_tls_new(fd, &config, &error);
    if (transport == NULL)
        path->why = g_strdup(error->message);
    return transport;
}

/* fd: taken. NULL, with the words why, where there can be none. */
static Transport *
new_transport(TunnelPath *path, int fd)
{
    if (path->why != NULL) { /* no way through the proxy */
        close(fd);
        return NULL;
    }
    switch (path->way.kind) {
    case FALLBACK_UDP:
        return transport_udp_new(fd, path->way.port != IKE_PORT);
    case FALLBACK_TCP:
        return transport_tcp_new(fd);
    case FALLBACK_TLS:
        return tls_transport(path, fd);
    }
    g_return_val_if_reached(NULL);
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
    drop_transport(path);
    g_autoptr(GVariant) details = g_variant_get_child_value(reply, 3);
    gboolean on_link = FALSE;
    g_variant_lookup(details, SOCKET_ON_LINK, "b", &on_link);
    path->on_link = on_link;
    g_variant_lookup(details, SOCKET_SERVER_NAME, "s", &path->server_name);
    g_autoptr(ProxyClient) proxy = proxy_for(path, details);
    path->transport = new_transport(path, fd);
    if (path->transport != NULL && proxy != NULL)
        transport_use_proxy(path->transport, g_steal_pointer(&proxy));
    if (path->transport == NULL) {
        ended_opening(path, EPROTO);
        return;
    }
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
    return path->transport != NULL ? transport_why(path->transport) : path->why;
}

void
path_open(TunnelPath *path, PathOpened opened)
{
    Requests *requests = path->attempt->session->requests;
    uint32_t serial = requests_next_serial(requests);
    guint8 kind = report_record_transport(path->way.kind);
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
path_send(TunnelPath *path, GBytes *message, bool probe)
{
    Datapath *datapath = path->attempt->session->datapath;
    if (path->attached && probe)
        datapath_send_probe(datapath, path->transport, message);
    else if (path->attached)
        datapath_send_ike(datapath, path->transport, message);
    if (path->attached)
        return 0;
    gsize length;
    const uint8_t *data = g_bytes_get_data(message, &length);
    int error = probe ? transport_send_probe(path->transport, data, length)
                      : transport_send_ike(path->transport, data, length);
    if (error == 0)
        path_watch(path);
    return error;
}
