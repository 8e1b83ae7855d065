/* Asking a web server: what is sent, whom it may reach, and that the answer comes back as it is. On
 * loopback in a network of the test's own. */
#include "system/http-fetch.h"

#include "own-network.h"
#include "system/error.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT        8080
#define TIME_ENOUGH (60 * G_TIME_SPAN_SECOND)

/* --- Requests and addresses --- */

static void
assert_request(const char *host, uint16_t port, const char *target, const char *body,
               const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) posted = body != NULL ? g_bytes_new(body, strlen(body)) : NULL;
    g_autoptr(GBytes) request = http_fetch_request(host, port, target, posted, &error);
    if (expected == NULL) {
        g_assert_null(request);
        g_assert_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED);
        return;
    }
    g_assert_no_error(error);
    g_assert_cmpmem(g_bytes_get_data(request, NULL), g_bytes_get_size(request), expected,
                    strlen(expected));
}

static void
test_requests(void)
{
    assert_request("crl.example", 80, "/a.crl?b=c", NULL,
                   "GET /a.crl?b=c HTTP/1.0\r\nHost: crl.example\r\nConnection: close\r\n"
                   "User-Agent: ginnel\r\n\r\n");
    assert_request("2001:db8::1", 8080, "/", "",
                   "GET / HTTP/1.0\r\nHost: [2001:db8::1]:8080\r\nConnection: close\r\n"
                   "User-Agent: ginnel\r\n\r\n");
    assert_request("ocsp.example", 80, "/", "asked",
                   "POST / HTTP/1.0\r\nHost: ocsp.example\r\nConnection: close\r\n"
                   "User-Agent: ginnel\r\nContent-Type: application/ocsp-request\r\n"
                   "Content-Length: 5\r\n\r\nasked");
}

/* What a process that was taken over could ask for. */
static void
test_unfit_requests(void)
{
    g_autofree char *long_body = g_strnfill(HTTP_FETCH_MAX_BODY + 1, 'x');
    g_autofree char *long_path = g_strnfill(HTTP_FETCH_MAX_TARGET + 1, '/');
    assert_request("", 80, "/", NULL, NULL);
    assert_request("crl.example\r\nX: y", 80, "/", NULL, NULL);
    assert_request("crl.example/", 80, "/", NULL, NULL);
    assert_request("user@crl.example", 80, "/", NULL, NULL);
    assert_request("crl.example", 80, "", NULL, NULL);
    assert_request("crl.example", 80, "a", NULL, NULL);
    assert_request("crl.example", 80, "/a b", NULL, NULL);
    assert_request("crl.example", 80, "/a HTTP/1.0\r\nX: y\r\n\r\n", NULL, NULL);
    assert_request("crl.example", 80, long_path, NULL, NULL);
    assert_request("crl.example", 80, "/", long_body, NULL);
    assert_request("crl.example", 0, "/", NULL, NULL);
    assert_request("crl.example", 25, "/", NULL, NULL);
    assert_request("crl.example", 443, "/", NULL, NULL);
}

static void
test_may_reach(void)
{
    static const struct {
        const char *address;
        bool may;
    } cases[] = {
        { "192.0.2.1", true },
        { "10.0.0.1", true },
        { "2001:db8::1", true },
        { "fd00::1", true },
        { "127.0.0.1", false },
        { "127.9.9.9", false },
        { "0.0.0.0", false },
        { "0.1.2.3", false },
        { "169.254.1.1", false },
        { "224.0.0.1", false },
        { "255.255.255.255", false },
        { "240.0.0.1", false },
        { "::1", false },
        { "::", false },
        { "fe80::1", false },
        { "ff02::1", false },
        { "::ffff:127.0.0.1", false },
        { "::ffff:192.0.2.1", false },
        { "::127.0.0.1", false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        InetAddress address;
        g_assert_true(inet_address_parse(cases[i].address, &address));
        if (http_fetch_may_reach(&address) != cases[i].may)
            g_error("%s", cases[i].address);
    }
}

/* --- The exchange --- */

/* A server for one request, in a thread of its own. */
typedef struct {
    int fd;
    const char *answer;
    size_t repeat;    /* times that the answer is sent */
    GString *request; /* what came, to its empty line or end */
    GThread *thread;
} Server;

static gpointer
serve(gpointer data)
{
    Server *server = data;
    char buffer[4096];
    ssize_t n;
    int fd = accept(server->fd, NULL, NULL);
    g_assert_cmpint(fd, >=, 0);
    while (strstr(server->request->str, "\r\n\r\n") == NULL &&
           (n = recv(fd, buffer, sizeof buffer, 0)) > 0)
        g_string_append_len(server->request, buffer, n);
    for (size_t i = 0; i < server->repeat; i++)
        if (send(fd, server->answer, strlen(server->answer), MSG_NOSIGNAL) < 0)
            break;
    close(fd);
    return NULL;
}

static void
server_start(Server *server, const char *address, const char *answer, size_t repeat)
{
    struct sockaddr_in local = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    InetAddress parsed;
    int yes = 1;
    g_assert_true(inet_address_parse(address, &parsed));
    memcpy(&local.sin_addr, parsed.octets, 4);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    g_assert_cmpint(bind(server->fd, (struct sockaddr *)&local, sizeof local), ==, 0);
    g_assert_cmpint(listen(server->fd, 1), ==, 0);
    server->answer = answer;
    server->repeat = repeat;
    server->request = g_string_new(NULL);
    server->thread = g_thread_new("server", serve, server);
}

static void
server_stop(Server *server)
{
    if (server->thread != NULL)
        g_thread_join(server->thread);
    close(server->fd);
    g_string_free(server->request, TRUE);
}

typedef struct {
    bool done;
    GBytes *content;
    GError *error;
} Result;

static void
result_clear(Result *result)
{
    g_clear_pointer(&result->content, g_bytes_unref);
    g_clear_error(&result->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Result, result_clear)

static void
fetched(GObject *source, GAsyncResult *async, gpointer data)
{
    Result *result = data;
    result->content = http_fetch_finish(async, &result->error);
    result->done = true;
    g_assert_true((result->content == NULL) == (result->error != NULL));
}

static void
fetch(const char *addresses, gint64 time, GCancellable *cancellable, Result *result)
{
    g_auto(GStrv) words = g_strsplit(addresses, " ", -1);
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_autoptr(GBytes) request = http_fetch_request("crl.example", PORT, "/a.crl", NULL, NULL);
    for (char **word = words; *word != NULL; word++) {
        InetAddress one;
        g_assert_true(inet_address_parse(*word, &one));
        g_array_append_val(list, one);
    }
    http_fetch_async(list, PORT, request, 0, g_get_monotonic_time() + time, cancellable, fetched,
                     result);
    if (cancellable != NULL)
        g_cancellable_cancel(cancellable);
    while (!result->done)
        g_main_context_iteration(NULL, TRUE);
}

static void
test_answer(void)
{
    Server server;
    g_auto(Result) result = { 0 };
    server_start(&server, "127.0.0.2", "anything at all", 1);
    fetch("127.0.0.2", TIME_ENOUGH, NULL, &result);
    g_assert_no_error(result.error);
    g_assert_cmpmem(g_bytes_get_data(result.content, NULL), g_bytes_get_size(result.content),
                    "anything at all", strlen("anything at all"));
    g_assert_true(g_str_has_prefix(server.request->str, "GET /a.crl HTTP/1.0\r\n"));
    server_stop(&server);
}

static void
test_next_address(void)
{
    Server server;
    g_auto(Result) result = { 0 };
    server_start(&server, "127.0.0.2", "here", 1);
    fetch("127.0.0.3 127.0.0.2", TIME_ENOUGH, NULL, &result);
    g_assert_no_error(result.error);
    server_stop(&server);
}

/* It reaches nobody that way: this machine's own address is not asked anything. */
static void
test_this_machine(void)
{
    Server server;
    g_auto(Result) result = { 0 };
    server_start(&server, "127.0.0.1", "secret", 1);
    fetch("127.0.0.1", TIME_ENOUGH, NULL, &result);
    g_assert_error(result.error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE);
    g_thread_join(g_steal_pointer(&server.thread));
    g_assert_cmpstr(server.request->str, ==, "");
    server_stop(&server);
}

static void
test_too_much(void)
{
    Server server;
    g_auto(Result) result = { 0 };
    server_start(&server, "127.0.0.2", "0123456789abcdef", 100000);
    fetch("127.0.0.2", TIME_ENOUGH, NULL, &result);
    g_assert_no_error(result.error);
    g_assert_cmpuint(g_bytes_get_size(result.content), ==, HTTP_FETCH_MAX_LENGTH);
    server_stop(&server);
}

static void
test_nothing(void)
{
    Server server;
    g_auto(Result) result = { 0 };
    g_auto(Result) refused = { 0 };
    server_start(&server, "127.0.0.2", "", 0);
    fetch("127.0.0.2", TIME_ENOUGH, NULL, &result);
    g_assert_error(result.error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE);
    server_stop(&server);
    fetch("127.0.0.2", TIME_ENOUGH, NULL, &refused);
    g_assert_error(refused.error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE);
}

static void
test_no_time(void)
{
    g_auto(Result) result = { 0 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* listens, and never accepts */
    struct sockaddr_in local = { .sin_family = AF_INET,
                                 .sin_port = htons(PORT),
                                 .sin_addr = { htonl(0x7f000004) } };
    g_assert_cmpint(bind(fd, (struct sockaddr *)&local, sizeof local), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    fetch("127.0.0.4", 0, NULL, &result);
    g_assert_error(result.error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE);
    close(fd);
}

static void
test_cancelled(void)
{
    g_auto(Result) result = { 0 };
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    fetch("127.0.0.2", TIME_ENOUGH, cancellable, &result);
    g_assert_error(result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main(int argc, char **argv)
{
    own_network_enter();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/http-fetch/requests", test_requests);
    g_test_add_func("/system/http-fetch/unfit-requests", test_unfit_requests);
    g_test_add_func("/system/http-fetch/may-reach", test_may_reach);
    g_test_add_func("/system/http-fetch/answer", test_answer);
    g_test_add_func("/system/http-fetch/next-address", test_next_address);
    g_test_add_func("/system/http-fetch/this-machine", test_this_machine);
    g_test_add_func("/system/http-fetch/too-much", test_too_much);
    g_test_add_func("/system/http-fetch/nothing", test_nothing);
    g_test_add_func("/system/http-fetch/no-time", test_no_time);
    g_test_add_func("/system/http-fetch/cancelled", test_cancelled);
    return g_test_run();
}
