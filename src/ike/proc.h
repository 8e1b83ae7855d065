/*
 * The procedures of the engine, one file each (proc-*.c): what starts an exchange, and the handlers
 * that transitions names.
 */
#pragma once
#include "ike/transitions.h"

/* --- proc-init: IKE_SA_INIT (RFC 7296, section 1.2) --- */
void proc_init_start(IkeEngine *engine);
void proc_init_send(IkeEngine *engine, IkeSa *sa); /* again, with what has come to be known */
/* What a request to begin an SA says besides: NAT detection, fragmentation, redirect. */
void proc_init_announce(IkeEngine *engine, const IkeSa *sa, IkeMessage *message);
/* The keys are there; what the answer says besides. */
void proc_init_agreed(IkeEngine *engine, IkeSa *sa, const IkeMessage *message);
/* The cookie that message asks for, once each; false: not to be answered. */
bool proc_init_take_cookie(IkeEngine *engine, IkeSa *sa, const IkeMessage *message);
/* The deadline of a request that was refused in clear. */
void proc_init_give_up(IkeEngine *engine);
TransitionResult proc_init_answered(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_init_cookie(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_init_other_group(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_init_refused(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);

/* --- proc-intermediate: additional key exchanges before IKE_AUTH (RFC 9242; RFC 9370) --- */
/* IKE_SA_INIT is answered and the caller lets us go on: IKE_INTERMEDIATE, PPK, IKE_AUTH. */
void proc_intermediate_start(IkeEngine *engine, IkeSa *sa);
TransitionResult proc_intermediate_answered(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_intermediate_refused(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);

/* --- proc-ppk: the post-quantum pre-shared key (RFC 8784) --- */
/* Asks for the mixed keys where a PPK is used and our AUTH is next, else goes on to IKE_AUTH. */
void proc_ppk_start(IkeEngine *engine, IkeSa *sa);
/* The same behind EAP. */
void proc_ppk_before_auth(IkeEngine *engine, IkeSa *sa);
void proc_ppk_mixed(IkeEngine *engine, IkeSa *sa, const IkeCredential *credential);
bool proc_ppk_in_use(const IkeEngine *engine);
/* Is an AUTH for NO_PPK_AUTH needed, made with setup.plain? */
bool proc_ppk_wants_plain_auth(const IkeEngine *engine);
/* PPK_IDENTITY, and NO_PPK_AUTH (plain_auth not NULL), to the request that has our AUTH. */
void proc_ppk_add(IkeEngine *engine, IkeMessage *message, GBytes *plain_auth);
/* To its answer, before the gateway's AUTH is looked at: which keys count. False: closed. */
bool proc_ppk_answered(IkeEngine *engine, IkeSa *sa, const IkeMessage *message);

/* --- proc-auth: IKE_AUTH (RFC 7296, sections 1.2 and 2.15) --- */
void proc_auth_start(IkeEngine *engine, IkeSa *sa);
/* CREDENTIAL_NEEDED of kind, to be filled. */
IkeCredentialRequest *proc_auth_ask(IkeEngine *engine, IkeSa *sa, IkeCredentialKind kind);
void proc_auth_signed(IkeEngine *engine, IkeSa *sa, const IkeCredential *credential);
void proc_auth_judged(IkeEngine *engine, IkeSa *sa, const IkeCredential *credential);
/* The gateway is who it has to be: what message says beyond that is believed from here on. */
void proc_auth_gateway_proved(IkeEngine *engine, IkeSa *sa, const IkeMessage *message);
TransitionResult proc_auth_answered(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_auth_refused(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
/* Path, validity and identity of the gateway's certificate, and its signature. path: Certificate,
 * the gateway's first, the anchor last. False: closed. */
bool proc_auth_check_certificate(IkeEngine *engine, IkeSa *sa, const IkeMessage *message,
                                 GPtrArray **path);
bool proc_auth_check_identity(IkeEngine *engine, const PayloadId *idr);

/* --- proc-eap: IKE_AUTH with EAP (RFC 7296, section 2.16; RFC 4739; RFC 5998) --- */
TransitionResult proc_eap_begun(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_eap_asked(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_eap_done(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
/* The caller's word on the EAP packet that it was asked about. */
void proc_eap_supplied(IkeEngine *engine, IkeSa *sa, const IkeCredential *credential);
/* Our AUTH behind the method, with the PPK mixed in where one is used. */
void proc_eap_send_auth(IkeEngine *engine, IkeSa *sa);
/* Hands message's EAP packet to the caller. */
void proc_eap_ask(IkeEngine *engine, IkeSa *sa, const IkeMessage *message);
/* HDR, SK {IDi}  -->   the second round. */
void proc_eap_next_round(IkeEngine *engine, IkeSa *sa);
/* Does another round follow the one under way? */
bool proc_eap_another_follows(const IkeEngine *engine);

/* --- proc-puzzle (RFC 8019) --- */
bool proc_puzzle_under_way(const IkeEngine *engine);
/* The puzzle beside a cookie; false: there is none to be solved. */
bool proc_puzzle_init(IkeEngine *engine, IkeSa *sa, const IkeMessage *message);
/* The one in IKE_SA_INIT's answer. */
void proc_puzzle_note_auth(IkeEngine *engine, const IkeSa *sa, const IkeMessage *message);
/* A slice of it, and what comes after. */
void proc_puzzle_work(IkeEngine *engine);

/* --- proc-resume: IKE_SESSION_RESUME (RFC 5723) --- */
void proc_resume_start(IkeEngine *engine);
bool proc_resume_in_use(const IkeEngine *engine);
TransitionResult proc_resume_answered(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_resume_cookie(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_resume_refused(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
/* As if there had been no ticket: from IKE_SA_INIT on. */
void proc_resume_abandon(IkeEngine *engine, IkeSa *sa);
/* Our AUTH, in setup.auth. */
void proc_resume_make_auth(IkeEngine *engine, IkeSa *sa);
/* Is the gateway who gave the ticket? False: closed. */
bool proc_resume_check(IkeEngine *engine, IkeSa *sa, const IkeMessage *message);
/* TICKET, where message has one. */
void proc_resume_take_ticket(IkeEngine *engine, const IkeSa *sa, const IkeMessage *message);

/* --- proc-redirect (RFC 5685) --- */
/* That we can be redirected, or were. */
void proc_redirect_announce(const IkeEngine *engine, IkeMessage *message);
TransitionResult proc_redirect_init(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
/* The first or the last answer to IKE_AUTH, verified; up: the gateway has the SA. True: redirected,
 * and closed. */
bool proc_redirect_auth(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, bool up);
void proc_redirect_up(IkeEngine *engine, const IkeMessage *message);

/* --- proc-config: CFG_REQUEST and CFG_REPLY (RFC 7296, section 2.19; RFC 8598) --- */
void proc_config_request(IkeEngine *engine, IkeMessage *message);
/* False when it has closed the engine: no usable address. */
bool proc_config_reply(IkeEngine *engine, const IkeMessage *message, IkeConfiguration *out);

/* --- proc-establish: the first Child SA, and being up (RFC 7296, sections 1.2 and 2.9) --- */
void proc_establish(IkeEngine *engine, IkeSa *sa, const IkeMessage *message);
/* Childless (RFC 6023): IKE_AUTH is done, the first Child SA is made by CREATE_CHILD_SA. */
bool proc_establish_awaits_child(const IkeEngine *engine);
bool proc_establish_first_child(IkeEngine *engine, IkeSa *sa, const ChildSaMaterial *material);
/* message: why there is none. */
void proc_establish_no_child(IkeEngine *engine, const IkeMessage *message);
/* Selectors that we ask for. */
GArray *proc_wanted_local_ts(void);
GArray *proc_wanted_remote_ts(const IkeEngine *engine);

/* --- proc-info: liveness and everything else INFORMATIONAL (RFC 7296, section 1.4) --- */
/* AUTH_LIFETIME, if message has it (RFC 4478, section 3). */
void proc_info_note_auth_lifetime(IkeEngine *engine, const IkeMessage *message);
TransitionResult proc_info_answered(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_info_request(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);

/* --- proc-mobike: paths (RFC 4555; RFC 9329, section 7.1) --- */
/* Our source never matches, so that the gateway goes on to encapsulate. */
void proc_mobike_add_nat_detection(IkeEngine *engine, const IkeSa *sa, IkeMessage *message);
/* No NAT only where the gateway saw us at the address and port that we know to be ours. */
bool proc_mobike_detect_nat(const IkeEngine *engine, const IkeSa *sa, const IkeMessage *message);
void proc_mobike_fill_init(const IkeEngine *engine, IkeMessage *message);
bool proc_mobike_wants_to_tell(const IkeEngine *engine);
/* Asks whether the gateway is there, and tells it where we are where it may not know. */
void proc_mobike_start(IkeEngine *engine, IkeSa *sa);
bool proc_mobike_wants_to_probe(const IkeEngine *engine);
void proc_mobike_start_probe(IkeEngine *engine, IkeSa *sa);
/* It was not answered: once more, as small as can be. */
void proc_mobike_shrink_probe(IkeEngine *engine, IkeSa *sa);
/* To any request of ours, before the window is free again. */
void proc_mobike_answered(IkeEngine *engine, const IkeSa *sa);

/* --- proc-delete (RFC 7296, section 1.4.1) --- */
void proc_delete_start_ike(IkeEngine *engine, IkeSa *sa, IkeSaState state);
void proc_delete_start_child(IkeEngine *engine, IkeSa *sa, ChildSa *child);
TransitionResult proc_delete_request(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_delete_child_answered(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_delete_ike_answered(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);

/* --- proc-followup: additional key exchanges behind CREATE_CHILD_SA (RFC 9370, section 2.2.4) ---
 */
/* Takes chain, which message agreed on, and sends the first request; state: while they go on. */
void proc_followup_start(IkeEngine *engine, IkeSa *sa, IkeFollowup *chain,
                         const IkeMessage *message, IkeSaState state);
TransitionResult proc_followup_answered(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
/* Takes the gateway's chain to sa's place for it, and says in reply how it goes on. What is in
 * place already has been given up by the gateway. */
void proc_followup_expect(IkeEngine *engine, IkeFollowup **place, IkeFollowup *chain,
                          IkeMessage *reply);
/* Forgets what the gateway has not gone on with. */
void proc_followup_expire(const IkeEngine *engine, IkeSa *sa);
/* While the gateway is at it we begin nothing of the kind: until when at the latest; 0: it is not.
 */
Instant proc_followup_until(const IkeSa *sa);
TransitionResult proc_followup_request(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);

/* --- proc-rekey-child (RFC 7296, sections 1.3.1, 1.3.3 and 2.8) --- */
/* old NULL: a Child SA from scratch. */
void proc_rekey_child_start(IkeEngine *engine, IkeSa *sa, ChildSa *old, uint16_t group);
/* One more, for what coverage_missing says. */
void proc_rekey_child_start_for(IkeEngine *engine, IkeSa *sa, unsigned missing);
TransitionResult proc_rekey_child_answered(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_rekey_child_other_group(IkeEngine *, IkeSa *, const IkeMessage *,
                                              IkeMessage *);
TransitionResult proc_rekey_child_refused(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_rekey_child_request(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_new_child_request(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
/* The last additional key exchange is done: of our chain; of the gateway's, 0 or the error that it
 * is answered with. */
TransitionResult proc_rekey_child_followed_up(IkeEngine *engine, IkeSa *sa,
                                              const IkeFollowup *chain);
uint16_t proc_rekey_child_peer_followed_up(IkeEngine *engine, IkeSa *sa, const IkeFollowup *chain);
TransitionResult proc_child_not_now(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);

/* --- proc-rekey-ike (RFC 7296, sections 1.3.2 and 2.18) --- */
void proc_rekey_ike_start(IkeEngine *engine, IkeSa *sa, uint16_t group);
/* The gateway has made a new SA of sa while we tried to: that is used, sa is the gateway's to
 * delete. False: it has not. */
bool proc_rekey_ike_yield(IkeEngine *engine, IkeSa *sa);
TransitionResult proc_rekey_ike_answered(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_rekey_ike_other_group(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_rekey_ike_refused(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
TransitionResult proc_rekey_ike_request(IkeEngine *, IkeSa *, const IkeMessage *, IkeMessage *);
/* As for a Child SA. */
TransitionResult proc_rekey_ike_followed_up(IkeEngine *engine, IkeSa *sa, const IkeFollowup *chain);
uint16_t proc_rekey_ike_peer_followed_up(IkeEngine *engine, IkeSa *sa, const IkeFollowup *chain);
