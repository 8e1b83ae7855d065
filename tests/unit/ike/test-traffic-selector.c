#include "ike/traffic-selector.h"

#include <stdlib.h>

/* "10.0.0.0/24 6 80 90": prefix, protocol, ports. */
static TrafficSelector
selector(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 4);
    InetPrefix prefix;
    g_assert_true(inet_prefix_parse(words[0], &prefix, NULL));
    TrafficSelector out = traffic_selector_for_prefix(&prefix);
    if (g_strv_length(words) == 4) {
        out.protocol = (uint8_t)atoi(words[1]);
        out.start_port = (uint16_t)atoi(words[2]);
        out.end_port = (uint16_t)atoi(words[3]);
    }
    return out;
}

static GArray *
list(const char *first, const char *second)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(TrafficSelector));
    const char *const texts[] = { first, second };
    for (size_t i = 0; i < 2 && texts[i] != NULL; i++) {
        TrafficSelector one = selector(texts[i]);
        g_array_append_val(out, one);
    }
    return out;
}

#define OPAQUE "10.0.0.0/24 6 65535 0"

static const struct {
    const char *outer, *inner;
    bool contains;
    const char *common; /* NULL: nothing */
} cases[] = {
    { "10.0.0.0/8", "10.1.0.0/16", true, "10.1.0.0/16" },
    { "10.1.0.0/16", "10.0.0.0/8", false, "10.1.0.0/16" },
    { "10.0.0.0/8", "10.0.0.0/8", true, "10.0.0.0/8" },
    { "10.0.0.0/8", "11.0.0.0/8", false, NULL },
    { "0.0.0.0/0", "::/0", false, NULL },
    { "::/0", "2001:db8::/32", true, "2001:db8::/32" },
    { "10.0.0.0/8", "10.0.0.0/8 6 0 65535", true, "10.0.0.0/8 tcp" },
    { "10.0.0.0/8 6 0 65535", "10.0.0.0/8", false, "10.0.0.0/8 tcp" },
    { "10.0.0.0/8 6 0 65535", "10.0.0.0/8 17 0 65535", false, NULL },
    { "10.0.0.0/8 6 80 90", "10.0.0.0/8 6 85 85", true, "10.0.0.0/8 tcp 85" },
    { "10.0.0.0/8 6 80 90", "10.0.0.0/8 6 85 95", false, "10.0.0.0/8 tcp 85-90" },
    { "10.0.0.0/8 6 80 90", "10.0.0.0/8 6 91 95", false, NULL },
    { "10.0.0.0/8", OPAQUE, true, "10.0.0.0/24 tcp opaque" },
    { OPAQUE, OPAQUE, true, "10.0.0.0/24 tcp opaque" },
    { "10.0.0.0/8 6 80 90", OPAQUE, false, NULL },
    { OPAQUE, "10.0.0.0/24 6 80 80", false, NULL },
};

static void
test_contains(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        TrafficSelector outer = selector(cases[i].outer), inner = selector(cases[i].inner);
        g_test_message("%s, %s", cases[i].outer, cases[i].inner);
        g_assert_cmpint(traffic_selector_contains(&outer, &inner), ==, cases[i].contains);
    }
}

/* In both directions, and what comes out lies in both. */
static void
test_intersect(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        TrafficSelector a = selector(cases[i].outer), b = selector(cases[i].inner), ab, ba;
        g_test_message("%s, %s", cases[i].outer, cases[i].inner);
        bool common = cases[i].common != NULL;
        g_assert_cmpint(traffic_selector_intersect(&a, &b, &ab), ==, common);
        g_assert_cmpint(traffic_selector_intersect(&b, &a, &ba), ==, common);
        if (!common)
            continue;
        g_autofree char *text = traffic_selector_to_string(&ab);
        g_assert_cmpstr(text, ==, cases[i].common);
        g_assert_true(traffic_selector_equal(&ab, &ba));
        g_assert_true(traffic_selector_contains(&a, &ab) && traffic_selector_contains(&b, &ab));
    }
}

static void
test_lists(void)
{
    g_autoptr(GArray) asked = list("10.0.0.0/8", "::/0");
    g_autoptr(GArray) narrowed = list("10.99.0.0/24", "2001:db8::/32");
    g_autoptr(GArray) wider = list("10.99.0.0/24", "11.0.0.0/8");
    g_autoptr(GArray) nothing = list(NULL, NULL);
    g_assert_true(traffic_selectors_contain(asked, narrowed));
    g_assert_false(traffic_selectors_contain(asked, wider));
    g_assert_false(traffic_selectors_contain(asked, nothing));
    g_assert_false(traffic_selectors_contain(nothing, asked));
}

static void
test_intersect_lists(void)
{
    g_autoptr(GArray) a = list("10.0.0.0/8", "10.1.0.0/16");
    g_autoptr(GArray) b = list("10.1.0.0/16", "0.0.0.0/0");
    g_autoptr(GArray) all = traffic_selectors_intersect(a, b, 10);
    g_autofree char *text = traffic_selectors_to_string(all);
    g_assert_cmpstr(text, ==, "10.1.0.0/16, 10.0.0.0/8");
    g_autoptr(GArray) one = traffic_selectors_intersect(a, b, 1);
    g_assert_cmpuint(one->len, ==, 1);
}

static void
test_any(void)
{
    TrafficSelector any = traffic_selector_any(INET_V6), all = selector("::/0");
    g_assert_true(traffic_selector_equal(&any, &all));
    g_autofree char *text = traffic_selector_to_string(&any);
    g_assert_cmpstr(text, ==, "::/0");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/traffic-selector/contains", test_contains);
    g_test_add_func("/ike/traffic-selector/intersects", test_intersect);
    g_test_add_func("/ike/traffic-selector/judges-narrowing", test_lists);
    g_test_add_func("/ike/traffic-selector/intersects-lists-within-a-bound", test_intersect_lists);
    g_test_add_func("/ike/traffic-selector/any-is-everything", test_any);
    return g_test_run();
}
