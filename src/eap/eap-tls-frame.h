/*
 * TLS in packets of EAP: flags, length, fragments and their acknowledgements (RFC 5216, section
 * 3.1; the same in RFC 5281, section 9.1, and PEAP, with a version among the flags, ours is 0).
 */
#pragma once
#include "base/bytes.h"

#define EAP_TLS_FRAGMENT 1000 /* octets of TLS in one response */

typedef struct {
    GByteArray *in;    /* what has come of a message */
    uint32_t expected; /* octets that it was said to have; 0: not said */
    GBytes *out;       /* NULL: nothing to send */
    size_t out_offset;
} EapTlsFrame;

typedef enum {
    EAP_TLS_FRAME_BAD,     /* malformed or out of turn: silence */
    EAP_TLS_FRAME_TOO_BIG, /* or of another length than was said: the end */
    EAP_TLS_FRAME_START,
    EAP_TLS_FRAME_GO_ON,   /* a part, or wants one: eap_tls_frame_next answers it */
    EAP_TLS_FRAME_MESSAGE, /* *message, maybe empty */
} EapTlsFrameVerdict;

void eap_tls_frame_init(EapTlsFrame *frame);
void eap_tls_frame_clear(EapTlsFrame *frame);
/* data: a request's Type-Data. */
EapTlsFrameVerdict eap_tls_frame_receive(EapTlsFrame *frame, ByteReader data, GBytes **message);
void eap_tls_frame_send(EapTlsFrame *frame, GBytes *message);
/* The next part of what is to be sent, or an acknowledgement where there is none. */
GBytes *eap_tls_frame_next(EapTlsFrame *frame);
