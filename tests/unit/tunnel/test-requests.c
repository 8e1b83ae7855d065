/* One question at a time, the same question again for a new ginneld, no answer to who has gone. */
#include "tunnel/requests.h"

#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    Channel *tunnel, *daemon;
    Requests *requests;
    GString *asked, *answered; /* serials */
} Bed;

static GVariant *
socket_reply(guint32 serial)
{
    return g_variant_new("(uis@a{sv})", serial, 0, "",
                         g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0));
}

static void
daemon_received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds,
                gpointer data)
{
    Bed *bed = data;
    guint serial;
    g_variant_get_child(body, 0, "u", &serial);
    g_string_append_printf(bed->asked, "%u ", serial);
}

static void
tunnel_received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds,
                gpointer data)
{
    Bed *bed = data;
    if (requests_reply(bed->requests, body, n_fds > 0 ? fds[0] : -1) && n_fds > 0)
        fds[0] = -1;
}

static void
closed(Channel *channel, const GError *error, gpointer data)
{
    g_error("%s", error->message);
}

static void
bed_up(Bed *bed, gconstpointer data)
{
    static const ChannelHandler tunnel = { tunnel_received, closed };
    static const ChannelHandler daemon = { daemon_received, closed };
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    bed->tunnel = channel_new(pair[0], &tunnel, bed);
    bed->daemon = channel_new(pair[1], &daemon, bed);
    bed->requests = requests_new(bed->tunnel);
    bed->asked = g_string_new(NULL);
    bed->answered = g_string_new(NULL);
}

static void
bed_down(Bed *bed, gconstpointer data)
{
    requests_free(bed->requests);
    channel_free(bed->tunnel);
    channel_free(bed->daemon);
    g_string_free(bed->asked, TRUE);
    g_string_free(bed->answered, TRUE);
}

static void
settle(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
replied(GVariant *reply, int fd, gpointer data)
{
    Bed *bed = data;
    guint serial;
    g_variant_get_child(reply, 0, "u", &serial);
    g_string_append_printf(bed->answered, "%u ", serial);
    if (fd >= 0)
        close(fd);
}

static uint32_t
ask(Bed *bed)
{
    uint32_t serial = requests_next_serial(bed->requests);
    requests_send(bed->requests, RECORD_RESOLVE, serial, g_variant_new("(u)", serial), replied,
                  bed);
    settle();
    return serial;
}

static void
answer(Bed *bed, uint32_t serial)
{
    channel_send(bed->daemon, RECORD_SOCKET_REPLY, socket_reply(serial), NULL, 0);
    settle();
}

static void
test_one_at_a_time(Bed *bed, gconstpointer data)
{
    ask(bed);
    ask(bed);
    ask(bed);
    g_assert_cmpstr(bed->asked->str, ==, "1 ");
    answer(bed, 1);
    g_assert_cmpstr(bed->asked->str, ==, "1 2 ");
    answer(bed, 2);
    answer(bed, 3);
    g_assert_cmpstr(bed->answered->str, ==, "1 2 3 ");
}

static void
test_repeated_for_a_new_ginneld(Bed *bed, gconstpointer data)
{
    ask(bed);
    requests_repeat(bed->requests);
    settle();
    g_assert_cmpstr(bed->asked->str, ==, "1 1 ");
    answer(bed, 1);
    answer(bed, 1); /* both ginnelds answered */
    g_assert_cmpstr(bed->answered->str, ==, "1 ");
    requests_repeat(bed->requests);
    settle();
    g_assert_cmpstr(bed->asked->str, ==, "1 1 ");
}

static void
test_wrong_serial(Bed *bed, gconstpointer data)
{
    ask(bed);
    answer(bed, 77);
    g_assert_cmpstr(bed->answered->str, ==, "");
    answer(bed, 1);
    g_assert_cmpstr(bed->answered->str, ==, "1 ");
}

static void
test_cancelled(Bed *bed, gconstpointer data)
{
    int other;
    ask(bed);
    ask(bed);
    uint32_t serial = requests_next_serial(bed->requests);
    requests_send(bed->requests, RECORD_RESOLVE, serial, g_variant_new("(u)", serial), replied,
                  &other);
    requests_cancel(bed->requests, bed);
    requests_cancel(bed->requests, &other);
    /* The open one is still answered by ginneld; its descriptor must not leak. */
    int pair[2];
    char octet;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    channel_send(bed->daemon, RECORD_SOCKET_REPLY, socket_reply(1), pair, 1);
    settle();
    close(pair[0]);
    g_assert_cmpint(recv(pair[1], &octet, 1, MSG_DONTWAIT), ==, 0);
    close(pair[1]);
    g_assert_cmpstr(bed->answered->str, ==, "");
    ask(bed);
    g_assert_cmpstr(bed->asked->str, ==, "1 4 ");
}

#define ADD(path, function) g_test_add(path, Bed, NULL, bed_up, function, bed_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/tunnel/requests/one-at-a-time", test_one_at_a_time);
    ADD("/tunnel/requests/repeated-for-a-new-ginneld", test_repeated_for_a_new_ginneld);
    ADD("/tunnel/requests/wrong-serial-is-ignored", test_wrong_serial);
    ADD("/tunnel/requests/cancelled-is-not-answered", test_cancelled);
    return g_test_run();
}
