/* The words of a profile's [proposals]. */
#include "fuzz.h"
#include "ike/proposal.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t protocols[] = { IKE_PROTOCOL_IKE, IKE_PROTOCOL_ESP };
    g_autofree char *words = g_strndup((const char *)data, size);
    for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(IkeProposalList) list = ike_proposal_list_from_words(words, protocols[i], &error);
        FUZZ_CHECK((list == NULL) == (error != NULL));
        if (list == NULL)
            continue;
        /* What is shown means the same again. */
        g_autofree char *shown = ike_proposal_list_to_string(list);
        g_autoptr(IkeProposalList) again = ike_proposal_list_from_words(shown, protocols[i], NULL);
        FUZZ_CHECK(again != NULL);
        g_autofree char *shown_again = ike_proposal_list_to_string(again);
        FUZZ_CHECK(g_str_equal(shown, shown_again));
    }
    return 0;
}
