#include "config.h"

#include "channel/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    uint8_t *data;
    size_t length;
    int fds[RECORD_MAX_DESCRIPTORS];
    size_t n_fds;
} QueuedRecord;

struct _Channel {
    int fd;
    ChannelHandler handler;
    gpointer user_data;
    GSource *in, *out;
    GSource *failing; /* reports an error of a send from the main loop */
    GError *error;
    GQueue queue; /* QueuedRecord */
    bool closed;
    bool *freed; /* set while a handler runs, so that it may free us */
};

G_DEFINE_QUARK(ginnel_channel_error, channel_error)

static void
queued_record_free(QueuedRecord *record)
{
    for (size_t i = 0; i < record->n_fds; i++)
        close(record->fds[i]);
    secret_wipe(record->data, record->length);
    g_free(record->data);
    g_free(record);
}

static void
source_clear(GSource **source)
{
    if (*source == NULL)
        return;
    g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

static void
channel_end(Channel *channel, int code, const char *message)
{
    if (channel->closed)
        return;
    channel->closed = true;
    source_clear(&channel->in);
    source_clear(&channel->out);
    g_autoptr(GError) error = g_error_new_literal(CHANNEL_ERROR, code, message);
    channel->handler.closed(channel, error, channel->user_data);
}

static gboolean
channel_report_failure(gpointer data)
{
    Channel *channel = data;
    g_autoptr(GError) error = g_steal_pointer(&channel->error);
    source_clear(&channel->failing);
    channel_end(channel, error->code, error->message);
    return G_SOURCE_REMOVE;
}

/* A send never calls a handler of its caller's: the end is reported from the main loop. */
static void
channel_fail_later(Channel *channel, int code, const char *message)
{
    if (channel->closed || channel->failing != NULL)
        return;
    channel->error = g_error_new_literal(CHANNEL_ERROR, code, message);
    channel->failing = g_idle_source_new();
    g_source_set_callback(channel->failing, channel_report_failure, channel, NULL);
    g_source_attach(channel->failing, g_main_context_get_thread_default());
}

static ssize_t
send_record(int fd, const QueuedRecord *record)
{
    struct iovec iov = { record->data, record->length };
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * RECORD_MAX_DESCRIPTORS)];
    } control = { 0 };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (record->n_fds > 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * record->n_fds);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * record->n_fds);
        memcpy(CMSG_DATA(header), record->fds, sizeof(int) * record->n_fds);
    }
    ssize_t sent;
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent;
}

static gboolean
channel_writable(int fd, GIOCondition condition, gpointer data)
{
    Channel *channel = data;
    QueuedRecord *record;
    while ((record = g_queue_peek_head(&channel->queue)) != NULL) {
        if (send_record(channel->fd, record) < 0) {
            if (errno == EAGAIN)
                return G_SOURCE_CONTINUE;
            channel_fail_later(channel, CHANNEL_ERROR_CLOSED, g_strerror(errno));
            break;
        }
        queued_record_free(g_queue_pop_head(&channel->queue));
    }
    source_clear(&channel->out);
    return G_SOURCE_REMOVE;
}

static void
channel_enqueue(Channel *channel, QueuedRecord *record)
{
    if (g_queue_get_length(&channel->queue) >= CHANNEL_MAX_QUEUE) {
        queued_record_free(record);
        channel_fail_later(channel, CHANNEL_ERROR_STUCK, "the other end does not read");
        return;
    }
    g_queue_push_tail(&channel->queue, record);
    if (channel->out != NULL)
        return;
    channel->out = g_unix_fd_source_new(channel->fd, G_IO_OUT);
    g_source_set_callback(channel->out, G_SOURCE_FUNC(channel_writable), channel, NULL);
    g_source_attach(channel->out, g_main_context_get_thread_default());
}

void
channel_send(Channel *channel, RecordType type, GVariant *body, const int *fds, size_t n_fds)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(body);
    g_return_if_fail(record_body_type(type) != NULL);
    g_return_if_fail(g_variant_is_of_type(owned, G_VARIANT_TYPE(record_body_type(type))));
    g_return_if_fail(n_fds <= RECORD_MAX_DESCRIPTORS);
    if (channel->closed)
        return;
    g_autoptr(GVariant) whole = g_variant_ref_sink(g_variant_new("(qv)", (guint16)type, owned));
    QueuedRecord *record = g_new0(QueuedRecord, 1);
    record->length = g_variant_get_size(whole);
    record->data = g_malloc(record->length);
    g_variant_store(whole, record->data);
    for (size_t i = 0; i < n_fds; i++) {
        int copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
        if (copy < 0) {
            queued_record_free(record);
            channel_fail_later(channel, CHANNEL_ERROR_CLOSED, "out of descriptors");
            return;
        }
        record->fds[record->n_fds++] = copy;
    }
    if (record->length > RECORD_MAX_LENGTH) {
        queued_record_free(record);
        channel_fail_later(channel, CHANNEL_ERROR_MALFORMED, "a record is too large to be sent");
        return;
    }
    channel_enqueue(channel, record);
    if (g_queue_get_length(&channel->queue) == 1)
        channel_writable(channel->fd, G_IO_OUT, channel);
}

static size_t
take_descriptors(struct msghdr *message, int *fds)
{
    size_t n = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
            if (n < RECORD_MAX_DESCRIPTORS)
                fds[n++] = fd;
            else
                close(fd);
        }
    }
    return n;
}

static void
free_wiped(gpointer data)
{
    uint8_t *buffer = data;
    size_t length;
    memcpy(&length, buffer, sizeof length);
    secret_wipe(buffer, length + 16);
    g_free(buffer);
}

/* The record's octets, in memory that is wiped when the last variant that looks into it goes. */
static GBytes *
wiped_bytes(const uint8_t *data, size_t length)
{
    uint8_t *buffer = g_malloc(length + 16); /* 16: the length in front, alignment kept */
    memcpy(buffer, &length, sizeof length);
    memcpy(buffer + 16, data, length);
    return g_bytes_new_with_free_func(buffer + 16, length, free_wiped, buffer);
}

static GVariant *
parse_record(const uint8_t *data, size_t length, RecordType *type)
{
    g_autoptr(GBytes) bytes = wiped_bytes(data, length);
    g_autoptr(GVariant) whole =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE("(qv)"), bytes, FALSE));
    if (!g_variant_is_normal_form(whole))
        return NULL;
    guint16 number;
    g_autoptr(GVariant) body = NULL;
    g_variant_get(whole, "(qv)", &number, &body);
    const char *expected = record_body_type(number);
    if (expected == NULL || !g_variant_is_of_type(body, G_VARIANT_TYPE(expected)))
        return NULL;
    *type = number;
    return g_steal_pointer(&body);
}

/* Reads one record; 1 delivered, 0 nothing there, -1 ended or freed. */
static int
channel_read_one(Channel *channel, uint8_t *buffer)
{
    struct iovec iov = { buffer, RECORD_MAX_LENGTH };
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * 16)];
    } control;
    struct msghdr message = { .msg_iov = &iov,
                              .msg_iovlen = 1,
                              .msg_control = control.space,
                              .msg_controllen = sizeof control.space };
    ssize_t got = recvmsg(channel->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0) {
        channel_end(channel, CHANNEL_ERROR_CLOSED, "the other end is gone");
        return -1;
    }
    int fds[RECORD_MAX_DESCRIPTORS];
    size_t n_fds = take_descriptors(&message, fds);
    RecordType type = RECORD_INVALID;
    g_autoptr(GVariant) body = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0
                                   ? NULL
                                   : parse_record(buffer, (size_t)got, &type);
    bool freed = false;
    if (body != NULL) {
        channel->freed = &freed;
        channel->handler.received(channel, type, body, fds, n_fds, channel->user_data);
    }
    for (size_t i = 0; i < n_fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    if (freed)
        return -1;
    channel->freed = NULL;
    if (body == NULL) {
        channel_end(channel, CHANNEL_ERROR_MALFORMED, "the other end sent what is no record");
        return -1;
    }
    return channel->closed ? -1 : 1;
}

static gboolean
channel_readable(int fd, GIOCondition condition, gpointer data)
{
    Channel *channel = data;
    uint8_t *buffer = g_malloc(RECORD_MAX_LENGTH);
    int outcome = 0;
    /* Bounded, so that a flood from the other end does not keep the loop from anything else. */
    for (unsigned i = 0; i < 16; i++)
        if ((outcome = channel_read_one(channel, buffer)) != 1)
            break;
    secret_wipe(buffer, RECORD_MAX_LENGTH);
    g_free(buffer);
    return outcome < 0 ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

Channel *
channel_new(int fd, const ChannelHandler *handler, gpointer user_data)
{
    Channel *channel = g_new0(Channel, 1);
    channel->fd = fd;
    channel->handler = *handler;
    channel->user_data = user_data;
    g_queue_init(&channel->queue);
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    channel->in = g_unix_fd_source_new(fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
    g_source_set_callback(channel->in, G_SOURCE_FUNC(channel_readable), channel, NULL);
    g_source_attach(channel->in, g_main_context_get_thread_default());
    return channel;
}

void
channel_free(Channel *channel)
{
    if (channel == NULL)
        return;
    if (channel->freed != NULL)
        *channel->freed = true;
    source_clear(&channel->in);
    source_clear(&channel->out);
    source_clear(&channel->failing);
    g_clear_error(&channel->error);
    g_queue_clear_full(&channel->queue, (GDestroyNotify)queued_record_free);
    close(channel->fd);
    g_free(channel);
}

int
channel_fd(const Channel *channel)
{
    return channel->fd;
}

GVariant *
channel_variant_from_secret(Secret *secret)
{
    g_autoptr(GBytes) bytes =
        g_bytes_new_with_free_func(secret_data(secret), secret_length(secret),
                                   (GDestroyNotify)secret_unref, secret_ref(secret));
    return channel_variant_from_bytes(bytes);
}

GVariant *
channel_variant_from_bytes(GBytes *bytes)
{
    return g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

GVariant *
channel_variant_from_octets(const void *data, size_t length)
{
    return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, length, 1);
}

Secret *
channel_secret_from_variant(GVariant *variant)
{
    gsize length;
    const void *data = g_variant_get_fixed_array(variant, &length, 1);
    return secret_new(data, length);
}

GBytes *
channel_bytes_from_variant(GVariant *variant)
{
    gsize length;
    const void *data = g_variant_get_fixed_array(variant, &length, 1);
    return g_bytes_new(data, length);
}
