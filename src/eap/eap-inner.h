/*
 * A conversation of EAP inside of another's TLS: a peer of its own, for the user's real name and
 * the methods that are allowed inside (RFC 5281, section 11.2.1; PEAP).
 */
#pragma once
#include "eap/eap-method.h"

typedef struct {
    EapPeer *peer;
    const char *method; /* what it has come to: "EAP-MSCHAPv2"; NULL before */
} EapInner;

#define EAP_INNER_METHODS (EAP_METHOD_MSCHAPV2 | EAP_METHOD_GTC)

void eap_inner_init(EapInner *inner, const EapConfig *config, Rng *rng);
void eap_inner_clear(EapInner *inner);
/* What comes of a packet or an answer: a packet for the server (returned, NULL for none), or a step
 * that asks or fails. */
GBytes *eap_inner_receive(EapInner *inner, GBytes *packet, EapStep *step);
GBytes *eap_inner_answer(EapInner *inner, const EapAnswer *answer, EapStep *step);
/* Whether it may be called a success now. It is over then. *msk (may be NULL): its keys, borrowed,
 * NULL where it makes none. */
bool eap_inner_succeed(EapInner *inner, const Secret **msk);
