/* The way through a proxy: CONNECT and SOCKS5, octet by octet, with and without a login. */
#include "encap/proxy-client.h"

#include <string.h>

#define NAME "vpn.example.com"

typedef struct {
    ProxyKind kind;
    const char *host, *user, *password, *challenge;
} Case;

static ProxyClient *
begin(const Case *one)
{
    g_autoptr(Secret) password =
        one->password != NULL ? secret_new(one->password, strlen(one->password)) : NULL;
    ProxyConfig config = { .kind = one->kind,
                           .host = one->host != NULL ? one->host : NAME,
                           .port = 443,
                           .user = one->user,
                           .password = password,
                           .challenge = one->challenge,
                           .cnonce = "c" };
    return proxy_client_new(&config);
}

static void
expect_says(ProxyClient *client, const void *octets, size_t length)
{
    g_autoptr(Secret) said = proxy_client_take_output(client);
    g_assert_cmpmem(secret_data(said), secret_length(said), octets, length);
}

static void
expect_says_text(ProxyClient *client, const char *text)
{
    g_autoptr(Secret) said = proxy_client_take_output(client);
    g_autofree char *copy = g_strndup((const char *)secret_data(said), secret_length(said));
    g_assert_cmpstr(copy, ==, text);
}

/* at_once octets in a feed; all of them are the proxy's unless it ends. */
static ProxyState
feed(ProxyClient *client, const void *octets, size_t length, size_t at_once)
{
    const uint8_t *data = octets;
    for (size_t i = 0; i < length && proxy_client_state(client) == PROXY_GOES_ON;) {
        size_t used;
        proxy_client_feed(client, data + i, MIN(at_once, length - i), &used);
        g_assert_true(used > 0 || proxy_client_state(client) != PROXY_GOES_ON);
        i += used;
    }
    return proxy_client_state(client);
}

static ProxyState
feed_text(ProxyClient *client, const char *text, size_t at_once)
{
    return feed(client, text, strlen(text), at_once);
}

#define PLAIN_REQUEST "CONNECT " NAME ":443 HTTP/1.1\r\nHost: " NAME ":443\r\n\r\n"

static void
test_http_opens(void)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "HTTP/1.0 200\r\nVia: 1.0 proxy\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 299 Fine\r\nContent-Length: 17\r\n\r\n",
        "HTTP/1.1 200 OK\n\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++)
        for (size_t at_once = 1; at_once < 200; at_once += 66) {
            g_autoptr(ProxyClient) client = begin(&(Case){ .kind = PROXY_HTTP });
            expect_says_text(client, PLAIN_REQUEST);
            g_assert_cmpint(feed_text(client, answers[i], at_once), ==, PROXY_OPEN);
            expect_says_text(client, "");
        }
}

/* What stands behind the head is the server's. */
static void
test_http_leaves_the_rest(void)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\n\r\nTLS";
    size_t used;
    g_autoptr(ProxyClient) client = begin(&(Case){ .kind = PROXY_HTTP });
    g_assert_cmpint(proxy_client_feed(client, (const uint8_t *)answer, strlen(answer), &used), ==,
                    PROXY_OPEN);
    g_assert_cmpuint(used, ==, strlen(answer) - 3);
    proxy_client_feed(client, (const uint8_t *)"TLS", 3, &used);
    g_assert_cmpuint(used, ==, 0);
}

static void
test_http_address(void)
{
    g_autoptr(ProxyClient) client = begin(&(Case){ .kind = PROXY_HTTP, .host = "2001:db8::1" });
    expect_says_text(client,
                     "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n");
    g_assert_null(begin(&(Case){ .kind = PROXY_HTTP, .host = "a\r\nX: y" }));
    g_assert_null(begin(&(Case){ .kind = PROXY_HTTP, .host = "" }));
}

static void
expect_failed(const char *answer, const char *words)
{
    g_autoptr(ProxyClient) client = begin(&(Case){ .kind = PROXY_HTTP });
    g_assert_cmpint(feed_text(client, answer, 7), ==, PROXY_FAILED);
    g_assert_cmpstr(proxy_client_why(client), ==, words);
}

static void
test_http_refuses(void)
{
    expect_failed("HTTP/1.1 403 Forbidden by \"us\"\x07\r\n\r\n",
                  "the proxy refuses: 403 Forbidden by \"us\"\\x07");
    expect_failed("HTTP/1.1 502 \r\n\r\n", "the proxy refuses: 502 ");
    expect_failed("SSH-2.0-OpenSSH\r\n\r\n", "what answers is no HTTP proxy");
    expect_failed("HTTP/2 200\r\n\r\n", "what answers is no HTTP proxy");
    expect_failed("HTTP/1.1 20\r\n\r\n", "what answers is no HTTP proxy");
    expect_failed("HTTP/1.1 407 Who?\r\nProxy-Authenticate: Negotiate\r\n\r\n",
                  "the proxy wants to know who we are in a way that is not known here");
}

static void
test_http_bounded(void)
{
    g_autoptr(ProxyClient) client = begin(&(Case){ .kind = PROXY_HTTP });
    g_autofree char *head = g_strnfill(PROXY_CLIENT_MAX_HEAD, 'x');
    g_assert_cmpint(feed_text(client, head, 1000), ==, PROXY_GOES_ON);
    g_assert_cmpint(feed_text(client, "x", 1), ==, PROXY_FAILED);
}

#define WANTS_BASIC                                                                                \
    "HTTP/1.1 407 Proxy Authentication Required\r\n"                                               \
    "Proxy-Authenticate: Basic realm=\"the gate\"\r\nContent-Length: 5\r\n\r\nlogin"

/* The password is not said before the proxy wants it; then on the same connection. */
static void
test_http_basic(void)
{
    for (size_t at_once = 1; at_once < 300; at_once += 149) {
        g_autoptr(ProxyClient) client =
            begin(&(Case){ .kind = PROXY_HTTP, .user = "Aladdin", .password = "open sesame" });
        expect_says_text(client, PLAIN_REQUEST);
        g_assert_cmpint(feed_text(client, WANTS_BASIC, at_once), ==, PROXY_GOES_ON);
        /* RFC 7617, section 2. */
        expect_says_text(client, "CONNECT " NAME ":443 HTTP/1.1\r\nHost: " NAME ":443\r\n"
                                 "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
        g_assert_cmpint(feed_text(client, "HTTP/1.1 200 OK\r\n\r\n", at_once), ==, PROXY_OPEN);
    }
}

static void
test_http_login_refused(void)
{
    g_autoptr(ProxyClient) client =
        begin(&(Case){ .kind = PROXY_HTTP, .user = "tess", .password = "wrong" });
    g_assert_cmpint(feed_text(client, WANTS_BASIC, 10), ==, PROXY_GOES_ON);
    g_assert_cmpint(feed_text(client, WANTS_BASIC, 10), ==, PROXY_LOGIN);
    g_assert_cmpstr(proxy_client_why(client), ==,
                    "the proxy does not accept the user name and password (\"the gate\")");
    g_autoptr(ProxyClient) other =
        begin(&(Case){ .kind = PROXY_HTTP, .user = "tess", .password = "wrong" });
    g_assert_cmpint(feed_text(other, WANTS_BASIC, 10), ==, PROXY_GOES_ON);
    g_assert_cmpint(feed_text(other, "HTTP/1.0 401 No\r\n\r\n", 10), ==, PROXY_LOGIN);
    g_autoptr(ProxyClient) nobody = begin(&(Case){ .kind = PROXY_HTTP });
    g_assert_cmpint(feed_text(nobody, WANTS_BASIC, 10), ==, PROXY_LOGIN);
    g_assert_cmpstr(proxy_client_why(nobody), ==,
                    "the proxy wants a user name and password (\"the gate\")");
    g_assert_null(begin(&(Case){
        .kind = PROXY_HTTP, .user = "a:b", .password = "c", .challenge = "Basic realm=x" }));
}

/* A proxy that hangs up is asked anew, and told at once. */
static void
test_http_again(void)
{
    static const char *const answers[] = {
        "HTTP/1.0 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n",
        "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nConnection: close\r\n"
        "Content-Length: 3\r\n\r\n",
        "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
        "Transfer-Encoding: chunked\r\n\r\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        Case one = { .kind = PROXY_HTTP, .user = "Aladdin", .password = "open sesame" };
        g_autoptr(ProxyClient) client = begin(&one);
        g_assert_cmpint(feed_text(client, answers[i], 1), ==, PROXY_AGAIN);
        one.challenge = proxy_client_challenge(client);
        g_autoptr(ProxyClient) again = begin(&one);
        expect_says_text(again, "CONNECT " NAME ":443 HTTP/1.1\r\nHost: " NAME ":443\r\n"
                                "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
        g_assert_cmpint(feed_text(again, answers[i], 1), ==, PROXY_LOGIN);
    }
}

/* Of two forms the stronger; a nonce that was too old is no refusal. */
static void
test_http_digest(void)
{
    static const char wants[] =
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
        "Proxy-Authenticate: Digest realm=\"x\", nonce=\"n1\", qop=\"auth\", algorithm=MD5\r\n"
        "Content-Length: 0\r\n\r\n";
    static const char stale[] =
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=\"x\", nonce=\"n2\", qop=\"auth\", "
        "stale=true\r\nContent-Length: 0\r\n\r\n";
    g_autoptr(ProxyClient) client =
        begin(&(Case){ .kind = PROXY_HTTP, .user = "tess", .password = "secret" });
    const char *nonces[] = { wants, stale };
    for (size_t i = 0; i < 2; i++) {
        g_assert_cmpint(feed_text(client, nonces[i], 50), ==, PROXY_GOES_ON);
        g_autoptr(Secret) said = proxy_client_take_output(client);
        g_autofree char *text = g_strndup((const char *)secret_data(said), secret_length(said));
        g_assert_nonnull(
            strstr(text, "Proxy-Authorization: Digest username=\"tess\", realm=\"x\""));
        g_assert_nonnull(strstr(text, i == 0 ? "nonce=\"n1\"" : "nonce=\"n2\""));
        g_assert_nonnull(strstr(text, "uri=\"" NAME ":443\""));
        g_assert_null(strstr(text, "secret"));
    }
    g_assert_cmpint(feed_text(client, wants, 50), ==, PROXY_LOGIN);
}

/* ---- SOCKS5 ---- */

static void
test_socks_opens(void)
{
    static const uint8_t request[] = { 5,   1,   0,   3,   15,  'v', 'p', 'n', '.', 'e', 'x',
                                       'a', 'm', 'p', 'l', 'e', '.', 'c', 'o', 'm', 1,   0xbb };
    static const uint8_t v4[] = { 5, 0, 0, 1, 192, 0, 2, 9, 0x12, 0x34 };
    static const uint8_t v6[] = { 5, 0, 0,  4,  1,  2,  3,  4,  5,  6, 7,
                                  8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 1 };
    static const uint8_t name[] = { 5, 0, 0, 3, 2, 'a', 'b', 0, 1 };
    const struct {
        const uint8_t *octets;
        size_t length;
    } replies[] = { { v4, sizeof v4 }, { v6, sizeof v6 }, { name, sizeof name } };
    for (size_t i = 0; i < G_N_ELEMENTS(replies); i++)
        for (size_t at_once = 1; at_once < 40; at_once += 19) {
            g_autoptr(ProxyClient) client = begin(&(Case){ .kind = PROXY_SOCKS5 });
            expect_says(client, "\5\1\0", 3);
            g_assert_cmpint(feed(client, "\5\0", 2, at_once), ==, PROXY_GOES_ON);
            expect_says(client, request, sizeof request);
            g_assert_cmpint(feed(client, replies[i].octets, replies[i].length - 1, at_once), ==,
                            PROXY_GOES_ON);
            g_assert_cmpint(feed(client, replies[i].octets + replies[i].length - 1, 1, 1), ==,
                            PROXY_OPEN);
        }
}

static void
test_socks_addresses(void)
{
    g_autoptr(ProxyClient) four = begin(&(Case){ .kind = PROXY_SOCKS5, .host = "192.0.2.1" });
    g_autoptr(ProxyClient) six = begin(&(Case){ .kind = PROXY_SOCKS5, .host = "2001:db8::1" });
    feed(four, "\5\0", 2, 2);
    feed(six, "\5\0", 2, 2);
    expect_says(four, "\5\1\0\1\xc0\0\2\1\1\xbb", 10);
    expect_says(six, "\5\1\0\4\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\1\xbb", 22);
    g_autofree char *longest = g_strnfill(256, 'a');
    g_assert_null(begin(&(Case){ .kind = PROXY_SOCKS5, .host = longest }));
    g_assert_null(begin(&(Case){ .kind = PROXY_SOCKS5, .user = longest, .password = "x" }));
}

static void
test_socks_login(void)
{
    Case one = { .kind = PROXY_SOCKS5, .user = "tess", .password = "secret" };
    g_autoptr(ProxyClient) client = begin(&one);
    expect_says(client, "\5\2\0\2", 4);
    g_assert_cmpint(feed(client, "\5\2", 2, 1), ==, PROXY_GOES_ON);
    expect_says(client, "\1\4tess\6secret", 13);
    g_assert_cmpint(feed(client, "\1\0", 2, 1), ==, PROXY_GOES_ON);
    g_assert_cmpint(feed(client, "\5\0\0\1\0\0\0\0\0\0", 10, 10), ==, PROXY_OPEN);
    g_autoptr(ProxyClient) wrong = begin(&one);
    feed(wrong, "\5\2", 2, 1);
    g_assert_cmpint(feed(wrong, "\1\1", 2, 1), ==, PROXY_LOGIN);
    g_autoptr(ProxyClient) nobody = begin(&(Case){ .kind = PROXY_SOCKS5 });
    g_assert_cmpint(feed(nobody, "\5\xff", 2, 1), ==, PROXY_LOGIN);
}

static void
test_socks_refuses(void)
{
    static const struct {
        const char *octets;
        size_t length;
        const char *words;
    } rows[] = {
        { "HT", 2, "what answers is no SOCKS5 proxy" },
        { "\5\2", 2, "the proxy wants to know who we are in a way that is not known here" },
        { "\5\1", 2, "the proxy wants to know who we are in a way that is not known here" },
        { "\5\0\5\2", 4, "the proxy refuses: its rules do not allow that" },
        { "\5\0\5\5", 4, "the proxy refuses: connection refused" },
        { "\5\0\5\x63", 4, "the proxy refuses: unknown reason" },
        { "\5\0\4\0", 4, "what answers is no SOCKS5 proxy" },
        { "\5\0\5\0\0\2\0", 7, "what answers is no SOCKS5 proxy" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(ProxyClient) client = begin(&(Case){ .kind = PROXY_SOCKS5 });
        g_assert_cmpint(feed(client, rows[i].octets, rows[i].length, 1), ==, PROXY_FAILED);
        g_assert_cmpstr(proxy_client_why(client), ==, rows[i].words);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encap/proxy-client/http-opens", test_http_opens);
    g_test_add_func("/encap/proxy-client/http-leaves-the-rest", test_http_leaves_the_rest);
    g_test_add_func("/encap/proxy-client/http-address", test_http_address);
    g_test_add_func("/encap/proxy-client/http-refuses", test_http_refuses);
    g_test_add_func("/encap/proxy-client/http-bounded", test_http_bounded);
    g_test_add_func("/encap/proxy-client/http-basic", test_http_basic);
    g_test_add_func("/encap/proxy-client/http-login-refused", test_http_login_refused);
    g_test_add_func("/encap/proxy-client/http-again", test_http_again);
    g_test_add_func("/encap/proxy-client/http-digest", test_http_digest);
    g_test_add_func("/encap/proxy-client/socks-opens", test_socks_opens);
    g_test_add_func("/encap/proxy-client/socks-addresses", test_socks_addresses);
    g_test_add_func("/encap/proxy-client/socks-login", test_socks_login);
    g_test_add_func("/encap/proxy-client/socks-refuses", test_socks_refuses);
    return g_test_run();
}
