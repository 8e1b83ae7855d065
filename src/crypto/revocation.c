#include "config.h"

#include "crypto/revocation-private.h"

#include "crypto/certificate-private.h"

#include <string.h>

#define MAX_POINTS 16 /* distribution points and access descriptions that are looked at */

void
revocation_verdict_clear(RevocationVerdict *verdict)
{
    g_clear_pointer(&verdict->why, g_free);
}

void
revocation_unknown(RevocationVerdict *verdict, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    revocation_verdict_clear(verdict);
    *verdict = (RevocationVerdict){ .status = REVOCATION_UNKNOWN, .why = g_steal_pointer(&why) };
}

static const char *
reason_to_string(int reason)
{
    switch (reason) {
    case 1:
        return "its key was compromised";
    case 2:
        return "its authority was compromised";
    case 3:
        return "its owner's affiliation changed";
    case 4:
        return "it was superseded";
    case 5:
        return "its owner is out of operation";
    case 6:
        return "it is on hold";
    case 9:
        return "its privileges were withdrawn";
    case 10:
        return "the attribute authority was compromised";
    default:
        return NULL;
    }
}

static char *
date_to_string(int64_t when)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(when);
    return date != NULL ? g_date_time_format(date, "%Y-%m-%d %H:%M UTC") : g_strdup("?");
}

void
revocation_revoked(RevocationVerdict *verdict, const Certificate *certificate, int64_t when,
                   int reason)
{
    const char *words = reason_to_string(reason);
    g_autofree char *subject = certificate_subject_to_string(certificate);
    g_autofree char *issuer = certificate_issuer_to_string(certificate);
    g_autofree char *date = date_to_string(when);
    revocation_verdict_clear(verdict);
    *verdict = (RevocationVerdict){ .status = REVOCATION_REVOKED, .when = when };
    verdict->why =
        g_strdup_printf("the certificate of %s was revoked by %s on %s%s%s", subject, issuer, date,
                        words != NULL ? ": " : "", words != NULL ? words : "");
}

bool
revocation_is_current(RevocationVerdict *verdict, const char *what, int64_t this_update,
                      int64_t next_update, int64_t now)
{
    int64_t until = next_update >= 0 ? next_update : this_update + REVOCATION_MAX_AGE;
    if (this_update > now + REVOCATION_CLOCK_SKEW) {
        g_autofree char *date = date_to_string(this_update);
        revocation_unknown(verdict, "%s is only good from %s on", what, date);
        return false;
    }
    if (until < now - REVOCATION_CLOCK_SKEW) {
        g_autofree char *date = date_to_string(until);
        revocation_unknown(verdict, "%s was good until %s", what, date);
        return false;
    }
    verdict->until = until;
    return true;
}

/* --- Where to ask --- */

static void
add_url(GPtrArray *urls, const void *data, size_t length)
{
    const char *text = data;
    if (length > REVOCATION_MAX_URL || urls->len >= REVOCATION_MAX_URLS || length < 8 ||
        g_ascii_strncasecmp(text, "http://", 7) != 0)
        return;
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isgraph(text[i]))
            return;
    g_ptr_array_add(urls, g_strndup(text, length));
}

GPtrArray *
revocation_crl_urls(const Certificate *certificate)
{
    GPtrArray *urls = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < MAX_POINTS; i++) {
        char url[REVOCATION_MAX_URL + 1];
        size_t length = sizeof url;
        unsigned reasons = 0;
        int type = gnutls_x509_crt_get_crl_dist_points(certificate_handle(certificate), i, url,
                                                       &length, &reasons, NULL);
        if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            break;
        if (type == GNUTLS_SAN_URI && reasons == 0)
            add_url(urls, url, length);
    }
    return urls;
}

GPtrArray *
revocation_ocsp_urls(const Certificate *certificate)
{
    GPtrArray *urls = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < MAX_POINTS; i++) {
        gnutls_datum_t url = { 0 };
        int rc = gnutls_x509_crt_get_authority_info_access(certificate_handle(certificate), i,
                                                           GNUTLS_IA_OCSP_URI, &url, NULL);
        if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            break;
        if (rc >= 0)
            add_url(urls, url.data, url.size);
        gnutls_free(url.data);
    }
    return urls;
}
