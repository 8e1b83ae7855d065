/* OCSP responses: whose word counts, for how long, and about whom (RFC 6960). */
#include "crypto/revocation.h"

#include "test-revocation.h"

#include <gnutls/ocsp.h>
#include <string.h>

#define OCSP_SIGNING "1.3.6.1.5.5.7.3.9"
#define ANY_PURPOSE  "2.5.29.37.0"
#define NONCE        "sixteen octets.."

static TestIdentity *root, *same_name, *gateway, *other, *delegate;

static TestIdentity *
new_delegate(const TestPkiSpec *spec, const TestIdentity *issuer)
{
    TestPkiSpec full = *spec;
    full.name = "Responder";
    return test_identity_new(&full, issuer);
}

static void
make_parties(void)
{
    static const TestPkiSpec root_spec = { .name = "Root", .authority = true };
    root = test_identity_new(&root_spec, NULL);
    same_name = test_identity_new(&root_spec, NULL);
    gateway = test_identity_new(&(TestPkiSpec){ .name = "gw.example" }, root);
    other = test_identity_new(&(TestPkiSpec){ .name = "other.example" }, root);
    delegate = new_delegate(&(TestPkiSpec){ .purposes = OCSP_SIGNING }, root);
}

static void
judge_with(TestOcspSpec spec, GBytes *nonce, RevocationStatus status, const char *words)
{
    g_auto(RevocationVerdict) verdict = { 0 };
    spec.issuer = spec.issuer != NULL ? spec.issuer : root;
    spec.about = spec.about != NULL ? spec.about : gateway;
    g_autoptr(GBytes) response = test_ocsp(&spec);
    revocation_judge_ocsp(response, test_identity_certificate(gateway),
                          test_identity_certificate(root), nonce, TEST_PKI_NOW, &verdict);
    if (verdict.status != status)
        g_error("%d, not %d: %s", verdict.status, status, verdict.why);
    g_assert_true((words == NULL) == (verdict.why == NULL));
    if (words != NULL && strstr(verdict.why, words) == NULL)
        g_error("\"%s\" does not say \"%s\"", verdict.why, words);
}

static void
judge(TestOcspSpec spec, RevocationStatus status, const char *words)
{
    judge_with(spec, NULL, status, words);
}

static void
test_good(void)
{
    judge((TestOcspSpec){ 0 }, REVOCATION_GOOD, NULL);
    judge((TestOcspSpec){ .sha256 = true }, REVOCATION_GOOD, NULL);
    judge((TestOcspSpec){ .by_name = true, .others = 3 }, REVOCATION_GOOD, NULL);
    judge((TestOcspSpec){ .embedded = root }, REVOCATION_GOOD, NULL);
}

static void
test_revoked(void)
{
    g_auto(RevocationVerdict) verdict = { 0 };
    g_autoptr(GBytes) response = test_ocsp(&(TestOcspSpec){
        .issuer = root, .about = gateway, .status = TEST_OCSP_REVOKED, .reason = 4 });
    revocation_judge_ocsp(response, test_identity_certificate(gateway),
                          test_identity_certificate(root), NULL, TEST_PKI_NOW, &verdict);
    g_assert_cmpint(verdict.status, ==, REVOCATION_REVOKED);
    g_assert_cmpint(verdict.when, ==, TEST_PKI_NOW - 7200);
    g_assert_cmpstr(verdict.why, ==,
                    "the certificate of CN=gw.example was revoked by CN=Root on 2023-11-14 "
                    "20:13 UTC: it was superseded");
}

static void
test_unknown(void)
{
    judge((TestOcspSpec){ .status = TEST_OCSP_UNKNOWN }, REVOCATION_UNKNOWN, "does not know");
    judge((TestOcspSpec){ .error = 3 }, REVOCATION_UNKNOWN, "error 3");
}

static void
test_about_others(void)
{
    const char *nothing = "says nothing about";
    judge((TestOcspSpec){ .about = other }, REVOCATION_UNKNOWN, nothing);
    judge((TestOcspSpec){ .about = other, .status = TEST_OCSP_REVOKED }, REVOCATION_UNKNOWN,
          nothing);
    judge((TestOcspSpec){ .wrong_key_hash = true }, REVOCATION_UNKNOWN, nothing);
    judge((TestOcspSpec){ .wrong_key_hash = true, .sha256 = true }, REVOCATION_UNKNOWN, nothing);
    judge((TestOcspSpec){ .others = REVOCATION_MAX_SINGLES }, REVOCATION_UNKNOWN, nothing);
}

static void
test_delegate(void)
{
    judge((TestOcspSpec){ .signer = delegate, .embedded = delegate }, REVOCATION_GOOD, NULL);
    judge((TestOcspSpec){ .signer = delegate,
                          .embedded = delegate,
                          .by_name = true,
                          .status = TEST_OCSP_REVOKED },
          REVOCATION_REVOKED, "gw.example");
}

/* Whom the issuer did not appoint (RFC 6960, section 4.2.2.2). */
static void
test_unauthorised(void)
{
    const char *not = "does not speak for CN=Root";
    g_autoptr(TestIdentity) plain = new_delegate(&(TestPkiSpec){ 0 }, root);
    g_autoptr(TestIdentity) any = new_delegate(&(TestPkiSpec){ .purposes = ANY_PURPOSE }, root);
    g_autoptr(TestIdentity) stranger =
        new_delegate(&(TestPkiSpec){ .purposes = OCSP_SIGNING }, same_name);
    g_autoptr(TestIdentity) middle =
        test_identity_new(&(TestPkiSpec){ .name = "Middle", .authority = true }, root);
    g_autoptr(TestIdentity) grandchild =
        new_delegate(&(TestPkiSpec){ .purposes = OCSP_SIGNING }, middle);
    g_autoptr(TestIdentity) past = new_delegate(
        &(TestPkiSpec){ .purposes = OCSP_SIGNING, .not_after = TEST_PKI_NOW - 1 }, root);
    const TestIdentity *signers[] = { plain, any, stranger, grandchild, past, gateway, same_name };
    for (size_t i = 0; i < G_N_ELEMENTS(signers); i++) {
        judge((TestOcspSpec){ .signer = signers[i], .embedded = signers[i] }, REVOCATION_UNKNOWN,
              not );
        judge((TestOcspSpec){ .signer = signers[i],
                              .embedded = signers[i],
                              .by_name = true,
                              .status = TEST_OCSP_REVOKED },
              REVOCATION_UNKNOWN, not );
        judge((TestOcspSpec){ .signer = signers[i] }, REVOCATION_UNKNOWN, not );
    }
    judge((TestOcspSpec){ .sha1 = true }, REVOCATION_UNKNOWN, not );
    judge((TestOcspSpec){ .sha1 = true, .signer = delegate, .embedded = delegate },
          REVOCATION_UNKNOWN, not );
    /* A good delegate's certificate, and another key's signature. */
    judge((TestOcspSpec){ .signer = gateway, .embedded = delegate }, REVOCATION_UNKNOWN, not );
}

static void
test_times(void)
{
    judge((TestOcspSpec){ .this_update = TEST_PKI_NOW - 7200, .next_update = TEST_PKI_NOW - 3600 },
          REVOCATION_UNKNOWN, "was good until 2023-11-14 21:13 UTC");
    judge((TestOcspSpec){ .this_update = TEST_PKI_NOW + 3600, .next_update = TEST_PKI_NOW + 7200 },
          REVOCATION_UNKNOWN, "only good from");
    judge((TestOcspSpec){ .next_update = -1 }, REVOCATION_GOOD, NULL);
    judge(
        (TestOcspSpec){ .this_update = TEST_PKI_NOW - REVOCATION_MAX_AGE - 600, .next_update = -1 },
        REVOCATION_UNKNOWN, "was good until");
}

static void
test_nonce(void)
{
    g_autoptr(GBytes) ours = g_bytes_new_static(NONCE, strlen(NONCE));
    g_autoptr(GBytes) theirs = g_bytes_new_static("another.........", 16);
    judge_with((TestOcspSpec){ .nonce = ours }, ours, REVOCATION_GOOD, NULL);
    judge_with((TestOcspSpec){ .nonce = theirs }, ours, REVOCATION_UNKNOWN, "another question");
    judge_with((TestOcspSpec){ 0 }, ours, REVOCATION_GOOD, NULL);
    judge_with((TestOcspSpec){ .nonce = theirs }, NULL, REVOCATION_GOOD, NULL);
}

static void
test_critical(void)
{
    judge((TestOcspSpec){ .critical_extension = true }, REVOCATION_UNKNOWN, "critical");
}

/* What we ask is what the library reads: about this certificate, with our nonce. */
static void
test_request(void)
{
    g_autoptr(GBytes) nonce = g_bytes_new_static(NONCE, strlen(NONCE));
    g_autoptr(GBytes) with = revocation_ocsp_request(test_identity_certificate(gateway),
                                                     test_identity_certificate(root), nonce);
    g_autoptr(GBytes) without = revocation_ocsp_request(test_identity_certificate(gateway),
                                                        test_identity_certificate(root), NULL);
    GBytes *requests[] = { with, without };
    for (int i = 0; i < 2; i++) {
        gnutls_ocsp_req_t read;
        gnutls_datum_t found = { 0 };
        gsize length;
        gnutls_datum_t datum = { (void *)g_bytes_get_data(requests[i], &length), 0 };
        datum.size = (unsigned)length;
        gnutls_ocsp_req_init(&read);
        g_assert_cmpint(gnutls_ocsp_req_import(read, &datum), ==, 0);
        int rc = gnutls_ocsp_req_get_nonce(read, NULL, &found);
        g_assert_true((rc >= 0) == (i == 0));
        if (i == 0)
            g_assert_cmpmem(found.data, found.size, NONCE, strlen(NONCE));
        gnutls_free(found.data);
        gnutls_ocsp_req_deinit(read);
    }
}

static void
test_damaged(void)
{
    g_autoptr(GBytes) response = test_ocsp(&(TestOcspSpec){ .issuer = root,
                                                            .about = gateway,
                                                            .signer = delegate,
                                                            .embedded = delegate,
                                                            .status = TEST_OCSP_REVOKED });
    gsize length;
    const uint8_t *octets = g_bytes_get_data(response, &length);
    for (gsize i = 0; i < length; i++) {
        g_autoptr(GBytes) part = g_bytes_new_from_bytes(response, 0, i);
        g_auto(RevocationVerdict) verdict = { 0 };
        revocation_judge_ocsp(part, test_identity_certificate(gateway),
                              test_identity_certificate(root), NULL, TEST_PKI_NOW, &verdict);
        g_assert_cmpint(verdict.status, ==, REVOCATION_UNKNOWN);
        g_autofree uint8_t *changed = g_memdup2(octets, length);
        changed[i] ^= 0x20;
        g_autoptr(GBytes) flipped = g_bytes_new(changed, length);
        revocation_verdict_clear(&verdict);
        revocation_judge_ocsp(flipped, test_identity_certificate(gateway),
                              test_identity_certificate(root), NULL, TEST_PKI_NOW, &verdict);
        g_assert_cmpint(verdict.status, !=, REVOCATION_GOOD);
    }
}

static void
test_size(void)
{
    g_autofree uint8_t *octets = g_malloc0(REVOCATION_MAX_LENGTH + 1);
    g_autoptr(GBytes) large = g_bytes_new(octets, REVOCATION_MAX_LENGTH + 1);
    g_auto(RevocationVerdict) verdict = { 0 };
    revocation_judge_ocsp(large, test_identity_certificate(gateway),
                          test_identity_certificate(root), NULL, TEST_PKI_NOW, &verdict);
    g_assert_cmpint(verdict.status, ==, REVOCATION_UNKNOWN);
    g_assert_nonnull(strstr(verdict.why, "too large"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    make_parties();
    g_test_add_func("/crypto/revocation-ocsp/good", test_good);
    g_test_add_func("/crypto/revocation-ocsp/revoked", test_revoked);
    g_test_add_func("/crypto/revocation-ocsp/unknown", test_unknown);
    g_test_add_func("/crypto/revocation-ocsp/about-others", test_about_others);
    g_test_add_func("/crypto/revocation-ocsp/delegate", test_delegate);
    g_test_add_func("/crypto/revocation-ocsp/unauthorised", test_unauthorised);
    g_test_add_func("/crypto/revocation-ocsp/times", test_times);
    g_test_add_func("/crypto/revocation-ocsp/nonce", test_nonce);
    g_test_add_func("/crypto/revocation-ocsp/critical", test_critical);
    g_test_add_func("/crypto/revocation-ocsp/request", test_request);
    g_test_add_func("/crypto/revocation-ocsp/damaged", test_damaged);
    g_test_add_func("/crypto/revocation-ocsp/size", test_size);
    int result = g_test_run();
    TestIdentity *all[] = { root, same_name, gateway, other, delegate };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        test_identity_free(all[i]);
    return result;
}
