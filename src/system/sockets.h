/* Outer sockets: marked, connected to one gateway endpoint, non-blocking, handed to a tunnel
 * process. And where systemd listens for our helpers. */
#pragma once
#include "base/inet.h"

#include <stdbool.h>

/* What the route of a connected socket allows in one packet; 0 where the kernel does not say. */
uint32_t socket_path_mtu(int fd);
/* stream: TCP, its connect under way. source_port 0: any. -1 with an errno in *code. */
int socket_to_gateway(const InetEndpoint *gateway, bool stream, uint32_t mark, uint16_t source_port,
                      int *code);
/* From now on over this interface only. Where two default routes stand in one table, as
 * NetworkManager has them, a route that comes later cannot carry the socket away. 0 or an errno. */
int socket_bind_interface(int fd, int interface);
/* A UDP socket and a listening TCP socket at the endpoint's address, on its port, or where that is
 * 0 on one of the kernel's choice, which is written to it. The address may come later. */
bool sockets_listen_pair(InetEndpoint *at, int *udp, int *tcp, GError **error);
/* Connected to where systemd listens for this unit, which starts a process for it; -1 with error.
 */
int socket_to_unit(const char *path, const char *unit, GError **error);
