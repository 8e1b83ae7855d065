#include "config.h"

#include "nm/transfer.h"

#include "nm/mapping.h"
#include "nm/names.h"

#include <string.h>

char *
transfer_folder(void)
{
    return g_build_filename(g_get_user_data_dir(), "ginnel", NULL);
}

/* ---- import ---- */

static void
add_secret(NMSettingVpn *vpn, const char *name, const Secret *secret)
{
    if (secret == NULL)
        return;
    g_autofree char *text = g_strndup((const char *)secret_data(secret), secret_length(secret));
    nm_setting_vpn_add_secret(vpn, name, text);
    secret_wipe(text, strlen(text));
}

static void
fill_vpn(NMSettingVpn *vpn, const Import *import, const char *folder)
{
    for (guint i = 0; i + 1 < import->settings->len; i += 2)
        nm_setting_vpn_add_data_item(vpn, import->settings->pdata[i],
                                     import->settings->pdata[i + 1]);
    for (guint i = 0; i < import->files->len; i++) {
        const ImportFile *file = import->files->pdata[i];
        g_autofree char *path = import_file_path(import, folder, file->setting, file->ending);
        nm_setting_vpn_add_data_item(vpn, file->setting, path);
    }
    add_secret(vpn, NM_GINNEL_PSK, import->psk);
    add_secret(vpn, NM_GINNEL_PASSWORD, import->password);
    add_secret(vpn, NM_GINNEL_PASSPHRASE, import->passphrase);
    /* A change of the network below is the tunnel's to live through. */
    g_object_set(vpn, NM_SETTING_VPN_SERVICE_TYPE, NM_GINNEL_SERVICE, NM_SETTING_VPN_PERSISTENT,
                 TRUE, NULL);
}

static NMConnection *
to_connection(const Import *import, const char *folder)
{
    NMConnection *connection = nm_simple_connection_new();
    NMSetting *setting = nm_setting_connection_new(), *vpn = nm_setting_vpn_new();
    g_autofree char *uuid = nm_utils_uuid_generate();
    g_object_set(setting, NM_SETTING_CONNECTION_ID, import->title, NM_SETTING_CONNECTION_UUID, uuid,
                 NM_SETTING_CONNECTION_TYPE, NM_SETTING_VPN_SETTING_NAME,
                 NM_SETTING_CONNECTION_AUTOCONNECT, FALSE, NULL);
    fill_vpn(NM_SETTING_VPN(vpn), import, folder);
    nm_connection_add_setting(connection, setting);
    nm_connection_add_setting(connection, vpn);
    return connection;
}

static char *
notes_of(const Import *import)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < import->notes->len; i++) {
        const ImportNote *note = import->notes->pdata[i];
        if (note->kind != IMPORT_TAKEN)
            g_string_append_printf(out, "%s %s: %s\n",
                                   note->kind == IMPORT_CHANGED ? "changed" : "not carried",
                                   note->what, note->why);
    }
    return g_string_free(out, FALSE);
}

/* What is missing can be set afterwards; what is wrong is wrong. */
static gboolean
is_usable(const Import *import, const char *folder, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(Profile) profile = import_to_profile(import, folder, false, &why);
    if (profile != NULL || g_error_matches(why, PROFILE_ERROR, PROFILE_ERROR_MISSING))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

NMConnection *
transfer_import(const char *path, const char *folder, char **notes, GError **error)
{
    gsize length = 0;
    ImportFormat format;
    g_autofree char *text = import_load(path, &length, error);
    if (text == NULL)
        return NULL;
    if (!import_guess_format(text, length, &format)) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_SYNTAX,
                    "%s: it looks like no format that is known", path);
        return NULL;
    }
    g_autofree char *base = g_path_get_basename(path);
    char *dot = strrchr(base, '.');
    if (dot != NULL && dot != base)
        *dot = '\0';
    g_autoptr(GPtrArray) list = import_read(format, text, length, NULL, base, error);
    secret_wipe(text, length);
    if (list == NULL)
        return NULL;
    const Import *import = list->pdata[0];
    if (list->len > 1)
        import_note_more(list->pdata[0], list->len - 1);
    if (!is_usable(import, folder, error) || !import_write_files(import, folder, false, error))
        return NULL;
    if (notes != NULL)
        *notes = notes_of(import);
    return to_connection(import, folder);
}

/* ---- export ---- */

static gboolean
format_of(const char *path, ImportFormat *format, GError **error)
{
    const char *dot = strrchr(path, '.');
    gboolean known = dot != NULL && import_format_from_string(dot + 1, format);
    if (!known)
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_UNSUPPORTED,
                    "%s: the name says the format: it ends in .mobileconfig, .sswan or .ginnel",
                    path);
    return known;
}

gboolean
transfer_export(NMConnection *connection, const char *path, GError **error)
{
    ImportFormat format;
    if (!format_of(path, &format, error))
        return FALSE;
    g_autoptr(Profile) profile = mapping_profile(connection, error);
    g_autoptr(GBytes) authorities = profile != NULL ? export_authorities(profile) : NULL;
    g_autoptr(Export) export =
        profile != NULL
            ? export_write(format, profile, nm_connection_get_id(connection), authorities, error)
            : NULL;
    return export != NULL && g_file_set_contents_full(path, export->text, -1,
                                                      G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}
