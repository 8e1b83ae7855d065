/* What ginnel-relay is told on its command line. */
#pragma once
#include "relay/relay.h"

typedef struct {
    RelayOptions relay;
    char **listen, **tls_listen; /* as given; NULL: not */
    char **gateways, **proxies, **source_pools;
    char *certificate, *key, *metrics_file, *metrics_socket;
    gint max_connections, max_per_client, rate, idle_timeout, prefix_timeout, drain, max_memory,
        mark;
    gboolean transparent, version;
} Arguments;

/* False with an error that names the option. With --version nothing else is looked at. */
bool arguments_parse(Arguments *arguments, int *argc, char ***argv, GError **error);
void arguments_clear(Arguments *arguments);
/* "192.0.2.1", "192.0.2.1:4500", "[2001:db8::1]:4500", "2001:db8::1". */
bool endpoint_parse(const char *text, uint16_t default_port, InetEndpoint *out, GError **error);
