#include "plan/redirect.h"

static char *gateways[] = { "gw.example", "198.51.100.1", NULL };

static InetAddress
address(const char *text)
{
    InetAddress parsed;
    g_assert_true(inet_address_parse(text, &parsed));
    return parsed;
}

static const char *
refuse(bool any, const char *name, const char *text)
{
    RedirectHistory history = { 0 };
    InetAddress where = text != NULL ? address(text) : (InetAddress){ 0 };
    return redirect_refuse(&history, any, gateways, name, &where, 0);
}

/* The profile says so, or names the target (RFC 5685, section 3). */
static void
test_profile(void)
{
    g_assert_null(refuse(true, "anything.example", NULL));
    g_assert_null(refuse(true, NULL, "203.0.113.9"));
    g_assert_null(refuse(false, "GW.example", NULL));
    g_assert_null(refuse(false, NULL, "198.51.100.1"));
    g_assert_nonnull(refuse(false, "gw2.example", NULL));
    g_assert_nonnull(refuse(false, NULL, "198.51.100.2"));
}

static void
test_addresses(void)
{
    const char *bad[] = { "127.0.0.1", "::1",     "169.254.1.1", "fe80::1",
                          "224.0.0.1", "ff02::1", "0.0.0.0",     "::" };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        InetAddress where = address(bad[i]);
        g_assert_nonnull(refuse(true, NULL, bad[i]));
        g_assert_false(redirect_address_is_allowed(&where));
    }
    g_assert_null(refuse(true, NULL, "2001:db8::7"));
}

/* Five in 300 s (RFC 5685, section 7). */
static void
test_circles(void)
{
    RedirectHistory history = { 0 };
    InetAddress none = { 0 };
    for (int i = 0; i < REDIRECT_MAX; i++)
        g_assert_null(redirect_refuse(&history, true, gateways, "a.example", &none,
                                      i * 10 * DURATION_SECOND));
    g_assert_nonnull(
        redirect_refuse(&history, true, gateways, "a.example", &none, 299 * DURATION_SECOND));
    g_assert_null(
        redirect_refuse(&history, true, gateways, "a.example", &none, 300 * DURATION_SECOND));
    g_assert_nonnull(
        redirect_refuse(&history, true, gateways, "a.example", &none, 305 * DURATION_SECOND));
    g_assert_null(
        redirect_refuse(&history, true, gateways, "a.example", &none, 310 * DURATION_SECOND));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/redirect/profile", test_profile);
    g_test_add_func("/plan/redirect/addresses", test_addresses);
    g_test_add_func("/plan/redirect/circles", test_circles);
    return g_test_run();
}
