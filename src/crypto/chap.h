/*
 * The digest of CHAP with MD5 (RFC 1994, section 4.1), as EAP-MD5 uses it (RFC 3748, section 5.4).
 * It proves nothing about the server and lets everybody who sees it guess at the password.
 */
#pragma once
#include "base/secret.h"

#define CHAP_MAX_CHALLENGE 255 /* octets */

/* MD5 of identifier, password and challenge: 16 octets. */
GBytes *chap_md5(uint8_t identifier, const Secret *password, const void *challenge, size_t length);
