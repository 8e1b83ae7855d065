/*
 * Packets that came one after the other and stop at once: either the flow is over, or the path is
 * dead and a pure download would wait for the sender's patience. Looks are only due while packets
 * flow: an idle tunnel costs nothing. Pure.
 */
#pragma once
#include "base/instant.h"

#include <stdbool.h>

typedef struct {
    Instant look_at; /* INSTANT_NEVER: nothing flows */
    Duration interval;
    uint64_t seen;
    bool flowing;
} FlowWatch;

void flow_watch_init(FlowWatch *watch);
/* A packet of ours left; count: of packets that came, so far. */
void flow_watch_wake(FlowWatch *watch, uint64_t count, Instant now);
/* At look_at, or later. True: a flow has stopped. */
bool flow_watch_look(FlowWatch *watch, uint64_t count, Instant now);
/* It was over, and nothing else: the next look has more patience. */
void flow_watch_false_alarm(FlowWatch *watch);
/* Another path. */
void flow_watch_moved(FlowWatch *watch);
