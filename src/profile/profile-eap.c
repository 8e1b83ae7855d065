#include "profile/profile-eap.h"

#include <string.h>

#include "base/names.h"
#include "profile/profile-keys.h"

bool
profile_has_eap(const Profile *profile)
{
    return profile->user_auth == PROFILE_USER_EAP || profile->second_auth == PROFILE_SECOND_EAP;
}

bool
profile_eap_has_certificate(const Profile *profile)
{
    /* In the second round it has already been used in the first. */
    bool here = profile->user_auth == PROFILE_USER_EAP && profile->certificate_file != NULL;
    return here && (profile->eap == PROFILE_EAP_TLS || profile->eap == PROFILE_EAP_AUTO);
}

static bool
is_host_name(const char *text)
{
    InetAddress address;
    g_autofree char *name =
        inet_address_parse(text, &address) ? NULL : dns_name_normalise(text, strlen(text), NULL);
    return name != NULL && *name != '\0';
}

const char *
profile_eap_server_name(const Profile *profile)
{
    if (profile->eap_server_name != NULL)
        return profile->eap_server_name;
    if (profile->gateway_id != NULL && is_host_name(profile->gateway_id))
        return profile->gateway_id;
    return is_host_name(profile->gateway_addresses[0]) ? profile->gateway_addresses[0] : NULL;
}

static size_t
auto_methods(const Profile *profile, const char *words[PROFILE_EAP_MAX_METHODS])
{
    size_t n = 0;
    if (profile_eap_has_certificate(profile))
        words[n++] = "tls";
    if (profile_eap_server_name(profile) != NULL) {
        words[n++] = "peap";
        words[n++] = "ttls";
    }
    /* Its challenge lets a server that nobody has verified guess at the password. */
    if (profile->gateway_auth != PROFILE_GATEWAY_EAP_ONLY)
        words[n++] = "mschapv2";
    return n;
}

void
profile_eap_methods(const Profile *profile, const char *words[PROFILE_EAP_MAX_METHODS])
{
    static const char *const method_words[] = {
        [PROFILE_EAP_MSCHAPV2] = "mschapv2", [PROFILE_EAP_TLS] = "tls", [PROFILE_EAP_TTLS] = "ttls",
        [PROFILE_EAP_PEAP] = "peap",         [PROFILE_EAP_GTC] = "gtc", [PROFILE_EAP_MD5] = "md5",
    };
    size_t n = 0;
    if (profile->eap == PROFILE_EAP_AUTO)
        n = auto_methods(profile, words);
    else
        words[n++] = method_words[profile->eap];
    words[n] = NULL;
}

const char *
profile_eap_inner(const Profile *profile)
{
    static const char *const words[] = {
        [PROFILE_INNER_MSCHAPV2] = "mschapv2",
        [PROFILE_INNER_EAP_MSCHAPV2] = "eap-mschapv2",
        [PROFILE_INNER_GTC] = "gtc",
        [PROFILE_INNER_PAP] = "pap",
    };
    return words[profile->eap_inner];
}

const char *
profile_eap_identity(const Profile *profile)
{
    return profile->eap_id != NULL ? profile->eap_id : profile->user_id;
}

static bool
refuse(const Profile *profile, const char *group, const char *key, int code, const char *why,
       GError **error)
{
    profile_refuse(error, profile, group, key, code, "%s", why);
    return false;
}

/* Who proves what in which round (RFC 7296, section 2.16; RFC 5998; RFC 4739). */
static bool
check_rounds(const Profile *profile, GError **error)
{
    bool first = profile->user_auth == PROFILE_USER_EAP;
    bool second = profile->second_auth == PROFILE_SECOND_EAP;
    if (profile->gateway_auth == PROFILE_GATEWAY_PSK && (first || second))
        return refuse(profile, "gateway", "auth", PROFILE_ERROR_CONFLICT,
                      first ? "psk does not go with auth = eap under [user]: everybody who knows "
                              "the key could pose as the gateway and take the password"
                            : "psk does not go with second-auth = eap under [user]: everybody who "
                              "knows the key could pose as the gateway and take the password",
                      error);
    if (profile->gateway_auth == PROFILE_GATEWAY_EAP_ONLY && !first)
        return refuse(profile, "gateway", "auth", PROFILE_ERROR_CONFLICT,
                      "eap-only is for auth = eap under [user]: the gateway proves itself inside "
                      "the method",
                      error);
    if (second && profile->user_auth != PROFILE_USER_CERTIFICATE &&
        profile->user_auth != PROFILE_USER_PSK)
        return refuse(profile, "user", "second-auth", PROFILE_ERROR_CONFLICT,
                      "a second authentication goes with auth = certificate or auth = psk", error);
    return true;
}

/* RFC 5998, section 4. */
static bool
check_eap_only(const Profile *profile, GError **error)
{
    bool safe = profile->eap == PROFILE_EAP_AUTO || profile->eap == PROFILE_EAP_TLS ||
                profile->eap == PROFILE_EAP_TTLS || profile->eap == PROFILE_EAP_PEAP;
    const char *words[PROFILE_EAP_MAX_METHODS];
    if (profile->gateway_auth != PROFILE_GATEWAY_EAP_ONLY)
        return true;
    if (!safe)
        return refuse(profile, "gateway", "auth", PROFILE_ERROR_CONFLICT,
                      "eap-only needs a method that proves the gateway, and in which guessing the "
                      "password is no use: eap = tls, ttls or peap under [user]",
                      error);
    profile_eap_methods(profile, words);
    return words[0] != NULL ||
           refuse(profile, "user", "eap-server-name", PROFILE_ERROR_MISSING,
                  "it is missing; with eap-only the server's certificate must carry a name", error);
}

static bool
check_method(const Profile *profile, GError **error)
{
    bool tunnelled = profile->eap == PROFILE_EAP_TTLS || profile->eap == PROFILE_EAP_PEAP;
    bool files = profile_certificate_is_pkcs12(profile) ||
                 (profile->certificate_file != NULL && profile->key_file != NULL);
    bool used = profile->eap == PROFILE_EAP_TLS || profile_eap_has_certificate(profile);
    if (used && !files)
        return refuse(profile, "user", profile->certificate_file == NULL ? "certificate" : "key",
                      PROFILE_ERROR_MISSING, "it is missing; eap = tls needs certificate and key",
                      error);
    if (profile->eap == PROFILE_EAP_TLS && profile->second_auth == PROFILE_SECOND_EAP)
        return refuse(profile, "user", "eap", PROFILE_ERROR_CONFLICT,
                      "tls does not go with second-auth: the certificate is used already", error);
    if (tunnelled && profile_eap_server_name(profile) == NULL)
        return refuse(profile, "user", "eap-server-name", PROFILE_ERROR_MISSING,
                      "it is missing; the certificate of the server that is given the password "
                      "must carry a name",
                      error);
    if (profile->eap == PROFILE_EAP_PEAP && profile->eap_inner == PROFILE_INNER_PAP)
        return refuse(profile, "user", "eap-inner", PROFILE_ERROR_CONFLICT,
                      "pap goes with eap = ttls only", error);
    return true;
}

bool
profile_eap_check(const Profile *profile, GError **error)
{
    if (!check_rounds(profile, error))
        return false;
    if (!profile_has_eap(profile))
        return true;
    bool nameless = profile->user_auth == PROFILE_USER_EAP
                        ? profile->user_id == NULL && !profile_eap_has_certificate(profile)
                        : profile_eap_identity(profile) == NULL;
    if (nameless)
        return refuse(profile, "user", "id", PROFILE_ERROR_MISSING,
                      "it is missing; with EAP the gateway knows the user by it", error);
    return check_method(profile, error) && check_eap_only(profile, error);
}
