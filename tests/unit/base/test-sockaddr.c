/* Endpoints as the kernel has them, and back. */
#include "base/sockaddr.h"

#include <arpa/inet.h>
#include <string.h>

static void
test_round_trip(void)
{
    const struct {
        const char *text;
        int family;
        size_t length;
    } cases[] = { { "192.0.2.1", AF_INET, sizeof(struct sockaddr_in) },
                  { "2001:db8::1", AF_INET6, sizeof(struct sockaddr_in6) } };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        InetEndpoint endpoint = { .port = 0x1234 }, again = { 0 };
        struct sockaddr_storage address;
        memset(&address, 0xff, sizeof address);
        g_assert_true(inet_address_parse(cases[i].text, &endpoint.address));
        g_assert_cmpuint(sockaddr_from_endpoint(&endpoint, &address), ==, cases[i].length);
        g_assert_cmpint(address.ss_family, ==, cases[i].family);
        /* Port, in the order of the network, at the same place in both. */
        g_assert_cmpmem((const uint8_t *)&address + 2, 2, "\x12\x34", 2);
        g_assert_true(sockaddr_to_endpoint(&address, &again));
        g_assert_true(inet_endpoint_equal(&endpoint, &again));
    }
}

static void
test_another_family(void)
{
    struct sockaddr_storage address = { .ss_family = AF_UNIX };
    InetEndpoint endpoint;
    g_assert_false(sockaddr_to_endpoint(&address, &endpoint));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/sockaddr/round-trip", test_round_trip);
    g_test_add_func("/base/sockaddr/another-family", test_another_family);
    return g_test_run();
}
