/* IKE and ESP on a stream (RFC 9329): order, boundaries, what a slow or wrong peer does. */
#include "loopback.h"
#include "transport/transport-private.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LONG_PACKET 1400

typedef struct {
    Transport *transport;
    int peer;
    TcpDeframer deframer; /* of the peer */
} Pair;

static Pair
pair_new(void)
{
    int fds[2];
    loopback_tcp_pair(fds);
    Pair pair = { .transport = transport_tcp_new(fds[0]), .peer = fds[1] };
    tcp_deframer_init(&pair.deframer, true);
    return pair;
}

static void
pair_clear(Pair *pair)
{
    transport_unref(pair->transport);
    tcp_deframer_clear(&pair->deframer);
    close(pair->peer);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pair, pair_clear)

/* The next packet; the sender's backlog moves on meanwhile. */
static EncapKind
peer_next(Pair *pair, uint8_t **packet, size_t *length)
{
    EncapKind kind;
    TcpFrame frame;
    while ((frame = tcp_deframer_next(&pair->deframer, packet, length, &kind)) == TCP_FRAME_NONE) {
        size_t space;
        uint8_t *into = tcp_deframer_space(&pair->deframer, &space);
        if (transport_wants_write(pair->transport))
            g_assert_cmpint(transport_flush(pair->transport), ==, 0);
        loopback_wait(pair->peer, POLLIN);
        ssize_t n = recv(pair->peer, into, space, 0);
        g_assert_cmpint(n, >, 0);
        tcp_deframer_added(&pair->deframer, (size_t)n);
    }
    g_assert_cmpint(frame, ==, TCP_FRAME_PACKET);
    return kind;
}

static void
send_numbered(Pair *pair, uint32_t number, size_t *dropped)
{
    uint8_t memory[TRANSPORT_HEADROOM + LONG_PACKET];
    TransportPacket packet = { memory + TRANSPORT_HEADROOM, LONG_PACKET, ENCAP_ESP };
    memset(memory, 0x5a, sizeof memory);
    memcpy(packet.data + 4, &number, sizeof number);
    g_assert_cmpint(transport_send_esp(pair->transport, &packet, 1, dropped), ==, 0);
}

/* Until the socket takes no more, and then 64 KiB; how many packets that took. */
static uint32_t
fill(Pair *pair)
{
    uint32_t n = 0, until = G_MAXUINT32;
    size_t dropped;
    g_assert_cmpint(transport_flush(pair->transport), ==, 0);
    while (n < until) {
        send_numbered(pair, n++, &dropped);
        g_assert_cmpuint(dropped, ==, 0);
        g_assert_cmpuint(n, <, 100000);
        if (until == G_MAXUINT32 && transport_wants_write(pair->transport))
            until = n + 46;
    }
    g_assert_false(transport_has_room(pair->transport));
    return n;
}

static void
test_prefix_then_frames(void)
{
    static const uint8_t message[28] = { 9 };
    g_auto(Pair) pair = pair_new();
    /* RFC 9329, section 4: the prefix once; section 3: length, marker, message. */
    uint8_t got[6 + 2 * 34 + 1];
    g_assert_cmpint(transport_send_ike(pair.transport, message, sizeof message), ==, 0);
    g_assert_cmpint(transport_send_ike(pair.transport, message, sizeof message), ==, 0);
    size_t have = 0;
    while (have < sizeof got - 1) {
        loopback_wait(pair.peer, POLLIN);
        ssize_t n = recv(pair.peer, got + have, sizeof got - have, 0);
        g_assert_cmpint(n, >, 0);
        have += (size_t)n;
    }
    g_assert_cmpuint(have, ==, sizeof got - 1);
    g_assert_cmpmem(got, 13, "IKETCP\0\x22\0\0\0\0\x09", 13);
    g_assert_cmpmem(got + 40, 7, "\0\x22\0\0\0\0\x09", 7);
}

static void
test_keepalive_sends_nothing(void)
{
    g_auto(Pair) pair = pair_new();
    uint8_t octet;
    g_assert_cmpint(transport_flush(pair.transport), ==, 0);
    g_assert_cmpint(transport_send_keepalive(pair.transport), ==, 0);
    g_assert_cmpint(recv(pair.peer, &octet, 1, MSG_DONTWAIT), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
}

/* A slow peer loses nothing of what was taken, and every frame is whole. */
static void
test_backlog_arrives_whole(void)
{
    g_auto(Pair) pair = pair_new();
    uint32_t n = fill(&pair);
    uint8_t *packet;
    size_t length;
    g_assert_true(transport_wants_write(pair.transport));
    for (uint32_t i = 0; i < n; i++) {
        g_assert_cmpint(peer_next(&pair, &packet, &length), ==, ENCAP_ESP);
        g_assert_cmpuint(length, ==, LONG_PACKET);
        g_assert_cmpmem(packet + 4, 4, &i, 4);
    }
    g_assert_false(transport_wants_write(pair.transport));
}

/* IKE goes at the next message boundary, ahead of what waits. */
static void
test_ike_overtakes_the_backlog(void)
{
    static const uint8_t message[28] = { 9 };
    g_auto(Pair) pair = pair_new();
    uint32_t n = fill(&pair), before = 0;
    uint8_t *packet;
    size_t length;
    g_assert_cmpint(transport_send_ike(pair.transport, message, sizeof message), ==, 0);
    while (peer_next(&pair, &packet, &length) == ENCAP_ESP)
        before++;
    g_assert_cmpmem(packet, length, message, sizeof message);
    /* 64 KiB waited: some 46 packets of 1402 octets. */
    g_assert_cmpuint(before, <=, n - 40);
    for (uint32_t i = before; i < n; i++) {
        g_assert_cmpint(peer_next(&pair, &packet, &length), ==, ENCAP_ESP);
        g_assert_cmpmem(packet + 4, 4, &i, 4);
    }
}

/* A peer that always takes a little and never all: everything comes in order and whole, and IKE
 * never within a frame that has begun to leave. */
static void
test_slow_peer_for_long(void)
{
    static const uint8_t message[28] = { 9 };
    g_auto(Pair) pair = pair_new();
    uint32_t sent = fill(&pair), seen = 0, asked = 0, answered = 0;
    uint8_t *packet;
    size_t length, dropped;
    while (seen < 20000) {
        if (peer_next(&pair, &packet, &length) == ENCAP_IKE) {
            g_assert_cmpmem(packet, length, message, sizeof message);
            answered++;
            continue;
        }
        g_assert_cmpuint(length, ==, LONG_PACKET);
        g_assert_cmpmem(packet + 4, 4, &seen, 4);
        seen++;
        g_assert_cmpint(transport_flush(pair.transport), ==, 0);
        while (transport_has_room(pair.transport))
            send_numbered(&pair, sent++, &dropped);
        if (seen % 64 == 0) {
            g_assert_cmpint(transport_send_ike(pair.transport, message, sizeof message), ==, 0);
            asked++;
        }
    }
    /* The rest is in the sockets' buffers. */
    g_assert_cmpuint(answered, >, 0);
    g_assert_cmpuint(answered, <=, asked);
}

/* What may follow over another transport only when it has arrived. */
static void
test_drained(void)
{
    g_auto(Pair) pair = pair_new();
    uint8_t *packet;
    size_t length;
    g_assert_cmpint(transport_flush(pair.transport), ==, 0);
    g_assert_true(transport_is_drained(pair.transport));
    uint32_t n = fill(&pair);
    g_assert_false(transport_is_drained(pair.transport));
    for (uint32_t i = 0; i < n; i++) {
        if (transport_wants_write(pair.transport))
            g_assert_false(transport_is_drained(pair.transport));
        peer_next(&pair, &packet, &length);
    }
    /* The acknowledgement of the last octets is on its way. */
    while (!transport_is_drained(pair.transport))
        g_thread_yield();
}

/* A peer that is there acknowledges, whether it reads or not. */
static void
test_acknowledged(void)
{
    g_auto(Pair) pair = pair_new();
    Duration last_ack, round_trip;
    g_assert_cmpint(transport_flush(pair.transport), ==, 0);
    fill(&pair);
    while (transport_awaits_ack(pair.transport, &last_ack, &round_trip))
        g_thread_yield();
    g_assert_cmpint(round_trip, >, 0);
    g_assert_cmpint(round_trip, <, DURATION_SECOND);
    g_assert_cmpint(last_ack, >=, 0);
    transport_died(pair.transport, EPIPE);
    g_assert_false(transport_awaits_ack(pair.transport, &last_ack, &round_trip));
}

/* What the kernel keeps unsent is bounded, whatever it would take. */
static void
test_unsent_is_bounded(void)
{
    g_auto(Pair) pair = pair_new();
    size_t dropped;
    uint32_t n = 0;
    int window = 4096; /* a peer that reads nothing: what it takes is its buffer */
    g_assert_cmpint(setsockopt(pair.peer, SOL_SOCKET, SO_RCVBUF, &window, sizeof window), ==, 0);
    g_assert_cmpint(transport_flush(pair.transport), ==, 0);
    transport_pace(pair.transport);
    size_t room = transport_room(pair.transport);
    g_assert_cmpuint(room, <, 64 * 1024);
    while (transport_has_room(pair.transport)) {
        send_numbered(&pair, n++, &dropped);
        g_assert_cmpuint(n, <, 1000);
    }
    struct tcp_info info;
    socklen_t length = sizeof info;
    g_assert_cmpint(getsockopt(transport_fd(pair.transport), IPPROTO_TCP, TCP_INFO, &info, &length),
                    ==, 0);
    g_assert_cmpuint(info.tcpi_notsent_bytes, <, room + LONG_PACKET + 2);
}

static void
receive_all(Transport *transport, size_t expected, uint8_t *kinds)
{
    for (size_t total = 0; total < expected;) {
        TransportPacket in[TRANSPORT_BATCH];
        size_t n;
        g_assert_cmpint(transport_receive(transport, in, &n), ==, 0);
        for (size_t i = 0; i < n; i++)
            kinds[total++] = (uint8_t)in[i].kind;
        if (n == 0)
            loopback_wait(transport_fd(transport), POLLIN);
    }
}

static void
test_one_octet_writes(void)
{
    g_auto(Pair) pair = pair_new();
    /* ESP of 8, keepalive, IKE of 28 with marker: no prefix from the accepting side. */
    uint8_t stream[10 + 3 + 34] = { 0, 10, 1, 2, 3, 4, 0, 0, 0, 1, 0, 3, 0xff, 0, 34 };
    TransportPacket in[TRANSPORT_BATCH];
    uint8_t kinds[2] = { ENCAP_GARBAGE, ENCAP_GARBAGE };
    size_t seen = 0;
    for (size_t i = 0; i < sizeof stream; i++) {
        size_t n;
        loopback_write(pair.peer, stream + i, 1);
        loopback_wait(transport_fd(pair.transport), POLLIN);
        g_assert_cmpint(transport_receive(pair.transport, in, &n), ==, 0);
        for (size_t j = 0; j < n; j++)
            kinds[seen++] = (uint8_t)in[j].kind;
        g_assert_cmpuint(seen, ==, i < 9 ? 0 : i < sizeof stream - 1 ? 1 : 2);
    }
    g_assert_cmpint(kinds[0], ==, ENCAP_ESP);
    g_assert_cmpint(kinds[1], ==, ENCAP_IKE);
}

/* More packets than a batch in one read: all come out without another octet on the wire. */
static void
test_more_than_a_batch(void)
{
    enum { PACKETS = 5 * TRANSPORT_BATCH + 3 };
    g_auto(Pair) pair = pair_new();
    uint8_t stream[PACKETS][10], kinds[PACKETS];
    memset(stream, 1, sizeof stream);
    for (size_t i = 0; i < PACKETS; i++) {
        stream[i][0] = 0;
        stream[i][1] = 10;
    }
    loopback_write(pair.peer, stream, sizeof stream);
    loopback_wait(transport_fd(pair.transport), POLLIN);
    receive_all(pair.transport, PACKETS, kinds);
    for (size_t i = 0; i < PACKETS; i++)
        g_assert_cmpint(kinds[i], ==, ENCAP_ESP);
}

/* RFC 9329, section 3: a length of 0 or 1 is fatal; what came before it is not lost. */
static void
test_broken_framing(void)
{
    g_auto(Pair) pair = pair_new();
    static const uint8_t stream[12] = { 0, 10, 1, 2, 3, 4, 0, 0, 0, 1, 0, 1 };
    TransportPacket in[TRANSPORT_BATCH];
    size_t n;
    loopback_write(pair.peer, stream, sizeof stream);
    loopback_wait(transport_fd(pair.transport), POLLIN);
    g_assert_cmpint(transport_receive(pair.transport, in, &n), ==, EPROTO);
    g_assert_cmpuint(n, ==, 1);
    g_assert_true(transport_is_dead(pair.transport));
    g_assert_false(transport_has_room(pair.transport));
    g_assert_false(transport_wants_write(pair.transport));
}

/* A sender writes whole frames: one whose rest does not come, though octets do, had its length
 * altered. Time is told, not waited for. */
static void
test_frame_without_end(void)
{
    g_auto(Pair) pair = pair_new();
    static const uint8_t stream[16] = { 0, 10, 1, 2, 3, 4, 0, 0, 0, 1, 0x10, 0, 1, 2, 3, 4 };
    TransportPacket in[TRANSPORT_BATCH];
    uint8_t kinds[1];
    size_t n;
    loopback_write(pair.peer, stream, sizeof stream);
    loopback_wait(transport_fd(pair.transport), POLLIN);
    receive_all(pair.transport, 1, kinds);
    pair.transport->part_since -= TRANSPORT_FRAME_PATIENCE / 2;
    for (unsigned i = 0; i < 2; i++) {
        loopback_write(pair.peer, stream, 5);
        loopback_wait(transport_fd(pair.transport), POLLIN);
        g_assert_cmpint(transport_receive(pair.transport, in, &n), ==, i == 0 ? 0 : EPROTO);
        pair.transport->part_since -= TRANSPORT_FRAME_PATIENCE / 2;
    }
    g_assert_true(transport_is_dead(pair.transport));
}

/* Where the rest comes, the next frame has its own time. */
static void
test_frame_comes_late(void)
{
    g_auto(Pair) pair = pair_new();
    static const uint8_t frame[10] = { 0, 10, 1, 2, 3, 4, 0, 0, 0, 1 };
    TransportPacket in[TRANSPORT_BATCH];
    uint8_t kinds[1];
    size_t n;
    for (unsigned i = 0; i < 3; i++) {
        loopback_write(pair.peer, frame, 5);
        loopback_wait(transport_fd(pair.transport), POLLIN);
        g_assert_cmpint(transport_receive(pair.transport, in, &n), ==, 0);
        pair.transport->part_since -= 2 * TRANSPORT_FRAME_PATIENCE;
        loopback_write(pair.peer, frame + 5, 5);
        receive_all(pair.transport, 1, kinds);
    }
}

/* ESP is never so long, and not waited for; an IKE message may be. */
static void
test_too_long(void)
{
    g_auto(Pair) pair = pair_new();
    static const uint8_t ike[8] = { 0xff, 0xff, 0, 0, 0, 0, 1, 2 }, esp[6] = { 0xff, 0xff, 1 };
    TransportPacket in[TRANSPORT_BATCH];
    size_t n;
    loopback_write(pair.peer, ike, sizeof ike);
    loopback_wait(transport_fd(pair.transport), POLLIN);
    g_assert_cmpint(transport_receive(pair.transport, in, &n), ==, 0);
    g_assert_cmpuint(n, ==, 0);
    g_auto(Pair) other = pair_new();
    loopback_write(other.peer, esp, sizeof esp);
    loopback_wait(transport_fd(other.transport), POLLIN);
    g_assert_cmpint(transport_receive(other.transport, in, &n), ==, EPROTO);
}

static void
test_peer_closes(void)
{
    g_auto(Pair) pair = pair_new();
    TransportPacket in[TRANSPORT_BATCH];
    size_t n;
    g_assert_cmpint(shutdown(pair.peer, SHUT_WR), ==, 0);
    loopback_wait(transport_fd(pair.transport), POLLIN);
    g_assert_cmpint(transport_receive(pair.transport, in, &n), ==, ECONNRESET);
    g_assert_true(transport_is_dead(pair.transport));
}

/* A port that was closed again: the connect fails when it is asked for. */
static void
test_connection_refused(void)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int fds[2];
    loopback_tcp_pair(fds);
    g_assert_cmpint(getsockname(fds[1], (struct sockaddr *)&address, &length), ==, 0);
    close(fds[0]);
    close(fds[1]);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, length), ==, -1);
    g_assert_cmpint(errno, ==, EINPROGRESS);
    g_autoptr(Transport) transport = transport_tcp_new(fd);
    loopback_wait(fd, POLLOUT);
    g_assert_cmpint(transport_flush(transport), ==, ECONNREFUSED);
    g_assert_true(transport_is_dead(transport));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/transport/tcp/prefix-then-frames", test_prefix_then_frames);
    g_test_add_func("/transport/tcp/keepalive-sends-nothing", test_keepalive_sends_nothing);
    g_test_add_func("/transport/tcp/backlog-arrives-whole", test_backlog_arrives_whole);
    g_test_add_func("/transport/tcp/ike-overtakes-the-backlog", test_ike_overtakes_the_backlog);
    g_test_add_func("/transport/tcp/slow-peer-for-long", test_slow_peer_for_long);
    g_test_add_func("/transport/tcp/drained", test_drained);
    g_test_add_func("/transport/tcp/acknowledged", test_acknowledged);
    g_test_add_func("/transport/tcp/unsent-is-bounded", test_unsent_is_bounded);
    g_test_add_func("/transport/tcp/one-octet-writes", test_one_octet_writes);
    g_test_add_func("/transport/tcp/more-than-a-batch", test_more_than_a_batch);
    g_test_add_func("/transport/tcp/broken-framing", test_broken_framing);
    g_test_add_func("/transport/tcp/frame-without-end", test_frame_without_end);
    g_test_add_func("/transport/tcp/frame-comes-late", test_frame_comes_late);
    g_test_add_func("/transport/tcp/too-long", test_too_long);
    g_test_add_func("/transport/tcp/peer-closes", test_peer_closes);
    g_test_add_func("/transport/tcp/connection-refused", test_connection_refused);
    return g_test_run();
}
