/*
 * One IKE SA: its keys, message IDs, and what of ours is under way on it (RFC 7296, sections 2.1 to
 * 2.3, 2.8). Seals and opens messages; which message means what is in transitions and proc-*.
 */
#pragma once
#include "crypto/kex.h"
#include "ike/engine.h"
#include "ike/followup.h"
#include "ike/keymat.h"
#include "ike/message.h"
#include "ike/retransmit.h"
#include "ike/window.h"

#define IKE_SA_NONCE_LENGTH 32 /* octets; half of the longest PRF key (RFC 7296, section 2.10) */

/* procedure, initiator, exchange: what of ours is under way, since the window is 1. What the peer
 * asks is answered at once and needs no state, but for the DELETE that it owes us after a rekey;
 * what it has begun in several exchanges is peer_child and peer_ike. */
typedef enum {
    SA_CREATE_LOCAL_RESUME,       /* IKE_SESSION_RESUME request sent */
    SA_CREATE_LOCAL_INIT,         /* IKE_SA_INIT request sent */
    SA_CREATE_LOCAL_ANSWERED,     /* waits for ike_engine_authenticate */
    SA_CREATE_LOCAL_INTERMEDIATE, /* IKE_INTERMEDIATE request sent */
    SA_CREATE_LOCAL_PPK,          /* waits for the keys that the caller mixes the PPK into */
    SA_CREATE_LOCAL_SIGN,         /* waits for our AUTH from the caller */
    SA_CREATE_LOCAL_AUTH,         /* IKE_AUTH request sent */
    SA_CREATE_LOCAL_VERIFY,       /* waits for the caller's word on the gateway's AUTH */
    SA_CREATE_LOCAL_EAP_ASK,      /* waits for the caller's EAP method */
    SA_CREATE_LOCAL_EAP,          /* IKE_AUTH request with EAP, or the next round's IDi, sent */
    SA_CREATE_LOCAL_EAP_DONE,     /* IKE_AUTH request with the AUTH after EAP sent */
    SA_ESTABLISHED,               /* nothing under way */
    SA_LIVENESS_LOCAL_INFORMATIONAL,
    SA_REKEY_CHILD_LOCAL_CREATE,
    SA_CREATE_CHILD_LOCAL_CREATE,  /* a Child SA instead of one that the gateway took away */
    SA_REKEY_CHILD_LOCAL_FOLLOWUP, /* IKE_FOLLOWUP_KE behind either of these */
    SA_DELETE_CHILD_LOCAL_INFORMATIONAL,
    SA_REKEY_IKE_LOCAL_CREATE,
    SA_REKEY_IKE_LOCAL_FOLLOWUP,
    SA_REKEY_IKE_LOCAL_DELETE,  /* on the old SA, after our rekey */
    SA_REKEY_IKE_REMOTE_DELETE, /* on the old SA, after the gateway's rekey: it owes us a DELETE */
    SA_DELETE_IKE_LOCAL_INFORMATIONAL,
    SA_CLOSED,
} IkeSaState;

#define SA_STATE(state) (1u << (state))

const char *ike_sa_state_to_string(IkeSaState state);

/* What the answer to our request under way will be read with. */
typedef struct {
    Kex *kex;
    GBytes *nonce;            /* ours */
    IkeProposalList *offered; /* what was in SA */
    uint32_t child_spi;       /* of the Child SA that is to be */
    uint32_t old_child_spi;   /* our inbound SPI of the one to be replaced or deleted */
    uint64_t ike_spi;         /* of the IKE SA that is to be */
    unsigned missing;         /* see coverage: the selector that a Child SA is made for */
    unsigned rounds;          /* COOKIE and INVALID_KE_PAYLOAD so far */
    IkeFollowup *chain;       /* behind CREATE_CHILD_SA; NULL: there is none */
    /* The peer rekeys the same SA at the same time (RFC 7296, sections 2.8.1 and 2.8.2). */
    GBytes *rival_nonce; /* the lower of its exchange's two; NULL: it does not */
    uint64_t rival_spi;  /* SPIi of the IKE SA that it made, our SPI of the Child SA */
} IkeExchange;

void ike_exchange_clear(IkeExchange *exchange);

typedef struct {
    uint64_t spi_i, spi_r;
    bool original_initiator; /* are we "i" of its keys and SPIs? (RFC 7296, section 2.18) */
    IkeSaState state;
    IkeSuite suite;
    IkeKeys keys;
    Aead *aead_in;
    PayloadSkSealer sealer;
    bool fragmentation;   /* both sides announced it (RFC 7383, section 2.3) */
    size_t fragment_size; /* of our messages over datagrams; falls where larger ones get lost */
    IkeMessage *request;  /* ours under way, to be cut smaller; NULL without fragmentation */
    Window window;
    Retransmit retransmit;
    IkeFragmentBuffer *requests;  /* fragments of the peer's next request */
    IkeFragmentBuffer *responses; /* of the response to ours */
    IkeExchange exchange;
    /* What the peer has begun, one of each kind; NULL: nothing. See proc-followup. */
    IkeFollowup *peer_child, *peer_ike;
    Instant rekey_at;    /* when we rekey it; INSTANT_NEVER for a replaced one */
    Secret *crash_token; /* that only the gateway can know (RFC 6290); NULL: it gave none */
    Instant urgent_at;   /* REPLACE, since no rekeying came about */
    Instant hard_at;     /* it ends */
    Instant retry_at;    /* after TEMPORARY_FAILURE: not before this */
    Instant expires_at;  /* of a replaced one whose DELETE does not come */
} IkeSa;

/* By us, and not to the end yet. */
static inline bool
ike_sa_is_rekeyed(const IkeSa *sa)
{
    return sa->state == SA_REKEY_IKE_LOCAL_CREATE || sa->state == SA_REKEY_IKE_LOCAL_FOLLOWUP;
}

IkeSa *ike_sa_new(uint64_t spi_i, uint64_t spi_r, bool original_initiator);
void ike_sa_free(IkeSa *sa);
/* Takes keys (emptied) and sets up both directions, in place of those that were there; false where
 * the suite is unusable. */
bool ike_sa_set_keys(IkeSa *sa, const IkeSuite *suite, IkeKeys *keys, Rng *rng);
/* A message with the SA's header: our next request, or a response to message_id. */
IkeMessage *ike_sa_new_request(const IkeSa *sa, uint8_t exchange);
IkeMessage *ike_sa_new_response(const IkeSa *sa, uint8_t exchange, uint32_t message_id);
/* Sealed, in fragments where that is agreed and max_length (0: no limit) asks for it. NULL: failed.
 */
GPtrArray *ike_sa_seal(IkeSa *sa, const IkeMessage *message, size_t max_length);
/* Is the sealed message authentic? Without reading it: for a repeated request. */
bool ike_sa_is_authentic(const IkeSa *sa, const IkeMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IkeSa, ike_sa_free)
