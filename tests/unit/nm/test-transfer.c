#include "nm/transfer.h"

#include "nm/mapping.h"
#include "nm/names.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static const char config[] =
    "<plist><dict><key>PayloadContent</key><array><dict><key>VPNType</key><string>IKEv2</string>"
    "<key>UserDefinedName</key><string>Work</string><key>IKEv2</key><dict>"
    "<key>RemoteAddress</key><string>vpn.example.com</string>"
    "<key>LocalIdentifier</key><string>tess@example.com</string>"
    "<key>AuthenticationMethod</key><string>SharedSecret</string>"
    "<key>SharedSecret</key><string>hush</string>"
    "<key>PPKIdentifier</key><string>tess</string><key>PPK</key><string>abc</string>"
    "<key>OnDemandRules</key><array/>"
    "</dict></dict></array></dict></plist>";

typedef struct {
    char *top, *file, *folder;
} Bench;

static void
bench_up(Bench *bench, gconstpointer data)
{
    bench->top = g_dir_make_tmp("ginnel-transfer-XXXXXX", NULL);
    bench->file = g_build_filename(bench->top, "work.mobileconfig", NULL);
    bench->folder = g_build_filename(bench->top, "files", NULL);
    g_assert_true(g_file_set_contents(bench->file, config, -1, NULL));
}

static void
remove_all(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            remove_all(path);
        else
            g_unlink(path);
    }
    g_rmdir(folder);
}

static void
bench_down(Bench *bench, gconstpointer data)
{
    remove_all(bench->top);
    g_free(bench->top);
    g_free(bench->file);
    g_free(bench->folder);
}

static void
test_import(Bench *bench, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *notes = NULL;
    g_autoptr(NMConnection) connection =
        transfer_import(bench->file, bench->folder, &notes, &error);
    g_assert_no_error(error);
    NMSettingVpn *vpn = nm_connection_get_setting_vpn(connection);
    struct stat status;
    g_assert_true(nm_connection_verify(connection, &error));
    g_assert_cmpstr(nm_connection_get_id(connection), ==, "Work");
    g_assert_true(nm_setting_vpn_get_persistent(vpn));
    g_assert_cmpstr(nm_setting_vpn_get_secret(vpn, "psk"), ==, "hush");
    g_assert_nonnull(strstr(notes, "not carried OnDemandRules"));
    const char *ppk = nm_setting_vpn_get_data_item(vpn, "user-ppk-file");
    g_assert_true(g_str_has_prefix(ppk, bench->folder));
    g_assert_cmpint(g_stat(ppk, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    g_autoptr(Profile) profile = mapping_profile(connection, &error);
    g_assert_no_error(error);
}

static void
test_there_and_back(Bench *bench, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    static const char *const endings[] = { "out.mobileconfig", "out.ginnel" };
    g_autoptr(NMConnection) connection = transfer_import(bench->file, bench->folder, NULL, &error);
    nm_setting_vpn_remove_data_item(nm_connection_get_setting_vpn(connection), "user-ppk-file");
    nm_setting_vpn_remove_data_item(nm_connection_get_setting_vpn(connection), "user-ppk-id");
    nm_setting_vpn_remove_data_item(nm_connection_get_setting_vpn(connection), "user-ppk");
    g_autoptr(GVariant) before =
        g_variant_ref_sink(mapping_settings(nm_connection_get_setting_vpn(connection)));
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *out = g_build_filename(bench->top, endings[i], NULL);
        g_assert_true(transfer_export(connection, out, &error));
        g_assert_no_error(error);
        g_autoptr(NMConnection) again = transfer_import(out, bench->folder, NULL, &error);
        g_assert_no_error(error);
        g_autoptr(GVariant) after =
            g_variant_ref_sink(mapping_settings(nm_connection_get_setting_vpn(again)));
        g_assert_cmpuint(g_variant_n_children(after), ==, g_variant_n_children(before));
        for (gsize k = 0; k < g_variant_n_children(before); k++) {
            const char *key, *value, *other = NULL;
            g_variant_get_child(before, k, "{&s&s}", &key, &value);
            g_assert_true(g_variant_lookup(after, key, "&s", &other));
            g_assert_cmpstr(value, ==, other);
        }
    }
}

static void
test_refused(Bench *bench, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NMConnection) connection = transfer_import(bench->file, bench->folder, NULL, NULL);
    g_assert_false(transfer_export(connection, "/tmp/work.pdf", &error));
    g_assert_nonnull(strstr(error->message, "work.pdf"));
    g_clear_error(&error);
    g_assert_true(g_file_set_contents(bench->file, "Dear all,\n", -1, NULL));
    g_assert_null(transfer_import(bench->file, bench->folder, NULL, &error));
    g_assert_nonnull(strstr(error->message, "no format"));
}

#define BENCH_TEST(path, function)                                                                 \
    g_test_add("/nm/transfer/" path, Bench, NULL, bench_up, function, bench_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    BENCH_TEST("import", test_import);
    BENCH_TEST("there-and-back", test_there_and_back);
    BENCH_TEST("refused", test_refused);
    return g_test_run();
}
