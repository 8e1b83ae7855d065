#include "profile/profile.h"

#include <string.h>

GQuark
profile_error_quark(void)
{
    return g_quark_from_static_string("ginnel-profile-error");
}

#define NAME_MAX_LENGTH 64

Profile *
profile_ref(Profile *profile)
{
    g_atomic_ref_count_inc(&profile->references);
    return profile;
}

void
profile_unref(Profile *profile)
{
    if (profile == NULL || !g_atomic_ref_count_dec(&profile->references))
        return;
    g_ptr_array_unref(profile->entries);
    g_array_unref(profile->transports);
    g_array_unref(profile->include);
    char **lists[] = {
        profile->gateway_addresses,    profile->trusted_networks, profile->domains,
        profile->add_domains,          profile->search_domains,   profile->trust_anchor_domains,
        profile->public_anchor_domains
    };
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        g_strfreev(lists[i]);
    char *strings[] = { profile->name,
                        profile->file,
                        profile->gateway_id,
                        profile->ca_file,
                        profile->user_id,
                        profile->certificate_file,
                        profile->key_file,
                        profile->eap_id,
                        profile->eap_anonymous_id,
                        profile->eap_ca_file,
                        profile->eap_server_name,
                        profile->secret_file,
                        profile->proxy,
                        profile->proxy_user,
                        profile->proxy_secret_file,
                        profile->ike_proposals,
                        profile->esp_proposals,
                        profile->ppk_id,
                        profile->ppk_file };
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(strings[i]);
    g_free(profile);
}

/* The line of the key, else of its group's head, else 0. */
static unsigned
find_line(const Profile *profile, const char *group, const char *key)
{
    unsigned line = 0;
    for (guint i = 0; i < profile->entries->len; i++) {
        const ProfileEntry *entry = g_ptr_array_index(profile->entries, i);
        if (strcmp(entry->group, group) != 0)
            continue;
        if (entry->key != NULL && key != NULL && strcmp(entry->key, key) == 0)
            return entry->line;
        if (entry->key == NULL && line == 0)
            line = entry->line;
    }
    return line;
}

char *
profile_locate(const Profile *profile, const char *group, const char *key)
{
    if (profile->file == NULL)
        return g_strdup_printf("the settings of %s", profile->name);
    unsigned line = find_line(profile, group, key);
    if (line == 0)
        return g_strdup(profile->file);
    return g_strdup_printf("%s, line %u", profile->file, line);
}

char *
profile_describe_key(const Profile *profile, const char *group, const char *key)
{
    if (profile->file == NULL)
        return g_strdup_printf("as %s-%s in the settings of %s", group, key, profile->name);
    unsigned line = find_line(profile, group, key);
    if (line == 0)
        return g_strdup_printf("under [%s] in %s", group, profile->file);
    return g_strdup_printf("under [%s] in %s (line %u)", group, profile->file, line);
}

GVariant *
profile_to_settings(const Profile *profile)
{
    GVariantBuilder builder;
    g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
    for (guint i = 0; i < profile->entries->len; i++) {
        const ProfileEntry *entry = g_ptr_array_index(profile->entries, i);
        if (entry->key == NULL || *entry->value == '\0')
            continue;
        g_autofree char *name = g_strdup_printf("%s-%s", entry->group, entry->key);
        g_variant_builder_add(&builder, "{ss}", name, entry->value);
    }
    return g_variant_builder_end(&builder);
}

bool
profile_certificate_is_pkcs12(const Profile *profile)
{
    const char *file = profile->certificate_file;
    return profile->key_file == NULL && file != NULL &&
           (g_str_has_suffix(file, ".p12") || g_str_has_suffix(file, ".pfx"));
}

bool
profile_certificate_is_in_token(const Profile *profile)
{
    return profile->certificate_file != NULL &&
           g_str_has_prefix(profile->certificate_file, "pkcs11:");
}

bool
profile_name_is_valid(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > NAME_MAX_LENGTH || *name == '.' || *name == '-')
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr("-_.", *c) == NULL)
            return false;
    return true;
}

bool
profile_has_tls(const Profile *profile)
{
    for (guint i = 0; i < profile->transports->len; i++)
        if (g_array_index(profile->transports, ProfileTransport, i).kind == PROFILE_TLS)
            return true;
    return false;
}

bool
profile_has_stream(const Profile *profile)
{
    for (guint i = 0; i < profile->transports->len; i++)
        if (g_array_index(profile->transports, ProfileTransport, i).kind != PROFILE_UDP)
            return true;
    return false;
}
