/* Addresses, prefixes and ranges as values. */
#include "base/inet.h"

#include "base/error.h"

#include <string.h>

static InetAddress
address(const char *text)
{
    InetAddress out;
    g_assert_true(inet_address_parse(text, &out));
    return out;
}

static InetPrefix
prefix(const char *text)
{
    InetPrefix out;
    g_assert_true(inet_prefix_parse(text, &out, NULL));
    return out;
}

static InetRange
range(const char *first, const char *last)
{
    return (InetRange){ address(first), address(last) };
}

static void
test_parses_addresses(void)
{
    static const char *const good[] = { "0.0.0.0", "192.0.2.1", "::", "2001:db8::1", "fe80::1" };
    static const char *const bad[] = { "",           "1.2.3",   "1.2.3.4.5",    "1.2.3.256",
                                       "01.2.3.4x",  "1::2::3", "fe80::1%eth0", " 1.2.3.4",
                                       "vpn.example" };
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        InetAddress parsed = address(good[i]);
        g_autofree char *text = inet_address_to_string(&parsed);
        g_assert_cmpstr(text, ==, good[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        InetAddress untouched = { .family = 99 };
        g_assert_false(inet_address_parse(bad[i], &untouched));
        g_assert_cmpuint(untouched.family, ==, 99);
    }
}

/* What lies behind the family's length is zero, however the value was made. */
static void
test_addresses_compare_by_memory(void)
{
    static const uint8_t octets[16] = { 192, 0, 2, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 };
    InetAddress made = inet_address_new(INET_V4, octets), parsed = address("192.0.2.1");
    InetAddress six = inet_address_new(INET_V6, octets);
    g_assert_cmpmem(&made, sizeof made, &parsed, sizeof parsed);
    g_assert_cmpmem(six.octets, 16, octets, 16);
    g_assert_cmpuint(inet_family_length(INET_NONE), ==, 0);
}

static void
test_orders_addresses(void)
{
    static const char *const ascending[] = { "0.0.0.0", "9.255.0.1", "10.0.0.0", "255.0.0.0",
                                             "::",      "::1",       "2001::",   "ff00::" };
    for (size_t a = 0; a < G_N_ELEMENTS(ascending); a++) {
        for (size_t b = 0; b < G_N_ELEMENTS(ascending); b++) {
            InetAddress left = address(ascending[a]), right = address(ascending[b]);
            int order = inet_address_compare(&left, &right);
            g_assert_cmpint((order > 0) - (order < 0), ==, (a > b) - (a < b));
            g_assert_cmpint(inet_address_equal(&left, &right), ==, a == b);
        }
    }
}

static void
test_kinds(void)
{
    static const struct {
        const char *text;
        bool loopback, link_local, multicast, unspecified;
    } cases[] = {
        { "127.0.0.1", true, false, false, false },
        { "127.255.255.254", true, false, false, false },
        { "128.0.0.1", false, false, false, false },
        { "169.254.1.1", false, true, false, false },
        { "169.253.1.1", false, false, false, false },
        { "223.255.255.255", false, false, false, false },
        { "224.0.0.1", false, false, true, false },
        { "239.255.255.255", false, false, true, false },
        { "240.0.0.255", false, false, false, false },
        { "255.255.255.255", false, false, true, false },
        { "0.0.0.0", false, false, false, true },
        { "::1", true, false, false, false },
        { "::2", false, false, false, false },
        { "fe80::1", false, true, false, false },
        { "febf::1", false, true, false, false },
        { "fec0::1", false, false, false, false },
        { "ff02::1", false, false, true, false },
        { "::", false, false, false, true },
        { "2001:db8::1", false, false, false, false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        InetAddress value = address(cases[i].text);
        bool special =
            cases[i].loopback || cases[i].link_local || cases[i].multicast || cases[i].unspecified;
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(inet_address_is_loopback(&value), ==, cases[i].loopback);
        g_assert_cmpint(inet_address_is_link_local(&value), ==, cases[i].link_local);
        g_assert_cmpint(inet_address_is_multicast(&value), ==, cases[i].multicast);
        g_assert_cmpint(inet_address_is_unspecified(&value), ==, cases[i].unspecified);
        g_assert_cmpint(inet_address_is_unicast(&value), ==, !special);
    }
    g_assert_false(inet_address_is_unicast(&(InetAddress){ 0 }));
}

static void
test_parses_prefixes(void)
{
    static const struct {
        const char *text, *normal;
    } good[] = {
        { "10.99.0.0/24", "10.99.0.0/24" },
        { "10.99.0.1", "10.99.0.1/32" },
        { "0.0.0.0/0", "0.0.0.0/0" },
        { "192.0.2.128/25", "192.0.2.128/25" },
        { "2001:db8::1", "2001:db8::1/128" },
        { "2001:DB8:99::/64", "2001:db8:99::/64" },
        { "::/0", "::/0" },
    };
    static const char *const bad[] = { "10.99.0.0/33", "10.99.0.0/",    "10.99.0.0/-1",
                                       "10.99.0.0/+8", "10.99.0.0/24x", "/24",
                                       "::/129",       "vpn.example/8" };
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        InetPrefix value = prefix(good[i].text);
        g_autofree char *text = inet_prefix_to_string(&value);
        g_assert_cmpstr(text, ==, good[i].normal);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        InetPrefix value;
        g_assert_false(inet_prefix_parse(bad[i], &value, &error));
        g_assert_error(error, PARSE_ERROR, PARSE_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, bad[i]));
    }
}

/* A typing error in a profile: the message says what the network would be. */
static void
test_refuses_host_bits(void)
{
    g_autoptr(GError) error = NULL;
    InetPrefix value;
    g_assert_false(inet_prefix_parse("10.99.0.1/24", &value, &error));
    g_assert_nonnull(strstr(error->message, "10.99.0.0/24"));
}

static void
test_prefix_contains(void)
{
    InetPrefix half = prefix("192.0.2.128/25"), all = prefix("0.0.0.0/0");
    InetAddress inside = address("192.0.2.200"), outside = address("192.0.2.127");
    InetAddress six = address("::");
    g_assert_true(inet_prefix_contains(&half, &inside));
    g_assert_false(inet_prefix_contains(&half, &outside));
    g_assert_true(inet_prefix_contains(&all, &outside));
    g_assert_false(inet_prefix_contains(&all, &six));
}

static void
test_new_prefix_masks(void)
{
    InetAddress host = address("10.99.3.7");
    InetPrefix masked = inet_prefix_new(&host, 22), capped = inet_prefix_new(&host, 200);
    g_autofree char *text = inet_prefix_to_string(&masked);
    g_assert_cmpstr(text, ==, "10.99.0.0/22");
    g_assert_cmpuint(capped.length, ==, 32);
}

static void
test_prefix_to_range(void)
{
    InetPrefix net = prefix("10.99.0.0/22");
    InetRange covered = inet_prefix_to_range(&net), any = inet_range_any(INET_V6);
    InetAddress last = address("10.99.3.255");
    InetAddress end = address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    g_assert_true(inet_address_equal(&covered.first, &net.address));
    g_assert_true(inet_address_equal(&covered.last, &last));
    g_assert_true(inet_address_is_unspecified(&any.first));
    g_assert_true(inet_address_equal(&any.last, &end));
}

static void
test_range_contains(void)
{
    InetRange outer = range("10.0.0.5", "10.0.0.9"), inner = range("10.0.0.5", "10.0.0.8");
    InetAddress before = address("10.0.0.4"), first = address("10.0.0.5");
    InetAddress last = address("10.0.0.9"), behind = address("10.0.0.10");
    g_assert_false(inet_range_contains(&outer, &before));
    g_assert_true(inet_range_contains(&outer, &first));
    g_assert_true(inet_range_contains(&outer, &last));
    g_assert_false(inet_range_contains(&outer, &behind));
    g_assert_true(inet_range_contains_range(&outer, &inner));
    g_assert_false(inet_range_contains_range(&inner, &outer));
}

static char *
prefixes_of(const InetRange *value)
{
    g_autoptr(GArray) prefixes = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    GString *text = g_string_new(NULL);
    inet_range_to_prefixes(value, prefixes);
    for (guint i = 0; i < prefixes->len; i++) {
        g_autofree char *one = inet_prefix_to_string(&g_array_index(prefixes, InetPrefix, i));
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", one);
    }
    return g_string_free(text, FALSE);
}

static void
test_range_to_prefixes(void)
{
    static const struct {
        const char *first, *last, *prefixes;
    } cases[] = {
        { "10.0.0.0", "10.0.0.255", "10.0.0.0/24" },
        { "10.0.0.1", "10.0.0.6", "10.0.0.1/32 10.0.0.2/31 10.0.0.4/31 10.0.0.6/32" },
        { "0.0.0.0", "255.255.255.255", "0.0.0.0/0" },
        { "255.255.255.254", "255.255.255.255", "255.255.255.254/31" },
        { "10.0.0.7", "10.0.0.7", "10.0.0.7/32" },
        { "10.0.0.7", "10.0.0.6", "" },
        { "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0" },
        { "2001:db8::", "2001:db8::1:ffff", "2001:db8::/111" },
        { "2001:db8::ffff", "2001:db8::1:0", "2001:db8::ffff/128 2001:db8::1:0/128" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        InetRange value = range(cases[i].first, cases[i].last);
        g_autofree char *text = prefixes_of(&value);
        g_assert_cmpstr(text, ==, cases[i].prefixes);
    }
}

/* The range that needs the most prefixes of all: 254. */
static void
test_widest_split_is_bounded(void)
{
    InetRange value = range("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
    g_autoptr(GArray) prefixes = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    inet_range_to_prefixes(&value, prefixes);
    g_assert_cmpuint(prefixes->len, ==, 254);
}

static void
test_range_to_string(void)
{
    InetRange net = range("10.0.0.0", "10.0.0.255"), odd = range("10.0.0.1", "10.0.0.6");
    g_autofree char *net_text = inet_range_to_string(&net);
    g_autofree char *odd_text = inet_range_to_string(&odd);
    g_assert_cmpstr(net_text, ==, "10.0.0.0/24");
    g_assert_cmpstr(odd_text, ==, "10.0.0.1-10.0.0.6");
}

static void
test_endpoints(void)
{
    InetEndpoint four = { address("192.0.2.1"), 500 }, six = { address("2001:db8::1"), 4500 };
    InetEndpoint other = { address("192.0.2.1"), 4500 };
    g_autofree char *four_text = inet_endpoint_to_string(&four);
    g_autofree char *six_text = inet_endpoint_to_string(&six);
    g_assert_cmpstr(four_text, ==, "192.0.2.1:500");
    g_assert_cmpstr(six_text, ==, "[2001:db8::1]:4500");
    g_assert_true(inet_endpoint_equal(&four, &four));
    g_assert_false(inet_endpoint_equal(&four, &other));
    g_assert_false(inet_endpoint_equal(&other, &six));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/inet/parses-addresses", test_parses_addresses);
    g_test_add_func("/base/inet/addresses-compare-by-memory", test_addresses_compare_by_memory);
    g_test_add_func("/base/inet/orders-addresses", test_orders_addresses);
    g_test_add_func("/base/inet/kinds", test_kinds);
    g_test_add_func("/base/inet/parses-prefixes", test_parses_prefixes);
    g_test_add_func("/base/inet/refuses-host-bits", test_refuses_host_bits);
    g_test_add_func("/base/inet/prefix-contains", test_prefix_contains);
    g_test_add_func("/base/inet/new-prefix-masks", test_new_prefix_masks);
    g_test_add_func("/base/inet/prefix-to-range", test_prefix_to_range);
    g_test_add_func("/base/inet/range-contains", test_range_contains);
    g_test_add_func("/base/inet/range-to-prefixes", test_range_to_prefixes);
    g_test_add_func("/base/inet/widest-split-is-bounded", test_widest_split_is_bounded);
    g_test_add_func("/base/inet/range-to-string", test_range_to_string);
    g_test_add_func("/base/inet/endpoints", test_endpoints);
    return g_test_run();
}
