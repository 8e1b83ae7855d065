/* The packet filter in a network of the test's own: what the kernel lets out and in. */
#include "system/nftables.h"

#include "own-network.h"
#include "system/marks.h"
#include "system/netlink.h"
#include "system/sockets.h"
#include "system/tun-device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    FirewallConnection connection;
    GArray *addresses, *remote;
} Given;

static InetAddress
address(const char *text)
{
    InetAddress out;
    g_assert_true(inet_address_parse(text, &out));
    return out;
}

/* Words separated by spaces; remote ones are prefixes. */
static void
given_make(Given *given, uint32_t id, const char *gateways, const char *interface,
           const char *addresses, const char *remote)
{
    static const uint16_t ports[] = { 500, 4500 };
    g_auto(GStrv) gateway_words = g_strsplit(gateways, " ", -1);
    g_auto(GStrv) address_words = g_strsplit(addresses, " ", -1);
    g_auto(GStrv) remote_words = g_strsplit(remote, " ", -1);
    *given = (Given){ .addresses = g_array_new(FALSE, FALSE, sizeof(InetPrefix)),
                      .remote = g_array_new(FALSE, FALSE, sizeof(InetRange)) };
    FirewallConnection *connection = &given->connection;
    connection->mark = mark_for(id);
    connection->gateways = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    connection->ports = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    g_array_append_vals(connection->ports, ports, G_N_ELEMENTS(ports));
    for (char **word = gateway_words; *word != NULL; word++) {
        InetAddress one = address(*word);
        g_array_append_val(connection->gateways, one);
    }
    InetPrefix prefix;
    for (char **word = address_words; *word != NULL && **word != '\0'; word++) {
        g_assert_true(inet_prefix_parse(*word, &prefix, NULL));
        g_array_append_val(given->addresses, prefix);
    }
    for (char **word = remote_words; *word != NULL && **word != '\0'; word++) {
        g_assert_true(inet_prefix_parse(*word, &prefix, NULL));
        InetRange range = inet_prefix_to_range(&prefix);
        g_array_append_val(given->remote, range);
    }
    connection->interface = interface;
    connection->addresses = given->addresses;
    connection->remote = given->remote;
}

static void
given_clear(Given *given)
{
    g_array_unref(given->connection.gateways);
    g_array_unref(given->connection.ports);
    g_array_unref(given->addresses);
    g_array_unref(given->remote);
}

static FirewallLock lock; /* not locked, unless a test says so */
static Firewall *firewall;

static void
set(const Given *given, size_t n)
{
    g_autoptr(GError) error = NULL;
    FirewallConnection list[4] = { 0 };
    for (size_t i = 0; i < n; i++)
        list[i] = given[i].connection;
    firewall_set(firewall, list, n, &lock, &error);
    g_assert_no_error(error);
}

/* 0, or the errno with which the kernel refuses a datagram to there. */
static int
send_to(uint32_t mark, bool stream, const char *to, uint16_t port)
{
    int code = 0;
    InetEndpoint endpoint = { address(to), port };
    int fd = socket_to_gateway(&endpoint, stream, mark, 0, &code);
    if (fd < 0)
        return code;
    if (!stream)
        code = send(fd, "x", 1, 0) == 1 ? 0 : errno;
    close(fd);
    return code;
}

/* From one connected socket to somebody else, as a process that was taken over would. */
static int
send_elsewhere(uint32_t mark, const char *connected_to, const char *to)
{
    int code = 0;
    InetEndpoint endpoint = { address(connected_to), 4500 };
    InetAddress other = address(to);
    struct sockaddr_in third = { .sin_family = AF_INET, .sin_port = htons(4500) };
    memcpy(&third.sin_addr, other.octets, 4);
    int fd = socket_to_gateway(&endpoint, false, mark, 0, &code);
    g_assert_cmpint(fd, >=, 0);
    struct iovec iov = { (void *)"x", 1 };
    struct msghdr message = {
        .msg_name = &third, .msg_namelen = sizeof third, .msg_iov = &iov, .msg_iovlen = 1
    };
    code = sendmsg(fd, &message, MSG_NOSIGNAL) == 1 ? 0 : errno;
    close(fd);
    return code;
}

/* A connection leaves to its own gateway and ports; everybody else is let alone. */
static void
test_lets_out(void)
{
    Given given[2];
    given_make(&given[0], 1, "127.0.0.1 ::1", NULL, "", "");
    given_make(&given[1], 2, "127.0.0.2", NULL, "", "");
    set(given, 2);
    g_assert_cmpint(send_to(mark_for(1), false, "127.0.0.1", 4500), ==, 0);
    g_assert_cmpint(send_to(mark_for(1), false, "::1", 500), ==, 0);
    g_assert_cmpint(send_to(mark_for(2), false, "127.0.0.2", 4500), ==, 0);
    g_assert_cmpint(send_to(mark_for(1), false, "127.0.0.1", 4501), ==, EPERM);
    g_assert_cmpint(send_to(mark_for(1), false, "127.0.0.2", 4500), ==, EPERM);
    g_assert_cmpint(send_to(mark_for(2), false, "127.0.0.1", 4500), ==, EPERM);
    g_assert_cmpint(send_to(mark_for(3), false, "127.0.0.1", 4500), ==, EPERM);
    g_assert_cmpint(send_to(0, false, "127.0.0.3", 4501), ==, 0);
    g_assert_cmpint(send_to(0x48000001, false, "127.0.0.3", 4501), ==, 0);
    g_assert_cmpint(send_elsewhere(mark_for(1), "127.0.0.1", "127.0.0.9"), ==, EPERM);
    set(NULL, 0);
    g_assert_cmpint(send_elsewhere(mark_for(1), "127.0.0.1", "127.0.0.9"), ==, 0);
    given_clear(&given[0]);
    given_clear(&given[1]);
}

/* Its SYN got out: nobody listens there, and that is the answer. */
static bool
reaches(uint32_t mark, const char *to, uint16_t port)
{
    int code = 0;
    InetEndpoint endpoint = { address(to), port };
    int fd = socket_to_gateway(&endpoint, true, mark, 0, &code);
    struct pollfd wait = { .fd = fd, .events = POLLOUT };
    bool answered = fd >= 0 && poll(&wait, 1, 10000) == 1;
    if (fd >= 0)
        close(fd);
    return answered || code == ECONNREFUSED;
}

/* A web server that is asked, or a proxy on the way: over TCP, at that port, and nobody else there.
 */
static void
test_lets_out_to_servers(gconstpointer proxies)
{
    Given given;
    InetEndpoint servers[] = { { address("127.0.0.5"), 80 }, { address("::1"), 8080 } };
    given_make(&given, 1, "127.0.0.1", NULL, "", "");
    g_autoptr(GArray) web = g_array_new(FALSE, FALSE, sizeof(InetEndpoint));
    g_array_append_vals(web, servers, G_N_ELEMENTS(servers));
    if (GPOINTER_TO_INT(proxies))
        given.connection.proxies = web;
    else
        given.connection.web = web;
    set(&given, 1);
    g_assert_true(reaches(mark_for(1), "127.0.0.5", 80));
    g_assert_true(reaches(mark_for(1), "::1", 8080));
    g_assert_cmpint(send_to(mark_for(1), false, "127.0.0.5", 80), ==, EPERM);
    g_assert_cmpint(send_to(mark_for(1), false, "127.0.0.5", 4500), ==, EPERM);
    g_assert_cmpint(send_to(mark_for(2), false, "127.0.0.5", 80), ==, EPERM);
    set(NULL, 0);
    given_clear(&given);
}

static void
test_removed(void)
{
    Given given;
    given_make(&given, 1, "192.0.2.1", "ginnel0", "10.77.0.10", "10.99.0.0/24");
    g_free(own_network_run("nft add table inet others"));
    g_autofree char *before = own_network_run("nft list ruleset");
    set(&given, 1);
    set(&given, 1);
    g_autofree char *with = own_network_run("nft list ruleset");
    g_assert_nonnull(strstr(with, "table inet ginnel"));
    set(NULL, 0);
    set(NULL, 0);
    g_autofree char *after = own_network_run("nft list ruleset");
    g_assert_cmpstr(after, ==, before);
    g_free(own_network_run("nft delete table inet others"));
    given_clear(&given);
}

/* Whatever a gateway gives, the kernel takes: one family, everything, ranges that overlap. */
static void
test_shapes(void)
{
    static const struct {
        const char *addresses, *remote;
    } shapes[] = {
        { "10.77.0.10", "10.99.0.0/24" },
        { "2001:db8:77::10", "2001:db8:99::/64" },
        { "10.77.0.10 10.77.0.11 2001:db8:77::10", "0.0.0.0/0 ::/0" },
        { "10.77.0.10", "10.99.0.1 10.99.0.1" },
        { "10.77.0.10", "10.0.0.0/8 10.99.0.0/16 10.99.0.7 10.0.0.0/8" },
        { "10.77.0.10", "0.0.0.0/1 128.0.0.0/1" },
        { "", "" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
        Given given;
        given_make(&given, 1, "192.0.2.1 2001:db8::1", "ginnel0", shapes[i].addresses,
                   shapes[i].remote);
        set(&given, 1);
        given_clear(&given);
    }
    set(NULL, 0);
}

static uint16_t
ip_checksum(const uint8_t *header)
{
    uint32_t sum = 0;
    for (int i = 0; i < 20; i += 2)
        sum += (uint32_t)(header[i] << 8 | header[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

/* A UDP datagram to port 7777 arrives through a device. */
static void
arrive(const TunDevice *tun, const char *from, const char *to, char content)
{
    InetAddress source = address(from), destination = address(to);
    uint8_t packet[29] = { 0x45, 0, 0, 29, 0, 0, 0, 0, 64, IPPROTO_UDP };
    memcpy(packet + 12, source.octets, 4);
    memcpy(packet + 16, destination.octets, 4);
    uint16_t sum = ip_checksum(packet);
    packet[10] = (uint8_t)(sum >> 8);
    packet[11] = (uint8_t)sum;
    const uint8_t udp[9] = { 7777 >> 8, 7777 & 0xff, 7777 >> 8, 7777 & 0xff,     0,
                             9,         0,           0,         (uint8_t)content };
    memcpy(packet + 20, udp, sizeof udp);
    g_assert_cmpint(write(tun->fd, packet, sizeof packet), ==, sizeof packet);
}

/* The contents of all that arrived, up to the one that must. */
static char *
received(int fd, char last)
{
    GString *all = g_string_new(NULL);
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    char content = 0;
    while (content != last && poll(&ready, 1, 5000) == 1 && recv(fd, &content, 1, 0) == 1)
        g_string_append_c(all, content);
    return g_string_free(all, FALSE);
}

static void
device_up(Netlink *netlink, TunDevice *tun, const char *address_text)
{
    InetPrefix own;
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    g_assert_true(tun_device_create(tun, false, NULL));
    g_assert_true(inet_prefix_parse(address_text, &own, NULL));
    g_array_append_val(list, own);
    g_assert_true(netlink_link_up(netlink, tun->ifindex, 1400, NULL));
    g_assert_true(netlink_set_addresses(netlink, tun->ifindex, list, NULL));
}

/* Into the tunnel's device only from the selectors to our address; from other devices nothing to
 * the tunnel's address. */
static void
test_guards(void)
{
    Given given;
    TunDevice tunnel, other;
    g_autoptr(Netlink) netlink = netlink_new(NULL);
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(7777) };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&any, sizeof any), ==, 0);
    device_up(netlink, &tunnel, "10.77.0.10");
    device_up(netlink, &other, "10.66.0.10");
    g_free(own_network_run("for i in all default ginnel0 ginnel1; do "
                           "echo 0 >/proc/sys/net/ipv4/conf/$i/rp_filter || exit 1; done"));
    given_make(&given, 1, "192.0.2.1", "ginnel0", "10.77.0.10", "10.99.0.0/24");
    arrive(&tunnel, "10.98.0.1", "10.77.0.10", 'a');
    arrive(&other, "10.99.0.1", "10.77.0.10", 'b');
    arrive(&tunnel, "10.99.0.1", "10.66.0.10", 'c');
    g_autofree char *without = received(fd, 'c');
    g_assert_cmpstr(without, ==, "abc");
    set(&given, 1);
    arrive(&tunnel, "10.98.0.1", "10.77.0.10", 'a'); /* not in the selectors */
    arrive(&other, "10.99.0.1", "10.77.0.10", 'b');  /* not through the tunnel */
    arrive(&tunnel, "10.99.0.1", "10.66.0.10", 'c'); /* not to the tunnel's address */
    arrive(&other, "10.99.0.1", "10.66.0.10", 'd');  /* none of our business */
    arrive(&tunnel, "10.99.0.1", "10.77.0.10", 'e');
    g_autofree char *with = received(fd, 'e');
    g_assert_cmpstr(with, ==, "de");
    set(NULL, 0);
    close(fd);
    tun_device_clear(&tunnel);
    tun_device_clear(&other);
    given_clear(&given);
}

/* A full tunnel: no name is asked by another device, whatever a socket is bound to. */
static void
test_names_inside(void)
{
    Given given;
    TunDevice tunnel, outer;
    g_autoptr(Netlink) netlink = netlink_new(NULL);
    device_up(netlink, &tunnel, "10.77.0.10");
    device_up(netlink, &outer, "10.66.0.10");
    g_free(own_network_run("ip route add 10.55.0.0/24 dev ginnel0 && "
                           "ip route add 10.66.0.0/24 dev ginnel1"));
    given_make(&given, 1, "192.0.2.1", "ginnel0", "10.77.0.10", "0.0.0.0/0");
    set(&given, 1);
    g_assert_cmpint(send_to(0, false, "10.66.0.53", 53), ==, 0);
    given.connection.names_inside = true;
    set(&given, 1);
    g_assert_cmpint(send_to(0, false, "10.66.0.53", 53), !=, 0);
    g_assert_cmpint(send_to(0, false, "10.66.0.53", 853), !=, 0);
    g_assert_cmpint(send_to(0, false, "10.66.0.53", 54), ==, 0);
    g_assert_cmpint(send_to(0, false, "10.55.0.53", 53), ==, 0);
    g_assert_cmpint(send_to(0, false, "127.0.0.53", 53), ==, 0);
    set(NULL, 0);
    tun_device_clear(&tunnel);
    tun_device_clear(&outer);
    given_clear(&given);
}

/* Only tunnels, loopback, what carries our mark, and what a link needs to be one. */
static void
test_locked(void)
{
    Given given;
    TunDevice tunnel, outer;
    g_autoptr(Netlink) netlink = netlink_new(NULL);
    g_autoptr(GArray) servers = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    device_up(netlink, &tunnel, "10.77.0.10");
    device_up(netlink, &outer, "10.66.0.10");
    g_free(own_network_run("ip route add 10.55.0.0/24 dev ginnel0 && "
                           "ip route add 10.66.0.0/24 dev ginnel1"));
    given_make(&given, 1, "10.66.0.1", "ginnel0", "10.77.0.10", "0.0.0.0/0");
    lock.on = true;
    set(&given, 1);
    g_assert_cmpint(send_to(0, false, "10.66.0.53", 54), !=, 0);
    g_assert_cmpint(send_to(0, false, "10.66.0.1", 4500), !=, 0);
    g_assert_cmpint(send_to(0, false, "10.55.0.1", 54), ==, 0);
    g_assert_cmpint(send_to(0, false, "127.0.0.1", 54), ==, 0);
    g_assert_cmpint(send_to(mark_for(1), false, "10.66.0.1", 4500), ==, 0);
    g_assert_cmpint(send_to(mark_for(1), false, "10.66.0.53", 53), ==, EPERM);
    /* Names of gateways, by a mark of their own, and of those servers only. */
    g_assert_cmpint(send_to(MARK_NAMES, false, "10.66.0.53", 53), ==, EPERM);
    InetAddress server = address("10.66.0.53");
    g_array_append_val(servers, server);
    lock.name_servers = servers;
    set(&given, 1);
    g_assert_cmpint(send_to(MARK_NAMES, false, "10.66.0.53", 53), ==, 0);
    g_assert_cmpint(send_to(MARK_NAMES, false, "10.66.0.53", 54), ==, EPERM);
    g_assert_cmpint(send_to(MARK_NAMES, false, "10.66.0.54", 53), ==, EPERM);
    g_assert_cmpint(send_to(mark_for(1), false, "10.66.0.53", 53), ==, EPERM);
    /* Without a tunnel as well. */
    set(NULL, 0);
    g_assert_cmpint(send_to(0, false, "10.66.0.53", 54), !=, 0);
    g_assert_cmpint(send_to(0, false, "10.55.0.1", 54), !=, 0);
    lock = (FirewallLock){ 0 };
    set(NULL, 0);
    g_assert_cmpint(send_to(0, false, "10.66.0.53", 54), ==, 0);
    tun_device_clear(&tunnel);
    tun_device_clear(&outer);
    given_clear(&given);
}

/* One octet there and one back, between a client at any port and a server; both of one kind. The
 * client sees the port that it asked. */
static void
assert_asked(int client, int server, const struct sockaddr_in *at)
{
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    char octet;
    g_assert_cmpint(send(client, "q", 1, 0), ==, 1);
    g_assert_cmpint(recvfrom(server, &octet, 1, 0, (struct sockaddr *)&from, &length), ==, 1);
    g_assert_cmpint(octet, ==, 'q');
    /* A stream has its other end already. */
    g_assert_cmpint(sendto(server, "a", 1, 0, (struct sockaddr *)&from, length), ==, 1);
    g_assert_cmpint(recv(client, &octet, 1, 0), ==, 1);
    g_assert_cmpint(octet, ==, 'a');
    length = sizeof from;
    g_assert_cmpint(getpeername(client, (struct sockaddr *)&from, &length), ==, 0);
    g_assert_cmpint(from.sin_port, ==, at->sin_port);
}

static int
listen_at(struct sockaddr_in *at, int type)
{
    socklen_t length = sizeof *at;
    struct timeval limit = { .tv_sec = 5 };
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), ==, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)at, sizeof *at), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)at, &length), ==, 0);
    return fd;
}

static int
connect_to(const struct sockaddr_in *at, int type)
{
    struct timeval limit = { .tv_sec = 5 };
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), ==, 0);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), ==, 0);
    g_assert_cmpint(connect(fd, (const struct sockaddr *)at, sizeof *at), ==, 0);
    return fd;
}

/* A server of this machine's that listens elsewhere is asked at port 53, by UDP and TCP; also where
 * somebody else lets nothing pass but what belongs to a connection. */
static void
test_stub(void)
{
    Given given;
    TunDevice tunnel;
    g_autoptr(Netlink) netlink = netlink_new(NULL);
    struct sockaddr_in own = { .sin_family = AF_INET }, usual;
    device_up(netlink, &tunnel, "10.77.0.10");
    g_assert_cmpint(inet_pton(AF_INET, "10.77.0.10", &own.sin_addr), ==, 1);
    usual = own;
    usual.sin_port = htons(53);
    int udp = listen_at(&own, SOCK_DGRAM), tcp = listen_at(&own, SOCK_STREAM);
    g_assert_cmpint(listen(tcp, 1), ==, 0);
    given_make(&given, 1, "192.0.2.1", "ginnel0", "10.77.0.10", "10.99.0.0/24");
    given.connection.stub.port = ntohs(own.sin_port);
    g_assert_true(inet_address_parse("10.77.0.10", &given.connection.stub.address));
    set(&given, 1);
    g_free(own_network_run("nft 'add table inet strict; add chain inet strict output { type filter "
                           "hook output priority 0; policy drop; }; add rule inet strict output "
                           "ct state established accept; add rule inet strict output ct state new "
                           "ct direction original tcp flags & (syn | ack) == syn accept; "
                           "add rule inet strict output meta l4proto udp ct state new accept'"));
    int asking = connect_to(&usual, SOCK_DGRAM), stream = connect_to(&usual, SOCK_STREAM);
    assert_asked(asking, udp, &usual);
    int accepted = accept(tcp, NULL, NULL);
    g_assert_cmpint(accepted, >=, 0);
    assert_asked(stream, accepted, &usual);
    int fds[] = { udp, tcp, asking, stream, accepted };
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
    g_free(own_network_run("nft delete table inet strict"));
    set(NULL, 0);
    tun_device_clear(&tunnel);
    given_clear(&given);
}

int
main(int argc, char **argv)
{
    own_network_enter();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/nftables/lets-out", test_lets_out);
    g_test_add_data_func("/system/nftables/lets-out-to-web", GINT_TO_POINTER(0),
                         test_lets_out_to_servers);
    g_test_add_data_func("/system/nftables/lets-out-to-proxies", GINT_TO_POINTER(1),
                         test_lets_out_to_servers);
    g_test_add_func("/system/nftables/removed", test_removed);
    g_test_add_func("/system/nftables/shapes", test_shapes);
    g_test_add_func("/system/nftables/guards", test_guards);
    g_test_add_func("/system/nftables/names-inside", test_names_inside);
    g_test_add_func("/system/nftables/stub-at-port-53", test_stub);
    g_test_add_func("/system/nftables/locked", test_locked);
    firewall = firewall_new();
    int status = g_test_run();
    firewall_free(firewall);
    return status;
}
