/*
 * Whether a gateway may send us to another (RFC 5685, sections 3 and 7): only where the profile
 * says so or names the other one, to unicast addresses that are not this machine or its link, and
 * not in circles. Identity and authorities stay the profile's, whoever answers.
 */
#pragma once
#include "base/inet.h"
#include "base/instant.h"

#include <stdbool.h>

#define REDIRECT_MAX    5 /* MAX_REDIRECTS (RFC 5685, section 7) */
#define REDIRECT_PERIOD (300 * DURATION_SECOND)

typedef struct {
    Instant at[REDIRECT_MAX];
    unsigned n; /* ever; at is a ring */
} RedirectHistory;

/* name: NULL where the gateway named an address; gateways: the profile's, ends with NULL. Counts
 * what is allowed. NULL: allowed; else why not, for people. */
const char *redirect_refuse(RedirectHistory *history, bool any, char **gateways, const char *name,
                            const InetAddress *address, Instant now);
/* For each address that a name turned out to have. */
bool redirect_address_is_allowed(const InetAddress *address);
