/* URLs of certificates, and what web servers answer. */
#include "tunnel/http.h"

#include <string.h>

static void
test_urls(void)
{
    static const struct {
        const char *text, *host;
        uint16_t port;
        const char *target;
    } cases[] = {
        { "http://crl.example/a.crl", "crl.example", 80, "/a.crl" },
        { "HTTP://crl.example", "crl.example", 80, "/" },
        { "http://crl.example:8080/a?b=c#d", "crl.example", 8080, "/a?b=c" },
        { "http://crl.example:?x", "crl.example", 80, "/?x" },
        { "http://192.0.2.1:81/", "192.0.2.1", 81, "/" },
        { "http://[2001:db8::1]/a", "2001:db8::1", 80, "/a" },
        { "http://[2001:db8::1]:8080", "2001:db8::1", 8080, "/" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(HttpUrl) url = { 0 };
        g_assert_true(http_url_parse(cases[i].text, &url));
        g_assert_cmpstr(url.host, ==, cases[i].host);
        g_assert_cmpuint(url.port, ==, cases[i].port);
        g_assert_cmpstr(url.target, ==, cases[i].target);
    }
}

static void
test_no_urls(void)
{
    static const char *const texts[] = {
        "",
        "http://",
        "http:///a",
        "https://crl.example/",
        "ldap://crl.example/",
        "http://user@crl.example/",
        "http://user:word@crl.example/",
        "http://crl.example:0/",
        "http://crl.example:65536/",
        "http://crl.example:-1/",
        "http://crl.example:80x/",
        "http://2001:db8::1/",
        "http://[2001:db8::1/",
        "http://[2001:db8::1]x/",
        "http://[]/",
        "http://a b/",
        "http://a%00/",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_auto(HttpUrl) url = { 0 };
        if (http_url_parse(texts[i], &url))
            g_error("%s: taken", texts[i]);
        g_assert_null(url.host);
    }
}

static char *
content_of(const char *text, size_t max_length, char **why)
{
    g_autoptr(GBytes) reply = g_bytes_new(text, strlen(text));
    g_autoptr(GBytes) content = http_reply_content(reply, max_length, why);
    g_assert_true((content == NULL) == (*why != NULL));
    return content == NULL ? NULL
                           : g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
}

static void
test_replies(void)
{
    static const struct {
        const char *text, *content;
    } cases[] = {
        { "HTTP/1.0 200 OK\r\n\r\nbody", "body" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", "body" },
        { "HTTP/1.1 200 OK\r\ncontent-length:4 \r\nX: y\r\n\r\nbody, and more", "body" },
        { "HTTP/1.0 200\nContent-Length: 4\n\nbody", "body" },
        { "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\n", "" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *why = NULL;
        g_autofree char *content = content_of(cases[i].text, 100, &why);
        g_assert_cmpstr(content, ==, cases[i].content);
    }
}

static void
test_bad_replies(void)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        { "", "no web server" },
        { "HTTP/1.0 200 OK", "no web server" },
        { "SSH-2.0-OpenSSH_9.2\r\n", "no web server" },
        { "HTTP/2.0 200 OK\r\n\r\n", "no web server" },
        { "HTTP/1.0 2x0 OK\r\n\r\n", "no web server" },
        { "HTTP/1.0 404 Not Found\r\n\r\nbody", "status 404" },
        { "HTTP/1.0 301 Moved\r\nLocation: http://127.0.0.1/\r\n\r\n", "status 301" },
        { "HTTP/1.0 200 OK\r\nX: y\r\n", "no end" },
        { "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nbody", "broke off" },
        { "HTTP/1.0 200 OK\r\nContent-Length: 101\r\n\r\nbody", "too large" },
        { "HTTP/1.0 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", "how long" },
        { "HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", "how long" },
        { "HTTP/1.0 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody", "how long" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n", "encoded" },
        { "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", "encoded" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *why = NULL;
        g_autofree char *content = content_of(cases[i].text, 100, &why);
        g_assert_null(content);
        if (strstr(why, cases[i].why) == NULL)
            g_error("\"%s\" does not say \"%s\"", why, cases[i].why);
    }
}

static void
test_bounds(void)
{
    g_autofree char *field = g_strnfill(HTTP_MAX_HEAD, 'x');
    g_autofree char *long_head = g_strconcat("HTTP/1.0 200 OK\r\nX: ", field, "\r\n\r\nbody", NULL);
    g_autofree char *why = NULL, *why_large = NULL;
    g_assert_null(content_of(long_head, 100, &why));
    g_assert_nonnull(strstr(why, "no end"));
    g_assert_null(content_of("HTTP/1.0 200 OK\r\n\r\nbody", 3, &why_large));
    g_assert_nonnull(strstr(why_large, "too large"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tunnel/http/urls", test_urls);
    g_test_add_func("/tunnel/http/no-urls", test_no_urls);
    g_test_add_func("/tunnel/http/replies", test_replies);
    g_test_add_func("/tunnel/http/bad-replies", test_bad_replies);
    g_test_add_func("/tunnel/http/bounds", test_bounds);
    return g_test_run();
}
