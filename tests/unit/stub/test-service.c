/* The stub as ginneld meets it. */
#include "stub/service.h"

#include "channel/channel.h"
#include "name-server.h"

#include <sys/socket.h>
#include <unistd.h>

#include "stub-client.h"

typedef struct {
    NameServer server;
    StubSockets sockets;
    StubService *service;
    Channel *channel;
    bool closed, answered, ok;
    char *why;
} Bench;

static void
service_closed(gpointer data)
{
    ((Bench *)data)->closed = true;
}

static void
received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds, gpointer data)
{
    Bench *bench = data;
    gboolean ok;
    g_assert_cmpint(type, ==, RECORD_STUB_READY);
    g_free(bench->why);
    g_variant_get(body, "(bs)", &ok, &bench->why);
    bench->ok = ok;
    bench->answered = true;
}

static void
channel_closed(Channel *channel, const GError *error, gpointer data)
{
}

static const ChannelHandler handler = { received, channel_closed };

static void
bench_start(Bench *bench)
{
    int pair[2];
    *bench = (Bench){ 0 };
    name_server_start(&bench->server);
    stub_sockets_open(&bench->sockets);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    bench->service = stub_service_new(pair[0], service_closed, bench);
    bench->channel = channel_new(pair[1], &handler, bench);
}

static void
bench_stop(Bench *bench)
{
    channel_free(bench->channel);
    stub_service_free(bench->service);
    name_server_stop(&bench->server);
    close(bench->sockets.udp);
    close(bench->sockets.tcp);
    g_free(bench->why);
}

/* The server by TLS where name is not empty. */
static GVariant *
start_variant(const char *server, guint16 port, const char *name)
{
    const char *none[] = { NULL };
    GVariantBuilder servers;
    g_variant_builder_init(&servers, G_VARIANT_TYPE("a(sqsa(qay))"));
    g_variant_builder_add(&servers, "(sqsa(qay))", server, port, name, NULL);
    return g_variant_new("(sa(sqsa(qay))^as^as^asb)", "work", &servers, none, none, none, FALSE);
}

static void
start(Bench *bench, const char *server, const char *name, size_t n_fds)
{
    int fds[] = { bench->sockets.udp, bench->sockets.tcp };
    bench->answered = false;
    channel_send(bench->channel, RECORD_STUB_START, start_variant(server, bench->server.port, name),
                 fds, n_fds);
    while (!bench->answered && !bench->closed)
        g_main_context_iteration(NULL, TRUE);
}

static void
test_start(void)
{
    Bench bench;
    guint8 reply[512];
    bench_start(&bench);
    g_test_expect_message(NULL, G_LOG_LEVEL_MESSAGE, "work: answers");
    start(&bench, "127.0.0.1", "", 2);
    g_test_assert_expected_messages();
    g_assert_true(bench.ok);
    g_autoptr(GByteArray) query = query_new(1, "host.example", 1, false);
    g_assert_cmpint(stub_client_ask(&bench.sockets, query, reply, sizeof reply), >, 12);
    /* A second one is a mistake. */
    start(&bench, "127.0.0.1", "", 2);
    g_assert_true(bench.closed);
    bench_stop(&bench);
}

/* A server that should speak TLS and does not: SERVFAIL, and no question in the open. */
static void
test_no_tls(void)
{
    Bench bench;
    guint8 reply[512];
    bench_start(&bench);
    g_test_expect_message(NULL, G_LOG_LEVEL_MESSAGE, "work: answers, asks by TLS");
    start(&bench, "127.0.0.1", "dns.example", 2);
    g_assert_true(bench.ok);
    g_test_expect_message(NULL, G_LOG_LEVEL_MESSAGE, "dns.example: *");
    g_autoptr(GByteArray) query = query_new(1, "host.example", 1, false);
    g_assert_cmpint(stub_client_ask(&bench.sockets, query, reply, sizeof reply), >=, 12);
    g_test_assert_expected_messages();
    g_assert_cmpuint(reply[3] & 0xf, ==, 2);
    g_assert_cmpint(g_atomic_int_get(&bench.server.questions), ==, 0);
    bench_stop(&bench);
}

static void
test_what_cannot_be(void)
{
    Bench bench;
    bench_start(&bench);
    start(&bench, "nowhere", "", 2);
    g_assert_true(bench.answered && !bench.ok);
    g_assert_cmpstr(bench.why, !=, "");
    start(&bench, "127.0.0.1", "", 1);
    g_assert_true(bench.closed);
    bench_stop(&bench);
}

/* What a start that failed has left is not built upon. */
static void
test_not_again(void)
{
    Bench bench;
    bench_start(&bench);
    start(&bench, "nowhere", "", 2);
    g_assert_true(bench.answered && !bench.ok);
    start(&bench, "127.0.0.1", "", 2);
    g_assert_true(bench.closed && !bench.answered);
    bench_stop(&bench);
}

static void
test_nothing_else(void)
{
    Bench bench;
    bench_start(&bench);
    channel_send(bench.channel, RECORD_QUERY, g_variant_new("()"), NULL, 0);
    while (!bench.closed)
        g_main_context_iteration(NULL, TRUE);
    bench_stop(&bench);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stub/service/start", test_start);
    g_test_add_func("/stub/service/no-tls", test_no_tls);
    g_test_add_func("/stub/service/what-cannot-be", test_what_cannot_be);
    g_test_add_func("/stub/service/not-again", test_not_again);
    g_test_add_func("/stub/service/nothing-else", test_nothing_else);
    return g_test_run();
}
