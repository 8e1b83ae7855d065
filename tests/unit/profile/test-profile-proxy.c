/* Proxies as URLs say them. */
#include "profile/profile-proxy.h"

#include "profile/profile.h"

#include <string.h>

static void
test_good(void)
{
    static const struct {
        const char *url;
        ProxyKind kind;
        const char *host;
        uint16_t port;
    } rows[] = {
        { "http://proxy.example", PROXY_HTTP, "proxy.example", 8080 },
        { "http://Proxy.Example:3128/", PROXY_HTTP, "proxy.example", 3128 },
        { "HTTP://192.0.2.1:1", PROXY_HTTP, "192.0.2.1", 1 },
        { "http://[2001:db8::1]:65535", PROXY_HTTP, "2001:db8::1", 65535 },
        { "socks://proxy", PROXY_SOCKS5, "proxy", 1080 },
        { "socks5://proxy:9050", PROXY_SOCKS5, "proxy", 9050 },
        { "socks5h://proxy", PROXY_SOCKS5, "proxy", 1080 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(ProfileProxy) proxy = { 0 };
        g_autoptr(GError) error = NULL;
        g_assert_true(profile_proxy_parse(rows[i].url, &proxy, &error));
        g_assert_no_error(error);
        g_assert_cmpint(proxy.kind, ==, rows[i].kind);
        g_assert_cmpstr(proxy.host, ==, rows[i].host);
        g_assert_cmpuint(proxy.port, ==, rows[i].port);
        g_assert_null(proxy.user);
        g_assert_null(proxy.password);
    }
}

/* As the system's settings may have it. */
static void
test_with_user(void)
{
    g_auto(ProfileProxy) proxy = { 0 };
    g_assert_true(profile_proxy_parse("http://tess:a%40b@proxy:80", &proxy, NULL));
    g_assert_cmpstr(proxy.user, ==, "tess");
    g_assert_cmpmem(secret_data(proxy.password), secret_length(proxy.password), "a@b", 3);
}

static void
test_bad(void)
{
    static const char *const urls[] = {
        "",
        "proxy.example",
        "proxy.example:8080",
        "https://proxy.example",
        "socks4://proxy.example",
        "ftp://proxy.example",
        "http://",
        "http:///path",
        "http://proxy.example/path",
        "http://proxy.example:0",
        "http://proxy.example:65536",
        "http://two words",
        "http://-.example..",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_auto(ProfileProxy) proxy = { 0 };
        g_autoptr(GError) error = NULL;
        g_test_message("%s", urls[i]);
        g_assert_false(profile_proxy_parse(urls[i], &proxy, &error));
        g_assert_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE);
        g_assert_null(proxy.host);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/profile-proxy/good", test_good);
    g_test_add_func("/profile/profile-proxy/with-user", test_with_user);
    g_test_add_func("/profile/profile-proxy/bad", test_bad);
    return g_test_run();
}
