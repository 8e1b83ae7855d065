/* Packets inside PEAP, version 0: their lost headers, and the TLVs of type 33. */
#pragma once
#include "base/bytes.h"
#include "eap/peap-binding.h"

#define PEAP_MAX_TLVS 16 /* of one packet that are read */

#define PEAP_TLV_HEADER 4 /* octets: type and length */

enum {
    PEAP_TLV_RESULT = 3,
    PEAP_TLV_BINDING = 12,
    PEAP_TLV_MANDATORY = 0x8000,
    PEAP_TLV_TYPE = 0x3fff,
};
enum { PEAP_RESULT_SUCCESS = 1, PEAP_RESULT_FAILURE = 2 };

/* A server's packet, with a header (of a request, identifier) where it lost its own. NULL: too
 * long. */
GBytes *peap_restore(GBytes *data, uint8_t identifier);

typedef struct {
    uint16_t result; /* PEAP_RESULT_*; 0: none */
    bool bound;      /* there is a crypto-binding */
    uint8_t binding[PEAP_BINDING_LENGTH];
} PeapExtensions;

/* Of a packet of type 33, behind the type. One that cannot be read to its end says nothing. */
PeapExtensions peap_read_extensions(ByteReader data);
