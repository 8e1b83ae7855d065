/*
 * The EAP peer as a value machine (RFC 3748): packets and answers go in, one action comes out. It
 * never sees a password but where the method itself needs one (GTC, PAP), and keeps no time: the
 * authenticator repeats, and a repeated request gets the same response. What an EAP server may be
 * asked for is EapConfig's list; anything else is met with Nak (RFC 3748, section 5.3.1).
 */
#pragma once
#include "base/secret.h"
#include "crypto/certificate.h"
#include "crypto/rng.h"

#define EAP_MAX_PACKET  4096        /* octets of one packet, either way */
#define EAP_MAX_MESSAGE (64 * 1024) /* of a TLS message in fragments */
#define EAP_MAX_ROUNDS  100         /* requests of one conversation */
#define EAP_MSK_LENGTH  64          /* octets (RFC 3748, section 7.10) */

typedef enum {
    EAP_METHOD_MSCHAPV2 = 1 << 0,
    EAP_METHOD_TLS = 1 << 1,
    EAP_METHOD_TTLS = 1 << 2,
    EAP_METHOD_PEAP = 1 << 3,
    EAP_METHOD_GTC = 1 << 4,
    EAP_METHOD_MD5 = 1 << 5,
    EAP_METHOD_PAP = 1 << 6, /* inside TTLS only; no method of EAP */
} EapMethod;

/* Immutable; the peer takes copies and references. */
typedef struct {
    uint32_t methods;           /* EAP_METHOD_*, the outer ones that are allowed */
    uint32_t inner_methods;     /* the same inside TTLS and PEAP: MSCHAPV2, GTC (TTLS: also PAP) */
    bool inner_as_eap;          /* MSCHAPV2 inside TTLS as EAP rather than as attributes */
    const char *identity;       /* EAP-Response/Identity; may be an anonymous one */
    const char *inner_identity; /* inside TTLS and PEAP; NULL: identity. Also MSCHAPv2's name */
    TrustStore *trust;          /* for the server of TLS, TTLS, PEAP; NULL: these are refused */
    const char *server_name; /* that its certificate must carry (dNSName); NULL: any trusted one */
    bool check_revocation;   /* ask about its certificate before anything of ours is said */
    int64_t wall_clock_s;    /* Unix seconds: the server's certificate is judged by it */
    GPtrArray *chain;        /* Certificate of ours for TLS, first ours; NULL: none */
} EapConfig;

typedef enum {
    EAP_ACTION_IGNORE,  /* not for us, malformed, out of turn: silence (RFC 3748, section 4) */
    EAP_ACTION_SEND,    /* packet */
    EAP_ACTION_ASK,     /* question; goes on with eap_peer_answer */
    EAP_ACTION_SUCCESS, /* msk, mutual */
    EAP_ACTION_FAILURE, /* detail; packet may be set and is sent first */
} EapActionKind;

typedef enum {
    EAP_ASK_MSCHAP,     /* challenges and name: the typed calculation of RFC 2759 */
    EAP_ASK_MD5,        /* identifier, challenge */
    EAP_ASK_PASSWORD,   /* the password itself */
    EAP_ASK_SIGN_TLS,   /* scheme, octets */
    EAP_ASK_REVOCATION, /* is anything of chain revoked? */
} EapQuestionKind;

typedef struct {
    EapQuestionKind kind;
    uint8_t authenticator_challenge[16], peer_challenge[16];
    char *user_name;     /* MSCHAP: as hashed: without a domain prefix */
    uint8_t identifier;  /* MD5 */
    GBytes *challenge;   /* MD5 */
    const char *purpose; /* PASSWORD: "gtc" or "pap" */
    char *prompt;        /* PASSWORD: what a GTC server shows, checked UTF-8, bounded; or NULL */
    uint16_t scheme;     /* SIGN_TLS: TLS SignatureScheme */
    GBytes *octets;      /* SIGN_TLS: to be signed */
    GPtrArray *chain; /* REVOCATION: Certificate, verified, the server's first, the anchor last */
} EapQuestion;

/* All borrowed; ok false: no such secret, or revoked: the conversation fails with detail. */
typedef struct {
    bool ok;
    const char *detail;
    const uint8_t *nt_response;            /* MSCHAP: 24 octets */
    const uint8_t *authenticator_response; /* MSCHAP: 20 octets */
    const Secret *master_key;              /* MSCHAP: 16 octets (RFC 3079, section 3.4) */
    GBytes *octets;                        /* MD5: digest; SIGN_TLS: signature */
    const Secret *password;                /* PASSWORD */
} EapAnswer;

/* Owned by the peer, valid until its next call. */
typedef struct {
    EapActionKind kind;
    GBytes *packet;
    const EapQuestion *question;
    const Secret *msk;  /* NULL: the method makes no keys (MD5, GTC) */
    bool mutual;        /* the server proved itself inside the method, and guessing was no use */
    const char *method; /* for people: "EAP-MSCHAPv2", "EAP-TTLS with PAP"; NULL before one */
    const char *detail; /* FAILURE: English, for people: which method, what went wrong */
} EapAction;

typedef struct _EapPeer EapPeer;

EapPeer *eap_peer_new(const EapConfig *config, Rng *rng);
void eap_peer_free(EapPeer *peer);
/* packet: one EAP packet as it came out of IKE, Success and Failure too. */
const EapAction *eap_peer_receive(EapPeer *peer, GBytes *packet);
const EapAction *eap_peer_answer(EapPeer *peer, const EapAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EapPeer, eap_peer_free)
