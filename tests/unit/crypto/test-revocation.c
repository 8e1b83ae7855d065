/* Where a certificate wants to be asked about. */
#include "crypto/revocation.h"

#include "test-pki.h"

#include <string.h>

static void
test_urls(void)
{
    g_autoptr(TestIdentity) gateway = test_identity_new(
        &(TestPkiSpec){ .name = "gw.example",
                        .crl_urls = "ldap://x.example/cn=a http://crl.example/a.crl "
                                    "https://crl.example/b.crl HTTP://crl.example:8080/c.crl "
                                    "http://crl.example/too-many.crl",
                        .ocsp_urls = "https://ocsp.example/ http://ocsp.example" },
        NULL);
    const Certificate *certificate = test_identity_certificate(gateway);
    g_autoptr(GPtrArray) crl = revocation_crl_urls(certificate);
    g_autoptr(GPtrArray) ocsp = revocation_ocsp_urls(certificate);
    g_assert_cmpuint(crl->len, ==, REVOCATION_MAX_URLS);
    g_assert_cmpstr(crl->pdata[0], ==, "http://crl.example/a.crl");
    g_assert_cmpstr(crl->pdata[1], ==, "HTTP://crl.example:8080/c.crl");
    g_assert_cmpuint(ocsp->len, ==, 1);
    g_assert_cmpstr(ocsp->pdata[0], ==, "http://ocsp.example");
}

static void
test_no_urls(void)
{
    g_autofree char *path = g_strnfill(REVOCATION_MAX_URL, 'a');
    g_autofree char *long_url = g_strconcat("http://crl.example/", path, NULL);
    g_autofree char *urls = g_strconcat(long_url, " http:// https://crl.example/", NULL);
    g_autoptr(TestIdentity) plain = test_identity_new(&(TestPkiSpec){ .name = "plain" }, NULL);
    g_autoptr(TestIdentity) odd = test_identity_new(
        &(TestPkiSpec){ .name = "odd", .crl_urls = urls, .ocsp_urls = urls }, NULL);
    const TestIdentity *both[] = { plain, odd };
    for (size_t i = 0; i < 2; i++) {
        g_autoptr(GPtrArray) crl = revocation_crl_urls(test_identity_certificate(both[i]));
        g_autoptr(GPtrArray) ocsp = revocation_ocsp_urls(test_identity_certificate(both[i]));
        g_assert_cmpuint(crl->len, ==, 0);
        g_assert_cmpuint(ocsp->len, ==, 0);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crypto/revocation/urls", test_urls);
    g_test_add_func("/crypto/revocation/no-urls", test_no_urls);
    return g_test_run();
}
