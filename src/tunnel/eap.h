/*
 * The EAP conversations of one attempt: between the engine, which has the gateway's packets, the
 * EAP peer, which knows the methods, and ginneld, which has the secrets. A second round (RFC 4739)
 * is a conversation of its own.
 */
#pragma once
#include "tunnel/requests.h"
#include "tunnel/revocation.h"
#include "tunnel/start.h"

typedef struct _TunnelEap TunnelEap;

/* serial: the engine's, for ike_engine_supply. */
typedef void (*TunnelEapSupply)(uint32_t serial, const IkeCredential *credential,
                                gpointer user_data);

/* start, requests and cache are borrowed; wall_clock_s: Unix seconds now. told: whom the EAP
 * server's certificate is asked of. */
TunnelEap *tunnel_eap_new(const TunnelStart *start, Requests *requests, RevocationCache *cache,
                          Rng *rng, int64_t wall_clock_s, TunnelEapSupply supply,
                          RevocationTold told, gpointer user_data);
/* What is still asked of ginneld is not delivered any more. */
void tunnel_eap_free(TunnelEap *eap);
/* An IKE_CREDENTIAL_EAP request: supply answers it, at once or when ginneld has answered. */
void tunnel_eap_ask(TunnelEap *eap, const IkeCredentialRequest *wanted);
/* ginneld is being asked, and perhaps somebody at a keyboard. */
bool tunnel_eap_is_waiting(const TunnelEap *eap);
/* "EAP-MSCHAPv2"; NULL before a method began. */
const char *tunnel_eap_method(const TunnelEap *eap);
/* Why the method failed, where it said so itself before the gateway did; NULL. */
const char *tunnel_eap_detail(const TunnelEap *eap);
/* This machine had no answer for the method: nobody was refused. */
bool tunnel_eap_lacked_secret(const TunnelEap *eap);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TunnelEap, tunnel_eap_free)
