#include "nm/ip-config.h"

#include <NetworkManager.h>
#include <arpa/inet.h>
#include <string.h>

static GinTunnel *
tunnel_new(void)
{
    static const char *const addresses[] = { "10.77.0.10", "2001:db8:77::10", NULL };
    static const char *const networks[] = { "10.99.0.0/24", "2001:db8:99::/64", NULL };
    static const char *const servers[] = { "10.99.0.1", "2001:db8:99::1", NULL };
    g_autoptr(GVariant) domains = g_variant_parse(G_VARIANT_TYPE("aa{sv}"),
                                                  "[{'name': <'corp.example'>, 'search': <false>}, "
                                                  "{'name': <'two.example'>, 'search': <true>}]",
                                                  NULL, NULL, NULL);
    GinTunnel *tunnel = gin_tunnel_skeleton_new();
    gin_tunnel_set_interface(tunnel, "ginnel0");
    gin_tunnel_set_mtu(tunnel, 1400);
    gin_tunnel_set_gateway_address(tunnel, "192.0.2.1");
    gin_tunnel_set_addresses(tunnel, addresses);
    gin_tunnel_set_networks(tunnel, networks);
    gin_tunnel_set_link_servers(tunnel, servers);
    gin_tunnel_set_domains(tunnel, domains);
    return tunnel;
}

static guint32
v4(const char *text)
{
    struct in_addr address;
    g_assert_cmpint(inet_pton(AF_INET, text, &address), ==, 1);
    return address.s_addr;
}

static void
test_split(void)
{
    g_autoptr(GinTunnel) tunnel = tunnel_new();
    g_auto(IpConfig) config = { 0 };
    guint32 number;
    gboolean flag = FALSE;
    const char *text;
    g_assert_true(ip_config_from_tunnel(tunnel, &config));
    g_assert_true(g_variant_lookup(config.config, "tundev", "&s", &text));
    g_assert_cmpstr(text, ==, "ginnel0");
    g_assert_true(g_variant_lookup(config.config, "gateway", "u", &number));
    g_assert_cmpuint(number, ==, v4("192.0.2.1"));
    g_assert_true(g_variant_lookup(config.config, "can-persist", "b", &flag) && flag);
    g_assert_true(g_variant_lookup(config.v4, "address", "u", &number));
    g_assert_cmpuint(number, ==, v4("10.77.0.10"));
    g_assert_true(g_variant_lookup(config.v4, "never-default", "b", &flag) && flag);
    g_autoptr(GVariant) routes = g_variant_lookup_value(config.v4, "routes", G_VARIANT_TYPE("aau"));
    g_assert_cmpuint(g_variant_n_children(routes), ==, 1);
    g_autoptr(GVariant) routes6 =
        g_variant_lookup_value(config.v6, "routes", G_VARIANT_TYPE("a(ayuayu)"));
    g_assert_cmpuint(g_variant_n_children(routes6), ==, 1);
}

static void
test_domains(void)
{
    g_autoptr(GinTunnel) tunnel = tunnel_new();
    g_auto(IpConfig) config = { 0 };
    g_assert_true(ip_config_from_tunnel(tunnel, &config));
    g_autofree const char **domains = NULL;
    g_assert_true(g_variant_lookup(config.v6, "domains", "^a&s", &domains));
    g_assert_cmpstr(domains[0], ==, "~corp.example");
    g_assert_cmpstr(domains[1], ==, "two.example");
    g_assert_null(domains[2]);
}

/* The service keeps the route of what goes through altogether. */
static void
test_full_tunnel(void)
{
    static const char *const halves[] = { "0.0.0.0/1", "128.0.0.0/1", "2001:db8:99::/64", NULL };
    g_autoptr(GinTunnel) tunnel = tunnel_new();
    g_auto(IpConfig) config = { 0 };
    gboolean flag = FALSE;
    gin_tunnel_set_networks(tunnel, halves);
    gin_tunnel_set_domains(tunnel, g_variant_new_array(G_VARIANT_TYPE("a{sv}"), NULL, 0));
    gin_tunnel_set_all_names(tunnel, TRUE);
    g_assert_true(ip_config_from_tunnel(tunnel, &config));
    g_assert_null(g_variant_lookup_value(config.v4, "routes", NULL));
    g_autoptr(GVariant) routes6 = g_variant_lookup_value(config.v6, "routes", NULL);
    g_assert_nonnull(routes6);
    g_assert_true(g_variant_lookup(config.v4, "never-default", "b", &flag) && flag);
    g_autofree const char **domains = NULL;
    g_assert_true(g_variant_lookup(config.v4, "domains", "^a&s", &domains));
    g_assert_cmpstr(domains[0], ==, "~.");
    g_assert_null(domains[1]);
}

static void
test_one_family(void)
{
    static const char *const only6[] = { "2001:db8:77::10", NULL };
    g_autoptr(GinTunnel) tunnel = tunnel_new();
    g_auto(IpConfig) config = { 0 };
    gboolean flag = TRUE;
    gin_tunnel_set_addresses(tunnel, only6);
    gin_tunnel_set_gateway_address(tunnel, "2001:db8:2::1");
    g_assert_true(ip_config_from_tunnel(tunnel, &config));
    g_assert_null(config.v4);
    g_assert_nonnull(config.v6);
    g_assert_true(g_variant_lookup(config.config, "has-ip4", "b", &flag) && !flag);
    g_autoptr(GVariant) gateway =
        g_variant_lookup_value(config.config, "gateway", G_VARIANT_TYPE_BYTESTRING);
    g_assert_cmpuint(g_variant_get_size(gateway), ==, 16);
}

/* Without servers NetworkManager must not be told any domain: it would ask elsewhere for them. */
static void
test_no_servers(void)
{
    static const char *const none[] = { NULL };
    g_autoptr(GinTunnel) tunnel = tunnel_new();
    g_auto(IpConfig) config = { 0 };
    gin_tunnel_set_link_servers(tunnel, none);
    g_assert_true(ip_config_from_tunnel(tunnel, &config));
    g_assert_null(g_variant_lookup_value(config.v4, "domains", NULL));
    g_assert_null(g_variant_lookup_value(config.v4, "dns", NULL));
}

static void
test_not_yet(void)
{
    static const char *const none[] = { NULL };
    g_autoptr(GinTunnel) tunnel = tunnel_new();
    IpConfig config = { 0 };
    gin_tunnel_set_addresses(tunnel, none);
    g_assert_false(ip_config_from_tunnel(tunnel, &config));
    gin_tunnel_set_interface(tunnel, "");
    g_assert_false(ip_config_from_tunnel(tunnel, &config));
}

static void
test_equal(void)
{
    g_autoptr(GinTunnel) tunnel = tunnel_new();
    g_auto(IpConfig) a = { 0 }, b = { 0 }, none = { 0 };
    g_assert_true(ip_config_from_tunnel(tunnel, &a));
    g_assert_true(ip_config_from_tunnel(tunnel, &b));
    g_assert_true(ip_config_equal(&a, &b));
    g_assert_false(ip_config_equal(&a, &none));
    ip_config_clear(&b);
    gin_tunnel_set_mtu(tunnel, 1380);
    g_assert_true(ip_config_from_tunnel(tunnel, &b));
    g_assert_false(ip_config_equal(&a, &b));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nm/ip-config/split", test_split);
    g_test_add_func("/nm/ip-config/domains", test_domains);
    g_test_add_func("/nm/ip-config/full-tunnel", test_full_tunnel);
    g_test_add_func("/nm/ip-config/one-family", test_one_family);
    g_test_add_func("/nm/ip-config/no-servers", test_no_servers);
    g_test_add_func("/nm/ip-config/not-yet", test_not_yet);
    g_test_add_func("/nm/ip-config/equal", test_equal);
    return g_test_run();
}
