/* A gateway's name, asked of a name server by a marked socket, in a network of the test's own. */
#include "system/gateway-name-direct.h"

#include "fake-resolved.h"
#include "own-network.h"
#include "system/error.h"
#include "system/gateway-name.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
test_servers_from_text(void)
{
    g_autoptr(GArray) servers =
        name_servers_from_text("# nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch a.example\n"
                               "nameserver 127.0.0.53\nnameserver\t2001:db8::1 \nnameserver x\n"
                               "nameserver 192.0.2.2\n");
    g_assert_cmpuint(servers->len, ==, 2);
    g_autofree char *second = inet_address_to_string(&g_array_index(servers, InetAddress, 1));
    g_assert_cmpstr(second, ==, "2001:db8::1");
}

/* Answers A questions with 192.0.2.1, those for "none..." with NXDOMAIN; ends with its socket. */
static gpointer
serve(gpointer data)
{
    int fd = GPOINTER_TO_INT(data);
    uint8_t message[1500];
    struct sockaddr_in client;
    socklen_t length = sizeof client;
    ssize_t got;
    while ((got = recvfrom(fd, message, 512, 0, (struct sockaddr *)&client, &length)) > 17) {
        size_t end = 12;
        while (message[end] != 0)
            end += 1u + message[end];
        bool none = memcmp(message + 13, "none", 4) == 0;
        bool a = message[end + 2] == 1;
        end += 5;
        message[2] = 0x85;
        message[3] = none ? 0x83 : 0x80;
        message[7] = a && !none;
        memset(message + 8, 0, 4);
        memcpy(message + end, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1", 16);
        if (a && !none)
            end += 16;
        if (sendto(fd, message, end, 0, (struct sockaddr *)&client, length) < 0)
            break;
    }
    return NULL;
}

typedef struct {
    FakeResolved fake;
    GThread *thread;
    int fd;
    GArray *inside;
    unsigned found;
    bool done;
    GArray *addresses;
    GError *error;
} Bench;

static void
bench_start(Bench *bench, const char *servers)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(53) };
    *bench = (Bench){ 0 };
    fake_resolved_start(&bench->fake);
    bench->fake.servers = servers;
    inet_pton(AF_INET, "10.1.1.1", &address.sin_addr);
    bench->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(bench->fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    bench->thread = g_thread_new("serve", serve, GINT_TO_POINTER(bench->fd));
    bench->inside = g_array_new(FALSE, FALSE, sizeof(int));
}

static void
bench_stop(Bench *bench)
{
    shutdown(bench->fd, SHUT_RDWR);
    g_thread_join(bench->thread);
    close(bench->fd);
    g_array_unref(bench->inside);
    g_clear_pointer(&bench->addresses, g_array_unref);
    g_clear_error(&bench->error);
    fake_resolved_stop(&bench->fake);
}

static void
servers_found(const GArray *servers, gpointer data)
{
    ((Bench *)data)->found = servers->len;
}

static void
resolved(GObject *source, GAsyncResult *result, gpointer data)
{
    Bench *bench = data;
    bench->addresses = gateway_name_resolve_finish(result, &bench->error);
    bench->done = true;
}

static void
ask(Bench *bench, const char *name)
{
    gateway_name_direct_async(bench->fake.client, name, bench->inside, servers_found, bench, NULL,
                              resolved, bench);
    fake_resolved_run_until(&bench->done);
}

#define SERVER "[(4, 2, [byte 10, 1, 1, 1])]"

static void
test_answer(void)
{
    Bench bench;
    bench_start(&bench, SERVER);
    ask(&bench, "gw.example");
    g_assert_no_error(bench.error);
    g_assert_cmpuint(bench.found, ==, 1);
    g_assert_cmpuint(bench.addresses->len, ==, 1);
    g_autofree char *text = inet_address_to_string(&g_array_index(bench.addresses, InetAddress, 0));
    g_assert_cmpstr(text, ==, "192.0.2.1");
    /* Not of resolved. */
    g_assert_null(bench.fake.asked);
    bench_stop(&bench);
}

static void
test_no_such_name(void)
{
    Bench bench;
    bench_start(&bench, SERVER);
    ask(&bench, "none.example");
    g_assert_error(bench.error, SYSTEM_ERROR, SYSTEM_ERROR_NOT_FOUND);
    bench_stop(&bench);
}

/* A tunnel's own servers are not outside. */
static void
test_servers_inside_are_not_asked(void)
{
    Bench bench;
    int tunnel = 4;
    bench_start(&bench, SERVER);
    g_array_append_val(bench.inside, tunnel);
    ask(&bench, "gw.example");
    g_assert_error(bench.error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE);
    g_assert_cmpuint(bench.found, ==, 0);
    bench_stop(&bench);
}

int
main(int argc, char **argv)
{
    own_network_enter();
    g_free(own_network_run("ip addr add 10.1.1.1/32 dev lo"));
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/gateway-name-direct/servers-from-text", test_servers_from_text);
    g_test_add_func("/system/gateway-name-direct/answer", test_answer);
    g_test_add_func("/system/gateway-name-direct/no-such-name", test_no_such_name);
    g_test_add_func("/system/gateway-name-direct/servers-inside-are-not-asked",
                    test_servers_inside_are_not_asked);
    return g_test_run();
}
