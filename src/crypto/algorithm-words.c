#include "crypto/algorithm-words.h"

#include <limits.h>
#include <string.h>

#include "crypto/algorithms.h"
#include "crypto/kex.h"

#define MAX_COMPARED 32 /* characters of a stranger's word that we look for neighbours of */
#define MAX_NEAR     3

/* What others call the same. */
static const struct {
    const char *word, *ours;
} aliases[] = {
    { "aes", "aes128" },
    { "aes128gcm", "aes128gcm16" },
    { "aes192gcm", "aes192gcm16" },
    { "aes256gcm", "aes256gcm16" },
    { "aes128gcm128", "aes128gcm16" },
    { "aes192gcm128", "aes192gcm16" },
    { "aes256gcm128", "aes256gcm16" },
    { "aes128gcm96", "aes128gcm12" },
    { "aes192gcm96", "aes192gcm12" },
    { "aes256gcm96", "aes256gcm12" },
    { "aes128gcm64", "aes128gcm8" },
    { "aes192gcm64", "aes192gcm8" },
    { "aes256gcm64", "aes256gcm8" },
    { "sha", "sha1" },
    { "sha2_256", "sha256" },
    { "sha2_384", "sha384" },
    { "sha2_512", "sha512" },
    { "curve25519", "x25519" },
    { "curve448", "x448" },
    { "modpnone", "nopfs" },
};

/* Beginnings of words that are known elsewhere and will not be or are not known here. */
static const struct {
    const char *beginning, *why;
} others[] = {
    { "3des", "is broken and never offered" },
    { "des", "is broken and never offered" },
    { "blowfish", "is broken and never offered" },
    { "cast128", "is broken and never offered" },
    { "null", "is no encryption and never offered" },
    { "md5", "is broken and never offered" },
    { "prfmd5", "is broken and never offered" },
    { "modp768", "is broken and never offered" },
    { "modp1024s160", "has no sound origin and is never offered" },
    { "modp2048s", "has no sound origin and is never offered" },
    { "aes128ccm", "is a mode that is not supported; aes128gcm16 is" },
    { "aes192ccm", "is a mode that is not supported; aes192gcm16 is" },
    { "aes256ccm", "is a mode that is not supported; aes256gcm16 is" },
    { "aes128ctr", "is a mode that is not supported; aes128gcm16 is" },
    { "aes192ctr", "is a mode that is not supported; aes192gcm16 is" },
    { "aes256ctr", "is a mode that is not supported; aes256gcm16 is" },
};

static bool
find(const char *word, AlgorithmWord *out)
{
    *out = (AlgorithmWord){ 0 };
    if (encr_from_string(word, &out->id, &out->key_bits))
        out->kind = ALGORITHM_ENCR;
    else if (prf_from_string(word, &out->id))
        out->kind = ALGORITHM_PRF;
    else if (integ_from_string(word, &out->id))
        out->kind = ALGORITHM_INTEG;
    else if (kex_from_string(word, &out->id))
        out->kind = ALGORITHM_KE;
    else if (strcmp(word, "nopfs") == 0)
        *out = (AlgorithmWord){ .kind = ALGORITHM_KE, .id = KE_NONE };
    else if (strcmp(word, "esn") == 0 || strcmp(word, "noesn") == 0)
        *out = (AlgorithmWord){ .kind = ALGORITHM_ESN, .id = word[0] == 'e' ? 1 : 0 };
    else
        return false;
    return true;
}

static const char *
resolve(const char *word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(aliases); i++)
        if (strcmp(aliases[i].word, word) == 0)
            return aliases[i].ours;
    return word;
}

/* The method's name in "ke1_mlkem768", else NULL. */
static const char *
additional_method(const char *word)
{
    bool is = strncmp(word, "ke", 2) == 0 && word[2] >= '1' &&
              word[2] <= '0' + ALGORITHM_MAX_ADDITIONAL && word[3] == '_';
    return is ? word + 4 : NULL;
}

/* Known by name, whether this build can do it or not. */
static bool
is_known(const char *word, AlgorithmWord *out)
{
    const char *method = additional_method(word);
    if (method == NULL)
        return find(resolve(word), out);
    if (strcmp(method, "none") == 0)
        *out = (AlgorithmWord){ .id = KE_NONE };
    else if (!find(resolve(method), out) || out->kind != ALGORITHM_KE || out->id == KE_NONE)
        return false;
    out->kind = ALGORITHM_ADDITIONAL_KE;
    out->number = (unsigned)(word[2] - '0');
    return true;
}

static bool
is_possible(const AlgorithmWord *word)
{
    bool exchange = word->kind == ALGORITHM_KE || word->kind == ALGORITHM_ADDITIONAL_KE;
    return !exchange || word->id == KE_NONE || kex_is_available(word->id);
}

bool
algorithm_from_word(const char *word, AlgorithmWord *out)
{
    AlgorithmWord found;
    if (!is_known(word, &found) || !is_possible(&found))
        return false;
    *out = found;
    return true;
}

/* --- What to say instead --- */

/* Characters to be changed, put in or taken out. */
static unsigned
distance(const char *a, const char *b)
{
    unsigned row[MAX_COMPARED + 1];
    size_t length_a = strlen(a), length_b = strlen(b);
    if (length_a > MAX_COMPARED || length_b > MAX_COMPARED)
        return UINT_MAX;
    for (size_t j = 0; j <= length_b; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= length_a; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= length_b; j++) {
            unsigned changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = MIN(changed, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[length_b];
}

typedef struct {
    const char *words[MAX_NEAR];
    unsigned distances[MAX_NEAR];
} Neighbours;

/* Sorted by distance; those of the same in the order of their tables. */
static void
consider(Neighbours *near, const char *word, const char *candidate)
{
    unsigned own = distance(word, candidate);
    if (own > MAX(2, strlen(word) / 3))
        return;
    for (size_t i = 0; i < MAX_NEAR; i++) {
        if (near->words[i] != NULL && near->distances[i] <= own)
            continue;
        for (size_t k = MAX_NEAR - 1; k > i; k--) {
            near->words[k] = near->words[k - 1];
            near->distances[k] = near->distances[k - 1];
        }
        near->words[i] = candidate;
        near->distances[i] = own;
        return;
    }
}

static char *
near_to(const char *word, const char *prefix)
{
    static const char *const more[] = { "esn", "noesn", "nopfs" };
    Neighbours near = { 0 };
    for (unsigned i = 0; algorithm_word_at(i) != NULL; i++)
        consider(&near, word, algorithm_word_at(i));
    for (size_t i = 0; i < G_N_ELEMENTS(more); i++)
        consider(&near, word, more[i]);
    GString *text = g_string_new("is no algorithm that is known here");
    for (size_t i = 0; i < MAX_NEAR && near.words[i] != NULL; i++)
        g_string_append_printf(text, "%s%s%s", i == 0 ? "; near to it: " : ", ", prefix,
                               near.words[i]);
    return g_string_free(text, FALSE);
}

char *
algorithm_word_explain(const char *word)
{
    AlgorithmWord found;
    const char *method = additional_method(word);
    if (is_known(word, &found) && !is_possible(&found))
        return g_strdup("is not in this build, which found no library for it (ML-KEM needs "
                        "libcrypto 3.5)");
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        if (g_str_has_prefix(word, others[i].beginning))
            return g_strdup(others[i].why);
    g_autofree char *lower = g_ascii_strdown(word, -1);
    if (strcmp(lower, word) != 0 && is_known(lower, &found))
        return g_strdup_printf("is written %s", lower);
    if (method == NULL)
        return near_to(lower, "");
    g_autofree char *prefix = g_strndup(word, 4);
    return near_to(lower + 4, prefix);
}
