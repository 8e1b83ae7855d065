/* IKE and ESP in datagrams. */
#include "loopback.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    Transport *transport;
    int peer;
} Pair;

static Pair
pair_new(bool marker)
{
    int fds[2];
    loopback_udp_pair(fds);
    return (Pair){ transport_udp_new(fds[0], marker), fds[1] };
}

static void
pair_clear(Pair *pair)
{
    transport_unref(pair->transport);
    if (pair->peer >= 0)
        close(pair->peer);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pair, pair_clear)

static size_t
peer_reads(const Pair *pair, uint8_t *out, size_t room)
{
    loopback_wait(pair->peer, POLLIN);
    ssize_t n = recv(pair->peer, out, room, 0);
    g_assert_cmpint(n, >=, 0);
    return (size_t)n;
}

static void
test_ike_has_the_marker_but_on_500(void)
{
    for (int marker = 0; marker < 2; marker++) {
        g_auto(Pair) pair = pair_new(marker != 0);
        uint8_t message[28], got[100];
        memset(message, 7, sizeof message);
        g_assert_cmpint(transport_send_ike(pair.transport, message, sizeof message), ==, 0);
        size_t n = peer_reads(&pair, got, sizeof got), skip = marker != 0 ? 4 : 0;
        g_assert_cmpmem(got + skip, n - skip, message, sizeof message);
        if (skip > 0)
            g_assert_cmpmem(got, skip, "\0\0\0\0", 4);
    }
}

/* Until n packets have come; each is checked against what was sent. */
static void
expect_packets(Transport *transport, const TransportPacket *sent, size_t n)
{
    TransportPacket in[TRANSPORT_BATCH];
    for (size_t total = 0, got; total < n;) {
        loopback_wait(transport_fd(transport), POLLIN);
        g_assert_cmpint(transport_receive(transport, in, &got), ==, 0);
        for (size_t i = 0; i < got; i++, total++) {
            g_assert_cmpuint(total, <, n);
            g_assert_cmpint(in[i].kind, ==, ENCAP_ESP);
            g_assert_cmpmem(in[i].data, in[i].length, sent[total].data, sent[total].length);
        }
    }
}

/* n packets, their lengths by a pattern that repeats. */
static TransportPacket *
make_packets(GByteArray *memory, size_t n, const size_t *lengths, size_t n_lengths)
{
    TransportPacket *packets = g_new0(TransportPacket, n);
    size_t room = TRANSPORT_HEADROOM + 1500;
    g_byte_array_set_size(memory, (guint)(n * room));
    for (size_t i = 0; i < n; i++) {
        uint8_t *data = memory->data + i * room + TRANSPORT_HEADROOM;
        memset(data, (int)(i % 255) + 1, 1500);
        packets[i] = (TransportPacket){ data, lengths[i % n_lengths], ENCAP_ESP };
    }
    return packets;
}

/* All lengths, equal ones that go as a run, runs with a shorter end. A socket that asks for runs
 * and one that does not receive the same. */
static void
test_batch_goes_and_comes(void)
{
    static const size_t equal[] = { 1400 }, ends[] = { 600, 600, 600, 90 }, grows[] = { 8, 9, 700 };
    static const struct {
        const size_t *lengths;
        size_t n;
    } patterns[] = { { equal, 1 }, { ends, 4 }, { grows, 3 } };
    for (size_t i = 0; i < G_N_ELEMENTS(patterns); i++) {
        int fds[2];
        loopback_udp_pair(fds);
        g_autoptr(Transport) a = transport_udp_new(fds[0], true);
        g_autoptr(Transport) b = transport_udp_new(fds[1], true);
        g_autoptr(GByteArray) memory = g_byte_array_new();
        g_autofree TransportPacket *out =
            make_packets(memory, TRANSPORT_BATCH, patterns[i].lengths, patterns[i].n);
        size_t dropped, n;
        TransportPacket in[TRANSPORT_BATCH];
        g_assert_cmpint(transport_send_esp(a, out, TRANSPORT_BATCH, &dropped), ==, 0);
        g_assert_cmpuint(dropped, ==, 0);
        expect_packets(b, out, TRANSPORT_BATCH);
        g_assert_cmpint(transport_receive(b, in, &n), ==, 0);
        g_assert_cmpuint(n, ==, 0);
    }
}

/* A peer that knows nothing of runs sees datagrams as ever. */
static void
test_run_is_datagrams(void)
{
    static const size_t lengths[] = { 500 };
    g_auto(Pair) pair = pair_new(true);
    g_autoptr(GByteArray) memory = g_byte_array_new();
    g_autofree TransportPacket *out = make_packets(memory, 100, lengths, 1);
    uint8_t got[2000];
    size_t dropped;
    g_assert_cmpint(transport_send_esp(pair.transport, out, 100, &dropped), ==, 0);
    for (size_t i = 0; i < 100; i++)
        g_assert_cmpmem(got, peer_reads(&pair, got, sizeof got), out[i].data, 500);
}

/* The kernel takes no runs from a socket that sends no checksums: packets go one by one then, none
 * is lost and nobody hears of it. */
static void
test_runs_refused(void)
{
    static const size_t lengths[] = { 500 };
    g_auto(Pair) pair = pair_new(true);
    g_autoptr(GByteArray) memory = g_byte_array_new();
    g_autofree TransportPacket *out = make_packets(memory, 100, lengths, 1);
    uint8_t got[2000];
    size_t dropped;
    int on = 1;
    g_assert_cmpint(
        setsockopt(transport_fd(pair.transport), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), ==, 0);
    for (unsigned round = 0; round < 2; round++) {
        g_assert_cmpint(transport_send_esp(pair.transport, out, 100, &dropped), ==, 0);
        g_assert_cmpuint(dropped, ==, 0);
        for (size_t i = 0; i < 100; i++)
            g_assert_cmpmem(got, peer_reads(&pair, got, sizeof got), out[i].data, 500);
    }
}

/* Two sockets of IPv6. */
static void
pair_of_v6(int fds[2])
{
    struct sockaddr_in6 address[2] = { { 0 } };
    socklen_t length = sizeof address[0];
    for (size_t i = 0; i < 2; i++) {
        address[i].sin6_family = AF_INET6;
        address[i].sin6_addr = in6addr_loopback;
        fds[i] = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        g_assert_cmpint(bind(fds[i], (struct sockaddr *)&address[i], length), ==, 0);
        g_assert_cmpint(getsockname(fds[i], (struct sockaddr *)&address[i], &length), ==, 0);
    }
    for (size_t i = 0; i < 2; i++)
        g_assert_cmpint(connect(fds[i], (struct sockaddr *)&address[1 - i], length), ==, 0);
}

/* What is asked for goes out, packet by packet and as a run, and what was marked on the way comes
 * in. */
static void
check_ecn(const int fds[2], int level, int option)
{
    static const uint8_t ecn[] = { 0, 0, 2, 2, 2, 1, 3, 0 };
    static const size_t lengths[] = { 100 };
    g_autoptr(Transport) a = transport_udp_new(fds[0], true);
    g_autoptr(Transport) b = transport_udp_new(fds[1], true);
    g_autoptr(GByteArray) memory = g_byte_array_new();
    g_autofree TransportPacket *out = make_packets(memory, G_N_ELEMENTS(ecn), lengths, 1);
    TransportPacket in[TRANSPORT_BATCH];
    size_t dropped, n;
    for (size_t i = 0; i < G_N_ELEMENTS(ecn); i++)
        out[i].ecn = ecn[i];
    g_assert_cmpint(transport_send_esp(a, out, G_N_ELEMENTS(ecn), &dropped), ==, 0);
    for (size_t seen = 0; seen < G_N_ELEMENTS(ecn); seen += n) {
        loopback_wait(transport_fd(b), POLLIN);
        g_assert_cmpint(transport_receive(b, in, &n), ==, 0);
        for (size_t i = 0; i < n; i++) {
            g_assert_cmpuint(in[i].data[0], ==, seen + i + 1); /* in order */
            g_assert_cmpuint(in[i].ecn, ==, ecn[seen + i]);
        }
    }
    int tos = 0xbb; /* with a class of service, which is nobody's business */
    g_assert_cmpint(setsockopt(fds[0], level, option, &tos, sizeof tos), ==, 0);
    g_assert_cmpint(transport_send_esp(a, out, 1, &dropped), ==, 0);
    loopback_wait(transport_fd(b), POLLIN);
    g_assert_cmpint(transport_receive(b, in, &n), ==, 0);
    g_assert_cmpuint(in[0].ecn, ==, 3);
}

static void
test_ecn(void)
{
    int v4[2], v6[2];
    loopback_udp_pair(v4);
    check_ecn(v4, IPPROTO_IP, IP_TOS);
    pair_of_v6(v6);
    check_ecn(v6, IPPROTO_IPV6, IPV6_TCLASS);
}

static void
test_sorts_what_comes(void)
{
    static const uint8_t marked[32] = { [4] = 1 }, esp[9] = { 1, 2, 3, 4, 0, 0, 0, 9, 5 };
    g_auto(Pair) pair = pair_new(true);
    TransportPacket in[TRANSPORT_BATCH];
    size_t n;
    g_assert_cmpint(send(pair.peer, "\xff", 1, 0), ==, 1);
    g_assert_cmpint(send(pair.peer, "", 0, 0), ==, 0);
    g_assert_cmpint(send(pair.peer, "xyz", 3, 0), ==, 3);
    g_assert_cmpint(send(pair.peer, marked, sizeof marked, 0), ==, sizeof marked);
    loopback_wait(transport_fd(pair.transport), POLLIN);
    g_assert_cmpint(transport_receive(pair.transport, in, &n), ==, 0);
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(in[0].kind, ==, ENCAP_IKE);
    g_assert_cmpmem(in[0].data, in[0].length, marked + 4, 28);
    g_assert_cmpuint(transport_garbage(pair.transport), ==, 3);
    g_assert_cmpint(send(pair.peer, esp, sizeof esp, 0), ==, sizeof esp);
    expect_packets(pair.transport, &(TransportPacket){ (uint8_t *)esp, sizeof esp, ENCAP_ESP }, 1);
}

/* IKE_AUTH with certificates, not fragmented. */
static void
test_large_message(void)
{
    g_auto(Pair) pair = pair_new(true);
    g_autofree uint8_t *message = g_malloc0(60000);
    TransportPacket in[TRANSPORT_BATCH];
    size_t n;
    message[59999] = 1;
    g_assert_cmpint(send(pair.peer, message, 60000, 0), ==, 60000);
    loopback_wait(transport_fd(pair.transport), POLLIN);
    g_assert_cmpint(transport_receive(pair.transport, in, &n), ==, 0);
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpmem(in[0].data, in[0].length, message + 4, 59996);
}

/* RFC 3948, section 2.3. */
static void
test_keepalive(void)
{
    g_auto(Pair) pair = pair_new(true);
    uint8_t got[8];
    g_assert_cmpint(transport_send_keepalive(pair.transport), ==, 0);
    g_assert_cmpuint(peer_reads(&pair, got, sizeof got), ==, 1);
    g_assert_cmpuint(got[0], ==, 0xff);
}

static void
test_nobody_listens(void)
{
    g_auto(Pair) pair = pair_new(true);
    uint8_t message[28] = { 1 };
    TransportPacket in[TRANSPORT_BATCH];
    size_t n;
    close(pair.peer);
    pair.peer = -1;
    g_assert_cmpint(transport_send_ike(pair.transport, message, sizeof message), ==, 0);
    loopback_wait(transport_fd(pair.transport), POLLIN);
    g_assert_cmpint(transport_receive(pair.transport, in, &n), ==, ECONNREFUSED);
    g_assert_cmpuint(n, ==, 0);
    g_assert_false(transport_is_dead(pair.transport)); /* a hint, no more */
    g_assert_cmpint(transport_receive(pair.transport, in, &n), ==, 0);
}

static void
test_too_large_packet_is_dropped_alone(void)
{
    g_auto(Pair) pair = pair_new(true);
    g_autofree uint8_t *memory = g_malloc0(TRANSPORT_HEADROOM + 70000);
    uint8_t small[TRANSPORT_HEADROOM + 8] = { 0 }, got[16];
    TransportPacket out[2] = { { memory + TRANSPORT_HEADROOM, 70000, ENCAP_ESP },
                               { small + TRANSPORT_HEADROOM, 8, ENCAP_ESP } };
    size_t dropped;
    g_assert_cmpint(transport_send_esp(pair.transport, out, 2, &dropped), ==, EMSGSIZE);
    g_assert_cmpuint(dropped, ==, 1);
    g_assert_cmpuint(peer_reads(&pair, got, sizeof got), ==, 8);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/transport/udp/ike-has-the-marker-but-on-500",
                    test_ike_has_the_marker_but_on_500);
    g_test_add_func("/transport/udp/batch-goes-and-comes", test_batch_goes_and_comes);
    g_test_add_func("/transport/udp/run-is-datagrams", test_run_is_datagrams);
    g_test_add_func("/transport/udp/runs-refused", test_runs_refused);
    g_test_add_func("/transport/udp/ecn", test_ecn);
    g_test_add_func("/transport/udp/sorts-what-comes", test_sorts_what_comes);
    g_test_add_func("/transport/udp/large-message", test_large_message);
    g_test_add_func("/transport/udp/keepalive", test_keepalive);
    g_test_add_func("/transport/udp/nobody-listens", test_nobody_listens);
    g_test_add_func("/transport/udp/too-large-packet-is-dropped-alone",
                    test_too_large_packet_is_dropped_alone);
    return g_test_run();
}
