/* The stub's sockets, with a real forwarder behind them. */
#include "stub/listener.h"

#include "name-server.h"
#include "stub/forwarder.h"

#include <string.h>
#include <unistd.h>

#include "stub-client.h"

typedef struct {
    NameServer server;
    StubSockets sockets;
    Forwarder *forwarder;
    Listener *listener;
} Bench;

static void
bench_start(Bench *bench)
{
    char *none[] = { NULL };
    name_server_start(&bench->server);
    g_autofree char *word = name_server_word(&bench->server);
    char *servers[] = { word, NULL };
    ForwarderConfig config = { servers, none, none, none, false };
    stub_sockets_open(&bench->sockets);
    bench->forwarder = forwarder_new(&config, NULL);
    bench->listener =
        listener_new(forwarder_asker(bench->forwarder), bench->sockets.udp, bench->sockets.tcp);
}

static void
bench_stop(Bench *bench)
{
    listener_free(bench->listener);
    forwarder_free(bench->forwarder);
    name_server_stop(&bench->server);
}

static void
test_udp(void)
{
    Bench bench;
    guint8 reply[4096];
    bench_start(&bench);
    g_autoptr(GByteArray) query = query_new(0x4711, "host.corp.example", 1, true);
    ssize_t got = stub_client_ask(&bench.sockets, query, reply, sizeof reply);
    g_assert_cmpint(got, >, query->len);
    g_assert_cmpmem(reply, 2, "\x47\x11", 2);
    g_assert_cmpuint(reply[7], ==, 1);
    bench_stop(&bench);
}

static int
connect_tcp(const Bench *bench)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (const struct sockaddr *)&bench->sockets.address,
                            sizeof bench->sockets.address),
                    ==, 0);
    return fd;
}

static void
send_tcp(int fd, const GByteArray *query)
{
    guint8 length[2] = { (guint8)(query->len >> 8), (guint8)query->len };
    g_assert_cmpint(send(fd, length, 2, 0), ==, 2);
    g_assert_cmpint(send(fd, query->data, query->len, 0), ==, query->len);
}

/* Too much for a datagram: the client is told, and asks again by TCP; two questions one after the
 * other on one stream. */
static void
test_truncated_then_tcp(void)
{
    Bench bench;
    guint8 reply[4096];
    bench_start(&bench);
    g_autoptr(GByteArray) query = query_new(1, "big.example", 1, false);
    ssize_t got = stub_client_ask(&bench.sockets, query, reply, sizeof reply);
    g_assert_cmpint(got, ==, query->len);
    g_assert_cmpuint(reply[2] & 2, ==, 2);
    int fd = connect_tcp(&bench);
    for (int i = 0; i < 2; i++) {
        send_tcp(fd, query);
        size_t have = 0, wanted = 2;
        while (have < wanted) {
            got = stub_client_receive(fd, reply + have, wanted - have);
            g_assert_cmpint(got, >, 0);
            have += (size_t)got;
            wanted = have >= 2 ? 2u + ((size_t)reply[0] << 8 | reply[1]) : 2;
        }
        g_assert_cmpuint(reply[2 + 7], ==, 60);
    }
    close(fd);
    bench_stop(&bench);
}

/* A query whose client is gone when the answer comes, and octets that are no DNS. */
static void
test_gone_and_nonsense(void)
{
    Bench bench;
    guint8 reply[512];
    bench_start(&bench);
    g_autoptr(GByteArray) query = query_new(1, "host.example", 1, false);
    int fd = connect_tcp(&bench);
    send_tcp(fd, query);
    close(fd);
    fd = connect_tcp(&bench);
    g_assert_cmpint(send(fd, "\0\0", 2, 0), ==, 2);
    g_assert_cmpint(stub_client_receive(fd, reply, sizeof reply), ==, 0);
    close(fd);
    g_autoptr(GByteArray) bad = query_new(9, "host.example", 1, false);
    bad->data[5] = 2;
    g_assert_cmpint(stub_client_ask(&bench.sockets, bad, reply, sizeof reply), ==, 12);
    g_assert_cmpuint(reply[3] & 0xf, ==, 1);
    /* And goes on. */
    g_assert_cmpint(stub_client_ask(&bench.sockets, query, reply, sizeof reply), >, 12);
    bench_stop(&bench);
}

/* Questions from another address than its own are other machines', or want to look so. */
static void
test_others_are_not_answered(void)
{
    Bench bench;
    guint8 reply[512];
    bench_start(&bench);
    struct sockaddr_in other = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002) };
    g_autoptr(GByteArray) query = query_new(1, "host.example", 1, false);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&other, sizeof other), ==, 0);
    g_assert_cmpint(sendto(fd, query->data, query->len, 0,
                           (struct sockaddr *)&bench.sockets.address, sizeof other),
                    ==, query->len);
    g_autoptr(GByteArray) own = query_new(2, "www.example", 1, false);
    g_assert_cmpint(stub_client_ask(&bench.sockets, own, reply, sizeof reply), >, 12);
    g_assert_cmpint(recv(fd, reply, sizeof reply, MSG_DONTWAIT), <, 0);
    g_assert_cmpint(g_atomic_int_get(&bench.server.questions), ==, 1);
    close(fd);
    bench_stop(&bench);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stub/listener/udp", test_udp);
    g_test_add_func("/stub/listener/truncated-then-tcp", test_truncated_then_tcp);
    g_test_add_func("/stub/listener/gone-and-nonsense", test_gone_and_nonsense);
    g_test_add_func("/stub/listener/others-are-not-answered", test_others_are_not_answered);
    return g_test_run();
}
