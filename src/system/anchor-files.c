#include "config.h"

#include "system/anchor-files.h"

#include "system/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
file_name(const char *interface)
{
    return g_strdup_printf("%s%s.positive", ANCHOR_FILES_PREFIX, interface);
}

static bool
fail_errno(GError **error, const char *what)
{
    int code = errno;
    g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED, "%s: %s", what, g_strerror(code));
    return false;
}

/* Whole or not at all, and readable for the resolver's user whatever our umask is: with another
 * mode it would be ignored without a word. */
static bool
write_file(const char *path, const char *text, GError **error)
{
    g_autofree char *draft = g_strdup_printf("%s.new", path);
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return fail_errno(error, draft);
    size_t length = strlen(text);
    bool ok = write(fd, text, length) == (ssize_t)length && fchmod(fd, 0644) == 0;
    ok = close(fd) == 0 && ok && rename(draft, path) == 0;
    if (ok)
        return true;
    fail_errno(error, path);
    unlink(draft);
    return false;
}

bool
anchor_files_set(const char *folder, const char *interface, const char *text, bool *changed,
                 GError **error)
{
    g_autofree char *name = file_name(interface);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *before = NULL;
    if (!g_file_get_contents(path, &before, NULL, NULL))
        before = g_strdup("");
    *changed = strcmp(before, text) != 0;
    if (!*changed)
        return true;
    if (*text != '\0')
        return write_file(path, text, error);
    return unlink(path) == 0 || errno == ENOENT || fail_errno(error, path);
}

static bool
is_kept(const char *file, const char *const *keep)
{
    for (; keep != NULL && *keep != NULL; keep++) {
        g_autofree char *name = file_name(*keep);
        if (strcmp(file, name) == 0)
            return true;
    }
    return false;
}

bool
anchor_files_clean(const char *folder, const char *const *keep)
{
    g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
    bool removed = false;
    const char *file;
    while (entries != NULL && (file = g_dir_read_name(entries)) != NULL) {
        if (!g_str_has_prefix(file, ANCHOR_FILES_PREFIX) || is_kept(file, keep))
            continue;
        g_autofree char *path = g_build_filename(folder, file, NULL);
        removed = unlink(path) == 0 || removed;
    }
    return removed;
}
