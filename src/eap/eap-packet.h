/* EAP packets (RFC 3748, section 4): code, identifier, length, and for a request or response its
 * type and data. */
#pragma once
#include "base/bytes.h"

enum { EAP_CODE_REQUEST = 1, EAP_CODE_RESPONSE = 2, EAP_CODE_SUCCESS = 3, EAP_CODE_FAILURE = 4 };

#define EAP_HEADER_LENGTH 4

typedef struct {
    uint8_t code, identifier;
    uint8_t type;    /* 0 in Success and Failure */
    ByteReader data; /* behind the type, borrowed from the packet */
} EapPacket;

/* False: malformed, longer than EAP_MAX_PACKET, or of a code that nobody knows. Octets behind the
 * length are padding of a lower layer and left aside (RFC 3748, section 4.1). */
bool eap_packet_parse(GBytes *octets, EapPacket *out);
/* data NULL: none. */
GBytes *eap_packet_response(uint8_t identifier, uint8_t type, GBytes *data);
/* "EAP-TTLS", "EAP method 200": for people. Free with g_free. */
char *eap_type_to_string(uint8_t type);
