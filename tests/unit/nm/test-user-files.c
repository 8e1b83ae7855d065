#include "nm/user-files.h"

#include "nm/mapping.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static NMConnection *
connection_new(const char *key, const char *users)
{
    NMConnection *connection = nm_simple_connection_new();
    NMSetting *setting = nm_setting_connection_new(), *vpn = nm_setting_vpn_new();
    g_object_set(setting, NM_SETTING_CONNECTION_ID, "work", NULL);
    g_auto(GStrv) names = g_strsplit(users != NULL ? users : "", ",", -1);
    for (size_t i = 0; names[i] != NULL; i++)
        nm_setting_connection_add_permission(NM_SETTING_CONNECTION(setting), "user", names[i],
                                             NULL);
    nm_setting_vpn_add_data_item(NM_SETTING_VPN(vpn), "gateway-address", "192.0.2.1");
    nm_setting_vpn_add_data_item(NM_SETTING_VPN(vpn), "user-certificate", "pkcs11:object=tess");
    nm_setting_vpn_add_data_item(NM_SETTING_VPN(vpn), "user-key", "pkcs11:object=tess");
    nm_setting_vpn_add_data_item(NM_SETTING_VPN(vpn), "gateway-ca", key);
    nm_connection_add_setting(connection, setting);
    nm_connection_add_setting(connection, vpn);
    return connection;
}

/* users: "tess,eve" */
static ProfileFiles *
read_ca(const char *path, const char *users, GError **error)
{
    g_autoptr(NMConnection) connection = connection_new(path, users);
    g_autoptr(Profile) profile = mapping_profile(connection, NULL);
    g_assert_nonnull(profile);
    return user_files_read(connection, profile, error);
}

typedef struct {
    char *folder, *path;
} Folder;

static void
folder_up(Folder *folder, gconstpointer data)
{
    folder->folder = g_dir_make_tmp("ginnel-nm-XXXXXX", NULL);
    folder->path = g_build_filename(folder->folder, "ca.pem", NULL);
    g_assert_cmpint(chmod(folder->folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents_full(folder->path, "PEM", 3, 0, 0600, NULL));
}

static void
folder_down(Folder *folder, gconstpointer data)
{
    g_unlink(folder->path);
    g_rmdir(folder->folder);
    g_free(folder->folder);
    g_free(folder->path);
}

static void
test_content(Folder *folder, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    char text[4] = "";
    g_autoptr(ProfileFiles) files = read_ca(folder->path, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(pread(profile_files_get(files, "gateway", "ca"), text, 4, 0), ==, 3);
    g_assert_cmpstr(text, ==, "PEM");
    g_assert_cmpint(profile_files_get(files, "user", "key"), ==, -1); /* in a token */
}

/* Only root can become somebody else. */
static void
test_as_its_owner(Folder *folder, gconstpointer data)
{
    g_autoptr(GError) refused = NULL, error = NULL;
    if (getuid() != 0) {
        g_test_skip("needs root");
        return;
    }
    g_assert_null(read_ca(folder->path, "nobody", &refused));
    g_assert_error(refused, PROFILE_ERROR, PROFILE_ERROR_UNREADABLE);
    g_assert_nonnull(strstr(refused->message, "gateway-ca"));
    g_assert_nonnull(strstr(refused->message, folder->path));
    /* And back to what we were. */
    g_autoptr(ProfileFiles) ours = read_ca(folder->path, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(chmod(folder->path, 0644), ==, 0);
    g_autoptr(ProfileFiles) theirs = read_ca(folder->path, "nobody", &error);
    g_assert_no_error(error);
}

/* Whoever names root beside himself reads nothing as root. */
static void
test_as_all_its_owners(Folder *folder, gconstpointer data)
{
    static const char *const both[] = { "root,nobody", "nobody,root" };
    if (getuid() != 0) {
        g_test_skip("needs root");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(both); i++) {
        g_autoptr(GError) refused = NULL, error = NULL;
        g_assert_cmpint(chmod(folder->path, 0600), ==, 0);
        g_assert_null(read_ca(folder->path, both[i], &refused));
        g_assert_error(refused, PROFILE_ERROR, PROFILE_ERROR_UNREADABLE);
        g_assert_cmpint(chmod(folder->path, 0644), ==, 0);
        g_autoptr(ProfileFiles) files = read_ca(folder->path, both[i], &error);
        g_assert_no_error(error);
    }
}

static void
test_refused(Folder *folder, gconstpointer data)
{
    static const char *const paths[] = { "/dev/zero", "/", "/nonexistent" };
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(read_ca(paths[i], NULL, &error));
        g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_UNREADABLE);
        g_assert_nonnull(strstr(error->message, paths[i]));
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(read_ca(folder->path, "there-is-no-such-user", &error));
    g_assert_nonnull(strstr(error->message, "there-is-no-such-user"));
}

static void
test_too_long(Folder *folder, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(truncate(folder->path, 64 * 1024 * 1024), ==, 0);
    g_assert_null(read_ca(folder->path, NULL, &error));
    g_assert_nonnull(strstr(error->message, "longer"));
}

static bool
is_locked(const char *text)
{
    g_autoptr(ProfileFiles) files = profile_files_new();
    int fd = profile_files_make(text, strlen(text), true);
    g_assert_true(profile_files_add(files, "user-key", fd, NULL));
    close(fd);
    return user_files_key_is_locked(files);
}

static void
test_locked(void)
{
    g_autoptr(ProfileFiles) none = profile_files_new();
    g_assert_true(is_locked("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"));
    g_assert_true(is_locked("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"));
    g_assert_false(is_locked("-----BEGIN PRIVATE KEY-----\nAAAA\n"));
    g_assert_false(is_locked(""));
    g_assert_false(user_files_key_is_locked(none));
}

#define FOLDER_TEST(path, function)                                                                \
    g_test_add("/nm/user-files/" path, Folder, NULL, folder_up, function, folder_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    FOLDER_TEST("content", test_content);
    FOLDER_TEST("as-its-owner", test_as_its_owner);
    FOLDER_TEST("as-all-its-owners", test_as_all_its_owners);
    FOLDER_TEST("refused", test_refused);
    FOLDER_TEST("too-long", test_too_long);
    g_test_add_func("/nm/user-files/locked", test_locked);
    return g_test_run();
}
