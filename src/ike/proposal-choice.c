/*
 * Choosing among proposals, and judging what the other side chose (RFC 7296, sections 2.7 and
 * 3.3.6).
 */
#include <string.h>

#include "base/error.h"
#include "crypto/algorithms.h"
#include "ike/proposal.h"

/* Every type that we know is negotiated: ENCR to ESN, ADDKE1 to ADDKE7. */
#define FIRST_TYPE IKE_TRANSFORM_ENCR
#define LAST_TYPE  IKE_TRANSFORM_ADDKE_7

static unsigned
count_type(const IkeProposal *proposal, uint8_t type)
{
    unsigned n = 0;
    for (unsigned i = 0; i < proposal->n_transforms; i++)
        n += proposal->transforms[i].type == type ? 1 : 0;
    return n;
}

static bool
has_transform(const IkeProposal *proposal, const IkeTransform *wanted)
{
    for (unsigned i = 0; i < proposal->n_transforms; i++) {
        const IkeTransform *have = &proposal->transforms[i];
        if (have->type == wanted->type && have->id == wanted->id &&
            have->key_bits == wanted->key_bits && !have->unusable && !wanted->unusable)
            return true;
    }
    return false;
}

static bool
has_id(const IkeProposal *proposal, uint8_t type, uint16_t id)
{
    return has_transform(proposal, &(IkeTransform){ .type = type, .id = id });
}

static bool
is_additional(uint8_t type)
{
    return type >= IKE_TRANSFORM_ADDKE_1 && type <= IKE_TRANSFORM_ADDKE_7;
}

/* NONE and the type's absence mean the same (RFC 7296, sections 3.3.2 and 3.3.3). */
static bool
may_be_absent(const IkeProposal *proposal, uint8_t type)
{
    bool optional = type == IKE_TRANSFORM_INTEG || type == IKE_TRANSFORM_KE || is_additional(type);
    return optional && (count_type(proposal, type) == 0 || has_id(proposal, type, 0));
}

static bool
is_negotiated(uint8_t type)
{
    return type >= FIRST_TYPE && type <= LAST_TYPE;
}

static void
suite_set(IkeSuite *suite, const IkeTransform *transform)
{
    switch (transform->type) {
    case IKE_TRANSFORM_ENCR:
        suite->encr = transform->id;
        suite->key_bits = transform->key_bits;
        break;
    case IKE_TRANSFORM_PRF:
        suite->prf = transform->id;
        break;
    case IKE_TRANSFORM_INTEG:
        suite->integ = transform->id;
        break;
    case IKE_TRANSFORM_KE:
        suite->ke = transform->id;
        break;
    case IKE_TRANSFORM_ESN:
        suite->esn = transform->id == 1;
        break;
    default:
        if (is_additional(transform->type))
            suite->addke[transform->type - IKE_TRANSFORM_ADDKE_1] = transform->id;
        break;
    }
}

unsigned
ike_suite_additional(const IkeSuite *suite, uint16_t groups[IKE_MAX_ADDITIONAL])
{
    unsigned n = 0;
    for (unsigned i = 0; i < IKE_MAX_ADDITIONAL; i++)
        if (suite->addke[i] != KE_NONE)
            groups[n++] = suite->addke[i];
    return n;
}

/* One method once only, and nothing additional to nothing (RFC 9370, section 2.2.2). */
static bool
additional_are_consistent(const IkeSuite *suite)
{
    uint16_t groups[IKE_MAX_ADDITIONAL];
    unsigned n = ike_suite_additional(suite, groups);
    for (unsigned i = 0; i < n; i++) {
        if (groups[i] == suite->ke)
            return false;
        for (unsigned j = 0; j < i; j++)
            if (groups[i] == groups[j])
                return false;
    }
    return n == 0 || suite->ke != KE_NONE;
}

static void
suite_begin(IkeSuite *suite, const IkeProposal *proposal)
{
    *suite = (IkeSuite){ .number = proposal->number,
                         .protocol = proposal->protocol,
                         .spi_length = proposal->spi_length };
    memcpy(suite->spi, proposal->spi, proposal->spi_length);
}

/* A choice must make sense as a whole, whatever was offered. */
static bool
suite_is_consistent(const IkeSuite *suite)
{
    if (suite->encr == 0 || encr_is_combined(suite->encr) != (suite->integ == INTEG_NONE))
        return false;
    if (!additional_are_consistent(suite))
        return false;
    return suite->protocol != IKE_PROTOCOL_IKE || (suite->prf != 0 && suite->ke != KE_NONE);
}

static bool
refuse(GError **error, const char *why)
{
    g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "the chosen proposal %s", why);
    return false;
}

static const IkeProposal *
find_offered(const IkeProposalList *offered, const IkeProposal *chosen)
{
    for (guint i = 0; i < ike_proposal_list_length(offered); i++) {
        const IkeProposal *proposal = ike_proposal_list_get(offered, i);
        if (proposal->number == chosen->number && proposal->protocol == chosen->protocol &&
            proposal->spi_length == chosen->spi_length)
            return proposal;
    }
    return NULL;
}

static bool
spi_is_zero(const IkeProposal *proposal)
{
    static const uint8_t zero[IKE_MAX_SPI_LENGTH] = { 0 };
    return proposal->spi_length > 0 && memcmp(proposal->spi, zero, proposal->spi_length) == 0;
}

static bool
check_transforms(const IkeProposal *ours, const IkeProposal *chosen, GError **error)
{
    for (unsigned i = 0; i < chosen->n_transforms; i++) {
        const IkeTransform *transform = &chosen->transforms[i];
        if (count_type(chosen, transform->type) > 1)
            return refuse(error, "has two transforms of one type");
        bool none = transform->id == 0 && may_be_absent(ours, transform->type);
        if (!none && !has_transform(ours, transform))
            return refuse(error, "has a transform that was not offered");
    }
    for (uint8_t type = FIRST_TYPE; type <= LAST_TYPE; type++)
        if (count_type(chosen, type) == 0 && count_type(ours, type) > 0 &&
            !may_be_absent(ours, type))
            return refuse(error, "lacks a transform of a type that was offered");
    return true;
}

bool
ike_proposal_list_accept(const IkeProposalList *offered, const IkeProposalList *answer,
                         IkeSuite *suite, GError **error)
{
    if (ike_proposal_list_length(answer) != 1)
        return refuse(error, "is not exactly one");
    const IkeProposal *chosen = ike_proposal_list_get(answer, 0);
    const IkeProposal *ours = find_offered(offered, chosen);
    if (ours == NULL)
        return refuse(error, "has a number, protocol or SPI size that was not offered");
    if (spi_is_zero(chosen))
        return refuse(error, "has an SPI of zero");
    if (!check_transforms(ours, chosen, error))
        return false;
    suite_begin(suite, chosen);
    for (unsigned i = 0; i < chosen->n_transforms; i++)
        suite_set(suite, &chosen->transforms[i]);
    if (!suite_is_consistent(suite))
        return refuse(error, "is no usable combination");
    return true;
}

/* --- The responder's side --- */

static bool
is_taken(const IkeSuite *suite, uint16_t group)
{
    bool taken = group == suite->ke;
    for (unsigned i = 0; i < IKE_MAX_ADDITIONAL; i++)
        taken = taken || suite->addke[i] == group;
    return taken && group != KE_NONE;
}

static bool
choose_type(const IkeProposal *ours, const IkeProposal *theirs, uint8_t type, uint16_t preferred,
            IkeSuite *suite)
{
    const IkeTransform wanted = { .type = type, .id = preferred };
    if (preferred != 0 && has_transform(ours, &wanted) && has_transform(theirs, &wanted)) {
        suite_set(suite, &wanted);
        return true;
    }
    for (unsigned i = 0; i < ours->n_transforms; i++) {
        const IkeTransform *transform = &ours->transforms[i];
        if (transform->type == type && has_transform(theirs, transform) &&
            !(is_additional(type) && is_taken(suite, transform->id))) {
            suite_set(suite, transform);
            return true;
        }
    }
    if (count_type(ours, type) == 0 && count_type(theirs, type) == 0)
        return true;
    return may_be_absent(ours, type) && may_be_absent(theirs, type);
}

static bool
choose(const IkeProposal *ours, const IkeProposal *theirs, uint16_t preferred_ke, IkeSuite *suite)
{
    if (ours->protocol != theirs->protocol || spi_is_zero(theirs))
        return false;
    for (unsigned i = 0; i < theirs->n_transforms; i++)
        if (!is_negotiated(theirs->transforms[i].type))
            return false;
    suite_begin(suite, theirs);
    for (uint8_t type = FIRST_TYPE; type <= LAST_TYPE; type++) {
        if (!choose_type(ours, theirs, type, type == IKE_TRANSFORM_KE ? preferred_ke : 0, suite))
            return false;
    }
    return suite_is_consistent(suite);
}

bool
ike_proposal_list_select(const IkeProposalList *ours, const IkeProposalList *offered,
                         uint16_t preferred_ke, IkeSuite *suite)
{
    for (guint i = 0; i < ike_proposal_list_length(offered); i++)
        for (guint j = 0; j < ike_proposal_list_length(ours); j++)
            if (choose(ike_proposal_list_get(ours, j), ike_proposal_list_get(offered, i),
                       preferred_ke, suite))
                return true;
    return false;
}

IkeProposalList *
ike_suite_to_answer(const IkeSuite *suite, const void *spi, uint8_t spi_length)
{
    g_return_val_if_fail(spi_length <= IKE_MAX_SPI_LENGTH, NULL);
    IkeProposal proposal = { .number = suite->number,
                             .protocol = suite->protocol,
                             .spi_length = spi_length };
    if (spi_length > 0)
        memcpy(proposal.spi, spi, spi_length);
    ike_proposal_add_transform(&proposal, IKE_TRANSFORM_ENCR, suite->encr, suite->key_bits);
    if (suite->prf != 0)
        ike_proposal_add_transform(&proposal, IKE_TRANSFORM_PRF, suite->prf, 0);
    if (suite->integ != INTEG_NONE)
        ike_proposal_add_transform(&proposal, IKE_TRANSFORM_INTEG, suite->integ, 0);
    if (suite->ke != KE_NONE)
        ike_proposal_add_transform(&proposal, IKE_TRANSFORM_KE, suite->ke, 0);
    if (suite->protocol == IKE_PROTOCOL_ESP)
        ike_proposal_add_transform(&proposal, IKE_TRANSFORM_ESN, suite->esn ? 1 : 0, 0);
    for (unsigned i = 0; i < IKE_MAX_ADDITIONAL; i++)
        if (suite->addke[i] != KE_NONE)
            ike_proposal_add_transform(&proposal, (uint8_t)(IKE_TRANSFORM_ADDKE_1 + i),
                                       suite->addke[i], 0);
    IkeProposalList *list = ike_proposal_list_new();
    ike_proposal_list_add(list, &proposal);
    return list;
}

static void
append_word(GString *text, const char *word)
{
    if (word != NULL)
        g_string_append_printf(text, "%s%s", text->len > 0 ? "-" : "", word);
}

char *
ike_suite_to_string(const IkeSuite *suite)
{
    GString *text = g_string_new("");
    append_word(text, encr_to_string(suite->encr, suite->key_bits));
    if (suite->integ != INTEG_NONE)
        append_word(text, integ_to_string(suite->integ));
    if (suite->prf != 0)
        append_word(text, prf_to_string(suite->prf));
    if (suite->ke != KE_NONE)
        append_word(text, kex_to_string(suite->ke));
    for (unsigned i = 0; i < IKE_MAX_ADDITIONAL; i++)
        if (suite->addke[i] != KE_NONE && kex_to_string(suite->addke[i]) != NULL)
            g_string_append_printf(text, "-ke%u_%s", i + 1, kex_to_string(suite->addke[i]));
    if (suite->esn)
        append_word(text, "esn");
    return g_string_free(text, FALSE);
}
