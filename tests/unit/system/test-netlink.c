/* Addresses, routes and rules in a network of the test's own, as iproute2 sees them. */
#include "system/netlink.h"
#include "system/marks.h"

#include "own-network.h"
#include "system/error.h"
#include "system/tun-device.h"

#include <glib.h>
#include <string.h>

#define SHOW_ADDRESSES "ip -o address show dev ginnel0 scope global | awk '{ print $4 }' | sort"
#define SHOW_ROUTES                                                                                \
    "{ ip -4 route show table 26478; ip -6 route show table 26478; } | sed 's/ *$//' | sort"
#define SHOW_RULES(family) "ip -" family " rule | sed 's/[ \t]\\+/ /g'"

typedef struct {
    Netlink *netlink;
    TunDevice tun;
} Bench;

static void
bench_start(Bench *bench)
{
    g_autoptr(GError) error = NULL;
    bench->netlink = netlink_new(&error);
    g_assert_no_error(error);
    g_assert_true(tun_device_create(&bench->tun, true, &error));
    g_assert_true(netlink_link_up(bench->netlink, bench->tun.ifindex, 1400, &error));
    g_assert_no_error(error);
}

static void
bench_stop(Bench *bench)
{
    netlink_free(bench->netlink);
    tun_device_clear(&bench->tun);
}

static GArray *
prefixes(const char *text)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word != NULL; word++) {
        InetPrefix prefix;
        g_assert_true(inet_prefix_parse(*word, &prefix, NULL));
        g_array_append_val(out, prefix);
    }
    return out;
}

static void
assert_seen(const char *command, const char *expected)
{
    g_autofree char *seen = own_network_run(command);
    g_assert_cmpstr(seen, ==, expected);
}

static void
set_addresses(Bench *bench, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) list = prefixes(text);
    g_assert_true(netlink_set_addresses(bench->netlink, bench->tun.ifindex, list, &error));
    g_assert_no_error(error);
}

static void
set_routes(Bench *bench, const char *text, const char *sources)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) list = prefixes(text), from = prefixes(sources);
    g_assert_true(netlink_set_routes(bench->netlink, bench->tun.ifindex, list, from, &error));
    g_assert_no_error(error);
}

/* Nobody in the tunnel is asked for routers. */
static void
test_no_link_local_address(void)
{
    Bench bench;
    bench_start(&bench);
    assert_seen("ip -6 -o address show dev ginnel0", "");
    bench_stop(&bench);
}

static void
test_link_up(void)
{
    Bench bench;
    bench_start(&bench);
    assert_seen("ip -o link show dev ginnel0 up | grep -o 'mtu [0-9]*'", "mtu 1400\n");
    bench_stop(&bench);
}

static void
test_addresses(void)
{
    Bench bench;
    bench_start(&bench);
    set_addresses(&bench, "10.77.0.10/32 2001:db8:77::10/128");
    assert_seen(SHOW_ADDRESSES, "10.77.0.10/32\n2001:db8:77::10/128\n");
    /* Usable at once: nobody to ask for duplicates. */
    assert_seen("ip -o -6 address show dev ginnel0 tentative scope global", "");
    set_addresses(&bench, "10.77.0.10/32 2001:db8:77::10/128");
    set_addresses(&bench, "10.77.0.11/32");
    assert_seen(SHOW_ADDRESSES, "10.77.0.11/32\n");
    bench_stop(&bench);
}

static void
test_routes(void)
{
    Bench bench;
    bench_start(&bench);
    set_addresses(&bench, "10.77.0.10/32 2001:db8:77::10/128");
    set_routes(&bench, "10.99.0.0/24 2001:db8:99::/64", "10.77.0.10 2001:db8:77::10");
    assert_seen(SHOW_ROUTES, "10.99.0.0/24 dev ginnel0 proto 71 scope link src 10.77.0.10\n"
                             "2001:db8:99::/64 dev ginnel0 proto 71 src 2001:db8:77::10 metric "
                             "1024 pref medium\n");
    set_routes(&bench, "0.0.0.0/0 10.99.0.0/24 ::/0", "10.77.0.10");
    assert_seen(SHOW_ROUTES " | cut -d ' ' -f 1", "10.99.0.0/24\ndefault\ndefault\n");
    set_routes(&bench, "10.98.0.0/24", "10.77.0.10");
    assert_seen(SHOW_ROUTES " | cut -d ' ' -f 1", "10.98.0.0/24\n");
    bench_stop(&bench);
}

/* Two tunnels: each has its own. */
static void
test_routes_of_others_stay(void)
{
    Bench bench;
    TunDevice other;
    bench_start(&bench);
    g_assert_true(tun_device_create(&other, true, NULL));
    g_assert_true(netlink_link_up(bench.netlink, other.ifindex, 1400, NULL));
    g_autoptr(GArray) theirs = prefixes("10.88.0.0/24"), none = prefixes("10.0.0.1");
    g_array_set_size(none, 0);
    g_assert_true(netlink_set_routes(bench.netlink, other.ifindex, theirs, none, NULL));
    set_addresses(&bench, "10.77.0.10");
    set_routes(&bench, "10.99.0.0/24", "10.77.0.10");
    assert_seen(SHOW_ROUTES " | cut -d ' ' -f 1-3",
                "10.88.0.0/24 dev ginnel1\n10.99.0.0/24 dev ginnel0\n");
    netlink_flush_routes(bench.netlink);
    assert_seen(SHOW_ROUTES, "");
    tun_device_clear(&other);
    bench_stop(&bench);
}

static void
test_rules(void)
{
    Bench bench;
    g_autoptr(GError) error = NULL;
    bench_start(&bench);
    g_autofree char *before = own_network_run(SHOW_RULES("4") "; " SHOW_RULES("6"));
    for (int i = 0; i < 2; i++) {
        g_assert_true(netlink_add_rules(bench.netlink, &error));
        assert_seen(SHOW_RULES("4"), "0: from all lookup local\n"
                                     "26478: from all fwmark 0x47000000/0xff000000 lookup main\n"
                                     "26479: from all fwmark 0x47000000/0xff000000 unreachable\n"
                                     "26480: from all lookup 26478\n"
                                     "32766: from all lookup main\n"
                                     "32767: from all lookup default\n");
    }
    assert_seen(SHOW_RULES("6") " | grep -c '^264'", "3\n");
    netlink_remove_rules(bench.netlink);
    netlink_remove_rules(bench.netlink);
    assert_seen(SHOW_RULES("4") "; " SHOW_RULES("6"), before);
    bench_stop(&bench);
}

static void
test_rules_of_others_stay(void)
{
    Bench bench;
    bench_start(&bench);
    g_free(own_network_run("ip rule add fwmark 0x77 lookup main priority 26481"));
    g_assert_true(netlink_add_rules(bench.netlink, NULL));
    netlink_remove_rules(bench.netlink);
    assert_seen("ip rule | grep -c 0x77", "1\n");
    g_free(own_network_run("ip rule del fwmark 0x77 lookup main priority 26481"));
    bench_stop(&bench);
}

/* A full tunnel: what is marked goes by main, or nowhere; the rest through the tunnel. */
static void
test_where_packets_go(void)
{
    Bench bench;
    bench_start(&bench);
    g_free(own_network_run(
        "ip link add up0 type veth peer name peer0 && ip address add 198.51.100.2/24 dev up0 "
        "&& ip link set up0 up && ip route add default via 198.51.100.1"));
    set_addresses(&bench, "10.77.0.10");
    set_routes(&bench, "0.0.0.0/0", "10.77.0.10");
    g_assert_true(netlink_add_rules(bench.netlink, NULL));
    assert_seen("ip -o route get 192.0.2.1 mark 0x47000001 | grep -o 'dev [a-z0-9]*'", "dev up0\n");
    assert_seen("ip -o route get 192.0.2.1 | grep -o 'dev [a-z0-9]*'", "dev ginnel0\n");
    g_free(own_network_run("ip route del default"));
    assert_seen("ip -o route get 192.0.2.1 mark 0x47000001 2>&1 || true",
                "RTNETLINK answers: Network is unreachable\n");
    netlink_remove_rules(bench.netlink);
    g_free(own_network_run("ip link del up0"));
    bench_stop(&bench);
}

static void
test_default_interface(void)
{
    Bench bench;
    bench_start(&bench);
    g_assert_cmpint(netlink_default_interface(bench.netlink), ==, 0);
    g_free(own_network_run(
        "for n in 1 2; do ip link add up$n index 10$n type veth peer name peer$n && ip link set "
        "up$n up || exit 1; "
        "done; ip address add 198.51.100.2/24 dev up1 && ip address add 203.0.113.2/24 dev up2; "
        "ip route add default via 198.51.100.1 metric 100 && "
        "ip route add default via 203.0.113.1 metric 50"));
    g_assert_cmpint(netlink_default_interface(bench.netlink), ==, 102);
    InetAddress near, nowhere;
    g_assert_true(inet_address_parse("198.51.100.7", &near));
    g_assert_cmpint(netlink_route_interface(bench.netlink, &near, 0), ==, 101);
    g_assert_true(netlink_is_on_link(bench.netlink, &near, 0));
    g_free(own_network_run("ip link set up1 arp off")); /* as what has no neighbours */
    g_assert_false(netlink_is_on_link(bench.netlink, &near, 0));
    g_assert_true(inet_address_parse("192.0.2.7", &near));
    g_assert_false(netlink_is_on_link(bench.netlink, &near, 0));
    g_assert_cmpint(netlink_route_interface(bench.netlink, &near, 0), ==, 102);
    g_assert_true(inet_address_parse("2001:db8::1", &nowhere));
    g_assert_false(netlink_is_on_link(bench.netlink, &nowhere, 0));
    g_assert_cmpint(netlink_route_interface(bench.netlink, &nowhere, 0), ==, 0);
    /* Our own is no outer link. */
    set_addresses(&bench, "10.77.0.10");
    set_routes(&bench, "0.0.0.0/0", "10.77.0.10");
    g_assert_cmpint(netlink_default_interface(bench.netlink), ==, 102);
    /* After an error, and where a mark leads elsewhere. */
    g_assert_true(netlink_add_rules(bench.netlink, NULL));
    g_assert_cmpint(netlink_route_interface(bench.netlink, &near, 0), ==, bench.tun.ifindex);
    g_assert_cmpint(netlink_route_interface(bench.netlink, &near, mark_for(1)), ==, 102);
    netlink_remove_rules(bench.netlink);
    g_free(own_network_run("ip link del up1; ip link del up2"));
    bench_stop(&bench);
}

static void
test_ipv6_switched_off(void)
{
    Bench bench;
    bench_start(&bench);
    g_free(own_network_run("echo 1 >/proc/sys/net/ipv6/conf/ginnel0/disable_ipv6"));
    set_addresses(&bench, "2001:db8:77::10/128 10.77.0.10/32");
    set_routes(&bench, "2001:db8:99::/64 10.99.0.0/24", "10.77.0.10 2001:db8:77::10");
    assert_seen(SHOW_ADDRESSES, "10.77.0.10/32\n");
    assert_seen(SHOW_ROUTES " | cut -d ' ' -f 1", "10.99.0.0/24\n");
    bench_stop(&bench);
}

static void
test_no_such_link(void)
{
    Bench bench;
    g_autoptr(GError) error = NULL;
    bench_start(&bench);
    g_autoptr(GArray) addresses = prefixes("10.77.0.10");
    g_assert_false(netlink_set_addresses(bench.netlink, 9999, addresses, &error));
    g_assert_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "10.77.0.10"));
    g_clear_error(&error);
    g_assert_false(netlink_set_routes(bench.netlink, 9999, addresses, addresses, &error));
    g_assert_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED);
    bench_stop(&bench);
}

int
main(int argc, char **argv)
{
    own_network_enter();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/netlink/link-up", test_link_up);
    g_test_add_func("/system/netlink/no-link-local-address", test_no_link_local_address);
    g_test_add_func("/system/netlink/addresses", test_addresses);
    g_test_add_func("/system/netlink/routes", test_routes);
    g_test_add_func("/system/netlink/routes-of-others-stay", test_routes_of_others_stay);
    g_test_add_func("/system/netlink/rules", test_rules);
    g_test_add_func("/system/netlink/rules-of-others-stay", test_rules_of_others_stay);
    g_test_add_func("/system/netlink/where-packets-go", test_where_packets_go);
    g_test_add_func("/system/netlink/default-interface", test_default_interface);
    g_test_add_func("/system/netlink/ipv6-switched-off", test_ipv6_switched_off);
    g_test_add_func("/system/netlink/no-such-link", test_no_such_link);
    return g_test_run();
}
