/* What an MSCHAPv2 server says in text: Success and Failure (RFC 2759, sections 5 and 6). */
#pragma once
#include "base/bytes.h"

#define MSCHAP_TEXT_MAX 512 /* octets that are read */

/* Whether it is "S=" and these 20 octets in hexadecimal. */
bool mschap_text_proves(ByteReader text, const uint8_t proof[20]);
/* For people. */
const char *mschap_text_failure(ByteReader text);
