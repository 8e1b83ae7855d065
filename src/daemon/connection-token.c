/*
 * A certificate and a private key in a PKCS#11 token. The one is read before the connect begins;
 * for the other SIGN and SIGN_TLS are judged here as any other, then a ginnel-token process does
 * them. The PIN comes from secret-file or from a person, for each
 * signature anew, and is not kept. One that was wrong is not tried again by itself: cards lock
 * after three, and ginnel-token leaves a token its last try.
 */
#include "config.h"

#include "daemon/connection-private.h"

#include "system/sockets.h"

#define PIN_MAX_TRIES 2  /* cards that do not say how many are left have three */
#define TIME_LIMIT_S  60 /* a token that does not answer */

struct _TokenUse {
    Connection *connection;
    RecordType type;   /* of request */
    GVariant *request; /* SIGN or SIGN_TLS; NULL: nothing is open */
    bool reading;      /* the certificate; request (a SIGN, or NULL) waits for it */
    Channel *channel;
    guint timeout;
    unsigned wrong; /* PINs that a person gave */
    int64_t asked_us;
    Secret *typed;     /* by somebody who took longer than the gateway: for the next request */
    bool asking;       /* a person */
    bool from_file;    /* the PIN that is being tried */
    bool file_refused; /* the one in secret-file is wrong */
};

static void begin(TokenUse *use, Secret *pin);
static void read_failed(TokenUse *use, const char *reason, const char *why);

static void
stop(TokenUse *use)
{
    g_clear_pointer(&use->channel, channel_free);
    g_clear_handle_id(&use->timeout, g_source_remove);
}

void
connection_token_free(TokenUse *use)
{
    if (use == NULL)
        return;
    stop(use);
    g_clear_pointer(&use->request, g_variant_unref);
    g_clear_pointer(&use->typed, secret_unref);
    g_free(use);
}

static void
reply(Connection *connection, RecordType type, GVariant *request, uint8_t method, GVariant *octets,
      const char *why)
{
    uint32_t serial;
    g_variant_get_child(request, 0, "u", &serial);
    if (*why != '\0')
        g_warning("%s: signing: %s", connection_name(connection), why);
    if (type == RECORD_SIGN_TLS)
        connection_send(connection, RECORD_SIGN_TLS_REPLY,
                        g_variant_new("(u@ays)", serial, octets, why));
    else
        connection_send(connection, RECORD_SIGN_REPLY,
                        g_variant_new("(uy@ays)", serial, method, octets, why));
}

static void
finish(TokenUse *use, uint8_t method, GVariant *octets, const char *why)
{
    g_autoptr(GVariant) request = g_steal_pointer(&use->request);
    stop(use);
    use->wrong = 0;
    reply(use->connection, use->type, request, method,
          octets != NULL ? octets : channel_variant_from_octets(NULL, 0), why);
}

static void
finish_token(TokenUse *use, const char *token, const char *why)
{
    g_autofree char *text = *token != '\0' ? g_strdup_printf("the token \"%s\": %s", token, why)
                                           : g_strdup_printf("the token: %s", why);
    if (use->reading)
        read_failed(use, GINNEL_REASON_SECRET_UNAVAILABLE, text);
    else
        finish(use, 0, NULL, text);
}

/* ---- the PIN ---- */

static void
answered(Secret *answer, const GError *error, gpointer data)
{
    TokenUse *use = data;
    use->asking = false;
    if (answer == NULL) {
        finish(use, 0, NULL, error->message);
    } else if (g_get_monotonic_time() - use->asked_us > TYPING_PATIENCE_US) {
        g_clear_pointer(&use->typed, secret_unref);
        g_clear_pointer(&use->request, g_variant_unref);
        use->typed = secret_ref(answer);
        connection_begin_again(use->connection);
    } else {
        begin(use, answer);
    }
}

static void
want_pin(TokenUse *use, const char *token, bool wrong, const char *why)
{
    const Profile *profile = use->connection->profile;
    Secret *file = use->connection->credentials->secret;
    stop(use);
    if (wrong && use->from_file) {
        use->file_refused = true;
        finish_token(use, token, "the PIN in secret-file is wrong; it is not tried again");
        return;
    }
    if (file != NULL && profile->gateway_auth != PROFILE_GATEWAY_PSK) {
        if (use->file_refused) {
            finish_token(use, token, "the PIN in secret-file was wrong; it is not tried again");
            return;
        }
        use->from_file = true;
        begin(use, file);
        return;
    }
    use->wrong += wrong;
    if (use->wrong >= PIN_MAX_TRIES) {
        finish_token(use, token, why);
        return;
    }
    use->asking = true;
    use->asked_us = g_get_monotonic_time();
    connection_ask(use->connection, AGENT_PIN, *token != '\0' ? token : NULL, NULL, wrong, answered,
                   use, NULL);
}

/* ---- the certificate ---- */

static void
read_failed(TokenUse *use, const char *reason, const char *why)
{
    use->reading = false;
    if (use->request != NULL) {
        finish(use, 0, NULL, why);
        return;
    }
    stop(use);
    connection_fail(use->connection, reason, why);
}

/* Where the connection begins with it, or SIGN waits to know who we are. */
static void
certificate_read(TokenUse *use, GBytes *pem)
{
    Connection *connection = use->connection;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) id = NULL;
    g_autoptr(GVariant) request = g_steal_pointer(&use->request);
    uint8_t type;
    use->reading = false;
    stop(use);
    if (!profile_credentials_take_certificate(connection->profile, connection->credentials, pem,
                                              g_get_real_time() / G_USEC_PER_SEC, &error) ||
        !profile_user_identity(connection->profile, connection->credentials, &type, &id, &error)) {
        use->request = g_steal_pointer(&request);
        read_failed(use, GINNEL_REASON_SECRET_UNAVAILABLE, error->message);
        return;
    }
    signer_set_identity(connection->signer, type, id);
    if (request != NULL)
        connection_token_sign(connection, request);
    else if (!connection_start_process(connection, &error))
        connection_fail(connection, GINNEL_REASON_SYSTEM_ERROR, error->message);
}

static void
take_certificate(TokenUse *use, GVariant *body)
{
    uint8_t status;
    const char *why;
    g_autoptr(GVariant) pem = NULL;
    g_variant_get(body, "(y@ay&s)", &status, &pem, &why);
    g_autoptr(GBytes) octets = channel_bytes_from_variant(pem);
    if (status == RECORD_TOKEN_OK) {
        certificate_read(use, octets);
        return;
    }
    g_autofree char *text = g_strdup_printf("the certificate in the token: %s", why);
    read_failed(use, GINNEL_REASON_SECRET_UNAVAILABLE, text);
}

/* ---- the process ---- */

static void
received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds, gpointer data)
{
    TokenUse *use = data;
    uint8_t status, method;
    const char *why, *token;
    g_autoptr(GVariant) auth = NULL;
    g_autoptr(GVariant) kept = g_variant_ref(body);
    if (use->reading && type == RECORD_TOKEN_CERTIFICATE) {
        take_certificate(use, kept);
        return;
    }
    if (use->reading || type != RECORD_TOKEN_SIGNED) {
        finish_token(use, "", "ginnel-token sent something else than it was asked for");
        return;
    }
    g_variant_get(kept, "(yy@ay&s&s)", &status, &method, &auth, &why, &token);
    switch (status) {
    case RECORD_TOKEN_OK:
        connection_signed(use->connection, method, auth);
        finish(use, method, auth, "");
        break;
    case RECORD_TOKEN_PIN_NEEDED:
        want_pin(use, token, false, why);
        break;
    case RECORD_TOKEN_PIN_WRONG:
        want_pin(use, token, true, why);
        break;
    default:
        finish_token(use, token, why);
        break;
    }
}

static void
closed(Channel *channel, const GError *error, gpointer data)
{
    finish_token(data, "", "its process ended without an answer");
}

static const ChannelHandler handler = { received, closed };

static gboolean
timed_out(gpointer data)
{
    TokenUse *use = data;
    use->timeout = 0;
    finish_token(use, "", "it does not answer");
    return G_SOURCE_REMOVE;
}

/* The process that request is for, connected; or *error. */
static bool
open_process(TokenUse *use, GError **error)
{
    int fd = socket_to_unit(TOKEN_SOCKET, "ginnel-token.socket", error);
    if (fd < 0)
        return false;
    use->channel = channel_new(fd, &handler, use);
    use->timeout = g_timeout_add_seconds(TIME_LIMIT_S, timed_out, use);
    return true;
}

/* Body of TOKEN_SIGN. */
static GVariant *
sign_variant(TokenUse *use, GVariant *pin, GError **error)
{
    Connection *connection = use->connection;
    g_autoptr(GBytes) id = NULL;
    g_autoptr(GVariant) octets = g_variant_ref_sink(pin);
    uint8_t id_type;
    if (!profile_user_identity(connection->profile, connection->credentials, &id_type, &id, error))
        return NULL;
    return g_variant_new("(s@ayby@ay@(uayayqayaqay))", connection->profile->key_file, octets,
                         signer_is_rsa_pkcs1(connection->signer), id_type,
                         channel_variant_from_bytes(id), use->request);
}

/* pin NULL: none yet. */
static void
begin(TokenUse *use, Secret *pin)
{
    g_autoptr(GError) error = NULL;
    bool tls = use->type == RECORD_SIGN_TLS;
    GVariant *octets =
        pin != NULL ? channel_variant_from_secret(pin) : channel_variant_from_octets(NULL, 0);
    g_autoptr(GVariant) body =
        tls ? g_variant_new("(s@ay@(uqay))", use->connection->profile->key_file, octets,
                            use->request)
            : sign_variant(use, octets, &error);
    stop(use);
    if (body != NULL)
        g_variant_ref_sink(body);
    if (body == NULL || !open_process(use, &error)) {
        finish(use, 0, NULL, error->message);
        return;
    }
    channel_send(use->channel, tls ? RECORD_TOKEN_SIGN_TLS : RECORD_TOKEN_SIGN, body, NULL, 0);
}

static TokenUse *
use_of(Connection *connection)
{
    if (connection->token == NULL)
        connection->token = g_new0(TokenUse, 1);
    connection->token->connection = connection;
    return connection->token;
}

static void
take(Connection *connection, RecordType type, GVariant *request)
{
    TokenUse *use = use_of(connection);
    g_autoptr(Secret) typed = g_steal_pointer(&use->typed);
    use->from_file = false;
    g_clear_pointer(&use->request, g_variant_unref);
    use->type = type;
    use->request = g_variant_ref(request); /* the newest is answered */
    if (!use->asking)
        begin(use, typed);
}

bool
connection_key_is_in_token(const Connection *connection)
{
    const char *key = connection->profile->key_file;
    return key != NULL && g_str_has_prefix(key, "pkcs11:");
}

void
connection_token_read(Connection *connection, GVariant *request)
{
    g_autoptr(GError) error = NULL;
    TokenUse *use = use_of(connection);
    stop(use);
    g_clear_pointer(&use->request, g_variant_unref);
    use->type = RECORD_SIGN;
    use->request = request != NULL ? g_variant_ref(request) : NULL;
    use->reading = true;
    if (!open_process(use, &error)) {
        read_failed(use, GINNEL_REASON_SYSTEM_ERROR, error->message);
        return;
    }
    channel_send(use->channel, RECORD_TOKEN_READ,
                 g_variant_new("(s)", connection->profile->certificate_file), NULL, 0);
}

void
connection_token_sign(Connection *connection, GVariant *request)
{
    g_autoptr(GError) error = NULL;
    /* Taken up from an earlier ginneld: the tunnel process knows who we are, we do not yet. */
    if (connection->profile->user_id == NULL &&
        profile_credentials_lack_certificate(connection->profile, connection->credentials)) {
        connection_token_read(connection, request);
        return;
    }
    if (!signer_check_sign(connection->signer, request, g_get_monotonic_time() / G_USEC_PER_SEC,
                           &error)) {
        reply(connection, RECORD_SIGN, request, 0, channel_variant_from_octets(NULL, 0),
              error->message);
        return;
    }
    take(connection, RECORD_SIGN, request);
}

void
connection_token_sign_tls(Connection *connection, GVariant *request)
{
    take(connection, RECORD_SIGN_TLS, request);
}
