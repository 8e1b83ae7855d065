#include "config.h"

#include "tunnel/revocation.h"

#include "channel/channel.h"
#include "crypto/revocation.h"
#include "tunnel/http.h"

#define NONCE_LENGTH 16 /* octets (RFC 8954, section 2.1) */

/* --- What is known --- */

typedef struct {
    Certificate *certificate, *issuer;
    int64_t until;
} Known;

struct _RevocationCache {
    Known known[REVOCATION_CACHE_SIZE];
    size_t next; /* the oldest */
};

RevocationCache *
revocation_cache_new(void)
{
    return g_new0(RevocationCache, 1);
}

static void
known_clear(Known *known)
{
    g_clear_pointer(&known->certificate, certificate_unref);
    g_clear_pointer(&known->issuer, certificate_unref);
}

void
revocation_cache_free(RevocationCache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < REVOCATION_CACHE_SIZE; i++)
        known_clear(&cache->known[i]);
    g_free(cache);
}

static bool
same(const Certificate *a, const Certificate *b)
{
    return g_bytes_equal(certificate_der(a), certificate_der(b));
}

static bool
is_known_good(const RevocationCache *cache, const Certificate *certificate,
              const Certificate *issuer, int64_t now)
{
    for (size_t i = 0; i < REVOCATION_CACHE_SIZE; i++) {
        const Known *known = &cache->known[i];
        if (known->certificate != NULL && now <= known->until &&
            same(known->certificate, certificate) && same(known->issuer, issuer))
            return true;
    }
    return false;
}

static void
remember(RevocationCache *cache, Certificate *certificate, Certificate *issuer, int64_t until)
{
    Known *known = &cache->known[cache->next];
    cache->next = (cache->next + 1) % REVOCATION_CACHE_SIZE;
    known_clear(known);
    *known = (Known){ certificate_ref(certificate), certificate_ref(issuer), until };
}

/* --- One path --- */

struct _RevocationCheck {
    Requests *requests;
    RevocationCache *cache;
    Rng *rng;
    uint32_t serial;
    GPtrArray *chain;   /* Certificate, the anchor last */
    GPtrArray *stapled; /* GBytes */
    bool strict;
    int64_t wall_clock;
    Instant began; /* of the monotonic clock */
    RevocationChecked checked;
    RevocationTold told;
    gpointer user_data;
    guint at;               /* the certificate that is looked at */
    GPtrArray *ocsp, *crls; /* URLs of it (char *); NULL: not yet looked at */
    guint asked;            /* of them, ocsp first */
    unsigned fetches;
    GBytes *nonce;  /* of the OCSP request that is out */
    GString *tried; /* with whom, and why it was of no use */
};

static void advance(RevocationCheck *check);

RevocationCheck *
revocation_check_new(Requests *requests, RevocationCache *cache, Rng *rng,
                     const IkeCredentialRequest *wanted, bool strict, int64_t wall_clock,
                     RevocationChecked checked, RevocationTold told, gpointer user_data)
{
    RevocationCheck *check = g_new0(RevocationCheck, 1);
    check->requests = requests;
    check->cache = cache;
    check->rng = rng;
    check->serial = wanted->serial;
    check->chain = g_ptr_array_ref(wanted->chain);
    check->stapled = g_ptr_array_ref(wanted->ocsp);
    check->strict = strict;
    check->wall_clock = wall_clock;
    check->began = g_get_monotonic_time();
    check->checked = checked;
    check->told = told;
    check->user_data = user_data;
    check->tried = g_string_new(NULL);
    return check;
}

static void
forget_certificate(RevocationCheck *check)
{
    g_clear_pointer(&check->ocsp, g_ptr_array_unref);
    g_clear_pointer(&check->crls, g_ptr_array_unref);
    g_clear_pointer(&check->nonce, g_bytes_unref);
    g_string_truncate(check->tried, 0);
    check->asked = 0;
}

void
revocation_check_free(RevocationCheck *check)
{
    if (check == NULL)
        return;
    requests_cancel(check->requests, check);
    forget_certificate(check);
    g_ptr_array_unref(check->chain);
    g_ptr_array_unref(check->stapled);
    g_string_free(check->tried, TRUE);
    g_free(check);
}

static Certificate *
certificate(const RevocationCheck *check)
{
    return check->chain->pdata[check->at];
}

static Certificate *
issuer(const RevocationCheck *check)
{
    return check->chain->pdata[check->at + 1];
}

/* The check may be gone afterwards. */
static void
finish(RevocationCheck *check, bool ok, IkeCloseReason why, const char *detail)
{
    IkeCredential credential = { .ok = ok, .why = why, .detail = detail };
    check->checked(check->serial, &credential, check->user_data);
}

static void
next_certificate(RevocationCheck *check)
{
    forget_certificate(check);
    check->at++;
}

static void
note_failure(RevocationCheck *check, const char *whom, const char *why)
{
    g_string_append_printf(check->tried, "%s%s: %s", check->tried->len > 0 ? "; " : "", whom, why);
}

/* True: the last word about this certificate, and check is gone where it is a bad one. */
typedef enum { JUDGED_NOTHING, JUDGED_GOOD, JUDGED_BAD } Judged;

static Judged
take(RevocationCheck *check, const RevocationVerdict *verdict, const char *whom)
{
    switch (verdict->status) {
    case REVOCATION_GOOD:
        remember(check->cache, certificate(check), issuer(check),
                 MIN(verdict->until, check->wall_clock + REVOCATION_CACHE_S));
        next_certificate(check);
        return JUDGED_GOOD;
    case REVOCATION_REVOKED:
        finish(check, false, IKE_CLOSE_CERT_REVOKED, verdict->why);
        return JUDGED_BAD;
    case REVOCATION_UNKNOWN:
        note_failure(check, whom, verdict->why);
        break;
    }
    return JUDGED_NOTHING;
}

static Judged
look_at_stapled(RevocationCheck *check)
{
    for (guint i = 0; i < check->stapled->len; i++) {
        g_auto(RevocationVerdict) verdict = { 0 };
        revocation_judge_ocsp(check->stapled->pdata[i], certificate(check), issuer(check), NULL,
                              check->wall_clock, &verdict);
        Judged judged = take(check, &verdict, "what the gateway brought along");
        if (judged != JUDGED_NOTHING)
            return judged;
    }
    return JUDGED_NOTHING;
}

/* Nobody is left to be asked. True: on to the next certificate. */
static bool
give_up(RevocationCheck *check)
{
    g_autofree char *subject = certificate_subject_to_string(certificate(check));
    g_autofree char *detail = NULL;
    if (check->tried->len > 0)
        detail = g_strdup_printf("about the certificate of %s: %s", subject, check->tried->str);
    else if (check->ocsp->len + check->crls->len > 0)
        detail = g_strdup_printf("for the certificate of %s no time was left", subject);
    else
        detail = g_strdup_printf("the certificate of %s names nobody who could say", subject);
    if (!check->strict) {
        if (check->ocsp->len + check->crls->len > 0)
            check->told("revocation-unknown", detail, check->user_data);
        next_certificate(check);
        return true;
    }
    finish(check, false, IKE_CLOSE_REVOCATION_UNKNOWN, detail);
    return false;
}

static const char *
current_url(const RevocationCheck *check, bool *ocsp)
{
    *ocsp = check->asked < check->ocsp->len;
    return *ocsp ? check->ocsp->pdata[check->asked]
                 : check->crls->pdata[check->asked - check->ocsp->len];
}

static void
fetched(GVariant *reply, int fd, gpointer data)
{
    RevocationCheck *check = data;
    const char *refused;
    bool ocsp;
    g_autofree char *why = NULL;
    g_autoptr(GVariant) octets = NULL;
    g_variant_get(reply, "(u@ay&s)", NULL, &octets, &refused);
    g_autoptr(GBytes) answer = channel_bytes_from_variant(octets);
    g_autoptr(GBytes) content = NULL;
    g_autofree char *url = g_strdup(current_url(check, &ocsp));
    g_auto(RevocationVerdict) verdict = { .status = REVOCATION_UNKNOWN };
    if (g_bytes_get_size(answer) == 0)
        why = g_strdup(refused);
    else
        content = http_reply_content(answer, REVOCATION_MAX_LENGTH, &why);
    if (content == NULL)
        verdict.why = g_steal_pointer(&why);
    else if (ocsp)
        revocation_judge_ocsp(content, certificate(check), issuer(check), check->nonce,
                              check->wall_clock, &verdict);
    else
        revocation_judge_crl(content, certificate(check), issuer(check), check->wall_clock,
                             &verdict);
    check->asked++;
    if (take(check, &verdict, url) != JUDGED_BAD)
        advance(check);
}

/* False: this one cannot be asked. */
static bool
ask(RevocationCheck *check)
{
    g_auto(HttpUrl) url = { 0 };
    g_autoptr(GBytes) body = g_bytes_new(NULL, 0);
    bool ocsp;
    const char *text = current_url(check, &ocsp);
    if (!http_url_parse(text, &url)) {
        note_failure(check, text, "that is no address of a web server");
        return false;
    }
    if (ocsp) {
        uint8_t nonce[NONCE_LENGTH];
        rng_fill(check->rng, nonce, sizeof nonce);
        g_clear_pointer(&check->nonce, g_bytes_unref);
        check->nonce = g_bytes_new(nonce, sizeof nonce);
        g_bytes_unref(body);
        body = revocation_ocsp_request(certificate(check), issuer(check), check->nonce);
        if (body == NULL)
            return false;
    }
    uint32_t serial = requests_next_serial(check->requests);
    check->told("revocation-asked", text, check->user_data);
    check->fetches++;
    requests_send(check->requests, RECORD_FETCH, serial,
                  g_variant_new("(usqs@ay)", serial, url.host, url.port, url.target,
                                channel_variant_from_bytes(body)),
                  fetched, check);
    return true;
}

/* True: it waits for an answer. */
static bool
ask_somebody(RevocationCheck *check)
{
    while (check->asked < check->ocsp->len + check->crls->len &&
           check->fetches < REVOCATION_MAX_FETCHES &&
           g_get_monotonic_time() - check->began < REVOCATION_TIME_TO_ASK) {
        if (ask(check))
            return true;
        check->asked++;
    }
    return false;
}

/* Until somebody has been asked, or all is said. */
static void
advance(RevocationCheck *check)
{
    /* The anchor, the last one, is trusted because the profile says so. */
    while (check->at + 1 < check->chain->len) {
        if (is_known_good(check->cache, certificate(check), issuer(check), check->wall_clock)) {
            next_certificate(check);
            continue;
        }
        if (check->ocsp == NULL) {
            Judged judged = look_at_stapled(check);
            if (judged == JUDGED_BAD)
                return;
            if (judged == JUDGED_GOOD)
                continue;
            check->ocsp = revocation_ocsp_urls(certificate(check));
            check->crls = revocation_crl_urls(certificate(check));
        }
        if (ask_somebody(check))
            return;
        if (!give_up(check))
            return;
    }
    finish(check, true, IKE_CLOSE_REQUESTED, NULL);
}

void
revocation_check_run(RevocationCheck *check)
{
    advance(check);
}
