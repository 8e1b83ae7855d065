/* What the two threads do with packets: through, back, dropped, each for its own reason. */
#include "loopback.h"
#include "packets.h"
#include "pipe.h"

#include "base/checksum.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_FLIGHT 24 /* fits a socket pair's buffer: what is lost was lost by us */

typedef void (*Join)(Pipe *pipe);

static void
start(Pipe *pipe, Join join)
{
    pipe_init(pipe);
    join(pipe);
    pipe_rekey(pipe, &pipe->b);
}

/* Every packet in order, with a rekey after each of every. */
static void
stream_packets(Pipe *pipe, End *from, End *to, uint32_t n, uint32_t every)
{
    uint8_t packet[1500], got[1500];
    for (uint32_t sent = 0, seen = 0; seen < n;) {
        if (sent < n && sent - seen < IN_FLIGHT) {
            size_t length = 40 + sent % 1300;
            pipe_write(from->tun, packet, pipe_packet(packet, from == &pipe->a, length, sent++));
            if (every > 0 && sent % every == 0)
                pipe_rekey(pipe, to);
            continue;
        }
        size_t length = pipe_read(to->tun, got, sizeof got);
        g_assert_cmpuint(length, ==, 40 + seen % 1300);
        g_assert_cmpuint(pipe_number(got, length), ==, seen);
        seen++;
    }
}

static void
test_through(gconstpointer join)
{
    g_auto(Pipe) pipe;
    start(&pipe, (Join)join);
    stream_packets(&pipe, &pipe.a, &pipe.b, 2000, 0);
    stream_packets(&pipe, &pipe.b, &pipe.a, 2000, 0);
    DatapathStatistics a, b;
    do /* counted after the batch has left */
        datapath_get_statistics(pipe.a.datapath, &a);
    while (a.packets_out < 2000);
    datapath_get_statistics(pipe.b.datapath, &b);
    g_assert_cmpuint(b.packets_in, ==, 2000);
    g_assert_cmpuint(a.packets_out, ==, 2000);
    g_assert_cmpuint(b.octets_in, ==, a.octets_out);
    g_assert_cmpuint(b.drop_replayed + b.drop_forged + b.drop_unknown_spi, ==, 0);
    g_assert_cmpuint(datapath_authentic(pipe.b.datapath), ==, 2000);
}

static void
test_rekeys_lose_nothing(gconstpointer join)
{
    g_auto(Pipe) pipe;
    start(&pipe, (Join)join);
    stream_packets(&pipe, &pipe.a, &pipe.b, 4000, 40);
    stream_packets(&pipe, &pipe.b, &pipe.a, 800, 40);
    DatapathStatistics b;
    datapath_get_statistics(pipe.b.datapath, &b);
    g_assert_cmpuint(b.drop_unknown_spi, ==, 0);
}

static void
set_ecn(uint8_t *packet, uint8_t ecn)
{
    packet[1] = (uint8_t)(packet[1] | ecn);
    checksum_finish(checksum_add(0, packet, 20), packet + 10);
}

/* From a's socket to b's, by way of a router that is busy or not: the outer header as it left a. */
static uint8_t
pass_on(int from_a, int to_b, int mark)
{
    uint8_t packet[1500];
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec iov = { packet, sizeof packet };
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
    };
    loopback_wait(from_a, POLLIN);
    ssize_t n = recvmsg(from_a, &message, 0);
    g_assert_cmpint(n, >, 0);
    uint8_t ecn = *CMSG_DATA(CMSG_FIRSTHDR(&message)) & 3;
    int tos = mark != 0 ? mark : ecn;
    g_assert_cmpint(setsockopt(to_b, IPPROTO_IP, IP_TOS, &tos, sizeof tos), ==, 0);
    g_assert_cmpint(send(to_b, packet, (size_t)n, 0), ==, n);
    return ecn;
}

/* Outside as inside; a mark outside is one inside, where the ends of the flow know what it means
 * (RFC 7296, section 2.24; RFC 4301, section 5.1.2). */
static void
test_ecn(void)
{
    g_auto(Pipe) pipe = { 0 };
    int a[2], b[2], on = 1;
    uint8_t packet[200], got[200];
    pipe_init(&pipe);
    loopback_udp_pair(a);
    loopback_udp_pair(b);
    g_assert_cmpint(setsockopt(a[1], IPPROTO_IP, IP_RECVTOS, &on, sizeof on), ==, 0);
    pipe.a.transport = transport_udp_new(a[0], true);
    pipe.b.transport = transport_udp_new(b[0], true);
    pipe_attach(&pipe);
    pipe_rekey(&pipe, &pipe.b);
    for (uint8_t ecn = 0; ecn < 4; ecn++) {
        for (int mark = 0; mark < 4; mark += 3) {
            size_t length = pipe_packet(packet, true, 100, ecn);
            set_ecn(packet, ecn);
            pipe_write(pipe.a.tun, packet, length);
            g_assert_cmpuint(pass_on(a[1], b[1], mark), ==, ecn);
            g_assert_cmpuint(pipe_read(pipe.b.tun, got, sizeof got), ==, length);
            g_assert_cmpuint(got[1] & 3, ==, ecn != 0 && mark != 0 ? 3 : ecn);
            g_assert_true(packet_header_right(got));
        }
    }
    close(a[1]);
    close(b[1]);
}

/* RFC 7296, section 2.8: who began the rekeying has the new SA only when the answer has come. */
static void
test_rekeys_by_the_peer_lose_nothing(void)
{
    g_auto(Pipe) pipe;
    DatapathStatistics a, b;
    start(&pipe, pipe_join_udp);
    for (unsigned round = 0; round < 20; round++) {
        uint32_t old_a = pipe.a.spi, old_b = pipe.b.spi;
        pipe_rekey_answer(&pipe);
        stream_packets(&pipe, &pipe.a, &pipe.b, 30, 0); /* by the old SA */
        pipe_rekey_answered(&pipe);
        if (round % 2 == 0)
            stream_packets(&pipe, &pipe.b, &pipe.a, 30, 0); /* by the new one */
        datapath_retire(pipe.a.datapath, old_a);
        stream_packets(&pipe, &pipe.a, &pipe.b, 30, 0);
        datapath_remove(pipe.a.datapath, old_a);
        datapath_remove(pipe.b.datapath, old_b);
        stream_packets(&pipe, &pipe.a, &pipe.b, 30, 0); /* by the new one only */
    }
    datapath_get_statistics(pipe.a.datapath, &a);
    datapath_get_statistics(pipe.b.datapath, &b);
    g_assert_cmpuint(a.drop_unknown_spi + b.drop_unknown_spi, ==, 0);
}

/* Behind everything that a sent: b has read it all. */
static void
wait_until_read(Pipe *pipe)
{
    static const uint8_t message[28];
    g_autoptr(GBytes) ike = g_bytes_new_static(message, sizeof message);
    unsigned heard = pipe->b.n_heard;
    datapath_send_ike(pipe->a.datapath, pipe->a.transport, ike);
    while (pipe->b.n_heard == heard)
        g_main_context_iteration(NULL, TRUE);
}

static void
send_early(Pipe *pipe, uint32_t from, uint32_t to)
{
    uint8_t packet[64];
    DatapathStatistics a;
    for (uint32_t i = from; i < to; i++)
        pipe_write(pipe->a.tun, packet, pipe_packet(packet, true, 40, i));
    do
        datapath_get_statistics(pipe->a.datapath, &a);
    while (a.packets_out < to);
    wait_until_read(pipe);
}

/* RFC 7296, section 2.8: the peer may send by the new SA as soon as it has answered. */
static void
test_packets_before_their_sa_wait(gconstpointer join)
{
    g_auto(Pipe) pipe;
    uint8_t got[64];
    DatapathStatistics b;
    pipe_init(&pipe);
    ((Join)join)(&pipe);
    pipe_rekey_expect(&pipe);
    send_early(&pipe, 0, 20);
    datapath_set_mtu(pipe.b.datapath, 1400); /* something else that changes */
    send_early(&pipe, 20, 40);
    pipe_rekey_answered(&pipe);
    /* There is a bound to it, and the newest are kept. */
    for (uint32_t i = 40 - DATAPATH_MAX_EARLY; i < 40; i++)
        g_assert_cmpuint(pipe_number(got, pipe_read(pipe.b.tun, got, sizeof got)), ==, i);
    datapath_get_statistics(pipe.b.datapath, &b);
    g_assert_cmpuint(b.drop_unknown_spi, ==, 40 - DATAPATH_MAX_EARLY);
    g_assert_cmpuint(b.packets_in, ==, DATAPATH_MAX_EARLY);
}

/* What was read before the data path had the transport. */
static void
test_held_for_nobody(void)
{
    g_auto(End) end;
    static const uint8_t packet[40] = { 0, 0, 1, 1 };
    DatapathStatistics statistics;
    end_init(&end);
    datapath_expect(end.datapath, 0x102);
    datapath_hold(end.datapath, packet, sizeof packet);
    do
        datapath_get_statistics(end.datapath, &statistics);
    while (statistics.drop_unknown_spi == 0);
}

/* A burst that fills many batches of one read, then silence: nothing waits for the next octet. */
static void
test_burst_on_a_stream_ends(void)
{
    g_auto(Pipe) pipe;
    uint8_t packet[64], got[64];
    start(&pipe, pipe_join_tcp);
    for (unsigned round = 0; round < 50; round++) {
        for (uint32_t i = 0; i < 100; i++)
            pipe_write(pipe.a.tun, packet, pipe_packet(packet, true, 40, i));
        for (uint32_t i = 0; i < 100; i++)
            g_assert_cmpuint(pipe_number(got, pipe_read(pipe.b.tun, got, sizeof got)), ==, i);
    }
}

/* The most that a stream can be torn apart: every octet by itself. */
static void
test_one_octet_at_a_time(void)
{
    g_auto(Pipe) pipe;
    int datagrams[2], stream[2];
    uint8_t packet[300], got[400];
    loopback_udp_pair(datagrams);
    loopback_tcp_pair(stream);
    pipe_init(&pipe);
    pipe.a.transport = transport_udp_new(datagrams[0], true);
    pipe.b.transport = transport_tcp_new(stream[0]);
    pipe_attach(&pipe);
    pipe_rekey(&pipe, &pipe.b);
    for (uint32_t i = 0; i < 20; i++) {
        pipe_write(pipe.a.tun, packet, pipe_packet(packet, true, 40 + 10 * i, i));
        loopback_wait(datagrams[1], POLLIN);
        ssize_t n = recv(datagrams[1], got + 2, sizeof got - 2, 0);
        g_assert_cmpint(n, >, 0);
        g_assert_true(tcp_encap_frame(got, (size_t)n));
        for (ssize_t at = 0; at < n + 2; at++)
            loopback_write(stream[1], got + at, 1);
        g_assert_cmpuint(pipe_number(got, pipe_read(pipe.b.tun, got, sizeof got)), ==, i);
    }
    close(datagrams[1]);
    close(stream[1]);
}

/* On the wire, over rekeys and moves: no sequence number and no IV twice under one key. */
static void
test_numbers_are_never_used_twice(void)
{
    g_auto(Pipe) pipe;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    int first[2], second[2];
    uint8_t packet[64], got[200];
    loopback_udp_pair(first);
    loopback_udp_pair(second);
    pipe_init(&pipe);
    pipe.a.transport = transport_udp_new(first[0], true);
    g_autoptr(Transport) other = transport_udp_new(second[0], true);
    datapath_set_transport(pipe.a.datapath, pipe.a.transport);
    pipe_rekey(&pipe, &pipe.b);
    struct pollfd fds[2] = { { first[1], POLLIN, 0 }, { second[1], POLLIN, 0 } };
    for (uint32_t i = 0; i < 600; i++) {
        if (i % 50 == 49)
            pipe_rekey(&pipe, &pipe.b);
        if (i % 35 == 34)
            datapath_set_transport(pipe.a.datapath, i % 2 != 0 ? other : pipe.a.transport);
        pipe_write(pipe.a.tun, packet, pipe_packet(packet, true, 40, i));
        g_assert_cmpint(poll(fds, 2, -1), >, 0);
        int fd = fds[0].revents != 0 ? first[1] : second[1];
        g_assert_cmpint(recv(fd, got, sizeof got, 0), >, 16);
        /* SPI with the number, SPI with the IV. */
        for (unsigned field = 0; field < 2; field++) {
            uint64_t value = 0;
            for (unsigned at = 0; at < (field == 0 ? 4u : 8u); at++)
                value = value << 8 | got[4 + 4 * field + at];
            char *key = g_strdup_printf("%u %02x%02x%02x%02x %" G_GINT64_MODIFIER "x", field,
                                        got[0], got[1], got[2], got[3], value);
            g_assert_true(g_hash_table_add(seen, key));
        }
    }
    close(first[1]);
    close(second[1]);
}

/* DESIGN: what cannot go is answered at once. */
static void
test_pinned_answers(void)
{
    g_auto(End) end;
    uint8_t packet[64], got[256];
    end_init(&end);
    pipe_write(end.tun, packet, pipe_packet(packet, true, 40, 1));
    size_t n = pipe_read(end.tun, got, sizeof got);
    g_assert_cmpuint(n, ==, 20 + 8 + 40);
    g_assert_cmpuint(got[9], ==, 1);
    g_assert_cmpmem(got + 20, 2, "\3\3", 2);
    g_assert_cmpmem(got + 28, 40, packet, 40);
    DatapathStatistics statistics;
    datapath_get_statistics(end.datapath, &statistics);
    g_assert_cmpuint(statistics.rejected, ==, 1);
}

static void
test_pinned_again(void)
{
    g_auto(Pipe) pipe;
    uint8_t packet[64], got[256];
    start(&pipe, pipe_join_udp);
    stream_packets(&pipe, &pipe.a, &pipe.b, 10, 0);
    datapath_pin(pipe.a.datapath);
    pipe_write(pipe.a.tun, packet, pipe_packet(packet, true, 40, 1));
    pipe_read(pipe.a.tun, got, sizeof got);
    g_assert_cmpmem(got + 20, 2, "\3\3", 2);
}

static void
test_too_big(void)
{
    g_auto(Pipe) pipe;
    uint8_t packet[1500], got[1500];
    start(&pipe, pipe_join_udp);
    datapath_set_mtu(pipe.a.datapath, 1300);
    size_t length = pipe_packet(packet, true, 1301, 1);
    packet[6] = 0x40; /* DF */
    pipe_write(pipe.a.tun, packet, length);
    pipe_read(pipe.a.tun, got, sizeof got);
    g_assert_cmpmem(got + 20, 2, "\3\4", 2);
    g_assert_cmpmem(got + 26, 2, "\5\x14", 2);
    pipe_write(pipe.a.tun, packet, pipe_packet(packet, true, 1300, 7));
    g_assert_cmpuint(pipe_number(got, pipe_read(pipe.b.tun, got, sizeof got)), ==, 7);
}

/* From an address that the Child SA has none of: neither out nor in. */
static void
test_selectors(void)
{
    g_auto(Pipe) pipe;
    uint8_t packet[64];
    DatapathStatistics statistics;
    start(&pipe, pipe_join_udp);
    pipe_write(pipe.a.tun, packet, pipe_packet(packet, false, 40, 1));
    stream_packets(&pipe, &pipe.a, &pipe.b, 1, 0);
    datapath_get_statistics(pipe.a.datapath, &statistics);
    g_assert_cmpuint(statistics.drop_selectors_out, ==, 1);
    pipe.careless = true;
    pipe_rekey(&pipe, &pipe.b);
    /* a's thread may read a packet or two before it looks at what is new. */
    unsigned n = 0;
    do {
        pipe_write(pipe.a.tun, packet, pipe_packet(packet, false, 40, 1));
        stream_packets(&pipe, &pipe.a, &pipe.b, 1, 0);
        datapath_get_statistics(pipe.b.datapath, &statistics);
        n++;
    } while (statistics.drop_selectors_in == 0);
    g_assert_cmpuint(statistics.drop_selectors_in, ==, 1);
    g_assert_cmpuint(statistics.packets_in, ==, 1 + n);
}

/* b's peer is ours: what a stranger on the path may send is counted, and nothing comes of it. */
static void
test_wrong_packets_are_counted(void)
{
    g_auto(Pipe) pipe;
    uint8_t esp[60] = { 0xb0, 0, 0, 1, 0, 0, 0, 77 };
    DatapathStatistics statistics;
    start(&pipe, pipe_join_udp);
    int fd = transport_fd(pipe.a.transport); /* sends to b; a's threads do not mind */
    g_assert_cmpint(send(fd, esp, sizeof esp, 0), ==, sizeof esp);
    g_assert_cmpint(send(fd, esp, 20, 0), ==, 20);
    esp[3] = 99;
    g_assert_cmpint(send(fd, esp, sizeof esp, 0), ==, sizeof esp);
    g_assert_cmpint(send(fd, "\xff", 1, 0), ==, 1);
    stream_packets(&pipe, &pipe.a, &pipe.b, 1, 0);
    datapath_get_statistics(pipe.b.datapath, &statistics);
    g_assert_cmpuint(statistics.drop_forged, ==, 1);
    g_assert_cmpuint(statistics.drop_malformed, ==, 1);
    g_assert_cmpuint(statistics.drop_unknown_spi, ==, 1);
    g_assert_cmpuint(statistics.drop_garbage, ==, 1);
    g_assert_cmpuint(datapath_authentic(pipe.b.datapath), ==, 1);
}

static void
wait_until_failed(const End *end)
{
    while (end->n_failed == 0)
        g_main_context_iteration(NULL, TRUE);
}

static void
send_frame(const Pipe *pipe, uint32_t spi)
{
    uint8_t frame[62] = { 0, 62 };
    for (size_t i = 0; i < 4; i++)
        frame[2 + i] = (uint8_t)(spi >> (24 - 8 * i));
    frame[9] = 77;
    loopback_write(transport_fd(pipe->a.transport), frame, sizeof frame);
}

/* On a stream, packets that nobody knows are put up with for a while, and one that is not authentic
 * is not: what comes behind it cannot be trusted. (Over UDP, anybody can send them.) */
static void
test_corrupt_stream(gconstpointer forged)
{
    g_auto(Pipe) pipe;
    DatapathStatistics statistics;
    start(&pipe, pipe_join_tcp);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < TRANSPORT_MAX_UNKNOWN; i++)
            send_frame(&pipe, 99);
        stream_packets(&pipe, &pipe.a, &pipe.b, 1, 0);
        g_assert_cmpuint(pipe.b.n_failed, ==, 0);
    }
    for (unsigned i = 0; i <= TRANSPORT_MAX_UNKNOWN && !GPOINTER_TO_INT(forged); i++)
        send_frame(&pipe, 99);
    if (GPOINTER_TO_INT(forged))
        send_frame(&pipe, pipe.b.spi);
    wait_until_failed(&pipe.b);
    g_assert_cmpint(pipe.b.error, ==, EPROTO);
    g_assert_true(transport_is_dead(pipe.b.transport));
    datapath_get_statistics(pipe.b.datapath, &statistics);
    g_assert_cmpuint(statistics.drop_forged, ==, GPOINTER_TO_INT(forged));
}

static void
test_removed_sa(void)
{
    g_auto(Pipe) pipe;
    uint8_t packet[64];
    start(&pipe, pipe_join_udp);
    datapath_remove(pipe.b.datapath, pipe.b.spi);
    pipe_write(pipe.a.tun, packet, pipe_packet(packet, true, 40, 1));
    DatapathStatistics statistics;
    do
        datapath_get_statistics(pipe.b.datapath, &statistics);
    while (statistics.drop_unknown_spi == 0 && statistics.packets_in == 0);
    g_assert_cmpuint(statistics.packets_in, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/datapath/worker/udp/through", pipe_join_udp, test_through);
    g_test_add_data_func("/datapath/worker/tcp/through", pipe_join_tcp, test_through);
    g_test_add_data_func("/datapath/worker/udp/rekeys-lose-nothing", pipe_join_udp,
                         test_rekeys_lose_nothing);
    g_test_add_data_func("/datapath/worker/tcp/rekeys-lose-nothing", pipe_join_tcp,
                         test_rekeys_lose_nothing);
    g_test_add_data_func("/datapath/worker/udp/packets-before-their-sa-wait", pipe_join_udp,
                         test_packets_before_their_sa_wait);
    g_test_add_data_func("/datapath/worker/tcp/packets-before-their-sa-wait", pipe_join_tcp,
                         test_packets_before_their_sa_wait);
    g_test_add_func("/datapath/worker/held-for-nobody", test_held_for_nobody);
    g_test_add_func("/datapath/worker/rekeys-by-the-peer-lose-nothing",
                    test_rekeys_by_the_peer_lose_nothing);
    g_test_add_func("/datapath/worker/ecn", test_ecn);
    g_test_add_func("/datapath/worker/tcp/burst-ends", test_burst_on_a_stream_ends);
    g_test_add_func("/datapath/worker/tcp/one-octet-at-a-time", test_one_octet_at_a_time);
    g_test_add_func("/datapath/worker/numbers-are-never-used-twice",
                    test_numbers_are_never_used_twice);
    g_test_add_func("/datapath/worker/pinned/answers", test_pinned_answers);
    g_test_add_func("/datapath/worker/pinned/again", test_pinned_again);
    g_test_add_func("/datapath/worker/too-big", test_too_big);
    g_test_add_func("/datapath/worker/selectors", test_selectors);
    g_test_add_func("/datapath/worker/wrong-packets-are-counted", test_wrong_packets_are_counted);
    g_test_add_data_func("/datapath/worker/tcp/too-many-unknown", GINT_TO_POINTER(0),
                         test_corrupt_stream);
    g_test_add_data_func("/datapath/worker/tcp/forged", GINT_TO_POINTER(1), test_corrupt_stream);
    g_test_add_func("/datapath/worker/removed-sa", test_removed_sa);
    return g_test_run();
}
