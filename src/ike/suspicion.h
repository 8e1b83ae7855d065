/* Whether the gateway still knows us: see suspicion.c. Inside src/ike only. */
#pragma once
#include "ike/engine-private.h"

void suspicion_request_sent(IkeEngine *engine, const IkeSa *sa);
void suspicion_alive(IkeEngine *engine);
void suspicion_traffic_seen(IkeEngine *engine);
void suspicion_traffic_sent(IkeEngine *engine);
/* A liveness check is due. */
bool suspicion_wants_check(const IkeEngine *engine);
Instant suspicion_deadline(const IkeEngine *engine);
void suspicion_check(IkeEngine *engine);
/* N(QUICK_CRASH_DETECTION) of a protected message. */
void suspicion_take_token(Secret **token, const IkeMessage *message);
/* A message in clear. */
void suspicion_received(IkeEngine *engine, const IkeMessage *message);
