/* Sockets of a stub on loopback, and a client that asks it. */
#pragma once
#include "name-server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    int udp, tcp; /* of the stub */
    struct sockaddr_in address;
} StubSockets;

static inline void
stub_sockets_open(StubSockets *sockets)
{
    socklen_t length = sizeof sockets->address;
    sockets->tcp = -1;
    /* The port that UDP gets may be taken over TCP. */
    while (sockets->tcp < 0) {
        sockets->address = (struct sockaddr_in){ .sin_family = AF_INET,
                                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        sockets->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        g_assert_cmpint(bind(sockets->udp, (struct sockaddr *)&sockets->address, length), ==, 0);
        g_assert_cmpint(getsockname(sockets->udp, (struct sockaddr *)&sockets->address, &length),
                        ==, 0);
        sockets->tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (bind(sockets->tcp, (struct sockaddr *)&sockets->address, length) == 0)
            break;
        close(sockets->udp);
        close(sockets->tcp);
        sockets->tcp = -1;
    }
    g_assert_cmpint(listen(sockets->tcp, 4), ==, 0);
}

/* Runs the main loop until something is there, or the other end closes: octets, 0 for the end. */
static inline ssize_t
stub_client_receive(int fd, guint8 *buffer, size_t size)
{
    ssize_t got;
    while ((got = recv(fd, buffer, size, MSG_DONTWAIT)) < 0)
        g_main_context_iteration(NULL, TRUE);
    return got;
}

/* The reply to a query over UDP from the given address of this machine. */
static inline ssize_t
stub_client_ask(const StubSockets *sockets, GByteArray *query, guint8 *buffer, size_t size)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t length = sizeof sockets->address;
    g_assert_cmpint(
        sendto(fd, query->data, query->len, 0, (const struct sockaddr *)&sockets->address, length),
        ==, query->len);
    ssize_t got = stub_client_receive(fd, buffer, size);
    close(fd);
    return got;
}
