#include "config.h"

#include "system/tun-device.h"

#include "system/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

bool
tun_device_create(TunDevice *device, GError **error)
{
    struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
    g_strlcpy(request.ifr_name, "ginnel%d", sizeof request.ifr_name);
    device->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (device->fd < 0)
        return fail(error, "/dev/net/tun");
    if (ioctl(device->fd, TUNSETIFF, &request) == 0 && finish(device, &request, error))
        return true;
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
    return true;
}

void
tun_device_clear(TunDevice *device)
{
    if (device->fd >= 0)
        close(device->fd);
    *device = (TunDevice){ .fd = -1 };
}
