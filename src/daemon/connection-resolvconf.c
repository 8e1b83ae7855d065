/*
 * The last resort, where there is no systemd-resolved: a tunnel through which every name is to be
 * asked has its servers told to resolvconf, by a process that may. It cannot split names, so
 * nothing else is done by it.
 */
#include "config.h"

#include "daemon/connection-private.h"

#include "system/sockets.h"

typedef struct {
    Connection *connection; /* NULL: nobody waits */
    Channel *channel;
    ResolvconfDone done;
} Call;

static void
finish(Call *call, bool ok, const char *why)
{
    if (call->connection != NULL) {
        call->connection->resolvconf_call = NULL;
        call->done(call->connection, ok ? NULL : why);
    }
    channel_free(call->channel);
    g_free(call);
}

static void
received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds, gpointer data)
{
    gboolean ok = FALSE;
    const char *why = "ginnel-resolvconf answered something else";
    if (type == RECORD_RESOLVCONF_DONE)
        g_variant_get(body, "(b&s)", &ok, &why);
    finish(data, ok, why);
}

static void
closed(Channel *channel, const GError *error, gpointer data)
{
    finish(data, false, "ginnel-resolvconf ended");
}

static const ChannelHandler handler = { received, closed };

static Call *
call_new(const char *interface, char **servers, char **search, GError **error)
{
    int fd = socket_to_unit(RESOLVCONF_SOCKET, "ginnel-resolvconf.socket", error);
    if (fd < 0)
        return NULL;
    Call *call = g_new0(Call, 1);
    call->channel = channel_new(fd, &handler, call);
    channel_send(call->channel, RECORD_RESOLVCONF,
                 g_variant_new("(s^as^as)", interface, servers, search), NULL, 0);
    return call;
}

static char **
server_words(const SplitDnsPlan *plan)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    for (guint i = 0; i < plan->servers->len; i++)
        g_ptr_array_add(words, inet_address_to_string(
                                   &g_array_index(plan->servers, SplitDnsServer, i).address));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

bool
connection_resolvconf_set(Connection *connection, ResolvconfDone done)
{
    const SplitDnsPlan *plan = connection->dns;
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) servers = server_words(plan);
    if (!plan->all_names || plan->encrypted || plan->by_other || servers[0] == NULL ||
        connection->resolvconf_call != NULL)
        return false;
    Call *call =
        call_new(connection->tun.name, servers, connection->profile->search_domains, &error);
    if (call == NULL) {
        g_warning("%s: %s", connection_name(connection), error->message);
        return false;
    }
    call->connection = connection;
    call->done = done;
    connection->resolvconf_call = call;
    connection->uses_resolvconf = true;
    return true;
}

void
connection_resolvconf_forget(Connection *connection)
{
    Call *open = connection->resolvconf_call;
    if (open != NULL)
        open->connection = NULL;
    connection->resolvconf_call = NULL;
}

bool
connection_resolvconf_take_away(Connection *connection, ResolvconfDone done)
{
    char *none[] = { NULL };
    bool used = connection->uses_resolvconf;
    connection_resolvconf_forget(connection);
    connection->uses_resolvconf = false;
    Call *call = used ? call_new(connection->tun.name, none, none, NULL) : NULL;
    if (call == NULL)
        return false;
    call->connection = connection;
    call->done = done;
    connection->resolvconf_call = call;
    return true;
}
