/* What changes in a network of the test's own, and what is told of it. */
#include "system/network-watch.h"

#include "own-network.h"
#include "system/tun-device.h"

#include <glib.h>
#include <string.h>

typedef struct {
    Netlink *netlink;
    NetworkWatch *watch;
    GMainLoop *loop;
    unsigned changes;
} Bench;

static void
changed(gpointer data)
{
    Bench *bench = data;
    bench->changes++;
    g_main_loop_quit(bench->loop);
}

static void
run(const char *command)
{
    g_free(own_network_run(command));
}

static void
bench_start(Bench *bench)
{
    g_autoptr(GError) error = NULL;
    *bench = (Bench){ .netlink = netlink_new(&error), .loop = g_main_loop_new(NULL, FALSE) };
    g_assert_no_error(error);
    run("ip link add up0 type veth peer name up1 && ip link set up0 up && ip link set up1 up");
    run("ip addr add 192.0.2.10/24 dev up0");
    bench->watch = network_watch_new(bench->netlink, changed, bench, &error);
    g_assert_no_error(error);
}

static void
bench_stop(Bench *bench)
{
    network_watch_free(bench->watch);
    netlink_free(bench->netlink);
    g_main_loop_unref(bench->loop);
    run("ip link del up0");
}

static gboolean
give_up(gpointer data)
{
    g_error("no change was told within 10 s");
    return G_SOURCE_REMOVE;
}

/* After command a change is told, once. */
static void
expect_change(Bench *bench, const char *command)
{
    unsigned before = bench->changes;
    guint limit = g_timeout_add_seconds(10, give_up, NULL);
    run(command);
    g_main_loop_run(bench->loop);
    g_source_remove(limit);
    g_assert_cmpuint(bench->changes, ==, before + 1);
}

static void
test_told(void)
{
    Bench bench;
    bench_start(&bench);
    expect_change(&bench, "ip addr add 192.0.2.11/24 dev up0");
    expect_change(&bench, "ip route add default via 192.0.2.1");
    expect_change(&bench, "ip route replace default via 192.0.2.2");
    expect_change(&bench, "ip link set up0 down");
    bench_stop(&bench);
}

/* Our own device comes and goes, and a route to somewhere: what follows is the first that is told.
 */
static void
test_not_told(void)
{
    Bench bench;
    TunDevice tun;
    g_autoptr(GError) error = NULL;
    bench_start(&bench);
    g_assert_true(tun_device_create(&tun, false, &error));
    run("ip addr add 10.77.0.10/32 dev ginnel0 && ip link set ginnel0 up");
    run("ip route add 198.51.100.0/24 via 192.0.2.1");
    g_autofree char *before = netlink_fingerprint(bench.netlink);
    expect_change(&bench, "ip addr add 192.0.2.12/24 dev up0");
    tun_device_clear(&tun);
    g_autofree char *after = netlink_fingerprint(bench.netlink);
    g_assert_null(strstr(after, "10.77.0.10"));
    g_assert_cmpstr(before, !=, after);
    bench_stop(&bench);
}

static void
test_identity(void)
{
    Bench bench;
    bench_start(&bench);
    g_assert_null(netlink_network_identity(bench.netlink)); /* no default route */
    run("ip route add default via 192.0.2.1");
    g_assert_null(netlink_network_identity(bench.netlink)); /* nobody there yet */
    run("ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev up0");
    g_autofree char *hotel = netlink_network_identity(bench.netlink);
    g_assert_cmpstr(hotel, ==, "192.0.2.1 02:00:00:00:00:01");
    run("ip neigh replace 192.0.2.1 lladdr 02:00:00:00:00:02 dev up0");
    g_autofree char *home = netlink_network_identity(bench.netlink);
    g_assert_cmpstr(home, !=, hotel);
    bench_stop(&bench);
}

int
main(int argc, char **argv)
{
    own_network_enter();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/network-watch/told", test_told);
    g_test_add_func("/system/network-watch/not-told", test_not_told);
    g_test_add_func("/system/network-watch/identity", test_identity);
    return g_test_run();
}
