/* Files as other clients write them, made from their formats' public descriptions; what becomes of
 * each stands beside it. And files that nobody should have written. */
#include "profile/export.h"
#include "profile/import.h"
#include "profile/profile-file.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER "/f"

static char *samples;

static const char *const all[] = {
    "certificate.mobileconfig",
    "dns.mobileconfig",
    "eap-tls.mobileconfig",
    "eap.mobileconfig",
    "full-tunnel-ppk.mobileconfig",
    "locked-pkcs12.mobileconfig",
    "psk.mobileconfig",
    "signed.mobileconfig",
    "cert-eap.sswan",
    "cert.sswan",
    "eap-tls.sswan",
    "eap.sswan",
    "split.sswan",
    "certificate.xml",
    "eap.xml",
    "mschapv2.xml",
    "eap.swanctl.conf",
    "ppk.swanctl.conf",
    "psk.swanctl.conf",
    "two-rounds.swanctl.conf",
    "certificate.ipsec.conf",
    "eap.ipsec.conf",
    "psk.ipsec.conf",
};

static GPtrArray *
read_sample(const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(samples, name, NULL), *text = NULL;
    g_autofree char *base = g_strndup(name, strcspn(name, "."));
    gsize length;
    ImportFormat format;
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    g_assert_true(import_guess_format(text, length, &format));
    return import_read(format, text, length, NULL, base, error);
}

static void
describe(GString *out, const Import *import)
{
    static const char *const words[] = { "taken", "changed", "not carried" };
    g_autoptr(GError) error = NULL;
    g_string_append_printf(out, "# %s: %s\n", import->name, import->title);
    for (guint i = 0; i < import->notes->len; i++) {
        const ImportNote *note = import->notes->pdata[i];
        g_string_append_printf(out, "# %s: %s: %s\n", words[note->kind], note->what, note->why);
    }
    g_autofree char *text = import_to_text(import, FOLDER, true, &error);
    g_string_append(out, text != NULL ? text : error->message);
    g_string_append(out, text != NULL ? "" : "\n");
}

static char *
description(const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = read_sample(name, &error);
    GString *out = g_string_new(NULL);
    g_assert_no_error(error);
    for (guint i = 0; i < list->len; i++)
        describe(out, list->pdata[i]);
    return g_string_free(out, FALSE);
}

/* GINNEL_TESTS_WRITE=1 writes what is to be looked at and kept. */
static void
test_sample(gconstpointer name)
{
    g_autofree char *base = g_strconcat(name, ".expected", NULL);
    g_autofree char *path = g_build_filename(samples, base, NULL), *wanted = NULL;
    g_autofree char *got = description(name);
    if (g_getenv("GINNEL_TESTS_WRITE") != NULL)
        g_assert_true(g_file_set_contents(path, got, -1, NULL));
    g_assert_true(g_file_get_contents(path, &wanted, NULL, NULL));
    g_assert_cmpstr(got, ==, wanted);
}

/* ---- there and back ---- */

static int
by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
sorted_settings(const Profile *profile)
{
    g_autoptr(GVariant) settings = g_variant_ref_sink(profile_to_settings(profile));
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    GVariantIter iterator;
    const char *key, *value;
    g_variant_iter_init(&iterator, settings);
    while (g_variant_iter_next(&iterator, "{&s&s}", &key, &value))
        g_ptr_array_add(lines, g_strdup_printf("%s=%s", key, value));
    g_ptr_array_sort(lines, by_text);
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("\n", (char **)lines->pdata);
}

static void
assert_round_trip(const char *name, const Import *import, ImportFormat format)
{
    g_autoptr(Profile) profile = import_to_profile(import, FOLDER, false, NULL);
    if (profile == NULL)
        return; /* not complete: has to be completed by hand first */
    g_autoptr(GError) error = NULL;
    g_autoptr(Export) export = export_write(format, profile, "work", NULL, &error);
    if (format == IMPORT_SSWAN && profile->user_auth == PROFILE_USER_PSK) {
        g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_UNSUPPORTED);
        return;
    }
    g_assert_no_error(error);
    g_autoptr(GPtrArray) list =
        import_read(format, export->text, strlen(export->text), NULL, "work", &error);
    g_assert_no_error(error);
    Import *back = list->pdata[0];
    g_autoptr(GVariant) settings = g_variant_ref_sink(profile_to_settings(profile));
    for (guint i = 0; i < export->left->len; i++) {
        const char *value = NULL;
        g_assert_true(g_variant_lookup(settings, export->left->pdata[i], "&s", &value));
        g_assert_null(import_get(back, export->left->pdata[i]));
        import_set(back, export->left->pdata[i], value);
    }
    g_autoptr(Profile) again = import_to_profile(back, FOLDER, false, &error);
    g_assert_no_error(error);
    g_autofree char *before = sorted_settings(profile), *after = sorted_settings(again);
    g_test_message("%s", name);
    g_assert_cmpstr(before, ==, after);
}

static void
test_round_trips(void)
{
    static const ImportFormat formats[] = { IMPORT_MOBILECONFIG, IMPORT_SSWAN, IMPORT_GINNEL };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autoptr(GPtrArray) list = read_sample(all[i], NULL);
        for (size_t k = 0; k < G_N_ELEMENTS(formats); k++)
            assert_round_trip(all[i], list->pdata[0], formats[k]);
    }
}

static void
test_read_only_formats(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = read_sample("psk.mobileconfig", NULL);
    g_autoptr(Profile) profile = import_to_profile(list->pdata[0], FOLDER, true, NULL);
    g_assert_null(export_write(IMPORT_WINDOWS, profile, "work", NULL, &error));
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_UNSUPPORTED);
}

/* Neither a secret nor the place of one that could be used. */
static void
test_no_secret_is_exported(void)
{
    g_autoptr(GPtrArray) list = read_sample("psk.mobileconfig", NULL);
    g_autoptr(Profile) profile = import_to_profile(list->pdata[0], FOLDER, true, NULL);
    g_autoptr(Export) export = export_write(IMPORT_MOBILECONFIG, profile, "work", NULL, NULL);
    g_assert_null(strstr(export->text, "correct horse"));
    g_assert_null(strstr(export->text, "secret"));
}

/* ---- what nobody should have written ---- */

static void
expect_refused(ImportFormat format, const char *text, gsize length, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = import_read(format, text, length, NULL, "work", &error);
    g_assert_null(list);
    g_assert_nonnull(error);
    g_assert_true(error->domain == PROFILE_ERROR);
    if (strstr(error->message, words) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, words);
}

static char *
repeated(const char *before, const char *unit, unsigned times, const char *after)
{
    GString *out = g_string_new(before);
    for (unsigned i = 0; i < times; i++)
        g_string_append(out, unit);
    g_string_append(out, after);
    return g_string_free(out, FALSE);
}

static void
test_deep(void)
{
    g_autofree char *plist = repeated("<plist>", "<array>", 5000, "");
    g_autofree char *xml = repeated("<VPNProfile>", "<a>", 5000, "");
    g_autofree char *json = repeated("", "[", 100000, "");
    g_autofree char *swanctl = repeated("", "a {\n", 5000, "");
    expect_refused(IMPORT_MOBILECONFIG, plist, strlen(plist), "line 1: nested too deeply");
    expect_refused(IMPORT_WINDOWS, xml, strlen(xml), "line 1: nested too deeply");
    expect_refused(IMPORT_SSWAN, json, strlen(json), "line 1: nested too deeply");
    expect_refused(IMPORT_SWANCTL, swanctl, strlen(swanctl), "line 33: nested too deeply");
}

static void
test_entities(void)
{
    static const char bomb[] =
        "<?xml version='1.0'?>\n<!DOCTYPE plist [\n<!ENTITY a 'aaaaaaaaaa'>\n"
        "<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>\n]>\n<plist><string>&b;</string></plist>";
    static const char outside[] = "<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>\n"
                                  "<VPNProfile><ProfileName>&f;</ProfileName></VPNProfile>";
    static const char unknown[] = "<VPNProfile>\n<ProfileName>&f;</ProfileName></VPNProfile>";
    expect_refused(IMPORT_MOBILECONFIG, bomb, strlen(bomb), "declares entities");
    expect_refused(IMPORT_WINDOWS, outside, strlen(outside), "declares entities");
    expect_refused(IMPORT_WINDOWS, unknown, strlen(unknown), "line 2");
}

static void
test_huge(void)
{
    g_autofree char *text = g_malloc0(IMPORT_MAX_LENGTH + 1);
    memset(text, ' ', IMPORT_MAX_LENGTH + 1);
    for (ImportFormat format = IMPORT_MOBILECONFIG; format <= IMPORT_GINNEL; format++)
        expect_refused(format, text, IMPORT_MAX_LENGTH + 1, "longer");
    g_autofree char *wide = repeated("<plist><array>", "<true/>", IMPORT_MAX_ELEMENTS, "");
    expect_refused(IMPORT_MOBILECONFIG, wide, strlen(wide), "too many elements");
    g_autofree char *lines = repeated("connections { a {\n", "k = v\n", 5000, "} }");
    expect_refused(IMPORT_SWANCTL, lines, strlen(lines), "more than 4000");
    g_autofree char *sections = repeated("", "conn a\n", 5000, "");
    expect_refused(IMPORT_IPSEC, sections, strlen(sections), "line 401: more than 400 sections");
}

/* A short file whose names would be kept a thousand times over. */
static void
test_long_names(void)
{
    g_autofree char *name = repeated("", "n", IMPORT_MAX_NAME + 1, "");
    g_autofree char *xml = g_strdup_printf("<VPNProfile>\n<%s><a>x</a></%s>", name, name);
    g_autofree char *section = g_strdup_printf("connections {\n%s { k = v } }", name);
    g_autofree char *key = g_strdup_printf("connections {\na { %s = v } }", name);
    expect_refused(IMPORT_WINDOWS, xml, strlen(xml), "line 2: a name that is too long");
    expect_refused(IMPORT_MOBILECONFIG, xml, strlen(xml), "line 2: a name that is too long");
    expect_refused(IMPORT_SWANCTL, section, strlen(section), "line 2: a name that is too long");
    expect_refused(IMPORT_SWANCTL, key, strlen(key), "line 2: a name that is too long");
}

static void
test_malformed(void)
{
    static const struct {
        ImportFormat format;
        const char *text, *words;
    } rows[] = {
        { IMPORT_MOBILECONFIG, "bplist00\x01", "binary" },
        { IMPORT_MOBILECONFIG, "<plist>\n<dict>\n</plist>", "line 3" },
        { IMPORT_MOBILECONFIG, "<plist><dict/></plist>", "PayloadContent" },
        { IMPORT_MOBILECONFIG, "-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n", "CMS" },
        { IMPORT_SSWAN, "{\n\"type\": }", "line 2" },
        { IMPORT_SSWAN, "[]", "no JSON object" },
        { IMPORT_SSWAN, "{\"type\": \"ikev2-eap\"}", "remote.addr" },
        { IMPORT_SSWAN, "{\"type\": \"ikev1\", \"remote\": {\"addr\": \"a\"}}", "ikev1" },
        { IMPORT_WINDOWS, "<VPNProfile></VPNProfile>", "Servers" },
        { IMPORT_WINDOWS,
          "<VPNProfile><NativeProfile><NativeProtocolType>L2tp</NativeProtocolType>"
          "</NativeProfile></VPNProfile>",
          "L2tp" },
        { IMPORT_SWANCTL, "connections {\n a {\n", "line 3: a } is missing" },
        { IMPORT_SWANCTL, "}\n", "line 1: a } too many" },
        { IMPORT_SWANCTL, "connections {\n a : b { }\n}", "line 2" },
        { IMPORT_SWANCTL, "connections {\n a {\n remote_addrs = %any\n}\n}", "begin" },
        { IMPORT_IPSEC, "conn a\n  left\n", "line 2" },
        { IMPORT_IPSEC, "conn a\n  right=%any\n", "begin" },
        { IMPORT_GINNEL, "[gateway]\nadress = a\n", "line 2" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        expect_refused(rows[i].format, rows[i].text, strlen(rows[i].text), rows[i].words);
}

/* Whoever signed did not sign this. */
static void
test_signature_over_something_else(void)
{
    g_autofree char *path = g_build_filename(samples, "signed.mobileconfig", NULL), *text = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    char *address = memmem(text, length, "vpn.example.com", 15);
    g_assert_nonnull(address);
    *address = 'x';
    expect_refused(IMPORT_MOBILECONFIG, text, length, "signature");
}

/* Every shorter one is refused or read, and never read beyond. */
static void
test_truncated(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autofree char *path = g_build_filename(samples, all[i], NULL), *text = NULL;
        gsize length;
        ImportFormat format;
        g_assert_true(g_file_get_contents(path, &text, &length, NULL));
        g_assert_true(import_guess_format(text, length, &format));
        for (gsize cut = 0; cut < length; cut += 1 + length / 97) {
            g_autofree char *part = g_memdup2(text, cut); /* its end is the sanitizer's */
            g_autoptr(GPtrArray) list = import_read(format, part, cut, NULL, "work", NULL);
        }
    }
}

/* A value cannot become another key. */
static void
test_no_key_by_value(void)
{
    static const char text[] = "{\"name\": \"x\", \"type\": \"ikev2-eap\", \"remote\": {\"addr\": "
                               "\"vpn.example.com\", \"id\": \"gw\\nlegacy = yes\"}, \"local\": "
                               "{\"eap_id\": \"tess\"}}";
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = import_read(IMPORT_SSWAN, text, strlen(text), NULL, "x", &error);
    g_assert_no_error(error);
    g_autofree char *out = import_to_text(list->pdata[0], FOLDER, true, &error);
    g_assert_no_error(error);
    g_assert_null(strstr(out, "legacy"));
    Import *import = list->pdata[0];
    import_set(import, "gateway-id", "gw #comment");
    g_assert_null(import_to_text(import, FOLDER, true, &error));
    g_assert_nonnull(strstr(error->message, "gateway-id"));
}

/* ---- files ---- */

static void
test_files_are_ones_own(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = read_sample("certificate.mobileconfig", NULL);
    g_autofree char *top = g_dir_make_tmp("ginnel-import-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(top, "new", NULL);
    const Import *import = list->pdata[0];
    mode_t before = umask(0);
    g_assert_true(import_write_files(import, folder, true, &error));
    umask(before);
    g_assert_no_error(error);
    for (guint i = 0; i < import->files->len; i++) {
        const ImportFile *file = import->files->pdata[i];
        g_autofree char *path = import_file_path(import, folder, file->setting, file->ending);
        struct stat status;
        g_assert_cmpint(g_stat(path, &status), ==, 0);
        g_assert_cmpint(status.st_mode & 07777, ==, 0600);
        g_assert_cmpint(status.st_size, ==, (goffset)secret_length(file->content));
    }
    /* What is there is not written over. */
    g_assert_false(import_write_files(import, folder, true, &error));
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_UNREADABLE);
    for (guint i = 0; i < import->files->len; i++) {
        const ImportFile *file = import->files->pdata[i];
        g_autofree char *path = import_file_path(import, folder, file->setting, file->ending);
        g_unlink(path);
    }
    g_rmdir(folder);
    g_rmdir(top);
}

static void
test_unlocked_by_passphrase(void)
{
    g_autofree char *path = g_build_filename(samples, "cert.sswan", NULL), *text = NULL;
    gsize length;
    g_autoptr(Secret) right = secret_new("sesame", 6);
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    g_autoptr(GPtrArray) list = import_read(IMPORT_SSWAN, text, length, right, "x", NULL);
    const Import *import = list->pdata[0];
    g_assert_cmpuint(import->files->len, ==, 2);
    g_assert_cmpstr(((ImportFile *)import->files->pdata[1])->setting, ==, "user-key");
}

static void
test_completed_by_hand(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = read_sample("eap.xml", NULL);
    Import *import = list->pdata[0];
    g_assert_null(import_to_profile(import, FOLDER, true, &error));
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_MISSING);
    g_clear_error(&error);
    import_set(import, "user-id", "tess@example.com");
    g_autoptr(Profile) profile = import_to_profile(import, FOLDER, true, &error);
    g_assert_no_error(error);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    samples = g_test_build_filename(G_TEST_DIST, "samples", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autofree char *path = g_strconcat("/profile/import/sample/", all[i], NULL);
        g_test_add_data_func(path, all[i], test_sample);
    }
    g_test_add_func("/profile/import/round-trips", test_round_trips);
    g_test_add_func("/profile/import/read-only-formats", test_read_only_formats);
    g_test_add_func("/profile/import/no-secret-is-exported", test_no_secret_is_exported);
    g_test_add_func("/profile/import/deep", test_deep);
    g_test_add_func("/profile/import/entities", test_entities);
    g_test_add_func("/profile/import/huge", test_huge);
    g_test_add_func("/profile/import/long-names", test_long_names);
    g_test_add_func("/profile/import/malformed", test_malformed);
    g_test_add_func("/profile/import/signature-over-something-else",
                    test_signature_over_something_else);
    g_test_add_func("/profile/import/truncated", test_truncated);
    g_test_add_func("/profile/import/no-key-by-value", test_no_key_by_value);
    g_test_add_func("/profile/import/files-are-ones-own", test_files_are_ones_own);
    g_test_add_func("/profile/import/unlocked-by-passphrase", test_unlocked_by_passphrase);
    g_test_add_func("/profile/import/completed-by-hand", test_completed_by_hand);
    int status = g_test_run();
    g_free(samples);
    return status;
}
