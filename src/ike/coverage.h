/* Several Child SAs: see coverage.c. Inside src/ike only. */
#pragma once
#include "ike/engine-private.h"

/* The first Child SA is there. */
void coverage_start(IkeEngine *engine);
/* Number, from 1, of a configured selector that no Child SA reaches and that is worth a request; 0:
 * none. */
unsigned coverage_missing(const IkeEngine *engine);
/* Would a Child SA to remote_ts reach something that is not reached yet? */
bool coverage_wants(const IkeEngine *engine, const GArray *remote_ts);
/* What to ask for in TSr: missing, or what replaces old. */
GArray *coverage_selectors(IkeEngine *engine, const ChildSa *old, unsigned missing);
void coverage_refused(IkeEngine *engine, unsigned missing, uint16_t error);
