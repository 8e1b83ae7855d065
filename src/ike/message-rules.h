/*
 * Which payloads each message of an exchange must have, may have, and may have more than once
 * (RFC 7296, sections 1.2 to 1.5, 2.16 and appendix C). A message fits a shape or it is malformed.
 * Notify and Vendor ID payloads may be in every message; the order of payloads is free (RFC 7296,
 * section 2.5).
 */
#pragma once
#include "ike/message.h"

typedef enum {
    IKE_SHAPE_NONE,                   /* fits nothing: INVALID_SYNTAX */
    IKE_SHAPE_NOTIFY_ONLY,            /* an answer of notifications: an error, COOKIE, REDIRECT */
    IKE_SHAPE_INIT_REQUEST,           /* SA KE Ni */
    IKE_SHAPE_INIT_RESPONSE,          /* SA KE Nr [CERTREQ] */
    IKE_SHAPE_RESUME,                 /* either way: Nonce (RFC 5723, section 4.3.2) */
    IKE_SHAPE_AUTH_REQUEST,           /* IDi [CERT] [CERTREQ] [IDr] AUTH [CP] SA TSi TSr */
    IKE_SHAPE_AUTH_REQUEST_CHILDLESS, /* the same without SA TSi TSr (RFC 6023) */
    IKE_SHAPE_AUTH_RESPONSE,          /* IDr [CERT] AUTH [CP] SA TSi TSr */
    IKE_SHAPE_AUTH_CHILDLESS,  /* IDr [CERT] AUTH [CP]: N(error), another round, or childless */
    IKE_SHAPE_AUTH_EAP_START,  /* request: IDi [CERTREQ] [IDr] [CP] SA TSi TSr, no AUTH */
    IKE_SHAPE_AUTH_EAP_FIRST,  /* response: IDr [CERT] [AUTH] EAP */
    IKE_SHAPE_AUTH_EAP,        /* either way: EAP */
    IKE_SHAPE_AUTH_EAP_FINISH, /* request: AUTH */
    IKE_SHAPE_AUTH_NEXT,       /* request: IDi (RFC 4739, section 2.2) */
    IKE_SHAPE_AUTH_EAP_DONE,   /* response: AUTH [CP] SA TSi TSr */
    IKE_SHAPE_AUTH_EAP_DONE_CHILDLESS, /* response: AUTH [CP]: as AUTH_CHILDLESS */
    IKE_SHAPE_CHILD,        /* SA Nonce [KE] TSi TSr [CP]; a rekey has N(REKEY_SA) in its request */
    IKE_SHAPE_REKEY_IKE,    /* SA Nonce KE, no TS */
    IKE_SHAPE_INTERMEDIATE, /* KE (RFC 9370, section 2.2.2) */
    IKE_SHAPE_FOLLOWUP_KE,  /* KE, N(ADDITIONAL_KEY_EXCHANGE) but for the last answer */
    IKE_SHAPE_INFORMATIONAL, /* [D] [CP], empty for a liveness check */
} IkeMessageShape;

/* By exchange, direction and payloads; IKE_SHAPE_NONE sets error. */
IkeMessageShape ike_message_shape(const IkeMessage *message, GError **error);
const char *ike_message_shape_to_string(IkeMessageShape shape);
