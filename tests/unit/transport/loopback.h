/* Pairs of connected sockets on loopback, without waiting by the clock. */
#pragma once
#include "transport/transport.h"

/* Both connected to each other, non-blocking. */
void loopback_udp_pair(int fds[2]);
/* fds[0] has connected, fds[1] was accepted; both non-blocking. */
void loopback_tcp_pair(int fds[2]);
/* Until poll says so; a test that waits for nothing ends by g_error. */
void loopback_wait(int fd, short events);
/* All of length octets. */
void loopback_write(int fd, const void *data, size_t length);
