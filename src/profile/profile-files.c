#include "profile/profile-files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "profile/profile.h"

#include <string.h>

struct _ProfileFiles {
    GHashTable *by_setting; /* char * -> descriptor */
};

static const char *const all_settings[] = { "gateway-ca",
                                            "user-certificate",
                                            "user-key",
                                            "user-eap-ca",
                                            "user-secret-file",
                                            "user-ppk-file",
                                            "transport-proxy-secret-file",
                                            NULL };

const char *const *
profile_files_all_settings(void)
{
    return all_settings;
}

static void
close_descriptor(gpointer data)
{
    close(GPOINTER_TO_INT(data));
}

ProfileFiles *
profile_files_new(void)
{
    ProfileFiles *files = g_new0(ProfileFiles, 1);
    files->by_setting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_descriptor);
    return files;
}

void
profile_files_free(ProfileFiles *files)
{
    if (files == NULL)
        return;
    g_hash_table_unref(files->by_setting);
    g_free(files);
}

bool
profile_files_add(ProfileFiles *files, const char *setting, int fd, GError **error)
{
    if (!g_strv_contains(all_settings, setting)) {
        g_autofree char *quoted = error_quote(setting, strlen(setting), 80);
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_UNKNOWN, "%s: no key that names a file",
                    quoted);
        return false;
    }
    int copy = fcntl(fd, F_GET_SEALS) < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_CREDENTIAL,
                    "%s: what was handed over is no memfd", setting);
        return false;
    }
    g_hash_table_replace(files->by_setting, g_strdup(setting), GINT_TO_POINTER(copy));
    return true;
}

int
profile_files_get(const ProfileFiles *files, const char *group, const char *key)
{
    gpointer fd;
    if (files == NULL)
        return -1;
    g_autofree char *setting = g_strdup_printf("%s-%s", group, key);
    return g_hash_table_lookup_extended(files->by_setting, setting, NULL, &fd) ? GPOINTER_TO_INT(fd)
                                                                               : -1;
}

int
profile_files_make(const void *octets, gsize length, bool sealed)
{
    static const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    int fd = memfd_create("ginnel-file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    ssize_t written = write(fd, octets, length);
    bool whole = written >= 0 && (gsize)written == length;
    if (whole && (!sealed || fcntl(fd, F_ADD_SEALS, seals) == 0))
        return fd;
    int why = written >= 0 && !whole ? ENOSPC : errno;
    close(fd);
    errno = why;
    return -1;
}
