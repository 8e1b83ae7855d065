/*
 * A small IKEv2 responder for tests, sans-IO and without scruples: it does what a gateway does and,
 * on demand, what a gateway must not do. Built on the codec of src/ike, keeps many SAs, retransmits
 * nothing. Not a gateway for anything else: half-open SAs are not limited, clients are hardly
 * checked.
 */
#pragma once
#include "base/inet.h"
#include "crypto/signature.h"
#include "ike/child-sa.h"
#include "ike/engine.h"

/* What it does wrong, or unusually. Zero: nothing. */
typedef struct {
    bool want_cookie;
    bool cookie_forever;         /* a new one each time */
    uint16_t want_group;         /* INVALID_KE_PAYLOAD until the KE payload is of this group */
    uint16_t init_error;         /* N(error) instead of IKE_SA_INIT's answer */
    bool wrong_version;          /* INVALID_MAJOR_VERSION */
    bool silent_auth;            /* IKE_AUTH is never answered */
    uint16_t auth_error;         /* N(error) alone instead of IKE_AUTH's answer */
    uint16_t child_error;        /* N(error) instead of the first Child SA */
    uint16_t create_child_error; /* N(error) to CREATE_CHILD_SA */
    uint16_t info_error;         /* N(error) to INFORMATIONAL, which has no effect then */
    uint16_t create_child_group; /* INVALID_KE_PAYLOAD until it is of this group */
    bool wrong_auth;             /* one octet of AUTH is changed */
    bool no_address;             /* CFG_REPLY without addresses */
    bool give_wanted;            /* the addresses that the client asks for, if it does */
    bool no_config;              /* no CFG_REPLY at all */
    bool wider_selectors;        /* TSr beyond what was asked for */
    bool malformed_auth;         /* protected, authentic, and malformed inside */
    bool critical_auth;          /* an unknown critical payload in IKE_AUTH's answer */
    bool no_fragments;           /* IKEV2_FRAGMENTATION_SUPPORTED is not sent */
    bool legacy_signatures;      /* no SIGNATURE_HASH_ALGORITHMS */
    bool nat;                    /* our NAT_DETECTION_DESTINATION_IP does not match */
    bool deaf;                   /* ignores everything */
    bool eap_first;              /* EAP before it has proved itself */
    bool eap_failure;            /* Failure where Success should be */
    bool eap_early_success;      /* Success at once */
    bool eap_endless;            /* never Success */
    bool wrong_eap_auth;         /* the AUTH after EAP is wrong */
    GBytes *redirect_init;       /* REDIRECT's data without nonce, in IKE_SA_INIT; borrowed */
    bool redirect_wrong_nonce;   /* with another nonce than the client's */
    GBytes *redirect_auth;       /* REDIRECT in the answer to IKE_AUTH; borrowed */
    uint16_t eap_error;          /* N(error) instead of the second EAP packet */
    uint8_t puzzle_bits;         /* a puzzle beside its cookie; solved or not, it goes on */
    uint8_t auth_puzzle_bits;    /* one before IKE_AUTH */
    bool ticket_nack;            /* no ticket is good */
    bool ticket_silent;          /* IKE_SESSION_RESUME is not answered */
    bool ticket_wrong_auth;      /* another SK_d than the ticket's */
    bool no_multiple_auth;       /* MULTIPLE_AUTH_SUPPORTED is not sent */
    bool no_intermediate;        /* INTERMEDIATE_EXCHANGE_SUPPORTED is not sent */
    uint16_t intermediate_error; /* N(error) to IKE_INTERMEDIATE */
    uint16_t followup_error;     /* N(error) to IKE_FOLLOWUP_KE */
    uint16_t followup_group;     /* another method in its answer than was asked for */
    bool followup_unlinked;      /* no ADDITIONAL_KEY_EXCHANGE where it belongs */
    bool followup_wrong_link;    /* of its own requests */
    bool followup_given_up;      /* it begins, and never asks for the next key exchange */
    bool ppk_unknown;            /* it has PPKs, but not the client's */
    bool ppk_unsaid;             /* PPK_IDENTITY is not in IKE_AUTH's answer */
} ResponderFaults;

typedef struct {
    IkeIdentity id;
    Secret *psk;      /* the clients', its own where it has no key; NULL: certificates */
    GPtrArray *chain; /* Certificate, its own first */
    PrivateKey *key;
    GBytes *authorities; /* CERTREQ: SHA-1 hashes; NULL: it sends none */
    GPtrArray *ocsp;     /* GBytes: sent to whoever asks for OCSP (RFC 4806); NULL: none */
    IkeProposalList *ike_proposals, *esp_proposals;
    GPtrArray *attributes;  /* IkeConfigAttribute: CFG_REPLY's content in this order */
    GArray *local_ts;       /* TrafficSelector: what is behind it; empty: everything */
    size_t fragment_size;   /* 0: 1280 */
    unsigned eap_requests;  /* of a round before Success; 0: it knows no EAP */
    Secret *eap_msk;        /* of its method; NULL: it makes no keys */
    bool eap_only;          /* proves itself by nothing else (RFC 5998) */
    bool childless;         /* RFC 6023 */
    unsigned tickets_s;     /* lifetime of those that it gives; 0: none (RFC 5723) */
    GBytes *crash_token;    /* QUICK_CRASH_DETECTION (RFC 6290), the same for all; NULL: none */
    uint32_t auth_lifetime; /* seconds; 0: not said (RFC 4478) */
    bool one_selector;      /* the first of TSr only, for each Child SA */
    bool needs_ke;          /* CREATE_CHILD_SA without a KE payload is refused */
    bool no_ke;             /* CREATE_CHILD_SA with a KE payload, or an offer of one, is refused */
    bool second_eap;        /* wants EAP after the first sign-in (RFC 4739) */
    Secret *ppk;            /* RFC 8784; NULL: it knows of none */
    GBytes *ppk_id;         /* type and octets */
    bool ppk_required;
} ResponderConfig;

/* The method that it speaks, of no use outside of tests: type 254, each request is answered by its
 * own data with every octet inverted. */
GBytes *responder_eap_answer(GBytes *request);

/* Members are freed; zero it first. */
void responder_config_clear(ResponderConfig *config);
void responder_config_add_attribute(ResponderConfig *config, uint16_t type, const void *value,
                                    size_t length);

typedef struct _IkeResponder IkeResponder;
/* One IKE SA; valid until it is deleted or replaced. */
typedef struct _ResponderSa ResponderSa;

/* config: borrowed, must outlive the responder. */
IkeResponder *ike_responder_new(const ResponderConfig *config, Rng *rng);
void ike_responder_free(IkeResponder *responder);
ResponderFaults *ike_responder_faults(IkeResponder *responder);

typedef enum {
    RESPONDER_OUTPUT_SEND,
    RESPONDER_OUTPUT_CHILD,         /* keys of a new Child SA, for a data path */
    RESPONDER_OUTPUT_CHILD_RETIRED, /* nothing is sent by it any more; spi_in, spi_out only */
    RESPONDER_OUTPUT_CHILD_GONE,    /* spi_in, spi_out only */
} ResponderOutputKind;

typedef struct {
    ResponderOutputKind kind;
    IkePath path; /* SEND: where it goes; CHILD: where its SA is */
    GBytes *datagram;
    IkeChild *child;
    bool is_request;
} ResponderOutput;

void responder_output_clear(ResponderOutput *output);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ResponderOutput, responder_output_clear)

/* path: where it came from, seen from here (remote is the client); its answer goes there. False: it
 * was not understood. */
bool ike_responder_receive(IkeResponder *responder, const IkePath *path, const uint8_t *datagram,
                           size_t length);
bool ike_responder_next_output(IkeResponder *responder, ResponderOutput *output);

/* The newest SA that is up, NULL if none is. */
ResponderSa *ike_responder_sa(IkeResponder *responder);
guint ike_responder_count(const IkeResponder *responder); /* SAs that are up */
/* Of the last IKE_AUTH request: IDi (type; data borrowed), and how many CERT. */
IkeIdentity ike_responder_client_id(const IkeResponder *responder);
guint ike_responder_client_certificates(const IkeResponder *responder);
guint ike_responder_count_initial_contacts(const IkeResponder *responder);
guint ike_responder_count_children(const IkeResponder *responder); /* of all SAs */

/* Gone without a word, as when the client does not answer any more. */
void responder_sa_forget(IkeResponder *responder, ResponderSa *sa);

/* What a gateway asks. One request at a time for each SA. */
void responder_sa_liveness(IkeResponder *responder, ResponderSa *sa);
void responder_sa_delete(IkeResponder *responder, ResponderSa *sa);
/* Nothing where none is in use. */
void responder_sa_delete_child(IkeResponder *responder, ResponderSa *sa);
/* An INFORMATIONAL request with such a Notify. */
void responder_sa_notify(IkeResponder *responder, ResponderSa *sa, uint16_t type, const void *data,
                         size_t length);
/* The old ones are deleted by a request of their own once these are answered. */
void responder_sa_rekey_child(IkeResponder *responder, ResponderSa *sa);
void responder_sa_rekey_ike(IkeResponder *responder, ResponderSa *sa);
/* N(REDIRECT) with data. */
void responder_sa_redirect(IkeResponder *responder, ResponderSa *sa, GBytes *data);
void responder_sa_new_child(IkeResponder *responder, ResponderSa *sa);
/* exchange with an unknown payload, critical or not; exchange 0: INFORMATIONAL. */
void responder_sa_unknown_payload(IkeResponder *responder, ResponderSa *sa, uint8_t exchange,
                                  bool critical);
/* Authentic, but malformed inside. */
void responder_sa_malformed(IkeResponder *responder, ResponderSa *sa);
/* The error of the last answer to a request of ours (IKE_NOTIFY_*), 0: none; *answered counts them.
 */
uint16_t ike_responder_last_error(const IkeResponder *responder, unsigned *answered);
/* It forgets everything; what it does not know is answered with the token, if it has one. */
void ike_responder_restart(IkeResponder *responder);
/* Every request that is not answered yet, again. */
void ike_responder_repeat(IkeResponder *responder);
/* Those on their way out, too. */
guint ike_responder_count_all(const IkeResponder *responder);
/* It takes Child SAs that were replaced for ones in use, as a gateway does that began to delete
 * one before it was rekeyed. */
void ike_responder_forget_replaced(IkeResponder *responder);
uint64_t responder_sa_spi_i(const ResponderSa *sa);
/* Is it the initiator of this one? */
bool responder_sa_began(const ResponderSa *sa);
/* Nothing of ours is under way on it. */
bool responder_sa_is_idle(const ResponderSa *sa);
/* Right solutions of puzzles so far. */
unsigned ike_responder_solved(const IkeResponder *responder);
/* Some link of a chain of key exchanges, either side's, is still to come. */
bool responder_sa_is_following_up(const ResponderSa *sa);
/* The last request of ours again, as it was. */
void responder_sa_repeat(IkeResponder *responder, ResponderSa *sa);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IkeResponder, ike_responder_free)
