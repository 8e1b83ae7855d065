#include "profile/profile.h"

#include <string.h>

#include "profile/profile-file.h"

#define TEXT                                                                                       \
    "[gateway]\naddress = gw\nid = gw.example\n[user]\nid = t\nauth = psk\nsecret-file = /s\n"

static void
check(const Profile *profile, const char *group, const char *key, const char *place,
      const char *phrase)
{
    g_autofree char *located = profile_locate(profile, group, key);
    g_autofree char *described = profile_describe_key(profile, group, key);
    g_assert_cmpstr(located, ==, place);
    g_assert_cmpstr(described, ==, phrase);
}

static void
test_places_in_a_file(void)
{
    g_autoptr(Profile) profile = profile_parse("work", "/w.ginnel", TEXT, strlen(TEXT), NULL);
    check(profile, "gateway", "id", "/w.ginnel, line 3", "under [gateway] in /w.ginnel (line 3)");
    check(profile, "gateway", "ca", "/w.ginnel, line 1", "under [gateway] in /w.ginnel (line 1)");
    check(profile, "dns", "domains", "/w.ginnel", "under [dns] in /w.ginnel");
}

static void
test_places_in_settings(void)
{
    g_autoptr(Profile) file = profile_parse("work", "/w.ginnel", TEXT, strlen(TEXT), NULL);
    g_autoptr(GVariant) settings = g_variant_ref_sink(profile_to_settings(file));
    g_autoptr(Profile) profile = profile_from_settings("work", settings, NULL);
    check(profile, "gateway", "id", "the settings of work",
          "as gateway-id in the settings of work");
}

static void
test_references(void)
{
    Profile *profile = profile_parse("work", "/w.ginnel", TEXT, strlen(TEXT), NULL);
    Profile *other = profile_ref(profile);
    profile_unref(profile);
    g_assert_cmpstr(other->gateway_id, ==, "gw.example");
    profile_unref(other);
    profile_unref(NULL);
}

static void
test_names(void)
{
    const char *const good[] = {
        "work", "a", "Work-2_x.y", "_x",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    };
    const char *const bad[] = {
        "",    ".x", "-x",  "a/b",
        "a b", "ä",  "a\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    };
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(profile_name_is_valid(good[i]));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(profile_name_is_valid(bad[i]));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/profile/places-in-a-file", test_places_in_a_file);
    g_test_add_func("/profile/profile/places-in-settings", test_places_in_settings);
    g_test_add_func("/profile/profile/references", test_references);
    g_test_add_func("/profile/profile/names", test_names);
    return g_test_run();
}
