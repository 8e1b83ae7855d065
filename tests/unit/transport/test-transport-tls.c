/* IKE and ESP on a stream inside TLS (RFC 9329, appendix A): opening, order, both threads at once.
 */
#include "config.h"

#include "loopback.h"

#include "crypto/tls-stream.h"
#include "tls-server.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME        "vpn.example.com"
#define LONG_PACKET 1400

typedef struct {
    TestIdentity *authority, *gateway;
    TrustStore *trust;
} Bed;

typedef struct {
    Transport *transport;
    int peer;
    TestTlsServer *server;
    TcpDeframer deframer; /* of the peer */
} Pair;

static void
set_up(Bed *bed, gconstpointer data)
{
    bed->authority =
        test_identity_new(&(TestPkiSpec){ .name = "Test CA", .authority = true }, NULL);
    bed->gateway =
        test_identity_new(&(TestPkiSpec){ .name = "gateway", .dns = NAME }, bed->authority);
    bed->trust = test_identity_trust(bed->authority);
}

static void
tear_down(Bed *bed, gconstpointer data)
{
    trust_store_unref(bed->trust);
    test_identity_free(bed->gateway);
    test_identity_free(bed->authority);
}

static Pair
pair_new(const Bed *bed, const char *name, const char *priority, const Secret *resume)
{
    int fds[2];
    g_autoptr(GError) error = NULL;
    TransportTlsConfig config = { bed->trust, name, TEST_PKI_NOW, resume };
    loopback_tcp_pair(fds);
    Pair pair = { .transport = transport_tls_new(fds[0], &config, &error), .peer = fds[1] };
    g_assert_no_error(error);
    pair.server = test_tls_server_new(bed->gateway, priority, NULL);
    test_tls_server_give_tickets(pair.server);
    tcp_deframer_init(&pair.deframer, true);
    return pair;
}

static void
pair_clear(Pair *pair)
{
    transport_unref(pair->transport);
    test_tls_server_free(pair->server);
    tcp_deframer_clear(&pair->deframer);
    close(pair->peer);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pair, pair_clear)

static void
peer_say(Pair *pair, GBytes *records /* taken */)
{
    gsize length;
    const void *octets = g_bytes_get_data(records, &length);
    loopback_write(pair->peer, octets, length);
    g_bytes_unref(records);
}

/* What has come, to the server and its deframer. False where nothing has. */
static bool
peer_take(Pair *pair)
{
    uint8_t chunk[4096];
    ssize_t n = recv(pair->peer, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n <= 0)
        return false;
    g_autoptr(GBytes) octets = g_bytes_new(chunk, (gsize)n);
    peer_say(pair, test_tls_server_feed(pair->server, octets));
    g_autoptr(GBytes) plain = test_tls_server_take_data(pair->server);
    size_t space;
    uint8_t *into = tcp_deframer_space(&pair->deframer, &space);
    if (plain == NULL)
        return true;
    g_assert_cmpuint(g_bytes_get_size(plain), <=, space);
    memcpy(into, g_bytes_get_data(plain, NULL), g_bytes_get_size(plain));
    tcp_deframer_added(&pair->deframer, g_bytes_get_size(plain));
    return true;
}

/* 0 when it is open, or what it ended with. */
static int
open_pair(Pair *pair)
{
    int rc = 0;
    while (rc == 0 && transport_opening(pair->transport) != 0) {
        rc = transport_open(pair->transport);
        peer_take(pair);
    }
    return rc;
}

static EncapKind
peer_next(Pair *pair, uint8_t **packet, size_t *length)
{
    EncapKind kind;
    TcpFrame frame;
    while ((frame = tcp_deframer_next(&pair->deframer, packet, length, &kind)) == TCP_FRAME_NONE) {
        if (transport_wants_write(pair->transport))
            g_assert_cmpint(transport_flush(pair->transport), ==, 0);
        loopback_wait(pair->peer, POLLIN);
        peer_take(pair);
    }
    g_assert_cmpint(frame, ==, TCP_FRAME_PACKET);
    return kind;
}

static void
send_numbered(Transport *transport, uint32_t number)
{
    uint8_t memory[TRANSPORT_HEADROOM + LONG_PACKET];
    TransportPacket packet = { memory + TRANSPORT_HEADROOM, LONG_PACKET, ENCAP_ESP };
    size_t dropped;
    memset(memory, 0x5a, sizeof memory);
    memcpy(packet.data + 4, &number, sizeof number);
    g_assert_cmpint(transport_send_esp(transport, &packet, 1, &dropped), ==, 0);
    g_assert_cmpuint(dropped, ==, 0);
}

/* The next packets, in their order. */
static size_t
receive(Pair *pair, TransportPacket packets[TRANSPORT_BATCH])
{
    size_t n = 0;
    while (n == 0) {
        loopback_wait(transport_fd(pair->transport), POLLIN);
        g_assert_cmpint(transport_receive(pair->transport, packets, &n), ==, 0);
    }
    return n;
}

static void
test_both_ways(Bed *bed, gconstpointer priority)
{
    static const uint8_t message[28] = { 9 };
    static const uint8_t answer[2 + 4 + 28] = { 0, 34, 0, 0, 0, 0, 7 };
    TransportPacket packets[TRANSPORT_BATCH];
    uint8_t *packet;
    size_t length;
    g_auto(Pair) pair = pair_new(bed, NAME, priority, NULL);
    /* Sent before it is open: it leaves when it is. */
    g_assert_cmpint(transport_send_ike(pair.transport, message, sizeof message), ==, 0);
    g_assert_cmpint(transport_opening(pair.transport), !=, 0);
    g_assert_false(transport_has_room(pair.transport));
    g_assert_cmpint(open_pair(&pair), ==, 0);
    g_assert_true(transport_has_room(pair.transport));
    g_assert_cmpint(peer_next(&pair, &packet, &length), ==, ENCAP_IKE);
    g_assert_cmpmem(packet, length, message, sizeof message);
    peer_say(&pair, test_tls_server_write(pair.server, answer, sizeof answer));
    g_assert_cmpuint(receive(&pair, packets), ==, 1);
    g_assert_cmpint(packets[0].kind, ==, ENCAP_IKE);
    g_assert_cmpmem(packets[0].data, packets[0].length, answer + 6, 28);
    g_assert_false(transport_was_resumed(pair.transport));
}

/* Sixty-four KiB wait; IKE is behind the record that is under way, and before the rest. */
static void
test_ike_overtakes(Bed *bed, gconstpointer data)
{
    static const uint8_t message[28] = { 9 };
    g_auto(Pair) pair = pair_new(bed, NAME, TEST_TLS_13, NULL);
    uint8_t *packet;
    size_t length;
    uint32_t n = 0, before = 0;
    g_assert_cmpint(open_pair(&pair), ==, 0);
    while (!transport_wants_write(pair.transport))
        send_numbered(pair.transport, n++);
    g_assert_false(transport_has_room(pair.transport));
    for (unsigned i = 0; i < 46; i++)
        send_numbered(pair.transport, n++);
    g_assert_cmpint(transport_send_ike(pair.transport, message, sizeof message), ==, 0);
    for (uint32_t i = 0; i <= n; i++) {
        if (peer_next(&pair, &packet, &length) == ENCAP_IKE) {
            g_assert_cmpmem(packet, length, message, sizeof message);
            before = i;
            continue;
        }
        uint32_t number = before == 0 ? i : i - 1;
        g_assert_cmpuint(length, ==, LONG_PACKET);
        g_assert_cmpmem(packet + 4, 4, &number, 4);
    }
    g_assert_cmpuint(before, >, 0);
    g_assert_cmpuint(before, <=, n - 30);
    g_assert_false(transport_wants_write(pair.transport));
}

static void
check_refused(const Bed *bed, const char *name, const char *words)
{
    g_auto(Pair) pair = pair_new(bed, name, TEST_TLS_13, NULL);
    g_assert_cmpint(open_pair(&pair), ==, EPROTO);
    g_test_message("%s", transport_why(pair.transport));
    g_assert_nonnull(strstr(transport_why(pair.transport), words));
    g_assert_true(transport_is_dead(pair.transport));
    g_assert_false(transport_wants_write(pair.transport));
}

static void
test_wrong_name(Bed *bed, gconstpointer data)
{
    check_refused(bed, "other.example.com", "is for " NAME ", not for other.example.com");
    check_refused(bed, "192.0.2.1", "not for 192.0.2.1");
}

static void
test_wrong_authority(Bed *bed, gconstpointer data)
{
    g_autoptr(TestIdentity) other =
        test_identity_new(&(TestPkiSpec){ .name = "Other CA", .authority = true }, NULL);
    g_clear_pointer(&bed->trust, trust_store_unref);
    bed->trust = test_identity_trust(other);
    check_refused(bed, NAME, "Test CA");
}

/* A wildcard stands for one label, an iPAddress for the address. */
static void
test_names_of_servers(Bed *bed, gconstpointer data)
{
    static const struct {
        const char *dns, *addresses, *name;
        bool matches;
    } rows[] = {
        { "*.example.com", NULL, "VPN.example.com", true },
        { "*.example.com", NULL, "a.vpn.example.com", false },
        { "*.example.com", NULL, "example.com", false },
        { "*.com", NULL, "example.com", false },
        { "v*.example.com", NULL, "vpn.example.com", false },
        { NULL, "192.0.2.1 2001:db8::1", "192.0.2.1", true },
        { NULL, "192.0.2.1 2001:db8::1", "2001:db8::1", true },
        { NULL, "192.0.2.1", "192.0.2.2", false },
        { "192.0.2.1", NULL, "192.0.2.1", false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(TestIdentity) identity = test_identity_new(
            &(TestPkiSpec){
                .name = "vpn.example.com", .dns = rows[i].dns, .addresses = rows[i].addresses },
            bed->authority);
        g_assert_true(certificate_matches_host(test_identity_certificate(identity), rows[i].name) ==
                      rows[i].matches);
    }
}

/* The server answers as a web server does that was spoken to in TLS on its plain port. */
static void
test_not_tls(Bed *bed, gconstpointer data)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    g_auto(Pair) pair = pair_new(bed, NAME, TEST_TLS_13, NULL);
    g_assert_cmpint(transport_open(pair.transport), ==, 0);
    loopback_write(pair.peer, answer, sizeof answer - 1);
    loopback_wait(transport_fd(pair.transport), POLLIN);
    g_assert_cmpint(transport_open(pair.transport), ==, EPROTO);
    g_assert_nonnull(transport_why(pair.transport));
}

static Secret *
session_of_one(const Bed *bed, const char *priority)
{
    static const uint8_t frame[10] = { 0, 10, 1, 2, 3, 4, 0, 0, 0, 1 };
    TransportPacket packets[TRANSPORT_BATCH];
    g_auto(Pair) pair = pair_new(bed, NAME, priority, NULL);
    g_assert_cmpint(open_pair(&pair), ==, 0);
    peer_say(&pair, test_tls_server_write(pair.server, frame, sizeof frame));
    g_assert_cmpuint(receive(&pair, packets), ==, 1); /* and with it, the ticket */
    Secret *session = transport_take_session(pair.transport);
    g_assert_nonnull(session);
    g_assert_null(transport_take_session(pair.transport));
    return session;
}

/* Both versions; a server that knows nothing of it shakes hands as if there were nothing. */
static void
test_resumed(Bed *bed, gconstpointer priority)
{
    g_autoptr(Secret) session = session_of_one(bed, priority);
    g_auto(Pair) pair = pair_new(bed, NAME, priority, session);
    g_assert_cmpint(open_pair(&pair), ==, 0);
    g_assert_true(transport_was_resumed(pair.transport));
    g_assert_true(test_tls_server_resumed(pair.server));
    g_autoptr(Secret) nonsense = secret_new("nonsense", 8);
    g_auto(Pair) other = pair_new(bed, NAME, priority, nonsense);
    g_assert_cmpint(open_pair(&other), ==, 0);
    g_assert_false(transport_was_resumed(other.transport));
}

static void
test_peer_says_goodbye(Bed *bed, gconstpointer data)
{
    static const uint8_t frame[10] = { 0, 10, 1, 2, 3, 4, 0, 0, 0, 1 };
    TransportPacket packets[TRANSPORT_BATCH];
    size_t n = 0, seen = 0;
    int rc = 0;
    g_auto(Pair) pair = pair_new(bed, NAME, TEST_TLS_13, NULL);
    g_assert_cmpint(open_pair(&pair), ==, 0);
    peer_say(&pair, test_tls_server_write(pair.server, frame, sizeof frame));
    peer_say(&pair, test_tls_server_close(pair.server));
    while (rc == 0) {
        loopback_wait(transport_fd(pair.transport), POLLIN);
        rc = transport_receive(pair.transport, packets, &n);
        seen += n;
    }
    g_assert_cmpint(rc, ==, ECONNRESET);
    g_assert_cmpuint(seen, ==, 1);
    g_assert_true(transport_is_dead(pair.transport));
}

/* One octet of a record is altered on the way: nothing of it counts, and it is the end. */
static void
test_altered_record(Bed *bed, gconstpointer data)
{
    static const uint8_t frame[10] = { 0, 10, 1, 2, 3, 4, 0, 0, 0, 1 };
    TransportPacket packets[TRANSPORT_BATCH];
    size_t n;
    int rc = 0;
    g_auto(Pair) pair = pair_new(bed, NAME, TEST_TLS_13, NULL);
    g_assert_cmpint(open_pair(&pair), ==, 0);
    g_autoptr(GBytes) record = test_tls_server_write(pair.server, frame, sizeof frame);
    g_autofree uint8_t *octets =
        g_memdup2(g_bytes_get_data(record, NULL), g_bytes_get_size(record));
    octets[7] ^= 1;
    loopback_write(pair.peer, octets, g_bytes_get_size(record));
    while (rc == 0) {
        loopback_wait(transport_fd(pair.transport), POLLIN);
        rc = transport_receive(pair.transport, packets, &n);
        g_assert_cmpuint(n, ==, 0);
    }
    g_assert_cmpint(rc, ==, EPROTO);
}

/* RFC 9329, section 3, holds inside TLS, too. */
static void
test_broken_framing(Bed *bed, gconstpointer data)
{
    static const uint8_t frames[12] = { 0, 10, 1, 2, 3, 4, 0, 0, 0, 1, 0, 1 };
    TransportPacket packets[TRANSPORT_BATCH];
    size_t n = 0;
    int rc = 0;
    g_auto(Pair) pair = pair_new(bed, NAME, TEST_TLS_13, NULL);
    g_assert_cmpint(open_pair(&pair), ==, 0);
    peer_say(&pair, test_tls_server_write(pair.server, frames, sizeof frames));
    while (rc == 0) {
        loopback_wait(transport_fd(pair.transport), POLLIN);
        rc = transport_receive(pair.transport, packets, &n);
    }
    g_assert_cmpint(rc, ==, EPROTO);
    g_assert_cmpuint(n, ==, 1);
}

#define LONGEST    65535
#define SHORT      40
#define SHORT_ONES 1636
#define ROUNDS     4

static void
say_at_once(Pair *pair, const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i += TLS_STREAM_MAX_RECORD)
        peer_say(pair, test_tls_server_write(pair->server, octets + i,
                                             MIN(TLS_STREAM_MAX_RECORD, length - i)));
}

/* The longest message that a frame holds, behind so many short ones that it begins late in our
 * buffer. */
static void
test_longest_frames(Bed *bed, gconstpointer data)
{
    const size_t length = SHORT_ONES * SHORT + LONGEST;
    g_autofree uint8_t *stream = g_malloc0(length);
    TransportPacket packets[TRANSPORT_BATCH];
    g_auto(Pair) pair = pair_new(bed, NAME, TEST_TLS_13, NULL);
    g_assert_cmpint(open_pair(&pair), ==, 0);
    for (size_t i = 0; i < SHORT_ONES; i++)
        stream[i * SHORT + 1] = SHORT;
    memset(stream + SHORT_ONES * SHORT, 0xff, 2);
    for (unsigned round = 0; round < ROUNDS; round++) {
        say_at_once(&pair, stream, length);
        for (size_t seen = 0, n; seen <= SHORT_ONES;) {
            g_assert_cmpint(transport_receive(pair.transport, packets, &n), ==, 0);
            for (size_t i = 0; i < n; i++, seen++)
                g_assert_cmpuint(packets[i].length, ==, (seen < SHORT_ONES ? SHORT : LONGEST) - 6);
        }
    }
}

/* ---- through a proxy ---- */

static ProxyClient *
proxy_client(const char *user)
{
    g_autoptr(Secret) password = secret_new("x", 1);
    ProxyConfig config = {
        .kind = PROXY_HTTP, .host = NAME, .port = 443, .user = user, .password = password
    };
    return proxy_client_new(&config);
}

/* Until the empty line at its end. */
static void
take_request(Pair *pair)
{
    char head[512] = "";
    size_t have = 0;
    while (strstr(head, "\r\n\r\n") == NULL) {
        g_assert_cmpint(transport_open(pair->transport), ==, 0);
        g_assert_cmpint(transport_opening(pair->transport), ==, POLLIN);
        loopback_wait(pair->peer, POLLIN);
        ssize_t n = recv(pair->peer, head + have, sizeof head - 1 - have, 0);
        g_assert_cmpint(n, >, 0);
        have += (size_t)n;
    }
    g_assert_true(g_str_has_prefix(head, "CONNECT " NAME ":443 HTTP/1.1\r\n"));
}

/* Nothing of TLS is said before the proxy has opened the way, and nothing of the server's is taken
 * for the proxy's. */
static void
test_through_proxy(Bed *bed, gconstpointer data)
{
    static const char answer[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    static const uint8_t message[28] = { 9 };
    uint8_t *packet;
    size_t length;
    g_auto(Pair) pair = pair_new(bed, NAME, TEST_TLS_13, NULL);
    transport_use_proxy(pair.transport, proxy_client(NULL));
    g_assert_cmpint(transport_send_ike(pair.transport, message, sizeof message), ==, 0);
    take_request(&pair);
    loopback_write(pair.peer, answer, sizeof answer - 1);
    g_assert_cmpint(open_pair(&pair), ==, 0);
    g_assert_cmpint(peer_next(&pair, &packet, &length), ==, ENCAP_IKE);
    g_assert_cmpmem(packet, length, message, sizeof message);
}

/* The same without TLS; what the server says comes in one read with what the proxy says. */
static void
test_tcp_through_proxy(Bed *bed, gconstpointer data)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\n\r\n\0\x0a\1\2\3\4\0\0\0\1";
    static const uint8_t message[28] = { 9 };
    TransportPacket packets[TRANSPORT_BATCH];
    uint8_t got[6 + 34];
    size_t n = 0;
    g_auto(Pair) pair = pair_new(bed, NAME, TEST_TLS_13, NULL);
    transport_unref(pair.transport);
    close(pair.peer);
    int fds[2];
    loopback_tcp_pair(fds);
    pair.transport = transport_tcp_new(fds[0]);
    pair.peer = fds[1];
    transport_use_proxy(pair.transport, proxy_client(NULL));
    g_assert_cmpint(transport_send_ike(pair.transport, message, sizeof message), ==, 0);
    take_request(&pair);
    loopback_write(pair.peer, answer, sizeof answer - 1);
    loopback_wait(transport_fd(pair.transport), POLLIN);
    g_assert_cmpint(transport_open(pair.transport), ==, 0);
    g_assert_cmpint(transport_opening(pair.transport), ==, 0);
    g_assert_cmpint(transport_flush(pair.transport), ==, 0);
    loopback_wait(pair.peer, POLLIN);
    g_assert_cmpint(recv(pair.peer, got, sizeof got, MSG_WAITALL), ==, sizeof got);
    g_assert_cmpmem(got, 6, "IKETCP", 6);
    while (n == 0)
        g_assert_cmpint(transport_receive(pair.transport, packets, &n), ==, 0);
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(packets[0].kind, ==, ENCAP_ESP);
}

static void
test_proxy_wants_login(Bed *bed, gconstpointer data)
{
    static const char answer[] =
        "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"r\"\r\nConnection: close\r\n\r\n";
    const struct {
        const char *user;
        ProxyState state;
    } rows[] = { { NULL, PROXY_LOGIN }, { "tess", PROXY_AGAIN } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *challenge;
        g_auto(Pair) pair = pair_new(bed, NAME, TEST_TLS_13, NULL);
        transport_use_proxy(pair.transport, proxy_client(rows[i].user));
        take_request(&pair);
        loopback_write(pair.peer, answer, sizeof answer - 1);
        loopback_wait(transport_fd(pair.transport), POLLIN);
        g_assert_cmpint(transport_open(pair.transport), ==, EACCES);
        g_assert_cmpint(transport_proxy_state(pair.transport, &challenge), ==, rows[i].state);
        g_assert_cmpstr(challenge, ==, "Basic realm=\"r\"");
        g_assert_nonnull(transport_why(pair.transport));
    }
}

/* ---- both threads ---- */

#define THREAD_PACKETS 3000
/* The library takes at most eight key updates in a second. */
#define KEY_UPDATES 6

static gpointer
send_many(gpointer data)
{
    Transport *transport = data;
    for (uint32_t i = 0; i < THREAD_PACKETS;) {
        if (transport_wants_write(transport))
            g_assert_cmpint(transport_flush(transport), ==, 0);
        if (!transport_has_room(transport))
            loopback_wait(transport_fd(transport), POLLOUT);
        else
            send_numbered(transport, i++);
    }
    while (transport_wants_write(transport)) {
        loopback_wait(transport_fd(transport), POLLOUT);
        g_assert_cmpint(transport_flush(transport), ==, 0);
    }
    return NULL;
}

static gpointer
receive_many(gpointer data)
{
    Transport *transport = data;
    for (uint32_t seen = 0; seen < THREAD_PACKETS;) {
        TransportPacket packets[TRANSPORT_BATCH];
        size_t n;
        loopback_wait(transport_fd(transport), POLLIN);
        do {
            g_assert_cmpint(transport_receive(transport, packets, &n), ==, 0);
            for (size_t i = 0; i < n; i++, seen++)
                g_assert_cmpmem(packets[i].data + 4, 4, &seen, 4);
        } while (n > 0);
    }
    return NULL;
}

/* The server sends back what it gets; now and then it has new keys and wants the client's, which
 * makes the reader have something to write. */
static void
test_two_threads(Bed *bed, gconstpointer priority)
{
    bool tls13 = strcmp(priority, TEST_TLS_13) == 0;
    g_auto(Pair) pair = pair_new(bed, NAME, priority, NULL);
    g_assert_cmpint(open_pair(&pair), ==, 0);
    GThread *sender = g_thread_new("send", send_many, pair.transport);
    GThread *receiver = g_thread_new("receive", receive_many, pair.transport);
    for (uint32_t i = 0; i < THREAD_PACKETS;) {
        uint8_t *packet;
        size_t length;
        EncapKind kind;
        if (tcp_deframer_next(&pair.deframer, &packet, &length, &kind) != TCP_FRAME_PACKET) {
            loopback_wait(pair.peer, POLLIN);
            peer_take(&pair);
            continue;
        }
        uint8_t frame[TCP_ENCAP_FRAME_HEADER + LONG_PACKET];
        g_assert_cmpuint(length, ==, LONG_PACKET);
        g_assert_cmpmem(packet + 4, 4, &i, 4);
        tcp_encap_frame(frame, length);
        memcpy(frame + TCP_ENCAP_FRAME_HEADER, packet, length);
        if (tls13 && i % (THREAD_PACKETS / KEY_UPDATES) == 10)
            peer_say(&pair, test_tls_server_update_keys(pair.server));
        peer_say(&pair, test_tls_server_write(pair.server, frame, sizeof frame));
        i++;
    }
    g_thread_join(sender);
    g_thread_join(receiver);
    g_assert_cmpint(test_tls_server_error(pair.server), ==, 0);
}

#define ADD(path, data, function) g_test_add(path, Bed, data, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/transport/tls/both-ways-1.2", TEST_TLS_12, test_both_ways);
    ADD("/transport/tls/both-ways-1.3", TEST_TLS_13, test_both_ways);
    ADD("/transport/tls/ike-overtakes-the-backlog", NULL, test_ike_overtakes);
    ADD("/transport/tls/wrong-name", NULL, test_wrong_name);
    ADD("/transport/tls/wrong-authority", NULL, test_wrong_authority);
    ADD("/transport/tls/names-of-servers", NULL, test_names_of_servers);
    ADD("/transport/tls/not-tls", NULL, test_not_tls);
    ADD("/transport/tls/resumed-1.2", TEST_TLS_12, test_resumed);
    ADD("/transport/tls/resumed-1.3", TEST_TLS_13, test_resumed);
    ADD("/transport/tls/peer-says-goodbye", NULL, test_peer_says_goodbye);
    ADD("/transport/tls/altered-record", NULL, test_altered_record);
    ADD("/transport/tls/broken-framing", NULL, test_broken_framing);
    ADD("/transport/tls/longest-frames", NULL, test_longest_frames);
    ADD("/transport/tls/through-proxy", NULL, test_through_proxy);
    ADD("/transport/tls/tcp-through-proxy", NULL, test_tcp_through_proxy);
    ADD("/transport/tls/proxy-wants-login", NULL, test_proxy_wants_login);
    ADD("/transport/tls-threads/1.2", TEST_TLS_12, test_two_threads);
    ADD("/transport/tls-threads/1.3", TEST_TLS_13, test_two_threads);
    return g_test_run();
}
