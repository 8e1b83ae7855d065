#include "profile/profile-file.h"

#include <gio/gio.h>
#include <string.h>

#include "base/error.h"
#include "profile/profile-keys.h"

static void
entry_free(void *data)
{
    ProfileEntry *entry = data;
    g_free(entry->group);
    g_free(entry->key);
    g_free(entry->value);
    g_free(entry);
}

static void
add_entry(Profile *profile, const char *group, const char *key, const char *value, unsigned line)
{
    ProfileEntry *entry = g_new0(ProfileEntry, 1);
    entry->group = g_strdup(group);
    entry->key = g_strdup(key);
    entry->value = g_strdup(value);
    entry->line = line;
    g_ptr_array_add(profile->entries, entry);
}

static Profile *
profile_new(const char *name, const char *file)
{
    Profile *profile = g_new0(Profile, 1);
    g_atomic_ref_count_init(&profile->references);
    profile->name = g_strdup(name);
    profile->file = g_strdup(file);
    profile->entries = g_ptr_array_new_with_free_func(entry_free);
    profile->transports = g_array_new(FALSE, FALSE, sizeof(ProfileTransport));
    profile->include = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    char ***lists[] = {
        &profile->gateway_addresses,    &profile->trusted_networks, &profile->domains,
        &profile->add_domains,          &profile->search_domains,   &profile->trust_anchor_domains,
        &profile->public_anchor_domains
    };
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        *lists[i] = g_new0(char *, 1);
    return profile;
}

/* An entry that was seen before, or NULL. key NULL: the group's head. */
static const ProfileEntry *
find_entry(const Profile *profile, const char *group, const char *key)
{
    for (guint i = 0; i < profile->entries->len; i++) {
        const ProfileEntry *entry = g_ptr_array_index(profile->entries, i);
        if (strcmp(entry->group, group) == 0 && g_strcmp0(entry->key, key) == 0)
            return entry;
    }
    return NULL;
}

G_GNUC_PRINTF(4, 5)
static bool
refuse_line(GError **error, const Profile *profile, unsigned line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_SYNTAX, "%s, line %u: %s",
                profile->file != NULL ? profile->file : profile->name, line, why);
    return false;
}

/* A "#" ends a value where white space stands before it. */
static void
cut_comment(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        if (*c != '#' || (c != text && !g_ascii_isspace(c[-1])))
            continue;
        *c = '\0';
        return;
    }
}

static bool
read_head(Profile *profile, char *text, unsigned line, char **group, GError **error)
{
    char *end = strchr(text, ']');
    if (end == NULL || end[1] != '\0')
        return refuse_line(error, profile, line, "a group looks like [gateway]");
    *end = '\0';
    const char *name = text + 1;
    g_autofree char *quoted = error_quote(name, strlen(name), 60);
    if (!profile_group_is_known(name)) {
        g_autofree char *allowed = profile_groups_to_string();
        refuse_line(error, profile, line, "there is no group [%s]; the groups are %s", quoted,
                    allowed);
        if (error != NULL && *error != NULL)
            (*error)->code = PROFILE_ERROR_UNKNOWN;
        return false;
    }
    const ProfileEntry *before = find_entry(profile, name, NULL);
    if (before != NULL)
        return refuse_line(error, profile, line, "[%s] stands twice, first in line %u", quoted,
                           before->line);
    g_free(*group);
    *group = g_strdup(name);
    add_entry(profile, name, NULL, NULL, line);
    return true;
}

static bool
read_pair(Profile *profile, const char *group, char *text, unsigned line, GError **error)
{
    g_autofree char *quoted = error_quote(text, strlen(text), 60);
    char *equals = strchr(text, '=');
    if (equals == NULL)
        return refuse_line(error, profile, line, "\"%s\" is neither [group] nor key = value",
                           quoted);
    if (group == NULL)
        return refuse_line(error, profile, line, "\"%s\" stands before the first [group]", quoted);
    *equals = '\0';
    const char *key = g_strstrip(text), *value = g_strstrip(equals + 1);
    const ProfileEntry *before = find_entry(profile, group, key);
    if (*key == '\0')
        return refuse_line(error, profile, line, "no key stands before \"=\"");
    if (strlen(value) > PROFILE_MAX_VALUE)
        return refuse_line(error, profile, line, "[%s] value of more than %d characters", group,
                           PROFILE_MAX_VALUE);
    if (before != NULL) {
        g_autofree char *name = error_quote(key, strlen(key), 60);
        return refuse_line(error, profile, line, "[%s] %s stands twice, first in line %u", group,
                           name, before->line);
    }
    add_entry(profile, group, key, value, line);
    return profile_set(profile, group, key, value, error);
}

static bool
read_line(Profile *profile, char *text, unsigned line, char **group, GError **error)
{
    cut_comment(text);
    g_strstrip(text);
    if (*text == '\0')
        return true;
    if (*text == '[')
        return read_head(profile, text, line, group, error);
    return read_pair(profile, *group, text, line, error);
}

static bool
check_name(const char *name, GError **error)
{
    if (profile_name_is_valid(name))
        return true;
    g_autofree char *quoted = error_quote(name, strlen(name), 80);
    g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE,
                "\"%s\" is no name for a profile: 1 to 64 letters, digits, \"-\", \"_\" and \".\", "
                "the first one a letter, digit or \"_\"",
                quoted);
    return false;
}

Profile *
profile_parse(const char *name, const char *file, const char *text, gsize length, GError **error)
{
    if (!check_name(name, error))
        return NULL;
    const char *place = file != NULL ? file : name;
    if (length > PROFILE_FILE_MAX_LENGTH || !g_utf8_validate_len(text, length, NULL)) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_SYNTAX, "%s: it is %s", place,
                    length > PROFILE_FILE_MAX_LENGTH ? "longer than 256 KiB" : "not UTF-8 text");
        return NULL;
    }
    g_autoptr(Profile) profile = profile_new(name, file);
    g_autofree char *copy = g_strndup(text, length), *group = NULL;
    unsigned line = 0;
    for (char *start = copy; start != NULL;) {
        char *end = strchr(start, '\n');
        if (end != NULL)
            *end = '\0';
        if (!read_line(profile, start, ++line, &group, error))
            return NULL;
        start = end != NULL ? end + 1 : NULL;
    }
    if (!profile_check(profile, error))
        return NULL;
    return g_steal_pointer(&profile);
}

static bool
read_setting(Profile *profile, const char *name, const char *value, GError **error)
{
    g_autofree char *quoted = error_quote(name, strlen(name), 80);
    const char *dash = strchr(name, '-');
    g_autofree char *group = dash != NULL ? g_strndup(name, (gsize)(dash - name)) : NULL;
    if (group == NULL || !profile_group_is_known(group)) {
        g_autofree char *allowed = profile_groups_to_string();
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_UNKNOWN,
                    "%s: there is no such setting; it begins with one of %s, and \"-\"", quoted,
                    allowed);
        return false;
    }
    for (const char *c = value; *c != '\0'; c++) {
        if (!g_ascii_iscntrl(*c))
            continue;
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE,
                    "%s: the value has a control character", quoted);
        return false;
    }
    if (strlen(value) > PROFILE_MAX_VALUE || find_entry(profile, group, dash + 1) != NULL) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE, "%s: %s", quoted,
                    strlen(value) > PROFILE_MAX_VALUE ? "the value is too long"
                                                      : "it stands twice");
        return false;
    }
    g_autofree char *stripped = g_strstrip(g_strdup(value));
    add_entry(profile, group, dash + 1, stripped, 0);
    return profile_set(profile, group, dash + 1, stripped, error);
}

Profile *
profile_from_settings(const char *name, GVariant *settings, GError **error)
{
    if (!check_name(name, error))
        return NULL;
    bool texts = g_variant_is_of_type(settings, G_VARIANT_TYPE("a{ss}"));
    if (!texts && !g_variant_is_of_type(settings, G_VARIANT_TYPE_VARDICT)) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_SYNTAX, "the settings are %s, not a{ss}",
                    g_variant_get_type_string(settings));
        return NULL;
    }
    g_autoptr(Profile) profile = profile_new(name, NULL);
    for (gsize i = 0; i < g_variant_n_children(settings); i++) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(settings, i);
        g_autoptr(GVariant) key = g_variant_get_child_value(entry, 0);
        g_autoptr(GVariant) inner = g_variant_get_child_value(entry, 1);
        g_autoptr(GVariant) value = texts ? g_variant_ref(inner) : g_variant_get_variant(inner);
        const char *setting = g_variant_get_string(key, NULL);
        if (!g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)) {
            g_autofree char *quoted = error_quote(setting, strlen(setting), 80);
            g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE, "%s: the value is no string",
                        quoted);
            return NULL;
        }
        if (!read_setting(profile, setting, g_variant_get_string(value, NULL), error))
            return NULL;
    }
    if (!profile_check(profile, error))
        return NULL;
    return g_steal_pointer(&profile);
}

/* In the order of the groups' first keys. */
static char *
write_groups(const Profile *profile)
{
    GString *text = g_string_new(NULL);
    g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < profile->entries->len; i++) {
        const char *group = ((const ProfileEntry *)profile->entries->pdata[i])->group;
        if (!g_hash_table_add(done, (gpointer)group))
            continue;
        g_string_append_printf(text, "%s[%s]\n", text->len > 0 ? "\n" : "", group);
        for (guint k = i; k < profile->entries->len; k++) {
            const ProfileEntry *entry = profile->entries->pdata[k];
            if (entry->key != NULL && *entry->value != '\0' && strcmp(entry->group, group) == 0)
                g_string_append_printf(text, "%s = %s\n", entry->key, entry->value);
        }
    }
    return g_string_free(text, FALSE);
}

/* A "#" after a blank begins a comment in a file: read back, it would be lost. */
char *
profile_to_text(const Profile *profile, GError **error)
{
    g_autofree char *text = write_groups(profile);
    g_autoptr(Profile) again = profile_parse(profile->name, NULL, text, strlen(text), NULL);
    for (guint i = 0; i < profile->entries->len; i++) {
        const ProfileEntry *entry = profile->entries->pdata[i];
        if (entry->key == NULL || *entry->value == '\0')
            continue;
        const ProfileEntry *other =
            again != NULL ? find_entry(again, entry->group, entry->key) : NULL;
        if (other != NULL && strcmp(other->value, entry->value) == 0)
            continue;
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE,
                    "%s-%s: a profile file cannot hold this value", entry->group, entry->key);
        return NULL;
    }
    return g_steal_pointer(&text);
}

/* At most one octet more than is allowed, so that profile_parse sees that it is too long. */
static GBytes *
read_file(const char *path, GError **error)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GFileInfo) info = g_file_query_info(file, G_FILE_ATTRIBUTE_STANDARD_TYPE,
                                                  G_FILE_QUERY_INFO_NONE, NULL, error);
    if (info == NULL)
        return NULL;
    if (g_file_info_get_file_type(info) != G_FILE_TYPE_REGULAR) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "it is no regular file");
        return NULL;
    }
    g_autoptr(GFileInputStream) stream = g_file_read(file, NULL, error);
    if (stream == NULL)
        return NULL;
    g_autofree char *text = g_malloc(PROFILE_FILE_MAX_LENGTH + 1);
    gsize length;
    if (!g_input_stream_read_all(G_INPUT_STREAM(stream), text, PROFILE_FILE_MAX_LENGTH + 1, &length,
                                 NULL, error))
        return NULL;
    return g_bytes_new_take(g_realloc(g_steal_pointer(&text), length + 1), length);
}

Profile *
profile_load(const char *path, GError **error)
{
    g_autofree char *base = g_path_get_basename(path);
    g_autoptr(GError) why = NULL;
    if (!g_str_has_suffix(base, PROFILE_FILE_SUFFIX)) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE, "%s: its name does not end in %s",
                    path, PROFILE_FILE_SUFFIX);
        return NULL;
    }
    base[strlen(base) - strlen(PROFILE_FILE_SUFFIX)] = '\0';
    g_autoptr(GBytes) text = read_file(path, &why);
    if (text == NULL) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_UNREADABLE,
                    "%s cannot be read: %s. To mend it: chgrp ginnel '%s'; chmod 0640 '%s'", path,
                    why->message, path, path);
        return NULL;
    }
    gsize length;
    const char *data = g_bytes_get_data(text, &length);
    return profile_parse(base, path, data, length, error);
}

const char *
profile_state_folder(void)
{
    const char *folder = g_getenv("STATE_DIRECTORY");
    return folder != NULL && g_path_is_absolute(folder) ? folder : "/var/lib/ginnel";
}

const char *const *
profile_folders(void)
{
    static const char *folders[] = { "/etc/ginnel/profiles", "/run/ginnel/profiles", NULL,
                                     "/usr/lib/ginnel/profiles", NULL };
    static gsize made;
    if (g_once_init_enter(&made)) {
        folders[2] = g_build_filename(profile_state_folder(), "profiles", NULL);
        g_once_init_leave(&made, 1);
    }
    return folders;
}

char *
profile_find(const char *const *folders, const char *name, GError **error)
{
    if (!check_name(name, error))
        return NULL;
    g_autofree char *base = g_strconcat(name, PROFILE_FILE_SUFFIX, NULL);
    for (; *folders != NULL; folders++) {
        g_autofree char *path = g_build_filename(*folders, base, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&path);
    }
    g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_NOT_FOUND,
                "there is no profile %s: no %s%s in /etc/ginnel/profiles", name, name,
                PROFILE_FILE_SUFFIX);
    return NULL;
}

Profile *
profile_load_by_name(const char *const *folders, const char *name, GError **error)
{
    g_autofree char *path = profile_find(folders, name, error);
    return path != NULL ? profile_load(path, error) : NULL;
}

void
profile_listing_free(ProfileListing *listing)
{
    g_free(listing->name);
    g_free(listing->file);
    profile_unref(listing->profile);
    g_clear_error(&listing->error);
    g_free(listing);
}

static bool
is_listed(const GPtrArray *list, const char *name)
{
    for (guint i = 0; i < list->len; i++)
        if (strcmp(((ProfileListing *)g_ptr_array_index(list, i))->name, name) == 0)
            return true;
    return false;
}

static void
list_folder(GPtrArray *list, const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *base;
    while (dir != NULL && list->len < PROFILE_MAX_PROFILES && (base = g_dir_read_name(dir))) {
        if (!g_str_has_suffix(base, PROFILE_FILE_SUFFIX))
            continue;
        g_autofree char *name = g_strndup(base, strlen(base) - strlen(PROFILE_FILE_SUFFIX));
        /* What is not named as a profile is none: editors leave such files. */
        if (!profile_name_is_valid(name) || is_listed(list, name))
            continue;
        ProfileListing *listing = g_new0(ProfileListing, 1);
        listing->name = g_steal_pointer(&name);
        listing->file = g_build_filename(folder, base, NULL);
        listing->profile = profile_load(listing->file, &listing->error);
        g_ptr_array_add(list, listing);
    }
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp((*(ProfileListing *const *)a)->name, (*(ProfileListing *const *)b)->name);
}

GPtrArray *
profile_list(const char *const *folders)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)profile_listing_free);
    for (; *folders != NULL; folders++)
        list_folder(list, *folders);
    g_ptr_array_sort(list, compare_names);
    return list;
}
