/* The private protocol over a socket pair: what is a record, and what ends the conversation. */
#include "channel/channel.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    Channel *channel;
    int raw;        /* the other end, as a stranger would use it */
    GPtrArray *got; /* char *: "TYPE body" */
    int fd;         /* the last descriptor that came */
    GError *closed;
    bool free_in_handler;
} End;

static GVariant *
socket_reply(guint32 serial)
{
    return g_variant_new("(uis@a{sv})", serial, 0, "",
                         g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0));
}

static void
received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds, gpointer data)
{
    End *end = data;
    g_autofree char *text = g_variant_print(body, FALSE);
    g_ptr_array_add(end->got, g_strdup_printf("%s %s", record_to_string(type), text));
    if (n_fds > 0) {
        end->fd = fds[0];
        fds[0] = -1;
    }
    if (end->free_in_handler)
        g_clear_pointer(&end->channel, channel_free);
}

static void
closed(Channel *channel, const GError *error, gpointer data)
{
    End *end = data;
    g_assert_null(end->closed);
    end->closed = g_error_copy(error);
}

static void
end_up(End *end, gconstpointer data)
{
    static const ChannelHandler handler = { received, closed };
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    end->raw = pair[1];
    end->fd = -1;
    end->got = g_ptr_array_new_with_free_func(g_free);
    end->channel = channel_new(pair[0], &handler, end);
}

static void
end_down(End *end, gconstpointer data)
{
    channel_free(end->channel);
    if (end->raw >= 0)
        close(end->raw);
    if (end->fd >= 0)
        close(end->fd);
    g_clear_error(&end->closed);
    g_ptr_array_unref(end->got);
}

static void
settle(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
send_raw(End *end, GVariant *whole)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(whole);
    g_assert_cmpint(send(end->raw, g_variant_get_data(owned), g_variant_get_size(owned), 0), ==,
                    (ssize_t)g_variant_get_size(owned));
    settle();
}

static GVariant *
record(RecordType type, GVariant *body)
{
    return g_variant_new("(qv)", (guint16)type, body);
}

static void
test_in_order(End *end, gconstpointer data)
{
    for (guint i = 0; i < 3; i++)
        send_raw(end, record(RECORD_RESOLVE, g_variant_new("(u)", i)));
    g_assert_cmpuint(end->got->len, ==, 3);
    g_assert_cmpstr(end->got->pdata[2], ==, "RESOLVE (2,)");
    g_assert_null(end->closed);
}

static void
expect_malformed(End *end)
{
    settle();
    g_assert_cmpuint(end->got->len, ==, 0);
    g_assert_error(end->closed, CHANNEL_ERROR, CHANNEL_ERROR_MALFORMED);
}

static void
test_wrong_body(End *end, gconstpointer data)
{
    send_raw(end, record(RECORD_RESOLVE, g_variant_new("(s)", "x")));
    expect_malformed(end);
}

static void
test_unknown_type(End *end, gconstpointer data)
{
    send_raw(end, record(RECORD_LIMIT, g_variant_new("()")));
    expect_malformed(end);
}

static void
test_no_variant(End *end, gconstpointer data)
{
    static const uint8_t noise[] = "\1\2\3\4\5\6\7\10\11\12 no record at all";
    g_assert_cmpint(send(end->raw, noise, sizeof noise, 0), ==, sizeof noise);
    expect_malformed(end);
}

/* Every record of which one octet differs is either refused or another record: never a crash. */
static void
test_every_flip(End *end, gconstpointer data)
{
    g_autoptr(GVariant) whole = g_variant_ref_sink(
        record(RECORD_SOCKET, g_variant_new("(uy@ayq)", 7, (guint8)1,
                                            channel_variant_from_octets("abcd", 4), 4500)));
    for (gsize i = 0; i < g_variant_get_size(whole); i++) {
        End other = { 0 };
        g_autofree uint8_t *copy = g_memdup2(g_variant_get_data(whole), g_variant_get_size(whole));
        copy[i] ^= 0x81;
        end_up(&other, NULL);
        g_assert_cmpint(send(other.raw, copy, g_variant_get_size(whole), 0), >, 0);
        settle();
        g_assert_true(other.got->len == 1 || other.closed != NULL);
        end_down(&other, NULL);
    }
}

static void
test_too_large(End *end, gconstpointer data)
{
    int size = 4 * RECORD_MAX_LENGTH;
    g_autofree char *noise = g_malloc0(RECORD_MAX_LENGTH + 1);
    setsockopt(end->raw, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    setsockopt(end->raw, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    g_assert_cmpint(send(end->raw, noise, RECORD_MAX_LENGTH + 1, 0), ==, RECORD_MAX_LENGTH + 1);
    expect_malformed(end);
}

static void
test_other_end_gone(End *end, gconstpointer data)
{
    close(end->raw);
    end->raw = -1;
    settle();
    g_assert_error(end->closed, CHANNEL_ERROR, CHANNEL_ERROR_CLOSED);
    channel_send(end->channel, RECORD_QUERY, g_variant_new("()"), NULL, 0);
    settle();
}

static void
test_descriptor(End *end, gconstpointer data)
{
    static const ChannelHandler handler = { received, closed };
    int pipe_ends[2];
    char word[3] = "";
    End other = { .got = g_ptr_array_new_with_free_func(g_free), .raw = -1, .fd = -1 };
    other.channel = channel_new(end->raw, &handler, &other);
    end->raw = -1;
    g_assert_cmpint(pipe(pipe_ends), ==, 0);
    channel_send(other.channel, RECORD_SOCKET_REPLY, socket_reply(1), pipe_ends, 1);
    settle();
    g_assert_cmpint(end->fd, >=, 0);
    g_assert_cmpint(fcntl(end->fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
    g_assert_cmpint(write(pipe_ends[1], "ok", 2), ==, 2);
    g_assert_cmpint(read(end->fd, word, 2), ==, 2);
    g_assert_cmpstr(word, ==, "ok");
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    end_down(&other, NULL);
}

/* One that does not read is given up, not waited for. */
static void
test_stuck(End *end, gconstpointer data)
{
    for (unsigned i = 0; i < 4 * CHANNEL_MAX_QUEUE && end->closed == NULL; i++) {
        g_autofree char *text = g_strnfill(4000, 'x');
        channel_send(end->channel, RECORD_APPLIED, g_variant_new("(bsu)", FALSE, text, 0), NULL, 0);
        settle();
    }
    g_assert_error(end->closed, CHANNEL_ERROR, CHANNEL_ERROR_STUCK);
}

static void
test_freed_in_its_handler(End *end, gconstpointer data)
{
    end->free_in_handler = true;
    g_autoptr(GVariant) whole = g_variant_ref_sink(record(RECORD_RESOLVE, g_variant_new("(u)", 1)));
    for (unsigned i = 0; i < 2; i++)
        g_assert_cmpint(send(end->raw, g_variant_get_data(whole), g_variant_get_size(whole), 0), >,
                        0);
    settle();
    g_assert_cmpuint(end->got->len, ==, 1);
    g_assert_null(end->channel);
}

#define ADD(path, function) g_test_add(path, End, NULL, end_up, function, end_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/channel/channel/in-order", test_in_order);
    ADD("/channel/channel/wrong-body-ends-it", test_wrong_body);
    ADD("/channel/channel/unknown-type-ends-it", test_unknown_type);
    ADD("/channel/channel/noise-ends-it", test_no_variant);
    ADD("/channel/channel/every-flip", test_every_flip);
    ADD("/channel/channel/too-large-ends-it", test_too_large);
    ADD("/channel/channel/other-end-gone", test_other_end_gone);
    ADD("/channel/channel/descriptor-comes-along", test_descriptor);
    ADD("/channel/channel/stuck-is-given-up", test_stuck);
    ADD("/channel/channel/freed-in-its-handler", test_freed_in_its_handler);
    return g_test_run();
}
