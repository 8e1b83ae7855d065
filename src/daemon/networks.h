/*
 * Which network this machine is in, what is known of it, and when it changes: another network, or
 * the end of a sleep. The knowledge lies in the state directory.
 */
#pragma once
#include "system/netlink.h"

#include <gio/gio.h>

typedef struct _Networks Networks;

/* netlink: borrowed. changed: outer sockets may be stale. */
Networks *networks_new(GDBusConnection *bus, Netlink *netlink, void (*changed)(gpointer user_data),
                       gpointer user_data);
void networks_free(Networks *networks);
/* Of the network that we are in now: is UDP to that gateway known to be blocked? */
bool networks_udp_is_blocked(Networks *networks, const char *gateway);
void networks_learn(Networks *networks, const char *gateway, bool udp_blocked, uint32_t path_mtu);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Networks, networks_free)
