/*
 * What a tunnel process may ask of web servers: revocation lists and OCSP answers about the
 * gateway's certificate, for profiles that want that known. It names the server and the path; the
 * request, and who may be reached, is ours; the answer goes back unread.
 */
#include "config.h"

#include "daemon/connection-private.h"

#include "system/gateway-name.h"
#include "system/http-fetch.h"
#include "system/marks.h"

#define MAX_KNOWN          8  /* names whose addresses are kept */
#define FETCHES_PER_MINUTE 16 /* an honest one asks at most a few times a connect */

typedef struct {
    Connection *connection; /* not to be touched once all is cancelled */
    Channel *channel;       /* of the process that asked: to compare, not to use */
    uint32_t serial;
    char *host;
    uint16_t port;
    GBytes *request;
    gint64 deadline;
    GCancellable *all;       /* the connection's */
    GCancellable *resolving; /* the same, and when time is up */
    gulong chained;
    guint timeout;
} Fetching;

static void
fetching_free(Fetching *fetching)
{
    g_cancellable_disconnect(fetching->all, fetching->chained);
    g_clear_handle_id(&fetching->timeout, g_source_remove);
    g_object_unref(fetching->all);
    g_object_unref(fetching->resolving);
    g_free(fetching->host);
    g_bytes_unref(fetching->request);
    g_free(fetching);
}

static void
reply(Connection *connection, uint32_t serial, GBytes *content, const char *why)
{
    g_autoptr(GBytes) nothing = g_bytes_new(NULL, 0);
    connection_send(connection, RECORD_FETCH_REPLY,
                    g_variant_new("(u@ays)", serial,
                                  channel_variant_from_bytes(content != NULL ? content : nothing),
                                  why));
}

static void
set_web(Connection *connection, const GArray *addresses, uint16_t port, GError **error)
{
    g_clear_pointer(&connection->web, g_array_unref);
    for (guint i = 0; addresses != NULL && i < addresses->len; i++) {
        InetEndpoint server = { g_array_index(addresses, InetAddress, i), port };
        if (connection->web == NULL)
            connection->web = g_array_new(FALSE, FALSE, sizeof(InetEndpoint));
        g_array_append_val(connection->web, server);
    }
    machine_update_firewall(connection->machine, error);
}

/* Takes fetching. */
static void
fetching_finish(Fetching *fetching, GBytes *content, const char *why)
{
    Connection *connection = fetching->connection;
    connection->fetching = NULL;
    if (connection->web != NULL)
        set_web(connection, NULL, 0, NULL);
    if (content == NULL)
        g_message("%s: asking %s port %u about a certificate: %s", connection_name(connection),
                  fetching->host, fetching->port, why);
    if (connection->channel == fetching->channel)
        reply(connection, fetching->serial, content, why);
    fetching_free(fetching);
}

static void
fetched(GObject *source, GAsyncResult *result, gpointer data)
{
    Fetching *fetching = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) content = http_fetch_finish(result, &error);
    if (g_cancellable_is_cancelled(fetching->all))
        fetching_free(fetching); /* the connection is gone */
    else
        fetching_finish(fetching, content, error != NULL ? error->message : "");
}

/* Not before now is known who is meant: a name of a stranger's may lead anywhere. */
static GArray *
reachable(const GArray *addresses)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    for (guint i = 0; i < addresses->len; i++) {
        const InetAddress *address = &g_array_index(addresses, InetAddress, i);
        if (http_fetch_may_reach(address))
            g_array_append_vals(out, address, 1);
    }
    return out;
}

/* Where every name belongs inside, none can be asked for outside while the tunnel is down. */
static GArray *
last_good(Connection *connection, const char *host, GArray *addresses)
{
    if (connection->web_known == NULL)
        connection->web_known =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    GArray *before = g_hash_table_lookup(connection->web_known, host);
    if (addresses == NULL)
        return before != NULL ? g_array_ref(before) : NULL;
    if (before != NULL || g_hash_table_size(connection->web_known) < MAX_KNOWN)
        g_hash_table_insert(connection->web_known, g_strdup(host), g_array_ref(addresses));
    return addresses;
}

static void
resolved(GObject *source, GAsyncResult *result, gpointer data)
{
    Fetching *fetching = data;
    Connection *connection = fetching->connection;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) addresses = NULL;
    g_autoptr(GArray) found = gateway_name_resolve_finish(result, &error);
    if (g_cancellable_is_cancelled(fetching->all)) {
        fetching_free(fetching);
        return;
    }
    addresses = last_good(connection, fetching->host, g_steal_pointer(&found));
    if (addresses == NULL) {
        bool late = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        fetching_finish(fetching, NULL, late ? "its name is not resolved" : error->message);
        return;
    }
    g_autoptr(GArray) allowed = reachable(addresses);
    if (allowed->len == 0) {
        fetching_finish(fetching, NULL, "that is an address of this machine or of this link");
        return;
    }
    g_clear_error(&error);
    set_web(connection, allowed, fetching->port, &error);
    if (error != NULL) { /* no way out without the filter */
        fetching_finish(fetching, NULL, error->message);
        return;
    }
    http_fetch_async(allowed, fetching->port, fetching->request, mark_for(connection->id),
                     fetching->deadline, fetching->all, fetched, fetching);
}

static gboolean
name_takes_too_long(gpointer data)
{
    Fetching *fetching = data;
    fetching->timeout = 0;
    g_cancellable_cancel(fetching->resolving);
    return G_SOURCE_REMOVE;
}

static void
all_is_over(GCancellable *all, gpointer data)
{
    g_cancellable_cancel(data);
}

/* NULL: it may be asked. */
static const char *
refusal(Connection *connection)
{
    int64_t now = g_get_monotonic_time() / G_USEC_PER_SEC;
    if (connection->profile->revocation == PROFILE_REVOCATION_OFF ||
        connection->profile->gateway_auth != PROFILE_GATEWAY_CERTIFICATE)
        return "the profile does not ask for that";
    if (connection->fetching != NULL)
        return "one at a time";
    if (now - connection->fetches_since >= 60) {
        connection->fetches_since = now;
        connection->fetches = 0;
    }
    return ++connection->fetches > FETCHES_PER_MINUTE ? "asked too often" : NULL;
}

void
connection_handle_fetch(Connection *connection, GVariant *body)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) posted = NULL;
    const char *host, *target;
    uint16_t port;
    uint32_t serial;
    g_variant_get(body, "(u&sq&s@ay)", &serial, &host, &port, &target, &posted);
    /* The same question again, after QUERY: its answer is under way. */
    if (connection->fetching != NULL && *connection->fetching == serial)
        return;
    g_autoptr(GBytes) octets = channel_bytes_from_variant(posted);
    const char *why = refusal(connection);
    g_autoptr(GBytes) request =
        why == NULL ? http_fetch_request(host, port, target, octets, &error) : NULL;
    if (request == NULL) {
        reply(connection, serial, NULL, why != NULL ? why : error->message);
        return;
    }
    Fetching *fetching = g_new0(Fetching, 1);
    *fetching = (Fetching){ .connection = connection,
                            .channel = connection->channel,
                            .serial = serial,
                            .host = g_strdup(host),
                            .port = port,
                            .request = g_steal_pointer(&request),
                            .all = g_object_ref(connection->cancellable),
                            .resolving = g_cancellable_new() };
    connection->fetching = &fetching->serial;
    fetching->deadline = g_get_monotonic_time() + HTTP_FETCH_TIME_MS * G_TIME_SPAN_MILLISECOND;
    fetching->timeout = g_timeout_add(HTTP_FETCH_TIME_MS, name_takes_too_long, fetching);
    fetching->chained = g_cancellable_connect(fetching->all, G_CALLBACK(all_is_over),
                                              g_object_ref(fetching->resolving), g_object_unref);
    machine_resolve_async(connection->machine, host, fetching->resolving, resolved, fetching);
}
