#include "config.h"

#include "daemon/state-profiles.h"

#include "profile/profile-credentials.h"
#include "profile/profile-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
profile_path_of(const char *name)
{
    return g_strconcat(profile_state_folder(), "/profiles/", name, PROFILE_FILE_SUFFIX, NULL);
}

static char *
file_path_of(const char *name, const char *setting)
{
    return g_strdup_printf("%s/files/%s-%s", profile_state_folder(), name, setting);
}

static bool
refuse(GError **error, int code, const char *what, const char *why)
{
    g_set_error(error, PROFILE_ERROR, code, "%s: %s", what, why);
    return false;
}

static int
handed_over(const ProfileFiles *files, const char *setting)
{
    const char *dash = strchr(setting, '-');
    g_autofree char *group = g_strndup(setting, (gsize)(dash - setting));
    return profile_files_get(files, group, dash + 1);
}

/* ---- files ---- */

static Secret *
read_handed(const char *setting, int fd, GError **error)
{
    struct stat status;
    if (fstat(fd, &status) < 0 || status.st_size <= 0 || status.st_size > PROFILE_CA_MAX_LENGTH) {
        refuse(error, PROFILE_ERROR_CREDENTIAL, setting,
               "what was handed over is empty, or too long");
        return NULL;
    }
    uint8_t *octets;
    g_autoptr(Secret) content = secret_new_blank((size_t)status.st_size, &octets);
    if (pread(fd, octets, (size_t)status.st_size, 0) == status.st_size)
        return g_steal_pointer(&content);
    refuse(error, PROFILE_ERROR_CREDENTIAL, setting, "what was handed over was cut meanwhile");
    return NULL;
}

static bool
copy_file(const char *name, const char *setting, int fd, GError **error)
{
    g_autofree char *path = file_path_of(name, setting);
    g_autoptr(Secret) content = read_handed(setting, fd, error);
    return content != NULL && g_file_set_contents_full(path, (const char *)secret_data(content),
                                                       (gssize)secret_length(content),
                                                       G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

static bool
copy_files(const char *name, const ProfileFiles *files, GError **error)
{
    const char *const *all = profile_files_all_settings();
    g_autofree char *folder = g_build_filename(profile_state_folder(), "files", NULL);
    if (g_mkdir_with_parents(folder, 0700) < 0)
        return refuse(error, PROFILE_ERROR_UNREADABLE, folder, g_strerror(errno));
    for (size_t i = 0; all[i] != NULL; i++) {
        int fd = handed_over(files, all[i]);
        if (fd >= 0 && !copy_file(name, all[i], fd, error))
            return false;
    }
    return true;
}

/* Those that the settings do not name. keep NULL: all. */
static void
remove_files(const char *name, const Profile *keep)
{
    const char *const *all = profile_files_all_settings();
    g_autoptr(GVariant) settings =
        keep != NULL ? g_variant_ref_sink(profile_to_settings(keep)) : NULL;
    for (size_t i = 0; all[i] != NULL; i++) {
        const char *named = NULL;
        g_autofree char *path = file_path_of(name, all[i]);
        if (settings != NULL)
            g_variant_lookup(settings, all[i], "&s", &named);
        if (g_strcmp0(named, path) != 0)
            g_unlink(path);
    }
}

/* ---- profiles ---- */

/* The settings as they will be stored: with the places of the copies. */
static Profile *
to_profile(const char *name, GVariant *settings, const ProfileFiles *files, GError **error)
{
    const char *const *all = profile_files_all_settings();
    g_auto(GVariantDict) whole = G_VARIANT_DICT_INIT(NULL);
    GVariantIter iterator;
    const char *key, *value;
    g_variant_iter_init(&iterator, settings);
    while (g_variant_iter_next(&iterator, "{&s&s}", &key, &value)) {
        if (g_variant_dict_contains(&whole, key)) {
            refuse(error, PROFILE_ERROR_VALUE, key, "it stands twice");
            return NULL;
        }
        g_variant_dict_insert(&whole, key, "s", value);
    }
    for (size_t i = 0; all[i] != NULL; i++) {
        g_autofree char *path = file_path_of(name, all[i]);
        if (handed_over(files, all[i]) >= 0)
            g_variant_dict_insert(&whole, all[i], "s", path);
    }
    g_autoptr(GVariant) dict = g_variant_ref_sink(g_variant_dict_end(&whole));
    return profile_from_settings(name, dict, error);
}

static bool
name_is_free(const char *name, const char *own, bool replace, GError **error)
{
    g_autofree char *file = profile_find(profile_folders(), name, NULL);
    if (file == NULL || (replace && strcmp(file, own) == 0))
        return true;
    return refuse(error, PROFILE_ERROR_CONFLICT, name,
                  strcmp(file, own) == 0 ? "there is a profile of that name"
                                         : "an administrator has a profile of that name");
}

bool
state_profile_store(const char *name, GVariant *settings, const ProfileFiles *files, bool replace,
                    GError **error)
{
    g_autoptr(Profile) profile = to_profile(name, settings, files, error);
    g_autofree char *text = profile != NULL ? profile_to_text(profile, error) : NULL;
    if (text == NULL)
        return false;
    g_autofree char *path = profile_path_of(name);
    g_autofree char *folder = g_path_get_dirname(path);
    if (!name_is_free(name, path, replace, error))
        return false;
    if (g_mkdir_with_parents(folder, 0700) < 0)
        return refuse(error, PROFILE_ERROR_UNREADABLE, folder, g_strerror(errno));
    if (!copy_files(name, files, error) ||
        !g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
        return false;
    remove_files(name, profile);
    return true;
}

bool
state_profile_remove(const char *name, const char *file, GError **error)
{
    g_autofree char *own = profile_path_of(name);
    if (strcmp(own, file) != 0)
        return refuse(error, PROFILE_ERROR_CONFLICT, file,
                      "an administrator wrote this file; it is taken away by hand");
    if (g_unlink(own) < 0 && errno != ENOENT)
        return refuse(error, PROFILE_ERROR_UNREADABLE, own, g_strerror(errno));
    remove_files(name, NULL);
    return true;
}
