/*
 * What a profile's EAP keys come to: which methods may be used (RFC 3748), who we say we are, whom
 * the server's certificate must name. And which combinations are refused, with the reason.
 */
#pragma once
#include "profile/profile.h"

#define PROFILE_EAP_MAX_METHODS 8

/* In the first round or in the second. */
bool profile_has_eap(const Profile *profile);
/* The words of the outer methods that are allowed, ends with NULL; auto is the strong ones that the
 * other keys make possible, and never md5 or gtc. */
void profile_eap_methods(const Profile *profile, const char *words[PROFILE_EAP_MAX_METHODS]);
/* The word of what runs inside ttls and peap. */
const char *profile_eap_inner(const Profile *profile);
/* The user's certificate is used by EAP-TLS. */
bool profile_eap_has_certificate(const Profile *profile);
/* NULL: only a certificate tells. */
const char *profile_eap_identity(const Profile *profile);
/* dNSName that the EAP server's certificate must carry; NULL where nothing gives one. */
const char *profile_eap_server_name(const Profile *profile);
bool profile_eap_check(const Profile *profile, GError **error);
