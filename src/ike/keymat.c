#include "ike/keymat.h"

#include <string.h>

#include "crypto/algorithms.h"
#include "crypto/prf.h"

void
ike_keys_clear(IkeKeys *keys)
{
    Secret **all[] = { &keys->d, &keys->ai, &keys->ar, &keys->ei, &keys->er, &keys->pi, &keys->pr };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        g_clear_pointer(all[i], secret_unref);
}

void
child_keys_clear(ChildKeys *keys)
{
    g_clear_pointer(&keys->encr_i, secret_unref);
    g_clear_pointer(&keys->integ_i, secret_unref);
    g_clear_pointer(&keys->encr_r, secret_unref);
    g_clear_pointer(&keys->integ_r, secret_unref);
}

static bool
suite_is_usable(const IkeSuite *suite)
{
    if (!encr_is_known(suite->encr, suite->key_bits))
        return false;
    return encr_is_combined(suite->encr) || integ_key_length(suite->integ) > 0;
}

/* The next length octets of material; NULL where the suite has no such key. */
static Secret *
take(const Secret *material, size_t *offset, size_t length)
{
    if (length == 0)
        return NULL;
    Secret *part = secret_new_part(material, *offset, length);
    *offset += length;
    return part;
}

/* {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr) */
static bool
keys_expand(const IkeSuite *suite, const Secret *skeyseed, const IkeKeySeed *seed, IkeKeys *keys)
{
    const uint64_t spis[2] = { GUINT64_TO_BE(seed->spi_i), GUINT64_TO_BE(seed->spi_r) };
    Chunk input[] = { chunk_bytes(seed->nonce_i), chunk_bytes(seed->nonce_r),
                      chunk(spis, sizeof spis) };
    size_t prf_key = prf_key_length(suite->prf);
    size_t encr_key = encr_key_length(suite->encr, suite->key_bits);
    size_t integ_key = encr_is_combined(suite->encr) ? 0 : integ_key_length(suite->integ);
    size_t length = 3 * prf_key + 2 * integ_key + 2 * encr_key;
    g_autoptr(Secret) material = prf_plus(suite->prf, skeyseed, input, G_N_ELEMENTS(input), length);
    size_t offset = 0;
    keys->d = take(material, &offset, prf_key);
    keys->ai = take(material, &offset, integ_key);
    keys->ar = take(material, &offset, integ_key);
    keys->ei = take(material, &offset, encr_key);
    keys->er = take(material, &offset, encr_key);
    keys->pi = take(material, &offset, prf_key);
    keys->pr = take(material, &offset, prf_key);
    return true;
}

bool
ike_keys_derive(const IkeSuite *suite, const Secret *shared, const IkeKeySeed *seed, IkeKeys *keys)
{
    if (!suite_is_usable(suite) || prf_output_length(suite->prf) == 0)
        return false;
    size_t length_i = g_bytes_get_size(seed->nonce_i);
    size_t length_r = g_bytes_get_size(seed->nonce_r);
    uint8_t *nonces;
    g_autoptr(Secret) key = secret_new_blank(length_i + length_r, &nonces);
    memcpy(nonces, g_bytes_get_data(seed->nonce_i, NULL), length_i);
    memcpy(nonces + length_i, g_bytes_get_data(seed->nonce_r, NULL), length_r);
    Chunk input = chunk_secret(shared);
    g_autoptr(Secret) skeyseed = prf_compute(suite->prf, key, &input, 1);
    return keys_expand(suite, skeyseed, seed, keys);
}

bool
ike_keys_derive_resumed(const IkeSuite *suite, const Secret *old_sk_d, const IkeKeySeed *seed,
                        IkeKeys *keys)
{
    Chunk input[] = { chunk("Resumption", 10), chunk_bytes(seed->nonce_i),
                      chunk_bytes(seed->nonce_r) };
    if (!suite_is_usable(suite) || prf_output_length(suite->prf) == 0)
        return false;
    g_autoptr(Secret) skeyseed = prf_compute(suite->prf, old_sk_d, input, G_N_ELEMENTS(input));
    return keys_expand(suite, skeyseed, seed, keys);
}

#define MAX_INPUTS (3 + IKE_MAX_ADDITIONAL)

/* SK(0) | Ni | Nr | SK(1) | ... | SK(n) */
static size_t
gather(const Secret *shared, const IkeKeySeed *seed, const GPtrArray *additional, Chunk *out)
{
    size_t n = 0;
    if (shared != NULL)
        out[n++] = chunk_secret(shared);
    out[n++] = chunk_bytes(seed->nonce_i);
    out[n++] = chunk_bytes(seed->nonce_r);
    for (guint i = 0; additional != NULL && i < additional->len && n < MAX_INPUTS; i++)
        out[n++] = chunk_secret(g_ptr_array_index(additional, i));
    return n;
}

bool
ike_keys_derive_rekeyed(const IkeSuite *suite, uint16_t old_prf, const Secret *old_sk_d,
                        const Secret *shared, const IkeKeySeed *seed, IkeKeys *keys)
{
    if (!suite_is_usable(suite) || prf_output_length(suite->prf) == 0 ||
        prf_output_length(old_prf) == 0)
        return false;
    Chunk input[MAX_INPUTS];
    size_t n = gather(shared, seed, seed->additional, input);
    g_autoptr(Secret) skeyseed = prf_compute(old_prf, old_sk_d, input, n);
    return keys_expand(suite, skeyseed, seed, keys);
}

bool
child_keys_derive(const IkeSuite *child, uint16_t prf, const Secret *sk_d, const Secret *shared,
                  GBytes *nonce_i, GBytes *nonce_r, ChildKeys *keys)
{
    IkeKeySeed nonces = { .nonce_i = nonce_i, .nonce_r = nonce_r };
    return child_keys_derive_chain(child, prf, sk_d, shared, NULL, &nonces, keys);
}

bool
child_keys_derive_chain(const IkeSuite *child, uint16_t prf, const Secret *sk_d,
                        const Secret *shared, const GPtrArray *additional, const IkeKeySeed *nonces,
                        ChildKeys *keys)
{
    if (!suite_is_usable(child) || prf_output_length(prf) == 0)
        return false;
    Chunk input[MAX_INPUTS];
    size_t n = gather(shared, nonces, additional, input);
    size_t encr_key = encr_key_length(child->encr, child->key_bits);
    size_t integ_key = encr_is_combined(child->encr) ? 0 : integ_key_length(child->integ);
    /* All keys of the SA from initiator to responder come first, encryption before integrity. */
    g_autoptr(Secret) material = prf_plus(prf, sk_d, input, n, 2 * (encr_key + integ_key));
    size_t offset = 0;
    keys->encr_i = take(material, &offset, encr_key);
    keys->integ_i = take(material, &offset, integ_key);
    keys->encr_r = take(material, &offset, encr_key);
    keys->integ_r = take(material, &offset, integ_key);
    return true;
}
