/*
 * What is proposed where the profile says nothing, so that what is sound and common today agrees at
 * the first try (RFC 8221; RFC 8247); and what old gateways need.
 */
#include "crypto/algorithms.h"
#include "crypto/kex.h"
#include "ike/proposal.h"

static const IkeTransform combined_ciphers[] = {
    { .type = IKE_TRANSFORM_ENCR, .id = ENCR_AES_GCM_16, .key_bits = 256 },
    { .type = IKE_TRANSFORM_ENCR, .id = ENCR_AES_GCM_16, .key_bits = 128 },
    { .type = IKE_TRANSFORM_ENCR, .id = ENCR_CHACHA20_POLY1305 },
};
static const IkeTransform cbc_ciphers[] = {
    { .type = IKE_TRANSFORM_ENCR, .id = ENCR_AES_CBC, .key_bits = 256 },
    { .type = IKE_TRANSFORM_ENCR, .id = ENCR_AES_CBC, .key_bits = 128 },
};
static const IkeTransform integrity[] = {
    { .type = IKE_TRANSFORM_INTEG, .id = INTEG_HMAC_SHA2_256_128 },
    { .type = IKE_TRANSFORM_INTEG, .id = INTEG_HMAC_SHA2_384_192 },
    { .type = IKE_TRANSFORM_INTEG, .id = INTEG_HMAC_SHA2_512_256 },
};
static const IkeTransform prfs[] = {
    { .type = IKE_TRANSFORM_PRF, .id = PRF_HMAC_SHA2_384 },
    { .type = IKE_TRANSFORM_PRF, .id = PRF_HMAC_SHA2_256 },
    { .type = IKE_TRANSFORM_PRF, .id = PRF_HMAC_SHA2_512 },
};
static const IkeTransform groups[] = {
    { .type = IKE_TRANSFORM_KE, .id = KE_CURVE25519 },
    { .type = IKE_TRANSFORM_KE, .id = KE_ECP_256 },
    { .type = IKE_TRANSFORM_KE, .id = KE_ECP_384 },
    { .type = IKE_TRANSFORM_KE, .id = KE_ECP_521 },
    { .type = IKE_TRANSFORM_KE, .id = KE_MODP_3072 },
    { .type = IKE_TRANSFORM_KE, .id = KE_MODP_4096 },
    { .type = IKE_TRANSFORM_KE, .id = KE_MODP_2048 },
};
/* A proposal of its own, since who does not know ADDKE has to pass it over (RFC 9370, section
 * 2.2.1). */
static const IkeTransform hybrid_groups[] = {
    { .type = IKE_TRANSFORM_KE, .id = KE_CURVE25519 },
    { .type = IKE_TRANSFORM_KE, .id = KE_ECP_384 },
    { .type = IKE_TRANSFORM_KE, .id = KE_ECP_256 },
    { .type = IKE_TRANSFORM_ADDKE_1, .id = KE_MLKEM_768 },
    { .type = IKE_TRANSFORM_ADDKE_1, .id = KE_MLKEM_1024 },
};
/* Most gateways rekey Child SAs without a key exchange of their own: that is the last choice. */
static const IkeTransform no_group = { .type = IKE_TRANSFORM_KE, .id = KE_NONE };
static const IkeTransform esn[] = {
    { .type = IKE_TRANSFORM_ESN, .id = 1 },
    { .type = IKE_TRANSFORM_ESN, .id = 0 },
};
static const IkeTransform old_integrity[] = {
    { .type = IKE_TRANSFORM_INTEG, .id = INTEG_HMAC_SHA2_256_128 },
    { .type = IKE_TRANSFORM_INTEG, .id = INTEG_HMAC_SHA2_384_192 },
    { .type = IKE_TRANSFORM_INTEG, .id = INTEG_HMAC_SHA1_96 },
};
static const IkeTransform old_prfs[] = {
    { .type = IKE_TRANSFORM_PRF, .id = PRF_HMAC_SHA2_256 },
    { .type = IKE_TRANSFORM_PRF, .id = PRF_HMAC_SHA2_384 },
    { .type = IKE_TRANSFORM_PRF, .id = PRF_HMAC_SHA1 },
};
static const IkeTransform old_groups[] = {
    { .type = IKE_TRANSFORM_KE, .id = KE_MODP_2048 },
    { .type = IKE_TRANSFORM_KE, .id = KE_MODP_1536 },
    { .type = IKE_TRANSFORM_KE, .id = KE_MODP_1024 },
};

static void
add(IkeProposal *proposal, const IkeTransform *transforms, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ike_proposal_add_transform(proposal, transforms[i].type, transforms[i].id,
                                   transforms[i].key_bits);
}

#define ADD(proposal, transforms) add(proposal, transforms, G_N_ELEMENTS(transforms))

static IkeProposal
begin(const IkeProposalList *list, uint8_t protocol)
{
    return (IkeProposal){ .number = (uint8_t)(ike_proposal_list_length(list) + 1),
                          .protocol = protocol };
}

static void
end(IkeProposalList *list, IkeProposal *proposal)
{
    if (proposal->protocol == IKE_PROTOCOL_ESP) {
        add(proposal, &no_group, 1);
        ADD(proposal, esn);
    }
    ike_proposal_list_add(list, proposal);
}

/* The secret that is agreed on here is what those of the Child SAs come from. */
static void
add_hybrid(IkeProposalList *list)
{
    IkeProposal proposal = begin(list, IKE_PROTOCOL_IKE);
    ADD(&proposal, combined_ciphers);
    ADD(&proposal, prfs);
    ADD(&proposal, hybrid_groups);
    end(list, &proposal);
}

IkeProposalList *
ike_proposal_list_default(uint8_t protocol)
{
    bool ike = protocol == IKE_PROTOCOL_IKE;
    IkeProposalList *list = ike_proposal_list_new();
    if (ike && kex_is_available(KE_MLKEM_768) && kex_is_available(KE_MLKEM_1024))
        add_hybrid(list);
    IkeProposal combined = begin(list, protocol);
    ADD(&combined, combined_ciphers);
    if (ike)
        ADD(&combined, prfs);
    ADD(&combined, groups);
    end(list, &combined);
    IkeProposal cbc = begin(list, protocol);
    ADD(&cbc, cbc_ciphers);
    ADD(&cbc, integrity);
    if (ike)
        ADD(&cbc, prfs);
    ADD(&cbc, groups);
    end(list, &cbc);
    return list;
}

bool
ike_proposal_list_add_legacy(IkeProposalList *list, uint8_t protocol)
{
    IkeProposal proposal = begin(list, protocol);
    if (ike_proposal_list_length(list) >= IKE_MAX_PROPOSALS)
        return false;
    ADD(&proposal, cbc_ciphers);
    ADD(&proposal, old_integrity);
    if (protocol == IKE_PROTOCOL_IKE)
        ADD(&proposal, old_prfs);
    ADD(&proposal, old_groups);
    end(list, &proposal);
    return true;
}
