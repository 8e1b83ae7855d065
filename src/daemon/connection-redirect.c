/*
 * REDIRECT: a gateway sent the tunnel process to another. Whether it may go there is the profile's
 * to say (plan/redirect); its name is looked up outside, and only then do packets get through.
 */
#include "config.h"

#include "daemon/connection-private.h"

#include "system/gateway-name.h"

typedef struct {
    Connection *connection;
    uint32_t serial;
    char *name;
} Following;

static void
following_free(Following *following)
{
    g_free(following->name);
    g_free(following);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Following, following_free)

static void
answer(Connection *connection, uint32_t serial, const GArray *found, const char *why)
{
    if (found->len > 0) {
        connection->stand_in = false;
        connection_answer_resolve(connection, serial, found, "");
        return;
    }
    /* The old gateways are no answer to this. */
    connection_send(connection, RECORD_RESOLVE_REPLY,
                    g_variant_new("(u@aaysb)", serial,
                                  g_variant_new_array(G_VARIANT_TYPE("ay"), NULL, 0), why, FALSE));
}

static void
name_resolved(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(Following) following = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) addresses = gateway_name_resolve_finish(result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the connection is gone */
    g_autoptr(GArray) allowed = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    for (guint i = 0; addresses != NULL && i < addresses->len; i++) {
        const InetAddress *address = &g_array_index(addresses, InetAddress, i);
        if (redirect_address_is_allowed(address))
            g_array_append_vals(allowed, address, 1);
    }
    connection_note_name(following->connection, allowed, following->name);
    answer(following->connection, following->serial, allowed,
           error != NULL ? error->message : "the name that we were sent to has no usable address");
}

void
connection_handle_redirect(Connection *connection, GVariant *body)
{
    connection_eap_begin(connection);
    uint32_t serial;
    const char *name;
    gsize length;
    g_autoptr(GVariant) octets = NULL;
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_variant_get(body, "(u@ay&s)", &serial, &octets, &name);
    const uint8_t *data = g_variant_get_fixed_array(octets, &length, 1);
    if (*name == '\0' && length != 4 && length != 16) {
        answer(connection, serial, found, "no address to go to");
        return;
    }
    InetAddress address = { 0 };
    if (*name == '\0')
        address = inet_address_new(length == 4 ? INET_V4 : INET_V6, data);
    const char *why =
        redirect_refuse(&connection->redirects, connection->profile->redirect,
                        connection->profile->gateway_addresses, *name != '\0' ? name : NULL,
                        &address, g_get_monotonic_time());
    if (why != NULL) {
        answer(connection, serial, found, why);
        return;
    }
    if (*name == '\0') {
        g_array_append_val(found, address);
        answer(connection, serial, found, "");
        return;
    }
    Following *following = g_new0(Following, 1);
    *following = (Following){ connection, serial, g_strdup(name) };
    machine_resolve_async(connection->machine, name, connection->cancellable, name_resolved,
                          following);
}
