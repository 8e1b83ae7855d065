/* Anchor files: whole, readable, ours alone. */
#include "system/anchor-files.h"

#include "system/error.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define ONE "corp.example. IN DS 31406 8 2 F78CF334\n"
#define TWO "two.example. IN DS 4711 13 2 00112233\n"

typedef struct {
    char *folder, *file, *own; /* what is read, and what is kept of ginnel0 */
} Place;

static void
place_make(Place *place)
{
    place->folder = g_dir_make_tmp("ginnel-anchors-XXXXXX", NULL);
    place->file = g_build_filename(place->folder, ANCHOR_FILES_NAME, NULL);
    place->own = g_build_filename(place->folder, "ginnel-ginnel0.anchors", NULL);
}

static void
place_clear(Place *place)
{
    /* Fails where a draft or anything else was left. */
    g_unlink(place->file);
    g_unlink(place->own);
    g_assert_cmpint(g_rmdir(place->folder), ==, 0);
    g_free(place->folder);
    g_free(place->file);
    g_free(place->own);
}

static void
test_readable_whatever_the_umask(void)
{
    Place place;
    bool changed;
    struct stat info;
    place_make(&place);
    mode_t before = umask(0077);
    g_assert_true(anchor_files_set(place.folder, "ginnel0", ONE, &changed, NULL));
    umask(before);
    g_assert_cmpint(stat(place.file, &info), ==, 0);
    g_assert_cmpuint(info.st_mode & 0777, ==, 0644);
    place_clear(&place);
}

static void
test_tells_what_changed(void)
{
    static const struct {
        const char *text;
        bool changed;
    } steps[] = { { "", false }, { ONE, true }, { ONE, false },
                  { TWO, true }, { "", true },  { "", false } };
    Place place;
    place_make(&place);
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        bool changed;
        g_autofree char *text = NULL;
        g_assert_true(anchor_files_set(place.folder, "ginnel0", steps[i].text, &changed, NULL));
        g_assert_true(changed == steps[i].changed);
        bool there = g_file_get_contents(place.file, &text, NULL, NULL);
        g_assert_true(there == (*steps[i].text != '\0'));
        g_assert_true(!there || strcmp(text, steps[i].text) == 0);
    }
    place_clear(&place);
}

/* What stands twice is read once; what an administrator has, in whatever form, not of us at all. */
static void
test_each_once(void)
{
    Place place;
    bool changed;
    place_make(&place);
    g_autofree char *admin = g_build_filename(place.folder, "admin.positive", NULL);
    g_assert_true(anchor_files_set(place.folder, "ginnel0", ONE, &changed, NULL));
    g_assert_true(changed);
    g_assert_true(anchor_files_set(place.folder, "ginnel1", ONE TWO ONE, &changed, NULL));
    g_assert_true(changed);
    g_autofree char *both = NULL;
    g_assert_true(g_file_get_contents(place.file, &both, NULL, NULL));
    g_assert_cmpstr(both, ==, ONE TWO);
    /* One of two goes: nothing changes for the other. */
    g_assert_true(anchor_files_set(place.folder, "ginnel0", "", &changed, NULL));
    g_assert_false(changed);
    g_assert_true(g_file_set_contents(
        admin, "; ours\nCORP.example in ds  31406\t8 2 f78c f334\ncorp.example IN A 1\n", -1,
        NULL));
    g_assert_true(anchor_files_set(place.folder, "ginnel0", ONE, &changed, NULL));
    g_assert_true(changed);
    g_autofree char *rest = NULL;
    g_assert_true(g_file_get_contents(place.file, &rest, NULL, NULL));
    g_assert_cmpstr(rest, ==, TWO);
    g_assert_true(anchor_files_set(place.folder, "ginnel1", "", &changed, NULL));
    g_assert_false(g_file_test(place.file, G_FILE_TEST_EXISTS));
    g_unlink(admin);
    place_clear(&place);
}

static void
test_no_folder(void)
{
    g_autoptr(GError) error = NULL;
    bool changed;
    g_assert_false(anchor_files_set("/nonexistent", "ginnel0", ONE, &changed, &error));
    g_assert_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "/nonexistent"));
    g_assert_false(anchor_files_clean("/nonexistent", NULL));
}

static void
test_clean(void)
{
    static const char *const names[] = { "root.positive", "ginnel-ginnel1.positive",
                                         "ginnel-ginnel1.anchors", "ginnel-ginnel1.anchors.new",
                                         "corp.negative" };
    const char *keep[] = { "ginnel0", NULL };
    Place place;
    bool changed;
    place_make(&place);
    g_assert_true(anchor_files_set(place.folder, "ginnel0", ONE, &changed, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(place.folder, names[i], NULL);
        g_assert_true(g_file_set_contents(path, "x", 1, NULL));
    }
    g_assert_true(anchor_files_clean(place.folder, keep));
    g_assert_false(anchor_files_clean(place.folder, keep));
    g_assert_true(g_file_test(place.file, G_FILE_TEST_EXISTS));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(place.folder, names[i], NULL);
        bool ours = g_str_has_prefix(names[i], ANCHOR_FILES_PREFIX);
        g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS) == !ours);
        g_unlink(path);
    }
    g_assert_true(anchor_files_clean(place.folder, NULL));
    place_clear(&place);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/anchor-files/readable-whatever-the-umask",
                    test_readable_whatever_the_umask);
    g_test_add_func("/system/anchor-files/tells-what-changed", test_tells_what_changed);
    g_test_add_func("/system/anchor-files/each-once", test_each_once);
    g_test_add_func("/system/anchor-files/no-folder", test_no_folder);
    g_test_add_func("/system/anchor-files/clean", test_clean);
    return g_test_run();
}
