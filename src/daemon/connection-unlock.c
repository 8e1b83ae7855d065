/*
 * A key file that is encrypted, and whose passphrase no file holds: its owner is asked when the key
 * is needed, no sooner and once, and what SIGN or SIGN_TLS wanted goes on afterwards.
 */
#include "config.h"

#include "daemon/connection-private.h"

#define MAX_TRIES 3

typedef struct {
    Connection *connection;
    RecordType type;
    GVariant *request;
    unsigned tries;
    int64_t asked_us;
} Unlocking;

static void
unlocking_free(gpointer data)
{
    Unlocking *unlocking = data;
    g_variant_unref(unlocking->request);
    g_free(unlocking);
}

static void
refuse(const Unlocking *unlocking, const char *why)
{
    uint32_t serial;
    g_variant_get_child(unlocking->request, 0, "u", &serial);
    GVariant *nothing = channel_variant_from_octets("", 0);
    if (unlocking->type == RECORD_SIGN_TLS)
        connection_send(unlocking->connection, RECORD_SIGN_TLS_REPLY,
                        g_variant_new("(u@ays)", serial, nothing, why));
    else
        connection_send(unlocking->connection, RECORD_SIGN_REPLY,
                        g_variant_new("(uy@ays)", serial, 0, nothing, why));
}

static void ask(Connection *connection, RecordType type, GVariant *request, unsigned tries);

static void
answered(Secret *answer, const GError *why, gpointer data)
{
    Unlocking *unlocking = data;
    Connection *connection = unlocking->connection;
    ProfileCredentials *credentials = connection->credentials;
    g_autoptr(GError) error = NULL;
    if (answer == NULL) {
        refuse(unlocking, why->message);
        return;
    }
    PrivateKey *key = profile_credentials_unlock(connection->profile, credentials, answer, &error);
    if (key == NULL && unlocking->tries + 1 < MAX_TRIES) {
        ask(connection, unlocking->type, unlocking->request, unlocking->tries + 1);
        return;
    }
    if (key == NULL) {
        refuse(unlocking, error->message);
        return;
    }
    bool tls = unlocking->type == RECORD_SIGN_TLS;
    g_clear_pointer(&credentials->locked, secret_unref);
    if (tls)
        connection_eap_set_key(connection, key);
    else
        signer_set_key(connection->signer, key);
    if (g_get_monotonic_time() - unlocking->asked_us > TYPING_PATIENCE_US)
        connection_begin_again(connection);
    else if (tls)
        connection_eap_sign(connection, unlocking->request);
    else
        connection_handle_sign(connection, unlocking->request);
}

static void
ask(Connection *connection, RecordType type, GVariant *request, unsigned tries)
{
    Unlocking *unlocking = g_new0(Unlocking, 1);
    *unlocking =
        (Unlocking){ connection, type, g_variant_ref(request), tries, g_get_monotonic_time() };
    connection_ask(connection, AGENT_PASSPHRASE, connection->profile->key_file, NULL, tries > 0,
                   answered, unlocking, unlocking_free);
}

void
connection_unlock(Connection *connection, RecordType type, GVariant *request)
{
    ask(connection, type, request, 0);
}
