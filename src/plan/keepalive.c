#include "plan/keepalive.h"

#define INTERVAL_NAT    (20 * DURATION_SECOND) /* RFC 3948, section 4 */
#define INTERVAL_NO_NAT (25 * DURATION_SECOND) /* stateful firewalls forget too */

Instant
keepalive_next(Instant now, bool nat, Instant message_at)
{
    Instant at = instant_after(now, nat ? INTERVAL_NAT : INTERVAL_NO_NAT);
    bool close_behind = message_at > at && message_at <= instant_after(at, KEEPALIVE_SLACK);
    return close_behind ? message_at : at;
}
