/*
 * One payload of a message: the generic header (RFC 7296, section 3.2) and the body by its type.
 * Bodies are read and written in payload-*.
 */
#pragma once
#include "ike/payload-auth.h"
#include "ike/payload-cert.h"
#include "ike/payload-certreq.h"
#include "ike/payload-cp.h"
#include "ike/payload-delete.h"
#include "ike/payload-eap.h"
#include "ike/payload-id.h"
#include "ike/payload-ke.h"
#include "ike/payload-nonce.h"
#include "ike/payload-notify.h"
#include "ike/payload-puzzle.h"
#include "ike/payload-sa.h"
#include "ike/payload-ts.h"
#include "ike/payload-vendor.h"
#include "ike/registry.h"

#define IKE_PAYLOAD_HEADER_LENGTH 4
#define IKE_PAYLOAD_CRITICAL      0x80

typedef struct {
    uint8_t type; /* IKE_PAYLOAD_*, never SK or SKF */
    union {
        PayloadSa sa;
        PayloadKe ke;
        PayloadId id;
        PayloadCert cert;
        PayloadCertreq certreq;
        PayloadAuth auth;
        PayloadNonce nonce;
        PayloadNotify notify;
        PayloadDelete del;
        PayloadVendor vendor;
        PayloadTs ts;
        PayloadCp cp;
        PayloadEap eap;
        PayloadPuzzle puzzle;
    };
} IkePayload;

/* The generic header as it stands. */
typedef struct {
    uint8_t next;
    bool critical;
    uint8_t flags;   /* as read: critical bit and RESERVED; not written */
    uint16_t length; /* of the body */
} IkePayloadHeader;

bool ike_payload_header_parse(ByteReader *reader, IkePayloadHeader *out, GError **error);
/* A body longer than a payload can carry makes ike_payload_write fail the writer. */
void ike_payload_header_write(const IkePayloadHeader *header, ByteWriter *writer);

/* A zeroed payload of the type; its body is then filled in. */
IkePayload *ike_payload_new(uint8_t type);
void ike_payload_free(IkePayload *payload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IkePayload, ike_payload_free)
/* type must be known (ike_payload_is_known) and not SK or SKF; the body must be used up. */
IkePayload *ike_payload_parse(uint8_t type, ByteReader *body, GError **error);
/* Generic header and body; the writer fails where the body is longer than a payload can be. */
void ike_payload_write(const IkePayload *payload, uint8_t next, ByteWriter *writer);
