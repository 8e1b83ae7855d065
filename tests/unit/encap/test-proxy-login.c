/* What an HTTP proxy wants, and the answers that the RFCs print. */
#include "encap/proxy-login.h"

#include <string.h>

static char *
answer(const char *challenge_text, const ProxyLogin *login)
{
    g_auto(ProxyChallenge) challenge = { 0 };
    proxy_challenge_parse(challenge_text, &challenge);
    g_autoptr(Secret) value = proxy_challenge_answer(&challenge, login);
    return value != NULL ? g_strndup((const char *)secret_data(value), secret_length(value)) : NULL;
}

/* RFC 7616, section 3.9.1. */
static void
test_published_digest(void)
{
#define NONCE "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define ASKED(algorithm)                                                                           \
    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=" algorithm         \
    ", nonce=\"" NONCE "\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
    g_autoptr(Secret) password = secret_new("Circle of Life", 14);
    ProxyLogin login = { "Mufasa", password, "GET", "/dir/index.html",
                         "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" };
    g_autofree char *md5 = answer(ASKED("MD5"), &login);
    g_assert_nonnull(strstr(md5, "response=\"8ca523f5e9506fed4657c9700eebdbec\""));
    g_autofree char *sha = answer(ASKED("SHA-256"), &login);
    g_assert_nonnull(strstr(
        sha, "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
    /* Both are there: the stronger one, whichever comes first. */
    g_autofree char *both = answer(ASKED("SHA-256") ", " ASKED("MD5"), &login);
    g_assert_cmpstr(both, ==, sha);
    g_autofree char *other = answer(ASKED("MD5") ", " ASKED("SHA-256"), &login);
    g_assert_cmpstr(other, ==, sha);
}

/* Without qop, as RFC 2069 had it (its section 2.4, with the response that its errata have). */
static void
test_digest_without_quality(void)
{
    g_autoptr(Secret) password = secret_new("CircleOfLife", 12);
    ProxyLogin login = { "Mufasa", password, "GET", "/dir/index.html", "c" };
    g_autofree char *text = answer("Digest realm=\"testrealm@host.com\", "
                                   "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
                                   "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
                                   &login);
    g_assert_nonnull(strstr(text, "response=\"1949323746fe6a43ef61f9606e7febea\""));
    g_assert_null(strstr(text, "cnonce"));
}

static void
test_schemes(void)
{
    static const struct {
        const char *text;
        ProxyLoginScheme scheme;
        const char *realm;
    } rows[] = {
        { "", PROXY_LOGIN_NONE, "" },
        { "Basic realm=\"a \\\"b\\\" c\"", PROXY_LOGIN_BASIC, "a \"b\" c" },
        { "basic  realm = x , charset=\"UTF-8\"", PROXY_LOGIN_BASIC, "x" },
        { "Negotiate, NTLM, Basic realm=\"y\"", PROXY_LOGIN_BASIC, "y" },
        { "Negotiate YII=, Basic realm=\"y\"", PROXY_LOGIN_BASIC, "y" },
        { "Digest realm=\"d\"", PROXY_LOGIN_NONE, "" }, /* no nonce */
        { "Digest realm=\"d\", nonce=\"n\"", PROXY_LOGIN_DIGEST, "d" },
        { "Digest realm=\"d\", nonce=\"n\", qop=\"auth-int\", Basic realm=\"b\"", PROXY_LOGIN_BASIC,
          "b" },
        { "Digest realm=\"d\", nonce=\"n\", algorithm=SHA-512-256, Basic realm=\"b\"",
          PROXY_LOGIN_BASIC, "b" },
        { "Digest realm=\"d\", nonce=\"n\", algorithm=MD5-sess", PROXY_LOGIN_NONE, "" },
        { "Basic realm=\"unfinished", PROXY_LOGIN_BASIC, "unfinished" },
        { ",,, \t;;= \"\" Basic", PROXY_LOGIN_BASIC, "" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(ProxyChallenge) challenge = { 0 };
        g_test_message("%s", rows[i].text);
        proxy_challenge_parse(rows[i].text, &challenge);
        g_assert_cmpint(challenge.scheme, ==, rows[i].scheme);
        g_assert_cmpstr(challenge.realm, ==, rows[i].realm);
    }
}

/* What the proxy says comes back within quotes. */
static void
test_quoted(void)
{
    g_autoptr(Secret) password = secret_new("x", 1);
    ProxyLogin login = { "te\"ss", password, "CONNECT", "h:1", "c" };
    g_autofree char *text = answer("Digest realm=\"a\\\"b\", nonce=\"n\\\\\"", &login);
    g_assert_true(g_str_has_prefix(
        text, "Digest username=\"te\\\"ss\", realm=\"a\\\"b\", nonce=\"n\\\\\", uri=\"h:1\""));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encap/proxy-login/published-digest", test_published_digest);
    g_test_add_func("/encap/proxy-login/digest-without-quality", test_digest_without_quality);
    g_test_add_func("/encap/proxy-login/schemes", test_schemes);
    g_test_add_func("/encap/proxy-login/quoted", test_quoted);
    return g_test_run();
}
