/* Revocation lists: whose word counts, for how long, and about whom (RFC 5280, sections 5, 6.3). */
#include "crypto/revocation.h"

#include "test-revocation.h"

#include <string.h>

#define POINT "http://crl.example/a.crl"

typedef struct {
    TestIdentity *root, *same_name, *gateway, *authority;
} Parties;

static Parties parties;

static void
make_parties(void)
{
    static const TestPkiSpec root = { .name = "Root", .authority = true };
    parties.root = test_identity_new(&root, NULL);
    parties.same_name = test_identity_new(&root, NULL);
    parties.gateway = test_identity_new(
        &(TestPkiSpec){ .name = "gw.example", .dns = "gw.example", .crl_urls = POINT },
        parties.root);
    parties.authority = test_identity_new(
        &(TestPkiSpec){ .name = "Middle", .authority = true, .crl_urls = POINT }, parties.root);
}

static void
free_parties(void)
{
    test_identity_free(parties.root);
    test_identity_free(parties.same_name);
    test_identity_free(parties.gateway);
    test_identity_free(parties.authority);
}

/* words: that why has; NULL: good. */
static void
judge_bytes(GBytes *crl, const TestIdentity *about, RevocationStatus status, const char *words)
{
    g_auto(RevocationVerdict) verdict = { 0 };
    revocation_judge_crl(crl, test_identity_certificate(about),
                         test_identity_certificate(parties.root), TEST_PKI_NOW, &verdict);
    if (verdict.status != status)
        g_error("%d, not %d: %s", verdict.status, status, verdict.why);
    g_assert_true((words == NULL) == (verdict.why == NULL));
    if (words != NULL && strstr(verdict.why, words) == NULL)
        g_error("\"%s\" does not say \"%s\"", verdict.why, words);
}

static void
judge(TestCrlSpec spec, const TestIdentity *about, RevocationStatus status, const char *words)
{
    spec.issuer = spec.issuer != NULL ? spec.issuer : parties.root;
    g_autoptr(GBytes) crl = test_crl(&spec);
    judge_bytes(crl, about, status, words);
}

static void
test_good(void)
{
    judge((TestCrlSpec){ 0 }, parties.gateway, REVOCATION_GOOD, NULL);
    judge((TestCrlSpec){ .fillers = 100, .revoked = parties.authority }, parties.gateway,
          REVOCATION_GOOD, NULL);
}

static void
test_until(void)
{
    g_auto(RevocationVerdict) verdict = { 0 };
    g_autoptr(GBytes) crl =
        test_crl(&(TestCrlSpec){ .issuer = parties.root, .next_update = TEST_PKI_NOW + 77 });
    revocation_judge_crl(crl, test_identity_certificate(parties.gateway),
                         test_identity_certificate(parties.root), TEST_PKI_NOW, &verdict);
    g_assert_cmpint(verdict.status, ==, REVOCATION_GOOD);
    g_assert_cmpint(verdict.until, ==, TEST_PKI_NOW + 77);
}

static void
test_revoked(void)
{
    g_auto(RevocationVerdict) verdict = { 0 };
    g_autoptr(GBytes) crl = test_crl(&(TestCrlSpec){
        .issuer = parties.root, .revoked = parties.gateway, .fillers = 10, .reason = 1 });
    revocation_judge_crl(crl, test_identity_certificate(parties.gateway),
                         test_identity_certificate(parties.root), TEST_PKI_NOW, &verdict);
    g_assert_cmpint(verdict.status, ==, REVOCATION_REVOKED);
    g_assert_cmpint(verdict.when, ==, TEST_PKI_NOW - 7200);
    g_assert_cmpstr(verdict.why, ==,
                    "the certificate of CN=gw.example was revoked by CN=Root on 2023-11-14 "
                    "20:13 UTC: its key was compromised");
    judge((TestCrlSpec){ .revoked = parties.gateway }, parties.gateway, REVOCATION_REVOKED,
          "20:13 UTC");
    judge((TestCrlSpec){ .revoked = parties.authority }, parties.authority, REVOCATION_REVOKED,
          "CN=Middle");
}

static void
test_signer(void)
{
    judge((TestCrlSpec){ .signer = parties.same_name }, parties.gateway, REVOCATION_UNKNOWN,
          "not signed by CN=Root");
    judge((TestCrlSpec){ .issuer = parties.authority }, parties.gateway, REVOCATION_UNKNOWN,
          "not signed by CN=Root");
    judge((TestCrlSpec){ .sha1 = true }, parties.gateway, REVOCATION_UNKNOWN, "or not well");
    /* Somebody else's revocation proves nothing either. */
    judge((TestCrlSpec){ .signer = parties.same_name, .revoked = parties.gateway }, parties.gateway,
          REVOCATION_UNKNOWN, "not signed");
}

/* An issuer whose key usage does not have cRLSign (RFC 5280, section 6.3.3 (f)). */
static void
test_may_not_sign(void)
{
    for (int i = 0; i < 2; i++) {
        unsigned usage = TEST_USAGE_CERT_SIGN | (i == 1 ? TEST_USAGE_CRL_SIGN : 0);
        g_autoptr(TestIdentity) root = test_identity_new(
            &(TestPkiSpec){ .name = "Root", .authority = true, .usage = usage }, NULL);
        g_autoptr(TestIdentity) gateway =
            test_identity_new(&(TestPkiSpec){ .name = "gw.example" }, root);
        g_auto(RevocationVerdict) verdict = { 0 };
        g_autoptr(GBytes) crl = test_crl(&(TestCrlSpec){ .issuer = root });
        revocation_judge_crl(crl, test_identity_certificate(gateway),
                             test_identity_certificate(root), TEST_PKI_NOW, &verdict);
        g_assert_cmpint(verdict.status, ==, i == 1 ? REVOCATION_GOOD : REVOCATION_UNKNOWN);
    }
}

static void
test_times(void)
{
    judge((TestCrlSpec){ .this_update = TEST_PKI_NOW - 7200, .next_update = TEST_PKI_NOW - 3600 },
          parties.gateway, REVOCATION_UNKNOWN, "was good until 2023-11-14 21:13 UTC");
    judge((TestCrlSpec){ .this_update = TEST_PKI_NOW + 3600, .next_update = TEST_PKI_NOW + 7200 },
          parties.gateway, REVOCATION_UNKNOWN, "only good from 2023-11-14 23:13 UTC");
    judge((TestCrlSpec){ .next_update = -1 }, parties.gateway, REVOCATION_UNKNOWN,
          "does not say how long");
    /* Clocks differ. */
    judge((TestCrlSpec){ .next_update = TEST_PKI_NOW - REVOCATION_CLOCK_SKEW }, parties.gateway,
          REVOCATION_GOOD, NULL);
    judge((TestCrlSpec){ .this_update = TEST_PKI_NOW + REVOCATION_CLOCK_SKEW }, parties.gateway,
          REVOCATION_GOOD, NULL);
}

static void
test_scope(void)
{
    static const char other[] = "http://crl.example/b.crl";
    const char *about = "about other certificates";
    judge((TestCrlSpec){ .point_url = POINT }, parties.gateway, REVOCATION_GOOD, NULL);
    judge((TestCrlSpec){ .point_url = other }, parties.gateway, REVOCATION_UNKNOWN, about);
    judge((TestCrlSpec){ .point_url = POINT, .point_users = true }, parties.gateway,
          REVOCATION_GOOD, NULL);
    judge((TestCrlSpec){ .point_users = true }, parties.authority, REVOCATION_UNKNOWN, about);
    judge((TestCrlSpec){ .point_authorities = true }, parties.gateway, REVOCATION_UNKNOWN, about);
    judge((TestCrlSpec){ .point_authorities = true }, parties.authority, REVOCATION_GOOD, NULL);
    judge((TestCrlSpec){ .point_some_reasons = true }, parties.gateway, REVOCATION_UNKNOWN, about);
    judge((TestCrlSpec){ .point_indirect = true }, parties.gateway, REVOCATION_UNKNOWN, about);
}

static void
test_extensions(void)
{
    judge((TestCrlSpec){ .delta = true }, parties.gateway, REVOCATION_UNKNOWN, "not be complete");
    judge((TestCrlSpec){ .critical_extension = true }, parties.gateway, REVOCATION_UNKNOWN,
          "critical");
    /* Also where the entry is about another certificate (RFC 5280, section 5.3). */
    judge((TestCrlSpec){ .revoked = parties.authority, .critical_entry = true }, parties.gateway,
          REVOCATION_UNKNOWN, "of no use");
}

static void
test_size(void)
{
    judge((TestCrlSpec){ .fillers = 2500, .revoked = parties.gateway }, parties.gateway,
          REVOCATION_REVOKED, "gw.example");
    judge((TestCrlSpec){ .fillers = 4000 }, parties.gateway, REVOCATION_UNKNOWN, "too large");
}

static void
test_damaged(void)
{
    g_autoptr(GBytes) crl = test_crl(&(TestCrlSpec){
        .issuer = parties.root, .revoked = parties.authority, .reason = 4, .point_url = POINT });
    gsize length;
    const uint8_t *octets = g_bytes_get_data(crl, &length);
    for (gsize i = 0; i < length; i++) {
        g_autoptr(GBytes) part = g_bytes_new_from_bytes(crl, 0, i);
        g_auto(RevocationVerdict) verdict = { 0 };
        revocation_judge_crl(part, test_identity_certificate(parties.gateway),
                             test_identity_certificate(parties.root), TEST_PKI_NOW, &verdict);
        g_assert_cmpint(verdict.status, ==, REVOCATION_UNKNOWN);
        g_autofree uint8_t *changed = g_memdup2(octets, length);
        changed[i] ^= 0x20;
        g_autoptr(GBytes) flipped = g_bytes_new(changed, length);
        revocation_verdict_clear(&verdict);
        revocation_judge_crl(flipped, test_identity_certificate(parties.authority),
                             test_identity_certificate(parties.root), TEST_PKI_NOW, &verdict);
        g_assert_cmpint(verdict.status, ==, REVOCATION_UNKNOWN);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    make_parties();
    g_test_add_func("/crypto/revocation-crl/good", test_good);
    g_test_add_func("/crypto/revocation-crl/until", test_until);
    g_test_add_func("/crypto/revocation-crl/revoked", test_revoked);
    g_test_add_func("/crypto/revocation-crl/signer", test_signer);
    g_test_add_func("/crypto/revocation-crl/may-not-sign", test_may_not_sign);
    g_test_add_func("/crypto/revocation-crl/times", test_times);
    g_test_add_func("/crypto/revocation-crl/scope", test_scope);
    g_test_add_func("/crypto/revocation-crl/extensions", test_extensions);
    g_test_add_func("/crypto/revocation-crl/size", test_size);
    g_test_add_func("/crypto/revocation-crl/damaged", test_damaged);
    int result = g_test_run();
    free_parties();
    return result;
}
