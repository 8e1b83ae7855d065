#include "bench.h"

#include "encap/tcp-encap.h"
#include "loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

const RelayOptions bench_usual = { .max_connections = 100,
                                   .max_per_client = 100,
                                   .max_rate = 1000,
                                   .max_memory = 64 * 1024 * 1024,
                                   .idle_timeout = 60 * DURATION_SECOND,
                                   .prefix_timeout = 60 * DURATION_SECOND };

int
bound(int type, InetEndpoint *where)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, length), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &length), ==, 0);
    where->address = inet_address_new(INET_V4, (const uint8_t *)&address.sin_addr);
    where->port = ntohs(address.sin_port);
    return fd;
}

/* The process of the relay: its statistics at the end are what it has to say. */
static void
run_relay(const RelayOptions *options, int listener, RelayListen what, int statistics)
{
    g_autoptr(Relay) relay = relay_new(options, NULL);
    if (relay == NULL || !relay_add_listener(relay, listener, what, NULL) ||
        !relay_run(relay, NULL))
        return;
    if (write(statistics, relay_statistics(relay), sizeof(RelayStatistics)) < 0)
        return;
}

Bench
bench_new(RelayOptions options)
{
    return bench_new_for(options, RELAY_LISTEN_PLAIN);
}

Bench
bench_new_for(RelayOptions options, RelayListen what)
{
    Bench bench = { .gateway = -1 };
    int ends[2];
    /* Blocking, as systemd hands them over. */
    int listener = bound(SOCK_STREAM, &bench.address);
    g_assert_cmpint(listen(listener, 1000), ==, 0);
    if (options.n_gateways == 0)
        bench.gateway = bound(SOCK_DGRAM, &options.gateways[options.n_gateways++]);
    g_assert_cmpint(pipe(ends), ==, 0);
    bench.pid = fork();
    g_assert_cmpint(bench.pid, >=, 0);
    if (bench.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* when a test fails */
        if (freopen("/dev/null", "w", stderr) != NULL)
            run_relay(&options, listener, what, ends[1]);
        _exit(0);
    }
    close(listener);
    close(ends[1]);
    bench.statistics = ends[0];
    return bench;
}

/* Only when something was seen of the relay, which then runs its loop. */
RelayStatistics
bench_end(Bench *bench)
{
    RelayStatistics statistics;
    int status;
    g_assert_cmpint(kill(bench->pid, SIGTERM), ==, 0);
    g_assert_cmpint(read(bench->statistics, &statistics, sizeof statistics), ==, sizeof statistics);
    g_assert_cmpint(waitpid(bench->pid, &status, 0), ==, bench->pid);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(bench->statistics);
    if (bench->gateway >= 0)
        close(bench->gateway);
    return statistics;
}

int
client_new(const Bench *bench)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(bench->address.port) };
    memcpy(&address.sin_addr, bench->address.address.octets, 4);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

void
check_closed(int client)
{
    char octet;
    loopback_wait(client, POLLIN);
    ssize_t n = recv(client, &octet, 1, 0);
    g_assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
    close(client);
}

/* An IKE message of 28 octets with its marker, all one octet. */
size_t
ike_frame(uint8_t *out, uint8_t octet)
{
    memset(out, octet, 34);
    memcpy(out, "\0\x22\0\0\0\0", 6);
    return 34;
}

void
say_hello(int client, uint8_t octet)
{
    uint8_t frame[34];
    loopback_write(client, TCP_ENCAP_PREFIX, TCP_ENCAP_PREFIX_LENGTH);
    loopback_write(client, frame, ike_frame(frame, octet));
}

/* What the gateway reads next, and from whom. */
size_t
gateway_reads(const Bench *bench, uint8_t *out, size_t room, struct sockaddr_in *from)
{
    socklen_t length = sizeof *from;
    loopback_wait(bench->gateway, POLLIN);
    ssize_t n = recvfrom(bench->gateway, out, room, 0, (struct sockaddr *)from, &length);
    g_assert_cmpint(n, >=, 0);
    return (size_t)n;
}

void
gateway_hears(const Bench *bench, uint8_t octet)
{
    uint8_t got[64], expected[34];
    struct sockaddr_in from;
    ike_frame(expected, octet);
    size_t n = gateway_reads(bench, got, sizeof got, &from);
    g_assert_cmpmem(got, n, expected + 2, 32);
}
