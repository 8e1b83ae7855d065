/*
 * Is anything revoked on the gateway's path? Takes what the gateway brought along first (RFC 4806),
 * then asks whom the certificates name: OCSP before CRLs, over http, through ginneld. Judging is
 * src/crypto's. Soft: only what is known to be revoked is refused; strict: also what nobody could
 * tell of.
 */
#pragma once
#include "crypto/rng.h"
#include "ike/engine.h"
#include "tunnel/requests.h"

#define REVOCATION_CACHE_SIZE  8                     /* certificates that are known to be good */
#define REVOCATION_CACHE_S     3600                  /* at most so long */
#define REVOCATION_MAX_FETCHES 6                     /* for one path */
#define REVOCATION_TIME_TO_ASK (8 * DURATION_SECOND) /* afterwards nobody else is asked */

/* Lives as long as the process. */
typedef struct _RevocationCache RevocationCache;
RevocationCache *revocation_cache_new(void);
void revocation_cache_free(RevocationCache *cache);

typedef struct _RevocationCheck RevocationCheck;
/* Once, within revocation_check_run or later; the check may be freed in it. */
typedef void (*RevocationChecked)(uint32_t serial, const IkeCredential *credential,
                                  gpointer user_data);

/* event: who is asked now ("revocation-asked", the URL), or that nobody could say, and it goes on
 * all the same ("revocation-unknown", why). */
typedef void (*RevocationTold)(const char *event, const char *text, gpointer user_data);

/* Borrowed, and to outlive the check: requests, cache, rng. wanted: of kind REVOCATION; wall_clock:
 * Unix seconds now. */
RevocationCheck *revocation_check_new(Requests *requests, RevocationCache *cache, Rng *rng,
                                      const IkeCredentialRequest *wanted, bool strict,
                                      int64_t wall_clock, RevocationChecked checked,
                                      RevocationTold told, gpointer user_data);
void revocation_check_run(RevocationCheck *check);
/* What it still asks is not delivered. */
void revocation_check_free(RevocationCheck *check);
