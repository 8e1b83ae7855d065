#include "bench-socket.h"

#include "system/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
fail(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, g_strerror(errno));
    exit(1);
}

void
bench_socket_read(BenchSocket *options, int argc, char **argv)
{
    *options = (BenchSocket){ 0 };
    if (argc <= BENCH_SOCKET_WORDS) {
        fprintf(stderr, "usage: %s client|gateway udp|tcp PORT LOCAL REMOTE ...\n", argv[0]);
        exit(2);
    }
    options->client = strcmp(argv[1], "client") == 0;
    options->stream = strcmp(argv[2], "tcp") == 0;
    options->local.port = options->remote.port = (uint16_t)atoi(argv[3]);
    if (!inet_address_parse(argv[4], &options->local.address) ||
        !inet_address_parse(argv[5], &options->remote.address)) {
        fputs("bench: that is no address\n", stderr);
        exit(2);
    }
}

static int
accept_stream(const BenchSocket *options)
{
    struct sockaddr_in local = { .sin_family = AF_INET, .sin_port = htons(options->local.port) };
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(&local.sin_addr, options->local.address.octets, 4);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&local, sizeof local) < 0 || listen(listener, 1) < 0)
        fail("cannot listen");
    puts("listening");
    fflush(stdout);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    close(listener);
    return fd;
}

/* Each transport begins its stream as the one that opened it; here both are. */
static void
swap_prefixes(Transport *transport)
{
    static const uint8_t message[28] = { 1 };
    char prefix[TCP_ENCAP_PREFIX_LENGTH];
    struct pollfd fd = { .fd = transport_fd(transport), .events = POLLOUT };
    while (transport_wants_write(transport)) {
        poll(&fd, 1, -1);
        if (transport_flush(transport) != 0)
            fail("cannot connect");
    }
    transport_send_ike(transport, message, sizeof message);
    fd.events = POLLIN;
    poll(&fd, 1, -1);
    if (recv(fd.fd, prefix, sizeof prefix, MSG_WAITALL) != sizeof prefix)
        fail("no prefix");
}

Transport *
bench_socket_open(const BenchSocket *options)
{
    int error = 0;
    int fd = options->stream && !options->client
                 ? accept_stream(options)
                 : socket_to_gateway(&options->remote, options->stream, 0,
                                     options->stream ? 0 : options->local.port, &error);
    if (fd < 0)
        fail("cannot make a socket");
    if (!options->stream)
        return transport_udp_new(fd, true);
    Transport *transport = transport_tcp_new(fd);
    swap_prefixes(transport);
    return transport;
}
