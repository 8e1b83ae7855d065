/* Streams lead to the proxy that the profile names; who we are there is said, or why it is not. */
#include "daemon/connection-private.h"

#include "../system/own-network.h"
#include "profile/profile-file.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROFILE(transport)                                                                         \
    "[gateway]\naddress = gw.example\n[user]\nid = t\nauth = psk\n[transport]\n"                   \
    "order = udp/4500 tls/443\n" transport

typedef struct {
    Machine machine;
    Connection *connection;
    Channel *tunnel;
    RecordType type; /* of the last record */
    GVariant *body;
    int fd; /* that came with it */
} Bed;

static void
from_tunnel(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds,
            gpointer data)
{
    g_assert_not_reached();
}

static void
to_tunnel(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds, gpointer data)
{
    Bed *bed = data;
    g_clear_pointer(&bed->body, g_variant_unref);
    bed->type = type;
    bed->body = g_variant_ref(body);
    bed->fd = n_fds > 0 ? fds[0] : -1;
    if (n_fds > 0)
        fds[0] = -1;
}

static void
closed(Channel *channel, const GError *error, gpointer data)
{
    g_error("%s", error->message);
}

static void
bed_up(Bed *bed, gconstpointer text)
{
    static const ChannelHandler daemon = { from_tunnel, closed };
    static const ChannelHandler tunnel = { to_tunnel, closed };
    g_autoptr(GError) error = NULL;
    InetAddress gateway;
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    bed->machine.netlink = netlink_new(&error);
    bed->machine.firewall = firewall_new();
    bed->machine.locked = g_ptr_array_new();
    bed->machine.connections = g_ptr_array_new();
    g_autoptr(Profile) profile = profile_parse("work", NULL, text, strlen(text), &error);
    g_assert_no_error(error);
    bed->connection = connection_new(&bed->machine, 1, profile, NULL, NULL, NULL);
    bed->connection->credentials = g_new0(ProfileCredentials, 1);
    bed->connection->channel = channel_new(pair[0], &daemon, bed);
    bed->tunnel = channel_new(pair[1], &tunnel, bed);
    g_assert_true(inet_address_parse("192.0.2.1", &gateway));
    g_array_append_val(bed->connection->gateways, gateway);
    connection_note_name(bed->connection, bed->connection->gateways, "gw.example");
    g_ptr_array_add(bed->machine.connections, bed->connection);
}

static void
bed_down(Bed *bed, gconstpointer text)
{
    channel_free(bed->tunnel);
    connection_free(bed->connection);
    netlink_free(bed->machine.netlink);
    firewall_free(bed->machine.firewall);
    g_ptr_array_unref(bed->machine.locked);
    g_ptr_array_unref(bed->machine.connections);
    g_clear_pointer(&bed->body, g_variant_unref);
}

static void
wait_for(Bed *bed, RecordType type)
{
    while (bed->body == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(bed->type, ==, type);
}

static void
ask_for_stream(Bed *bed)
{
    InetAddress gateway;
    inet_address_parse("192.0.2.1", &gateway);
    g_autoptr(GVariant) body = g_variant_ref_sink(
        g_variant_new("(uy@ayq)", 7, (guint8)RECORD_TRANSPORT_TLS,
                      channel_variant_from_octets(gateway.octets, 4), (guint16)443));
    g_clear_pointer(&bed->body, g_variant_unref);
    connection_handle_socket(bed->connection, body);
    wait_for(bed, RECORD_SOCKET_REPLY);
}

static char *
detail(const Bed *bed, const char *key)
{
    g_autoptr(GVariant) details = g_variant_get_child_value(bed->body, 3);
    char *text = NULL;
    g_variant_lookup(details, key, "s", &text);
    return text;
}

static void
expect_detail(const Bed *bed, const char *key, const char *wanted)
{
    g_autofree char *text = detail(bed, key);
    g_assert_cmpstr(text, ==, wanted);
}

/* Where the socket leads; closes it. */
static uint16_t
port_of_peer(Bed *bed)
{
    struct sockaddr_in peer = { 0 };
    socklen_t length = sizeof peer;
    g_assert_cmpint(bed->fd, >=, 0);
    g_assert_cmpint(getpeername(bed->fd, (struct sockaddr *)&peer, &length), ==, 0);
    g_assert_cmphex(ntohl(peer.sin_addr.s_addr), ==, INADDR_LOOPBACK);
    close(bed->fd);
    return ntohs(peer.sin_port);
}

static int
listen_at(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 4), ==, 0);
    return fd;
}

/* Asked before it was looked for, as after a restart: the answer waits. */
static void
test_leads_there(Bed *bed, gconstpointer text)
{
    bool http = strstr(text, "http://") != NULL;
    int listener = listen_at(3128);
    bed->connection->credentials->proxy = secret_new("secret", 6);
    ask_for_stream(bed);
    g_assert_cmpuint(port_of_peer(bed), ==, 3128);
    expect_detail(bed, SOCKET_PROXY, http ? "http" : "socks5");
    expect_detail(bed, SOCKET_PROXY_HOST, "gw.example");
    expect_detail(bed, SOCKET_PROXY_USER, "tess");
    expect_detail(bed, SOCKET_SERVER_NAME, "gw.example");
    g_assert_cmpuint(connection_proxies(bed->connection)->len, ==, 1);
    g_autofree char *rules = own_network_run("nft list table inet ginnel");
    g_assert_nonnull(strstr(rules, "ip daddr 127.0.0.1 tcp dport 3128 accept"));
    close(listener);
}

/* Without a password nothing is said of who we are: a person is asked when the proxy asks. */
static void
test_no_password(Bed *bed, gconstpointer text)
{
    int listener = listen_at(3128);
    ask_for_stream(bed);
    g_assert_cmpuint(port_of_peer(bed), ==, 3128);
    expect_detail(bed, SOCKET_PROXY_USER, NULL);
    close(listener);
}

static void
test_none(Bed *bed, gconstpointer text)
{
    connection_proxy_begin(bed->connection);
    g_assert_null(bed->connection->proxy);
    ask_for_stream(bed);
    expect_detail(bed, SOCKET_PROXY, NULL);
    expect_detail(bed, SOCKET_SERVER_NAME, "gw.example");
    if (bed->fd >= 0)
        close(bed->fd);
}

static void
expect_login_answer(Bed *bed, const char *words)
{
    const char *why;
    g_autoptr(GVariant) body = g_variant_ref_sink(g_variant_new("(us)", 9, "the proxy says no"));
    g_clear_pointer(&bed->body, g_variant_unref);
    connection_handle_proxy_login(bed->connection, body);
    wait_for(bed, RECORD_PROXY_LOGIN_REPLY);
    g_variant_get_child(bed->body, 1, "&s", &why);
    g_assert_cmpstr(why, ==, words);
}

static void
test_nobody_to_ask_for(Bed *bed, gconstpointer text)
{
    expect_login_answer(bed, "there is no proxy");
    test_no_password(bed, text);
    expect_login_answer(bed, "the proxy says no; set proxy-user under [transport]");
}

static void
test_wrong_in_file(Bed *bed, gconstpointer text)
{
    test_no_password(bed, text);
    expect_login_answer(bed,
                        "the proxy says no; they are in proxy-user and proxy-secret-file under "
                        "[transport]");
}

#define ADD(path, profile, function)                                                               \
    g_test_add("/daemon/connection-proxy/" path, Bed, PROFILE(profile), bed_up, function, bed_down)

int
main(int argc, char **argv)
{
    own_network_enter();
    g_test_init(&argc, &argv, NULL);
    ADD("http", "proxy = http://127.0.0.1:3128\nproxy-user = tess\n", test_leads_there);
    ADD("socks", "proxy = socks5://127.0.0.1:3128\nproxy-user = tess\n", test_leads_there);
    ADD("no-password", "proxy = http://127.0.0.1:3128\nproxy-user = tess\n", test_no_password);
    ADD("none", "proxy = none\n", test_none);
    ADD("nobody-to-ask-for", "proxy = http://127.0.0.1:3128\n", test_nobody_to_ask_for);
    ADD("wrong-in-file",
        "proxy = http://127.0.0.1:3128\nproxy-user = tess\nproxy-secret-file = /s\n",
        test_wrong_in_file);
    return g_test_run();
}
