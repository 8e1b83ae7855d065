/*
 * The IKEv2 initiator as a value machine: one engine is one IKE SA (and those that replace it by
 * rekeying) with one gateway. Inputs are calls, outputs are drained after every call; no socket, no
 * clock, no main loop, no callback. The same inputs, times and random octets give the same outputs.
 *
 * RFC 7296; fragmentation RFC 7383; signatures RFC 7427. Transport choice, races and moves between
 * paths are the caller's (RFC 9329): an engine only knows the path each datagram goes by.
 */
#pragma once
#include "base/inet.h"
#include "base/instant.h"
#include "base/secret.h"
#include "crypto/certificate.h"
#include "crypto/rng.h"
#include "ike/proposal.h"
#include "ike/traffic-selector.h"

#define IKE_ENGINE_MAX_DATAGRAM  65535 /* octets of one IKE message that we read */
#define IKE_ENGINE_MAX_ADDRESSES 16    /* inside addresses, DNS servers: each */
#define IKE_ENGINE_MAX_DOMAINS   1024  /* INTERNAL_DNS_DOMAIN and _TA attributes: each */
#define IKE_ENGINE_MAX_COOKIES   4     /* COOKIE or INVALID_KE_PAYLOAD rounds before we give up */
#define IKE_ENGINE_MAX_OCSP      4     /* OCSP responses of a gateway that are looked at */

typedef struct _IkeEngine IkeEngine;

/* A way to the gateway. Stream paths (TCP, TLS) carry no retransmissions of ours until they break
 * and no fragments from us (RFC 9329, sections 3 and 6). */
typedef struct {
    uint32_t id;
    bool stream;
    InetEndpoint local; /* address may be INET_NONE where it is not known */
    InetEndpoint remote;
} IkePath;

typedef struct {
    uint8_t type; /* ID_* of RFC 7296, section 3.5 */
    GBytes *data;
} IkeIdentity;

typedef enum {
    IKE_AUTH_PSK,
    IKE_AUTH_CERTIFICATE,
    IKE_AUTH_EAP, /* for the gateway: EAP-only, it proves itself inside the method (RFC 5998) */
    IKE_AUTH_NONE,
} IkeAuthKind;

/* Everything but the secrets. The engine takes a deep reference of it; it is immutable afterwards.
 */
typedef struct {
    gatomicrefcount references;
    IkeIdentity local_id;
    IkeIdentity remote_id;
    IkeAuthKind local_auth;
    IkeAuthKind remote_auth;
    GPtrArray *local_chain; /* Certificate, ours first; NULL with PSK */
    TrustStore *trust;      /* NULL with PSK */
    IkeProposalList *ike_proposals;
    IkeProposalList *esp_proposals;
    GArray *remote_selectors; /* TrafficSelector to ask for; empty: everything, both families */
    bool request_encrypted;   /* ask for encrypted resolvers (RFC 9464) */
    bool initial_contact;
    IkeAuthKind second_auth; /* IKE_AUTH_NONE, or IKE_AUTH_EAP after local_auth (RFC 4739) */
    IkeIdentity second_id;
    bool check_revocation; /* ask REVOCATION about the gateway's chain */
    bool request_ocsp;     /* and the gateway for an OCSP answer (RFC 4806) */
    GBytes *ppk_id;        /* PPK_ID payload value: type and octets; NULL: no PPK (RFC 8784) */
    bool ppk_required;     /* never without */
    bool redirect;         /* follow REDIRECT (RFC 5685): IKE_OUTPUT_REDIRECT */
    bool want_ticket;      /* ask for TICKET */
    bool childless;       /* the first Child SA by an exchange of its own where it can (RFC 6023) */
    int64_t wall_clock_s; /* Unix seconds at Instant 0: certificates are judged by it */
    /* Schedules. Over datagrams a request goes out again after interval, 2 x, 4 x ... */
    Duration retransmit_interval; /* 0: 500 ms */
    unsigned retransmit_tries;    /* 0: 6 transmissions before the peer counts as gone */
    Duration liveness_interval;   /* 0: 30 s without a sign of life before an empty INFORMATIONAL */
    Duration ike_lifetime;        /* 0: 4 h until we rekey the IKE SA */
    Duration child_lifetime;      /* 0: 1 h until we rekey the Child SA */
    Duration reauth_lifetime;     /* 0: never of ourselves; until IKE_OUTPUT_REPLACE is asked for */
    uint64_t child_octets;        /* 0: no limit but the cipher's; until we rekey the Child SA */
    uint64_t child_packets;       /* the same */
    size_t fragment_size;         /* 0: 1280 octets of IKE message over a datagram path */
} IkeConfig;

/* What is said of names in CFG_REQUEST and CFG_REPLY, unjudged: src/plan decides. */
typedef struct {
    uint16_t type; /* INTERNAL_* attribute number */
    GBytes *value;
} IkeConfigAttribute;

IkeConfig *ike_config_new(void);
IkeConfigAttribute *ike_config_attribute_new(uint16_t type, const void *value, size_t length);
void ike_config_attribute_free(gpointer data);
IkeConfig *ike_config_ref(IkeConfig *config);
void ike_config_unref(IkeConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IkeConfig, ike_config_unref)

/* Why an IKE SA ended or never came to be; what the user is told is decided from it. */
typedef enum {
    IKE_CLOSE_REQUESTED,         /* ike_engine_close */
    IKE_CLOSE_NO_ANSWER,         /* retransmissions exhausted before the SA was up */
    IKE_CLOSE_PEER_GONE,         /* the same once it was up */
    IKE_CLOSE_PEER_DELETED,      /* authenticated DELETE */
    IKE_CLOSE_NO_PROPOSAL,       /* NO_PROPOSAL_CHOSEN for the IKE SA */
    IKE_CLOSE_NO_CHILD_PROPOSAL, /* the same for the Child SA */
    IKE_CLOSE_TS_UNACCEPTABLE,
    IKE_CLOSE_AUTH_LOCAL,  /* the gateway refused us: AUTHENTICATION_FAILED */
    IKE_CLOSE_AUTH_REMOTE, /* the gateway's AUTH does not verify */
    IKE_CLOSE_CERT_EXPIRED,
    IKE_CLOSE_CERT_NOT_YET_VALID,
    IKE_CLOSE_CERT_UNTRUSTED,
    IKE_CLOSE_IDENTITY_MISMATCH,  /* IDr, or its certificate, is not who the profile expects */
    IKE_CLOSE_NO_ADDRESS,         /* INTERNAL_ADDRESS_FAILURE, FAILED_CP_REQUIRED, or none given */
    IKE_CLOSE_CREDENTIAL,         /* the caller could not supply a credential */
    IKE_CLOSE_PROTOCOL,           /* the gateway broke the protocol, or INVALID_SYNTAX from it */
    IKE_CLOSE_VERSION,            /* INVALID_MAJOR_VERSION */
    IKE_CLOSE_CERT_REVOKED,       /* the gateway's certificate, by CRL or OCSP */
    IKE_CLOSE_REVOCATION_UNKNOWN, /* strict, and nobody could say */
    IKE_CLOSE_EAP_FAILED,         /* EAP-Failure, or the caller's method gave up */
    IKE_CLOSE_PPK,                /* required, and the gateway has none, or another */
    IKE_CLOSE_REDIRECTED,         /* after IKE_OUTPUT_REDIRECT */
    IKE_CLOSE_EXPIRED,            /* a hard limit passed and nothing replaced the SA */
    IKE_CLOSE_PEER_RESTARTED, /* the gateway has forgotten us (RFC 7296, section 2.21; RFC 6290) */
    IKE_CLOSE_REPLACED,       /* a rekeyed IKE SA took over (never reported for the last one) */
} IkeCloseReason;

const char *ike_close_reason_to_string(IkeCloseReason reason);

typedef enum {
    IKE_STATE_IDLE,
    IKE_STATE_INIT_SENT,      /* IKE_SA_INIT under way */
    IKE_STATE_INIT_ANSWERED,  /* keys agreed; waits for ike_engine_authenticate */
    IKE_STATE_AUTHENTICATING, /* IKE_AUTH under way */
    IKE_STATE_ESTABLISHED,
    IKE_STATE_CLOSING,
    IKE_STATE_CLOSED,
} IkeState;

typedef struct {
    uint16_t encr, key_bits, integ; /* transform IDs */
    uint16_t ke;                    /* KE_NONE where the first Child SA took the IKE SA's */
    bool esn;
    bool peer_began; /* its rekeying: it sends and takes by this one only when it has our answer */
    uint32_t spi_in, spi_out;
    Secret *encr_in, *integ_in, *encr_out, *integ_out; /* integ_* NULL for combined modes */
    GArray *local_ts, *remote_ts;                      /* TrafficSelector, as narrowed */
} IkeChild;

typedef struct {
    GArray *addresses; /* InetPrefix: ours, with host bits, /32 and /128 where no mask was given */
    GArray *dns;       /* InetAddress */
    GArray *subnets;   /* InetPrefix: INTERNAL_IP4_SUBNET, INTERNAL_IP6_SUBNET */
    GPtrArray *split_dns; /* IkeConfigAttribute: 25 and 26 in order (RFC 8598), 27..29 (RFC 9464) */
    GArray *local_ts, *remote_ts;          /* TrafficSelector of the Child SA */
    char *ike_algorithms, *esp_algorithms; /* "aes256gcm16-prfsha384-x25519", "+ppk" */
    char *gateway_id;                      /* IDr for people */
    int64_t gateway_not_after;             /* Unix seconds, 0 without a certificate */
    bool nat_here;                         /* by NAT_DETECTION_DESTINATION_IP */
    bool mobike;                           /* MOBIKE_SUPPORTED was received */
} IkeConfiguration;

typedef enum {
    IKE_CREDENTIAL_SIGN,       /* make AUTH with our private key or PSK */
    IKE_CREDENTIAL_PSK_VERIFY, /* is this the gateway's AUTH with the PSK? */
    IKE_CREDENTIAL_EAP,        /* an EAP packet of the gateway: what do we answer? */
    IKE_CREDENTIAL_REVOCATION, /* is anything of this chain revoked? */
    IKE_CREDENTIAL_PPK,        /* mix the PPK into these keys (RFC 8784, section 3) */
} IkeCredentialKind;

typedef struct {
    uint32_t serial; /* of ike_engine_supply */
    IkeCredentialKind kind;
    uint16_t prf;
    GBytes *message;  /* SIGN: our IKE_SA_INIT request; PSK_VERIFY: the response, as on the wire
                       * (without non-ESP marker) */
    GBytes *nonce;    /* SIGN: Nr; PSK_VERIFY: Ni */
    Secret *sk_p;     /* SIGN: SK_pi; PSK_VERIFY: SK_pr */
    GArray *hashes;   /* SIGN: uint16_t HASH_* that the gateway announced, may be empty */
    GBytes *id_body;  /* PSK_VERIFY: IDr payload without its generic header */
    GBytes *auth;     /* PSK_VERIFY: the authentication data received */
    GBytes *int_auth; /* SIGN, PSK_VERIFY: IntAuth (RFC 9242, section 3.3.2); NULL without
                       * IKE_INTERMEDIATE */
    GBytes *eap;      /* EAP: the packet; Success and Failure too */
    bool eap_second;  /* EAP: of the second round (RFC 4739) */
    GPtrArray *chain; /* REVOCATION: Certificate, verified, the gateway's first, the anchor last */
    GPtrArray *ocsp;  /* REVOCATION: GBytes, OCSP responses that the gateway sent (RFC 4806) */
    Secret *sk_d, *sk_pi, *sk_pr; /* PPK */
} IkeCredentialRequest;

/* All borrowed. */
typedef struct {
    bool ok;           /* SIGN: made; PSK_VERIFY: it is; EAP: go on; REVOCATION: good enough; PPK */
    uint8_t method;    /* SIGN */
    GBytes *auth;      /* SIGN */
    GBytes *eap;       /* EAP: our packet; NULL after Success */
    const Secret *msk; /* EAP, after Success: 64 octets; NULL where the method has no keys */
    bool eap_mutual;   /* EAP, after Success: the method proved the server too (RFC 5998) */
    IkeCloseReason why;                 /* not ok: EAP, REVOCATION */
    const char *detail;                 /* not ok: a sentence for people, may be NULL */
    const Secret *sk_d, *sk_pi, *sk_pr; /* PPK: mixed */
} IkeCredential;

/* What REDIRECT names (RFC 5685, section 6). */
typedef struct {
    InetAddress address; /* INET_NONE where it is a name */
    char *name;          /* FQDN, A-labels checked by the caller; NULL where it is an address */
    bool established;    /* on a working SA: make before break */
} IkeRedirect;

/* What a gateway gives so that we need not sign in again after an interruption (RFC 5723): the
 * gateway's octets, and our half of the state. For one use, with the same gateway and profile. */
typedef struct _IkeTicket IkeTicket;

#define IKE_TICKET_MAX_LENGTH   (16 * 1024) /* octets; longer ones are not kept */
#define IKE_TICKET_MAX_LIFETIME (24 * 60 * DURATION_MINUTE)

void ike_ticket_free(IkeTicket *ticket);
/* now: of the clock that the engine which gave it ran by. */
bool ike_ticket_is_valid(const IkeTicket *ticket, Instant now);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IkeTicket, ike_ticket_free)

typedef enum {
    IKE_OUTPUT_SEND,
    /* A Child SA was offered. The gateway may send by it from its answer on, and packets overtake
     * answers: they are worth keeping until INSTALL_CHILD (RFC 7296, section 2.8). */
    IKE_OUTPUT_EXPECT_CHILD,
    IKE_OUTPUT_INSTALL_CHILD, /* inbound and outbound at once; also for each rekey */
    /* The gateway does not take it any more, or soon: send by another one, still receive by it. */
    IKE_OUTPUT_RETIRE_CHILD,
    IKE_OUTPUT_REMOVE_CHILD,
    IKE_OUTPUT_CONFIGURE, /* once, before the first INSTALL_CHILD */
    IKE_OUTPUT_CREDENTIAL_NEEDED,
    IKE_OUTPUT_STATE_CHANGED,
    /* The SA works but has to be replaced by a new engine from IKE_SA_INIT on (reauthentication,
     * AUTH_LIFETIME, a refused rekey): make the new one, then close this one. Once. */
    IKE_OUTPUT_REPLACE,
    IKE_OUTPUT_REDIRECT, /* before CLOSED where the SA was not up */
    IKE_OUTPUT_TICKET,   /* replaces the one before */
    /* After a change of paths: a request was answered. */
    IKE_OUTPUT_PATH_ANSWERED,
    IKE_OUTPUT_PROBED, /* answer to ike_engine_probe */
    IKE_OUTPUT_CLOSED, /* the last one */
} IkeOutputKind;

typedef struct {
    IkeOutputKind kind;
    /* SEND */
    uint32_t path;         /* IkePath.id; of PATH_ANSWERED: by which the answer came */
    GBytes *datagram;      /* one IKE message, without marker or length frame */
    bool is_request;       /* false: a response */
    unsigned transmission; /* 1 for the first */
    bool probe;            /* of ike_engine_probe: no router may cut it into pieces */
    /* INSTALL_CHILD; RETIRE_CHILD, REMOVE_CHILD (spi_in, spi_out only), EXPECT_CHILD (spi_in) */
    IkeChild *child;
    IkeConfiguration *configuration;  /* CONFIGURE */
    IkeCredentialRequest *credential; /* CREDENTIAL_NEEDED */
    IkeState state;                   /* STATE_CHANGED */
    IkeRedirect *redirect;            /* REDIRECT */
    IkeTicket *ticket;                /* TICKET; the caller steals it */
    /* PATH_ANSWERED: the request told the gateway where we are, and went by that path alone, so
     * that the gateway sends there now; it told, but the gateway will not have it; a NAT is there.
     */
    bool told, refused, nat;
    size_t packet;         /* PROBED: octets of the IP packet */
    bool whole;            /* PROBED: it got through; false: only a small one in its place did */
    Instant deadline;      /* REPLACE: when the SA ends; INSTANT_NEVER: not known */
    bool suspect;          /* REPLACE: only if ike_engine_is_suspect once the new
                            * engine has an answer; may come again */
    IkeCloseReason reason; /* CLOSED */
    char *detail;          /* CLOSED, REPLACE: English, for people, names both sides' values */
} IkeOutput;

void ike_output_clear(IkeOutput *output);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IkeOutput, ike_output_clear)

typedef enum {
    IKE_VERDICT_OK,
    IKE_VERDICT_PARTIAL,         /* a fragment; others are missing */
    IKE_VERDICT_PROTECTED_ERROR, /* authenticated but malformed */
    IKE_VERDICT_DISCARD,         /* not ours, forged, old: count it, stay silent */
} IkeVerdict;

IkeEngine *ike_engine_new(IkeConfig *config, Rng *rng);
void ike_engine_free(IkeEngine *engine);

/* Before ike_engine_initiate: inside addresses (InetAddress) that an earlier session had and that
 * are asked for again (RFC 7296, section 2.19); the gateway may give others. */
void ike_engine_request_addresses(IkeEngine *engine, const GArray *addresses);
/* Before ike_engine_initiate: what CFG_REQUEST says of names, IkeConfigAttribute of types 25 and 26
 * in order (RFC 8598, section 3.1); none: the gateway is not asked for any. Takes a reference. */
void ike_engine_request_split_dns(IkeEngine *engine, GPtrArray *attributes);
/* Before ike_engine_initiate: who sent us here (RFC 5685, section 9.3). */
void ike_engine_redirected_from(IkeEngine *engine, const InetAddress *gateway);
/* Before ike_engine_initiate: begins with IKE_SESSION_RESUME; where the gateway does not take the
 * ticket (taken), goes on with IKE_SA_INIT by itself. */
void ike_engine_resume(IkeEngine *engine, IkeTicket *ticket);
/* Before ike_engine_initiate: there was an engine before it, that works or has ended in order, so
 * that this one sends no INITIAL_CONTACT whatever the configuration says (RFC 7296, section 2.4).
 */
void ike_engine_replaces(IkeEngine *engine);
/* Before ike_engine_initiate: IKE_SA_INIT over UDP makes an IP packet of so many octets, so that an
 * answer speaks for packets of that size. */
void ike_engine_fill_init(IkeEngine *engine, size_t packet);
/* Sends IKE_SA_INIT on path. */
void ike_engine_initiate(IkeEngine *engine, const IkePath *path, Instant now);
/* Goes on from INIT_ANSWERED to IKE_AUTH; called at any time before, it takes effect then. */
void ike_engine_authenticate(IkeEngine *engine, Instant now);
/* datagram: one IKE message without marker or frame. unauthenticated errors in IKE_SA_INIT are
 * believed at once on a stream path, else only at the deadline (RFC 9329, section 6.4; RFC 7296,
 * section 2.21.1). */
IkeVerdict ike_engine_receive(IkeEngine *engine, const IkePath *path, const uint8_t *datagram,
                              size_t length, Instant now);
void ike_engine_timeout(IkeEngine *engine, Instant now);
/* From now on requests go by path; outstanding ones are retransmitted there at once, unchanged.
 * Once the SA is up the gateway is told: by UPDATE_SA_ADDRESSES where it has MOBIKE (RFC 4555,
 * section 3.5), else by an empty INFORMATIONAL request. */
void ike_engine_path_changed(IkeEngine *engine, const IkePath *path, Instant now);
/* The request under way, if any, goes by path as well, once: with the same message ID, over a
 * stream where datagrams stay unanswered (RFC 9329, section 7.1). PATH_ANSWERED says by which of
 * them the answer came, and then ike_engine_path_changed has to choose one. */
void ike_engine_path_added(IkeEngine *engine, const IkePath *path, Instant now);
/* On a datagram path: an INFORMATIONAL request that makes an IP packet of so many octets, to be
 * sent without fragmentation; where it is not answered it goes on without its padding, so that it
 * ends nothing. */
void ike_engine_probe(IkeEngine *engine, size_t packet, Instant now);
/* An authentic ESP packet arrived: a sign of life. Cheap. */
void ike_engine_traffic_seen(IkeEngine *engine, Instant now);
/* A packet of ours left, the first since traffic_seen: where nothing comes back for seconds the
 * gateway is asked whether it is there. */
void ike_engine_traffic_sent(IkeEngine *engine, Instant now);
/* Packets came one after the other and stopped at once: the gateway is asked whether it is there.
 * Cheap. */
void ike_engine_traffic_stalled(IkeEngine *engine, Instant now);
/* A request is under way. */
bool ike_engine_is_asking(const IkeEngine *engine);
/* A request has waited long for its answer (see REPLACE), and nothing authentic came since. */
bool ike_engine_is_suspect(const IkeEngine *engine);
/* What the Child SA of our inbound spi_in has carried out so far: for the limits by octets and
 * packets. Cheap; as often as the caller looks at its counters anyway. */
void ike_engine_child_used(IkeEngine *engine, uint32_t spi_in, uint64_t packets, uint64_t octets,
                           Instant now);
void ike_engine_supply(IkeEngine *engine, uint32_t serial, const IkeCredential *credential,
                       Instant now);
/* Sends DELETE (when there is something to delete), waits for its answer for at most two
 * retransmissions, then CLOSED with reason. */
void ike_engine_close(IkeEngine *engine, IkeCloseReason reason, Instant now);

Instant ike_engine_next_deadline(const IkeEngine *engine);
/* False when there is nothing more; fills *output otherwise, which the caller clears. */
bool ike_engine_next_output(IkeEngine *engine, IkeOutput *output);

IkeState ike_engine_state(const IkeEngine *engine);
uint64_t ike_engine_spi_i(const IkeEngine *engine);
uint64_t ike_engine_spi_r(const IkeEngine *engine);
/* For a capture's decoder only (debug option of the tunnel): "initiator SPI,responder
 * SPI,SK_ei,SK_er,encryption, SK_ai,SK_ar,integrity" as Wireshark's ikev2_decryption_table wants
 * it; NULL before keys exist. */
char *ike_engine_debug_keys(const IkeEngine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IkeEngine, ike_engine_free)
