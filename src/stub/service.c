#include "config.h"

#include "stub/service.h"

#include "channel/channel.h"
#include "stub/forwarder.h"
#include "stub/listener.h"
#include "stub/tls-upstream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_S 5

struct _StubService {
    Channel *channel;
    void (*closed)(gpointer user_data);
    gpointer user_data;
    guint linger;
    bool asked;            /* to start, once */
    TlsUpstream *upstream; /* NULL: servers are not asked by TLS */
    Listener *between;     /* NULL: libunbound asks the servers itself, or is not needed */
    Forwarder *forwarder;  /* NULL: nothing is validated, and servers are asked by TLS */
    Listener *listener;    /* NULL: not started */
};

/* What STUB_START says. */
typedef struct {
    const char *connection;
    GVariant *servers;
    char **anchors, **insecure, **sources;
    gboolean validate;
    char **words;      /* servers that are not asked by TLS, as libunbound has them */
    GPtrArray *by_tls; /* TlsServer */
} StubStart;

static void
start_clear(StubStart *start)
{
    g_variant_unref(start->servers);
    g_strfreev(start->anchors);
    g_strfreev(start->insecure);
    g_strfreev(start->sources);
    g_strfreev(start->words);
    g_ptr_array_unref(start->by_tls);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StubStart, start_clear)

static void
add_digests(TlsServer *server, GVariant *digests)
{
    for (gsize i = 0; i < g_variant_n_children(digests); i++) {
        g_autoptr(GVariant) value = NULL;
        TlsDigest digest;
        g_variant_get_child(digests, i, "(q@ay)", &digest.hash, &value);
        digest.digest = channel_bytes_from_variant(value);
        g_array_append_val(server->digests, digest);
    }
}

static void
read_servers(StubStart *start)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    start->by_tls = g_ptr_array_new_with_free_func((GDestroyNotify)tls_server_free);
    for (gsize i = 0; i < g_variant_n_children(start->servers); i++) {
        const char *address, *name;
        g_autoptr(GVariant) digests = NULL;
        InetEndpoint endpoint;
        g_variant_get_child(start->servers, i, "(&sq&s@a(qay))", &address, &endpoint.port, &name,
                            &digests);
        if (*name == '\0') {
            g_ptr_array_add(words, g_strdup_printf("%s@%u", address, endpoint.port));
        } else if (inet_address_parse(address, &endpoint.address)) {
            TlsServer *server = tls_server_new(&endpoint, name);
            add_digests(server, digests);
            g_ptr_array_add(start->by_tls, server);
        }
    }
    g_ptr_array_add(words, NULL);
    start->words = (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

static bool
start_upstream(StubService *service, const StubStart *start, GError **error)
{
    g_autoptr(TrustStore) trust = trust_store_new(NULL, 0, error);
    g_autoptr(GArray) sources = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    for (char **source = start->sources; *source != NULL; source++) {
        InetAddress address;
        if (inet_address_parse(*source, &address))
            g_array_append_val(sources, address);
    }
    if (trust != NULL)
        service->upstream = tls_upstream_new(start->by_tls, sources, trust);
    return service->upstream != NULL;
}

/* The port that UDP gets may be taken over TCP. */
static bool
loopback_pair(int *udp, int *tcp, uint16_t *port)
{
    for (unsigned i = 0; i < 8; i++) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t length = sizeof address;
        *udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        *tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (*udp >= 0 && *tcp >= 0 && bind(*udp, (struct sockaddr *)&address, length) == 0 &&
            getsockname(*udp, (struct sockaddr *)&address, &length) == 0 &&
            bind(*tcp, (struct sockaddr *)&address, length) == 0 && listen(*tcp, 8) == 0) {
            *port = ntohs(address.sin_port);
            return true;
        }
        if (*udp >= 0)
            close(*udp);
        if (*tcp >= 0)
            close(*tcp);
    }
    return false;
}

/* libunbound as Debian has it cannot do TLS with names: it asks on loopback, and from there it goes
 * on. Whoever else on this machine asks there gets no more than by asking the stub itself. */
static bool
start_between(StubService *service, char **word, GError **error)
{
    int udp, tcp;
    uint16_t port;
    if (!loopback_pair(&udp, &tcp, &port)) {
        g_set_error(error, CHANNEL_ERROR, CHANNEL_ERROR_CLOSED, "no socket on loopback");
        return false;
    }
    service->between = listener_new(tls_upstream_asker(service->upstream), udp, tcp);
    *word = g_strdup_printf("127.0.0.1@%u", port);
    return true;
}

static bool
start_forwarder(StubService *service, const StubStart *start, GError **error)
{
    char *none[] = { NULL }, *between[] = { NULL, NULL };
    g_autofree char *word = NULL;
    ForwarderConfig config = { start->words, start->anchors, start->insecure, start->sources,
                               start->validate };
    if (service->upstream != NULL) {
        if (!start_between(service, &word, error))
            return false;
        between[0] = word;
        config.servers = between;
        config.sources = none;
    }
    service->forwarder = forwarder_new(&config, error);
    return service->forwarder != NULL;
}

static bool
start(StubService *service, const StubStart *wanted, int *fds, GError **error)
{
    bool tls = wanted->by_tls->len > 0, unbound = wanted->validate || !tls;
    if (tls && !start_upstream(service, wanted, error))
        return false;
    if (unbound && !start_forwarder(service, wanted, error))
        return false;
    service->listener = listener_new(unbound ? forwarder_asker(service->forwarder)
                                             : tls_upstream_asker(service->upstream),
                                     fds[0], fds[1]);
    fds[0] = fds[1] = -1;
    g_message("%s: answers%s%s", wanted->connection, tls ? ", asks by TLS" : "",
              wanted->validate ? ", validates" : "");
    return true;
}

static void
received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds, gpointer data)
{
    StubService *service = data;
    g_autoptr(GError) error = NULL;
    if (type != RECORD_STUB_START || n_fds != 2 || service->asked) {
        service->closed(service->user_data);
        return;
    }
    service->asked = true;
    g_auto(StubStart) wanted = { 0 };
    g_variant_get(body, "(&s@a(sqsa(qay))^as^as^asb)", &wanted.connection, &wanted.servers,
                  &wanted.anchors, &wanted.insecure, &wanted.sources, &wanted.validate);
    read_servers(&wanted);
    bool ok = start(service, &wanted, fds, &error);
    channel_send(channel, RECORD_STUB_READY,
                 g_variant_new("(bs)", ok, error != NULL ? error->message : ""), NULL, 0);
}

static gboolean
linger_over(gpointer data)
{
    StubService *service = data;
    service->linger = 0;
    service->closed(service->user_data);
    return G_SOURCE_REMOVE;
}

static void
closed(Channel *channel, const GError *error, gpointer data)
{
    StubService *service = data;
    if (service->listener != NULL)
        service->linger = g_timeout_add_seconds(LINGER_S, linger_over, service);
    else
        service->closed(service->user_data);
}

static const ChannelHandler handler = { received, closed };

StubService *
stub_service_new(int fd, void (*on_closed)(gpointer user_data), gpointer user_data)
{
    StubService *service = g_new0(StubService, 1);
    service->closed = on_closed;
    service->user_data = user_data;
    service->channel = channel_new(fd, &handler, service);
    return service;
}

void
stub_service_free(StubService *service)
{
    g_clear_handle_id(&service->linger, g_source_remove);
    listener_free(service->listener);
    forwarder_free(service->forwarder);
    listener_free(service->between);
    tls_upstream_free(service->upstream);
    channel_free(service->channel);
    g_free(service);
}
