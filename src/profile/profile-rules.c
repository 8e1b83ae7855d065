/*
 * What must hold between the keys of a profile, and what this version cannot do yet.
 */
#include "profile/profile-keys.h"

#include <string.h>

#include "profile/profile-eap.h"
#include "profile/profile-identity.h"

/* An unkept word is refused. */
static bool
check_supported(const Profile *profile, GError **error)
{
    const struct {
        bool asked;
        const char *group, *key, *what;
    } missing[] = {
        { profile->user_auth == PROFILE_USER_NONE, "user", "auth", "none" },
        { profile->trusted_networks[0] != NULL, "connection", "trusted-networks",
          "a list of networks" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(missing); i++) {
        if (!missing[i].asked)
            continue;
        profile_refuse(error, profile, missing[i].group, missing[i].key, PROFILE_ERROR_UNSUPPORTED,
                       "this version cannot do \"%s\"", missing[i].what);
        return false;
    }
    return true;
}

static bool
check_uri(const Profile *profile, const char *key, const char *value, GError **error)
{
    if (value == NULL || *value == '/' ||
        (strstr(value, "pin-") == NULL && strstr(value, "module-") == NULL))
        return true;
    profile_refuse(error, profile, "user", key, PROFILE_ERROR_VALUE,
                   "a pkcs11: URI here holds no PIN and no module: everybody may read a "
                   "profile. The PIN is asked for, or in secret-file");
    return false;
}

static bool
check_token(const Profile *profile, GError **error)
{
    const char *key = profile->key_file;
    if (!check_uri(profile, "certificate", profile->certificate_file, error) ||
        !check_uri(profile, "key", key, error))
        return false;
    if (!profile_certificate_is_in_token(profile) || key == NULL || *key != '/')
        return true;
    profile_refuse(error, profile, "user", "key", PROFILE_ERROR_CONFLICT,
                   "the certificate is in a token, so its key is too: a pkcs11: URI is wanted");
    return false;
}

static bool
require(const Profile *profile, bool present, const char *group, const char *key, const char *why,
        GError **error)
{
    if (!present)
        profile_refuse(error, profile, group, key, PROFILE_ERROR_MISSING, "it is missing; %s", why);
    return present;
}

static bool
check_user(const Profile *profile, GError **error)
{
    switch (profile->user_auth) {
    case PROFILE_USER_PSK:
        return require(profile, profile->user_id != NULL, "user", "id",
                       "with auth = psk the gateway knows the user by it", error);
    case PROFILE_USER_CERTIFICATE:
        return require(profile, profile->certificate_file != NULL, "user", "certificate",
                       "auth = certificate, which is the default, needs certificate and key (or "
                       "set auth = psk)",
                       error) &&
               (profile_certificate_is_pkcs12(profile) ||
                require(profile, profile->key_file != NULL, "user", "key",
                        "auth = certificate needs certificate and key, or one PKCS#12 file (.p12) "
                        "for both",
                        error));
    case PROFILE_USER_EAP:
    case PROFILE_USER_NONE:
        return true;
    }
    return true;
}

static bool
check_ppk(const Profile *profile, GError **error)
{
    bool any = profile->ppk_id != NULL || profile->ppk_file != NULL;
    const char *why = "a post-quantum pre-shared key (PPK) needs ppk-id and ppk-file";
    return !any || (require(profile, profile->ppk_id != NULL, "user", "ppk-id", why, error) &&
                    require(profile, profile->ppk_file != NULL, "user", "ppk-file", why, error));
}

static bool
check_proxy(const Profile *profile, GError **error)
{
    return profile->proxy_secret_file == NULL ||
           require(profile, profile->proxy_user != NULL, "transport", "proxy-user",
                   "proxy-secret-file is the password of that user", error);
}

static bool
is_set(const Profile *profile, const char *group, const char *key)
{
    for (guint i = 0; i < profile->entries->len; i++) {
        const ProfileEntry *entry = g_ptr_array_index(profile->entries, i);
        if (entry->key != NULL && strcmp(entry->group, group) == 0 &&
            strcmp(entry->key, key) == 0 && *entry->value != '\0')
            return true;
    }
    return false;
}

static void
fill_defaults(Profile *profile)
{
    static const ProfileTransport order[] = { { PROFILE_UDP, 4500 },
                                              { PROFILE_UDP, 500 },
                                              { PROFILE_TCP, 4500 } };
    if (profile->gateway_id == NULL && profile->gateway_addresses[0] != NULL)
        profile->gateway_id = g_strdup(profile->gateway_addresses[0]);
    if (!is_set(profile, "gateway", "auth") && profile->user_auth == PROFILE_USER_PSK)
        profile->gateway_auth = PROFILE_GATEWAY_PSK;
    if (profile->transports->len == 0)
        g_array_append_vals(profile->transports, order, G_N_ELEMENTS(order));
}

static bool
check_identity(const Profile *profile, const char *group, const char *identity, GError **error)
{
    g_autoptr(GBytes) octets = NULL;
    g_autoptr(GError) why = NULL;
    uint8_t type;
    if (identity == NULL || profile_identity_parse(identity, &type, &octets, &why))
        return true;
    profile_refuse(error, profile, group, "id", PROFILE_ERROR_VALUE, "%s", why->message);
    return false;
}

bool
profile_check(Profile *profile, GError **error)
{
    fill_defaults(profile);
    return require(profile, profile->gateway_addresses[0] != NULL, "gateway", "address",
                   "it is the gateway's host name or address", error) &&
           check_identity(profile, "gateway", profile->gateway_id, error) &&
           check_identity(profile, "user", profile->user_id, error) && check_user(profile, error) &&
           profile_eap_check(profile, error) && check_supported(profile, error) &&
           check_token(profile, error) && check_ppk(profile, error) && check_proxy(profile, error);
}
