/*
 * Which of our certificates a gateway is shown: ours and those between it and the authority, in
 * order, as far as the gateway does not say that it has them (RFC 7296, section 3.7). Nothing is
 * judged here: what the gateway does not trust it refuses itself.
 */
#include "config.h"

#include "crypto/certificate-private.h"

#include "crypto/algorithms.h"

#include <string.h>

/* Whether the gateway names the key of that authority. */
static bool
is_named(const Certificate *certificate, GBytes *authorities)
{
    uint8_t hash[CERTIFICATE_KEY_HASH];
    gsize length = 0;
    const uint8_t *list = authorities != NULL ? g_bytes_get_data(authorities, &length) : NULL;
    if (length < sizeof hash || !certificate_key_hash(certificate_handle(certificate), hash))
        return false;
    for (gsize at = 0; at + sizeof hash <= length; at += sizeof hash)
        if (memcmp(list + at, hash, sizeof hash) == 0)
            return true;
    return false;
}

static bool
is_issuer(const Certificate *issuer, const Certificate *certificate)
{
    return gnutls_x509_crt_check_issuer(certificate_handle(certificate),
                                        certificate_handle(issuer)) != 0;
}

static Certificate *
find_issuer(GPtrArray *certificates, GPtrArray *path)
{
    Certificate *last = g_ptr_array_index(path, path->len - 1);
    for (guint i = 0; i < certificates->len; i++) {
        Certificate *one = g_ptr_array_index(certificates, i);
        if (!g_ptr_array_find(path, one, NULL) && is_issuer(one, last))
            return one;
    }
    return NULL;
}

/* From there up, without the authority itself. *named: it leads to one that the gateway names. */
static GPtrArray *
climb(GPtrArray *certificates, guint from, GBytes *authorities, bool *named)
{
    GPtrArray *path = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_unref);
    Certificate *next = g_ptr_array_index(certificates, from);
    *named = false;
    while (next != NULL && path->len < CERTIFICATE_MAX_CHAIN) {
        g_ptr_array_add(path, certificate_ref(next));
        next = find_issuer(certificates, path);
        *named = next != NULL && is_named(next, authorities);
        if (next != NULL && (*named || is_issuer(next, next)))
            next = NULL;
    }
    return path;
}

/* Of the same person with the same key, from another authority. */
static bool
is_ours(const Certificate *first, const Certificate *other)
{
    uint8_t a[CERTIFICATE_KEY_HASH], b[CERTIFICATE_KEY_HASH];
    return g_bytes_equal(certificate_subject_der(first), certificate_subject_der(other)) &&
           certificate_key_hash(certificate_handle(first), a) &&
           certificate_key_hash(certificate_handle(other), b) && memcmp(a, b, sizeof a) == 0;
}

GPtrArray *
certificate_choose_chain(GPtrArray *certificates, GBytes *authorities)
{
    GPtrArray *chosen = NULL;
    for (guint i = 0; i < certificates->len && i < CERTIFICATE_MAX_CHAIN; i++) {
        bool named;
        if (i > 0 &&
            !is_ours(g_ptr_array_index(certificates, 0), g_ptr_array_index(certificates, i)))
            continue;
        g_autoptr(GPtrArray) path = climb(certificates, i, authorities, &named);
        if (chosen == NULL || named) {
            g_clear_pointer(&chosen, g_ptr_array_unref);
            chosen = g_steal_pointer(&path);
        }
        if (named)
            break;
    }
    return chosen;
}
