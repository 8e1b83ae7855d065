#include "profile/profile-file.h"

#include <string.h>

static Profile *
parse(const char *more, GError **error)
{
    g_autofree char *text = g_strconcat(
        "[gateway]\naddress = gw\n[user]\nid = t\nauth = psk\nsecret-file = /s\n", more, NULL);
    return profile_parse("work", "F", text, strlen(text), error);
}

static Profile *
good(const char *more)
{
    g_autoptr(GError) error = NULL;
    Profile *profile = parse(more, &error);
    g_assert_no_error(error);
    return profile;
}

/* The added lines begin with line 7. */
static void
bad(const char *more, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = parse(more, &error);
    g_assert_null(profile);
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE);
    g_assert_cmpstr(error->message, ==, message);
}

static void
test_booleans_and_words(void)
{
    g_autoptr(Profile) profile = good("exclusive = yes\n[dns]\nuse-servers = all\ndnssec = off\n"
                                      "[connection]\nautoconnect = true\n");
    g_assert_true(profile->exclusive && profile->autoconnect);
    g_assert_cmpint(profile->use_servers, ==, PROFILE_SERVERS_ALL);
    g_assert_cmpint(profile->dnssec, ==, PROFILE_DNSSEC_OFF);
    bad("exclusive = Yes\n", "F, line 7: [user] exclusive: \"Yes\" is neither yes nor no");
    bad("[dns]\nuse-servers = some\n",
        "F, line 8: [dns] use-servers: \"some\" is none of: inside, all");
}

static void
test_revocation(void)
{
    static const char *const words[] = { "soft", "strict", "off", "no" };
    g_autoptr(Profile) silent = good("");
    g_assert_cmpint(silent->revocation, ==, PROFILE_REVOCATION_SOFT);
    for (int i = 0; i < 4; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text =
            g_strconcat("[gateway]\naddress = gw\nrevocation = ", words[i],
                        "\n[user]\nid = t\nauth = psk\nsecret-file = /s\n", NULL);
        g_autoptr(Profile) profile = profile_parse("work", "F", text, strlen(text), &error);
        if (i < 3)
            g_assert_cmpint(profile->revocation, ==, i);
        else
            g_assert_cmpstr(error->message, ==,
                            "F, line 3: [gateway] revocation: \"no\" is none of: soft, strict, "
                            "off");
    }
}

static void
test_transport_order(void)
{
    g_autoptr(Profile) profile = good("[transport]\norder = tcp/4500; udp/500\n");
    g_assert_cmpuint(profile->transports->len, ==, 2);
    ProfileTransport first = g_array_index(profile->transports, ProfileTransport, 0);
    g_assert_true(first.kind == PROFILE_TCP && first.port == 4500);
    g_assert_false(profile_has_tls(profile));
    g_autoptr(Profile) tls = good("[transport]\norder = udp/4500 tls/443\n");
    g_assert_true(profile_has_tls(tls));
    bad("[transport]\norder = udp\n", "F, line 8: [transport] order: \"udp\" is no transport: they "
                                      "look like udp/4500, tcp/4500, tls/443");
    bad("[transport]\norder = udp/0\n",
        "F, line 8: [transport] order: \"udp/0\" is no transport: they "
        "look like udp/4500, tcp/4500, tls/443");
    bad("[transport]\norder = udp/1 udp/1\n",
        "F, line 8: [transport] order: \"udp/1\" stands twice");
}

static void
test_lifetimes(void)
{
    g_autoptr(Profile) profile =
        good("[lifetime]\nike = 90m\ntunnel = 2h\nsign-in = 366d\ntunnel-octets = 10G\n");
    g_assert_cmpint(profile->ike_lifetime, ==, 90 * DURATION_MINUTE);
    g_assert_cmpint(profile->tunnel_lifetime, ==, 120 * DURATION_MINUTE);
    g_assert_cmpint(profile->sign_in_lifetime, ==, 366 * 1440 * DURATION_MINUTE);
    g_assert_cmpuint(profile->tunnel_octets, ==, UINT64_C(10000000000));
    const char *const wrong[] = { "0m", "60", "m", "-1h", "367d", "1w", "1.5h", "99999999999999h" };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *more = g_strdup_printf("[lifetime]\nike = %s\n", wrong[i]);
        g_autofree char *text =
            g_strdup_printf("F, line 8: [lifetime] ike: \"%s\" is no time like 90m, 4h or 2d (a "
                            "minute to a year)",
                            wrong[i]);
        bad(more, text);
    }
    bad("[lifetime]\ntunnel-octets = 1K\n", "F, line 8: [lifetime] tunnel-octets: \"1K\" is no "
                                            "amount like 500M, 10G or 1T (1M to 1000T "
                                            "octets)");
    bad("[lifetime]\ntunnel-octets = 1001T\n",
        "F, line 8: [lifetime] tunnel-octets: \"1001T\" is no amount like 500M, 10G or 1T (1M to "
        "1000T octets)");
}

static void
check_seconds(const char *text, Duration expected)
{
    g_autofree char *more = g_strdup_printf("[transport]\nfallback-after = %s\n", text);
    g_autoptr(Profile) profile = good(more);
    g_assert_cmpint(profile->fallback_after, ==, expected);
}

static void
test_times(void)
{
    g_autoptr(Profile) profile = good("[transport]\nretransmit-after = 0.3\naddress-delay = 0.1\n"
                                      "prefer-udp-for = 0.2\nudp-again = 5\n");
    g_assert_cmpint(profile->retransmit_after, ==, 300 * DURATION_MILLISECOND);
    g_assert_cmpint(profile->address_delay, ==, 100 * DURATION_MILLISECOND);
    g_assert_cmpint(profile->prefer_udp_for, ==, 200 * DURATION_MILLISECOND);
    g_assert_cmpint(profile->udp_again, ==, 5 * DURATION_SECOND);
}

static void
test_fallback_after(void)
{
    check_seconds("auto", 0);
    check_seconds("1", DURATION_SECOND);
    check_seconds("1.5", 1500 * DURATION_MILLISECOND);
    check_seconds("0.025", 25 * DURATION_MILLISECOND);
    const char *const wrong[] = { "0", "-1", "1.", ".5", "1.2345", "61", "1s", "1e3", "nan" };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *more = g_strdup_printf("[transport]\nfallback-after = %s\n", wrong[i]);
        g_autoptr(GError) error = NULL;
        g_autoptr(Profile) profile = parse(more, &error);
        g_assert_null(profile);
        g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE);
    }
}

static void
test_numbers(void)
{
    g_autoptr(Profile) profile = good("[network]\nmtu = 1280\n[transport]\nsource-port = 4500\n");
    g_assert_cmpuint(profile->mtu, ==, 1280);
    g_assert_cmpuint(profile->source_port, ==, 4500);
    bad("[network]\nmtu = 1279\n",
        "F, line 8: [network] mtu: \"1279\" is neither auto nor from 1280 to 65535");
    bad("[transport]\nsource-port = 65536\n", "F, line 8: [transport] source-port: \"65536\" is "
                                              "neither auto nor a port from 1 to 65535");
}

static void
test_domains_become_a_labels(void)
{
    g_autoptr(Profile) profile =
        good("[dns]\ndomains = Corp.Example. ; bücher.example\nsearch-domains = com\n");
    g_assert_cmpstr(profile->domains[0], ==, "corp.example");
    g_assert_cmpstr(profile->domains[1], ==, "xn--bcher-kva.example");
    g_assert_null(profile->domains[2]);
    g_assert_cmpstr(profile->search_domains[0], ==, "com");
    g_assert_cmpuint(g_strv_length(profile->trust_anchor_domains), ==, 0);
    bad("[dns]\ndomains = a..b\n", "F, line 8: [dns] domains: \"a..b\" is no domain name");
    bad("[dns]\nadd-domains = .\n", "F, line 8: [dns] add-domains: \".\" means every name; for "
                                    "that, set use-servers = all under [dns]");
}

static void
test_lists_are_bounded(void)
{
    g_autoptr(GString) text = g_string_new("[dns]\ndomains =");
    for (int i = 0; i < PROFILE_MAX_ITEMS; i++)
        g_string_append_printf(text, " d%d.example", i);
    g_autoptr(Profile) profile = good(text->str);
    g_assert_cmpuint(g_strv_length(profile->domains), ==, PROFILE_MAX_ITEMS);
    g_string_append(text, " more.example");
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) refused = parse(text->str, &error);
    g_assert_null(refused);
    g_assert_true(g_str_has_suffix(error->message, "has more than 64 items"));
}

static void
test_networks(void)
{
    g_autoptr(Profile) profile = good("[network]\ninclude = 10.99.0.0/24; ::/0\n");
    g_assert_cmpuint(profile->include->len, ==, 2);
    g_assert_cmpuint(g_array_index(profile->include, InetPrefix, 0).length, ==, 24);
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) refused = parse("[network]\ninclude = 10.99.0.1/24\n", &error);
    g_assert_null(refused);
    g_assert_true(g_str_has_prefix(
        error->message,
        "F, line 8: [network] include: \"10.99.0.1/24\" is no network like 10.99.0.0/24"));
}

static void
test_proposals(void)
{
    g_autoptr(Profile) profile = good("[proposals]\nike = aes256gcm16-prfsha384-x25519 "
                                      "aes128-sha256-modp2048\nesp = aes256gcm16\n");
    g_assert_cmpstr(profile->ike_proposals, ==,
                    "aes256gcm16-prfsha384-x25519;aes128-sha256-modp2048");
    g_assert_cmpstr(profile->esp_proposals, ==, "aes256gcm16");
    bad("[proposals]\nike = aes256gcm16-md5\n",
        "F, line 8: [proposals] ike: \"aes256gcm16-md5\" has \"md5\", which is broken and never "
        "offered; one looks like aes256gcm16-prfsha384-x25519");
    bad("[proposals]\nesp = aes256gcm16-prfsha384\n",
        "F, line 8: [proposals] esp: \"aes256gcm16-prfsha384\" has a PRF, which ESP does not know; "
        "one looks like aes256gcm16");
}

static void
test_paths_are_absolute(void)
{
    g_autoptr(GError) error = NULL;
    const char text[] = "[gateway]\naddress = gw\nca = ca.pem\n";
    g_autoptr(Profile) profile = profile_parse("work", "F", text, strlen(text), &error);
    g_assert_null(profile);
    g_assert_cmpstr(
        error->message, ==,
        "F, line 3: [gateway] ca: \"ca.pem\" is no absolute path: it begins with \"/\"");
}

static void
test_gateway_addresses(void)
{
    g_autoptr(GError) error = NULL;
    const char text[] = "[gateway]\naddress = VPN.example.com.; 2001:DB8::1 ;192.0.2.1\n[user]\n"
                        "id = t\nauth = psk\nsecret-file = /s\n";
    g_autoptr(Profile) profile = profile_parse("work", "F", text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(profile->gateway_addresses[0], ==, "vpn.example.com");
    g_assert_cmpstr(profile->gateway_addresses[1], ==, "2001:db8::1");
    g_assert_cmpstr(profile->gateway_addresses[2], ==, "192.0.2.1");
    const char port[] = "[gateway]\naddress = gw:4500\n";
    g_autoptr(Profile) refused = profile_parse("work", "F", port, strlen(port), &error);
    g_assert_null(refused);
    g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE);
}

static void
test_empty_value_is_the_default(void)
{
    g_autoptr(Profile) profile = good("[transport]\norder =\n[network]\nmtu =\n[connection]\n"
                                      "trusted-networks =\n");
    g_assert_cmpuint(profile->transports->len, ==, 3);
    g_assert_cmpuint(profile->mtu, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/profile-keys/booleans-and-words", test_booleans_and_words);
    g_test_add_func("/profile/profile-keys/revocation", test_revocation);
    g_test_add_func("/profile/profile-keys/transport-order", test_transport_order);
    g_test_add_func("/profile/profile-keys/lifetimes", test_lifetimes);
    g_test_add_func("/profile/profile-keys/fallback-after", test_fallback_after);
    g_test_add_func("/profile/profile-keys/times", test_times);
    g_test_add_func("/profile/profile-keys/numbers", test_numbers);
    g_test_add_func("/profile/profile-keys/domains-become-a-labels", test_domains_become_a_labels);
    g_test_add_func("/profile/profile-keys/lists-are-bounded", test_lists_are_bounded);
    g_test_add_func("/profile/profile-keys/networks", test_networks);
    g_test_add_func("/profile/profile-keys/proposals", test_proposals);
    g_test_add_func("/profile/profile-keys/paths-are-absolute", test_paths_are_absolute);
    g_test_add_func("/profile/profile-keys/gateway-addresses", test_gateway_addresses);
    g_test_add_func("/profile/profile-keys/empty-value-is-the-default",
                    test_empty_value_is_the_default);
    return g_test_run();
}
