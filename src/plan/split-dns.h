/*
 * Which names resolve inside: from what the gateway offered and what the profile allows to the
 * settings of the tunnel's link in the resolver. Pure. RFC 8598, sections 2 to 6 and 8; RFC 9464.
 */
#pragma once
#include "base/inet.h"
#include "plan/refusal.h"
#include "plan/trust-anchor.h"

#define SPLIT_DNS_MAX_SERVERS 8
#define SPLIT_DNS_MAX_DOMAINS 1024
#define SPLIT_DNS_MAX_ANCHORS 256

enum { /* configuration attributes */
       ATTRIBUTE_INTERNAL_DNS_DOMAIN = 25,
       ATTRIBUTE_INTERNAL_DNSSEC_TA = 26,
       ATTRIBUTE_ENCDNS_IP4 = 27, /* RFC 9464 */
       ATTRIBUTE_ENCDNS_IP6 = 28,
       ATTRIBUTE_ENCDNS_DIGEST_INFO = 29,
};

typedef struct {
    uint16_t type;
    const uint8_t *data;
    size_t length;
} SplitDnsAttribute;

typedef struct {
    /* In the gateway's order. Of other types too: what stands between a domain and an anchor
     * separates them. */
    const SplitDnsAttribute *attributes;
    size_t n_attributes;
    const GArray *servers; /* InetAddress */
    const GArray *remote;  /* InetRange: what the tunnel reaches */
    bool full_tunnel;
    /* The profile's, in normal form, ended by NULL; never NULL themselves. */
    char *const *domains, *const *add_domains, *const *search_domains;
    char *const *trust_anchor_domains;
    /* Public suffixes that trust_anchor_domains may hold after all; NULL for none. */
    char *const *public_anchor_domains;
    bool anonymous_gateway; /* it did not prove who it is */
    bool use_servers_for_all;
    bool dnssec;       /* the profile wants validation */
    guint max_domains; /* that the resolver takes for one link; 0: SPLIT_DNS_MAX_DOMAINS */
    bool no_encrypted; /* the profile wants no encrypted resolvers */
    /* NetworkManager sets the link's servers and domains (and its default route, LLMNR, mDNS): we
     * add DNSSEC, anchors, and the names of encrypted servers only. */
    bool by_other;
    char *const *held; /* domains of tunnels that belong to somebody else */
    const char *where; /* the profile, for sentences: "in FILE" */
} SplitDnsOffer;

/* A server that is asked. */
typedef struct {
    InetAddress address;
    uint16_t port; /* of DNS over TLS; 0: plain DNS */
    char *name;    /* that its certificate must have, A-labels; NULL for plain DNS */
} SplitDnsServer;

/* Of an encrypted server's SubjectPublicKeyInfo (RFC 9464, section 3.2). */
typedef struct {
    char *name;    /* the server's; NULL: of each */
    uint16_t hash; /* RFC 7427, section 7: SHA2-256, SHA2-384 or SHA2-512 */
    GBytes *digest;
} SplitDnsDigest;

typedef struct {
    char *name;
    bool search;    /* also tried for short names */
    bool validated; /* lies below an anchor */
    uint16_t key_tag;
    bool key_refused; /* the gateway sent one, see the refusals */
    char *why;        /* why it is not validated, else NULL */
} SplitDnsDomain;

/* What the link's validation is set to. */
typedef enum {
    SPLIT_DNS_VALIDATE_AS_MACHINE, /* what the machine does elsewhere */
    SPLIT_DNS_VALIDATE_YES,
    SPLIT_DNS_VALIDATE_NO,
} SplitDnsValidation;

typedef struct {
    GArray *servers; /* SplitDnsServer; empty: the link is left alone */
    bool encrypted;  /* all of them are asked by DNS over TLS; else none is */
    /* SplitDnsDigest: one of those of a server's name must be its key's; where there is none for
     * it, any key will do. */
    GArray *digests;
    bool by_other; /* see the offer: servers and domains are set by somebody else */
    /* Where the link's only server is one of our own on this machine, which asks those above. */
    InetEndpoint stub;   /* family 0: there is none */
    bool stub_validates; /* it does, by the anchors; the resolver does not */
    GPtrArray *domains;  /* SplitDnsDomain */
    bool all_names;      /* "~." and default route */
    GPtrArray *anchors;  /* TrustAnchor */
    GPtrArray *negative; /* char *: names that a validating link must not validate */
    SplitDnsValidation validation;
    GPtrArray *refused; /* Refusal */
    char *warning;      /* sentence, or NULL */
    /* Private: name -> SplitDnsDomain; names that others hold, while the plan is made. */
    GHashTable *by_name, *held;
    guint max_domains, too_many;
} SplitDnsPlan;

SplitDnsPlan *split_dns_plan_new(const SplitDnsOffer *offer);
/* Names go by a stub at this endpoint. */
void split_dns_plan_use_stub(SplitDnsPlan *plan, const InetEndpoint *stub, bool validates);
void split_dns_plan_free(SplitDnsPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SplitDnsPlan, split_dns_plan_free)
