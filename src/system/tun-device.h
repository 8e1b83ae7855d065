/* TUN devices: made, recognised, named. They vanish with the last descriptor. */
#pragma once
#include <glib.h>
#include <stdbool.h>

#define TUN_DEVICE_PREFIX "ginnel"

typedef struct {
    int fd; /* -1: none */
    char name[16];
    int ifindex;
    unsigned offloads; /* TUN_OFFLOAD_* of base/offloads.h */
} TunDevice;

/* A new device "ginnelN", down, without addresses. offloads: as many as the kernel has; else it
 * passes single packets and nothing else. */
bool tun_device_create(TunDevice *device, bool offloads, GError **error);
/* The device behind a descriptor that was kept. fd stays the caller's until this succeeds. */
bool tun_device_adopt(TunDevice *device, int fd, GError **error);
void tun_device_clear(TunDevice *device);
