/*
 * Addresses of a gateway's name without systemd-resolved, which the lockdown does not let out:
 * asked by marked sockets at the name servers of the links outside.
 */
#pragma once
#include "base/inet.h"

#include <gio/gio.h>

#define NAME_SERVERS_MAX 8

/* Tells which servers are about to be asked (InetAddress), so that the packet filter lets them be.
 */
typedef void (*NameServersFound)(const GArray *servers, gpointer user_data);

/* As gateway_name_resolve_async, which finishes it. inside: interfaces whose servers are not asked
 * (ints). found runs with user_data of its own. */
void gateway_name_direct_async(GDBusConnection *bus, const char *name, const GArray *inside,
                               NameServersFound found, gpointer found_data,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);
/* Of lines as in resolv.conf: InetAddress, none of loopback. */
GArray *name_servers_from_text(const char *text);
