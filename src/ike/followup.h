/*
 * A chain of additional key exchanges behind CREATE_CHILD_SA, of either side: what was agreed on,
 * and the secrets so far. The SA is made when the last one is done (RFC 9370, section 2.2.4).
 */
#pragma once
#include "base/instant.h"
#include "ike/child-sa.h"
#include "ike/keymat.h"

typedef struct {
    IkeSuite suite;
    GBytes *nonce_i, *nonce_r;
    Secret *shared;        /* of CREATE_CHILD_SA's own KE payloads */
    GPtrArray *secrets;    /* Secret, of the additional ones that are done */
    GBytes *link;          /* what the next request carries; NULL: none yet */
    Instant expires_at;    /* the peer's chain: not taken up again after that */
    Secret *crash_token;   /* the answer's, for the new IKE SA (RFC 6290); NULL: none */
    uint64_t spi_i, spi_r; /* of an IKE SA */
    /* Of a Child SA; old_spi: our inbound SPI of the one to be replaced, 0: none. */
    uint32_t spi_in, spi_out, old_spi;
    GArray *local_ts, *remote_ts;
} IkeFollowup;

/* Refers to the nonces, takes shared. */
IkeFollowup *ike_followup_new(const IkeSuite *suite, GBytes *nonce_i, GBytes *nonce_r,
                              Secret *shared);
/* The same for the Child SA of material, the selectors copied. shared: material's, taken. */
IkeFollowup *ike_followup_new_child(const ChildSaMaterial *material, uint32_t old_spi,
                                    Secret *shared);
void ike_followup_free(IkeFollowup *chain);
/* The method of the next one; KE_NONE: that was the last. */
uint16_t ike_followup_next(const IkeFollowup *chain);
/* One more is done; takes secret. */
void ike_followup_add(IkeFollowup *chain, Secret *secret);
/* For the Child SA, borrowed from chain. */
ChildSaMaterial ike_followup_material(const IkeFollowup *chain, bool we_initiated);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IkeFollowup, ike_followup_free)
