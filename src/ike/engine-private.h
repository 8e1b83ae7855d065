/*
 * What the files of the engine share: its state, and how they emit, send, fail and close. Not for
 * anybody outside src/ike.
 */
#pragma once
#include "ike/child-sa.h"
#include "ike/engine.h"
#include "ike/ike-sa.h"
#include "ike/message-rules.h"
#include "ike/nat-detection.h"
#include "ike/puzzle.h"

#define IKE_SA_MAX        6                      /* the one in use, replaced ones of both sides */
#define IKE_MAX_HASHES    16                     /* of SIGNATURE_HASH_ALGORITHMS that we remember */
#define IKE_REPLACED_WAIT (30 * DURATION_SECOND) /* for the DELETE of what was replaced */
/* Before our DELETE of a replaced Child SA, and after the end of any: for packets that the network
 * still has (RFC 7296, section 2.8). */
#define IKE_DELETE_DELAY (500 * DURATION_MILLISECOND)
#define IKE_CHILD_LINGER (2 * DURATION_SECOND)
#define IKE_REFUSED_PATIENCE                                                                       \
    (2 * DURATION_SECOND) /* for a better answer after a forgeable refusal */
#define IKE_RETRY_WAIT      (10 * DURATION_SECOND) /* after TEMPORARY_FAILURE and refused rekeys */
#define IKE_CLOSE_TRIES     2                      /* transmissions of the last DELETE */
#define IKE_EAP_TRIES       7                      /* of a request with EAP: about a minute */
#define IKE_MAX_AUTHORITIES 1000                   /* of CERTREQ, that are looked at */
#define IKE_MAX_EAP_ROUNDS  128                    /* EAP packets of one sign-in */

/* What only the first two exchanges need; gone once the SA is up. */
typedef struct {
    GBytes *cookie;
    uint16_t group;   /* of the next KE payload */
    GBytes *request;  /* our last IKE_SA_INIT request, as sent */
    GBytes *response; /* the gateway's, as received */
    GBytes *nonce_i, *nonce_r;
    GArray *hashes;      /* uint16_t HASH_* that the gateway announced */
    GBytes *authorities; /* of the gateway's CERTREQ: SHA-1 hashes; NULL: it sent none */
    bool authenticate;   /* ike_engine_authenticate was called */
    uint32_t child_spi;  /* ours, in the SA payload of IKE_AUTH */
    IkeMessage *answer;  /* IKE_AUTH response while the caller looks at its AUTH */
    PayloadId gateway;   /* IDr, the gateway's latest */
    bool childless_supported, childless; /* RFC 6023: it can; we did */
    IkeConfiguration *configuration;     /* of IKE_AUTH, until the first Child SA is there */
    bool multiple_auth;                  /* the gateway can do several rounds (RFC 4739) */
    bool second_round;                   /* the one under way is the second */
    uint8_t eap_code;                    /* of the EAP packet that the caller has */
    unsigned eap_rounds;
    Secret *msk;       /* of the EAP method that succeeded; NULL where it has none */
    Puzzle *puzzle;    /* being solved */
    GBytes *solution;  /* of the last one, for the next request */
    IkeTicket *ticket; /* by which we resume; NULL: we do not (RFC 5723) */
    /* IKE_INTERMEDIATE (RFC 9242, section 3.3.2). */
    unsigned n_additional;           /* additional key exchanges that are done */
    GBytes *int_auth_i, *int_auth_r; /* so far */
    GBytes *int_auth;                /* as a whole; NULL without IKE_INTERMEDIATE */
    /* PPK (RFC 8784). */
    bool peer_ppk;              /* both sides have said USE_PPK */
    bool ppk_told, ppk_awaited; /* PPK_IDENTITY is sent; and not answered yet */
    IkeKeys plain;              /* d, pi and pr without the PPK, once it is mixed in */
    GBytes *auth;               /* for AUTH */
    uint8_t auth_method;
    GBytes *plain_auth; /* for NO_PPK_AUTH */
    int64_t not_after;  /* of the gateway's certificate */
    /* The first refusal that could be forged, with the reason it would close for. */
    bool refused;
    Instant refused_until;
    IkeCloseReason refused_reason;
    char *refused_detail;
} IkeSetup;

/* See suspicion. */
typedef struct {
    Instant sent_since; /* packets of ours, with no sign of life since; INSTANT_NEVER: none */
    Duration silence;   /* for so long that is nothing */
    bool stalled;       /* what came has stopped at once */
    bool hinted;        /* somebody says that the gateway does not know us */
    Instant hint_after; /* nobody is listened to before that */
    Instant tell_at;    /* when the request under way has waited too long */
    bool told;          /* it has, and nothing came since */
} Suspicion;

/* See proc-mobike. */
typedef struct {
    bool untold;  /* the gateway has not heard from us on this path */
    bool telling; /* the request under way tells it */
    bool spread;  /* and has gone by another path as well */
    bool watched; /* the caller hears by which path we are answered */
} Moving;

typedef struct {
    size_t init;   /* octets of the IP packet that IKE_SA_INIT makes; 0: as it comes */
    size_t wanted; /* of the next probe; 0: none */
    size_t size;   /* of the one under way; 0: there is none */
    bool shrunk;   /* it goes without its padding now */
} IkeProbe;

struct _IkeEngine {
    IkeConfig *config;
    Rng *rng;
    Instant now;  /* of the input being handled */
    IkePath path; /* for requests */
    uint32_t reply_path;
    GQueue outputs;      /* IkeOutput */
    GPtrArray *sas;      /* IkeSa; the first is the one in use */
    GPtrArray *children; /* ChildSa */
    IkeSetup setup;
    IkeState state;
    bool want_close;                 /* ike_engine_close while a request is under way */
    bool peer_deletes, peer_rejects; /* said by the request being handled */
    bool child_wanted;               /* the gateway deleted the last Child SA: ask for another */
    IkeCloseReason close_reason;
    char *close_detail;
    uint32_t serial; /* of the credential asked for; 0: none */
    uint32_t last_serial;
    IkeMessage *received; /* the message being handled; a handler may take it */
    Instant last_seen;    /* sign of life */
    bool nat_here, mobike;
    uint8_t decoy[NAT_DETECTION_LENGTH]; /* for NAT_DETECTION_SOURCE_IP */
    Moving moving;
    IkeProbe probe;
    InetAddress redirected_from;  /* INET_NONE: nobody */
    GArray *request_addresses;    /* InetAddress; NULL: none */
    GPtrArray *request_split_dns; /* IkeConfigAttribute; NULL: none */
    /* See limits. INSTANT_NEVER where there is none. */
    Instant reauth_at, reauth_until;
    Instant failing_since; /* TEMPORARY_FAILURE and nothing else */
    bool replace_asked;
    GArray *wanted; /* see coverage; NULL before the first Child SA */
    bool replaces;  /* an engine that works: see ike_engine_replaces */
    Suspicion suspicion;
    bool other_offer, other_offer_tried; /* see child-offer */
};

static inline IkeSa *
engine_sa(const IkeEngine *engine)
{
    return engine->sas->len > 0 ? g_ptr_array_index(engine->sas, 0) : NULL;
}

/* --- engine-act.c --- */
IkeOutput *engine_emit(IkeEngine *engine, IkeOutputKind kind); /* to be filled by the caller */
void engine_set_state(IkeEngine *engine, IkeState state);
/* Random, never 0. */
uint64_t engine_random_u64(IkeEngine *engine);
uint32_t engine_random_child_spi(IkeEngine *engine);
/* The lower one as RFC 7296, section 2.8.1, compares nonces: octet by octet, the shorter one where
 * one is the beginning of the other. */
static inline GBytes *
nonce_lower(GBytes *a, GBytes *b)
{
    return g_bytes_compare(a, b) <= 0 ? a : b;
}

GBytes *engine_random_bytes(IkeEngine *engine, size_t length);
/* now + duration less up to a tenth of it, so that both ends do not act at once (RFC 7296, section
 * 2.8). */
Instant engine_jittered(IkeEngine *engine, Duration duration);
/* Sends and starts the retransmission clock; message: our request on sa. */
void engine_send_request(IkeEngine *engine, IkeSa *sa, IkeMessage *message, IkeSaState state);
void engine_send_datagrams(IkeEngine *engine, const GPtrArray *datagrams, uint32_t path,
                           bool is_request, unsigned transmission);
/* What waits for the window to be free: close, deletions, rekeying, liveness. */
void engine_start_next(IkeEngine *engine);
/* CLOSED at once: nothing to delete at the gateway, or nothing more to be said to it. */
void engine_closed(IkeEngine *engine, IkeCloseReason reason, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* The gateway has an SA with us that we do not want: DELETE first, then CLOSED. */
void engine_close_with_delete(IkeEngine *engine, IkeCloseReason reason, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* The gateway could not prove who it is: tells it so, once, then CLOSED (RFC 7296, section 2.21.2).
 */
void engine_close_unauthenticated(IkeEngine *engine, IkeCloseReason reason, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void engine_remove_sa(IkeEngine *engine, IkeSa *sa);
/* sa, new or known, is the one in use from now on. */
void engine_use_sa(IkeEngine *engine, IkeSa *sa);
IkeSa *engine_find_sa(const IkeEngine *engine, uint64_t spi_i);
/* Those that are GONE are not found. */
ChildSa *engine_find_child(IkeEngine *engine, uint32_t spi_in);
ChildSa *engine_find_child_by_peer(IkeEngine *engine, uint32_t spi_out);
/* The Child SA in use, NULL where there is none. */
ChildSa *engine_current_child(IkeEngine *engine);
/* INSTALL_CHILD and a ChildSa of it; NULL where the keys cannot be made. */
ChildSa *engine_install_child(IkeEngine *engine, const IkeSa *sa, const ChildSaMaterial *material);
void engine_expect_child(IkeEngine *engine, uint32_t spi_in); /* EXPECT_CHILD */
void engine_remove_child(IkeEngine *engine, ChildSa *child);  /* REMOVE_CHILD, forgets it */
/* Nothing is sent by it any more, and it is ours to delete, after a moment. */
void engine_retire_child(IkeEngine *engine, ChildSa *child);
/* The gateway's to delete; ours if it does not. */
void engine_child_replaced(IkeEngine *engine, ChildSa *child);
/* Deleted at both ends: kept for packets that are under way, then removed. */
void engine_child_gone(IkeEngine *engine, ChildSa *child);
Duration engine_interval(const IkeEngine *engine); /* the schedules with their defaults */
/* Of one datagram to the gateway on sa; 0: no limit. */
size_t engine_max_length(const IkeEngine *engine, const IkeSa *sa);

/* --- suspicion.c --- */
void suspicion_init(Suspicion *suspicion);

/* --- child-offer.c --- */
/* What CREATE_CHILD_SA offers for a Child SA, without SPI. */
IkeProposalList *child_offer_make(const IkeEngine *engine, const IkeSa *sa,
                                  const IkeProposalList *configured);
/* It was refused: is there another way that was not tried since something worked? */
bool child_offer_other_way(IkeEngine *engine, uint16_t error);
void child_offer_accepted(IkeEngine *engine);

/* --- fragment-search.c --- */
/* The request under way is to be sent again: in smaller pieces where it got no answer in those of
 * before, or where the path now asks for it. */
void fragment_search_repeat(IkeEngine *engine, IkeSa *sa);
void ike_setup_clear(IkeSetup *setup);

/* --- engine-output.c --- */
void ike_configuration_free(IkeConfiguration *configuration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IkeConfiguration, ike_configuration_free)
