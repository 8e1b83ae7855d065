#include "profile/profile-proposals.h"

#include "base/error.h"
#include "crypto/algorithm-words.h"
#include "crypto/algorithms.h"

#include <string.h>

#define MAX_WORDS 31

typedef struct {
    unsigned combined, plain, integ, prf, kex, additional, esp_only;
} Kinds;

static bool
count_word(const char *word, Kinds *kinds)
{
    AlgorithmWord found;
    if (!algorithm_from_word(word, &found))
        return false;
    switch (found.kind) {
    case ALGORITHM_ENCR:
        kinds->combined += encr_is_combined(found.id);
        kinds->plain += !encr_is_combined(found.id);
        break;
    case ALGORITHM_PRF:
        kinds->prf++;
        break;
    case ALGORITHM_INTEG:
        kinds->integ++;
        break;
    case ALGORITHM_KE:
        kinds->kex += found.id != KE_NONE;
        kinds->esp_only += found.id == KE_NONE;
        break;
    case ALGORITHM_ESN:
        kinds->esp_only++;
        break;
    case ALGORITHM_ADDITIONAL_KE:
        kinds->additional++;
        break;
    }
    return true;
}

/* RFC 7296, section 3.3.3; RFC 5282, section 8. */
static const char *
find_fault(const Kinds *kinds, bool ike)
{
    if (kinds->combined + kinds->plain == 0)
        return "has no cipher, such as aes256gcm16";
    if (kinds->combined > 0 && kinds->plain > 0)
        return "mixes ciphers that check integrity themselves with those that do not";
    if (kinds->plain > 0 && kinds->integ == 0)
        return "has no integrity algorithm, such as sha256";
    if (kinds->combined > 0 && kinds->integ > 0)
        return "has an integrity algorithm although its cipher needs none (prfsha256 is the PRF)";
    if (ike && kinds->kex == 0)
        return "has no key exchange, such as x25519";
    if (kinds->additional > 0 && kinds->kex == 0)
        return "has additional key exchanges, but none that they add to";
    if (ike && kinds->esp_only > 0)
        return "has esn, noesn or nopfs, which IKE does not know";
    if (!ike && kinds->prf > 0)
        return "has a PRF, which ESP does not know";
    return NULL;
}

bool
profile_proposal_check(const char *text, bool ike, char **why)
{
    Kinds kinds = { 0 };
    g_auto(GStrv) words = g_strsplit(text, "-", -1);
    if (g_strv_length(words) > MAX_WORDS) {
        *why = g_strdup("has too many algorithms");
        return false;
    }
    for (int i = 0; words[i] != NULL; i++) {
        if (count_word(words[i], &kinds))
            continue;
        g_autofree char *quoted = error_quote(words[i], strlen(words[i]), 40);
        g_autofree char *reason = algorithm_word_explain(words[i]);
        *why = g_strdup_printf("has \"%s\", which %s", quoted, reason);
        return false;
    }
    const char *fault = find_fault(&kinds, ike);
    *why = g_strdup(fault);
    return fault == NULL;
}
