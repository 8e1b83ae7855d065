#include "profile/profile-files.h"

#include "profile/profile.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
test_by_setting(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ProfileFiles) files = profile_files_new();
    int fd = profile_files_make("key", 3, true);
    g_assert_true(profile_files_add(files, "user-key", fd, &error));
    g_assert_no_error(error);
    close(fd); /* it was copied */
    char text[4] = "";
    g_assert_cmpint(pread(profile_files_get(files, "user", "key"), text, 4, 0), ==, 3);
    g_assert_cmpstr(text, ==, "key");
    g_assert_cmpint(profile_files_get(files, "user", "certificate"), ==, -1);
    g_assert_cmpint(profile_files_get(NULL, "user", "key"), ==, -1);
}

static void
test_latest_counts(void)
{
    g_autoptr(ProfileFiles) files = profile_files_new();
    int first = profile_files_make("1", 1, true), second = profile_files_make("2", 1, true);
    g_assert_true(profile_files_add(files, "user-key", first, NULL));
    g_assert_true(profile_files_add(files, "user-key", second, NULL));
    char text = 0;
    g_assert_cmpint(pread(profile_files_get(files, "user", "key"), &text, 1, 0), ==, 1);
    g_assert_cmpint(text, ==, '2');
    close(first);
    close(second);
}

static void
test_unknown_setting(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ProfileFiles) files = profile_files_new();
    int fd = profile_files_make("", 0, true);
    g_assert_false(profile_files_add(files, "gateway-address", fd, &error));
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_UNKNOWN);
    g_assert_nonnull(strstr(error->message, "gateway-address"));
    close(fd);
}

static void
test_memfd_only(void)
{
    static const char *const paths[] = { "/dev/zero", "/etc/hostname", "/" };
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(ProfileFiles) files = profile_files_new();
        int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
        g_assert_false(profile_files_add(files, "user-key", fd, &error));
        g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_CREDENTIAL);
        close(fd);
    }
}

static void
test_sealed(void)
{
    int sealed = profile_files_make("abc", 3, true), open_one = profile_files_make("abc", 3, false);
    g_assert_cmpint(pwrite(sealed, "x", 1, 0), ==, -1);
    g_assert_cmpint(pwrite(open_one, "x", 1, 0), ==, 1);
    close(sealed);
    close(open_one);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/profile-files/by-setting", test_by_setting);
    g_test_add_func("/profile/profile-files/latest-counts", test_latest_counts);
    g_test_add_func("/profile/profile-files/unknown-setting", test_unknown_setting);
    g_test_add_func("/profile/profile-files/memfd-only", test_memfd_only);
    g_test_add_func("/profile/profile-files/sealed", test_sealed);
    return g_test_run();
}
