/*
 * The IKE header (RFC 7296, section 3.1): 28 octets that are never encrypted.
 */
#pragma once
#include "base/bytes.h"
#include "ike/registry.h"

#define IKE_HEADER_LENGTH      28
#define IKE_MESSAGE_MAX_LENGTH 65535 /* octets of one message; a stream cannot frame more */
#define IKE_VERSION_2          0x20  /* what we send; the low four bits are ignored on receipt */

typedef struct {
    uint64_t spi_i;
    uint64_t spi_r;
    uint8_t next_payload; /* filled by the writer */
    uint8_t version;      /* 0 is written as IKE_VERSION_2 */
    uint8_t exchange;     /* IKE_EXCHANGE_* */
    uint8_t flags;        /* IKE_FLAG_* */
    uint32_t message_id;
    uint32_t length; /* of the whole message; filled by the writer */
} IkeHeader;

/* Any version: the caller looks at ike_header_major. The length is checked against nothing but the
 * header's own. */
bool ike_header_parse(ByteReader *reader, IkeHeader *out, GError **error);
/* Writes next_payload and length as they stand. */
void ike_header_write(const IkeHeader *header, ByteWriter *writer);

static inline unsigned
ike_header_major(const IkeHeader *header)
{
    return header->version >> 4;
}

static inline bool
ike_header_is_response(const IkeHeader *header)
{
    return (header->flags & IKE_FLAG_RESPONSE) != 0;
}

static inline bool
ike_header_from_initiator(const IkeHeader *header)
{
    return (header->flags & IKE_FLAG_INITIATOR) != 0;
}
