/* What a gateway gives, against what becomes of it on this machine. */
#include "plan/network-plan.h"

#include <string.h>

/* Words separated by spaces; NULL or "" for none. */
typedef struct {
    const char *addresses, *remote, *subnets, *include, *servers;
} Given;

static InetAddress
address(const char *text)
{
    InetAddress out;
    g_assert_true(inet_address_parse(text, &out));
    return out;
}

/* "10.77.0.10/24": address and length, host bits kept. */
static GArray *
prefixes(const char *text)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    g_auto(GStrv) words = g_strsplit(text != NULL ? text : "", " ", -1);
    for (char **word = words; *word != NULL; word++) {
        if (**word == '\0')
            continue;
        g_auto(GStrv) parts = g_strsplit(*word, "/", 2);
        InetPrefix prefix = { .address = address(parts[0]) };
        prefix.length = (uint8_t)(parts[1] != NULL ? g_ascii_strtoull(parts[1], NULL, 10)
                                                   : 8 * inet_family_length(prefix.address.family));
        g_array_append_val(out, prefix);
    }
    return out;
}

/* "a-b" or a prefix. */
static GArray *
ranges(const char *text)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(InetRange));
    g_auto(GStrv) words = g_strsplit(text != NULL ? text : "", " ", -1);
    for (char **word = words; *word != NULL; word++) {
        g_auto(GStrv) ends = g_strsplit(*word, "-", 2);
        if (**word == '\0')
            continue;
        InetRange range;
        if (ends[1] != NULL) {
            range = (InetRange){ address(ends[0]), address(ends[1]) };
        } else {
            g_autoptr(GArray) prefix = prefixes(*word);
            range = inet_prefix_to_range(&g_array_index(prefix, InetPrefix, 0));
        }
        g_array_append_val(out, range);
    }
    return out;
}

static NetworkPlan *
plan_for(const Given *given, uint32_t mtu, bool combined, char **why)
{
    g_autoptr(GArray) own = prefixes(given->addresses);
    g_autoptr(GArray) remote = ranges(given->remote);
    g_autoptr(GArray) subnets = prefixes(given->subnets);
    g_autoptr(GArray) include = prefixes(given->include);
    g_autoptr(GArray) hosts = prefixes(given->servers);
    g_autoptr(GArray) servers = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    for (guint i = 0; i < hosts->len; i++)
        g_array_append_val(servers, g_array_index(hosts, InetPrefix, i).address);
    NetworkOffer offer = { .addresses = own,
                           .remote = remote,
                           .subnets = subnets,
                           .include = include,
                           .servers = servers,
                           .mtu = mtu,
                           .combined_cipher = combined };
    return network_plan_new(&offer, why);
}

static char *
to_text(const GArray *list)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < list->len; i++) {
        g_autofree char *text = inet_prefix_to_string(&g_array_index(list, InetPrefix, i));
        g_string_append_printf(out, "%s%s", i > 0 ? " " : "", text);
    }
    return g_string_free(out, FALSE);
}

typedef struct {
    const char *name;
    Given given;
    const char *addresses, *routes;
    bool full_v4, full_v6;
} Case;

static const Case cases[] = {
    { "both-families",
      { "10.77.0.10/24 2001:db8:77::10/64", "10.99.0.0/24 2001:db8:99::/64" },
      "10.77.0.10/32 2001:db8:77::10/128",
      "10.99.0.0/24 2001:db8:99::/64" },
    /* Without an address there is no way to send. */
    { "family-without-address",
      { "10.77.0.10", "10.99.0.0/24 2001:db8:99::/64" },
      "10.77.0.10/32",
      "10.99.0.0/24" },
    { "range-that-is-no-prefix",
      { "10.77.0.10", "10.99.0.1-10.99.0.6" },
      "10.77.0.10/32",
      "10.99.0.1/32 10.99.0.2/31 10.99.0.4/31 10.99.0.6/32" },
    { "full-tunnel", { "10.77.0.10", "0.0.0.0/0" }, "10.77.0.10/32", "0.0.0.0/0", true },
    { "full-tunnel-in-halves",
      { "10.77.0.10", "0.0.0.0/1 128.0.0.0/1" },
      "10.77.0.10/32",
      "0.0.0.0/1 128.0.0.0/1",
      true },
    { "half-is-not-full", { "10.77.0.10", "0.0.0.0/1" }, "10.77.0.10/32", "0.0.0.0/1" },
    { "full-tunnel-v6", { "2001:db8::10", "::/0" }, "2001:db8::10/128", "::/0", false, true },
    /* The gateway names its networks: less than it would carry. */
    { "narrowed-by-subnets",
      { "10.77.0.10", "0.0.0.0/0", "10.99.0.0/24 192.168.5.0/24" },
      "10.77.0.10/32",
      "10.99.0.0/24 192.168.5.0/24" },
    { "subnets-of-the-other-family-do-not-narrow",
      { "10.77.0.10 2001:db8::10", "10.0.0.0/8 ::/0", "2001:db8:99::/64" },
      "10.77.0.10/32 2001:db8::10/128",
      "10.0.0.0/8 2001:db8:99::/64" },
    /* The profile's word goes before the gateway's. */
    { "include-goes-first",
      { "10.77.0.10", "0.0.0.0/0", "10.99.0.0/24", "10.99.0.0/25" },
      "10.77.0.10/32",
      "10.99.0.0/25" },
    { "include-never-widens",
      { "10.77.0.10", "10.99.0.0/24", NULL, "10.0.0.0/8" },
      "10.77.0.10/32",
      "10.99.0.0/24" },
    { "subnets-never-widen",
      { "10.77.0.10", "10.99.0.0/24", "10.0.0.0/8" },
      "10.77.0.10/32",
      "10.99.0.0/24" },
    { "server-beside-the-subnets",
      { "10.77.0.10", "0.0.0.0/0", "10.99.0.0/24", NULL, "10.98.0.53 10.99.0.53" },
      "10.77.0.10/32",
      "10.99.0.0/24 10.98.0.53/32" },
    { "server-beyond-the-selectors",
      { "10.77.0.10", "10.99.0.0/24", NULL, NULL, "10.98.0.53" },
      "10.77.0.10/32",
      "10.99.0.0/24" },
    { "addresses-that-are-none",
      { "127.0.0.1 224.0.0.1 0.0.0.0 169.254.1.1 10.77.0.10", "10.99.0.0/24" },
      "10.77.0.10/32",
      "10.99.0.0/24" },
};

static void
test_case(gconstpointer data)
{
    const Case *one = data;
    g_autofree char *why = NULL;
    g_autoptr(NetworkPlan) plan = plan_for(&one->given, 0, true, &why);
    g_assert_nonnull(plan);
    g_autofree char *addresses = to_text(plan->addresses);
    g_autofree char *routes = to_text(plan->routes);
    g_assert_cmpstr(addresses, ==, one->addresses);
    g_assert_cmpstr(routes, ==, one->routes);
    g_assert_true(plan->full_v4 == one->full_v4);
    g_assert_true(plan->full_v6 == one->full_v6);
}

static void
assert_nothing(const Given *given)
{
    g_autofree char *why = NULL;
    g_autoptr(NetworkPlan) plan = plan_for(given, 0, true, &why);
    g_assert_null(plan);
    g_assert_nonnull(why);
}

static void
test_nothing_usable(void)
{
    assert_nothing(&(Given){ "", "10.99.0.0/24" });
    assert_nothing(&(Given){ "127.0.0.1 ::1 fe80::1", "10.99.0.0/24 ::/0" });
    assert_nothing(&(Given){ "10.77.0.10", "" });
    assert_nothing(&(Given){ "10.77.0.10", "::/0" });
    assert_nothing(&(Given){ "10.77.0.10", "10.99.0.0/24", NULL, "192.168.0.0/16" });
}

static void
test_says_which_addresses_are_refused(void)
{
    Given given = { "127.0.0.1 10.77.0.10", "10.99.0.0/24" };
    g_autofree char *why = NULL;
    g_autoptr(NetworkPlan) plan = plan_for(&given, 0, true, &why);
    g_assert_cmpuint(plan->refused->len, ==, 1);
    const Refusal *refusal = plan->refused->pdata[0];
    g_assert_cmpstr(refusal->kind, ==, "address");
    g_assert_cmpstr(refusal->name, ==, "127.0.0.1");
    g_assert_cmpstr(refusal->code, ==, "not-unicast");
}

static uint32_t
mtu_for(const char *addresses, uint32_t mtu, bool combined)
{
    Given given = { addresses, "0.0.0.0/0 ::/0" };
    g_autofree char *why = NULL;
    g_autoptr(NetworkPlan) plan = plan_for(&given, mtu, combined, &why);
    return plan->mtu;
}

static void
test_mtu_follows_the_path(void)
{
    g_autoptr(GArray) own = prefixes("10.77.0.10");
    g_autoptr(GArray) remote = ranges("10.99.0.0/24");
    g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    const struct {
        uint32_t path, mtu;
    } rows[] = { { 0, 1415 }, { 1500, 1415 }, { 1492, 1407 }, { 9000, 1415 }, { 100, 576 } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        NetworkOffer offer = { .addresses = own,
                               .remote = remote,
                               .subnets = none,
                               .include = none,
                               .path_mtu = rows[i].path,
                               .combined_cipher = true };
        g_autofree char *why = NULL;
        g_autoptr(NetworkPlan) plan = network_plan_new(&offer, &why);
        g_assert_cmpuint(plan->mtu, ==, rows[i].mtu);
    }
}

static void
test_mtu(void)
{
    /* A packet of the size goes into 1500 octets: IPv6, UDP, SPI and sequence number, IV, padding
     * to 4 (or the block), trailer, ICV. */
    uint32_t combined = mtu_for("10.77.0.10", 0, true);
    g_assert_cmpuint(40 + 8 + 8 + 8 + (combined + 2 + 3) / 4 * 4 + 16, <=, 1500);
    uint32_t with_mac = mtu_for("10.77.0.10", 0, false);
    g_assert_cmpuint(40 + 8 + 8 + 16 + (with_mac + 2 + 15) / 16 * 16 + 32, <=, 1500);
    g_assert_cmpuint(with_mac, >=, 1350);
    g_assert_cmpuint(mtu_for("10.77.0.10", 1000, true), ==, 1000);
    g_assert_cmpuint(mtu_for("10.77.0.10", 20, true), ==, 576);
    g_assert_cmpuint(mtu_for("10.77.0.10 2001:db8::10", 1000, true), ==, NETWORK_MTU_MIN);
}

static void
test_too_many_routes(void)
{
    /* Each such range takes 62 prefixes; a hundred of them are too many. */
    g_autoptr(GString) remote = g_string_new(NULL);
    for (int i = 0; i < 100; i++)
        g_string_append_printf(remote, "0.0.0.1-255.255.255.254 ");
    Given given = { "10.77.0.10", remote->str };
    g_autofree char *why = NULL;
    g_autoptr(NetworkPlan) plan = plan_for(&given, 0, true, &why);
    g_assert_cmpuint(plan->routes->len, <=, NETWORK_MAX_ROUTES);
    g_assert_cmpuint(plan->refused->len, >, 0);
    const Refusal *refusal = plan->refused->pdata[0];
    g_assert_cmpstr(refusal->kind, ==, "network");
}

static void
test_too_many_addresses(void)
{
    g_autoptr(GString) addresses = g_string_new(NULL);
    for (int i = 1; i <= 200; i++)
        g_string_append_printf(addresses, "10.77.0.%d ", i);
    Given given = { addresses->str, "10.99.0.0/24" };
    g_autofree char *why = NULL;
    g_autoptr(NetworkPlan) plan = plan_for(&given, 0, true, &why);
    g_assert_cmpuint(plan->addresses->len, ==, NETWORK_MAX_ADDRESSES);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/plan/network-plan/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/plan/network-plan/nothing-usable", test_nothing_usable);
    g_test_add_func("/plan/network-plan/says-which-addresses-are-refused",
                    test_says_which_addresses_are_refused);
    g_test_add_func("/plan/network-plan/mtu", test_mtu);
    g_test_add_func("/plan/network-plan/mtu-follows-the-path", test_mtu_follows_the_path);
    g_test_add_func("/plan/network-plan/too-many-routes", test_too_many_routes);
    g_test_add_func("/plan/network-plan/too-many-addresses", test_too_many_addresses);
    return g_test_run();
}
