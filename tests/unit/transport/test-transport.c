/* What every kind of transport shares: who owns the descriptor. */
#include "loopback.h"

#include <errno.h>
#include <unistd.h>

static bool
peer_sees_the_end(int fd)
{
    char octet;
    loopback_wait(fd, 1 /* POLLIN */);
    return read(fd, &octet, 1) == 0;
}

static void
test_last_reference_closes(void)
{
    int fds[2];
    char octet;
    loopback_tcp_pair(fds);
    Transport *transport = transport_tcp_new(fds[0]);
    g_assert_cmpint(transport_fd(transport), ==, fds[0]);
    transport_ref(transport);
    transport_unref(transport);
    g_assert_cmpint(read(fds[1], &octet, 1), ==, -1); /* still open, nothing there */
    transport_unref(transport);
    g_assert_true(peer_sees_the_end(fds[1]));
    close(fds[1]);
    transport_unref(NULL);
}

static void
test_kinds(void)
{
    int udp[2], tcp[2];
    loopback_udp_pair(udp);
    loopback_tcp_pair(tcp);
    g_autoptr(Transport) datagrams = transport_udp_new(udp[0], true);
    g_autoptr(Transport) stream = transport_tcp_new(tcp[0]);
    g_assert_cmpint(transport_kind(datagrams), ==, TRANSPORT_UDP);
    g_assert_false(transport_is_stream(datagrams));
    g_assert_cmpint(transport_kind(stream), ==, TRANSPORT_TCP);
    g_assert_true(transport_is_stream(stream));
    g_assert_false(transport_is_dead(stream));
    close(udp[1]);
    close(tcp[1]);
}

/* RFC 9329, section 6.1: a few packets that nobody knows are no reason, many in a row are, and so
 * is one that is not authentic. Over UDP, nothing is. */
static void
test_judged(void)
{
    int fds[3][2];
    Transport *transports[3];
    for (size_t i = 0; i < 3; i++) {
        (i < 2 ? loopback_tcp_pair : loopback_udp_pair)(fds[i]);
        transports[i] = i < 2 ? transport_tcp_new(fds[i][0]) : transport_udp_new(fds[i][0], true);
    }
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < TRANSPORT_MAX_UNKNOWN; i++) {
            g_assert_cmpint(transport_judge(transports[0], TRANSPORT_UNKNOWN), ==, 0);
            g_assert_cmpint(transport_judge(transports[0], TRANSPORT_NEUTRAL), ==, 0);
        }
        g_assert_cmpint(transport_judge(transports[0], TRANSPORT_AUTHENTIC), ==, 0);
    }
    for (unsigned i = 0; i < TRANSPORT_MAX_UNKNOWN; i++)
        g_assert_cmpint(transport_judge(transports[0], TRANSPORT_UNKNOWN), ==, 0);
    g_assert_cmpint(transport_judge(transports[0], TRANSPORT_UNKNOWN), ==, EPROTO);
    g_assert_true(transport_is_dead(transports[0]));
    g_assert_cmpint(transport_judge(transports[0], TRANSPORT_UNKNOWN), ==, 0); /* said once */
    g_assert_cmpint(transport_judge(transports[1], TRANSPORT_FORGED), ==, EPROTO);
    for (unsigned i = 0; i < 2 * TRANSPORT_MAX_UNKNOWN; i++)
        g_assert_cmpint(transport_judge(transports[2], TRANSPORT_FORGED), ==, 0);
    g_assert_false(transport_is_dead(transports[2]));
    for (size_t i = 0; i < 3; i++) {
        transport_unref(transports[i]);
        close(fds[i][1]);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/transport/transport/last-reference-closes", test_last_reference_closes);
    g_test_add_func("/transport/transport/kinds", test_kinds);
    g_test_add_func("/transport/transport/judged", test_judged);
    return g_test_run();
}
