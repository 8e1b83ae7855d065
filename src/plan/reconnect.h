/*
 * Whether and when a session that was lost, or never came to be, is tried again. Pure.
 */
#pragma once
#include "base/instant.h"

#include <stdbool.h>

typedef enum {
    RECONNECT_TRANSIENT, /* nobody answered, the network went, the gateway restarted */
    RECONNECT_PERMANENT, /* refused, forged, misconfigured: trying again changes nothing */
    RECONNECT_REQUESTED, /* the user wants it down */
} ReconnectCause;

typedef struct {
    bool was_up;       /* this tunnel has been connected since it was activated */
    unsigned failures; /* tries that failed since it was last connected */
} ReconnectState;

/* False: give up. A first connect is not repeated, because somebody waits for its outcome. After
 * that transient failures are repeated for ever, permanent ones three times (gateways answer
 * nonsense while they restart): at once, then after 1, 2, 4 ... 60 s. */
bool reconnect_decide(const ReconnectState *state, ReconnectCause cause, Duration *wait);
