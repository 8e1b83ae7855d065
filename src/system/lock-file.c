#include "config.h"

#include "system/lock-file.h"

#include <glib/gstdio.h>
#include <string.h>

#define NAMES_MAX 256

static guint
find(const GPtrArray *names, const char *name)
{
    guint i = 0;
    while (i < names->len && strcmp(names->pdata[i], name) != 0)
        i++;
    return i;
}

bool
lock_names_add(GPtrArray *names, const char *name)
{
    if (names->len >= NAMES_MAX || find(names, name) < names->len)
        return false;
    g_ptr_array_add(names, g_strdup(name));
    return true;
}

bool
lock_names_remove(GPtrArray *names, const char *name)
{
    guint i = find(names, name);
    if (i == names->len)
        return false;
    g_ptr_array_remove_index(names, i);
    return true;
}

GPtrArray *
lock_file_read(const char *path)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return names;
    g_auto(GStrv) lines = g_strsplit(text, "\n", NAMES_MAX);
    for (char **line = lines; *line != NULL; line++)
        if (**line != '\0')
            lock_names_add(names, *line);
    return names;
}

bool
lock_file_write(const char *path, const GPtrArray *names, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(text, "%s\n", (char *)names->pdata[i]);
    if (names->len > 0)
        return g_file_set_contents(path, text->str, (gssize)text->len, error);
    g_unlink(path);
    return true;
}
