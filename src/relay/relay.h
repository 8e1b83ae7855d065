/*
 * Hands what comes on IKETCP streams, in the clear or inside TLS, to gateways that speak only UDP,
 * and back: one UDP socket for each stream, one thread, everything bounded. It sees no keys of IKE
 * and changes no packet. RFC 9329, sections 3, 4, 6 and appendix A.
 */
#pragma once
#include "base/inet.h"
#include "base/instant.h"

#include <glib.h>
#include <stdbool.h>

#define RELAY_MAX_GATEWAYS 64
#define RELAY_MAX_PROXIES  16
#define RELAY_MIN_MEMORY   (1024 * 1024) /* of max_memory */

typedef struct {
    InetEndpoint gateways[RELAY_MAX_GATEWAYS]; /* UDP; which one is told by the IKE SPI */
    unsigned n_gateways;
    unsigned max_connections;
    unsigned max_per_client;     /* from one address; IPv6: from one /64 */
    unsigned max_rate;           /* accepted a second */
    uint64_t max_memory;         /* octets that wait, of all streams */
    Duration idle_timeout;       /* without a packet in either direction */
    Duration prefix_timeout;     /* for all that comes before the first packet, and that */
    Duration drain_time;         /* over which the streams are closed at the end; 0: at once */
    bool transparent;            /* towards the gateway with the client's address and port */
    uint32_t mark;               /* of the sockets towards the gateways; 0: none */
    InetPrefix source4, source6; /* a client's source address is one of these; family 0: ours */
    InetPrefix proxies[RELAY_MAX_PROXIES]; /* who begins with a PROXY header, always */
    unsigned n_proxies;
    const char *certificate, *key; /* PEM files of TLS; borrowed */
    const char *metrics_file;      /* borrowed; NULL: none */
} RelayOptions;

typedef struct {
    uint64_t accepted, refused, closed, broken, timed_out, drained;
    uint64_t packets_in, packets_out, dropped;
    uint64_t octets_in, octets_out;
    uint64_t tls_accepted, tls_resumed, tls_failed;
    uint64_t kept, most_kept_in_all; /* octets that wait: now, and at most */
    uint64_t most_kept;              /* for one client at a time */
    unsigned connections;
} RelayStatistics;

typedef enum { RELAY_LISTEN_PLAIN, RELAY_LISTEN_TLS, RELAY_LISTEN_METRICS } RelayListen;

typedef struct _Relay Relay;

/* Runs in an event loop of its own. */
Relay *relay_new(const RelayOptions *options, GError **error);
void relay_free(Relay *relay);
/* A listening socket, of TCP or of the Unix domain for RELAY_LISTEN_METRICS; taken. */
bool relay_add_listener(Relay *relay, int fd, RelayListen what, GError **error);
/* Makes one. */
bool relay_listen(Relay *relay, const InetEndpoint *endpoint, RelayListen what, GError **error);
bool relay_listen_metrics(Relay *relay, const char *path, GError **error);
/* Until relay_stop has drained it, SIGTERM or SIGINT too; a second one ends it at once. SIGHUP
 * reads the certificate again. */
bool relay_run(Relay *relay, GError **error);
void relay_stop(Relay *relay);
const RelayStatistics *relay_statistics(const Relay *relay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Relay, relay_free)
