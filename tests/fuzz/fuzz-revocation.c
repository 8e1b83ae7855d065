/* CRLs and OCSP responses: first as they come, which ends at the signature, then what they say as
 * if it were good. Compiled once for each. */
#include "crypto/revocation-private.h"
#include "fuzz.h"
#include "revocation-certificates.h"

#include <string.h>

static Certificate *
read_certificate(const char *pem)
{
    g_autoptr(GPtrArray) list = certificate_list_from_pem(pem, strlen(pem), NULL);
    FUZZ_CHECK(list != NULL);
    return certificate_ref(list->pdata[0]);
}

static void
check(RevocationVerdict *verdict)
{
    FUZZ_CHECK((verdict->why == NULL) == (verdict->status == REVOCATION_GOOD));
    FUZZ_CHECK(verdict->why == NULL || g_utf8_validate(verdict->why, -1, NULL));
    revocation_verdict_clear(verdict);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Certificate) gateway = read_certificate(revocation_gateway_pem);
    g_autoptr(Certificate) root = read_certificate(revocation_root_pem);
    g_autoptr(GBytes) octets = g_bytes_new(data, size);
    RevocationVerdict verdict = { 0 };
#ifdef FUZZ_CRL
    revocation_judge_crl(octets, gateway, root, REVOCATION_SEED_TIME, &verdict);
    check(&verdict);
    revocation_read_crl(octets, gateway, &verdict);
    check(&verdict);
#else
    revocation_judge_ocsp(octets, gateway, root, NULL, REVOCATION_SEED_TIME, &verdict);
    check(&verdict);
    revocation_read_ocsp(octets, gateway, root, NULL, REVOCATION_SEED_TIME, &verdict);
    check(&verdict);
#endif
    return 0;
}
