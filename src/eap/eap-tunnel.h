/*
 * A TLS session that is carried by EAP: what EAP-TLS, TTLS and PEAP have in common (RFC 5216, RFC
 * 9190). The server shows a certificate that leads to the profile's authorities and carries the
 * name that is asked for, or there is no conversation.
 */
#pragma once
#include "crypto/tls-stream.h"
#include "eap/eap-method.h"
#include "eap/eap-tls-frame.h"

typedef struct {
    const EapConfig *config;
    uint8_t type; /* EAP_TYPE_* */
    EapTlsFrame frame;
    TlsStream *tls; /* NULL before Start */
    GPtrArray *chain;
    GBytes *data;  /* plaintext that came, for the method; NULL: none */
    bool was_open; /* before what came last */
    bool asks_revocation, revocation_known;
} EapTunnel;

/* chain: ours, NULL for none. False with detail: not with this config. */
bool eap_tunnel_init(EapTunnel *tunnel, const EapConfig *config, uint8_t type, GPtrArray *chain,
                     char **detail);
void eap_tunnel_clear(EapTunnel *tunnel);
/* True: the session is open, and it is the method's turn, with data where some came; the step is
 * empty then, and eap_tunnel_flush is what ends the turn. False: the step is filled. */
bool eap_tunnel_request(EapTunnel *tunnel, ByteReader data, EapStep *step);
/* Whether the open question is the session's own, rather than the method's. */
bool eap_tunnel_asks(const EapTunnel *tunnel);
/* The same as eap_tunnel_request, for the answer to such a question. */
bool eap_tunnel_answer(EapTunnel *tunnel, const EapAnswer *answer, EapStep *step);
void eap_tunnel_write(EapTunnel *tunnel, const void *data, size_t length);
/* Sends what was written, or an acknowledgement. */
void eap_tunnel_flush(EapTunnel *tunnel, EapStep *step);
/* The first 64 octets of the method's key material (RFC 5216, section 2.3; RFC 9190, section 2.3;
 * RFC 9427); label: what TLS 1.2 makes it by. */
Secret *eap_tunnel_msk(EapTunnel *tunnel, const char *label);
/* detail: taken. */
void eap_step_fail(EapStep *step, char *detail);
