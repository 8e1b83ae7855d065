/*
 * Proposals from the words of a profile: "aes256gcm16-prfsha384-x25519".
 */
#include <string.h>

#include "base/error.h"
#include "crypto/algorithm-words.h"
#include "crypto/algorithms.h"
#include "ike/proposal.h"

#define MAX_SHOWN 64 /* characters of a foreign word in a message */

static bool G_GNUC_PRINTF(3, 4) refuse(GError **error, const char *word, const char *format, ...)
{
    g_autofree char *quoted = error_quote(word, strlen(word), MAX_SHOWN);
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "proposal \"%s\": %s", quoted, why);
    return false;
}

static const IkeTransform *
first_of_type(const IkeProposal *proposal, uint8_t type)
{
    for (unsigned i = 0; i < proposal->n_transforms; i++)
        if (proposal->transforms[i].type == type)
            return &proposal->transforms[i];
    return NULL;
}

static bool
transform_from_word(const char *word, IkeTransform *out)
{
    static const uint8_t types[] = {
        [ALGORITHM_ENCR] = IKE_TRANSFORM_ENCR,   [ALGORITHM_PRF] = IKE_TRANSFORM_PRF,
        [ALGORITHM_INTEG] = IKE_TRANSFORM_INTEG, [ALGORITHM_KE] = IKE_TRANSFORM_KE,
        [ALGORITHM_ESN] = IKE_TRANSFORM_ESN,     [ALGORITHM_ADDITIONAL_KE] = IKE_TRANSFORM_ADDKE_1,
    };
    AlgorithmWord found;
    if (!algorithm_from_word(word, &found))
        return false;
    *out = (IkeTransform){ .type = types[found.kind], .id = found.id, .key_bits = found.key_bits };
    if (found.kind == ALGORITHM_ADDITIONAL_KE)
        out->type = (uint8_t)(out->type + found.number - 1);
    return true;
}

static bool
fits_protocol(const IkeTransform *transform, uint8_t protocol)
{
    if (protocol == IKE_PROTOCOL_IKE)
        return transform->type != IKE_TRANSFORM_ESN &&
               (transform->type != IKE_TRANSFORM_KE || transform->id != KE_NONE);
    return transform->type != IKE_TRANSFORM_PRF;
}

static bool
has_already(const IkeProposal *proposal, const IkeTransform *wanted)
{
    for (unsigned i = 0; i < proposal->n_transforms; i++) {
        const IkeTransform *have = &proposal->transforms[i];
        if (have->type == wanted->type && have->id == wanted->id &&
            have->key_bits == wanted->key_bits)
            return true;
    }
    return false;
}

static bool
refuse_word(GError **error, const char *text, const char *word)
{
    g_autofree char *quoted = error_quote(word, strlen(word), MAX_SHOWN);
    g_autofree char *why = algorithm_word_explain(word);
    return refuse(error, text, "\"%s\" %s", quoted, why);
}

static bool
add_words(IkeProposal *proposal, const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, "-", IKE_MAX_TRANSFORMS + 1);
    if (g_strv_length(words) > IKE_MAX_TRANSFORMS / 2)
        return refuse(error, text, "too many algorithms");
    for (size_t i = 0; words[i] != NULL; i++) {
        IkeTransform transform;
        g_autofree char *quoted = error_quote(words[i], strlen(words[i]), MAX_SHOWN);
        if (!transform_from_word(words[i], &transform))
            return refuse_word(error, text, words[i]);
        if (!fits_protocol(&transform, proposal->protocol))
            return refuse(error, text, "\"%s\" has no meaning for %s", quoted,
                          proposal->protocol == IKE_PROTOCOL_IKE ? "IKE" : "ESP");
        if (!has_already(proposal, &transform))
            ike_proposal_add_transform(proposal, transform.type, transform.id, transform.key_bits);
    }
    return true;
}

static bool
check_ciphers(const IkeProposal *proposal, const char *text, GError **error)
{
    unsigned n_combined = 0, n_plain = 0;
    for (unsigned i = 0; i < proposal->n_transforms; i++) {
        if (proposal->transforms[i].type != IKE_TRANSFORM_ENCR)
            continue;
        if (encr_is_combined(proposal->transforms[i].id))
            n_combined++;
        else
            n_plain++;
    }
    const IkeTransform *integ = first_of_type(proposal, IKE_TRANSFORM_INTEG);
    if (n_combined + n_plain == 0)
        return refuse(error, text, "no cipher");
    if (n_combined > 0 && n_plain > 0)
        return refuse(error, text,
                      "ciphers that check integrity themselves and those that do not "
                      "belong in two proposals");
    if (n_plain > 0 && integ == NULL)
        return refuse(error, text, "no integrity algorithm, such as sha256");
    if (n_combined > 0 && integ != NULL)
        return refuse(error, text,
                      "\"%s\": the cipher checks integrity itself; for the PRF write prf%s",
                      integ_to_string(integ->id), integ_to_string(integ->id));
    return true;
}

static uint16_t
prf_for_integ(const IkeTransform *integ)
{
    if (integ == NULL)
        return PRF_HMAC_SHA2_256;
    switch (integ->id) {
    case INTEG_HMAC_SHA1_96:
        return PRF_HMAC_SHA1;
    case INTEG_HMAC_SHA2_384_192:
        return PRF_HMAC_SHA2_384;
    case INTEG_HMAC_SHA2_512_256:
        return PRF_HMAC_SHA2_512;
    default:
        return PRF_HMAC_SHA2_256;
    }
}

static bool
complete(IkeProposal *proposal, const char *text, GError **error)
{
    bool ike = proposal->protocol == IKE_PROTOCOL_IKE;
    if (ike && first_of_type(proposal, IKE_TRANSFORM_KE) == NULL)
        return refuse(error, text, "no key exchange, such as x25519");
    for (uint8_t type = IKE_TRANSFORM_ADDKE_1; type <= IKE_TRANSFORM_ADDKE_7; type++) {
        if (first_of_type(proposal, type) != NULL &&
            first_of_type(proposal, IKE_TRANSFORM_KE) == NULL)
            return refuse(error, text, "additional key exchanges, but none that they add to");
    }
    if (ike && first_of_type(proposal, IKE_TRANSFORM_PRF) == NULL) {
        const IkeTransform *integ = first_of_type(proposal, IKE_TRANSFORM_INTEG);
        ike_proposal_add_transform(proposal, IKE_TRANSFORM_PRF, prf_for_integ(integ), 0);
    }
    if (!ike && first_of_type(proposal, IKE_TRANSFORM_ESN) == NULL) {
        ike_proposal_add_transform(proposal, IKE_TRANSFORM_ESN, 1, 0);
        ike_proposal_add_transform(proposal, IKE_TRANSFORM_ESN, 0, 0);
    }
    return true;
}

static bool
add_from_text(IkeProposalList *list, const char *text, uint8_t protocol, GError **error)
{
    IkeProposal proposal = { .number = (uint8_t)(ike_proposal_list_length(list) + 1),
                             .protocol = protocol };
    if (!add_words(&proposal, text, error) || !check_ciphers(&proposal, text, error) ||
        !complete(&proposal, text, error))
        return false;
    if (!ike_proposal_list_add(list, &proposal))
        return refuse(error, text, "more than %d proposals", IKE_MAX_PROPOSALS);
    return true;
}

IkeProposalList *
ike_proposal_list_from_words(const char *words, uint8_t protocol, GError **error)
{
    g_autoptr(IkeProposalList) list = ike_proposal_list_new();
    g_auto(GStrv) texts = g_strsplit_set(words, " ,;\t\n", -1);
    for (size_t i = 0; texts[i] != NULL; i++)
        if (texts[i][0] != '\0' && !add_from_text(list, texts[i], protocol, error))
            return NULL;
    if (ike_proposal_list_length(list) == 0) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "no proposal");
        return NULL;
    }
    return g_steal_pointer(&list);
}
