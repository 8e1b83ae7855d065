/*
 * Which way to the gateway is tried when: UDP first, streams joining while UDP goes on, one attempt
 * at a time going on to IKE_AUTH. Pure: told of events and times, it says what to do next.
 * RFC 9329, sections 5.1 and 6; addresses are raced as in RFC 8305. Engines, sockets and the words
 * for the user are the caller's.
 */
#pragma once
#include "base/inet.h"
#include "base/instant.h"

#include <stdbool.h>

typedef enum { FALLBACK_UDP, FALLBACK_TCP, FALLBACK_TLS } FallbackKind;

typedef struct {
    FallbackKind kind;
    uint16_t port;
} FallbackTransport;

#define FALLBACK_MAX_TRANSPORTS 8
#define FALLBACK_MAX_ADDRESSES  8
#define FALLBACK_MAX_ATTEMPTS   (FALLBACK_MAX_TRANSPORTS * FALLBACK_MAX_ADDRESSES)
/* Gateways count half-open SAs for each peer. */
#define FALLBACK_MAX_HALF_OPEN 3

typedef struct {
    FallbackTransport transports[FALLBACK_MAX_TRANSPORTS]; /* in the profile's order */
    size_t n_transports;
    InetAddress addresses[FALLBACK_MAX_ADDRESSES]; /* preferred first */
    size_t n_addresses;
    Duration retransmit_interval; /* of the first retransmission over UDP */
    Duration fallback_after;      /* 0: one retransmission and half an interval */
    Duration address_delay;       /* 0: 250 ms (RFC 8305, section 8) */
    Duration grace;               /* 0: 50 ms during which UDP is preferred to a stream's answer */
    bool udp_blocked; /* known of this network: streams start at once, UDP behind them */
} FallbackConfig;

typedef enum {
    FALLBACK_OPENED,        /* a stream: from here on the gateway may know of it */
    FALLBACK_ANSWERED,      /* IKE_SA_INIT was answered: could go on to IKE_AUTH */
    FALLBACK_AUTH_ANSWERED, /* an authentic answer to IKE_AUTH: this transport is good */
    FALLBACK_HINTED,        /* an ICMP or socket error about datagrams: can be forged */
    FALLBACK_REFUSED,       /* no socket, or the stream is refused: nothing gets through now */
    FALLBACK_SILENT,        /* the engine ran out of retransmissions */
    FALLBACK_ASKING,        /* before IKE_AUTH is sent a person may be asked: no time runs */
    FALLBACK_ASKED,         /* it goes on */
} FallbackEvent;

typedef enum {
    FALLBACK_START,        /* make a transport and an engine, send IKE_SA_INIT */
    FALLBACK_AUTHENTICATE, /* go on to IKE_AUTH with this one */
    FALLBACK_ABANDON,      /* not needed, or not good: drop it (drain it if IKE_AUTH was sent) */
    FALLBACK_EXHAUSTED,    /* nothing gets through */
} FallbackActionKind;

typedef struct {
    FallbackActionKind kind;
    unsigned attempt;            /* number of the attempt, from 0 */
    FallbackTransport transport; /* START */
    InetAddress address;         /* START */
} FallbackAction;

typedef struct _FallbackPlan FallbackPlan;

/* At least one transport and one address. */
FallbackPlan *fallback_plan_new(const FallbackConfig *config, Instant now);
void fallback_plan_free(FallbackPlan *plan);
void fallback_plan_event(FallbackPlan *plan, unsigned attempt, FallbackEvent event, Instant now);
void fallback_plan_timeout(FallbackPlan *plan, Instant now);
Instant fallback_plan_next_deadline(const FallbackPlan *plan);
bool fallback_plan_next_action(FallbackPlan *plan, FallbackAction *action);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(FallbackPlan, fallback_plan_free)
