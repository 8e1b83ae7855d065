/* What the main loop asks of a data path, and what it hears from it. */
#include "datapath/worker.h"
#include "loopback.h"
#include "pipe.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static GBytes *
message_of(uint8_t octet)
{
    uint8_t message[28] = { octet };
    return g_bytes_new(message, sizeof message);
}

static void
wait_until_heard(const End *end, unsigned n)
{
    while (end->n_heard < n)
        g_main_context_iteration(NULL, TRUE);
}

static void
test_ike_both_ways(gconstpointer join)
{
    g_auto(Pipe) pipe;
    g_autoptr(GBytes) first = message_of(7);
    g_autoptr(GBytes) second = message_of(8);
    pipe_init(&pipe);
    ((void (*)(Pipe *))join)(&pipe);
    /* What opened the streams was sent before the data path had them. */
    unsigned before = transport_is_stream(pipe.a.transport) ? 1 : 0;
    datapath_send_ike(pipe.a.datapath, pipe.a.transport, first);
    wait_until_heard(&pipe.b, before + 1);
    g_assert_true(g_bytes_equal(pipe.b.heard, first));
    datapath_send_ike(pipe.b.datapath, pipe.b.transport, second);
    wait_until_heard(&pipe.a, before + 1);
    g_assert_true(g_bytes_equal(pipe.a.heard, second));
}

static void
test_keepalive(void)
{
    g_auto(End) end;
    int fds[2];
    char octet[2];
    loopback_udp_pair(fds);
    end_init(&end);
    datapath_send_keepalive(end.datapath); /* pinned: nobody to send it to */
    end.transport = transport_udp_new(fds[0], true);
    datapath_set_transport(end.datapath, end.transport);
    datapath_send_keepalive(end.datapath);
    loopback_wait(fds[1], POLLIN);
    g_assert_cmpint(recv(fds[1], octet, sizeof octet, 0), ==, 1);
    g_assert_cmpint((uint8_t)octet[0], ==, 0xff);
    close(fds[1]);
}

/* Of this process's thread of that name, so far. */
static unsigned
times_slept(const char *name)
{
    g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
    const char *task;
    while ((task = g_dir_read_name(tasks)) != NULL) {
        g_autofree char *path = g_strdup_printf("/proc/self/task/%s/status", task);
        g_autofree char *status = NULL;
        unsigned times;
        g_assert_true(g_file_get_contents(path, &status, NULL, NULL));
        const char *found = strstr(status, "\nvoluntary_ctxt_switches:");
        if (strstr(status, name) != NULL && found != NULL &&
            sscanf(found, "\nvoluntary_ctxt_switches: %u", &times) == 1)
            return times;
    }
    g_assert_not_reached();
}

static void
test_message_wakes_nobody(void)
{
    g_auto(End) end;
    int fds[2];
    uint8_t got[64];
    loopback_udp_pair(fds);
    end_init(&end);
    end.transport = transport_udp_new(fds[0], true);
    datapath_set_transport(end.datapath, end.transport);
    /* It has seen that there is a transport, and has said that it rests again. */
    while (__atomic_load_n(&end.datapath->sender.generation, __ATOMIC_SEQ_CST) !=
               end.datapath->current->generation ||
           g_atomic_int_get(&end.datapath->sender.resting) == 0)
        g_thread_yield();
    unsigned before = times_slept("ginnel-send");
    for (uint8_t i = 1; i <= 5; i++) {
        g_autoptr(GBytes) message = message_of(i);
        datapath_send_ike(end.datapath, end.transport, message);
        loopback_wait(fds[1], POLLIN);
        g_assert_cmpint(recv(fds[1], got, sizeof got, 0), ==, 4 + 28);
        g_assert_cmpuint(got[4], ==, i);
    }
    /* Falling asleep counts, the first time. */
    g_assert_cmpuint(times_slept("ginnel-send"), <=, before + 1);
    close(fds[1]);
}

static void
test_stream_that_ends_is_told_once(void)
{
    g_auto(Pipe) pipe;
    pipe_init(&pipe);
    pipe_join_tcp(&pipe);
    wait_until_heard(&pipe.a, 1);
    g_assert_cmpint(shutdown(transport_fd(pipe.b.transport), SHUT_WR), ==, 0);
    while (pipe.a.n_failed == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(pipe.a.error, ==, ECONNRESET);
    /* The thread goes round once more, and says nothing. */
    datapath_set_mtu(pipe.a.datapath, 1400);
    End other;
    end_init(&other);
    end_clear(&other);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(pipe.a.n_failed, ==, 1);
}

/* Old and new are heard during a move; what is removed is closed. */
static void
test_move(void)
{
    g_auto(Pipe) pipe;
    g_autoptr(GBytes) message = message_of(3);
    int fds[2];
    DatapathStatistics statistics;
    pipe_init(&pipe);
    pipe_join_tcp(&pipe);
    wait_until_heard(&pipe.a, 1);
    loopback_udp_pair(fds);
    g_autoptr(Transport) moved = transport_udp_new(fds[0], true);
    datapath_set_transport(pipe.a.datapath, moved);
    datapath_send_ike(pipe.b.datapath, pipe.b.transport, message);
    wait_until_heard(&pipe.a, 2);
    g_assert_cmpint(send(fds[1], "\0\0\0\0IKE over the new transport..", 33, 0), ==, 33);
    wait_until_heard(&pipe.a, 3);
    int old = dup(transport_fd(pipe.b.transport));
    datapath_remove_transport(pipe.a.datapath, pipe.a.transport);
    g_clear_pointer(&pipe.a.transport, transport_unref);
    struct pollfd ended = { .fd = old, .events = POLLRDHUP };
    do /* let go when both threads have gone on */
        datapath_get_statistics(pipe.a.datapath, &statistics);
    while (poll(&ended, 1, 0) == 0);
    g_assert_cmpint(ended.revents & POLLRDHUP, !=, 0);
    close(old);
    close(fds[1]);
}

static uint32_t
sequence_of(const uint8_t *esp)
{
    return (uint32_t)esp[4] << 24 | (uint32_t)esp[5] << 16 | (uint32_t)esp[6] << 8 | esp[7];
}

/* All that is there now; the sequence number of the last packet. */
static void
read_stream(int fd, TcpDeframer *deframer, uint32_t *last)
{
    for (;;) {
        uint8_t *packet;
        size_t length, space;
        EncapKind kind;
        while (tcp_deframer_next(deframer, &packet, &length, &kind) == TCP_FRAME_PACKET) {
            g_assert_cmpuint(sequence_of(packet), ==, *last + 1);
            (*last)++;
        }
        uint8_t *into = tcp_deframer_space(deframer, &space);
        ssize_t got = recv(fd, into, space, MSG_DONTWAIT);
        if (got <= 0)
            return;
        tcp_deframer_added(deframer, (size_t)got);
    }
}

/* By one that its end does not read by itself; what follows by another path waits as long as it
 * takes. */
static void
send_by_stream(Pipe *pipe, int stream[2], TcpDeframer *deframer)
{
    loopback_tcp_pair(stream);
    tcp_deframer_init(deframer, true);
    pipe_init(pipe);
    pipe->a.datapath->drain_most = DURATION_MINUTE;
    pipe->a.transport = transport_tcp_new(stream[0]);
    g_assert_cmpint(transport_flush(pipe->a.transport), ==, 0);
    datapath_set_transport(pipe->a.datapath, pipe->a.transport);
    pipe_rekey(pipe, &pipe->b);
}

/* What follows over UDP must not overtake what the stream still holds. */
static void
test_stream_is_emptied_first(void)
{
    g_auto(Pipe) pipe;
    int stream[2], datagrams[2];
    uint8_t packet[1400], got[2000];
    uint32_t last = 0;
    TcpDeframer deframer;
    send_by_stream(&pipe, stream, &deframer);
    loopback_udp_pair(datagrams);
    /* Nobody reads: more than the stream takes, less than the queues before it. */
    for (uint32_t i = 0; i < 200; i++)
        pipe_write(pipe.a.tun, packet, pipe_packet(packet, true, sizeof packet, i));
    g_autoptr(Transport) moved = transport_udp_new(datagrams[0], true);
    datapath_set_transport(pipe.a.datapath, moved);
    /* IKE does not wait. */
    for (uint8_t i = 1; i <= 2; i++) {
        g_autoptr(GBytes) message = message_of(i);
        datapath_send_ike(pipe.a.datapath, moved, message);
        loopback_wait(datagrams[1], POLLIN);
        g_assert_cmpint(recv(datagrams[1], got, sizeof got, 0), ==, 4 + 28);
        g_assert_cmpuint(got[4], ==, i);
    }
    struct pollfd fds[2] = { { stream[1], POLLIN, 0 }, { datagrams[1], POLLIN, 0 } };
    while (recv(datagrams[1], got, sizeof got, MSG_DONTWAIT) < 0) {
        g_assert_cmpint(poll(fds, 2, -1), >, 0);
        if (fds[1].revents == 0)
            read_stream(stream[1], &deframer, &last);
    }
    struct tcp_info info;
    socklen_t length = sizeof info;
    g_assert_cmpint(getsockopt(stream[0], IPPROTO_TCP, TCP_INFO, &info, &length), ==, 0);
    g_assert_cmpuint(info.tcpi_unacked + info.tcpi_notsent_bytes, ==, 0);
    read_stream(stream[1], &deframer, &last);
    g_assert_cmpuint(sequence_of(got), ==, last + 1);
    g_assert_cmpuint(last, >, 0);
    tcp_deframer_clear(&deframer);
    close(stream[1]);
    close(datagrams[1]);
}

/* A question does not wait behind the upload that waits; here for a stream to be empty. */
static void
test_question_goes_first(void)
{
    g_auto(Pipe) pipe;
    int stream[2], datagrams[2], unread = 1;
    uint8_t packet[1400], got[2000];
    uint32_t last = 0;
    TcpDeframer deframer;
    send_by_stream(&pipe, stream, &deframer);
    loopback_udp_pair(datagrams);
    size_t length = pipe_packet(packet, true, sizeof packet, 0);
    for (uint32_t i = 0; i < 200; i++) /* of one flow */
        pipe_write(pipe.a.tun, packet, length);
    g_autoptr(Transport) moved = transport_udp_new(datagrams[0], true);
    datapath_set_transport(pipe.a.datapath, moved);
    length = pipe_packet(packet, true, 100, 1); /* of other ports */
    pipe_write(pipe.a.tun, packet, length);
    while (unread != 0) {
        g_assert_cmpint(ioctl(pipe.a.tun, SIOCOUTQ, &unread), ==, 0);
        g_thread_yield();
    }
    struct pollfd fds[2] = { { stream[1], POLLIN, 0 }, { datagrams[1], POLLIN, 0 } };
    while (fds[1].revents == 0) {
        g_assert_cmpint(poll(fds, 2, -1), >, 0);
        read_stream(stream[1], &deframer, &last);
    }
    g_assert_cmpint(recv(datagrams[1], got, sizeof got, 0), <, 200);
    loopback_wait(datagrams[1], POLLIN);
    g_assert_cmpint(recv(datagrams[1], got, sizeof got, 0), >, 1400);
    tcp_deframer_clear(&deframer);
    close(stream[1]);
    close(datagrams[1]);
}

/* Nothing is delivered after the end, and what was under way is let go. */
static void
test_free_with_messages_under_way(void)
{
    End end;
    int fds[2];
    loopback_udp_pair(fds);
    end_init(&end);
    end.transport = transport_udp_new(fds[0], true);
    datapath_set_transport(end.datapath, end.transport);
    for (unsigned i = 0; i < 500; i++)
        g_assert_cmpint(send(fds[1], "\0\0\0\0an IKE message, by its length", 33, 0), ==, 33);
    end_clear(&end);
    g_assert_cmpuint(end.n_heard, ==, 0);
    close(fds[1]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/datapath/datapath/udp/ike-both-ways", pipe_join_udp, test_ike_both_ways);
    g_test_add_data_func("/datapath/datapath/tcp/ike-both-ways", pipe_join_tcp, test_ike_both_ways);
    g_test_add_func("/datapath/datapath/keepalive", test_keepalive);
    g_test_add_func("/datapath/datapath/message-wakes-nobody", test_message_wakes_nobody);
    g_test_add_func("/datapath/datapath/stream-that-ends-is-told-once",
                    test_stream_that_ends_is_told_once);
    g_test_add_func("/datapath/datapath/move", test_move);
    g_test_add_func("/datapath/datapath/stream-is-emptied-first", test_stream_is_emptied_first);
    g_test_add_func("/datapath/datapath/question-goes-first", test_question_goes_first);
    g_test_add_func("/datapath/datapath/free-with-messages-under-way",
                    test_free_with_messages_under_way);
    return g_test_run();
}
