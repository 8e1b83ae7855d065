/* What the files of the test responder share. */
#pragma once
#include "ike-responder.h"

#include "ike/ike-sa.h"
#include "ike/message-rules.h"
#include "ike/puzzle.h"

typedef enum { RESPONDER_HALF_OPEN, RESPONDER_UP, RESPONDER_GOING } ResponderSaState;

/* What the request under way is about. */
typedef enum {
    RESPONDER_ASKS_NOTHING,
    RESPONDER_ASKS_ANYTHING, /* no more to be done with the answer */
    RESPONDER_ASKS_REKEY_CHILD,
    RESPONDER_ASKS_REKEY_IKE,
    RESPONDER_ASKS_FOLLOWUP_CHILD, /* IKE_FOLLOWUP_KE behind either */
    RESPONDER_ASKS_FOLLOWUP_IKE,
    RESPONDER_ASKS_NEW_CHILD,
    RESPONDER_ASKS_DELETE_CHILD,
    RESPONDER_ASKS_DELETE,
} ResponderAsks;

struct _ResponderSa {
    IkeSa *ike;
    ResponderSaState state;
    IkePath path;
    GBytes *init_request, *init_response;
    GBytes *nonce_i, *nonce_r;
    GArray *hashes;      /* uint16_t, the client's */
    GPtrArray *children; /* ChildSa */
    ResponderAsks asks;
    /* SPIi of what the client made of it at the same time and has to delete; when the client
     * forgets its own rekeying (RFC 7296, section 2.25.2), it goes with this one. */
    uint64_t redundant_spi;
    /* EAP: the first IKE_AUTH request, IDi, what the client has to answer, requests left. */
    IkeMessage *first;
    PayloadId client;
    GBytes *eap_expected;
    unsigned eap_left;
    uint8_t eap_identifier;
    bool second_round;
    bool resumed;
    /* PPK: both have said USE_PPK; it is mixed in. */
    bool ppk_agreed, ppk_used;
    /* IKE_INTERMEDIATE: how many; IntAuth; what repetitions of the last request are sealed with. */
    unsigned n_additional;
    GBytes *int_auth_i, *int_auth_r, *int_auth;
    Aead *old_aead;
};

struct _IkeResponder {
    const ResponderConfig *config;
    Rng *rng;
    ResponderFaults faults;
    GPtrArray *sas; /* ResponderSa, oldest first */
    GQueue outputs;
    GPtrArray *tickets; /* ResponderTicket */
    GBytes *cookie;
    IkeMessage *received; /* being handled; a handler that keeps it sets NULL */
    unsigned solved;
    uint16_t last_error;
    unsigned answered;
    guint n_initial_contacts;
    PayloadId client; /* of the last IKE_AUTH request */
    guint n_client_certificates;
};

ResponderSa *responder_sa_new(IkeResponder *responder, uint64_t spi_i, uint64_t spi_r,
                              bool original_initiator);
void responder_emit(IkeResponder *responder, const IkePath *path, GBytes *datagram,
                    bool is_request);
void responder_emit_all(IkeResponder *responder, const IkePath *path, const GPtrArray *datagrams,
                        bool is_request);
/* Seals and sends; keeps the octets for repetition. */
void responder_send_response(IkeResponder *responder, ResponderSa *sa, const IkeMessage *message);
void responder_send_request(IkeResponder *responder, ResponderSa *sa, const IkeMessage *message,
                            ResponderAsks asks);
/* first: type of the first payload in plain, which is sealed as it stands. */
GPtrArray *responder_seal_raw(ResponderSa *sa, const IkeHeader *header, uint8_t first,
                              const uint8_t *plain, size_t length);
GBytes *responder_nonce(IkeResponder *responder);
uint64_t responder_u64(IkeResponder *responder);
uint32_t responder_child_spi(IkeResponder *responder);
void responder_add_child(IkeResponder *responder, ResponderSa *sa, const ChildSaMaterial *material);
void responder_retire_child(IkeResponder *responder, ResponderSa *sa, ChildSa *child);
void responder_remove_child(IkeResponder *responder, ResponderSa *sa, ChildSa *child);
GArray *responder_local_ts(const IkeResponder *responder);
/* Chooses for the client's offer, fills the answer's payloads. False: *error_type is the Notify. */
bool responder_answer_child(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request,
                            IkeMessage *reply, GBytes *nonce_i, GBytes *nonce_r,
                            uint16_t *error_type);
/* USE_PPK and INTERMEDIATE_EXCHANGE_SUPPORTED, for the answer of IKE_SA_INIT. */
void responder_add_pq_notifies(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request,
                               IkeMessage *reply);
void responder_handle_intermediate(IkeResponder *responder, ResponderSa *sa,
                                   const IkeMessage *request);
/* The client's authentication data, after the PPK is mixed in or left out (RFC 8784, section 3);
 * NULL: the client is refused. */
GBytes *responder_client_auth(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request);
void responder_add_ppk_identity(IkeResponder *responder, ResponderSa *sa, IkeMessage *reply);
/* IntAuth for IKE_AUTH, empty where there is none. */
Chunk responder_int_auth(const ResponderSa *sa);
bool responder_handle_init(IkeResponder *responder, const IkePath *path, const IkeMessage *request);
void responder_handle_auth(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request);
/* IDr, CERT and AUTH of its own. */
void responder_add_proof(IkeResponder *responder, ResponderSa *sa, IkeMessage *reply);
/* request: where IDi, CP, SA and TS were asked for. N(error) where there is no Child SA. */
void responder_add_tunnel(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request,
                          IkeMessage *reply);
/* An IKE_AUTH request of EAP's; false: none. */
bool responder_handle_eap(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request);
/* The solution that stands in clear before SK. */
void responder_check_auth_puzzle(IkeResponder *responder, const ResponderSa *sa,
                                 const IkeMessage *request);
/* IKE_SESSION_RESUME (RFC 5723). */
void responder_ticket_free(gpointer ticket);
bool responder_handle_resume(IkeResponder *responder, const IkePath *path,
                             const IkeMessage *request);
void responder_add_ticket(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request,
                          IkeMessage *reply);
GBytes *responder_resume_auth(const IkeResponder *responder, const ResponderSa *sa,
                              const PayloadId *client);
/* A cookie that is asked for first; true: it was. */
bool responder_refuse(IkeResponder *responder, const IkePath *path, const IkeMessage *request);
void responder_add_init_notifies(IkeResponder *responder, ResponderSa *sa, const IkePath *path,
                                 IkeMessage *reply);
/* It has proved itself by AUTH and another round follows: kept for the end. */
void responder_keep_first(IkeResponder *responder, ResponderSa *sa);
bool responder_read_child_spi(const IkeSuite *suite, uint32_t *spi);
/* By the client's inbound SPI. */
ChildSa *responder_find_child(ResponderSa *sa, uint32_t spi_out);
ChildSa *responder_find_own_child(ResponderSa *sa, uint32_t spi_in);
/* --- ike-responder-followup.c --- */
/* Takes the client's chain to sa's place for it. */
void responder_expect_followup(IkeResponder *responder, IkeFollowup **place, IkeFollowup *chain,
                               IkeMessage *reply);
void responder_handle_followup(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request);
/* Takes its own chain and asks for the next key exchange. */
void responder_start_followup(IkeResponder *responder, ResponderSa *sa, IkeFollowup *chain,
                              const IkeMessage *response, ResponderAsks asks);
/* One was answered; true: another was asked for. */
bool responder_go_on(IkeResponder *responder, ResponderSa *sa, const IkeMessage *response,
                     ResponderAsks asks);
/* --- ike-responder-rekey.c --- */
/* What the client asked for takes sa's place. */
void responder_succeed(IkeResponder *responder, ResponderSa *sa, const IkeFollowup *chain);
/* response: of the last IKE_FOLLOWUP_KE, NULL: it was refused. */
void responder_finish_followup(IkeResponder *responder, ResponderSa *sa, const IkeMessage *response,
                               ResponderAsks asks);
void responder_answer_rekey_child(IkeResponder *responder, ResponderSa *sa,
                                  const IkeMessage *request, IkeMessage *reply);
void responder_answer_rekey_ike(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request,
                                IkeMessage *reply);
/* response NULL: it was refused. */
void responder_finish_rekey_child(IkeResponder *responder, ResponderSa *sa,
                                  const IkeMessage *response);
void responder_finish_delete_child(IkeResponder *responder, ResponderSa *sa);
void responder_finish_rekey_ike(IkeResponder *responder, ResponderSa *sa,
                                const IkeMessage *response);
void responder_add_token(const IkeResponder *responder, IkeMessage *message);
void responder_drop_redundant(IkeResponder *responder, ResponderSa *sa);
/* The client has made a successor of sa while we tried to: it is used. */
void responder_yield(IkeResponder *responder, ResponderSa *sa);
void responder_handle_create_child(IkeResponder *responder, ResponderSa *sa,
                                   const IkeMessage *request);
void responder_handle_informational(IkeResponder *responder, ResponderSa *sa,
                                    const IkeMessage *request);
void responder_handle_response(IkeResponder *responder, ResponderSa *sa,
                               const IkeMessage *response);
