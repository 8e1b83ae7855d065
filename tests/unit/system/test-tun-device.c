/* TUN devices in a network of the test's own. */
#include "system/tun-device.h"

#include "base/offloads.h"
#include "own-network.h"
#include "system/error.h"

#include <fcntl.h>
#include <glib.h>
#include <net/if.h>
#include <unistd.h>

static void
test_create(void)
{
    TunDevice one, two;
    g_autoptr(GError) error = NULL;
    g_assert_true(tun_device_create(&one, true, &error));
    g_assert_true(tun_device_create(&two, false, &error));
    g_assert_cmpstr(one.name, ==, "ginnel0");
    g_assert_cmpstr(two.name, ==, "ginnel1");
    g_assert_cmpuint(if_nametoindex("ginnel1"), ==, (guint)two.ifindex);
    g_assert_true((fcntl(one.fd, F_GETFD) & FD_CLOEXEC) != 0);
    g_assert_true((fcntl(one.fd, F_GETFL) & O_NONBLOCK) != 0);
    g_assert_cmpuint(one.offloads & (TUN_OFFLOAD_HEADER | TUN_OFFLOAD_TCP), ==,
                     TUN_OFFLOAD_HEADER | TUN_OFFLOAD_TCP);
    g_assert_cmpuint(two.offloads, ==, 0);
    tun_device_clear(&one);
    tun_device_clear(&two);
}

static void
test_vanishes(void)
{
    TunDevice device;
    g_assert_true(tun_device_create(&device, true, NULL));
    tun_device_clear(&device);
    g_assert_cmpint(device.fd, ==, -1);
    g_assert_cmpuint(if_nametoindex("ginnel0"), ==, 0);
    tun_device_clear(&device);
}

/* A descriptor that outlived its process. */
static void
test_adopt(void)
{
    TunDevice made, adopted;
    g_assert_true(tun_device_create(&made, true, NULL));
    int kept = dup(made.fd);
    int ifindex = made.ifindex;
    unsigned made_offloads = made.offloads;
    tun_device_clear(&made);
    g_assert_true(tun_device_adopt(&adopted, kept, NULL));
    g_assert_cmpstr(adopted.name, ==, "ginnel0");
    g_assert_cmpint(adopted.ifindex, ==, ifindex);
    g_assert_cmpint(adopted.fd, ==, kept);
    g_assert_cmpuint(adopted.offloads, ==, made_offloads);
    tun_device_clear(&adopted);
}

static void
test_adopt_something_else(void)
{
    TunDevice device;
    g_autoptr(GError) error = NULL;
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    g_assert_false(tun_device_adopt(&device, fd, &error));
    g_assert_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED);
    g_assert_cmpint(close(fd), ==, 0);
}

int
main(int argc, char **argv)
{
    own_network_enter();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/tun-device/create", test_create);
    g_test_add_func("/system/tun-device/vanishes", test_vanishes);
    g_test_add_func("/system/tun-device/adopt", test_adopt);
    g_test_add_func("/system/tun-device/adopt-something-else", test_adopt_something_else);
    return g_test_run();
}
