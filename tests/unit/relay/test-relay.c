/* Clients, good and bad, on one side of a relay; a gateway's UDP socket on the other. */
#include "bench.h"

#include "encap/tcp-encap.h"
#include "loopback.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
test_both_ways(void)
{
    static const uint8_t frames[] = { 0, 3, 0xff, 0, 2, 0, 10, 1, 2, 3, 4, 5, 6, 7, 8 };
    Bench bench = bench_new(bench_usual);
    int client = client_new(&bench);
    uint8_t got[64];
    struct sockaddr_in from;
    say_hello(client, 5);
    loopback_write(client, frames, sizeof frames);
    gateway_hears(&bench, 5);
    /* Keepalives and empty frames go no further. */
    size_t n = gateway_reads(&bench, got, sizeof got, &from);
    g_assert_cmpmem(got, n, "\1\2\3\4\5\6\7\10", 8);
    g_assert_cmpint(sendto(bench.gateway, "answer", 6, 0, (struct sockaddr *)&from, sizeof from),
                    ==, 6);
    g_assert_cmpint(recv(client, got, 8, MSG_WAITALL), ==, 8);
    g_assert_cmpmem(got, 8, "\0\10answer", 8); /* no prefix in this direction */
    RelayStatistics statistics = bench_end(&bench);
    g_assert_cmpuint(statistics.accepted, ==, 1);
    g_assert_cmpuint(statistics.packets_in, ==, 2);
    g_assert_cmpuint(statistics.packets_out, ==, 1);
    g_assert_cmpuint(statistics.dropped, ==, 2);
    g_assert_cmpuint(statistics.connections, ==, 1);
    check_closed(client);
}

static void
test_octet_by_octet(void)
{
    Bench bench = bench_new(bench_usual);
    int client = client_new(&bench);
    uint8_t stream[6 + 2 * 34];
    memcpy(stream, TCP_ENCAP_PREFIX, 6);
    ike_frame(stream + 6, 1);
    ike_frame(stream + 40, 2);
    for (size_t i = 0; i < sizeof stream; i++)
        loopback_write(client, stream + i, 1);
    gateway_hears(&bench, 1);
    gateway_hears(&bench, 2);
    bench_end(&bench);
    close(client);
}

/* Each is closed at once, with no timeout; the good one beside them stays. */
static void
test_garbage(void)
{
    static const struct {
        const char *octets;
        size_t length;
    } wrong[] = { { "GET / HTTP/1.1\r\n", 16 },
                  { "I", 1 },
                  { "X", 1 },
                  { "IKETCX", 6 },
                  { "IKETCP\0\0", 8 },
                  { "IKETCP\0\1", 8 },
                  { "IKETCP\0\2\0\1", 10 } };
    Bench bench = bench_new(bench_usual);
    int good = client_new(&bench);
    say_hello(good, 1);
    gateway_hears(&bench, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        int client = client_new(&bench);
        loopback_write(client, wrong[i].octets, wrong[i].length);
        if (i == 1) { /* right so far */
            loopback_write(client, "\0", 1);
        }
        check_closed(client);
    }
    uint8_t frame[34];
    loopback_write(good, frame, ike_frame(frame, 2));
    gateway_hears(&bench, 2);
    RelayStatistics statistics = bench_end(&bench);
    g_assert_cmpuint(statistics.broken, ==, G_N_ELEMENTS(wrong));
    close(good);
}

/* The longest frame is more than UDP carries: it is dropped, the stream goes on. */
static void
test_longest_frame(void)
{
    Bench bench = bench_new(bench_usual);
    int client = client_new(&bench);
    g_autofree uint8_t *frame = g_malloc0(TCP_ENCAP_MAX_FRAME);
    frame[0] = frame[1] = 0xff;
    loopback_write(client, TCP_ENCAP_PREFIX, TCP_ENCAP_PREFIX_LENGTH);
    loopback_write(client, frame, TCP_ENCAP_MAX_FRAME);
    loopback_write(client, frame, ike_frame(frame, 3));
    gateway_hears(&bench, 3);
    g_assert_cmpuint(bench_end(&bench).dropped, ==, 1);
    close(client);
}

/* Nothing, half a prefix, a prefix alone, half a frame: not for ever. */
static void
test_prefix_timeout(void)
{
    static const char *const beginnings[] = { "", "IKE", "IKETCP", "IKETCP\x10\x10some" };
    RelayOptions options = bench_usual;
    int clients[G_N_ELEMENTS(beginnings)];
    options.prefix_timeout = SHORT;
    Bench bench = bench_new(options);
    for (size_t i = 0; i < G_N_ELEMENTS(beginnings); i++) {
        clients[i] = client_new(&bench);
        loopback_write(clients[i], beginnings[i], strlen(beginnings[i]));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(beginnings); i++)
        check_closed(clients[i]);
    g_assert_cmpuint(bench_end(&bench).timed_out, ==, G_N_ELEMENTS(beginnings));
}

static void
test_idle_timeout(void)
{
    RelayOptions options = bench_usual;
    options.idle_timeout = SHORT;
    Bench bench = bench_new(options);
    int client = client_new(&bench);
    say_hello(client, 1);
    gateway_hears(&bench, 1);
    check_closed(client);
    g_assert_cmpuint(bench_end(&bench).timed_out, ==, 1);
}

static void
check_limit(RelayOptions options)
{
    Bench bench = bench_new(options);
    int first = client_new(&bench), second = client_new(&bench);
    say_hello(first, 1);
    gateway_hears(&bench, 1);
    say_hello(second, 2);
    gateway_hears(&bench, 2);
    check_closed(client_new(&bench));
    RelayStatistics statistics = bench_end(&bench);
    g_assert_cmpuint(statistics.accepted, ==, 2);
    g_assert_cmpuint(statistics.refused, ==, 1);
    close(first);
    close(second);
}

static void
test_max_connections(void)
{
    RelayOptions options = bench_usual;
    options.max_connections = 2;
    check_limit(options);
}

static void
test_max_per_client(void)
{
    RelayOptions options = bench_usual;
    options.max_per_client = 2;
    check_limit(options);
}

/* At most so many in each second, whenever the seconds begin. */
static void
test_rate(void)
{
    RelayOptions options = bench_usual;
    int clients[20];
    options.max_rate = 2;
    Bench bench = bench_new(options);
    gint64 began = g_get_monotonic_time();
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++)
        clients[i] = client_new(&bench);
    /* Refused ones are closed; accepted ones close on garbage: so all have been seen. */
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
        if (send(clients[i], "X", 1, MSG_NOSIGNAL) < 0)
            g_assert_true(errno == EPIPE || errno == ECONNRESET);
        check_closed(clients[i]);
    }
    gint64 seconds = (g_get_monotonic_time() - began) / G_USEC_PER_SEC + 2;
    RelayStatistics statistics = bench_end(&bench);
    g_assert_cmpuint(statistics.accepted, >=, 2);
    g_assert_cmpuint(statistics.accepted, <=, (guint64)seconds * 2);
    g_assert_cmpuint(statistics.accepted + statistics.refused, ==, G_N_ELEMENTS(clients));
}

static void
gateway_sends(const Bench *bench, const struct sockaddr_in *to, const void *data, size_t length)
{
    g_assert_cmpint(
        sendto(bench->gateway, data, length, 0, (const struct sockaddr *)to, sizeof *to), ==,
        length);
}

/* When the answer is there the relay has been round: its UDP sockets' queues are short again. */
static void
round_trip(const Bench *bench, int client)
{
    uint8_t frame[34], got[64];
    struct sockaddr_in from;
    loopback_write(client, frame, ike_frame(frame, 9));
    size_t n = gateway_reads(bench, got, sizeof got, &from);
    gateway_sends(bench, &from, got, n);
    g_assert_cmpint(recv(client, got, 34, MSG_WAITALL), ==, 34);
}

#define SLOW_LENGTH 1000

static void
read_whole_frames(int client, unsigned n)
{
    uint8_t frame[SLOW_LENGTH + 2];
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmpint(recv(client, frame, sizeof frame, MSG_WAITALL), ==, sizeof frame);
        g_assert_cmpmem(frame, 2, "\x03\xea", 2);
        for (size_t j = 2; j < sizeof frame; j++)
            g_assert_cmpuint(frame[j], ==, 0x33);
    }
}

/* A client that does not read, then reads less than comes: what waits for it is bounded, it gets
 * whole frames, and nobody else notices. */
static void
test_slow_client(void)
{
    enum { ROUNDS = 800, EACH = 40, FULL = 400, READ = 10 };
    Bench bench = bench_new(bench_usual);
    int slow = client_new(&bench), other = client_new(&bench);
    uint8_t datagram[SLOW_LENGTH], got[64];
    struct sockaddr_in from;
    say_hello(slow, 1);
    gateway_reads(&bench, got, sizeof got, &from);
    say_hello(other, 2);
    gateway_hears(&bench, 2);
    memset(datagram, 0x33, sizeof datagram);
    for (unsigned i = 0; i < ROUNDS; i++) {
        for (unsigned j = 0; j < EACH; j++)
            gateway_sends(&bench, &from, datagram, sizeof datagram);
        round_trip(&bench, other);
        round_trip(&bench, other);
        if (i >= FULL)
            read_whole_frames(slow, READ);
    }
    RelayStatistics statistics = bench_end(&bench);
    g_test_message("kept %" G_GUINT64_FORMAT ", dropped %" G_GUINT64_FORMAT, statistics.most_kept,
                   statistics.dropped);
    g_assert_cmpuint(statistics.dropped, >, 0);
    g_assert_cmpuint(statistics.most_kept, <, 1024 * 1024);
    close(slow);
    close(other);
}

static void
test_many(void)
{
    enum { MANY = 50 };
    Bench bench = bench_new(bench_usual);
    int clients[MANY];
    for (uint8_t i = 0; i < MANY; i++)
        clients[i] = client_new(&bench);
    for (uint8_t i = 0; i < MANY; i++)
        say_hello(clients[i], i);
    for (unsigned i = 0; i < MANY; i++) { /* each has its own answer */
        uint8_t got[64];
        struct sockaddr_in from;
        size_t n = gateway_reads(&bench, got, sizeof got, &from);
        g_assert_cmpint(sendto(bench.gateway, got, n, 0, (struct sockaddr *)&from, sizeof from), ==,
                        n);
    }
    for (uint8_t i = 0; i < MANY; i++) {
        uint8_t got[34], expected[34];
        ike_frame(expected, i);
        g_assert_cmpint(recv(clients[i], got, sizeof got, MSG_WAITALL), ==, sizeof got);
        g_assert_cmpmem(got, sizeof got, expected, sizeof expected);
        close(clients[i]);
    }
    g_assert_cmpuint(bench_end(&bench).accepted, ==, MANY);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/relay/relay/both-ways", test_both_ways);
    g_test_add_func("/relay/relay/octet-by-octet", test_octet_by_octet);
    g_test_add_func("/relay/relay/garbage", test_garbage);
    g_test_add_func("/relay/relay/longest-frame", test_longest_frame);
    g_test_add_func("/relay/relay/prefix-timeout", test_prefix_timeout);
    g_test_add_func("/relay/relay/idle-timeout", test_idle_timeout);
    g_test_add_func("/relay/relay/max-connections", test_max_connections);
    g_test_add_func("/relay/relay/max-per-client", test_max_per_client);
    g_test_add_func("/relay/relay/rate", test_rate);
    g_test_add_func("/relay/relay/slow-client", test_slow_client);
    g_test_add_func("/relay/relay/many", test_many);
    return g_test_run();
}
