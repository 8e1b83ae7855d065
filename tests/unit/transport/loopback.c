#include "loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 10000

static int
bound(int type)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

static void
connect_to(int fd, int other)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    g_assert_cmpint(getsockname(other, (struct sockaddr *)&address, &length), ==, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, length), ==, 0);
}

static void
make_non_blocking(const int fds[2])
{
    for (size_t i = 0; i < 2; i++)
        g_assert_cmpint(fcntl(fds[i], F_SETFL, O_NONBLOCK), ==, 0);
}

void
loopback_udp_pair(int fds[2])
{
    int room = 4 * 1024 * 1024;
    for (size_t i = 0; i < 2; i++) {
        fds[i] = bound(SOCK_DGRAM);
        setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    }
    connect_to(fds[0], fds[1]);
    connect_to(fds[1], fds[0]);
    make_non_blocking(fds);
}

void
loopback_tcp_pair(int fds[2])
{
    static const int on = 1;
    int listener = bound(SOCK_STREAM);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connect_to(fds[0], listener);
    fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    g_assert_cmpint(fds[1], >=, 0);
    close(listener);
    make_non_blocking(fds);
    for (unsigned i = 0; i < 2; i++) /* as ours are */
        g_assert_cmpint(setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), ==, 0);
}

void
loopback_wait(int fd, short events)
{
    struct pollfd one = { .fd = fd, .events = events };
    int ready;
    do
        ready = poll(&one, 1, PATIENCE_MS);
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        g_error("nothing came");
}

void
loopback_write(int fd, const void *data, size_t length)
{
    const uint8_t *from = data;
    while (length > 0) {
        loopback_wait(fd, POLLOUT);
        ssize_t n = write(fd, from, length);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        g_assert_cmpint(n, >, 0);
        from += n;
        length -= (size_t)n;
    }
}
