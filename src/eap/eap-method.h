/*
 * What a method of EAP is to the peer (RFC 3748, section 5): a machine over the Type-Data of its
 * requests. Packets, identifiers, repetitions, Nak and the end are the peer's; a method sees every
 * request once.
 */
#pragma once
#include "base/bytes.h"
#include "eap/eap-peer.h"

enum { /* "Method Types" (RFC 3748, section 5; IANA) */
       EAP_TYPE_IDENTITY = 1,
       EAP_TYPE_NOTIFICATION = 2,
       EAP_TYPE_NAK = 3,
       EAP_TYPE_MD5 = 4,
       EAP_TYPE_GTC = 6,
       EAP_TYPE_TLS = 13,
       EAP_TYPE_TTLS = 21,
       EAP_TYPE_PEAP = 25,
       EAP_TYPE_MSCHAPV2 = 26,
       EAP_TYPE_EXTENSIONS = 33, /* TLVs inside PEAP */
};

typedef enum {
    EAP_STEP_IGNORE,  /* malformed or out of turn: silence */
    EAP_STEP_SEND,    /* response */
    EAP_STEP_ASK,     /* question; goes on with answer */
    EAP_STEP_FAILURE, /* detail; response, where set, is sent first */
} EapStepKind;

typedef struct {
    EapStepKind kind;
    GBytes *response;      /* Type-Data of our response; may be empty */
    EapQuestion *question; /* eap_question_free */
    char *detail;          /* English, for people, without the method's name */
} EapStep;

typedef struct _EapMethodState EapMethodState; /* each method's own */

typedef struct {
    uint8_t type;     /* EAP_TYPE_* */
    uint32_t allowed; /* EAP_METHOD_* that allows it */
    const char *name; /* "EAP-TLS" */
    /* Whether the config has what it needs; NULL: always. */
    bool (*usable)(const EapConfig *config);
    /* config outlives the state. NULL with detail: it cannot begin with this config. */
    EapMethodState *(*begin)(const EapConfig *config, Rng *rng, char **detail);
    void (*free)(EapMethodState *state);
    /* data: the request's Type-Data. Fills a step that is all zero. */
    void (*request)(EapMethodState *state, uint8_t identifier, ByteReader data, EapStep *step);
    void (*answer)(EapMethodState *state, const EapAnswer *answer, EapStep *step);
    /* Whether EAP-Success may be believed now; msk: borrowed, NULL where there is none. */
    bool (*finished)(const EapMethodState *state, const Secret **msk, bool *mutual);
    const char *(*title)(const EapMethodState *state); /* "EAP-TTLS with PAP"; NULL: name */
} EapMethodOps;

extern const EapMethodOps eap_md5, eap_gtc, eap_mschapv2, eap_tls, eap_ttls, eap_peap;

void eap_question_free(EapQuestion *question);
void eap_step_clear(EapStep *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EapQuestion, eap_question_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EapStep, eap_step_clear)
