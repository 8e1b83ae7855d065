#include "nm/asking.h"

#include <string.h>

static GHashTable *
table(const char *const *pairs)
{
    GHashTable *out = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (; *pairs != NULL; pairs += 2)
        g_hash_table_insert(out, g_strdup(pairs[0]), g_strdup(pairs[1]));
    return out;
}

static const char *const psk[] = {
    "gateway-address", "vpn.example.com", "user-id", "tess", "user-auth", "psk", NULL
};
static const char *const none[] = { NULL };
static const char *const known[] = { "psk", "hush", NULL };

static Asking *
asking(const char *const *secrets, const char *const *hints, gboolean again)
{
    g_autoptr(GHashTable) data = table(psk), values = table(secrets);
    return asking_new("work", data, values, hints, again);
}

static void
test_what_is_missing(void)
{
    g_autoptr(Asking) made = asking(none, NULL, FALSE);
    g_assert_cmpuint(made->secrets->len, ==, 1);
    const AskedSecret *secret = made->secrets->pdata[0];
    g_assert_cmpstr(secret->name, ==, "psk");
    g_assert_true(secret->ask && asking_has_to_ask(made));
    g_assert_nonnull(strstr(made->message, "work"));
}

static void
test_what_is_known(void)
{
    g_autoptr(Asking) made = asking(known, NULL, FALSE);
    g_assert_false(asking_has_to_ask(made));
    const AskedSecret *secret = made->secrets->pdata[0];
    g_assert_cmpstr(secret->value, ==, "hush");
    g_autoptr(Asking) again = asking(known, NULL, TRUE);
    g_assert_true(asking_has_to_ask(again));
}

static void
test_hints(void)
{
    static const char *const hints[] = { "x-vpn-message:The gateway says: \"code?\"", "answer",
                                         "colour", NULL };
    g_autoptr(Asking) made = asking(known, hints, FALSE);
    g_assert_cmpuint(made->secrets->len, ==, 1); /* what nobody knows is not asked */
    g_assert_cmpstr(((AskedSecret *)made->secrets->pdata[0])->name, ==, "answer");
    g_assert_cmpstr(made->message, ==, "The gateway says: \"code?\"");
}

static void
test_key_file(void)
{
    g_autoptr(Asking) made = asking(none, NULL, FALSE);
    g_autofree char *text = asking_to_key_file(made);
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_assert_true(g_key_file_load_from_data(file, text, strlen(text), 0, NULL));
    g_assert_cmpint(g_key_file_get_integer(file, "VPN Plugin UI", "Version", NULL), ==, 2);
    g_assert_true(g_key_file_get_boolean(file, "psk", "ShouldAsk", NULL));
    g_assert_true(g_key_file_get_boolean(file, "psk", "IsSecret", NULL));
    g_autofree char *label = g_key_file_get_string(file, "psk", "Label", NULL);
    g_assert_null(strchr(label, '_'));
    g_assert_null(strchr(label, ':'));
}

/* A profile that is wrong asks for nothing: connecting says what is wrong. */
static void
test_wrong_profile(void)
{
    g_autoptr(GHashTable) data = table(none), values = table(none);
    g_autoptr(Asking) made = asking_new("work", data, values, NULL, FALSE);
    g_assert_false(asking_has_to_ask(made));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nm/asking/what-is-missing", test_what_is_missing);
    g_test_add_func("/nm/asking/what-is-known", test_what_is_known);
    g_test_add_func("/nm/asking/hints", test_hints);
    g_test_add_func("/nm/asking/key-file", test_key_file);
    g_test_add_func("/nm/asking/wrong-profile", test_wrong_profile);
    return g_test_run();
}
