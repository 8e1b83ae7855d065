#include "ike/proposal.h"

#include "crypto/algorithms.h"

static void
test_default_order(void)
{
    g_autoptr(IkeProposalList) ike = ike_proposal_list_default(IKE_PROTOCOL_IKE);
    g_autoptr(IkeProposalList) esp = ike_proposal_list_default(IKE_PROTOCOL_ESP);
    guint last = ike_proposal_list_length(ike) - 1;
    g_assert_true(encr_is_combined(ike_proposal_list_get(ike, 0)->transforms[0].id));
    g_assert_true(encr_is_combined(ike_proposal_list_get(ike, last - 1)->transforms[0].id));
    g_assert_false(encr_is_combined(ike_proposal_list_get(ike, last)->transforms[0].id));
    g_assert_cmpuint(ike_proposal_list_get(esp, 1)->number, ==, 2);
    g_assert_cmpuint(ike_proposal_list_first_ke(ike), ==, KE_CURVE25519);
    g_assert_true(ike_proposal_list_offers_ke(ike, KE_MODP_2048));
    g_assert_false(ike_proposal_list_offers_ke(esp, KE_NONE));
    g_assert_false(ike_proposal_list_offers_ke(ike, 2));
}

/* What the built-in lists hold is what crypto can do. */
static void
test_default_is_known(void)
{
    static const uint8_t protocols[] = { IKE_PROTOCOL_IKE, IKE_PROTOCOL_ESP };
    for (size_t p = 0; p < G_N_ELEMENTS(protocols); p++) {
        g_autoptr(IkeProposalList) list = ike_proposal_list_default(protocols[p]);
        for (guint i = 0; i < ike_proposal_list_length(list); i++) {
            const IkeProposal *proposal = ike_proposal_list_get(list, i);
            for (unsigned j = 0; j < proposal->n_transforms; j++) {
                const IkeTransform *transform = &proposal->transforms[j];
                if (transform->type == IKE_TRANSFORM_ENCR)
                    g_assert_true(encr_is_known(transform->id, transform->key_bits));
                if (transform->type == IKE_TRANSFORM_KE && transform->id != KE_NONE)
                    g_assert_cmpuint(kex_public_length(transform->id), >, 0);
                if (transform->type == IKE_TRANSFORM_PRF)
                    g_assert_cmpuint(prf_output_length(transform->id), >, 0);
                if (transform->type == IKE_TRANSFORM_INTEG)
                    g_assert_cmpuint(integ_icv_length(transform->id), >, 0);
            }
        }
    }
}

static void
test_with_spi(void)
{
    static const uint8_t spi[4] = { 0xa1, 0xb2, 0xc3, 0xd4 };
    g_autoptr(IkeProposalList) list = ike_proposal_list_default(IKE_PROTOCOL_ESP);
    g_autoptr(IkeProposalList) with = ike_proposal_list_with_spi(list, spi, sizeof spi);
    for (guint i = 0; i < ike_proposal_list_length(with); i++) {
        const IkeProposal *proposal = ike_proposal_list_get(with, i);
        g_assert_cmpmem(proposal->spi, proposal->spi_length, spi, sizeof spi);
    }
    g_assert_cmpuint(ike_proposal_list_get(list, 0)->spi_length, ==, 0);
}

static void
test_without_ke(void)
{
    g_autoptr(IkeProposalList) list = ike_proposal_list_default(IKE_PROTOCOL_ESP);
    g_autoptr(IkeProposalList) without = ike_proposal_list_without_ke(list);
    g_assert_cmpuint(ike_proposal_list_first_ke(list), !=, KE_NONE);
    for (guint i = 0; i < ike_proposal_list_length(without); i++) {
        const IkeProposal *proposal = ike_proposal_list_get(without, i);
        g_assert_cmpuint(proposal->n_transforms, >, 0);
        for (unsigned j = 0; j < proposal->n_transforms; j++)
            g_assert_cmpuint(proposal->transforms[j].type, !=, IKE_TRANSFORM_KE);
    }
}

static void
test_bounds(void)
{
    g_autoptr(IkeProposalList) list = ike_proposal_list_new();
    IkeProposal proposal = { .number = 1 };
    for (unsigned i = 0; i < IKE_MAX_TRANSFORMS; i++)
        g_assert_true(ike_proposal_add_transform(&proposal, IKE_TRANSFORM_KE, 1, 0));
    g_assert_false(ike_proposal_add_transform(&proposal, IKE_TRANSFORM_KE, 1, 0));
    for (unsigned i = 0; i < IKE_MAX_PROPOSALS; i++)
        g_assert_true(ike_proposal_list_add(list, &proposal));
    g_assert_false(ike_proposal_list_add(list, &proposal));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/proposal/combined-modes-first", test_default_order);
    g_test_add_func("/ike/proposal/offers-only-what-crypto-has", test_default_is_known);
    g_test_add_func("/ike/proposal/carries-an-spi", test_with_spi);
    g_test_add_func("/ike/proposal/leaves-out-key-exchanges", test_without_ke);
    g_test_add_func("/ike/proposal/is-bounded", test_bounds);
    return g_test_run();
}
