/* What a relay does around the frames: TLS, balancers in front, gateways behind, its limits, its
 * end. */
#include "bench.h"

#include "crypto/tls-stream.h"
#include "encap/tcp-encap.h"
#include "loopback.h"
#include "test-pki.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME     "relay.example.com"
#define MAX_READ 65536

/* ---- TLS ---- */

typedef struct {
    TestIdentity *authority, *first, *second;
    TrustStore *trust;
    char *directory, *certificate, *key;
} Pki;

static void
write_identity(const Pki *pki, const TestIdentity *identity)
{
    g_assert_true(g_file_set_contents(pki->key, test_identity_key_pem(identity), -1, NULL));
    g_assert_true(
        g_file_set_contents(pki->certificate, test_identity_certificate_pem(identity), -1, NULL));
}

static void
pki_set_up(Pki *pki, gconstpointer data)
{
    pki->authority = test_identity_new(&(TestPkiSpec){ .name = "CA", .authority = true }, NULL);
    pki->first = test_identity_new(&(TestPkiSpec){ .name = "1", .dns = NAME }, pki->authority);
    pki->second =
        test_identity_new(&(TestPkiSpec){ .name = "2", .dns = "new." NAME }, pki->authority);
    pki->trust = test_identity_trust(pki->authority);
    pki->directory = g_dir_make_tmp("relay-XXXXXX", NULL);
    pki->certificate = g_build_filename(pki->directory, "certificate", NULL);
    pki->key = g_build_filename(pki->directory, "key", NULL);
    write_identity(pki, pki->first);
}

static void
pki_tear_down(Pki *pki, gconstpointer data)
{
    g_unlink(pki->certificate);
    g_unlink(pki->key);
    g_rmdir(pki->directory);
    g_free(pki->certificate);
    g_free(pki->key);
    g_free(pki->directory);
    trust_store_unref(pki->trust);
    test_identity_free(pki->second);
    test_identity_free(pki->first);
    test_identity_free(pki->authority);
}

static void
write_output(int fd, TlsStream *tls)
{
    g_autoptr(GBytes) out = tls_stream_take_output(tls);
    if (g_bytes_get_size(out) > 0)
        loopback_write(fd, g_bytes_get_data(out, NULL), g_bytes_get_size(out));
}

static void
feed_once(int fd, TlsStream *tls)
{
    g_autofree uint8_t *octets = g_malloc(MAX_READ);
    loopback_wait(fd, POLLIN);
    ssize_t n = recv(fd, octets, MAX_READ, 0);
    g_assert_cmpint(n, >, 0);
    tls_stream_feed(tls, octets, (size_t)n);
    write_output(fd, tls);
}

static TlsStreamState
shake_hands(int fd, const Pki *pki, const char *name, TlsStream **out)
{
    TlsStreamConfig config = { pki->trust, name, true, TEST_PKI_NOW, NULL };
    TlsStream *tls = tls_stream_new(&config, NULL);
    tls_stream_feed(tls, NULL, 0);
    write_output(fd, tls);
    while (tls_stream_state(tls) == TLS_STREAM_HANDSHAKE)
        feed_once(fd, tls);
    *out = tls;
    return tls_stream_state(tls);
}

static RelayOptions
with_tls(const Pki *pki)
{
    RelayOptions options = bench_usual;
    options.certificate = pki->certificate;
    options.key = pki->key;
    return options;
}

static void
test_tls(Pki *pki, gconstpointer data)
{
    Bench bench = bench_new_for(with_tls(pki), RELAY_LISTEN_TLS);
    g_autoptr(TlsStream) tls = NULL;
    int client = client_new(&bench);
    g_assert_cmpint(shake_hands(client, pki, NAME, &tls), ==, TLS_STREAM_OPEN);
    uint8_t frame[34], got[64];
    struct sockaddr_in from;
    tls_stream_write(tls, TCP_ENCAP_PREFIX, TCP_ENCAP_PREFIX_LENGTH);
    tls_stream_write(tls, frame, ike_frame(frame, 7));
    write_output(client, tls);
    size_t n = gateway_reads(&bench, got, sizeof got, &from);
    g_assert_cmpmem(got, n, frame + 2, 32);
    g_assert_cmpint(sendto(bench.gateway, got, n, 0, (struct sockaddr *)&from, sizeof from), ==, n);
    g_autoptr(GBytes) answer = NULL;
    while ((answer = tls_stream_take_data(tls)) == NULL)
        feed_once(client, tls);
    g_assert_cmpmem(g_bytes_get_data(answer, NULL), g_bytes_get_size(answer), frame, 34);
    /* In the clear, it is none of TLS; and garbage inside TLS is none of IKETCP. */
    int clear = client_new(&bench);
    say_hello(clear, 1);
    check_closed(clear);
    tls_stream_write(tls, "\0\1", 2);
    write_output(client, tls);
    check_closed(client);
    RelayStatistics s = bench_end(&bench);
    g_assert_cmpuint(s.tls_accepted, ==, 1);
    g_assert_cmpuint(s.tls_failed, ==, 1);
    g_assert_cmpuint(s.broken, ==, 1);
}

/* A certificate that was renewed is shown to who comes next; half a renewal changes nothing. */
static void
test_certificate_renewed(Pki *pki, gconstpointer data)
{
    Bench bench = bench_new_for(with_tls(pki), RELAY_LISTEN_TLS);
    g_autoptr(TlsStream) before = NULL, half = NULL, after = NULL;
    int clients[] = { client_new(&bench), -1, -1 };
    g_assert_cmpint(shake_hands(clients[0], pki, NAME, &before), ==, TLS_STREAM_OPEN);
    g_assert_true(g_file_set_contents(pki->certificate, test_identity_certificate_pem(pki->second),
                                      -1, NULL));
    g_assert_cmpint(kill(bench.pid, SIGHUP), ==, 0);
    clients[1] = client_new(&bench);
    g_assert_cmpint(shake_hands(clients[1], pki, NAME, &half), ==, TLS_STREAM_OPEN);
    write_identity(pki, pki->second);
    g_assert_cmpint(kill(bench.pid, SIGHUP), ==, 0);
    /* The signal and the connection may be taken in either order. */
    TlsStreamState state = TLS_STREAM_FAILED;
    for (unsigned i = 0; i < 100 && state != TLS_STREAM_OPEN; i++) {
        g_clear_pointer(&after, tls_stream_free);
        if (clients[2] >= 0)
            close(clients[2]);
        clients[2] = client_new(&bench);
        state = shake_hands(clients[2], pki, "new." NAME, &after);
    }
    g_assert_cmpint(state, ==, TLS_STREAM_OPEN);
    g_assert_cmpuint(bench_end(&bench).tls_accepted, >=, 3);
    for (unsigned i = 0; i < G_N_ELEMENTS(clients); i++)
        close(clients[i]);
}

static void
test_wrong_key(Pki *pki, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    RelayOptions options = with_tls(pki);
    options.gateways[options.n_gateways++] = (InetEndpoint){ { INET_V4, { 127, 0, 0, 1 } }, 4500 };
    g_assert_true(g_file_set_contents(pki->key, test_identity_key_pem(pki->second), -1, NULL));
    g_assert_null(relay_new(&options, &error));
    g_assert_nonnull(strstr(error->message, pki->certificate));
}

/* ---- balancers ---- */

#define HEADER_LENGTH 28

static void
write_header(int client, uint8_t last)
{
    uint8_t header[HEADER_LENGTH] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\0\xc0\0\2\xfe";
    header[19] = last;
    loopback_write(client, header, sizeof header);
}

static RelayOptions
behind_balancer(void)
{
    RelayOptions options = bench_usual;
    g_assert_true(inet_prefix_parse("127.0.0.0/8", &options.proxies[0], NULL));
    options.n_proxies = 1;
    return options;
}

static void
test_proxy_header(void)
{
    RelayOptions options = behind_balancer();
    options.max_per_client = 1;
    Bench bench = bench_new(options);
    int one = client_new(&bench), two = client_new(&bench), again = client_new(&bench);
    int without = client_new(&bench), octets = client_new(&bench);
    write_header(one, 1);
    say_hello(one, 1);
    gateway_hears(&bench, 1);
    write_header(two, 2);
    say_hello(two, 2);
    gateway_hears(&bench, 2);
    write_header(again, 1);
    check_closed(again);
    say_hello(without, 3);
    check_closed(without);
    static const uint8_t local[] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    for (size_t i = 0; i < sizeof local - 1; i++)
        loopback_write(octets, local + i, 1);
    say_hello(octets, 4);
    gateway_hears(&bench, 4);
    RelayStatistics s = bench_end(&bench);
    g_assert_cmpuint(s.refused, ==, 1);
    g_assert_cmpuint(s.broken, ==, 1);
    close(one);
    close(two);
    close(octets);
}

/* ---- gateways ---- */

static void
test_several_gateways(void)
{
    enum { GATEWAYS = 3, STREAMS = 24 };
    RelayOptions options = bench_usual;
    struct pollfd gateways[GATEWAYS];
    unsigned heard[GATEWAYS] = { 0 };
    for (; options.n_gateways < GATEWAYS; options.n_gateways++)
        gateways[options.n_gateways] =
            (struct pollfd){ bound(SOCK_DGRAM, &options.gateways[options.n_gateways]), POLLIN, 0 };
    Bench bench = bench_new(options);
    for (uint8_t i = 0; i < STREAMS; i++) {
        int chosen[2];
        for (unsigned again = 0; again < 2; again++) {
            uint8_t got[64];
            int client = client_new(&bench);
            /* ESP before it is known whose it is goes nowhere. */
            loopback_write(client,
                           TCP_ENCAP_PREFIX "\0\14"
                                            "ESPESPESPE",
                           6 + 12);
            uint8_t frame[34];
            loopback_write(client, frame, ike_frame(frame, (uint8_t)(i + 1)));
            g_assert_cmpint(poll(gateways, GATEWAYS, 30000), ==, 1);
            chosen[again] = -1;
            for (int g = 0; g < GATEWAYS; g++)
                if ((gateways[g].revents & POLLIN) != 0)
                    chosen[again] = g;
            g_assert_cmpint(recv(gateways[chosen[again]].fd, got, sizeof got, 0), ==, 32);
            close(client);
        }
        g_assert_cmpint(chosen[0], ==, chosen[1]);
        heard[chosen[0]]++;
    }
    for (unsigned g = 0; g < GATEWAYS; g++) {
        g_assert_cmpuint(heard[g], >, 0);
        close(gateways[g].fd);
    }
    g_assert_cmpuint(bench_end(&bench).packets_in, ==, 2 * STREAMS);
}

static void
test_source_pool(void)
{
    RelayOptions options = bench_usual;
    g_assert_true(inet_prefix_parse("127.99.0.0/16", &options.source4, NULL));
    Bench bench = bench_new(options);
    struct sockaddr_in first, second;
    uint8_t got[64];
    int clients[] = { client_new(&bench), client_new(&bench) };
    say_hello(clients[0], 1);
    gateway_reads(&bench, got, sizeof got, &first);
    say_hello(clients[1], 2);
    gateway_reads(&bench, got, sizeof got, &second);
    g_assert_cmphex(ntohl(first.sin_addr.s_addr) >> 16, ==, 127 << 8 | 99);
    /* One client, one address; its streams differ by their ports. */
    g_assert_cmphex(first.sin_addr.s_addr, ==, second.sin_addr.s_addr);
    g_assert_cmpuint(first.sin_port, !=, second.sin_port);
    bench_end(&bench);
    close(clients[0]);
    close(clients[1]);
}

/* ---- limits ---- */

/* Who sends half of long frames is refused in time to leave room for who sends short ones. */
static void
test_memory(void)
{
    enum { GREEDY = 60, HALF = 60000 };
    RelayOptions options = bench_usual;
    options.max_memory = RELAY_MIN_MEMORY;
    Bench bench = bench_new(options);
    int greedy[GREEDY], good = client_new(&bench);
    g_autofree uint8_t *half = g_malloc0(HALF);
    memcpy(half, TCP_ENCAP_PREFIX "\xff\xff", 8);
    say_hello(good, 1);
    gateway_hears(&bench, 1);
    for (unsigned i = 0; i < GREEDY; i++) {
        greedy[i] = client_new(&bench);
        send(greedy[i], half, HALF, MSG_NOSIGNAL);
        uint8_t frame[34];
        loopback_write(good, frame, 3); /* half of one too */
        loopback_write(good, frame + 3, ike_frame(frame, (uint8_t)i) - 3);
    }
    for (unsigned i = 0; i < GREEDY; i++)
        check_closed(greedy[i]);
    RelayStatistics s = bench_end(&bench);
    g_test_message("kept %" G_GUINT64_FORMAT " at most", s.most_kept_in_all);
    g_assert_cmpuint(s.refused, ==, GREEDY);
    g_assert_cmpuint(s.most_kept_in_all, <=, RELAY_MIN_MEMORY);
    g_assert_cmpuint(s.connections, ==, 1);
    close(good);
}

/* ---- the end ---- */

static void
test_drain(void)
{
    enum { MANY = 10 };
    RelayOptions options = bench_usual;
    options.drain_time = 300 * DURATION_MILLISECOND;
    options.metrics_file = g_build_filename(g_get_tmp_dir(), "relay-metrics-XXXXXX", NULL);
    close(g_mkstemp((char *)options.metrics_file));
    Bench bench = bench_new(options);
    int clients[MANY];
    for (uint8_t i = 0; i < MANY; i++) {
        clients[i] = client_new(&bench);
        say_hello(clients[i], i);
        gateway_hears(&bench, i);
    }
    RelayStatistics s = bench_end(&bench);
    g_assert_cmpuint(s.drained, ==, MANY);
    g_assert_cmpuint(s.connections, ==, 0);
    for (unsigned i = 0; i < MANY; i++)
        check_closed(clients[i]);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(options.metrics_file, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "\nginnel_relay_drained_total 10\n"));
    g_assert_nonnull(strstr(text, "\nginnel_relay_packets_in_total 10\n"));
    g_unlink(options.metrics_file);
    g_free((char *)options.metrics_file);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/relay/stream/tls", Pki, NULL, pki_set_up, test_tls, pki_tear_down);
    g_test_add("/relay/stream/certificate-renewed", Pki, NULL, pki_set_up, test_certificate_renewed,
               pki_tear_down);
    g_test_add("/relay/stream/wrong-key", Pki, NULL, pki_set_up, test_wrong_key, pki_tear_down);
    g_test_add_func("/relay/stream/proxy-header", test_proxy_header);
    g_test_add_func("/relay/stream/several-gateways", test_several_gateways);
    g_test_add_func("/relay/stream/source-pool", test_source_pool);
    g_test_add_func("/relay/stream/memory", test_memory);
    g_test_add_func("/relay/stream/drain", test_drain);
    return g_test_run();
}
