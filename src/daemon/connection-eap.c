/*
 * Signing in by EAP on behalf of the tunnel process: what it may ask is judged first, then a person
 * is asked where no file has the password, then it is answered. A password that a person typed is
 * kept until the connection ends, or the gateway refuses it: then it is asked for anew.
 */
#include "config.h"

#include "daemon/connection-private.h"

#include "profile/profile-eap.h"
#include "profile/profile-identity.h"

#include <string.h>

#define EAP_MAX_TRIES 3 /* of passwords that a person types */

struct _EapState {
    EapSigner *signer;
    bool from_file;   /* the password is the profile's */
    bool typed;       /* a person gave what this try signs in with */
    unsigned refused; /* in a row */
    unsigned codes;   /* GTC questions of this connect */
    /* The request that waits for a person. */
    RecordType type; /* RECORD_INVALID: none */
    uint32_t serial;
    GVariant *request;
    int64_t asked_us;
};

static const struct {
    const char *method;
    unsigned use;
} uses[] = {
    { "mschapv2", EAP_SIGNER_MSCHAP },
    { "eap-mschapv2", EAP_SIGNER_MSCHAP }, /* inside ttls and peap */
    { "md5", EAP_SIGNER_MD5 },
    { "gtc", EAP_SIGNER_GTC },
    { "pap", EAP_SIGNER_PAP },
};

static unsigned
use_of(const char *method)
{
    for (size_t i = 0; i < G_N_ELEMENTS(uses); i++)
        if (strcmp(uses[i].method, method) == 0)
            return uses[i].use;
    return 0;
}

static unsigned
allowed_uses(const Profile *profile)
{
    const char *methods[PROFILE_EAP_MAX_METHODS];
    unsigned allowed = 0;
    profile_eap_methods(profile, methods);
    for (size_t i = 0; methods[i] != NULL; i++) {
        if (strcmp(methods[i], "tls") == 0)
            allowed |= EAP_SIGNER_TLS;
        else if (strcmp(methods[i], "ttls") == 0 || strcmp(methods[i], "peap") == 0)
            allowed |= use_of(profile_eap_inner(profile));
        else
            allowed |= use_of(methods[i]);
    }
    /* In peap there is no pap. */
    bool ttls = profile->eap == PROFILE_EAP_TTLS || profile->eap == PROFILE_EAP_AUTO;
    return ttls ? allowed : allowed & ~(unsigned)EAP_SIGNER_PAP;
}

/* key: for TLS (taken), or NULL. */
void
connection_eap_new(Connection *connection, PrivateKey *key)
{
    const Profile *profile = connection->profile;
    EapState *eap = g_new0(EapState, 1);
    bool psk =
        profile->user_auth == PROFILE_USER_PSK || profile->gateway_auth == PROFILE_GATEWAY_PSK;
    const char *identity = profile_eap_identity(profile);
    Secret *password = psk ? NULL : connection->credentials->secret;
    eap->from_file = password != NULL;
    eap->signer =
        eap_signer_new(allowed_uses(profile), identity != NULL ? identity : "", password, key);
    connection->eap = eap;
}

void
connection_eap_free(EapState *eap)
{
    if (eap == NULL)
        return;
    eap_signer_free(eap->signer);
    g_clear_pointer(&eap->request, g_variant_unref);
    g_free(eap);
}

void
connection_eap_begin(Connection *connection)
{
    EapState *eap = connection->eap;
    if (eap == NULL)
        return;
    eap_signer_begin(eap->signer);
    eap->codes = 0;
}

/* ---- answers ---- */

static GVariant *
nothing(void)
{
    return channel_variant_from_octets(NULL, 0);
}

static void
reply_refused(Connection *connection, RecordType type, uint32_t serial, const char *why)
{
    switch (type) {
    case RECORD_MSCHAP:
        connection_send(
            connection, RECORD_MSCHAP_REPLY,
            g_variant_new("(u@ay@ay@ays)", serial, nothing(), nothing(), nothing(), why));
        break;
    case RECORD_MD5:
        connection_send(connection, RECORD_MD5_REPLY,
                        g_variant_new("(u@ays)", serial, nothing(), why));
        break;
    case RECORD_PASSWORD:
        connection_send(connection, RECORD_PASSWORD_REPLY,
                        g_variant_new("(u@ays)", serial, nothing(), why));
        break;
    default:
        connection_send(connection, RECORD_SIGN_TLS_REPLY,
                        g_variant_new("(u@ays)", serial, nothing(), why));
        break;
    }
}

static void
reply_mschap(Connection *connection, uint32_t serial, GVariant *request)
{
    g_auto(Mschapv2Answer) answer = { 0 };
    g_autoptr(GError) error = NULL;
    if (!eap_signer_mschap(connection->eap->signer, request, &answer, &error)) {
        reply_refused(connection, RECORD_MSCHAP, serial, error->message);
        return;
    }
    GVariant *response = channel_variant_from_octets(answer.nt_response, MSCHAPV2_NT_RESPONSE);
    GVariant *authenticator =
        channel_variant_from_octets(answer.authenticator_response, MSCHAPV2_AUTHENTICATOR);
    connection_send(connection, RECORD_MSCHAP_REPLY,
                    g_variant_new("(u@ay@ay@ays)", serial, response, authenticator,
                                  channel_variant_from_secret(answer.master_key), ""));
}

void
connection_eap_set_key(Connection *connection, PrivateKey *key)
{
    eap_signer_set_key(connection->eap->signer, key);
}

static void
reply_tls(Connection *connection, uint32_t serial, GVariant *request)
{
    g_autoptr(GBytes) signature = NULL;
    g_autoptr(GError) error = NULL;
    if (!eap_signer_sign_tls(connection->eap->signer, request, &signature, &error)) {
        reply_refused(connection, RECORD_SIGN_TLS, serial, error->message);
        return;
    }
    connection_send(connection, RECORD_SIGN_TLS_REPLY,
                    g_variant_new("(u@ays)", serial, channel_variant_from_bytes(signature), ""));
}

/* password: for RECORD_PASSWORD. */
static void
reply(Connection *connection, RecordType type, uint32_t serial, GVariant *request, Secret *password)
{
    if (type == RECORD_MSCHAP) {
        reply_mschap(connection, serial, request);
    } else if (type == RECORD_MD5) {
        g_autoptr(GBytes) digest = eap_signer_md5(connection->eap->signer, request);
        connection_send(connection, RECORD_MD5_REPLY,
                        g_variant_new("(u@ays)", serial, channel_variant_from_bytes(digest), ""));
    } else {
        connection_send(
            connection, RECORD_PASSWORD_REPLY,
            g_variant_new("(u@ays)", serial, channel_variant_from_secret(password), ""));
    }
}

void
connection_eap_sign(Connection *connection, GVariant *request)
{
    uint32_t serial;
    g_variant_get_child(request, 0, "u", &serial);
    reply_tls(connection, serial, request);
}

/* ---- asking ---- */

static bool
is_gtc(RecordType type, GVariant *request)
{
    const char *purpose = "";
    if (type == RECORD_PASSWORD)
        g_variant_get_child(request, 1, "&s", &purpose);
    return strcmp(purpose, "gtc") == 0;
}

static void
answered(Secret *answer, const GError *error, gpointer data)
{
    Connection *connection = data;
    EapState *eap = connection->eap;
    g_autoptr(GVariant) request = g_steal_pointer(&eap->request);
    RecordType type = eap->type;
    eap->type = RECORD_INVALID;
    if (answer == NULL) {
        reply_refused(connection, type, eap->serial, error->message);
        return;
    }
    eap->typed = true;
    if (is_gtc(type, request)) { /* for once */
        reply(connection, type, eap->serial, request, answer);
        return;
    }
    eap_signer_set_password(eap->signer, answer);
    if (g_get_monotonic_time() - eap->asked_us > TYPING_PATIENCE_US)
        connection_begin_again(connection);
    else
        reply(connection, type, eap->serial, request, answer);
}

static void
ask(Connection *connection, RecordType type, uint32_t serial, GVariant *request)
{
    EapState *eap = connection->eap;
    const char *prompt = "";
    bool asked_already = eap->type != RECORD_INVALID;
    g_clear_pointer(&eap->request, g_variant_unref);
    eap->request = g_variant_ref(request);
    eap->serial = serial;
    eap->type = type;
    if (asked_already) /* by a process that is gone: the answer is for this one */
        return;
    if (is_gtc(type, request))
        g_variant_get_child(request, 2, "&s", &prompt);
    eap->asked_us = g_get_monotonic_time();
    connection_ask(connection, *prompt != '\0' ? AGENT_CHALLENGE : AGENT_PASSWORD,
                   eap_signer_user_name(eap->signer), prompt, eap->refused > 0, answered,
                   connection, NULL);
}

/* A file's password answers the first question of a GTC server; the next one wants something else,
 * and what a person typed was for once. */
static bool
has_answer(EapState *eap, RecordType type, GVariant *request)
{
    if (!is_gtc(type, request))
        return eap_signer_has_password(eap->signer);
    return eap->codes++ == 0 && eap->from_file;
}

void
connection_handle_eap(Connection *connection, RecordType type, GVariant *request)
{
    EapState *eap = connection->eap;
    g_autoptr(GError) error = NULL;
    uint32_t serial;
    int64_t now_s = g_get_monotonic_time() / G_USEC_PER_SEC;
    g_variant_get_child(request, 0, "u", &serial);
    if (eap == NULL) {
        reply_refused(connection, type, serial, "refused: the profile has no EAP");
        return;
    }
    if (eap->type == type && eap->serial == serial)
        return; /* repeated after QUERY */
    if (!eap_signer_admit(eap->signer, type, request, now_s, &error)) {
        g_warning("%s: EAP: %s", connection_name(connection), error->message);
        reply_refused(connection, type, serial, error->message);
        return;
    }
    if (type == RECORD_SIGN_TLS) {
        if (connection_key_is_in_token(connection))
            connection_token_sign_tls(connection, request);
        else if (connection->credentials->locked != NULL)
            connection_unlock(connection, RECORD_SIGN_TLS, request);
        else
            reply_tls(connection, serial, request);
        return;
    }
    if (!has_answer(eap, type, request)) {
        ask(connection, type, serial, request);
        return;
    }
    g_autoptr(Secret) password = type == RECORD_PASSWORD ? eap_signer_password(eap->signer) : NULL;
    reply(connection, type, serial, request, password);
}

/* ---- outcomes ---- */

bool
connection_eap_refused(Connection *connection)
{
    EapState *eap = connection->eap;
    if (eap == NULL || !eap->typed || eap->from_file)
        return false;
    eap->typed = false;
    eap->refused++;
    eap_signer_set_password(eap->signer, NULL);
    return eap->refused < EAP_MAX_TRIES;
}

void
connection_eap_accepted(Connection *connection)
{
    if (connection->eap != NULL)
        connection->eap->refused = 0;
}

/* ---- START ---- */

void
connection_add_eap(Connection *connection, GVariantDict *dict)
{
    const Profile *profile = connection->profile;
    const char *methods[PROFILE_EAP_MAX_METHODS];
    if (!profile_has_eap(profile))
        return;
    const char *identity = eap_signer_user_name(connection->eap->signer);
    const char *server = profile_eap_server_name(profile);
    profile_eap_methods(profile, methods);
    g_variant_dict_insert(dict, START_EAP_METHODS, "^as", methods);
    g_variant_dict_insert(dict, START_EAP_INNER, "s", profile_eap_inner(profile));
    g_variant_dict_insert(dict, START_EAP_IDENTITY, "s",
                          profile->eap_anonymous_id != NULL ? profile->eap_anonymous_id : identity);
    g_variant_dict_insert(dict, START_EAP_USER, "s", identity);
    g_variant_dict_insert(dict, START_EAP_SERVER_NAME, "s", server != NULL ? server : "");
    if (profile->second_auth != PROFILE_SECOND_EAP)
        return;
    uint8_t type;
    g_autoptr(GBytes) id = NULL;
    /* A name for EAP alone need not be one of IKE's. */
    if ((profile->eap_id != NULL && profile_identity_parse(profile->eap_id, &type, &id, NULL)) ||
        profile_user_identity(profile, connection->credentials, &type, &id, NULL))
        g_variant_dict_insert_value(dict, START_SECOND_ID,
                                    g_variant_new("(y@ay)", type, channel_variant_from_bytes(id)));
}
