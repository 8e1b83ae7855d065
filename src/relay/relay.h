/*
 * Hands what comes on IKETCP streams to a gateway that speaks only UDP, and back: one UDP socket
 * for each stream, one thread, everything bounded. It sees no keys and changes no packet. RFC 9329,
 * sections 3, 4, 6.
 */
#pragma once
#include "base/inet.h"
#include "base/instant.h"

#include <glib.h>
#include <stdbool.h>

typedef struct {
    InetEndpoint gateway; /* UDP */
    unsigned max_connections;
    unsigned max_per_client; /* from one address */
    unsigned max_rate;       /* accepted a second */
    Duration idle_timeout;   /* without a packet in either direction */
    Duration prefix_timeout; /* for the prefix and the first frame */
} RelayOptions;

typedef struct {
    uint64_t accepted, refused, closed, broken, timed_out;
    uint64_t packets_in, packets_out, dropped;
    uint64_t most_kept; /* octets for one client at a time */
    unsigned connections;
} RelayStatistics;

typedef struct _Relay Relay;

/* Runs in an event loop of its own. */
Relay *relay_new(const RelayOptions *options, GError **error);
void relay_free(Relay *relay);
/* A listening TCP socket; taken. */
bool relay_add_listener(Relay *relay, int fd, GError **error);
/* Makes one. */
bool relay_listen(Relay *relay, const InetEndpoint *endpoint, GError **error);
/* Until relay_stop, SIGTERM or SIGINT. */
bool relay_run(Relay *relay, GError **error);
void relay_stop(Relay *relay);
const RelayStatistics *relay_statistics(const Relay *relay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Relay, relay_free)
