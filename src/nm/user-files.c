#include "config.h"

#include "nm/user-files.h"

#include "profile/profile-credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUPS_MAX 1024
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* Rights of this thread alone: the C library's calls would change all threads'. */
typedef struct {
    uid_t user;
    gid_t group, groups[GROUPS_MAX], before[GROUPS_MAX];
    int n_groups, n_before;
} Rights;

static bool
refuse(GError **error, const char *setting, const char *path, const char *why)
{
    g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_UNREADABLE, "%s: %s %s", setting, path, why);
    return false;
}

static Rights *
rights_of(const char *name, GError **error)
{
    struct passwd *person = getpwnam(name);
    g_autofree Rights *out = g_new0(Rights, 1);
    out->n_groups = GROUPS_MAX;
    out->n_before = getgroups(GROUPS_MAX, out->before);
    if (person == NULL || out->n_before < 0 ||
        getgrouplist(name, person->pw_gid, out->groups, &out->n_groups) < 0) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_UNREADABLE,
                    "connection.permissions: there is no user %s", name);
        return NULL;
    }
    out->user = person->pw_uid;
    out->group = person->pw_gid;
    return g_steal_pointer(&out);
}

/* Of all to whom the connection belongs; none: an administrator made it for everybody. */
static GPtrArray *
owners_of(NMConnection *connection, GError **error)
{
    NMSettingConnection *setting = nm_connection_get_setting_connection(connection);
    const char *type, *user;
    g_autoptr(GPtrArray) owners = g_ptr_array_new_with_free_func(g_free);
    guint n = setting != NULL ? nm_setting_connection_get_num_permissions(setting) : 0;
    for (guint i = 0; i < n; i++) {
        if (!nm_setting_connection_get_permission(setting, i, &type, &user, NULL) ||
            strcmp(type, "user") != 0)
            continue;
        Rights *rights = rights_of(user, error);
        if (rights == NULL)
            return NULL;
        g_ptr_array_add(owners, rights);
    }
    return g_steal_pointer(&owners);
}

/* Opens as that person: file system identity and groups, for the one call. */
static int
open_as(const Rights *rights, const char *path)
{
    if (syscall(SYS_setgroups, (size_t)rights->n_groups, rights->groups) < 0)
        return -1;
    gid_t group = (gid_t)setfsgid(rights->group);
    uid_t user = (uid_t)setfsuid(rights->user);
    /* Neither tells whether it was done; what is in force is told by a call that cannot be. */
    bool changed =
        (uid_t)setfsuid((uid_t)-1) == rights->user && (gid_t)setfsgid((gid_t)-1) == rights->group;
    int fd = changed ? open(path, OPEN_FLAGS) : -1;
    int why = changed ? errno : EPERM;
    setfsuid(user);
    setfsgid(group);
    if (syscall(SYS_setgroups, (size_t)rights->n_before, rights->before) < 0)
        abort(); /* never go on with somebody else's groups */
    errno = why;
    return fd;
}

/* The same file by each of them: whoever makes a connection may name others beside himself, and
 * reads nothing by their rights. */
static int
open_as_all(const GPtrArray *owners, const char *path)
{
    struct stat first, other;
    int fd = owners->len == 0 ? open(path, OPEN_FLAGS) : open_as(owners->pdata[0], path);
    for (guint i = 1; i < owners->len && fd >= 0; i++) {
        int again = open_as(owners->pdata[i], path);
        int why = again < 0 ? errno : 0;
        if (again >= 0 && (fstat(fd, &first) < 0 || fstat(again, &other) < 0 ||
                           first.st_dev != other.st_dev || first.st_ino != other.st_ino))
            why = ESTALE;
        if (again >= 0)
            close(again);
        if (why == 0)
            continue;
        close(fd);
        fd = -1;
        errno = why;
    }
    return fd;
}

/* Content of a regular file of at most limit octets, in a memfd. */
static int
copy_file(int from, const char *setting, const char *path, gsize limit, GError **error)
{
    struct stat status;
    if (fstat(from, &status) < 0 || !S_ISREG(status.st_mode)) {
        refuse(error, setting, path, "is no regular file");
        return -1;
    }
    if ((guint64)status.st_size > limit) {
        refuse(error, setting, path, "is longer than such a file can be");
        return -1;
    }
    uint8_t *octets;
    gsize length = (gsize)status.st_size, done = 0;
    g_autoptr(Secret) content = secret_new_blank(length, &octets);
    while (done < length) {
        ssize_t n = read(from, octets + done, length - done);
        if (n <= 0 && !(n < 0 && errno == EINTR)) {
            refuse(error, setting, path, n < 0 ? g_strerror(errno) : "was cut meanwhile");
            return -1;
        }
        done += n > 0 ? (gsize)n : 0;
    }
    int fd = profile_files_make(octets, length, true);
    if (fd < 0)
        refuse(error, setting, path, g_strerror(errno));
    return fd;
}

static bool
add_file(ProfileFiles *files, const GPtrArray *owners, const char *setting, const char *path,
         gsize limit, GError **error)
{
    if (path == NULL || g_str_has_prefix(path, "pkcs11:"))
        return true;
    int from = open_as_all(owners, path);
    if (from < 0) {
        g_autofree char *why = g_strdup_printf(
            "cannot be read%s: %s", owners->len > 0 ? " by whom the connection belongs to" : "",
            g_strerror(errno));
        return refuse(error, setting, path, why);
    }
    int copy = copy_file(from, setting, path, limit, error);
    close(from);
    bool ok = copy >= 0 && profile_files_add(files, setting, copy, error);
    if (copy >= 0)
        close(copy);
    return ok;
}

ProfileFiles *
user_files_read(NMConnection *connection, const Profile *profile, GError **error)
{
    const struct {
        const char *setting, *path;
        gsize limit;
    } rows[] = {
        { "gateway-ca", profile->ca_file, PROFILE_CA_MAX_LENGTH },
        { "user-certificate", profile->certificate_file, PROFILE_PEM_MAX_LENGTH },
        { "user-key", profile->key_file, PROFILE_PEM_MAX_LENGTH },
        { "user-eap-ca", profile->eap_ca_file, PROFILE_CA_MAX_LENGTH },
        { "user-secret-file", profile->secret_file, PROFILE_SECRET_MAX_LENGTH },
        { "user-ppk-file", profile->ppk_file, PROFILE_SECRET_MAX_LENGTH },
        { "transport-proxy-secret-file", profile->proxy_secret_file, PROFILE_SECRET_MAX_LENGTH },
    };
    g_autoptr(GPtrArray) owners = owners_of(connection, error);
    g_autoptr(ProfileFiles) files = profile_files_new();
    if (owners == NULL)
        return NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (!add_file(files, owners, rows[i].setting, rows[i].path, rows[i].limit, error))
            return NULL;
    return g_steal_pointer(&files);
}

bool
user_files_key_is_locked(const ProfileFiles *files)
{
    int fd = profile_files_get(files, "user", "key");
    uint8_t *text;
    g_autoptr(Secret) content = secret_new_blank(PROFILE_PEM_MAX_LENGTH + 1, &text);
    ssize_t n = fd >= 0 ? pread(fd, text, PROFILE_PEM_MAX_LENGTH, 0) : -1;
    if (n <= 0)
        return false;
    return strstr((const char *)text, "-----BEGIN ENCRYPTED PRIVATE KEY-----") != NULL ||
           strstr((const char *)text, "Proc-Type: 4,ENCRYPTED") != NULL;
}
