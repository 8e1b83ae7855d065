/* Addresses of a gateway's name, asked of systemd-resolved over the outer link, so that a gateway
 * below its own inside domain is found while that domain is pinned to the tunnel. */
#pragma once
#include "base/inet.h"

#include <gio/gio.h>

#define GATEWAY_NAME_MAX_ADDRESSES 8

/* name: a name or an address. ifindex: the outer link, 0 for any. Result: GArray of InetAddress,
 * IPv6 and IPv4 taking turns (RFC 8305, section 4). SYSTEM_ERROR_NOT_FOUND or _UNAVAILABLE. */
void gateway_name_resolve_async(GDBusConnection *bus, const char *name, int ifindex,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data);
/* found (InetAddress) in that order, as many as count. */
GArray *gateway_name_interleave(const GArray *found);
GArray *gateway_name_resolve_finish(GAsyncResult *result, GError **error);
