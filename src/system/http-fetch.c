#include "config.h"

#include "system/http-fetch.h"

#include "base/sockaddr.h"
#include "system/error.h"
#include "system/sockets.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_TIME_MS 1500 /* before the next address is tried, where there is one */
#define FIRST_USER_PORT 1024
#define HTTP_PORT       80

typedef struct {
    GArray *addresses;
    guint next;
    uint16_t port;
    uint32_t mark;
    GBytes *request;
    gsize sent;
    int fd;
    bool connecting;
    gint64 deadline;
    GSource *watch, *timer, *cancelled;
    GByteArray *received;
    int code; /* errno of the last address */
} Fetch;

/* ---- what is sent, and where to ---- */

static bool
is_fit(const char *text, const char *beyond)
{
    if (*text == '\0' || strlen(text) > HTTP_FETCH_MAX_TARGET)
        return false;
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr(beyond, *c) == NULL)
            return false;
    return true;
}

GBytes *
http_fetch_request(const char *host, uint16_t port, const char *target, GBytes *body,
                   GError **error)
{
    InetAddress address;
    gsize length = 0;
    const void *octets = body != NULL ? g_bytes_get_data(body, &length) : NULL;
    /* A request to a service that speaks something else would be a stranger's message to it. */
    bool port_fits = port == HTTP_PORT || port >= FIRST_USER_PORT;
    if (!port_fits || !is_fit(host, ".-_:") || *target != '/' ||
        !is_fit(target, "/-._~%!$&'()*+,;=:@?") || length > HTTP_FETCH_MAX_BODY) {
        g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED,
                    "that is no address of a web server that is asked");
        return NULL;
    }
    bool v6 = inet_address_parse(host, &address) && address.family == INET_V6;
    GByteArray *out = g_byte_array_new();
    g_autofree char *where = port == HTTP_PORT ? g_strdup("") : g_strdup_printf(":%u", port);
    /* HTTP/1.0 (RFC 1945): one answer, whole, and its end is the end of the stream. */
    g_autofree char *head = g_strdup_printf(
        "%s %s HTTP/1.0\r\nHost: %s%s%s%s\r\nConnection: close\r\nUser-Agent: ginnel\r\n",
        length > 0 ? "POST" : "GET", target, v6 ? "[" : "", host, v6 ? "]" : "", where);
    g_byte_array_append(out, (const guint8 *)head, (guint)strlen(head));
    if (length > 0) {
        g_autofree char *about = g_strdup_printf(
            "Content-Type: application/ocsp-request\r\nContent-Length: %zu\r\n", length);
        g_byte_array_append(out, (const guint8 *)about, (guint)strlen(about));
    }
    g_byte_array_append(out, (const guint8 *)"\r\n", 2);
    g_byte_array_append(out, octets, (guint)length);
    return g_byte_array_free_to_bytes(out);
}

bool
http_fetch_may_reach(const InetAddress *address)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    static const uint8_t compatible[12] = { 0 };
    if (!inet_address_is_unicast(address))
        return false;
    if (address->family == INET_V4) /* 0.0.0.0/8 is this machine too, 240.0.0.0/4 nobody */
        return address->octets[0] != 0 && address->octets[0] < 224;
    /* The kernel takes these for the IPv4 addresses inside them. */
    return memcmp(address->octets, mapped, sizeof mapped) != 0 &&
           memcmp(address->octets, compatible, sizeof compatible) != 0;
}

/* ---- one exchange ---- */

static void try_next(GTask *task);
static gboolean ready(int fd, GIOCondition condition, gpointer data);
static gboolean time_is_up(gpointer data);

static void
source_clear(GSource **source)
{
    if (*source == NULL)
        return;
    g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

static void
hang_up(Fetch *fetch)
{
    source_clear(&fetch->watch);
    if (fetch->fd >= 0)
        close(fetch->fd);
    fetch->fd = -1;
}

static void
fetch_free(gpointer data)
{
    Fetch *fetch = data;
    hang_up(fetch);
    source_clear(&fetch->timer);
    source_clear(&fetch->cancelled);
    g_array_unref(fetch->addresses);
    g_bytes_unref(fetch->request);
    g_byte_array_unref(fetch->received);
    g_free(fetch);
}

/* The task's last word; it is gone afterwards. */
static void
finish(GTask *task)
{
    Fetch *fetch = g_task_get_task_data(task);
    hang_up(fetch);
    source_clear(&fetch->timer);
    source_clear(&fetch->cancelled);
    bool cancelled = g_task_return_error_if_cancelled(task);
    if (!cancelled && fetch->received->len > 0)
        g_task_return_pointer(task, g_bytes_new(fetch->received->data, fetch->received->len),
                              (GDestroyNotify)g_bytes_unref);
    else if (!cancelled)
        g_task_return_new_error(task, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE, "%s",
                                fetch->code != 0 ? g_strerror(fetch->code) : "no answer");
    g_object_unref(task);
}

static void
set_timer(GTask *task)
{
    Fetch *fetch = g_task_get_task_data(task);
    gint64 left = (fetch->deadline - g_get_monotonic_time()) / 1000;
    if (fetch->connecting && fetch->next < fetch->addresses->len)
        left = MIN(left, CONNECT_TIME_MS);
    source_clear(&fetch->timer);
    fetch->timer = g_timeout_source_new((guint)MAX(left, 0));
    g_source_set_callback(fetch->timer, time_is_up, task, NULL);
    g_source_attach(fetch->timer, g_task_get_context(task));
}

static gboolean
time_is_up(gpointer data)
{
    GTask *task = data;
    Fetch *fetch = g_task_get_task_data(task);
    fetch->code = ETIMEDOUT;
    if (fetch->connecting && g_get_monotonic_time() < fetch->deadline)
        try_next(task);
    else
        finish(task);
    return G_SOURCE_REMOVE;
}

static gboolean
was_cancelled(GCancellable *cancellable, gpointer data)
{
    finish(data);
    return G_SOURCE_REMOVE;
}

static void
watch(GTask *task, GIOCondition condition)
{
    Fetch *fetch = g_task_get_task_data(task);
    source_clear(&fetch->watch);
    fetch->watch = g_unix_fd_source_new(fetch->fd, condition);
    g_source_set_callback(fetch->watch, G_SOURCE_FUNC(ready), task, NULL);
    g_source_attach(fetch->watch, g_task_get_context(task));
}

/* A server on this machine's own address, which services take for a neighbour's. */
static bool
is_this_machine(int fd)
{
    struct sockaddr_storage local = { 0 }, remote = { 0 };
    socklen_t length = sizeof local;
    InetEndpoint ends[2];
    if (getsockname(fd, (struct sockaddr *)&local, &length) < 0)
        return true;
    length = sizeof remote;
    if (getpeername(fd, (struct sockaddr *)&remote, &length) < 0)
        return true;
    return !sockaddr_to_endpoint(&local, &ends[0]) || !sockaddr_to_endpoint(&remote, &ends[1]) ||
           inet_address_equal(&ends[0].address, &ends[1].address);
}

static bool
connected(Fetch *fetch)
{
    socklen_t length = sizeof fetch->code;
    if (getsockopt(fetch->fd, SOL_SOCKET, SO_ERROR, &fetch->code, &length) < 0)
        fetch->code = errno;
    if (fetch->code == 0 && is_this_machine(fetch->fd))
        fetch->code = EACCES;
    return fetch->code == 0;
}

static void
send_more(GTask *task)
{
    Fetch *fetch = g_task_get_task_data(task);
    gsize length;
    const char *octets = g_bytes_get_data(fetch->request, &length);
    ssize_t n = send(fetch->fd, octets + fetch->sent, length - fetch->sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        fetch->code = errno;
        finish(task);
        return;
    }
    fetch->sent += (gsize)MAX(n, 0);
    if (fetch->sent == length)
        watch(task, G_IO_IN | G_IO_ERR | G_IO_HUP);
}

static void
receive_more(GTask *task)
{
    Fetch *fetch = g_task_get_task_data(task);
    uint8_t buffer[16384];
    size_t room = HTTP_FETCH_MAX_LENGTH - fetch->received->len;
    ssize_t n = recv(fetch->fd, buffer, MIN(room, sizeof buffer), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0)
        fetch->code = errno;
    if (n > 0)
        g_byte_array_append(fetch->received, buffer, (guint)n);
    if (n <= 0 || fetch->received->len == HTTP_FETCH_MAX_LENGTH)
        finish(task);
}

static gboolean
ready(int fd, GIOCondition condition, gpointer data)
{
    GTask *task = data;
    Fetch *fetch = g_task_get_task_data(task);
    if (fetch->connecting && !connected(fetch)) {
        try_next(task);
        return G_SOURCE_REMOVE;
    }
    if (fetch->connecting) {
        fetch->connecting = false;
        set_timer(task);
    }
    if (fetch->sent < g_bytes_get_size(fetch->request))
        send_more(task);
    else
        receive_more(task);
    /* Where this watch is done with, it has been destroyed. */
    return G_SOURCE_CONTINUE;
}

static void
try_next(GTask *task)
{
    Fetch *fetch = g_task_get_task_data(task);
    hang_up(fetch);
    while (fetch->fd < 0 && fetch->next < fetch->addresses->len) {
        InetEndpoint server = {
            g_array_index(fetch->addresses, InetAddress, fetch->next++),
            fetch->port,
        };
        fetch->fd = socket_to_gateway(&server, true, fetch->mark, 0, &fetch->code);
    }
    if (fetch->fd < 0) {
        finish(task);
        return;
    }
    fetch->connecting = true;
    watch(task, G_IO_OUT | G_IO_ERR | G_IO_HUP);
    set_timer(task);
}

void
http_fetch_async(const GArray *addresses, uint16_t port, GBytes *request, uint32_t mark,
                 gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                 gpointer user_data)
{
    GTask *task = g_task_new(NULL, cancellable, callback, user_data);
    Fetch *fetch = g_new0(Fetch, 1);
    g_task_set_task_data(task, fetch, fetch_free);
    fetch->addresses = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_array_append_vals(fetch->addresses, addresses->data, addresses->len);
    fetch->port = port;
    fetch->mark = mark;
    fetch->request = g_bytes_ref(request);
    fetch->fd = -1;
    fetch->received = g_byte_array_new();
    fetch->deadline = deadline;
    if (cancellable != NULL) {
        fetch->cancelled = g_cancellable_source_new(cancellable);
        g_source_set_callback(fetch->cancelled, G_SOURCE_FUNC(was_cancelled), task, NULL);
        g_source_attach(fetch->cancelled, g_task_get_context(task));
    }
    try_next(task);
}

GBytes *
http_fetch_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}
