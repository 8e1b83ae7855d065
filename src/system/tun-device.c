#include "config.h"

#include "system/tun-device.h"

#include "base/offloads.h"
#include "system/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* From Linux 6.2 on. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static bool
fail(GError **error, const char *what)
{
    g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED, "%s: %s", what, g_strerror(errno));
    return false;
}

static bool
finish(TunDevice *device, const struct ifreq *request, GError **error)
{
    g_strlcpy(device->name, request->ifr_name, sizeof device->name);
    device->ifindex = (int)if_nametoindex(device->name);
    return device->ifindex > 0 || fail(error, device->name);
}

/* What the kernel takes of them; the fewer, the slower, but every packet passes. */
static unsigned
set_offloads(int fd)
{
    unsigned long tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
    if (ioctl(fd, TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6) == 0)
        return TUN_OFFLOAD_HEADER | TUN_OFFLOAD_TCP | TUN_OFFLOAD_UDP;
    if (ioctl(fd, TUNSETOFFLOAD, tcp) == 0)
        return TUN_OFFLOAD_HEADER | TUN_OFFLOAD_TCP;
    return TUN_OFFLOAD_HEADER;
}

bool
tun_device_create(TunDevice *device, bool offloads, GError **error)
{
    struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
    if (offloads)
        request.ifr_flags |= IFF_VNET_HDR;
    g_strlcpy(request.ifr_name, TUN_DEVICE_PREFIX "%d", sizeof request.ifr_name);
    device->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (device->fd < 0)
        return fail(error, "/dev/net/tun");
    device->offloads = 0;
    if (ioctl(device->fd, TUNSETIFF, &request) == 0 && finish(device, &request, error)) {
        device->offloads = offloads ? set_offloads(device->fd) : 0;
        return true;
    }
    if (error != NULL && *error == NULL)
        fail(error, "cannot make a TUN device");
    tun_device_clear(device);
    return false;
}

bool
tun_device_adopt(TunDevice *device, int fd, GError **error)
{
    struct ifreq request = { 0 };
    if (ioctl(fd, TUNGETIFF, &request) < 0)
        return fail(error, "not a TUN device");
    if (!finish(device, &request, error))
        return false;
    device->fd = fd;
    device->offloads = (request.ifr_flags & IFF_VNET_HDR) != 0 ? set_offloads(fd) : 0;
    return true;
}

void
tun_device_clear(TunDevice *device)
{
    if (device->fd >= 0)
        close(device->fd);
    *device = (TunDevice){ .fd = -1 };
}
