/*
 * What a load balancer writes before a client's first octet: the PROXY protocol, version 2, in its
 * binary form. Says whose connection it is; what follows the addresses is skipped.
 */
#pragma once
#include "base/inet.h"

#define PROXY_HEADER_START 16   /* octets after which the header's length is known */
#define PROXY_HEADER_MAX   4096 /* octets in all; longer ones are refused */

typedef enum {
    PROXY_HEADER_MORE,  /* *wanted: octets that are at least needed in all */
    PROXY_HEADER_DONE,  /* *wanted: its octets; *client is set */
    PROXY_HEADER_WRONG, /* refused */
} ProxyHeaderState;

/* client->address.family is INET_NONE where the balancer speaks for itself (a health check) or for
 * what has no Internet address. */
ProxyHeaderState proxy_header_parse(const uint8_t *data, size_t length, size_t *wanted,
                                    InetEndpoint *client);
