#include "profile/plist-values.h"

#include <string.h>

static plist_t
parse(const char *inside)
{
    plist_t root = NULL;
    g_autofree char *xml = g_strdup_printf("<plist><dict>%s</dict></plist>", inside);
    plist_from_xml(xml, (uint32_t)strlen(xml), &root);
    g_assert_nonnull(root);
    return root;
}

static void
test_values(void)
{
    plist_t root = parse("<key>s</key><string>text</string><key>n</key><integer>7</integer>"
                         "<key>t</key><true/><key>f</key><false/><key>one</key><integer>1</integer>"
                         "<key>d</key><data>YWJj</data><key>a</key><array><true/><true/></array>"
                         "<key>k</key><dict/>");
    guint64 number = 0;
    gsize length = 0;
    g_assert_cmpstr(plist_values_string(root, "s"), ==, "text");
    g_assert_true(plist_values_uint(root, "n", &number));
    g_assert_cmpuint(number, ==, 7);
    g_assert_true(plist_values_is_true(root, "t") && !plist_values_is_false(root, "t"));
    g_assert_true(plist_values_is_false(root, "f") && !plist_values_is_true(root, "f"));
    g_assert_true(plist_values_is_true(root, "one"));
    g_assert_cmpmem(plist_values_data(root, "d", &length), 3, "abc", 3);
    g_assert_cmpuint(length, ==, 3);
    g_assert_nonnull(plist_values_dict(root, "k"));
    g_assert_cmpuint(plist_values_length(plist_dict_get_item(root, "a"), 10), ==, 2);
    g_assert_cmpuint(plist_values_length(plist_dict_get_item(root, "a"), 1), ==, 1);
    plist_free(root);
}

/* Absent, of another type, and below something that is no dictionary: all the same. */
static void
test_what_is_not_there(void)
{
    plist_t root = parse("<key>s</key><string>text</string>");
    plist_t text = plist_dict_get_item(root, "s");
    plist_t places[] = { NULL, root, text };
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        guint64 number;
        gsize length = 1;
        g_assert_null(plist_values_string(places[i], "none"));
        g_assert_null(plist_values_dict(places[i], "s"));
        g_assert_null(plist_values_data(places[i], "s", &length));
        g_assert_cmpuint(length, ==, 0);
        g_assert_false(plist_values_uint(places[i], "s", &number));
        g_assert_false(plist_values_is_true(places[i], "s"));
        g_assert_false(plist_values_is_false(places[i], "s"));
        g_assert_cmpuint(plist_values_length(places[i], 10), ==, 0);
    }
    plist_free(root);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/plist-values/values", test_values);
    g_test_add_func("/profile/plist-values/what-is-not-there", test_what_is_not_there);
    return g_test_run();
}
