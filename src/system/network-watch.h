/*
 * Whether the networks of this machine have changed in a way that concerns sockets to a gateway:
 * addresses and default routes, other than our own. Changes that come together are told once.
 */
#pragma once
#include "system/netlink.h"

#include <glib.h>

typedef struct _NetworkWatch NetworkWatch;

/* netlink: borrowed, for looking. changed runs in the thread-default main context. */
NetworkWatch *network_watch_new(Netlink *netlink, void (*changed)(gpointer user_data),
                                gpointer user_data, GError **error);
void network_watch_free(NetworkWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NetworkWatch, network_watch_free)
