#include "profile/profile-file.h"

#include <glib/gstdio.h>
#include <string.h>

#define SMALL                                                                                      \
    "[gateway]\naddress = vpn.example.com\n[user]\nid = tess\nauth = psk\nsecret-file = /s\n"
#define FILE "/etc/ginnel/profiles/work.ginnel"

static Profile *
parse(const char *text, GError **error)
{
    return profile_parse("work", FILE, text, strlen(text), error);
}

static void
check_refused(const char *text, int code, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = parse(text, &error);
    g_assert_null(profile);
    g_assert_error(error, PROFILE_ERROR, code);
    g_assert_cmpstr(error->message, ==, message);
}

static void
test_comments_blanks_and_spaces(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = parse("# a comment\r\n\n  [gateway]  # the head\n"
                                       "\taddress=vpn.example.com   # the name\r\n"
                                       "[user]\nid = key-id:tess#1\nauth = psk\nsecret-file = /s",
                                       &error);
    g_assert_no_error(error);
    g_assert_cmpstr(profile->gateway_addresses[0], ==, "vpn.example.com");
    g_assert_cmpstr(profile->user_id, ==, "key-id:tess#1");
    g_assert_cmpstr(profile->name, ==, "work");
    g_assert_cmpstr(profile->file, ==, FILE);
}

static void
test_unknown_words_are_refused(void)
{
    check_refused(SMALL "[gatway]\n", PROFILE_ERROR_UNKNOWN,
                  FILE ", line 7: there is no group [gatway]; the groups are gateway, connection, "
                       "user, transport, lifetime, network, dns, proposals");
    check_refused(SMALL "[dns]\n\ndomain = corp.example\n", PROFILE_ERROR_UNKNOWN,
                  FILE
                  ", line 9: [dns] domain: there is no such key; the keys of [dns] are domains, "
                  "add-domains, search-domains, use-servers, trust-anchor-domains, "
                  "public-anchor-domains, tell-anchors, dnssec, encrypted");
}

static void
test_malformed_lines_are_refused(void)
{
    check_refused("[gateway\n", PROFILE_ERROR_SYNTAX,
                  FILE ", line 1: a group looks like [gateway]");
    check_refused("[gateway]x\n", PROFILE_ERROR_SYNTAX,
                  FILE ", line 1: a group looks like [gateway]");
    check_refused("[gateway]\naddress\n", PROFILE_ERROR_SYNTAX,
                  FILE ", line 2: \"address\" is neither [group] nor key = value");
    check_refused("[gateway]\n= a\n", PROFILE_ERROR_SYNTAX,
                  FILE ", line 2: no key stands before \"=\"");
    check_refused("id = a\n", PROFILE_ERROR_SYNTAX,
                  FILE ", line 1: \"id = a\" stands before the first [group]");
}

static void
test_repeated_words_are_refused(void)
{
    check_refused(SMALL "id = bob\n[gateway]\n", PROFILE_ERROR_SYNTAX,
                  FILE ", line 7: [user] id stands twice, first in line 4");
    check_refused(SMALL "[gateway]\n", PROFILE_ERROR_SYNTAX,
                  FILE ", line 7: [gateway] stands twice, first in line 1");
}

static void
test_size_is_bounded(void)
{
    g_autofree char *pad = g_strnfill(PROFILE_FILE_MAX_LENGTH, '\n');
    memcpy(pad, SMALL, strlen(SMALL));
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) fits = profile_parse("work", FILE, pad, PROFILE_FILE_MAX_LENGTH, &error);
    g_assert_no_error(error);
    g_assert_nonnull(fits);
    g_autofree char *longer = g_strconcat(pad, "\n", NULL);
    check_refused(longer, PROFILE_ERROR_SYNTAX, FILE ": it is longer than 256 KiB");
    g_autofree char *value = g_strnfill(PROFILE_MAX_VALUE + 1, 'a');
    g_autofree char *text = g_strconcat("[gateway]\nid = ", value, NULL);
    check_refused(text, PROFILE_ERROR_SYNTAX,
                  FILE ", line 2: [gateway] value of more than 4096 characters");
}

static void
test_other_octets_are_refused(void)
{
    check_refused("[gateway]\nid = \xff\n", PROFILE_ERROR_SYNTAX, FILE ": it is not UTF-8 text");
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = profile_parse("work", FILE, "[gate\0way]", 10, &error);
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_SYNTAX);
    g_assert_null(profile);
}

static void
test_every_truncation_is_survived(void)
{
    for (gsize length = 0; length < strlen(SMALL); length++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Profile) profile = profile_parse("work", NULL, SMALL, length, &error);
        g_assert_true((profile == NULL) == (error != NULL));
    }
}

static Profile *
from_settings(const char *text, GError **error)
{
    g_autoptr(GVariant) settings = g_variant_parse(NULL, text, NULL, NULL, NULL);
    return profile_from_settings("work", settings, error);
}

static void
test_settings_round_trip(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = parse(SMALL "[dns]\nadd-domains = b.example; a.example\n", &error);
    g_assert_no_error(error);
    g_autoptr(GVariant) settings = g_variant_ref_sink(profile_to_settings(profile));
    g_autoptr(Profile) again = profile_from_settings("work", settings, &error);
    g_assert_no_error(error);
    g_autoptr(GVariant) settings_again = g_variant_ref_sink(profile_to_settings(again));
    g_assert_true(g_variant_equal(settings, settings_again));
    g_assert_cmpstr(again->add_domains[1], ==, "a.example");
    g_assert_null(again->file);
}

static void
test_settings_as_variants(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile =
        from_settings("{'gateway-address': <'gw'>, 'user-auth': <'psk'>, 'user-id': <'t'>, "
                      "'user-secret-file': <'/s'>}",
                      &error);
    g_assert_no_error(error);
    g_assert_cmpstr(profile->gateway_id, ==, "gw");
}

static void
check_settings_refused(const char *text, int code, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = from_settings(text, &error);
    g_assert_null(profile);
    g_assert_error(error, PROFILE_ERROR, code);
    g_assert_cmpstr(error->message, ==, message);
}

static void
test_settings_are_as_strict(void)
{
    check_settings_refused("{'gateway-address': <uint32 1>}", PROFILE_ERROR_VALUE,
                           "gateway-address: the value is no string");
    check_settings_refused(
        "{'address': 'gw'}", PROFILE_ERROR_UNKNOWN,
        "address: there is no such setting; it begins with one of gateway, "
        "connection, user, transport, lifetime, network, dns, proposals, and \"-\"");
    check_settings_refused("{'user-id': 'a\\nb'}", PROFILE_ERROR_VALUE,
                           "user-id: the value has a control character");
    check_settings_refused("{'gateway-redirect': 'maybe'}", PROFILE_ERROR_VALUE,
                           "gateway-redirect: \"maybe\" is neither yes nor no");
    check_settings_refused("['a']", PROFILE_ERROR_SYNTAX, "the settings are as, not a{ss}");
}

typedef struct {
    char *root, *high, *low;
    const char *folders[3];
} Folders;

static void
set_up(Folders *folders, gconstpointer data)
{
    folders->root = g_dir_make_tmp("ginnel-profiles-XXXXXX", NULL);
    folders->high = g_build_filename(folders->root, "high", NULL);
    folders->low = g_build_filename(folders->root, "low", NULL);
    g_mkdir(folders->high, 0700);
    g_mkdir(folders->low, 0700);
    folders->folders[0] = folders->high;
    folders->folders[1] = folders->low;
    folders->folders[2] = NULL;
}

static void
empty(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *base;
    while ((base = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, base, NULL);
        g_remove(path);
    }
    g_rmdir(folder);
}

static void
tear_down(Folders *folders, gconstpointer data)
{
    empty(folders->high);
    empty(folders->low);
    g_rmdir(folders->root);
    g_free(folders->high);
    g_free(folders->low);
    g_free(folders->root);
}

static void
put(const char *folder, const char *base, const char *text)
{
    g_autofree char *path = g_build_filename(folder, base, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
test_first_folder_counts(Folders *folders, gconstpointer data)
{
    put(folders->low, "work.ginnel", SMALL);
    g_autoptr(GError) error = NULL;
    g_autofree char *low = profile_find(folders->folders, "work", &error);
    g_assert_true(g_str_has_prefix(low, folders->low));
    put(folders->high, "work.ginnel", "broken");
    g_autoptr(Profile) profile = profile_load_by_name(folders->folders, "work", &error);
    g_assert_null(profile); /* the broken one hides the other, rather than the other way round */
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_SYNTAX);
}

static void
test_missing_profile_is_named(Folders *folders, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(profile_find(folders->folders, "home", &error));
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_null(profile_find(folders->folders, "../work", &error));
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE);
}

static void
test_list_keeps_the_unusable(Folders *folders, gconstpointer data)
{
    put(folders->high, "b.ginnel", SMALL);
    put(folders->low, "b.ginnel", "hidden");
    put(folders->low, "a.ginnel", "broken");
    put(folders->low, ".c.ginnel", SMALL);
    put(folders->low, "d.ginnel~", SMALL);
    g_autoptr(GPtrArray) list = profile_list(folders->folders);
    g_assert_cmpuint(list->len, ==, 2);
    const ProfileListing *a = g_ptr_array_index(list, 0), *b = g_ptr_array_index(list, 1);
    g_assert_cmpstr(a->name, ==, "a");
    g_assert_error(a->error, PROFILE_ERROR, PROFILE_ERROR_SYNTAX);
    g_assert_cmpstr(b->name, ==, "b");
    g_assert_nonnull(b->profile);
}

static void
test_folder_as_a_file_is_refused(Folders *folders, gconstpointer data)
{
    g_autofree char *path = g_build_filename(folders->low, "odd.ginnel", NULL);
    g_mkdir(path, 0700);
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = profile_load(path, &error);
    g_assert_null(profile);
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_UNREADABLE);
}

#define ADD_WITH_FOLDERS(path, test)                                                               \
    g_test_add("/profile/profile-file/" path, Folders, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/profile-file/comments-blanks-and-spaces",
                    test_comments_blanks_and_spaces);
    g_test_add_func("/profile/profile-file/unknown-words-are-refused",
                    test_unknown_words_are_refused);
    g_test_add_func("/profile/profile-file/malformed-lines-are-refused",
                    test_malformed_lines_are_refused);
    g_test_add_func("/profile/profile-file/repeated-words-are-refused",
                    test_repeated_words_are_refused);
    g_test_add_func("/profile/profile-file/size-is-bounded", test_size_is_bounded);
    g_test_add_func("/profile/profile-file/other-octets-are-refused",
                    test_other_octets_are_refused);
    g_test_add_func("/profile/profile-file/every-truncation-is-survived",
                    test_every_truncation_is_survived);
    g_test_add_func("/profile/profile-file/settings-round-trip", test_settings_round_trip);
    g_test_add_func("/profile/profile-file/settings-as-variants", test_settings_as_variants);
    g_test_add_func("/profile/profile-file/settings-are-as-strict", test_settings_are_as_strict);
    ADD_WITH_FOLDERS("first-folder-counts", test_first_folder_counts);
    ADD_WITH_FOLDERS("missing-profile-is-named", test_missing_profile_is_named);
    ADD_WITH_FOLDERS("list-keeps-the-unusable", test_list_keeps_the_unusable);
    ADD_WITH_FOLDERS("folder-as-a-file-is-refused", test_folder_as_a_file_is_refused);
    return g_test_run();
}
