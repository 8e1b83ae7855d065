#include "config.h"

#include "daemon/store.h"

#include "daemon/machine.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define GROUP    "connection"
#define SETTINGS "settings"

static char *
store_path(uint32_t id)
{
    return g_strdup_printf("%s/connection-%u", RUNTIME_FOLDER, id);
}

bool
store_save(const StoredConnection *stored, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *path = store_path(stored->id);
    GVariantIter iterator;
    const char *key, *value;
    g_key_file_set_string(file, GROUP, "name", stored->name);
    if (stored->file != NULL)
        g_key_file_set_string(file, GROUP, "file", stored->file);
    if (stored->owner != NULL)
        g_key_file_set_string(file, GROUP, "owner", stored->owner);
    g_key_file_set_uint64(file, GROUP, "user", stored->user);
    g_key_file_set_boolean(file, GROUP, "caller-configures", stored->caller_configures);
    if (stored->gateways != NULL)
        g_key_file_set_string_list(file, GROUP, "gateways", (const char *const *)stored->gateways,
                                   g_strv_length(stored->gateways));
    g_key_file_set_int64(file, GROUP, "activated-at", stored->activated_at);
    g_key_file_set_int64(file, GROUP, "connected-at", stored->connected_at);
    g_key_file_set_uint64(file, GROUP, "mtu", stored->mtu);
    g_variant_iter_init(&iterator, stored->settings);
    while (g_variant_iter_next(&iterator, "{&s&s}", &key, &value))
        g_key_file_set_string(file, SETTINGS, key, value);
    g_autofree char *text = g_key_file_to_data(file, NULL, NULL);
    return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

void
store_remove(uint32_t id)
{
    g_autofree char *path = store_path(id);
    g_unlink(path);
}

void
store_clear(void)
{
    g_autoptr(GDir) folder = g_dir_open(RUNTIME_FOLDER, 0, NULL);
    const char *name;
    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(RUNTIME_FOLDER, name, NULL);
        if (g_str_has_prefix(name, "connection-") || g_str_has_prefix(name, "keys-"))
            g_unlink(path);
    }
}

void
store_drop(const char *kind, uint32_t id)
{
    sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s-%u", kind, id);
}

void
store_keep(const char *kind, uint32_t id, int fd)
{
    g_autofree char *state = g_strdup_printf("FDSTORE=1\nFDPOLL=0\nFDNAME=%s-%u", kind, id);
    store_drop(kind, id);
    sd_pid_notify_with_fds(0, 0, state, &fd, 1);
}

void
store_keep_files(uint32_t id, const ProfileFiles *files)
{
    const char *const *all = profile_files_all_settings();
    for (size_t i = 0; files != NULL && all[i] != NULL; i++) {
        const char *dash = strchr(all[i], '-');
        g_autofree char *group = g_strndup(all[i], (gsize)(dash - all[i]));
        int fd = profile_files_get(files, group, dash + 1);
        if (fd >= 0)
            store_keep(all[i], id, fd);
    }
}

void
store_drop_files(uint32_t id)
{
    const char *const *all = profile_files_all_settings();
    for (size_t i = 0; all[i] != NULL; i++)
        store_drop(all[i], id);
}

static GVariant *
load_settings(GKeyFile *file)
{
    GVariantBuilder builder;
    g_auto(GStrv) keys = g_key_file_get_keys(file, SETTINGS, NULL, NULL);
    g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
    for (size_t i = 0; keys != NULL && keys[i] != NULL; i++) {
        g_autofree char *value = g_key_file_get_string(file, SETTINGS, keys[i], NULL);
        if (value != NULL)
            g_variant_builder_add(&builder, "{ss}", keys[i], value);
    }
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

static StoredConnection *
load_one(uint32_t id)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *path = store_path(id);
    StoredConnection *stored = g_new0(StoredConnection, 1);
    stored->id = id;
    stored->tun = stored->control = -1;
    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
        return stored;
    stored->name = g_key_file_get_string(file, GROUP, "name", NULL);
    stored->file = g_key_file_get_string(file, GROUP, "file", NULL);
    stored->owner = g_key_file_get_string(file, GROUP, "owner", NULL);
    stored->user = (uint32_t)g_key_file_get_uint64(file, GROUP, "user", NULL);
    stored->caller_configures = g_key_file_get_boolean(file, GROUP, "caller-configures", NULL);
    stored->gateways = g_key_file_get_string_list(file, GROUP, "gateways", NULL, NULL);
    stored->activated_at = g_key_file_get_int64(file, GROUP, "activated-at", NULL);
    stored->connected_at = g_key_file_get_int64(file, GROUP, "connected-at", NULL);
    stored->mtu = (uint32_t)g_key_file_get_uint64(file, GROUP, "mtu", NULL);
    stored->settings = load_settings(file);
    return stored;
}

static StoredConnection *
find(GPtrArray *list, uint32_t id)
{
    for (guint i = 0; i < list->len; i++) {
        StoredConnection *stored = list->pdata[i];
        if (stored->id == id)
            return stored;
    }
    g_ptr_array_add(list, load_one(id));
    return list->pdata[list->len - 1];
}

/* "KIND-ID" as store_keep writes it; 0 for anything else. */
static uint32_t
split_name(const char *name, char **kind)
{
    const char *dash = strrchr(name, '-');
    guint64 id = 0;
    if (dash == NULL || !g_ascii_string_to_unsigned(dash + 1, 10, 1, G_MAXUINT32, &id, NULL))
        return 0;
    *kind = g_strndup(name, (gsize)(dash - name));
    return (uint32_t)id;
}

/* fd is taken. */
static void
take_descriptor(StoredConnection *stored, const char *kind, int fd)
{
    bool tun = strcmp(kind, "tun") == 0;
    if (tun || strcmp(kind, "control") == 0) {
        int *place = tun ? &stored->tun : &stored->control;
        if (*place >= 0)
            close(*place);
        *place = fd;
        return;
    }
    g_autoptr(GError) error = NULL;
    if (stored->files == NULL)
        stored->files = profile_files_new();
    if (!profile_files_add(stored->files, kind, fd, &error))
        g_warning("systemd's store: %s", error->message);
    close(fd);
}

GPtrArray *
store_load(void)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)stored_connection_free);
    char **names = NULL;
    int n = sd_listen_fds_with_names(1, &names);
    for (int i = 0; i < n; i++) {
        g_autofree char *kind = NULL;
        int fd = SD_LISTEN_FDS_START + i;
        uint32_t id = split_name(names[i], &kind);
        if (id != 0)
            take_descriptor(find(list, id), kind, fd);
        else
            close(fd);
    }
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    /* Without a device or a file there is nothing to take up. */
    for (guint i = list->len; i-- > 0;) {
        StoredConnection *stored = list->pdata[i];
        if (stored->tun >= 0 && stored->name != NULL && stored->settings != NULL)
            continue;
        store_drop("tun", stored->id);
        store_drop("control", stored->id);
        store_drop_files(stored->id);
        store_remove(stored->id);
        g_ptr_array_remove_index(list, i);
    }
    return list;
}

void
stored_connection_free(StoredConnection *stored)
{
    if (stored == NULL)
        return;
    if (stored->tun >= 0)
        close(stored->tun);
    if (stored->control >= 0)
        close(stored->control);
    g_clear_pointer(&stored->files, profile_files_free);
    g_free(stored->name);
    g_free(stored->file);
    g_free(stored->owner);
    g_strfreev(stored->gateways);
    g_clear_pointer(&stored->settings, g_variant_unref);
    g_free(stored);
}
