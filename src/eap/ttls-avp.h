/* Attribute-value pairs inside EAP-TTLS (RFC 5281, section 10). */
#pragma once
#include "base/bytes.h"

enum { /* attributes of RADIUS, and of Microsoft (RFC 2548) */
       TTLS_AVP_USER_NAME = 1,
       TTLS_AVP_USER_PASSWORD = 2,
       TTLS_AVP_REPLY_MESSAGE = 18,
       TTLS_AVP_EAP_MESSAGE = 79,
       TTLS_VENDOR_MICROSOFT = 311,
       TTLS_AVP_MS_CHAP_ERROR = 2,
       TTLS_AVP_MS_CHAP_CHALLENGE = 11,
       TTLS_AVP_MS_CHAP2_RESPONSE = 25,
       TTLS_AVP_MS_CHAP2_SUCCESS = 26,
};

typedef struct {
    uint32_t code, vendor; /* vendor 0: RADIUS */
    bool mandatory;
    ByteReader data;
} TtlsAvp;

typedef enum { TTLS_AVP_OK, TTLS_AVP_END, TTLS_AVP_MALFORMED } TtlsAvpStatus;

TtlsAvpStatus ttls_avp_next(ByteReader *reader, TtlsAvp *avp);
void ttls_avp_write(ByteWriter *writer, uint32_t vendor, uint32_t code, const void *data,
                    size_t length);
