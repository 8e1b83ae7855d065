#include "config.h"

#include "tunnel/eap.h"

#include "channel/channel.h"

#include <string.h>

#define NT_RESPONSE            24 /* octets (RFC 2759, section 4) */
#define AUTHENTICATOR_RESPONSE 20
#define MASTER_KEY             16 /* RFC 3079, section 3.4 */

struct _TunnelEap {
    const TunnelStart *start;
    Requests *requests;
    RevocationCache *cache;
    Rng *rng;
    int64_t wall_clock_s;
    TunnelEapSupply supply;
    RevocationTold told;
    gpointer user_data;
    EapPeer *peer;
    bool second;     /* the peer's round */
    uint32_t serial; /* of what the engine waits for */
    bool waiting;
    bool lacked_secret;
    RevocationCheck *revocation; /* of the EAP server's certificate; NULL: none runs */
    IkeCloseReason why;          /* it is not good; IKE_CLOSE_REQUESTED: nobody said so */
    char *method, *detail;
};

static void act(TunnelEap *eap, const EapAction *action);

TunnelEap *
tunnel_eap_new(const TunnelStart *start, Requests *requests, RevocationCache *cache, Rng *rng,
               int64_t wall_clock_s, TunnelEapSupply supply, RevocationTold told,
               gpointer user_data)
{
    TunnelEap *eap = g_new0(TunnelEap, 1);
    eap->start = start;
    eap->requests = requests;
    eap->cache = cache;
    eap->told = told;
    eap->rng = rng;
    eap->wall_clock_s = wall_clock_s;
    eap->supply = supply;
    eap->user_data = user_data;
    return eap;
}

void
tunnel_eap_free(TunnelEap *eap)
{
    if (eap == NULL)
        return;
    requests_cancel(eap->requests, eap);
    g_clear_pointer(&eap->revocation, revocation_check_free);
    g_clear_pointer(&eap->peer, eap_peer_free);
    g_free(eap->method);
    g_free(eap->detail);
    g_free(eap);
}

bool
tunnel_eap_is_waiting(const TunnelEap *eap)
{
    return eap->waiting;
}

const char *
tunnel_eap_method(const TunnelEap *eap)
{
    return eap->method;
}

const char *
tunnel_eap_detail(const TunnelEap *eap)
{
    return eap->detail;
}

bool
tunnel_eap_lacked_secret(const TunnelEap *eap)
{
    return eap->lacked_secret;
}

/* ---- answers of ginneld ---- */

static void
answer(TunnelEap *eap, EapAnswer *answer, const char *why)
{
    eap->waiting = false;
    if (!answer->ok) {
        answer->detail = why;
        eap->lacked_secret = true;
    }
    act(eap, eap_peer_answer(eap->peer, answer));
}

static void
mschap_reply(GVariant *reply, int fd, gpointer data)
{
    g_autoptr(GVariant) first = NULL, second = NULL, third = NULL;
    const char *why;
    gsize n, m;
    g_variant_get(reply, "(u@ay@ay@ay&s)", NULL, &first, &second, &third, &why);
    const uint8_t *response = g_variant_get_fixed_array(first, &n, 1);
    const uint8_t *authenticator = g_variant_get_fixed_array(second, &m, 1);
    g_autoptr(Secret) key = channel_secret_from_variant(third);
    bool ok = n == NT_RESPONSE && m == AUTHENTICATOR_RESPONSE && secret_length(key) == MASTER_KEY;
    EapAnswer got = { .ok = ok,
                      .nt_response = response,
                      .authenticator_response = authenticator,
                      .master_key = key };
    answer(data, &got, why);
}

/* MD5 and SIGN_TLS. */
static void
octets_reply(GVariant *reply, int fd, gpointer data)
{
    g_autoptr(GVariant) body = NULL;
    const char *why;
    g_variant_get(reply, "(u@ay&s)", NULL, &body, &why);
    g_autoptr(GBytes) octets = channel_bytes_from_variant(body);
    EapAnswer got = { .ok = g_bytes_get_size(octets) > 0, .octets = octets };
    answer(data, &got, why);
}

static void
password_reply(GVariant *reply, int fd, gpointer data)
{
    g_autoptr(GVariant) body = NULL;
    const char *why;
    g_variant_get(reply, "(u@ay&s)", NULL, &body, &why);
    g_autoptr(Secret) password = channel_secret_from_variant(body);
    EapAnswer got = { .ok = secret_length(password) > 0, .password = password };
    answer(data, &got, why);
}

static void
ask_mschap(TunnelEap *eap, uint32_t serial, const EapQuestion *question)
{
    const char *name = question->user_name != NULL ? question->user_name : "";
    GVariant *authenticator = channel_variant_from_octets(question->authenticator_challenge,
                                                          sizeof question->authenticator_challenge);
    GVariant *peer =
        channel_variant_from_octets(question->peer_challenge, sizeof question->peer_challenge);
    requests_send(eap->requests, RECORD_MSCHAP, serial,
                  g_variant_new("(u@ay@ay@ay)", serial, authenticator, peer,
                                channel_variant_from_octets(name, strlen(name))),
                  mschap_reply, eap);
}

static void
revocation_checked(uint32_t serial, const IkeCredential *credential, gpointer data)
{
    TunnelEap *eap = data;
    g_autofree char *detail =
        g_strdup_printf("that of its EAP server, %s",
                        credential->detail != NULL ? credential->detail : "which was revoked");
    EapAnswer got = { .ok = credential->ok, .detail = detail };
    eap->waiting = false;
    if (!credential->ok)
        eap->why = credential->why;
    act(eap, eap_peer_answer(eap->peer, &got));
}

static void
revocation_told(const char *event, const char *text, gpointer data)
{
    const TunnelEap *eap = data;
    eap->told(event, text, eap->user_data);
}

static void
ask_revocation(TunnelEap *eap, GPtrArray *chain)
{
    g_autoptr(GPtrArray) stapled = g_ptr_array_new();
    IkeCredentialRequest wanted = { .kind = IKE_CREDENTIAL_REVOCATION,
                                    .chain = chain,
                                    .ocsp = stapled };
    g_clear_pointer(&eap->revocation, revocation_check_free);
    eap->revocation = revocation_check_new(eap->requests, eap->cache, eap->rng, &wanted,
                                           eap->start->revocation_strict, eap->wall_clock_s,
                                           revocation_checked, revocation_told, eap);
    revocation_check_run(eap->revocation);
}

static void
ask(TunnelEap *eap, const EapQuestion *question)
{
    uint32_t serial = requests_next_serial(eap->requests);
    eap->waiting = true;
    switch (question->kind) {
    case EAP_ASK_MSCHAP:
        ask_mschap(eap, serial, question);
        break;
    case EAP_ASK_MD5:
        requests_send(eap->requests, RECORD_MD5, serial,
                      g_variant_new("(uy@ay)", serial, question->identifier,
                                    channel_variant_from_bytes(question->challenge)),
                      octets_reply, eap);
        break;
    case EAP_ASK_PASSWORD:
        requests_send(eap->requests, RECORD_PASSWORD, serial,
                      g_variant_new("(uss)", serial, question->purpose,
                                    question->prompt != NULL ? question->prompt : ""),
                      password_reply, eap);
        break;
    case EAP_ASK_SIGN_TLS:
        requests_send(eap->requests, RECORD_SIGN_TLS, serial,
                      g_variant_new("(uq@ay)", serial, question->scheme,
                                    channel_variant_from_bytes(question->octets)),
                      octets_reply, eap);
        break;
    case EAP_ASK_REVOCATION:
        ask_revocation(eap, question->chain);
        break;
    }
}

/* ---- actions of the peer ---- */

static void
fail(TunnelEap *eap, const char *detail)
{
    IkeCredential credential = { .ok = false,
                                 .why = eap->why != IKE_CLOSE_REQUESTED ? eap->why
                                        : eap->lacked_secret            ? IKE_CLOSE_CREDENTIAL
                                                                        : IKE_CLOSE_EAP_FAILED,
                                 .detail = detail };
    eap->supply(eap->serial, &credential, eap->user_data);
}

static void
note(char **place, const char *words)
{
    if (words == NULL)
        return;
    g_free(*place);
    *place = g_strdup(words);
}

static void
act(TunnelEap *eap, const EapAction *action)
{
    IkeCredential credential = { .ok = true };
    note(&eap->method, action->method);
    switch (action->kind) {
    case EAP_ACTION_ASK:
        ask(eap, action->question);
        return;
    case EAP_ACTION_SEND:
        credential.eap = action->packet;
        break;
    case EAP_ACTION_SUCCESS:
        credential.msk = action->msk;
        credential.eap_mutual = action->mutual;
        break;
    case EAP_ACTION_IGNORE: /* inside IKE there is nobody who would repeat */
        fail(eap, "The gateway sent EAP that makes no sense.");
        return;
    case EAP_ACTION_FAILURE:
        note(&eap->detail, action->detail);
        if (action->packet == NULL) {
            fail(eap, eap->detail);
            return;
        }
        credential.eap = action->packet; /* an alert: its answer is the gateway's failure */
        break;
    }
    eap->supply(eap->serial, &credential, eap->user_data);
}

void
tunnel_eap_ask(TunnelEap *eap, const IkeCredentialRequest *wanted)
{
    eap->serial = wanted->serial;
    if (eap->peer == NULL || eap->second != wanted->eap_second) {
        EapConfig config = eap->start->eap;
        g_clear_pointer(&eap->peer, eap_peer_free);
        config.wall_clock_s = eap->wall_clock_s;
        config.check_revocation = eap->start->ike != NULL && eap->start->ike->check_revocation;
        eap->peer = eap_peer_new(&config, eap->rng);
        eap->second = wanted->eap_second;
    }
    if (eap->detail != NULL) { /* the method has failed: nothing that comes now mends it */
        fail(eap, eap->detail);
        return;
    }
    act(eap, eap_peer_receive(eap->peer, wanted->eap));
}
