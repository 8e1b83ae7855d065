/*
 * What the engine remembers of one Child SA; its keys go out with INSTALL_CHILD and are not kept
 * (RFC 7296, section 2.8).
 */
#pragma once
#include "base/inet.h"
#include "base/instant.h"
#include "ike/engine.h"
#include "ike/keymat.h"

/* Those in use, their successors from both sides, and those on their way out. */
#define CHILD_SA_MAX 40

typedef enum {
    CHILD_SA_INSTALLED,
    CHILD_SA_REKEYED,  /* replaced; whoever made the successor deletes it */
    CHILD_SA_DELETING, /* ours to delete: at delete_at, or our DELETE is under way */
    CHILD_SA_GONE,     /* deleted at both ends; packets that are under way are still taken */
} ChildSaState;

/* By octets or packets. */
typedef struct {
    uint64_t soft, urgent, hard;
} ChildLimit;

typedef struct {
    uint32_t spi_in, spi_out; /* spi_in is what we chose */
    ChildSaState state;
    Instant rekey_at, urgent_at, hard_at; /* see lifetime */
    ChildLimit octets, packets;
    Instant delete_at;  /* DELETING: when our DELETE is due */
    Instant expires_at; /* of a replaced one that its peer forgets to delete; GONE: the end */
    bool delete_sent;
    /* The gateway began its rekeying and may not have our answer, so that it does not know it yet:
     * SPIi of the IKE SA on which its next request shows that it has. 0: it has. */
    uint64_t unconfirmed_on;
    bool retired; /* RETIRE_CHILD was said */
    GArray *local_ts, *remote_ts;
} ChildSa;

/* What one exchange about a Child SA has gathered on our side. */
typedef struct {
    IkeSuite suite;
    uint32_t spi_in, spi_out;
    bool we_initiated; /* the exchange: decides which keys are inbound */
    GBytes *nonce_i, *nonce_r;
    const Secret *shared;         /* NULL without a key exchange of its own */
    const GPtrArray *additional;  /* Secret of additional key exchanges; NULL: none */
    GArray *local_ts, *remote_ts; /* borrowed */
} ChildSaMaterial;

ChildSa *child_sa_new(const ChildSaMaterial *material);
void child_sa_free(ChildSa *child);
/* INSTALL_CHILD's value: keys by direction. NULL when the suite is none that we know. */
IkeChild *child_sa_make_output(const ChildSaMaterial *material, uint16_t prf, const Secret *sk_d);
void ike_child_free(IkeChild *child);
/* A TrafficSelector array of its own. */
GArray *child_sa_copy_selectors(const GArray *selectors);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ChildSa, child_sa_free)
