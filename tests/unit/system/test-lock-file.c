/* Who keeps the machine locked, over restarts. */
#include "system/lock-file.h"

#include <glib/gstdio.h>

static void
test_round_trip(void)
{
    g_autofree char *folder = g_dir_make_tmp("ginnel-lock-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "lockdown", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = lock_file_read(path);
    g_assert_cmpuint(names->len, ==, 0);
    g_assert_true(lock_names_add(names, "work"));
    g_assert_true(lock_names_add(names, "home"));
    g_assert_false(lock_names_add(names, "work"));
    g_assert_true(lock_file_write(path, names, &error));
    g_autoptr(GPtrArray) again = lock_file_read(path);
    g_assert_cmpuint(again->len, ==, 2);
    g_assert_cmpstr(again->pdata[1], ==, "home");
    g_assert_true(lock_names_remove(again, "work"));
    g_assert_false(lock_names_remove(again, "work"));
    g_assert_true(lock_names_remove(again, "home"));
    g_assert_true(lock_file_write(path, again, &error));
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void
test_cannot_be_written(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    lock_names_add(names, "work");
    g_assert_false(lock_file_write("/nonexistent/folder/lockdown", names, &error));
    g_assert_nonnull(error);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/lock-file/round-trip", test_round_trip);
    g_test_add_func("/system/lock-file/cannot-be-written", test_cannot_be_written);
    return g_test_run();
}
