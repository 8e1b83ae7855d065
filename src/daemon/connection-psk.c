/*
 * A pre-shared key that no file holds: its owner is asked when it is needed, and it is kept until
 * the connection ends or the gateway and we turn out not to have the same.
 */
#include "config.h"

#include "daemon/connection-private.h"

#define MAX_TRIES 3 /* of keys that a person types */

struct _PskUse {
    Connection *connection;
    RecordType type;
    GVariant *request; /* SIGN or VERIFY that waits; NULL: nobody is asked */
    bool known;        /* typed, and the signer has it */
    unsigned refused;  /* in a row */
    int64_t asked_us;
};

void
connection_psk_free(PskUse *use)
{
    if (use == NULL)
        return;
    g_clear_pointer(&use->request, g_variant_unref);
    g_free(use);
}

bool
connection_psk_is_missing(const Connection *connection)
{
    const Profile *profile = connection->profile;
    bool psk =
        profile->user_auth == PROFILE_USER_PSK || profile->gateway_auth == PROFILE_GATEWAY_PSK;
    return psk && connection->credentials->secret == NULL &&
           (connection->psk == NULL || !connection->psk->known);
}

static void
refuse(Connection *connection, RecordType type, GVariant *request, const char *why)
{
    uint32_t serial;
    g_variant_get_child(request, 0, "u", &serial);
    if (type == RECORD_VERIFY)
        connection_send(connection, RECORD_VERIFY_REPLY, g_variant_new("(ub)", serial, FALSE));
    else
        connection_send(
            connection, RECORD_SIGN_REPLY,
            g_variant_new("(uy@ays)", serial, 0, channel_variant_from_octets(NULL, 0), why));
}

static void
answered(Secret *answer, const GError *why, gpointer data)
{
    PskUse *use = data;
    Connection *connection = use->connection;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) request = g_steal_pointer(&use->request);
    g_autoptr(Secret) psk = answer != NULL ? profile_secret_parse((const char *)secret_data(answer),
                                                                  secret_length(answer), &error)
                                           : NULL;
    if (psk == NULL) {
        refuse(connection, use->type, request, answer != NULL ? error->message : why->message);
        return;
    }
    signer_set_psk(connection->signer, psk);
    use->known = true;
    if (g_get_monotonic_time() - use->asked_us > TYPING_PATIENCE_US)
        connection_begin_again(connection);
    else if (use->type == RECORD_VERIFY)
        connection_handle_verify(connection, request);
    else
        connection_handle_sign(connection, request);
}

void
connection_psk_ask(Connection *connection, RecordType type, GVariant *request)
{
    if (connection->psk == NULL)
        connection->psk = g_new0(PskUse, 1);
    PskUse *use = connection->psk;
    bool asking = use->request != NULL;
    g_clear_pointer(&use->request, g_variant_unref);
    use->connection = connection;
    use->type = type;
    use->request = g_variant_ref(request); /* the newest is answered */
    if (asking)
        return;
    use->asked_us = g_get_monotonic_time();
    connection_ask(connection, AGENT_PSK, connection->profile->user_id, NULL, use->refused > 0,
                   answered, use, NULL);
}

bool
connection_psk_refused(Connection *connection)
{
    PskUse *use = connection->psk;
    if (use == NULL || !use->known)
        return false;
    use->known = false;
    signer_set_psk(connection->signer, NULL);
    return ++use->refused < MAX_TRIES;
}

void
connection_psk_accepted(Connection *connection)
{
    if (connection->psk != NULL)
        connection->psk->refused = 0;
}
