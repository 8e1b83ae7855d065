#include "config.h"

#include "system/anchor-files.h"

#include "system/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".anchors"

static char *
file_name(const char *interface)
{
    return g_strdup_printf("%s%s" SUFFIX, ANCHOR_FILES_PREFIX, interface);
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

/* ---- gathering ---- */

/* "corp.example DS 31406 8 2 F78C...": a line of a .positive file as it is compared; NULL for what
 * is none. */
static char *
normal_line(const char *line)
{
    g_autofree char *upper = g_ascii_strup(line, -1);
    g_auto(GStrv) words = g_strsplit_set(g_strstrip(upper), " \t", -1);
    g_autoptr(GString) out = g_string_new(NULL);
    guint n = 0;
    for (char **word = words; *word != NULL && **words != ';'; word++) {
        size_t length = strlen(*word);
        if (length == 0)
            continue;
        if (n == 0 && length > 1 && (*word)[length - 1] == '.')
            (*word)[length - 1] = '\0';
        /* A digest may be in several pieces. */
        g_string_append_printf(out, "%s%s", n == 0 || n > 6 ? "" : " ", *word);
        n++;
    }
    return n > 6 ? g_strdup(out->str) : NULL;
}

static void
add_lines(GHashTable *seen, GString *out, const char *path)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        char *normal = normal_line(*line);
        if (normal != NULL && g_hash_table_add(seen, normal) && out != NULL)
            g_string_append_printf(out, "%s\n", *line);
    }
}

static int
compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Paths of the folder's files with that suffix, ours or the others, in order. */
static GPtrArray *
find_files(const char *folder, const char *suffix, bool ours)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
    const char *file;
    while (entries != NULL && (file = g_dir_read_name(entries)) != NULL)
        if (g_str_has_suffix(file, suffix) && g_str_has_prefix(file, ANCHOR_FILES_PREFIX) == ours)
            g_ptr_array_add(paths, g_build_filename(folder, file, NULL));
    g_ptr_array_sort(paths, compare_paths);
    return paths;
}

static void
add_files(GHashTable *seen, GString *out, const char *folder, const char *suffix, bool ours)
{
    g_autoptr(GPtrArray) paths = find_files(folder, suffix, ours);
    for (guint i = 0; i < paths->len; i++)
        add_lines(seen, out, paths->pdata[i]);
}

/* Whole or not there; *changed where it was not like that before. */
static bool
put_file(const char *path, const char *text, bool *changed, GError **error)
{
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
gather(const char *folder, bool *changed, GError **error)
{
    static const char *const others[] = { "/etc/dnssec-trust-anchors.d",
                                          "/usr/lib/dnssec-trust-anchors.d" };
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *path = g_build_filename(folder, ANCHOR_FILES_NAME, NULL);
    add_files(seen, NULL, folder, ".positive", false);
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        add_files(seen, NULL, others[i], ".positive", false);
    add_files(seen, text, folder, SUFFIX, true);
    return put_file(path, text->str, changed, error);
}

bool
anchor_files_set(const char *folder, const char *interface, const char *text, bool *changed,
                 GError **error)
{
    g_autofree char *name = file_name(interface);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    *changed = false;
    return put_file(path, text, changed, error) && gather(folder, changed, error);
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
    bool removed = false, changed = false;
    const char *file;
    while (entries != NULL && (file = g_dir_read_name(entries)) != NULL) {
        if (!g_str_has_prefix(file, ANCHOR_FILES_PREFIX) || is_kept(file, keep) ||
            strcmp(file, ANCHOR_FILES_NAME) == 0)
            continue;
        g_autofree char *path = g_build_filename(folder, file, NULL);
        /* As an earlier version had them: one for each interface that was read. */
        removed = (unlink(path) == 0 && g_str_has_suffix(file, ".positive")) || removed;
    }
    return (entries != NULL && gather(folder, &changed, NULL) && changed) || removed;
}
