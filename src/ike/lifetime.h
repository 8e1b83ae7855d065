/* Lifetimes of the engine's SAs: see lifetime.c. Inside src/ike only. */
#pragma once
#include "ike/engine-private.h"

/* A new IKE SA, a new Child SA, a new authentication begins. */
void lifetime_start_sa(IkeEngine *engine, IkeSa *sa);
void lifetime_start_child(IkeEngine *engine, ChildSa *child, bool esn);
void lifetime_start_authentication(IkeEngine *engine);
/* AUTH_LIFETIME (RFC 4478). */
void lifetime_note_auth_lifetime(IkeEngine *engine, Duration lifetime);
/* REPLACE, unless it was said already. */
void lifetime_ask_replace(IkeEngine *engine, const char *why);
/* The gateway could not do it now; and: it could (RFC 7296, section 2.25). */
void lifetime_temporary_failure(IkeEngine *engine);
void lifetime_succeeded(IkeEngine *engine);
void lifetime_child_used(IkeEngine *engine, ChildSa *child, uint64_t packets, uint64_t octets);
/* What is over is replaced or ended. */
void lifetime_check(IkeEngine *engine);
Instant lifetime_deadline(const IkeEngine *engine);
