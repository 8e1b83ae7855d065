/*
 * A whole IKE message as a value: read from a datagram in steps (header and clear payloads; then
 * the protected ones), or built and written, in clear or sealed and in fragments (RFC 7296,
 * sections 2.5, 3.1, 3.2 and 3.14; RFC 7383). Which payloads an exchange may have is in
 * message-rules.
 *
 * Reading:   status = ike_message_parse (datagram, &message, &error);
 *            if (message->sealed) status = ike_message_open (message, aead, fragments, &error);
 * Sending:   message = ike_message_new (&header); ike_message_add_...(message, ...);
 *            ike_message_write (message, &error) or ike_message_seal (message, &sealer, 1280,
 * &error)
 */
#pragma once
#include "ike/fragment.h"
#include "ike/header.h"
#include "ike/payload-sk.h"
#include "ike/payload.h"

#define IKE_MAX_PAYLOADS 256 /* of one message, clear and protected, the ignored ones included */

/* DESIGN, "engine contract": in this order and with this meaning. */
typedef enum {
    IKE_DECODE_OK,
    IKE_DECODE_PARTIAL,         /* an authentic fragment; others are missing */
    IKE_DECODE_PROTECTED_ERROR, /* authentic but malformed */
    IKE_DECODE_DISCARD,         /* not to be trusted, or not IKEv2: count it, stay silent */
} IkeDecodeStatus;

typedef struct {
    unsigned references;
    GBytes *solution; /* for sending: of a puzzle, in clear before SK (RFC 8019, section 7.2.2) */
    IkeHeader header;
    /* IkePayload, in the order of the wire. Once a sealed message is open: what was inside and
     * nothing else, so that everything in here has the same protection. */
    GPtrArray *payloads;
    bool sealed; /* it has an SK or SKF payload that is still closed */
    bool opened; /* it had one: payloads are authentic */
    /* The type of the first payload that we do not know and that is marked critical, or 0: the
     * message as a whole is then not processed (RFC 7296, section 2.5). */
    uint8_t unsupported_critical;
    PayloadSk sk;   /* where sealed, and of the last fragment to arrive once it is open */
    GBytes *plain;  /* of an opened message: what was inside, whole */
    GBytes *octets; /* of a parsed message: the datagram; NULL in a built one */
} IkeMessage;

IkeMessage *ike_message_new(const IkeHeader *header);
IkeMessage *ike_message_ref(IkeMessage *message);
void ike_message_free(IkeMessage *message); /* gives the reference back */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IkeMessage, ike_message_free)

/* --- Reading --- */

/* Header and clear payloads. OK or DISCARD; DISCARD sets error and leaves *out NULL. The header's
 * length must be the datagram's. Other major versions than 2 are DISCARD (PARSE_ERROR_INVALID): who
 * wants to answer them uses ike_header_parse. */
IkeDecodeStatus ike_message_parse(GBytes *datagram, IkeMessage **out, GError **error);
/* Opens SK or SKF. fragments may be NULL where fragments are not expected (they are then DISCARD).
 * Not OK sets error, except for PARTIAL. After PROTECTED_ERROR the payloads before the bad one are
 * there. Complete fragments become one message: header of the last fragment to arrive, sealed
 * false. */
IkeDecodeStatus ike_message_open(IkeMessage *message, Aead *aead, IkeFragmentBuffer *fragments,
                                 GError **error);

/* The first of the type, or the first behind after (which must be of this message); NULL at the
 * end. */
const IkePayload *ike_message_find(const IkeMessage *message, uint8_t type);
const IkePayload *ike_message_find_next(const IkeMessage *message, uint8_t type,
                                        const IkePayload *after);
guint ike_message_count(const IkeMessage *message, uint8_t type);
const PayloadNotify *ike_message_find_notify(const IkeMessage *message, uint16_t notify_type);
/* The next Notify of any type behind after (NULL: the first): for iteration. */
const PayloadNotify *ike_message_next_notify(const IkeMessage *message, const PayloadNotify *after);
/* The first Notify that is an error. */
const PayloadNotify *ike_message_find_error(const IkeMessage *message);
/* One line for the log: "IKE_AUTH response 1: IDr CERT AUTH N(MOBIKE_SUPPORTED) CP SA TSi TSr". No
 * data. */
char *ike_message_to_string(const IkeMessage *message);

/* --- Building: payloads are written in the order in which they are added. Data is copied, objects
 * are referenced. --- */

void ike_message_add(IkeMessage *message, IkePayload *payload); /* payload is taken */
void ike_message_add_sa(IkeMessage *message, IkeProposalList *proposals);
void ike_message_add_ke(IkeMessage *message, uint16_t group, GBytes *data);
void ike_message_add_nonce(IkeMessage *message, GBytes *nonce);
/* payload_type: IKE_PAYLOAD_IDI or IKE_PAYLOAD_IDR. */
void ike_message_add_id(IkeMessage *message, uint8_t payload_type, uint8_t id_type, GBytes *data);
void ike_message_add_auth(IkeMessage *message, uint8_t method, GBytes *data);
void ike_message_add_cert(IkeMessage *message, uint8_t encoding, GBytes *data);
void ike_message_add_certreq(IkeMessage *message, uint8_t encoding, GBytes *authorities);
/* payload_type: IKE_PAYLOAD_TSI or IKE_PAYLOAD_TSR; selectors: TrafficSelector. */
void ike_message_add_ts(IkeMessage *message, uint8_t payload_type, const GArray *selectors);
/* Not about an SA in particular: protocol 0, no SPI. */
void ike_message_add_notify(IkeMessage *message, uint16_t type, const void *data, size_t length);
/* About the Child SA with the sender's inbound SPI: REKEY_SA, CHILD_SA_NOT_FOUND. */
void ike_message_add_notify_child(IkeMessage *message, uint16_t type, uint32_t spi);
void ike_message_add_delete_ike(IkeMessage *message);
void ike_message_add_delete_children(IkeMessage *message, const uint32_t *spis, size_t n_spis);
void ike_message_add_vendor(IkeMessage *message, const void *data, size_t length);
void ike_message_add_eap(IkeMessage *message, GBytes *packet);
/* Borrowed, to be filled with payload_cp_add. */
PayloadCp *ike_message_add_cp(IkeMessage *message, uint8_t cfg_type);

/* In clear. NULL with PARSE_ERROR_TOO_LARGE. */
GBytes *ike_message_write(const IkeMessage *message, GError **error);
/* The payloads one behind the other, without header: what SK is to carry. */
GBytes *ike_message_write_payloads(const IkeMessage *message, GError **error);
/* All payloads inside SK, or, where the message would be longer than max_length octets (0: no
 * limit), in SKF fragments of at most that: GBytes, one a datagram. Retransmissions send the same
 * octets again; a message is sealed once. */
GPtrArray *ike_message_seal(const IkeMessage *message, PayloadSkSealer *sealer, size_t max_length,
                            GError **error);
