/*
 * When the next keepalive leaves that an address translation or a firewall on the way needs to
 * remember us (RFC 3948, section 4). Pure.
 */
#pragma once
#include "base/instant.h"

#include <stdbool.h>

/* A message of ours that is due within this much does as well. */
#define KEEPALIVE_SLACK (1 * DURATION_SECOND)

/* now: something has just left. nat: behind a translation. message_at: when a message of ours is
 * due next; one that leaves at about the same time is waited for, so that the machine wakes once.
 */
Instant keepalive_next(Instant now, bool nat, Instant message_at);
