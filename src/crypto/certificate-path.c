/*
 * The path from a certificate to one of the anchors, link by link (RFC 5280, section 6.1): which
 * certificates there are, not yet whether they may vouch. Gateways send helpers in any order, some
 * of them cross-signed, some of no use; every one is looked at once, so that a chain made to have
 * many paths costs no more than another.
 */
#include "config.h"

#include "crypto/certificate-private.h"

#define LINK_FLAGS                                                                                 \
    (GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS |               \
     GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM))

static bool
signed_by(gnutls_x509_crt_t subject, gnutls_x509_crt_t issuer)
{
    unsigned status = 0;
    return gnutls_x509_crt_check_issuer(subject, issuer) != 0 &&
           gnutls_x509_crt_verify(subject, &issuer, 1, LINK_FLAGS, &status) >= 0 && status == 0;
}

static bool
valid_at(gnutls_x509_crt_t handle, int64_t now)
{
    return now >= gnutls_x509_crt_get_activation_time(handle) &&
           now <= gnutls_x509_crt_get_expiration_time(handle);
}

/* The anchor that is or signed the certificate, one that is valid rather than one that is not. */
static Certificate *
find_anchor(gnutls_x509_trust_list_t list, gnutls_x509_crt_t handle, int64_t now)
{
    Certificate *found = NULL;
    gnutls_x509_trust_list_iter_t iterator = NULL;
    gnutls_x509_crt_t anchor;
    bool good = false;
    /* To the end in any case: that is what frees the iterator. */
    while (gnutls_x509_trust_list_iter_get_ca(list, &iterator, &anchor) == 0) {
        if (!good && (found == NULL || valid_at(anchor, now)) &&
            (gnutls_x509_crt_equals(anchor, handle) || signed_by(handle, anchor))) {
            certificate_unref(found);
            found = certificate_wrap(anchor);
            good = valid_at(anchor, now);
        } else {
            gnutls_x509_crt_deinit(anchor);
        }
    }
    return found;
}

typedef struct {
    GPtrArray *certificates;              /* Certificate; the first is where the path begins */
    int came_from[CERTIFICATE_MAX_CHAIN]; /* whom it vouches for; -1: not reached */
} Search;

/* Takes anchor. */
static GPtrArray *
collect(const Search *search, int last, Certificate *anchor)
{
    GPtrArray *path = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_unref);
    g_ptr_array_add(path, anchor);
    for (int at = last;; at = search->came_from[at]) {
        Certificate *one = search->certificates->pdata[at];
        if (!gnutls_x509_crt_equals(certificate_handle(one), certificate_handle(anchor)))
            g_ptr_array_insert(path, 0, certificate_ref(one));
        if (at == 0)
            return path;
    }
}

GPtrArray *
certificate_path_find(gnutls_x509_trust_list_t anchors, GPtrArray *certificates, int64_t now)
{
    Search search = { certificates, { 0 } };
    int queue[CERTIFICATE_MAX_CHAIN] = { 0 };
    int n = MIN((int)certificates->len, CERTIFICATE_MAX_CHAIN), reached = 1;
    g_autoptr(GPtrArray) stale = NULL;
    for (int i = 1; i < n; i++)
        search.came_from[i] = -1;
    for (int i = 0; i < reached && n > 0; i++) {
        gnutls_x509_crt_t handle = certificate_handle(certificates->pdata[queue[i]]);
        Certificate *anchor = find_anchor(anchors, handle, now);
        if (anchor != NULL && valid_at(certificate_handle(anchor), now))
            return collect(&search, queue[i], anchor);
        if (anchor != NULL && stale == NULL)
            stale = collect(&search, queue[i], anchor);
        else
            certificate_unref(anchor);
        for (int helper = 1; helper < n; helper++) {
            if (search.came_from[helper] >= 0 ||
                !signed_by(handle, certificate_handle(certificates->pdata[helper])))
                continue;
            search.came_from[helper] = queue[i];
            queue[reached++] = helper;
        }
    }
    return g_steal_pointer(&stale);
}
