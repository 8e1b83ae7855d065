#include "cli/json.h"

static void
check(const char *value, const char *json)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) parsed = g_variant_parse(NULL, value, NULL, NULL, &error);
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_no_error(error);
    json_append(out, parsed);
    g_assert_cmpstr(out->str, ==, json);
}

static void
test_numbers(void)
{
    check("@y 7", "7");
    check("@n -7", "-7");
    check("@q 65535", "65535");
    check("@u 4294967295", "4294967295");
    check("@x -9223372036854775808", "-9223372036854775808");
    check("@t 18446744073709551615", "18446744073709551615");
    check("true", "true");
}

static void
test_strings_are_escaped(void)
{
    check("'a\"b\\\\c'", "\"a\\\"b\\\\c\"");
    check("'line\\nend\\u0001'", "\"line\\u000aend\\u0001\"");
    check("'größe'", "\"größe\"");
}

static void
test_containers(void)
{
    check("{'a': <uint32 1>, 'b': <'x'>}", "{\"a\":1,\"b\":\"x\"}");
    check("[int64 1, 2]", "[1,2]");
    check("@as []", "[]");
    check("@a{sv} {}", "{}");
    check("[(int64 5, 'event', {'k': <@aa{sv} [{'n': <true>}]>})]",
          "[[5,\"event\",{\"k\":[{\"n\":true}]}]]");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cli/json/numbers", test_numbers);
    g_test_add_func("/cli/json/strings-are-escaped", test_strings_are_escaped);
    g_test_add_func("/cli/json/containers", test_containers);
    return g_test_run();
}
