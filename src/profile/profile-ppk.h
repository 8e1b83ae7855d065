/*
 * Names of post-quantum pre-shared keys as a profile has them (RFC 8784, section 5.1).
 */
#pragma once
#include <glib.h>
#include <stdbool.h>

#define PROFILE_PPK_ID_MAX 256 /* octets behind the type */

/* "text" is PPK_ID_FIXED, "opaque:text" PPK_ID_OPAQUE; 0x... is hexadecimal in both. *id: the octet
 * of the type and what follows it. PROFILE_ERROR_VALUE. */
bool profile_ppk_id_parse(const char *text, GBytes **id, GError **error);
