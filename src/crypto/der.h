/*
 * DER, element by element (X.690): for the little of CRLs that the library does not tell. Only
 * one-octet tags and definite lengths, which is all that those have.
 */
#pragma once
#include "base/bytes.h"

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
};
#define DER_CONTEXT(n)             (0x80 | (n)) /* [n] of something simple */
#define DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n))

/* The next element; content sees nothing behind its end. False at the end, and where there is no
 * element. */
bool der_next(ByteReader *reader, uint8_t *tag, ByteReader *content) G_GNUC_WARN_UNUSED_RESULT;
/* The next one, which has to be of that tag. */
bool der_expect(ByteReader *reader, uint8_t tag, ByteReader *content) G_GNUC_WARN_UNUSED_RESULT;
/* True when the next one is of that tag; nothing is read. */
bool der_is_next(const ByteReader *reader, uint8_t tag);
/* A time as Unix seconds, from the content of UTCTime or GeneralizedTime (RFC 5280, section
 * 4.1.2.5); false where it is neither. */
bool der_time(uint8_t tag, const ByteReader *content, int64_t *seconds);
