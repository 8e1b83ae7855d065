#include "ike/proposal.h"

#include <string.h>

#include "base/error.h"
#include "crypto/algorithms.h"

IkeProposalList *
ike_proposal_list_new(void)
{
    IkeProposalList *list = g_new0(IkeProposalList, 1);
    g_atomic_ref_count_init(&list->references);
    list->proposals = g_array_new(FALSE, FALSE, sizeof(IkeProposal));
    return list;
}

IkeProposalList *
ike_proposal_list_ref(IkeProposalList *list)
{
    g_atomic_ref_count_inc(&list->references);
    return list;
}

void
ike_proposal_list_unref(IkeProposalList *list)
{
    if (list == NULL || !g_atomic_ref_count_dec(&list->references))
        return;
    g_array_unref(list->proposals);
    g_free(list);
}

bool
ike_proposal_list_add(IkeProposalList *list, const IkeProposal *proposal)
{
    if (list->proposals->len >= IKE_MAX_PROPOSALS)
        return false;
    g_array_append_val(list->proposals, *proposal);
    return true;
}

guint
ike_proposal_list_length(const IkeProposalList *list)
{
    return list->proposals->len;
}

const IkeProposal *
ike_proposal_list_get(const IkeProposalList *list, guint index)
{
    return &g_array_index(list->proposals, IkeProposal, index);
}

bool
ike_proposal_add_transform(IkeProposal *proposal, uint8_t type, uint16_t id, uint16_t key_bits)
{
    if (proposal->n_transforms >= IKE_MAX_TRANSFORMS)
        return false;
    proposal->transforms[proposal->n_transforms++] =
        (IkeTransform){ .type = type, .id = id, .key_bits = key_bits };
    return true;
}

IkeProposalList *
ike_proposal_list_with_spi(const IkeProposalList *list, const void *spi, uint8_t spi_length)
{
    g_return_val_if_fail(spi_length <= IKE_MAX_SPI_LENGTH, NULL);
    IkeProposalList *out = ike_proposal_list_new();
    for (guint i = 0; i < list->proposals->len; i++) {
        IkeProposal proposal = *ike_proposal_list_get(list, i);
        memset(proposal.spi, 0, sizeof proposal.spi);
        if (spi_length > 0)
            memcpy(proposal.spi, spi, spi_length);
        proposal.spi_length = spi_length;
        ike_proposal_list_add(out, &proposal);
    }
    return out;
}

static bool
is_additional(const IkeTransform *transform)
{
    return transform->type >= IKE_TRANSFORM_ADDKE_1 && transform->type <= IKE_TRANSFORM_ADDKE_7;
}

static bool
is_key_exchange(const IkeTransform *transform)
{
    return transform->type == IKE_TRANSFORM_KE || is_additional(transform);
}

/* What is left of a list when some transforms are taken out of each proposal. */
static IkeProposalList *
without(const IkeProposalList *list, bool (*goes)(const IkeTransform *))
{
    IkeProposalList *out = ike_proposal_list_new();
    for (guint i = 0; i < list->proposals->len; i++) {
        const IkeProposal *from = ike_proposal_list_get(list, i);
        IkeProposal proposal = *from;
        proposal.n_transforms = 0;
        for (unsigned j = 0; j < from->n_transforms; j++)
            if (!goes(&from->transforms[j]))
                proposal.transforms[proposal.n_transforms++] = from->transforms[j];
        ike_proposal_list_add(out, &proposal);
    }
    return out;
}

IkeProposalList *
ike_proposal_list_without_ke(const IkeProposalList *list)
{
    return without(list, is_key_exchange);
}

IkeProposalList *
ike_proposal_list_without_additional(const IkeProposalList *list)
{
    return without(list, is_additional);
}

uint16_t
ike_proposal_list_first_ke(const IkeProposalList *list)
{
    for (guint i = 0; i < list->proposals->len; i++) {
        const IkeProposal *proposal = ike_proposal_list_get(list, i);
        for (unsigned j = 0; j < proposal->n_transforms; j++)
            if (proposal->transforms[j].type == IKE_TRANSFORM_KE &&
                proposal->transforms[j].id != KE_NONE)
                return proposal->transforms[j].id;
    }
    return KE_NONE;
}

bool
ike_proposal_list_offers_ke(const IkeProposalList *list, uint16_t group)
{
    for (guint i = 0; i < list->proposals->len; i++) {
        const IkeProposal *proposal = ike_proposal_list_get(list, i);
        for (unsigned j = 0; j < proposal->n_transforms; j++)
            if (proposal->transforms[j].type == IKE_TRANSFORM_KE &&
                proposal->transforms[j].id == group && group != KE_NONE)
                return true;
    }
    return false;
}

bool
ike_proposal_list_offers_additional(const IkeProposalList *list)
{
    for (guint i = 0; i < list->proposals->len; i++) {
        const IkeProposal *proposal = ike_proposal_list_get(list, i);
        for (unsigned j = 0; j < proposal->n_transforms; j++)
            if (is_additional(&proposal->transforms[j]) && proposal->transforms[j].id != KE_NONE)
                return true;
    }
    return false;
}

static const char *
transform_to_string(const IkeTransform *transform)
{
    switch (transform->type) {
    case IKE_TRANSFORM_ENCR:
        return encr_to_string(transform->id, transform->key_bits);
    case IKE_TRANSFORM_PRF:
        return prf_to_string(transform->id);
    case IKE_TRANSFORM_INTEG:
        return transform->id != INTEG_NONE ? integ_to_string(transform->id) : NULL;
    case IKE_TRANSFORM_KE:
        return transform->id != KE_NONE ? kex_to_string(transform->id) : "nopfs";
    case IKE_TRANSFORM_ESN:
        return transform->id == 0 ? "noesn" : "esn";
    default:
        if (!is_additional(transform))
            return NULL;
        return transform->id != KE_NONE ? kex_to_string(transform->id) : "none";
    }
}

/* Both choices are what a word without either means. */
static bool
has_both_esn(const IkeProposal *proposal)
{
    unsigned n = 0;
    for (unsigned i = 0; i < proposal->n_transforms; i++)
        n += proposal->transforms[i].type == IKE_TRANSFORM_ESN ? 1 : 0;
    return n > 1;
}

static void
append_proposal(GString *text, const IkeProposal *proposal)
{
    bool skip_esn = has_both_esn(proposal);
    const char *separator = text->len > 0 ? " " : "";
    for (unsigned i = 0; i < proposal->n_transforms; i++) {
        const IkeTransform *transform = &proposal->transforms[i];
        const char *word = transform_to_string(transform);
        if (word == NULL || (skip_esn && transform->type == IKE_TRANSFORM_ESN))
            continue;
        g_string_append(text, separator);
        if (transform->type >= IKE_TRANSFORM_ADDKE_1)
            g_string_append_printf(text, "ke%u_", transform->type - IKE_TRANSFORM_ADDKE_1 + 1);
        g_string_append(text, word);
        separator = "-";
    }
}

char *
ike_proposal_list_to_string(const IkeProposalList *list)
{
    GString *text = g_string_new("");
    for (guint i = 0; i < list->proposals->len; i++)
        append_proposal(text, ike_proposal_list_get(list, i));
    return g_string_free(text, FALSE);
}
