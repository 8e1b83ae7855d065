/*
 * Thousands at a time through one relay: 5,000 that wait, 200 that work, and meanwhile 10,000 that
 * are up to no good. Counts and bounds, no clock; the memory is stated.
 */
#include "bench.h"

#include "encap/tcp-encap.h"
#include "loopback.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDLE        5000
#define BUSY        200
#define BAD         10000
#define BAD_AT_ONCE 500
#define PAYLOAD     1000
#define DESCRIPTORS 12000 /* of the relay: two for each good stream, and the bad ones */

typedef struct {
    Bench bench;
    int idle[IDLE], busy[BUSY];
    uint64_t answered;
} Load;

static bool
allow_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max < DESCRIPTORS)
        return false;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* KiB that are in memory. */
static unsigned long
resident(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    const char *line = strstr(text, "VmRSS:");
    g_assert_nonnull(line);
    return strtoul(line + strlen("VmRSS:"), NULL, 10);
}

/* There and back: what comes back is what went. */
static void
round_trip(Load *load, int client, uint8_t octet, size_t length)
{
    uint8_t frame[PAYLOAD + 2], got[PAYLOAD + 2];
    struct sockaddr_in from;
    tcp_encap_frame(frame, length);
    memset(frame + 2, octet, length);
    loopback_write(client, frame, length + 2);
    size_t n = gateway_reads(&load->bench, got, sizeof got, &from);
    g_assert_cmpmem(got, n, frame + 2, length);
    g_assert_cmpint(sendto(load->bench.gateway, got, n, 0, (struct sockaddr *)&from, sizeof from),
                    ==, n);
    g_assert_cmpint(recv(client, got, length + 2, MSG_WAITALL), ==, length + 2);
    g_assert_cmpmem(got, length + 2, frame, length + 2);
    load->answered++;
}

static void
join(Load *load, int *clients, size_t n)
{
    uint8_t got[64];
    struct sockaddr_in from;
    for (size_t i = 0; i < n; i++) {
        clients[i] = client_new(&load->bench);
        say_hello(clients[i], 7);
        gateway_reads(&load->bench, got, sizeof got, &from);
    }
}

static void
all_busy(Load *load)
{
    for (size_t i = 0; i < BUSY; i++)
        round_trip(load, load->busy[i], (uint8_t)i, PAYLOAD);
}

/* Garbage, half a prefix, a length of 0, of 1, of all that there is and nothing behind it, nothing
 * at all. */
static int
bad_client(const Load *load, size_t kind)
{
    static const struct {
        const char *octets;
        size_t length;
    } says[] = {
        { "GET / HTTP/1.0\r\n\r\n", 18 }, { "IKE", 3 }, { "IKETCP\0\0", 8 }, { "IKETCP\0\1", 8 },
        { "IKETCP\xff\xff", 8 },          { "", 0 },
    };
    int client = client_new(&load->bench);
    kind %= G_N_ELEMENTS(says);
    /* It may be closed while we still write. */
    if (says[kind].length > 0)
        (void)send(client, says[kind].octets, says[kind].length, MSG_NOSIGNAL);
    return client;
}

static void
bad_ones_come_and_go(Load *load)
{
    int bad[BAD_AT_ONCE];
    for (size_t i = 0; i < BAD_AT_ONCE; i++)
        bad[i] = bad_client(load, i);
    all_busy(load);
    for (size_t i = 0; i < BAD_AT_ONCE; i++)
        check_closed(bad[i]);
}

static void
test_load(void)
{
    g_autofree Load *load = g_new0(Load, 1);
    RelayOptions options = bench_usual;
    if (!allow_descriptors()) {
        g_test_skip("this machine allows too few open files");
        return;
    }
    options.max_connections = options.max_per_client = 20000;
    options.max_rate = 1000000;
    options.prefix_timeout = SHORT;
    load->bench = bench_new(options);
    join(load, load->busy, BUSY);
    unsigned long before = resident(load->bench.pid);
    join(load, load->idle, IDLE);
    unsigned long idle = resident(load->bench.pid) - before;
    g_test_message("%d idle streams: %lu KiB, %lu octets each", IDLE, idle, idle * 1024 / IDLE);
    for (size_t i = 0; i < BAD / BAD_AT_ONCE; i++)
        bad_ones_come_and_go(load);
    /* Nobody was touched, and nothing was kept of those that are gone. */
    for (size_t i = 0; i < IDLE; i++)
        round_trip(load, load->idle[i], 3, 40);
    all_busy(load);
    unsigned long after = resident(load->bench.pid) - before;
    g_test_message("with %d busy ones, after %d bad ones: %lu KiB more than without", BUSY, BAD,
                   after);
    RelayStatistics statistics = bench_end(&load->bench);
    g_assert_cmpuint(statistics.accepted, ==, IDLE + BUSY + BAD);
    g_assert_cmpuint(statistics.connections, ==, IDLE + BUSY);
    g_assert_cmpuint(statistics.packets_out, ==, load->answered);
    g_assert_cmpuint(statistics.broken + statistics.timed_out, ==, BAD);
    /* With what sanitizers add. */
    g_assert_cmpuint(after * 1024 / (IDLE + BUSY), <, 8 * 1024);
    for (size_t i = 0; i < IDLE; i++)
        close(load->idle[i]);
    for (size_t i = 0; i < BUSY; i++)
        close(load->busy[i]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/relay/load/thousands", test_load);
    return g_test_run();
}
