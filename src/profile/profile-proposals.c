#include "profile/profile-proposals.h"

#include "base/error.h"
#include "crypto/algorithms.h"

#include <string.h>

#define MAX_WORDS 15

typedef struct {
    unsigned combined, plain, integ, prf, kex, additional;
} Kinds;

/* "ke1_mlkem768" (RFC 9370) */
static bool
is_additional(const char *word)
{
    uint16_t id;
    return strncmp(word, "ke", 2) == 0 && word[2] >= '1' && word[2] <= '7' && word[3] == '_' &&
           (strcmp(word + 4, "none") == 0 || kex_from_string(word + 4, &id));
}

static bool
count_word(const char *word, Kinds *kinds)
{
    uint16_t id, key_bits;
    if (encr_from_string(word, &id, &key_bits)) {
        if (encr_is_combined(id))
            kinds->combined++;
        else
            kinds->plain++;
        return true;
    }
    if (integ_from_string(word, &id))
        kinds->integ++;
    else if (prf_from_string(word, &id))
        kinds->prf++;
    else if (is_additional(word))
        kinds->additional++;
    else if (kex_from_string(word, &id))
        kinds->kex++;
    else
        return false;
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
        *why = g_strdup_printf("has \"%s\", which is no algorithm that is known here", quoted);
        return false;
    }
    const char *fault = find_fault(&kinds, ike);
    *why = g_strdup(fault);
    return fault == NULL;
}
