#include "encap/proxy-header.h"

#include <string.h>

#define START "\r\n\r\n\0\r\nQUIT\n"
#define V4    START "\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\x30\x39\x11\x94"
#define V6                                                                                         \
    START "\x21\x21\0\x26\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0" \
          "\0\2\x30\x39\x11\x94\4\5"

static ProxyHeaderState
parse(const char *data, size_t length, size_t *wanted, InetEndpoint *client)
{
    /* Of its own, so that a read beyond the end is seen. */
    g_autofree uint8_t *copy = g_memdup2(data, length);
    return proxy_header_parse(copy, length, wanted, client);
}

static void
check(const char *data, size_t length, const char *expected)
{
    InetEndpoint client;
    size_t wanted;
    for (size_t i = 0; i < length; i++) {
        g_assert_cmpint(parse(data, i, &wanted, &client), ==, PROXY_HEADER_MORE);
        g_assert_cmpuint(wanted, ==, i < PROXY_HEADER_START ? PROXY_HEADER_START : length);
    }
    g_assert_cmpint(parse(data, length, &wanted, &client), ==, PROXY_HEADER_DONE);
    g_assert_cmpuint(wanted, ==, length);
    if (expected == NULL) {
        g_assert_cmpint(client.address.family, ==, INET_NONE);
        return;
    }
    g_autofree char *text = inet_endpoint_to_string(&client);
    g_assert_cmpstr(text, ==, expected);
}

static void
test_ipv4(void)
{
    check(V4, sizeof V4 - 1, "192.0.2.1:12345");
}

/* With something behind the addresses. */
static void
test_ipv6(void)
{
    check(V6, sizeof V6 - 1, "[2001:db8::1]:12345");
}

static void
test_no_client(void)
{
    check(START "\x20\0\0\0", 16, NULL);
    check(START "\x20\x11\0\2ab", 18, NULL);
    check(START "\x21\0\0\3abc", 19, NULL); /* AF_UNSPEC */
    check(START "\x21\x31\0\1a", 17, NULL); /* AF_UNIX */
}

static void
test_wrong(void)
{
    static const struct {
        const char *data;
        size_t length;
    } wrong[] = {
        { "I", 1 },
        { "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", 36 }, /* version 1 */
        { "\r\n\r\n\0\r\nQUIT\r", 12 },
        { START "\x11\x11\0\0", 16 },
        { START "\x22\x11\0\0", 16 },
        { START "\x21\x11\x10\0", 16 },                                 /* longer than we take */
        { START "\x21\x11\0\x0b\xc0\0\2\1\xc0\0\2\2\x30\x39\x11", 27 }, /* too short for it */
        { START "\x21\x21\0\x0c\xc0\0\2\1\xc0\0\2\2\x30\x39\x11\x94", 28 },
    };
    InetEndpoint client;
    size_t wanted;
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_cmpint(parse(wrong[i].data, wrong[i].length, &wanted, &client), ==,
                        PROXY_HEADER_WRONG);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encap/proxy-header/ipv4", test_ipv4);
    g_test_add_func("/encap/proxy-header/ipv6", test_ipv6);
    g_test_add_func("/encap/proxy-header/no-client", test_no_client);
    g_test_add_func("/encap/proxy-header/wrong", test_wrong);
    return g_test_run();
}
