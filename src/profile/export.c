#include "profile/export.h"

#include <string.h>

#include "crypto/certificate.h"
#include "profile/export-private.h"
#include "profile/profile-credentials.h"
#include "profile/profile-file.h"

static const ProfileEntry *
find_entry(const Profile *profile, const char *setting)
{
    for (guint i = 0; i < profile->entries->len; i++) {
        const ProfileEntry *entry = profile->entries->pdata[i];
        size_t group = strlen(entry->group);
        if (entry->key != NULL && strncmp(setting, entry->group, group) == 0 &&
            setting[group] == '-' && strcmp(setting + group + 1, entry->key) == 0)
            return entry;
    }
    return NULL;
}

const char *
export_get(const Exporting *exporting, const char *setting)
{
    const ProfileEntry *entry = find_entry(exporting->profile, setting);
    return entry != NULL && *entry->value != '\0' ? entry->value : NULL;
}

const char *
export_say(Exporting *exporting, const char *setting)
{
    const char *value = export_get(exporting, setting);
    if (value != NULL)
        g_hash_table_add(exporting->said, g_strdup(setting));
    return value;
}

static GPtrArray *
what_is_left(const Exporting *exporting)
{
    GPtrArray *left = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < exporting->profile->entries->len; i++) {
        const ProfileEntry *entry = exporting->profile->entries->pdata[i];
        if (entry->key == NULL || *entry->value == '\0')
            continue;
        g_autofree char *setting = g_strdup_printf("%s-%s", entry->group, entry->key);
        if (!g_hash_table_contains(exporting->said, setting))
            g_ptr_array_add(left, g_steal_pointer(&setting));
    }
    return left;
}

static char *
write_format(ImportFormat format, Exporting *exporting, GError **error)
{
    switch (format) {
    case IMPORT_MOBILECONFIG:
        return export_mobileconfig(exporting);
    case IMPORT_SSWAN:
        return export_sswan(exporting, error);
    case IMPORT_GINNEL:
        for (guint i = 0; i < exporting->profile->entries->len; i++) {
            const ProfileEntry *entry = exporting->profile->entries->pdata[i];
            if (entry->key != NULL)
                g_hash_table_add(exporting->said, g_strconcat(entry->group, "-", entry->key, NULL));
        }
        return profile_to_text(exporting->profile, error);
    case IMPORT_WINDOWS:
    case IMPORT_SWANCTL:
    case IMPORT_IPSEC:
        break;
    }
    g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_UNSUPPORTED,
                "%s is read, not written; there are mobileconfig, sswan and ginnel",
                import_format_to_string(format));
    return NULL;
}

Export *
export_write(ImportFormat format, const Profile *profile, const char *title, GBytes *ca_pem,
             GError **error)
{
    gsize length = 0;
    const char *pem = ca_pem != NULL ? g_bytes_get_data(ca_pem, &length) : NULL;
    g_autoptr(GPtrArray) authorities =
        pem != NULL ? certificate_list_from_pem(pem, length, NULL) : NULL;
    g_autoptr(GHashTable) said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Exporting exporting = {
        .profile = profile, .title = title, .authorities = authorities, .said = said
    };
    g_autofree char *text = write_format(format, &exporting, error);
    if (text == NULL)
        return NULL;
    Export *export = g_new0(Export, 1);
    export->text = g_steal_pointer(&text);
    export->left = what_is_left(&exporting);
    return export;
}

GBytes *
export_authorities(const Profile *profile)
{
    g_autofree char *text = NULL;
    gsize length;
    if (profile->ca_file == NULL || !g_file_get_contents(profile->ca_file, &text, &length, NULL) ||
        length > PROFILE_CA_MAX_LENGTH)
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&text), length);
}

void
export_free(Export *export)
{
    if (export == NULL)
        return;
    g_free(export->text);
    g_ptr_array_unref(export->left);
    g_free(export);
}
