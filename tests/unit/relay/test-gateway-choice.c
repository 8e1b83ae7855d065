#include "relay/gateway-choice.h"

#define N    5
#define SPIS 5000

static InetEndpoint
gateway(unsigned i)
{
    uint8_t octets[4] = { 192, 0, 2, (uint8_t)(i + 1) };
    return (InetEndpoint){ inet_address_new(INET_V4, octets), 4500 };
}

static void
test_even(void)
{
    InetEndpoint gateways[N];
    unsigned counts[N] = { 0 };
    for (unsigned i = 0; i < N; i++)
        gateways[i] = gateway(i);
    for (uint64_t spi = 1; spi <= SPIS; spi++)
        counts[gateway_choice(spi, gateways, N, INET_NONE)]++;
    for (unsigned i = 0; i < N; i++) {
        g_assert_cmpuint(counts[i], >, SPIS / N * 8 / 10);
        g_assert_cmpuint(counts[i], <, SPIS / N * 12 / 10);
    }
}

/* Only what the gateway had that is gone goes elsewhere, whatever the order. */
static void
test_one_leaves(void)
{
    InetEndpoint all[N], left[N - 1];
    for (unsigned i = 0; i < N; i++)
        all[i] = gateway(i);
    for (unsigned i = 0; i < N - 1; i++)
        left[i] = gateway(N - 2 - i);
    for (uint64_t spi = 1; spi <= SPIS; spi++) {
        const InetEndpoint *before = &all[gateway_choice(spi, all, N, INET_NONE)];
        const InetEndpoint *after = &left[gateway_choice(spi, left, N - 1, INET_NONE)];
        g_assert_true(inet_endpoint_equal(before, after) ||
                      inet_endpoint_equal(before, &all[N - 1]));
    }
}

/* Every build and machine must choose the same: these are fixed for good. */
static void
test_same_everywhere(void)
{
    InetEndpoint gateways[N];
    for (unsigned i = 0; i < N; i++)
        gateways[i] = gateway(i);
    static const unsigned expected[] = { 1, 0, 4, 2, 3, 2, 0, 3, 0, 4, 0, 1 };
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
        g_assert_cmpuint(gateway_choice(0x0123456789abcdef + i, gateways, N, INET_NONE), ==,
                         expected[i]);
}

static void
test_family(void)
{
    InetEndpoint gateways[] = { gateway(0), gateway(1), { { INET_V6, { 0x20, 1 } }, 4500 } };
    for (uint64_t spi = 1; spi < 100; spi++) {
        g_assert_cmpuint(gateway_choice(spi, gateways, 3, INET_V6), ==, 2);
        g_assert_cmpuint(gateway_choice(spi, gateways, 3, INET_V4), <, 2);
        g_assert_cmpuint(gateway_choice(spi, gateways, 2, INET_V6), <, 2);
    }
}

static void
test_spi(void)
{
    static const uint8_t message[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, none[8];
    uint64_t spi;
    g_assert_true(gateway_choice_spi(message, 8, &spi));
    g_assert_cmphex(spi, ==, 0x0102030405060708);
    g_assert_false(gateway_choice_spi(message, 7, &spi));
    g_assert_false(gateway_choice_spi(none, 8, &spi));
}

static void
test_source(void)
{
    InetPrefix pool;
    g_assert_true(inet_prefix_parse("10.9.8.0/28", &pool, NULL));
    InetAddress network = pool.address, broadcast;
    inet_address_parse("10.9.8.15", &broadcast);
    unsigned seen[16] = { 0 };
    for (unsigned i = 0; i < 200; i++) {
        InetAddress client = gateway(i).address;
        InetAddress source = gateway_choice_source(&pool, &client);
        InetAddress again = gateway_choice_source(&pool, &client);
        g_assert_true(inet_prefix_contains(&pool, &source));
        g_assert_true(inet_address_equal(&source, &again));
        g_assert_false(inet_address_equal(&source, &network));
        g_assert_false(inet_address_equal(&source, &broadcast));
        seen[source.octets[3]]++;
    }
    for (unsigned i = 1; i < 15; i++)
        g_assert_cmpuint(seen[i], >, 0);
    /* The narrowest and the widest. */
    static const char *const others[] = { "10.9.8.7/32", "10.9.8.6/31", "2001:db8::/64", "::/0" };
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
        g_assert_true(inet_prefix_parse(others[i], &pool, NULL));
        InetAddress client = gateway(i).address, source = gateway_choice_source(&pool, &client);
        g_assert_true(inet_prefix_contains(&pool, &source));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/relay/gateway-choice/even", test_even);
    g_test_add_func("/relay/gateway-choice/one-leaves", test_one_leaves);
    g_test_add_func("/relay/gateway-choice/same-everywhere", test_same_everywhere);
    g_test_add_func("/relay/gateway-choice/family", test_family);
    g_test_add_func("/relay/gateway-choice/spi", test_spi);
    g_test_add_func("/relay/gateway-choice/source", test_source);
    return g_test_run();
}
