/*
 * Gateways differ in whether a Child SA is rekeyed with a key exchange of its own, and the first
 * Child SA does not tell, since IKE_AUTH has none (RFC 7296, sections 1.2 and 1.3.1): what is
 * offered in CREATE_CHILD_SA, and the other way where that is refused.
 */
#include "ike/proc.h"

#include "crypto/algorithms.h"

static void
append(IkeProposalList *to, const IkeProposalList *from, uint16_t group)
{
    for (guint i = 0; i < ike_proposal_list_length(from); i++) {
        IkeProposal proposal = *ike_proposal_list_get(from, i);
        proposal.number = (uint8_t)(ike_proposal_list_length(to) + 1);
        if (group != KE_NONE && !ike_proposal_add_transform(&proposal, IKE_TRANSFORM_KE, group, 0))
            continue;
        ike_proposal_list_add(to, &proposal);
    }
}

/* Configured with key exchange: with it, behind that without additional ones, and behind that the
 * same without any; the other way is without only. Configured without: without; the other way is
 * with the IKE SA's. */
IkeProposalList *
child_offer_make(const IkeEngine *engine, const IkeSa *sa, const IkeProposalList *configured)
{
    IkeProposalList *offer = ike_proposal_list_new();
    bool with_ke = ike_proposal_list_first_ke(configured) != KE_NONE;
    g_autoptr(IkeProposalList) plain = ike_proposal_list_without_ke(configured);
    g_autoptr(IkeProposalList) single = ike_proposal_list_without_additional(configured);
    if (with_ke && !engine->other_offer)
        append(offer, configured, KE_NONE);
    if (with_ke && !engine->other_offer && ike_proposal_list_offers_additional(configured))
        append(offer, single, KE_NONE);
    if (with_ke || !engine->other_offer)
        append(offer, plain, KE_NONE);
    else
        append(offer, plain, sa->suite.ke);
    return offer;
}

bool
child_offer_other_way(IkeEngine *engine, uint16_t error)
{
    bool again = !engine->other_offer_tried &&
                 (error == IKE_NOTIFY_NO_PROPOSAL_CHOSEN || error == IKE_NOTIFY_INVALID_KE_PAYLOAD);
    engine->other_offer_tried = true;
    if (again)
        engine->other_offer = !engine->other_offer;
    return again;
}

void
child_offer_accepted(IkeEngine *engine)
{
    engine->other_offer_tried = false;
}
