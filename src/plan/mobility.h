/*
 * When a tunnel that is up goes by another path to its gateway: another network, UDP that went
 * silent, a stream that broke or went silent, UDP that gets through again. RFC 4555, section 3.5;
 * RFC 9329, sections 5, 6.1 and 7.1. Pure: told of events and times, it says what to do next;
 * engine, sockets and the words for the user are the caller's. Without MOBIKE it only opens streams
 * again, and asks for another IKE SA otherwise.
 */
#pragma once
#include "plan/fallback.h"

#define MOBILITY_MAX_PATHS 4 /* in use or under way */

typedef enum {
    MOBILITY_NETWORK, /* other addresses or routes here, or back from sleep */
    MOBILITY_SILENT,  /* datagrams get no answer */
    MOBILITY_BROKEN,  /* the stream broke */
    MOBILITY_STALLED, /* what goes by the stream is not acknowledged: see stream-watch */
    MOBILITY_FOUND,   /* UDP gets through after all */
    MOBILITY_NARROW,  /* large datagrams get lost */
} MobilityReason;

const char *mobility_reason_to_string(MobilityReason reason);

typedef struct {
    FallbackTransport transports[FALLBACK_MAX_TRANSPORTS]; /* in the profile's order */
    size_t n_transports;
    InetAddress addresses[FALLBACK_MAX_ADDRESSES]; /* the gateway's */
    size_t n_addresses;
    Duration fallback_after; /* streams after UDP; 0: 1 s */
    Duration address_delay;  /* 0: 250 ms */
    Duration look_first;     /* for UDP, while on a stream; doubles. 0: 60 s */
    Duration look_last;      /* 0: 30 min */
    bool mobike;
} MobilityConfig;

typedef enum {
    MOBILITY_OPEN, /* a socket for path: mobility_opened or mobility_failed */
    MOBILITY_TELL, /* the gateway is told by path, or the request under way goes by it too (also) */
    MOBILITY_USE,  /* packets go by path; the gateway is told by it alone */
    MOBILITY_CHECK,   /* the path in use may be as good as before: ask the gateway by it */
    MOBILITY_DONE,    /* path is in use from now on: reason and old path */
    MOBILITY_CLOSE,   /* path is not needed any more; what is under way on it may still come */
    MOBILITY_LOOK,    /* does a full-size IKE_SA_INIT get an answer there? mobility_looked */
    MOBILITY_REPLACE, /* another IKE SA, by whatever gets through (udp: by UDP, where it does) */
    MOBILITY_OFFLINE, /* there is no way out of this machine: see mobility_is_offline */
    MOBILITY_LOST,    /* nothing is left to try */
} MobilityActionKind;

typedef struct {
    MobilityActionKind kind;
    uint32_t path;               /* unique */
    FallbackTransport transport; /* OPEN, LOOK */
    InetAddress address;         /* OPEN, LOOK */
    bool also;                   /* TELL */
    uint32_t old_path;           /* DONE: as path where nothing had to be changed */
    MobilityReason reason;       /* DONE, REPLACE */
} MobilityAction;

typedef struct _MobilityPlan MobilityPlan;

/* path is in use, by transport at address; later ones have higher numbers. */
MobilityPlan *mobility_plan_new(const MobilityConfig *config, uint32_t path,
                                const FallbackTransport *transport, const InetAddress *address,
                                Instant now);
void mobility_plan_free(MobilityPlan *plan);

/* udp_blocked: known of the network that we are in now: streams do not wait for UDP. */
void mobility_network_changed(MobilityPlan *plan, bool udp_blocked, Instant now);
/* A request by the path in use had to be sent again. */
void mobility_unanswered(MobilityPlan *plan, Instant now);
/* The stream in use is silent (again), and has come to life. */
void mobility_stalled(MobilityPlan *plan, Instant now);
void mobility_revived(MobilityPlan *plan, Instant now);
/* same_local: our address is that of the path in use. */
void mobility_opened(MobilityPlan *plan, uint32_t path, bool same_local, Instant now);
/* Could not be opened, or broke; unreachable: there is no route to it. Of the path in use only
 * where that is a stream. */
void mobility_failed(MobilityPlan *plan, uint32_t path, bool unreachable, Instant now);
/* A request was answered by path; told and refused as the engine says it. */
void mobility_answered(MobilityPlan *plan, uint32_t path, bool told, bool refused, Instant now);
/* UDP loses packets of a size that is needed. */
void mobility_too_narrow(MobilityPlan *plan, Instant now);
/* Nobody has tried UDP here of late. */
void mobility_look_now(MobilityPlan *plan, Instant now);
void mobility_looked(MobilityPlan *plan, bool found, Instant now);
/* The other IKE SA by UDP would have cost more than it gives: UDP is looked for again when the
 * network changes, or when the stream does not last. */
void mobility_content(MobilityPlan *plan);
void mobility_timeout(MobilityPlan *plan, Instant now);
Instant mobility_next_deadline(const MobilityPlan *plan);
bool mobility_next_action(MobilityPlan *plan, MobilityAction *action);

bool mobility_is_moving(const MobilityPlan *plan);
/* There is no way out of this machine: nothing is to be concluded from silence until the network
 * changes. */
bool mobility_is_offline(const MobilityPlan *plan);
/* INSTANT_NEVER: not on a stream, or UDP is not wanted. */
Instant mobility_next_look(const MobilityPlan *plan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MobilityPlan, mobility_plan_free)
