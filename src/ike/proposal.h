/*
 * Proposals as values: what we offer, what of an offer we take, whether an answer is one of ours
 * (RFC 7296, sections 2.7 and 3.3). The wire form is in payload-sa.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "ike/registry.h"

#define IKE_MAX_PROPOSALS  32 /* of one SA payload or list */
#define IKE_MAX_TRANSFORMS 64 /* of one proposal */
#define IKE_MAX_SPI_LENGTH 8
#define IKE_MAX_ADDITIONAL 7 /* additional key exchanges (RFC 9370) */

typedef struct {
    uint8_t type; /* IKE_TRANSFORM_* */
    uint16_t id;
    uint16_t key_bits; /* attribute 14; 0 where absent */
    bool unusable;     /* came with an attribute that we do not know: never matches */
} IkeTransform;

typedef struct {
    uint8_t number;   /* from 1 */
    uint8_t protocol; /* IKE_PROTOCOL_* */
    uint8_t spi_length;
    uint8_t spi[IKE_MAX_SPI_LENGTH];
    uint8_t n_transforms;
    IkeTransform transforms[IKE_MAX_TRANSFORMS];
} IkeProposal;

/* Immutable once it is shared, counted. */
typedef struct {
    gatomicrefcount references;
    GArray *proposals; /* IkeProposal */
} IkeProposalList;

/* One choice out of every transform type. */
typedef struct {
    uint8_t number;   /* of the offer's proposal */
    uint8_t protocol; /* IKE_PROTOCOL_IKE or _ESP */
    uint8_t spi_length;
    uint8_t spi[IKE_MAX_SPI_LENGTH]; /* the peer's */
    uint16_t encr, key_bits;         /* key_bits 0 where the cipher has one size only */
    uint16_t prf;                    /* 0 for ESP */
    uint16_t integ;                  /* INTEG_NONE for combined modes */
    uint16_t ke;                     /* KE_NONE where none was negotiated */
    bool esn;
    uint16_t addke[IKE_MAX_ADDITIONAL]; /* additional key exchanges; KE_NONE: none */
} IkeSuite;

/* The additional key exchanges in order, without those that are NONE; how many. */
unsigned ike_suite_additional(const IkeSuite *suite, uint16_t groups[IKE_MAX_ADDITIONAL]);

IkeProposalList *ike_proposal_list_new(void);
IkeProposalList *ike_proposal_list_ref(IkeProposalList *list);
void ike_proposal_list_unref(IkeProposalList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IkeProposalList, ike_proposal_list_unref)

/* Appends a copy; false beyond IKE_MAX_PROPOSALS. */
bool ike_proposal_list_add(IkeProposalList *list, const IkeProposal *proposal);
guint ike_proposal_list_length(const IkeProposalList *list);
const IkeProposal *ike_proposal_list_get(const IkeProposalList *list, guint index);
/* False beyond IKE_MAX_TRANSFORMS. */
bool ike_proposal_add_transform(IkeProposal *proposal, uint8_t type, uint16_t id,
                                uint16_t key_bits);

/* The built-in list for IKE_PROTOCOL_IKE or IKE_PROTOCOL_ESP: with ML-KEM where this build has it,
 * combined modes, then AES-CBC with HMAC-SHA2. The two kinds may not share a proposal (RFC 5282,
 * section 8). */
IkeProposalList *ike_proposal_list_default(uint8_t protocol);
/* Behind what is there, what old gateways need: SHA-1, MODP groups of 1024 and 1536 bits. False
 * beyond IKE_MAX_PROPOSALS. For a list that nobody else has yet. */
bool ike_proposal_list_add_legacy(IkeProposalList *list, uint8_t protocol);
/* "aes256gcm16-prfsha384-x25519 aes256-sha256-ecp256": one proposal a word, words separated by
 * spaces, commas or semicolons, several of a kind in one word are alternatives. prf missing in an
 * IKE word: that of the integrity algorithm's hash, else prfsha256. "esn" and "noesn" choose the
 * ESN transform of ESP (default: both, no ESN preferred last). */
IkeProposalList *ike_proposal_list_from_words(const char *words, uint8_t protocol, GError **error);
char *ike_proposal_list_to_string(const IkeProposalList *list);

/* A copy that carries spi in each proposal (ESP: 4 octets, a rekeyed IKE SA: 8). */
IkeProposalList *ike_proposal_list_with_spi(const IkeProposalList *list, const void *spi,
                                            uint8_t spi_length);
/* A copy without transforms of type KE and ADDKE, as IKE_AUTH needs it (RFC 7296, section 1.2). */
IkeProposalList *ike_proposal_list_without_ke(const IkeProposalList *list);
/* The group for the first KE payload; KE_NONE where the list has none. */
uint16_t ike_proposal_list_first_ke(const IkeProposalList *list);
/* A copy without transforms of type ADDKE. */
IkeProposalList *ike_proposal_list_without_additional(const IkeProposalList *list);
/* Is there an additional key exchange in it? */
bool ike_proposal_list_offers_additional(const IkeProposalList *list);
/* May we answer INVALID_KE_PAYLOAD with this group? (RFC 7296, section 1.3) */
bool ike_proposal_list_offers_ke(const IkeProposalList *list, uint16_t group);

/* The initiator's check of the responder's choice: exactly one proposal, by number one of ours, for
 * each type that we offered exactly one transform, and it one that we offered there (RFC 7296,
 * section 3.3.6). False with PARSE_ERROR_INVALID. */
bool ike_proposal_list_accept(const IkeProposalList *offered, const IkeProposalList *answer,
                              IkeSuite *suite, GError **error);
/* The responder's choice: the first of offered that has something of ours in every type, within it
 * our order of preference. preferred_ke (0: none) is taken where it is possible, so that the KE
 * payload already received can be used. False: NO_PROPOSAL_CHOSEN. */
bool ike_proposal_list_select(const IkeProposalList *ours, const IkeProposalList *offered,
                              uint16_t preferred_ke, IkeSuite *suite);
/* The list of one proposal that answers with suite, spi ours. */
IkeProposalList *ike_suite_to_answer(const IkeSuite *suite, const void *spi, uint8_t spi_length);
/* "aes256gcm16-prfsha384-x25519". */
char *ike_suite_to_string(const IkeSuite *suite);
