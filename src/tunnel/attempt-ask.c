/*
 * What an engine needs that it does not have: proofs of identity and their checks from ginneld, an
 * EAP method's packets, what is known of a certificate.
 */
#include "config.h"

#include "tunnel/session-private.h"

#include "crypto/algorithms.h"

#include <string.h>

static void
supply(Attempt *attempt, uint32_t serial, const IkeCredential *credential)
{
    ike_engine_supply(attempt->engine, serial, credential, session_now());
    session_pump(attempt->session);
}

/* A key may want a PIN or passphrase. */
void
attempt_asks(Attempt *attempt, bool begins)
{
    Session *session = attempt->session;
    Instant now = session_now();
    if (session->plan == NULL || !attempt->racing || attempt->abandoned)
        return;
    fallback_plan_event(session->plan, attempt->number, begins ? FALLBACK_ASKING : FALLBACK_ASKED,
                        now);
    if (begins && session->give_up_at != INSTANT_NEVER) {
        session->time_left = session->give_up_at - now;
        session->give_up_at = INSTANT_NEVER;
    } else if (!begins && session->give_up_at == INSTANT_NEVER) {
        session->give_up_at = instant_after(now, session->time_left);
    }
}

/* The engine's serial is the request's. */
static void
signed_reply(GVariant *reply, int fd, gpointer data)
{
    Attempt *attempt = data;
    uint32_t serial;
    IkeCredential credential = { 0 };
    g_autoptr(GVariant) octets = NULL;
    g_variant_get(reply, "(uy@ay&s)", &serial, &credential.method, &octets, &credential.detail);
    g_autoptr(GBytes) auth = channel_bytes_from_variant(octets);
    credential.ok = g_bytes_get_size(auth) > 0;
    credential.auth = auth;
    attempt_asks(attempt, false);
    supply(attempt, serial & 0xffff, &credential);
}

static void
verified_reply(GVariant *reply, int fd, gpointer data)
{
    uint32_t serial;
    gboolean matches;
    g_variant_get(reply, "(ub)", &serial, &matches);
    IkeCredential credential = { .ok = matches };
    supply(data, serial & 0xffff, &credential);
}

static void
mixed_reply(GVariant *reply, int fd, gpointer data)
{
    uint32_t serial;
    const char *why;
    g_autoptr(GVariant) d = NULL, pi = NULL, pr = NULL;
    g_variant_get(reply, "(u@ay@ay@ay&s)", &serial, &d, &pi, &pr, &why);
    g_autoptr(Secret) sk_d = channel_secret_from_variant(d);
    g_autoptr(Secret) sk_pi = channel_secret_from_variant(pi);
    g_autoptr(Secret) sk_pr = channel_secret_from_variant(pr);
    IkeCredential credential = {
        .ok = secret_length(sk_d) > 0, .detail = why, .sk_d = sk_d, .sk_pi = sk_pi, .sk_pr = sk_pr
    };
    supply(data, serial & 0xffff, &credential);
}

static void
ask_for_mixed_keys(Attempt *attempt, uint32_t serial, const IkeCredentialRequest *wanted)
{
    requests_send(attempt->session->requests, RECORD_PPK, serial,
                  g_variant_new("(uq@ay@ay@ay)", serial, wanted->prf,
                                channel_variant_from_secret(wanted->sk_d),
                                channel_variant_from_secret(wanted->sk_pi),
                                channel_variant_from_secret(wanted->sk_pr)),
                  mixed_reply, attempt);
}

static void
revocation_checked(uint32_t serial, const IkeCredential *credential, gpointer data)
{
    supply(data, serial, credential);
}

static void
revocation_told(const char *event, const char *text, gpointer data)
{
    bool asked = strcmp(event, "revocation-asked") == 0;
    attempt_tell(data, event, asked ? "url" : "why", g_variant_new_string(text));
}

static void
check_revocation(Attempt *attempt, const IkeCredentialRequest *wanted)
{
    const TunnelStart *start = attempt->session->start;
    int64_t wall_clock = start->ike->wall_clock_s + session_now() / DURATION_SECOND;
    g_clear_pointer(&attempt->revocation, revocation_check_free);
    attempt->revocation = revocation_check_new(
        attempt->session->requests, attempt->session->known_good, rng_system(), wanted,
        start->revocation_strict, wall_clock, revocation_checked, revocation_told, attempt);
    revocation_check_run(attempt->revocation);
}

static void
eap_supplied(uint32_t serial, const IkeCredential *credential, gpointer data)
{
    Attempt *attempt = data;
    session_grant_time(attempt->session);
    supply(attempt, serial, credential);
}

static void
sign_in_by_eap(Attempt *attempt, const IkeCredentialRequest *wanted)
{
    Session *session = attempt->session;
    int64_t wall_clock = session->start->ike->wall_clock_s + session_now() / DURATION_SECOND;
    if (attempt->eap == NULL)
        attempt->eap =
            tunnel_eap_new(session->start, session->requests, session->known_good, rng_system(),
                           wall_clock, eap_supplied, revocation_told, attempt);
    tunnel_eap_ask(attempt->eap, wanted);
}

void
attempt_ask(Attempt *attempt, const IkeCredentialRequest *wanted)
{
    Session *session = attempt->session;
    if (wanted->kind == IKE_CREDENTIAL_REVOCATION) {
        check_revocation(attempt, wanted);
        return;
    }
    if (wanted->kind == IKE_CREDENTIAL_EAP) {
        sign_in_by_eap(attempt, wanted);
        return;
    }
    /* Unique among attempts in its high half, the engine's own number in its low half. */
    uint32_t serial = requests_next_serial(session->requests) << 16 | (wanted->serial & 0xffff);
    if (wanted->kind == IKE_CREDENTIAL_PPK) {
        ask_for_mixed_keys(attempt, serial, wanted);
        return;
    }
    GVariant *message = channel_variant_from_bytes(wanted->message);
    GVariant *nonce = channel_variant_from_bytes(wanted->nonce);
    GVariant *key = channel_variant_from_secret(wanted->sk_p);
    GVariant *int_auth = wanted->int_auth != NULL ? channel_variant_from_bytes(wanted->int_auth)
                                                  : channel_variant_from_octets(NULL, 0);
    if (wanted->kind == IKE_CREDENTIAL_SIGN) {
        attempt_asks(attempt, true);
        GVariant *hashes = g_variant_new_fixed_array(G_VARIANT_TYPE_UINT16, wanted->hashes->data,
                                                     wanted->hashes->len, sizeof(guint16));
        requests_send(session->requests, RECORD_SIGN, serial,
                      g_variant_new("(u@ay@ayq@ay@aq@ay)", serial, message, nonce, wanted->prf, key,
                                    hashes, int_auth),
                      signed_reply, attempt);
        return;
    }
    requests_send(session->requests, RECORD_VERIFY, serial,
                  g_variant_new("(u@ay@ayq@ay@ay@ay@ay)", serial, message, nonce, wanted->prf, key,
                                channel_variant_from_bytes(wanted->id_body),
                                channel_variant_from_bytes(wanted->auth), int_auth),
                  verified_reply, attempt);
}
