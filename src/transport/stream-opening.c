#include "transport/stream-opening.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define READ_CHUNK 16384

StreamOpening *
stream_opening_new(int fd, TlsStream *tls)
{
    StreamOpening *opening = g_new0(StreamOpening, 1);
    opening->fd = fd;
    opening->tls = tls;
    opening->output = g_byte_array_new();
    return opening;
}

void
stream_opening_free(StreamOpening *opening)
{
    if (opening == NULL)
        return;
    g_clear_pointer(&opening->tls, tls_stream_free);
    g_clear_pointer(&opening->proxy, proxy_client_free);
    g_clear_pointer(&opening->said, secret_unref);
    g_byte_array_unref(opening->output);
    g_free(opening->why);
    g_free(opening);
}

static int
check_connected(StreamOpening *opening)
{
    int error = 0;
    socklen_t length = sizeof error;
    struct sockaddr_storage peer;
    socklen_t peer_length = sizeof peer;
    if (opening->connected)
        return 0;
    if (getsockopt(opening->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        return errno;
    opening->connected =
        error == 0 && getpeername(opening->fd, (struct sockaddr *)&peer, &peer_length) == 0;
    return error;
}

/* 0, also when the socket takes no more, or an errno. */
static int
send_output(StreamOpening *opening)
{
    GByteArray *output = opening->output;
    while (output->len > 0) {
        ssize_t n = send(opening->fd, output->data, output->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : errno;
        g_byte_array_remove_range(output, 0, (guint)n);
    }
    return 0;
}

static int
proxy_ended(StreamOpening *opening, ProxyState state)
{
    if (state == PROXY_GOES_ON || state == PROXY_OPEN)
        return 0;
    g_free(opening->why);
    opening->why = g_strdup(proxy_client_why(opening->proxy));
    return state == PROXY_FAILED ? EPROTO : EACCES;
}

/* Takes from the socket what is the proxy's, and leaves there what is not. *more: something came.
 */
static int
read_proxy(StreamOpening *opening, bool *more)
{
    uint8_t chunk[READ_CHUNK];
    size_t used;
    ssize_t n = recv(opening->fd, chunk, sizeof chunk, MSG_DONTWAIT | MSG_PEEK);
    *more = n > 0;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : errno;
    if (n == 0)
        return ECONNRESET;
    ProxyState state = proxy_client_feed(opening->proxy, chunk, (size_t)n, &used);
    if (used > 0 && recv(opening->fd, chunk, used, MSG_DONTWAIT) != (ssize_t)used)
        return EPROTO;
    opening->through = state == PROXY_OPEN;
    if (opening->through) /* one that answers before it was asked has heard enough */
        g_clear_pointer(&opening->said, secret_unref);
    return proxy_ended(opening, state);
}

/* Straight from where it is wiped. 0, also when the socket takes no more, or an errno. */
static int
speak_to_proxy(StreamOpening *opening)
{
    if (opening->said == NULL) {
        opening->said = proxy_client_take_output(opening->proxy);
        opening->said_sent = 0;
    }
    size_t length = secret_length(opening->said);
    while (opening->said_sent < length) {
        ssize_t n = send(opening->fd, secret_data(opening->said) + opening->said_sent,
                         length - opening->said_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : errno;
        opening->said_sent += (size_t)n;
    }
    g_clear_pointer(&opening->said, secret_unref);
    return 0;
}

static int
step_proxy(StreamOpening *opening)
{
    int rc = 0;
    bool more = true;
    while (rc == 0 && more && !opening->through) {
        rc = speak_to_proxy(opening);
        if (rc == 0)
            rc = read_proxy(opening, &more);
    }
    return rc;
}

static int
tls_failed(StreamOpening *opening)
{
    const GError *error = tls_stream_error(opening->tls);
    opening->why = g_strdup(error != NULL ? error->message : "the server said goodbye in TLS");
    send_output(opening); /* the alert, if it can go */
    return EPROTO;
}

/* *more: something came. What it makes us say is in output. */
static int
read_tls(StreamOpening *opening, bool *more)
{
    uint8_t chunk[READ_CHUNK];
    ssize_t n = recv(opening->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    *more = n > 0;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : errno;
    if (n == 0)
        return ECONNRESET;
    tls_stream_feed(opening->tls, chunk, (size_t)n);
    return 0;
}

static void
take_output(StreamOpening *opening)
{
    g_autoptr(GBytes) said = tls_stream_take_output(opening->tls);
    gsize length;
    const void *octets = g_bytes_get_data(said, &length);
    if (length > 0)
        g_byte_array_append(opening->output, octets, (guint)length);
}

static int
step_tls(StreamOpening *opening, bool *done)
{
    int rc = 0;
    bool more = true;
    if (tls_stream_state(opening->tls) == TLS_STREAM_HANDSHAKE && opening->output->len == 0)
        tls_stream_feed(opening->tls, NULL, 0);
    while (rc == 0 && more && tls_stream_state(opening->tls) == TLS_STREAM_HANDSHAKE) {
        take_output(opening);
        rc = send_output(opening);
        if (rc == 0)
            rc = read_tls(opening, &more);
    }
    take_output(opening);
    TlsStreamState state = tls_stream_state(opening->tls);
    if (rc == 0 && state != TLS_STREAM_HANDSHAKE && state != TLS_STREAM_OPEN)
        return tls_failed(opening);
    if (rc == 0)
        rc = send_output(opening);
    *done = rc == 0 && state == TLS_STREAM_OPEN && opening->output->len == 0;
    return rc;
}

int
stream_opening_step(StreamOpening *opening, bool *done)
{
    int rc = check_connected(opening);
    *done = false;
    if (rc != 0 || !opening->connected)
        return rc;
    if (opening->proxy != NULL && !opening->through)
        rc = step_proxy(opening);
    if (rc != 0 || (opening->proxy != NULL && !opening->through))
        return rc;
    if (opening->tls != NULL)
        return step_tls(opening, done);
    *done = true;
    return 0;
}

short
stream_opening_events(const StreamOpening *opening)
{
    return !opening->connected || opening->said != NULL || opening->output->len > 0 ? POLLOUT
                                                                                    : POLLIN;
}

TlsStream *
stream_opening_steal_tls(StreamOpening *opening)
{
    return g_steal_pointer(&opening->tls);
}
