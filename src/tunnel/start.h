/* What ginneld wants of this process, read from the START record. */
#pragma once
#include "channel/records.h"
#include "eap/eap-peer.h"
#include "ike/engine.h"
#include "plan/fallback.h"
#include "plan/mobility.h"

typedef struct {
    char *connection;
    char *user; /* who we say we are, for the timeline */
    IkeConfig *ike;
    FallbackConfig fallback; /* without addresses */
    MobilityConfig mobility; /* its times */
    bool revocation_strict;
    TrustStore *trust;     /* of the gateway, and of TLS around it; NULL: neither is judged */
    TrustStore *eap_trust; /* of the EAP server; NULL: the gateway's */
    EapConfig eap;         /* all but the time; its strings and references are ours */
    bool check;            /* only to see what gets through */
    bool debug_keys;
    char *misbehave;
    GArray *addresses;            /* InetAddress: of an earlier session */
    GPtrArray *request_split_dns; /* IkeConfigAttribute, never NULL */
    uint32_t pinned_mtu;          /* not 0: this session goes on where an earlier process ended */
    Duration delay;
} TunnelStart;

/* anchors, eap_anchors: descriptors of trust anchors in PEM, or -1; borrowed. NULL with *error. */
TunnelStart *tunnel_start_new(GVariant *body, int anchors, int eap_anchors, int64_t wall_clock_s,
                              GError **error);
/* Of an engine to come, in place of what START has: a(qay). */
void tunnel_start_request_split_dns(TunnelStart *start, GVariant *list);
void tunnel_start_free(TunnelStart *start);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TunnelStart, tunnel_start_free)
