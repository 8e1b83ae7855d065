/*
 * IntAuth: what IKE_INTERMEDIATE exchanges add to the octets that AUTH is made over (RFC 9242,
 * section 3.3.2). Computed over whole messages in clear, whether or not they travel in fragments.
 */
#pragma once
#include "ike/message.h"

/* IntAuth_n = prf(SK_p, previous | A | P); previous NULL for the first. message: one of ours before
 * it is sealed, or one of the peer's that was opened. NULL: no such message. */
GBytes *int_auth_next(uint16_t prf, const Secret *sk_p, GBytes *previous,
                      const IkeMessage *message);
/* IntAuth = IntAuth_i | IntAuth_r | message ID of the first IKE_AUTH request. */
GBytes *int_auth_finish(GBytes *int_auth_i, GBytes *int_auth_r, uint32_t auth_message_id);
