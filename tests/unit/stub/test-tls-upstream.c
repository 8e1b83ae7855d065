/* DNS over TLS by a server on loopback: names, keys, the next server, streams that end. */
#include "stub/tls-upstream.h"

#include "name-server.h"
#include "tls-server.h"

#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Echoes each question as its answer. In the same main loop; one stream at a time. */
typedef struct {
    TestIdentity *authority, *identity;
    int listener, fd;
    guint in, accepting;
    TestTlsServer *tls;
    GByteArray *data;
    InetEndpoint endpoint;
    unsigned streams, questions;
    bool end_after_answer;
    unsigned refuses;  /* so many questions: hangs up instead of answering */
    bool says_goodbye; /* in order, after the handshake, to everybody */
    bool deaf;         /* does not read any more, once it has answered */
} Server;

static void
server_hang_up(Server *server)
{
    g_clear_handle_id(&server->in, g_source_remove);
    g_clear_pointer(&server->tls, test_tls_server_free);
    g_byte_array_set_size(server->data, 0);
    if (server->fd >= 0)
        close(server->fd);
    server->fd = -1;
}

static void
server_send(Server *server, GBytes *octets)
{
    gsize length;
    const void *data = g_bytes_get_data(octets, &length);
    if (length > 0)
        g_assert_cmpint(send(server->fd, data, length, MSG_NOSIGNAL), ==, length);
}

/* Questions are answered in the opposite order, where several came together. */
static void
server_answer(Server *server)
{
    if (server->refuses > 0) {
        server->refuses--;
        server_hang_up(server);
        return;
    }
    g_autoptr(GByteArray) answers = g_byte_array_new();
    guint at = 0;
    while (at + 2 <= server->data->len) {
        guint length = (guint)server->data->data[at] << 8 | server->data->data[at + 1];
        if (at + 2 + length > server->data->len)
            break;
        g_byte_array_prepend(answers, server->data->data + at, 2 + length);
        answers->data[4] |= 0x80;
        at += 2 + length;
        server->questions++;
    }
    g_byte_array_remove_range(server->data, 0, at);
    if (answers->len == 0)
        return;
    g_autoptr(GBytes) out = test_tls_server_write(server->tls, answers->data, answers->len);
    server_send(server, out);
    if (server->end_after_answer) {
        server->end_after_answer = false;
        server_hang_up(server);
    }
    if (server->deaf)
        g_clear_handle_id(&server->in, g_source_remove);
}

static gboolean
server_readable(int fd, GIOCondition condition, gpointer data)
{
    Server *server = data;
    uint8_t buffer[16384];
    ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got <= 0) {
        server->in = 0;
        server_hang_up(server);
        return G_SOURCE_REMOVE;
    }
    g_autoptr(GBytes) octets = g_bytes_new(buffer, (gsize)got);
    g_autoptr(GBytes) reply = test_tls_server_feed(server->tls, octets);
    server_send(server, reply);
    if (server->says_goodbye && test_tls_server_open(server->tls)) {
        g_autoptr(GBytes) goodbye = test_tls_server_close(server->tls);
        server_send(server, goodbye);
        server->in = 0;
        server_hang_up(server);
        return G_SOURCE_REMOVE;
    }
    guint source = server->in;
    g_autoptr(GBytes) plain = test_tls_server_take_data(server->tls);
    if (plain != NULL) {
        g_byte_array_append(server->data, g_bytes_get_data(plain, NULL),
                            (guint)g_bytes_get_size(plain));
        server_answer(server);
    }
    return server->in == source ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
server_accept(int fd, GIOCondition condition, gpointer data)
{
    Server *server = data;
    server_hang_up(server);
    server->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    server->streams++;
    server->tls = test_tls_server_new(server->identity, TEST_TLS_13, NULL);
    server->in = g_unix_fd_add(server->fd, G_IO_IN, server_readable, server);
    return G_SOURCE_CONTINUE;
}

static void
server_start(Server *server, const char *name)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    *server = (Server){ .fd = -1, .data = g_byte_array_new() };
    server->authority =
        test_identity_new(&(TestPkiSpec){ .name = "authority", .authority = true }, NULL);
    server->identity =
        test_identity_new(&(TestPkiSpec){ .name = name, .dns = name }, server->authority);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(server->listener, (struct sockaddr *)&address, length), ==, 0);
    g_assert_cmpint(listen(server->listener, 4), ==, 0);
    g_assert_cmpint(getsockname(server->listener, (struct sockaddr *)&address, &length), ==, 0);
    g_assert_true(inet_address_parse("127.0.0.1", &server->endpoint.address));
    server->endpoint.port = ntohs(address.sin_port);
    server->accepting = g_unix_fd_add(server->listener, G_IO_IN, server_accept, server);
}

static void
server_stop(Server *server)
{
    server_hang_up(server);
    g_source_remove(server->accepting);
    close(server->listener);
    g_byte_array_unref(server->data);
    test_identity_free(server->identity);
    test_identity_free(server->authority);
}

/* ---- the client ---- */

static TlsUpstream *
upstream_for(const Server *server, TlsServer *first, TlsServer *second)
{
    g_autoptr(GPtrArray) servers = g_ptr_array_new_with_free_func((GDestroyNotify)tls_server_free);
    g_autoptr(GArray) sources = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_autoptr(TrustStore) trust = test_identity_trust(server->authority);
    g_array_append_val(sources, server->endpoint.address);
    g_ptr_array_add(servers, first);
    if (second != NULL)
        g_ptr_array_add(servers, second);
    return tls_upstream_new(servers, sources, trust);
}

typedef struct {
    unsigned *left;
    guint16 id;
    bool answered; /* with a message, and with this ID */
} Seen;

static void
answered(const Answer *answer, gpointer data)
{
    Seen *seen = data;
    (*seen->left)--;
    g_assert_false(answer->secure);
    seen->answered = answer->packet != NULL;
    if (answer->packet != NULL)
        g_assert_cmpuint((guint)answer->packet[0] << 8 | answer->packet[1], ==, seen->id);
}

/* How many of n questions, asked at once, are answered. */
static unsigned
ask(TlsUpstream *upstream, unsigned n)
{
    g_autofree Seen *seen = g_new0(Seen, n);
    Asker asker = tls_upstream_asker(upstream);
    unsigned left = n, good = 0;
    for (unsigned i = 0; i < n; i++) {
        g_autoptr(GByteArray) query = query_new((guint16)(i + 1), "host.example", 1, true);
        seen[i] = (Seen){ &left, (guint16)(i + 1), false };
        g_assert_true(asker.ask(asker.asker, NULL, query->data, query->len, answered, &seen[i]));
    }
    while (left > 0)
        g_main_context_iteration(NULL, TRUE);
    for (unsigned i = 0; i < n; i++)
        good += seen[i].answered;
    return good;
}

static void
test_answers(void)
{
    Server server;
    server_start(&server, "dns.example");
    g_autoptr(TlsUpstream) upstream =
        upstream_for(&server, tls_server_new(&server.endpoint, "dns.example"), NULL);
    g_assert_cmpuint(ask(upstream, 1), ==, 1);
    g_assert_cmpuint(ask(upstream, 200), ==, 200);
    /* On one stream, in any order. */
    g_assert_cmpuint(server.streams, ==, 1);
    g_assert_cmpuint(server.questions, ==, 201);
    server_stop(&server);
}

static void
test_another_name(void)
{
    Server server;
    server_start(&server, "other.example");
    g_autoptr(TlsUpstream) upstream =
        upstream_for(&server, tls_server_new(&server.endpoint, "dns.example"), NULL);
    g_test_expect_message(NULL, G_LOG_LEVEL_MESSAGE, "dns.example: *");
    g_assert_cmpuint(ask(upstream, 2), ==, 0);
    g_test_assert_expected_messages();
    g_assert_cmpuint(server.questions, ==, 0);
    server_stop(&server);
}

static TlsServer *
with_digest(const Server *server, bool right)
{
    TlsServer *out = tls_server_new(&server->endpoint, "dns.example");
    g_autoptr(GBytes) key = certificate_public_key_der(test_identity_certificate(server->identity));
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA384);
    guint8 value[48];
    gsize length = sizeof value;
    g_checksum_update(checksum, g_bytes_get_data(key, NULL), (gssize)g_bytes_get_size(key));
    g_checksum_get_digest(checksum, value, &length);
    TlsDigest wrong = { 2, g_bytes_new(value, 32) }, digest = { 3, g_bytes_new(value, 48) };
    g_array_append_val(out->digests, wrong);
    if (right)
        g_array_append_val(out->digests, digest);
    else
        g_bytes_unref(digest.digest);
    return out;
}

static void
test_digest(void)
{
    Server server;
    server_start(&server, "dns.example");
    g_autoptr(TlsUpstream) right = upstream_for(&server, with_digest(&server, true), NULL);
    g_assert_cmpuint(ask(right, 2), ==, 2);
    g_autoptr(TlsUpstream) wrong = upstream_for(&server, with_digest(&server, false), NULL);
    g_test_expect_message(NULL, G_LOG_LEVEL_MESSAGE, "dns.example: its key is not*");
    g_assert_cmpuint(ask(wrong, 2), ==, 0);
    g_test_assert_expected_messages();
    g_assert_cmpuint(server.questions, ==, 2);
    server_stop(&server);
}

static void
test_next_server(void)
{
    Server server;
    InetEndpoint nobody;
    server_start(&server, "dns.example");
    nobody = server.endpoint;
    nobody.port = 1;
    g_autoptr(TlsUpstream) upstream =
        upstream_for(&server, tls_server_new(&nobody, "first.example"),
                     tls_server_new(&server.endpoint, "dns.example"));
    g_test_expect_message(NULL, G_LOG_LEVEL_MESSAGE, "first.example: *");
    g_assert_cmpuint(ask(upstream, 3), ==, 3);
    g_test_assert_expected_messages();
    /* And stays there. */
    g_assert_cmpuint(ask(upstream, 1), ==, 1);
    server_stop(&server);
}

/* A server that ends streams as it likes is asked on another one. */
static void
test_stream_ends(void)
{
    Server server;
    server_start(&server, "dns.example");
    g_autoptr(TlsUpstream) upstream =
        upstream_for(&server, tls_server_new(&server.endpoint, "dns.example"), NULL);
    for (unsigned i = 1; i <= 3; i++) {
        server.end_after_answer = true;
        g_assert_cmpuint(ask(upstream, 1), ==, 1);
        g_assert_cmpuint(server.streams, ==, i);
        /* The end is noticed before the next question. */
        while (g_main_context_pending(NULL))
            g_main_context_iteration(NULL, FALSE);
    }
    server_stop(&server);
}

/* One that has answered may end the stream when a question is on its way: that is asked again. */
static void
test_stream_ends_with_a_question(void)
{
    Server server;
    server_start(&server, "dns.example");
    g_autoptr(TlsUpstream) upstream =
        upstream_for(&server, tls_server_new(&server.endpoint, "dns.example"), NULL);
    g_assert_cmpuint(ask(upstream, 1), ==, 1);
    server.refuses = 1;
    g_assert_cmpuint(ask(upstream, 1), ==, 1);
    g_assert_cmpuint(server.streams, ==, 2);
    server_stop(&server);
}

/* One that ends every stream in order, and never answers, is left for the next, once each. */
static void
test_goodbye(void)
{
    Server server;
    server_start(&server, "dns.example");
    server.says_goodbye = true;
    g_autoptr(TlsUpstream) upstream =
        upstream_for(&server, tls_server_new(&server.endpoint, "dns.example"),
                     tls_server_new(&server.endpoint, "dns.example"));
    g_test_expect_message(NULL, G_LOG_LEVEL_MESSAGE, "dns.example: it ended the stream");
    g_assert_cmpuint(ask(upstream, 1), ==, 0);
    g_test_assert_expected_messages();
    g_assert_cmpuint(server.streams, ==, 2);
    server_stop(&server);
}

static void
not_counted(const Answer *answer, gpointer data)
{
}

/* What a server does not read does not pile up. */
static void
test_deaf(void)
{
    Server server;
    server_start(&server, "dns.example");
    server.deaf = true;
    TlsUpstream *upstream =
        upstream_for(&server, tls_server_new(&server.endpoint, "dns.example"), NULL);
    Asker asker = tls_upstream_asker(upstream);
    g_autofree guint8 *large = g_malloc0(60000);
    unsigned taken = 0;
    g_assert_cmpuint(ask(upstream, 1), ==, 1);
    while (taken < 512 && asker.ask(asker.asker, NULL, large, 60000, not_counted, NULL))
        taken++;
    g_assert_cmpuint(taken, >, 4);
    g_assert_cmpuint(taken, <, 512);
    tls_upstream_free(upstream);
    server_stop(&server);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stub/tls-upstream/answers", test_answers);
    g_test_add_func("/stub/tls-upstream/another-name", test_another_name);
    g_test_add_func("/stub/tls-upstream/digest", test_digest);
    g_test_add_func("/stub/tls-upstream/next-server", test_next_server);
    g_test_add_func("/stub/tls-upstream/stream-ends", test_stream_ends);
    g_test_add_func("/stub/tls-upstream/stream-ends-with-a-question",
                    test_stream_ends_with_a_question);
    g_test_add_func("/stub/tls-upstream/goodbye", test_goodbye);
    g_test_add_func("/stub/tls-upstream/what-is-not-read", test_deaf);
    return g_test_run();
}
