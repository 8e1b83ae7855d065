#include "config.h"

#include "nm/mapping.h"

#include "bus/names.h"
#include "profile/profile-eap.h"
#include "profile/profile-file.h"

#include <string.h>
#include <unistd.h>

#define NAME_ROOM 48

static bool
is_flags(const char *key)
{
    static const char *const secrets[] = { NM_GINNEL_PASSWORD, NM_GINNEL_PSK, NM_GINNEL_PASSPHRASE,
                                           NM_GINNEL_PIN, NM_GINNEL_ANSWER };
    for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++) {
        size_t length = strlen(secrets[i]);
        if (strncmp(key, secrets[i], length) == 0 && strcmp(key + length, "-flags") == 0)
            return true;
    }
    return false;
}

/* vpn.user-name is what people who know other plugins set. NetworkManager also puts the login name
 * of who connects there: so it counts only where nothing else says who that is. */
static void
add_user_name(GVariantDict *settings, NMSettingVpn *vpn)
{
    const char *name = nm_setting_vpn_get_user_name(vpn);
    const char *auth = nm_setting_vpn_get_data_item(vpn, "user-auth");
    bool wanted = g_strcmp0(auth, "eap") == 0 || g_strcmp0(auth, "psk") == 0;
    if (name != NULL && *name != '\0' && wanted && !g_variant_dict_contains(settings, "user-id") &&
        !g_variant_dict_contains(settings, "user-certificate"))
        g_variant_dict_insert(settings, "user-id", "s", name);
}

/* a{sv} with strings as a{ss}, floating. */
static GVariant *
to_texts(GVariantDict *dict)
{
    g_autoptr(GVariant) settings = g_variant_ref_sink(g_variant_dict_end(dict));
    GVariantBuilder texts;
    GVariantIter iterator;
    const char *key;
    GVariant *value;
    g_variant_builder_init(&texts, G_VARIANT_TYPE("a{ss}"));
    g_variant_iter_init(&iterator, settings);
    while (g_variant_iter_next(&iterator, "{&sv}", &key, &value)) {
        g_variant_builder_add(&texts, "{ss}", key, g_variant_get_string(value, NULL));
        g_variant_unref(value);
    }
    return g_variant_builder_end(&texts);
}

GVariant *
mapping_settings(NMSettingVpn *vpn)
{
    g_auto(GVariantDict) settings = G_VARIANT_DICT_INIT(NULL);
    guint n = 0;
    g_autofree const char **keys = nm_setting_vpn_get_data_keys(vpn, &n);
    for (guint i = 0; i < n; i++)
        if (!is_flags(keys[i]))
            g_variant_dict_insert(&settings, keys[i], "s",
                                  nm_setting_vpn_get_data_item(vpn, keys[i]));
    add_user_name(&settings, vpn);
    return to_texts(&settings);
}

char *
mapping_name(NMConnection *connection)
{
    const char *id = nm_connection_get_id(connection);
    GString *name = g_string_new(NULL);
    for (const char *c = id != NULL ? id : ""; *c != '\0' && name->len < NAME_ROOM; c++) {
        bool plain = g_ascii_isalnum(*c) || (name->len > 0 && strchr("-_.", *c) != NULL);
        if (plain || name->len > 0)
            g_string_append_c(name, plain ? *c : '_');
    }
    if (name->len == 0)
        g_string_append(name, "vpn");
    return g_string_free(name, FALSE);
}

char *
mapping_long_name(NMConnection *connection)
{
    g_autofree char *name = mapping_name(connection);
    const char *uuid = nm_connection_get_uuid(connection);
    return g_strdup_printf("%s-%.8s", name, uuid != NULL ? uuid : "again");
}

/* NetworkManager decides these, by words of its own. */
static bool
check_own(GVariant *settings, GError **error)
{
    static const struct {
        const char *key, *instead;
    } own[] = {
        { "connection-autoconnect", "name this connection under connection.secondaries of a Wi-Fi "
                                    "or wired one" },
        { "connection-trusted-networks", "leave it out of connection.secondaries there" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(own); i++) {
        const char *value;
        if (!g_variant_lookup(settings, own[i].key, "&s", &value))
            continue;
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_UNSUPPORTED,
                    "%s: NetworkManager decides this; %s", own[i].key, own[i].instead);
        return false;
    }
    return true;
}

Profile *
mapping_profile(NMConnection *connection, GError **error)
{
    NMSettingVpn *vpn = nm_connection_get_setting_vpn(connection);
    if (vpn == NULL) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_MISSING, "there is no VPN setting");
        return NULL;
    }
    g_autofree char *name = mapping_name(connection);
    g_autoptr(GVariant) settings = g_variant_ref_sink(mapping_settings(vpn));
    return check_own(settings, error) ? profile_from_settings(name, settings, error) : NULL;
}

GVariant *
mapping_with_passphrase(const Profile *profile, NMSettingVpn *vpn, GVariant *settings,
                        ProfileFiles *files)
{
    const char *passphrase = nm_setting_vpn_get_secret(vpn, NM_GINNEL_PASSPHRASE);
    if (!profile_certificate_is_pkcs12(profile) || profile->secret_file != NULL ||
        passphrase == NULL)
        return g_variant_ref(settings);
    int fd = profile_files_make(passphrase, strlen(passphrase), true);
    bool added = fd >= 0 && profile_files_add(files, "user-secret-file", fd, NULL);
    if (fd >= 0)
        close(fd);
    if (!added)
        return g_variant_ref(settings);
    g_auto(GVariantDict) whole = G_VARIANT_DICT_INIT(NULL);
    GVariantIter iterator;
    const char *key, *value;
    g_variant_iter_init(&iterator, settings);
    while (g_variant_iter_next(&iterator, "{&s&s}", &key, &value))
        g_variant_dict_insert(&whole, key, "s", value);
    g_variant_dict_insert(&whole, "user-secret-file", "s", MAPPING_SECRET_PATH);
    return to_texts(&whole);
}

static bool
wants_password(const Profile *profile)
{
    const char *methods[PROFILE_EAP_MAX_METHODS];
    if (!profile_has_eap(profile))
        return false;
    profile_eap_methods(profile, methods);
    /* With a certificate it is tried before any method that has a password. */
    return methods[0] == NULL || strcmp(methods[0], "tls") != 0;
}

const char **
mapping_missing_secrets(const Profile *profile, NMSettingVpn *vpn, bool key_locked)
{
    bool psk =
        profile->user_auth == PROFILE_USER_PSK || profile->gateway_auth == PROFILE_GATEWAY_PSK;
    const struct {
        const char *name;
        bool wanted;
    } rows[] = { { NM_GINNEL_PSK, psk },
                 { NM_GINNEL_PASSWORD, wants_password(profile) },
                 { NM_GINNEL_PASSPHRASE, key_locked } };
    GPtrArray *missing = g_ptr_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        NMSettingSecretFlags flags = NM_SETTING_SECRET_FLAG_NONE;
        const char *value = nm_setting_vpn_get_secret(vpn, rows[i].name);
        nm_setting_get_secret_flags(NM_SETTING(vpn), rows[i].name, &flags, NULL);
        if (rows[i].wanted && profile->secret_file == NULL && (value == NULL || *value == '\0') &&
            (flags & NM_SETTING_SECRET_FLAG_NOT_REQUIRED) == 0)
            g_ptr_array_add(missing, (gpointer)rows[i].name);
    }
    g_ptr_array_add(missing, NULL);
    return (const char **)g_ptr_array_free(missing, FALSE);
}

const char *
mapping_secret_for(const char *kind)
{
    static const struct {
        const char *kind, *secret;
    } rows[] = {
        { GINNEL_ASK_PASSWORD, NM_GINNEL_PASSWORD },     { GINNEL_ASK_PSK, NM_GINNEL_PSK },
        { GINNEL_ASK_PASSPHRASE, NM_GINNEL_PASSPHRASE }, { GINNEL_ASK_PIN, NM_GINNEL_PIN },
        { GINNEL_ASK_CHALLENGE, NM_GINNEL_ANSWER },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].kind, kind) == 0)
            return rows[i].secret;
    return NULL;
}
