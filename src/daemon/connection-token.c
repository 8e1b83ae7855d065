/*
 * A private key in a PKCS#11 token: SIGN is judged here as any other, then a ginnel-token process
 * does it. The PIN comes from secret-file or from a person, for each signature anew, and is not
 * kept. One that was wrong is not tried again by itself: cards lock after three.
 */
#include "config.h"

#include "daemon/connection-private.h"

#define PIN_MAX_TRIES 3
#define TIME_LIMIT_S  60 /* a token that does not answer */

struct _TokenUse {
    Connection *connection;
    GVariant *request; /* SIGN; NULL: nothing is open */
    Channel *channel;
    guint timeout;
    unsigned wrong;    /* PINs that a person gave */
    bool asking;       /* a person */
    bool from_file;    /* the PIN that is being tried */
    bool file_refused; /* the one in secret-file is wrong */
};

static void begin(TokenUse *use, Secret *pin);

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
    g_free(use);
}

static void
reply(Connection *connection, GVariant *request, uint8_t method, GVariant *auth, const char *why)
{
    uint32_t serial;
    g_variant_get_child(request, 0, "u", &serial);
    if (*why != '\0')
        g_warning("%s: signing: %s", connection_name(connection), why);
    connection_send(connection, RECORD_SIGN_REPLY,
                    g_variant_new("(uy@ays)", serial, method, auth, why));
}

static void
finish(TokenUse *use, uint8_t method, GVariant *auth, const char *why)
{
    g_autoptr(GVariant) request = g_steal_pointer(&use->request);
    stop(use);
    use->wrong = 0;
    reply(use->connection, request, method,
          auth != NULL ? auth : channel_variant_from_octets(NULL, 0), why);
}

static void
finish_token(TokenUse *use, const char *token, const char *why)
{
    g_autofree char *text = *token != '\0' ? g_strdup_printf("the token \"%s\": %s", token, why)
                                           : g_strdup_printf("the token: %s", why);
    finish(use, 0, NULL, text);
}

/* ---- the PIN ---- */

static void
answered(Secret *answer, const GError *error, gpointer data)
{
    TokenUse *use = data;
    use->asking = false;
    if (answer != NULL)
        begin(use, answer);
    else
        finish(use, 0, NULL, error->message);
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
    connection_ask(use->connection, AGENT_PIN, *token != '\0' ? token : NULL, NULL, wrong, answered,
                   use, NULL);
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
    if (type != RECORD_TOKEN_SIGNED) {
        finish_token(use, "", "ginnel-token sent something else than a signature");
        return;
    }
    g_variant_get(kept, "(yy@ay&s&s)", &status, &method, &auth, &why, &token);
    switch (status) {
    case RECORD_TOKEN_OK:
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

/* pin NULL: none yet. */
static void
begin(TokenUse *use, Secret *pin)
{
    Connection *connection = use->connection;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) id = NULL;
    uint8_t id_type;
    stop(use);
    int fd = -1;
    if (profile_user_identity(connection->profile, connection->credentials, &id_type, &id, &error))
        fd = connection_socket_unit(TOKEN_SOCKET, "ginnel-token.socket", &error);
    if (fd < 0) {
        finish(use, 0, NULL, error->message);
        return;
    }
    use->channel = channel_new(fd, &handler, use);
    use->timeout = g_timeout_add_seconds(TIME_LIMIT_S, timed_out, use);
    GVariant *octets =
        pin != NULL ? channel_variant_from_secret(pin) : channel_variant_from_octets(NULL, 0);
    channel_send(use->channel, RECORD_TOKEN_SIGN,
                 g_variant_new("(s@ayy@ay@(uayayqayaqay))", connection->profile->key_file, octets,
                               id_type, channel_variant_from_bytes(id), use->request),
                 NULL, 0);
}

void
connection_token_sign(Connection *connection, GVariant *request)
{
    g_autoptr(GError) error = NULL;
    if (!signer_check_sign(connection->signer, request, g_get_monotonic_time() / G_USEC_PER_SEC,
                           &error)) {
        reply(connection, request, 0, channel_variant_from_octets(NULL, 0), error->message);
        return;
    }
    if (connection->token == NULL)
        connection->token = g_new0(TokenUse, 1);
    TokenUse *use = connection->token;
    use->connection = connection;
    use->from_file = false;
    g_clear_pointer(&use->request, g_variant_unref);
    use->request = g_variant_ref(request); /* the newest is answered */
    if (!use->asking)
        begin(use, NULL);
}
