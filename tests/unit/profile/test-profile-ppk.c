#include "profile/profile-ppk.h"

#include <string.h>

#include "profile/profile.h"

static void
check(const char *text, const void *octets, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) id = NULL;
    g_assert_true(profile_ppk_id_parse(text, &id, &error));
    g_assert_no_error(error);
    g_assert_cmpmem(g_bytes_get_data(id, NULL), g_bytes_get_size(id), octets, length);
}

/* RFC 8784, section 5.1 */
static void
test_types(void)
{
    check("work", "\2work", 5);
    check("0x00ff", "\2\0\xff", 3);
    check("opaque:work", "\1work", 5);
    check("opaque:0x00ff", "\1\0\xff", 3);
}

static void
refused(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) id = NULL;
    g_assert_false(profile_ppk_id_parse(text, &id, &error));
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE);
    g_assert_null(id);
}

static void
test_refuses(void)
{
    g_autofree char *longest = g_strnfill(PROFILE_PPK_ID_MAX, 'a');
    g_autofree char *too_long = g_strnfill(PROFILE_PPK_ID_MAX + 1, 'a');
    g_autoptr(GBytes) id = NULL;
    g_assert_true(profile_ppk_id_parse(longest, &id, NULL));
    refused(too_long);
    refused("");
    refused("opaque:");
    refused("0x0");
    refused("0xzz");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/ppk/types", test_types);
    g_test_add_func("/profile/ppk/refuses", test_refuses);
    return g_test_run();
}
