/*
 * IKE identities in a profile's words (RFC 7296, section 3.5).
 */
#pragma once
#include "profile/profile.h"

/* An address gives ID_IPV4_ADDR or ID_IPV6_ADDR, "a@b" ID_RFC822_ADDR, "C=DE, CN=gw" (either
 * order) ID_DER_ASN1_DN, "key-id:TEXT" or "key-id:0x..." ID_KEY_ID, everything else that is a name
 * ID_FQDN; "gn:0x..." the DER of a GeneralName, ID_DER_ASN1_GN. A prefix ip:, email:, fqdn: or dn:
 * (also dn:0x...) says which it has to be. PROFILE_ERROR_VALUE, without a place. *octets is the
 * Identification Data. */
bool profile_identity_parse(const char *text, uint8_t *type, GBytes **octets, GError **error);
/* The other way, for people; foreign octets are escaped. */
char *profile_identity_to_string(uint8_t type, const void *octets, gsize length);
