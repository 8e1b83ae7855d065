/*
 * The numbers of IANA's "Internet Key Exchange Version 2 (IKEv2) Parameters" registry that are on
 * the wire outside transforms (those are in crypto/algorithms.h), and their names for logs
 * (RFC 7296, sections 3.1 to 3.16; RFC 7383, 7427, 8598, 8784, 9242, 9370, 9464).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { /* exchange types, section 3.1 */
       IKE_EXCHANGE_SA_INIT = 34,
       IKE_EXCHANGE_AUTH = 35,
       IKE_EXCHANGE_CREATE_CHILD_SA = 36,
       IKE_EXCHANGE_INFORMATIONAL = 37,
       IKE_EXCHANGE_SESSION_RESUME = 38, /* RFC 5723 */
       IKE_EXCHANGE_INTERMEDIATE = 43,   /* RFC 9242 */
       IKE_EXCHANGE_FOLLOWUP_KE = 44,    /* RFC 9370 */
};

enum { /* flags of the header, section 3.1 */
       IKE_FLAG_INITIATOR = 0x08,
       IKE_FLAG_VERSION = 0x10,
       IKE_FLAG_RESPONSE = 0x20,
};

enum { /* payload types, section 3.2 */
       IKE_PAYLOAD_NONE = 0,
       IKE_PAYLOAD_SA = 33,
       IKE_PAYLOAD_KE = 34,
       IKE_PAYLOAD_IDI = 35,
       IKE_PAYLOAD_IDR = 36,
       IKE_PAYLOAD_CERT = 37,
       IKE_PAYLOAD_CERTREQ = 38,
       IKE_PAYLOAD_AUTH = 39,
       IKE_PAYLOAD_NONCE = 40,
       IKE_PAYLOAD_NOTIFY = 41,
       IKE_PAYLOAD_DELETE = 42,
       IKE_PAYLOAD_VENDOR = 43,
       IKE_PAYLOAD_TSI = 44,
       IKE_PAYLOAD_TSR = 45,
       IKE_PAYLOAD_SK = 46,
       IKE_PAYLOAD_CP = 47,
       IKE_PAYLOAD_EAP = 48,
       IKE_PAYLOAD_SKF = 53,    /* RFC 7383, section 2.5 */
       IKE_PAYLOAD_PUZZLE = 54, /* RFC 8019, section 8.2 */
};

enum { /* protocol IDs, section 3.3.1 */
       IKE_PROTOCOL_NONE = 0,
       IKE_PROTOCOL_IKE = 1,
       IKE_PROTOCOL_AH = 2,
       IKE_PROTOCOL_ESP = 3,
};

enum { /* transform types, section 3.3.2 */
       IKE_TRANSFORM_ENCR = 1,
       IKE_TRANSFORM_PRF = 2,
       IKE_TRANSFORM_INTEG = 3,
       IKE_TRANSFORM_KE = 4,
       IKE_TRANSFORM_ESN = 5,
       IKE_TRANSFORM_ADDKE_1 = 6, /* to ADDKE_7, RFC 9370 */
       IKE_TRANSFORM_ADDKE_7 = 12,
};

enum { /* identification types, section 3.5 */
       IKE_ID_IPV4_ADDR = 1,
       IKE_ID_FQDN = 2,
       IKE_ID_RFC822_ADDR = 3,
       IKE_ID_IPV6_ADDR = 5,
       IKE_ID_DER_ASN1_DN = 9,
       IKE_ID_DER_ASN1_GN = 10,
       IKE_ID_KEY_ID = 11,
};

enum { /* certificate encodings, section 3.6 */
       IKE_CERT_X509_SIGNATURE = 4,
       IKE_CERT_CRL = 7,
       IKE_CERT_HASH_URL_X509 = 12,
       IKE_CERT_OCSP = 14, /* RFC 4806 */
};

enum { /* authentication methods, section 3.8 */
       IKE_AUTH_METHOD_RSA = 1,
       IKE_AUTH_METHOD_PSK = 2,
       IKE_AUTH_METHOD_ECDSA_256 = 9,  /* RFC 4754 */
       IKE_AUTH_METHOD_ECDSA_384 = 10, /* RFC 4754 */
       IKE_AUTH_METHOD_ECDSA_521 = 11, /* RFC 4754 */
       IKE_AUTH_METHOD_NULL = 13,      /* RFC 7619 */
       IKE_AUTH_METHOD_SIGNATURE = 14, /* RFC 7427 */
};

enum { /* notify message types, section 3.10.1: errors */
       IKE_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD = 1,
       IKE_NOTIFY_INVALID_IKE_SPI = 4,
       IKE_NOTIFY_INVALID_MAJOR_VERSION = 5,
       IKE_NOTIFY_INVALID_SYNTAX = 7,
       IKE_NOTIFY_INVALID_MESSAGE_ID = 9,
       IKE_NOTIFY_INVALID_SPI = 11,
       IKE_NOTIFY_NO_PROPOSAL_CHOSEN = 14,
       IKE_NOTIFY_INVALID_KE_PAYLOAD = 17,
       IKE_NOTIFY_AUTHENTICATION_FAILED = 24,
       IKE_NOTIFY_SINGLE_PAIR_REQUIRED = 34,
       IKE_NOTIFY_NO_ADDITIONAL_SAS = 35,
       IKE_NOTIFY_INTERNAL_ADDRESS_FAILURE = 36,
       IKE_NOTIFY_FAILED_CP_REQUIRED = 37,
       IKE_NOTIFY_TS_UNACCEPTABLE = 38,
       IKE_NOTIFY_INVALID_SELECTORS = 39,
       IKE_NOTIFY_UNACCEPTABLE_ADDRESSES = 40,  /* RFC 4555 */
       IKE_NOTIFY_UNEXPECTED_NAT_DETECTED = 41, /* RFC 4555 */
       IKE_NOTIFY_TEMPORARY_FAILURE = 43,
       IKE_NOTIFY_CHILD_SA_NOT_FOUND = 44,
       IKE_NOTIFY_STATE_NOT_FOUND = 47, /* RFC 9370 */
};

/* The first status type: everything below it is an error (section 3.10.1). */
#define IKE_NOTIFY_FIRST_STATUS 16384

enum { /* notify message types, section 3.10.1: status */
       IKE_NOTIFY_INITIAL_CONTACT = 16384,
       IKE_NOTIFY_SET_WINDOW_SIZE = 16385,
       IKE_NOTIFY_ADDITIONAL_TS_POSSIBLE = 16386,
       IKE_NOTIFY_IPCOMP_SUPPORTED = 16387,
       IKE_NOTIFY_NAT_DETECTION_SOURCE_IP = 16388,
       IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP = 16389,
       IKE_NOTIFY_COOKIE = 16390,
       IKE_NOTIFY_USE_TRANSPORT_MODE = 16391,
       IKE_NOTIFY_HTTP_CERT_LOOKUP_SUPPORTED = 16392,
       IKE_NOTIFY_REKEY_SA = 16393,
       IKE_NOTIFY_ESP_TFC_PADDING_NOT_SUPPORTED = 16394,
       IKE_NOTIFY_NON_FIRST_FRAGMENTS_ALSO = 16395,
       IKE_NOTIFY_MOBIKE_SUPPORTED = 16396, /* RFC 4555 and below */
       IKE_NOTIFY_ADDITIONAL_IP4_ADDRESS = 16397,
       IKE_NOTIFY_ADDITIONAL_IP6_ADDRESS = 16398,
       IKE_NOTIFY_NO_ADDITIONAL_ADDRESSES = 16399,
       IKE_NOTIFY_UPDATE_SA_ADDRESSES = 16400,
       IKE_NOTIFY_COOKIE2 = 16401,
       IKE_NOTIFY_NO_NATS_ALLOWED = 16402,
       IKE_NOTIFY_AUTH_LIFETIME = 16403,           /* RFC 4478 */
       IKE_NOTIFY_MULTIPLE_AUTH_SUPPORTED = 16404, /* RFC 4739 */
       IKE_NOTIFY_ANOTHER_AUTH_FOLLOWS = 16405,    /* RFC 4739 */
       IKE_NOTIFY_REDIRECT_SUPPORTED = 16406,      /* RFC 5685 and below */
       IKE_NOTIFY_REDIRECT = 16407,
       IKE_NOTIFY_REDIRECTED_FROM = 16408,
       IKE_NOTIFY_TICKET_LT_OPAQUE = 16409, /* RFC 5723 and below */
       IKE_NOTIFY_TICKET_REQUEST = 16410,
       IKE_NOTIFY_TICKET_ACK = 16411,
       IKE_NOTIFY_TICKET_NACK = 16412,
       IKE_NOTIFY_TICKET_OPAQUE = 16413,
       IKE_NOTIFY_EAP_ONLY_AUTHENTICATION = 16417,       /* RFC 5998 */
       IKE_NOTIFY_CHILDLESS_IKEV2_SUPPORTED = 16418,     /* RFC 6023 */
       IKE_NOTIFY_QUICK_CRASH_DETECTION = 16419,         /* RFC 6290 */
       IKE_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED = 16430, /* RFC 7383 */
       IKE_NOTIFY_SIGNATURE_HASH_ALGORITHMS = 16431,     /* RFC 7427 */
       IKE_NOTIFY_PUZZLE = 16434,                        /* RFC 8019, section 8.1 */
       IKE_NOTIFY_USE_PPK = 16435,                       /* RFC 8784 and below */
       IKE_NOTIFY_PPK_IDENTITY = 16436,
       IKE_NOTIFY_NO_PPK_AUTH = 16437,
       IKE_NOTIFY_INTERMEDIATE_EXCHANGE_SUPPORTED = 16438, /* RFC 9242 */
       IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE = 16441,         /* RFC 9370 */
};

enum { /* configuration payload types, section 3.15 */
       IKE_CFG_REQUEST = 1,
       IKE_CFG_REPLY = 2,
       IKE_CFG_SET = 3,
       IKE_CFG_ACK = 4,
};

enum { /* configuration attribute types, section 3.15.1 */
       IKE_ATTRIBUTE_INTERNAL_IP4_ADDRESS = 1,
       IKE_ATTRIBUTE_INTERNAL_IP4_NETMASK = 2,
       IKE_ATTRIBUTE_INTERNAL_IP4_DNS = 3,
       IKE_ATTRIBUTE_INTERNAL_IP4_NBNS = 4,
       IKE_ATTRIBUTE_INTERNAL_IP4_DHCP = 6,
       IKE_ATTRIBUTE_APPLICATION_VERSION = 7,
       IKE_ATTRIBUTE_INTERNAL_IP6_ADDRESS = 8,
       IKE_ATTRIBUTE_INTERNAL_IP6_DNS = 10,
       IKE_ATTRIBUTE_INTERNAL_IP6_DHCP = 12,
       IKE_ATTRIBUTE_INTERNAL_IP4_SUBNET = 13,
       IKE_ATTRIBUTE_SUPPORTED_ATTRIBUTES = 14,
       IKE_ATTRIBUTE_INTERNAL_IP6_SUBNET = 15,
       IKE_ATTRIBUTE_INTERNAL_DNS_DOMAIN = 25, /* RFC 8598 */
       IKE_ATTRIBUTE_INTERNAL_DNSSEC_TA = 26,  /* RFC 8598 */
       IKE_ATTRIBUTE_ENCDNS_IP4 = 27,          /* RFC 9464 */
       IKE_ATTRIBUTE_ENCDNS_IP6 = 28,          /* RFC 9464 */
       IKE_ATTRIBUTE_ENCDNS_DIGEST_INFO = 29,  /* RFC 9464 */
};

enum { /* traffic selector types, section 3.13.1 */
       IKE_TS_IPV4_ADDR_RANGE = 7,
       IKE_TS_IPV6_ADDR_RANGE = 8,
};

/* Names for logs and messages; "unknown" for a number that is not above. */
const char *ike_exchange_to_string(uint8_t exchange);
const char *ike_payload_to_string(uint8_t type);
const char *ike_notify_to_string(uint16_t type);
const char *ike_id_type_to_string(uint8_t type);
const char *ike_attribute_to_string(uint16_t type);
/* True for the payloads that payload.h can read (SK and SKF included). */
bool ike_payload_is_known(uint8_t type);
