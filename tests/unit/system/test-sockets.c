/* Outer sockets, on loopback in a network of the test's own. */
#include "system/sockets.h"

#include "own-network.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <net/if.h>
#include <netinet/in.h>
#include <linux/in6.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MARK 0x47000005u

static InetEndpoint
endpoint(const char *address, uint16_t port)
{
    InetEndpoint out = { .port = port };
    g_assert_true(inet_address_parse(address, &out.address));
    return out;
}

static uint32_t
mark_of(int fd)
{
    uint32_t mark = 0;
    socklen_t length = sizeof mark;
    g_assert_cmpint(getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &length), ==, 0);
    return mark;
}

static uint16_t
local_port(int fd)
{
    struct sockaddr_in6 local; /* the port lies at the same place in both */
    socklen_t length = sizeof local;
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&local, &length), ==, 0);
    return ntohs(local.sin6_port);
}

static void
assert_handed_over_safely(int fd)
{
    g_assert_cmphex(mark_of(fd), ==, MARK);
    g_assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    g_assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
}

static void
check_udp(const char *address)
{
    int code = 0;
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    InetEndpoint gateway = endpoint(address, 4500);
    int fd = socket_to_gateway(&gateway, false, MARK, 0, &code);
    g_assert_cmpint(fd, >=, 0);
    assert_handed_over_safely(fd);
    g_assert_cmpint(getpeername(fd, (struct sockaddr *)&peer, &length), ==, 0);
    g_assert_cmpuint(local_port(fd), >, 0);
    close(fd);
}

static void
test_udp(void)
{
    check_udp("127.0.0.1");
    check_udp("::1");
}

static void
test_source_port(void)
{
    int code = 0;
    InetEndpoint gateway = endpoint("127.0.0.1", 4500);
    int fd = socket_to_gateway(&gateway, false, MARK, 4501, &code);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpuint(local_port(fd), ==, 4501);
    g_assert_cmpint(socket_to_gateway(&gateway, false, MARK, 4501, &code), ==, -1);
    g_assert_cmpint(code, ==, EADDRINUSE);
    close(fd);
}

/* What is larger than the path goes in fragments instead of failing. */
static void
test_udp_fragments(void)
{
    int code = 0;
    g_autofree char *large = g_malloc0(30000);
    g_free(own_network_run("ip link set lo mtu 1500"));
    InetEndpoint gateway = endpoint("127.0.0.1", 4500);
    int receiver = socket_to_gateway(&gateway, false, MARK, 4500, &code);
    int sender = socket_to_gateway(&gateway, false, MARK, 0, &code);
    g_assert_cmpint(send(sender, large, 30000, 0), ==, 30000);
    close(sender);
    close(receiver);
}

static void
test_stream(void)
{
    int code = 0;
    struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&local, sizeof local), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    InetEndpoint gateway = endpoint("127.0.0.1", local_port(listener));
    int fd = socket_to_gateway(&gateway, true, MARK, 0, &code);
    g_assert_cmpint(fd, >=, 0);
    assert_handed_over_safely(fd);
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    g_assert_cmpint(poll(&ready, 1, 5000), ==, 1);
    g_assert_cmpint(ready.revents & (POLLERR | POLLHUP), ==, 0);
    close(fd);
    close(listener);
}

static void
test_unreachable(void)
{
    int code = 0;
    InetEndpoint gateway = endpoint("192.0.2.1", 4500);
    g_assert_cmpint(socket_to_gateway(&gateway, false, MARK, 0, &code), ==, -1);
    g_assert_cmpint(code, ==, ENETUNREACH);
    gateway = endpoint("2001:db8::1", 4500);
    g_assert_cmpint(socket_to_gateway(&gateway, true, MARK, 0, &code), ==, -1);
    g_assert_cmpint(code, ==, ENETUNREACH);
}

static void
test_bound_to_interface(void)
{
    int code = 0;
    char name[IF_NAMESIZE] = "";
    socklen_t length = sizeof name;
    InetEndpoint gateway = endpoint("127.0.0.1", 4500);
    int fd = socket_to_gateway(&gateway, false, MARK, 0, &code);
    g_assert_cmpint(socket_bind_interface(fd, (int)if_nametoindex("lo")), ==, 0);
    g_assert_cmpint(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length), ==, 0);
    g_assert_cmpstr(name, ==, "lo");
    g_assert_cmpint(socket_bind_interface(fd, 0), ==, ENODEV);
    close(fd);
}

static uint32_t
label_that_comes(const char *address, uint32_t mark)
{
    struct sockaddr_in6 local = { .sin6_family = AF_INET6 };
    socklen_t length = sizeof local;
    int code = 0;
    InetEndpoint gateway = endpoint(address, 0);
    memcpy(&local.sin6_addr, gateway.address.octets, 16);
    int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&local, length), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&local, &length), ==, 0);
    gateway.port = ntohs(local.sin6_port);
    int fd = socket_to_gateway(&gateway, true, mark, 0, &code);
    g_assert_cmpint(fd, >=, 0);
    int other = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    g_assert_cmpint(other, >=, 0);
    struct in6_flowlabel_req request = { .flr_action = IPV6_FL_A_GET,
                                         .flr_flags = IPV6_FL_F_REMOTE };
    length = sizeof request;
    g_assert_cmpint(getsockopt(other, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &request, &length), ==, 0);
    close(fd);
    close(other);
    close(listener);
    return ntohl(request.flr_label);
}

/* RFC 9329, section 6.1: from one stream to the next the same, of another connection another. */
static void
test_flow_label(void)
{
    uint32_t first = label_that_comes("::1", MARK);
    g_assert_cmphex(first, !=, 0);
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmphex(label_that_comes("::1", MARK), ==, first);
    g_assert_cmphex(label_that_comes("::1", MARK + 1), !=, first);
}

/* UDP and TCP by one number; the same once more, though a stream that ended still is remembered. */
static void
test_listen_pair(void)
{
    g_autoptr(GError) error = NULL;
    InetEndpoint at = endpoint("127.0.0.1", 0);
    int udp, tcp, taken, code;
    g_assert_true(sockets_listen_pair(&at, &udp, &tcp, &error));
    g_assert_no_error(error);
    const uint16_t port = at.port;
    g_assert_cmpuint(port, !=, 0);
    g_assert_cmpuint(local_port(udp), ==, port);
    g_assert_cmpuint(local_port(tcp), ==, port);

    int client = socket_to_gateway(&at, true, MARK, 0, &code);
    struct pollfd ready = { .fd = tcp, .events = POLLIN };
    g_assert_cmpint(poll(&ready, 1, 5000), ==, 1);
    taken = accept(tcp, NULL, NULL);
    g_assert_cmpint(taken, >=, 0);
    close(taken); /* first: the port is in TIME-WAIT here */
    close(client);
    close(udp);
    close(tcp);
    g_assert_true(sockets_listen_pair(&at, &udp, &tcp, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(at.port, ==, port);
    g_assert_cmpuint(local_port(tcp), ==, port);

    int more[2];
    g_assert_false(sockets_listen_pair(&at, &more[0], &more[1], &error));
    g_assert_nonnull(error);
    close(udp);
    close(tcp);
}

int
main(int argc, char **argv)
{
    own_network_enter();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/sockets/flow-label", test_flow_label);
    g_test_add_func("/system/sockets/udp", test_udp);
    g_test_add_func("/system/sockets/bound-to-interface", test_bound_to_interface);
    g_test_add_func("/system/sockets/source-port", test_source_port);
    g_test_add_func("/system/sockets/udp-fragments", test_udp_fragments);
    g_test_add_func("/system/sockets/stream", test_stream);
    g_test_add_func("/system/sockets/listen-pair", test_listen_pair);
    g_test_add_func("/system/sockets/unreachable", test_unreachable);
    return g_test_run();
}
