/* Packets inside PEAP, version 0: their lost headers, and the TLVs of type 33. */
#pragma once
#include "base/bytes.h"

#define PEAP_MAX_TLVS 16 /* of one packet that are read */

enum { PEAP_TLV_RESULT = 3, PEAP_TLV_MANDATORY = 0x8000, PEAP_TLV_TYPE = 0x3fff };
enum { PEAP_RESULT_SUCCESS = 1, PEAP_RESULT_FAILURE = 2 };

/* A server's packet, with a header (of a request, identifier) where it lost its own. NULL: too
 * long. */
GBytes *peap_restore(GBytes *data, uint8_t identifier);
/* Of a packet of type 33, behind the type: PEAP_RESULT_*, 0 where there is none to be read. */
uint16_t peap_read_result(ByteReader data);
