/* What the two ways to ask share. */
#pragma once
#include "crypto/revocation.h"

void revocation_unknown(RevocationVerdict *verdict, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* reason: CRLReason (RFC 5280, section 5.3.1), negative where none is given. */
void revocation_revoked(RevocationVerdict *verdict, const Certificate *certificate, int64_t when,
                        int reason);
/* Between this update and the next; next_update negative: none is given. Fills verdict and returns
 * false where not; sets until otherwise. */
bool revocation_is_current(RevocationVerdict *verdict, const char *what, int64_t this_update,
                           int64_t next_update, int64_t now);

/* What they say, whoever signed it: the second half of revocation_judge_*, for them and for tests
 * with octets that nobody signed. */
void revocation_read_crl(GBytes *crl, const Certificate *certificate, RevocationVerdict *out);
void revocation_read_ocsp(GBytes *response, const Certificate *certificate,
                          const Certificate *issuer, GBytes *nonce, int64_t now,
                          RevocationVerdict *out);
