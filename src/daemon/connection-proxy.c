/*
 * The proxy between us and the gateway: which one it is, by the profile or by what GIO knows of
 * this machine's; where it is; and who we are there. Streams lead there instead of to the gateway.
 * What the proxy answers is read by the tunnel process.
 */
#include "config.h"

#include "daemon/connection-private.h"

#include "profile/profile-proxy.h"
#include "system/gateway-name.h"
#include "system/marks.h"
#include "system/sockets.h"

#include <errno.h>
#include <string.h>

#define MAX_LOGINS 3 /* passwords that a person types, for one connection */

struct _ProxyUse {
    Connection *connection;
    bool begun;   /* it was looked for */
    bool looking; /* it is not known yet whether there is one */
    bool used;    /* there is */
    ProfileProxy proxy;
    GArray *endpoints; /* InetEndpoint; the last good ones */
    guint next;        /* of them */
    char *why;         /* it has no address */
    GVariant *waiting; /* SOCKET that came while we look; NULL: none */
    GVariant *login;   /* PROXY_LOGIN that a person is asked for; NULL: none */
    unsigned logins;
};

void
connection_proxy_free(ProxyUse *use)
{
    profile_proxy_clear(&use->proxy);
    g_array_unref(use->endpoints);
    g_clear_pointer(&use->waiting, g_variant_unref);
    g_clear_pointer(&use->login, g_variant_unref);
    g_free(use->why);
    g_free(use);
}

static ProxyUse *
use_of(Connection *connection)
{
    if (connection->proxy == NULL) {
        connection->proxy = g_new0(ProxyUse, 1);
        connection->proxy->connection = connection;
        connection->proxy->endpoints = g_array_new(FALSE, FALSE, sizeof(InetEndpoint));
    }
    return connection->proxy;
}

const GArray *
connection_proxies(const Connection *connection)
{
    const ProxyUse *use = connection->proxy;
    return use != NULL && use->used ? use->endpoints : NULL;
}

/* ---- which one, and where ---- */

static void
looked(ProxyUse *use, bool other_way_out)
{
    Connection *connection = use->connection;
    g_autoptr(GVariant) waiting = g_steal_pointer(&use->waiting);
    g_autoptr(GError) error = NULL;
    use->looking = false;
    if (other_way_out && !machine_update_firewall(connection->machine, &error))
        g_warning("%s: %s", connection_name(connection), error->message);
    connection_resolve_goes_on(connection);
    if (waiting != NULL)
        connection_handle_socket(connection, waiting);
}

static void
tell(const ProxyUse *use)
{
    GVariantBuilder details;
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&details, "{sv}", "name", g_variant_new_string(use->proxy.host));
    g_variant_builder_add(&details, "{sv}", "port", g_variant_new_uint32(use->proxy.port));
    connection_event_now(use->connection, GINNEL_EVENT_PROXY, g_variant_builder_end(&details));
}

static void
name_resolved(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) addresses = gateway_name_resolve_finish(result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the connection is gone */
    ProxyUse *use = data;
    g_clear_pointer(&use->why, g_free);
    if (addresses != NULL)
        g_array_set_size(use->endpoints, 0);
    for (guint i = 0; addresses != NULL && i < addresses->len; i++) {
        InetEndpoint one = { g_array_index(addresses, InetAddress, i), use->proxy.port };
        g_array_append_val(use->endpoints, one);
    }
    if (use->endpoints->len > 0)
        tell(use);
    else
        use->why = g_strdup(error != NULL ? error->message : "the proxy has no address");
    looked(use, true);
}

/* Whatever the profile says about users is meant for this proxy, whoever named it. */
static void
take_proxy(ProxyUse *use, ProfileProxy *proxy)
{
    Connection *connection = use->connection;
    const Profile *profile = connection->profile;
    bool other =
        !use->used || strcmp(use->proxy.host, proxy->host) != 0 || use->proxy.port != proxy->port;
    if (other)
        g_array_set_size(use->endpoints, 0);
    if (profile->proxy_user != NULL && g_strcmp0(profile->proxy_user, proxy->user) != 0) {
        g_free(proxy->user);
        proxy->user = g_strdup(profile->proxy_user);
        g_clear_pointer(&proxy->password, secret_unref); /* somebody else's */
    }
    if (!other && proxy->password == NULL) /* what a person has typed */
        proxy->password = g_steal_pointer(&use->proxy.password);
    if (connection->credentials->proxy != NULL) {
        g_clear_pointer(&proxy->password, secret_unref);
        proxy->password = secret_ref(connection->credentials->proxy);
    }
    profile_proxy_clear(&use->proxy);
    use->proxy = *proxy;
    *proxy = (ProfileProxy){ 0 };
    use->used = true;
    machine_resolve_async(connection->machine, use->proxy.host, connection->cancellable,
                          name_resolved, use);
}

static void
no_proxy(ProxyUse *use)
{
    bool was_one = use->used;
    use->used = false;
    looked(use, was_one);
}

/* The first that we know of what the system would do; "direct://" among them is a proxy of none. */
static void
system_looked(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) urls = g_proxy_resolver_lookup_finish(G_PROXY_RESOLVER(source), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    ProxyUse *use = data;
    if (error != NULL)
        g_message("%s: the system's proxy: %s", connection_name(use->connection), error->message);
    for (size_t i = 0; urls != NULL && urls[i] != NULL; i++) {
        g_auto(ProfileProxy) proxy = { 0 };
        if (strcmp(urls[i], "direct://") == 0)
            break;
        if (!profile_proxy_parse(urls[i], &proxy, NULL))
            continue;
        take_proxy(use, &proxy);
        return;
    }
    no_proxy(use);
}

static void
ask_system(ProxyUse *use)
{
    const char *name = use->connection->profile->gateway_addresses[0];
    bool v6 = strchr(name, ':') != NULL;
    /* As for a web server there: that is what CONNECT is for. */
    g_autofree char *url = g_strdup_printf("https://%s%s%s/", v6 ? "[" : "", name, v6 ? "]" : "");
    g_proxy_resolver_lookup_async(g_proxy_resolver_get_default(), url, use->connection->cancellable,
                                  system_looked, use);
}

void
connection_proxy_begin(Connection *connection)
{
    const Profile *profile = connection->profile;
    if (g_strcmp0(profile->proxy, "none") == 0 || !profile_has_stream(profile))
        return;
    ProxyUse *use = use_of(connection);
    if (use->looking)
        return;
    use->begun = use->looking = true;
    if (profile->proxy == NULL) {
        ask_system(use);
        return;
    }
    g_auto(ProfileProxy) proxy = { 0 };
    if (profile_proxy_parse(profile->proxy, &proxy, NULL))
        take_proxy(use, &proxy);
    else
        no_proxy(use);
}

/* ---- a socket that leads there ---- */

bool
connection_proxy_is_looking(const Connection *connection)
{
    return connection->proxy != NULL && connection->proxy->looking;
}

bool
connection_proxy_waits(Connection *connection, GVariant *request)
{
    if (connection->proxy == NULL ||
        !connection->proxy->begun) /* a tunnel process that is older than we are */
        connection_proxy_begin(connection);
    ProxyUse *use = connection->proxy;
    if (use == NULL || !use->looking)
        return false;
    g_clear_pointer(&use->waiting, g_variant_unref);
    use->waiting = g_variant_ref(request);
    return true;
}

const InetEndpoint *
connection_proxy_endpoint(Connection *connection, const char **why)
{
    ProxyUse *use = connection->proxy;
    *why = NULL;
    if (use == NULL || !use->used)
        return NULL;
    *why = use->why != NULL ? use->why : "the proxy has no address";
    if (use->endpoints->len == 0)
        return NULL;
    *why = NULL;
    return &g_array_index(use->endpoints, InetEndpoint, use->next++ % use->endpoints->len);
}

void
connection_proxy_describe(Connection *connection, const char *host, GVariantDict *details)
{
    const ProfileProxy *proxy = &connection->proxy->proxy;
    g_variant_dict_insert(details, SOCKET_PROXY, "s",
                          proxy->kind == PROXY_HTTP ? "http" : "socks5");
    g_variant_dict_insert(details, SOCKET_PROXY_HOST, "s", host);
    /* Without a password, a person is asked when the proxy wants one. */
    if (proxy->user == NULL || proxy->password == NULL)
        return;
    g_variant_dict_insert(details, SOCKET_PROXY_USER, "s", proxy->user);
    g_variant_dict_insert_value(details, SOCKET_PROXY_PASSWORD,
                                channel_variant_from_secret(proxy->password));
}

/* ---- PROXY_LOGIN ---- */

static void
answer_login(ProxyUse *use, const char *why)
{
    g_autoptr(GVariant) request = g_steal_pointer(&use->login);
    uint32_t serial;
    g_variant_get_child(request, 0, "u", &serial);
    connection_send(use->connection, RECORD_PROXY_LOGIN_REPLY, g_variant_new("(us)", serial, why));
}

static void
answered(Secret *answer, const GError *why, gpointer data)
{
    ProxyUse *use = data;
    if (answer == NULL) {
        answer_login(use, why->message);
        return;
    }
    g_clear_pointer(&use->proxy.password, secret_unref);
    use->proxy.password = secret_ref(answer);
    answer_login(use, "");
}

/* NULL: a person may be asked. */
static char *
cannot_ask(const ProxyUse *use, const char *said)
{
    const Profile *profile = use->connection->profile;
    if (!use->used)
        return g_strdup("there is no proxy");
    if (use->proxy.user == NULL)
        return g_strdup_printf("%s; set proxy-user under [transport]", said);
    if (profile->proxy_secret_file != NULL)
        return g_strdup_printf("%s; they are in proxy-user and proxy-secret-file under [transport]",
                               said);
    return use->logins >= MAX_LOGINS ? g_strdup(said) : NULL;
}

void
connection_handle_proxy_login(Connection *connection, GVariant *body)
{
    ProxyUse *use = use_of(connection);
    const char *said;
    bool asking = use->login != NULL;
    g_clear_pointer(&use->login, g_variant_unref);
    use->login = g_variant_ref(body);
    if (asking) /* the newest question is answered */
        return;
    g_variant_get_child(body, 1, "&s", &said);
    g_autofree char *cut = g_strndup(said, DETAIL_MAX_LENGTH);
    g_autofree char *words = g_utf8_make_valid(cut, -1);
    g_autofree char *why = cannot_ask(use, words);
    if (why != NULL) {
        answer_login(use, why);
        return;
    }
    g_autofree char *who = g_strdup_printf("%s, %s", use->proxy.user, use->proxy.host);
    connection_ask(connection, AGENT_PROXY, who, NULL, use->proxy.password != NULL, answered, use,
                   NULL);
    use->logins++;
}
