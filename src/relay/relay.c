#include "config.h"

#include "relay/relay-private.h"

#include "base/sockaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define BACKLOG      1024
#define DATAGRAM_MAX 65536
#define DRAIN_EVERY  (100 * 1000ull) /* microseconds */

uint64_t
relay_now(const Relay *relay)
{
    uint64_t now = 0;
    sd_event_now(relay->event, CLOCK_MONOTONIC, &now);
    return now;
}

static bool
rate_allows(Relay *relay, Rate *rate, unsigned most)
{
    uint64_t second = relay_now(relay) / 1000000;
    if (second != rate->second)
        *rate = (Rate){ .second = second };
    return rate->used++ < most;
}

void
relay_log(Relay *relay, const InetAddress *client, const char *event)
{
    if (!rate_allows(relay, &relay->logs, LOGS_A_SECOND))
        return;
    g_autofree char *address = inet_address_to_string(client);
    fprintf(stderr, "%s: %s\n", address, event);
}

static bool
fail(GError **error, const char *what, int code)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code), "%s: %s", what, g_strerror(code));
    return false;
}

/* ---- how many each client has ---- */

static guint
client_hash(gconstpointer key)
{
    const InetAddress *address = key;
    guint hash = address->family;
    for (size_t i = 0; i < sizeof address->octets; i++)
        hash = hash * 31 + address->octets[i];
    return hash;
}

static gboolean
client_equal(gconstpointer a, gconstpointer b)
{
    return inet_address_equal(a, b);
}

/* One IPv6 client has a whole /64. */
static InetAddress
client_key(const InetAddress *client)
{
    InetAddress key = *client;
    if (key.family == INET_V6)
        memset(key.octets + 8, 0, 8);
    return key;
}

bool
relay_count_client(Relay *relay, const InetAddress *client)
{
    InetAddress key = client_key(client);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(relay->clients, &key));
    if (n >= relay->options.max_per_client)
        return false;
    g_hash_table_insert(relay->clients, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(n + 1));
    return true;
}

void
relay_uncount_client(Relay *relay, const InetAddress *client)
{
    InetAddress key = client_key(client);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(relay->clients, &key));
    if (n > 1)
        g_hash_table_insert(relay->clients, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(n - 1));
    else
        g_hash_table_remove(relay->clients, &key);
}

/* ---- accepting ---- */

/* Without a descriptor left the listener would stay readable for ever. */
static void
refuse_without_descriptor(Relay *relay, int listener)
{
    if (relay->spare >= 0)
        close(relay->spare);
    int tcp = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (tcp >= 0)
        close(tcp);
    relay->statistics.refused++;
    relay->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool
is_proxy(const RelayOptions *options, const InetAddress *address)
{
    for (unsigned i = 0; i < options->n_proxies; i++)
        if (inet_prefix_contains(&options->proxies[i], address))
            return true;
    return false;
}

/* A balancer's streams are counted when it has said whose they are, and at its own rate. */
static const char *
why_not(Relay *relay, StreamOrigin *origin)
{
    if (relay->statistics.connections >= relay->options.max_connections)
        return "refused: there are as many streams as --max-connections allows";
    if (!rate_allows(relay, &relay->accepts, relay->options.max_rate))
        return "refused: streams come faster than --rate allows";
    if (origin->behind_proxy)
        return NULL;
    origin->counted = relay_count_client(relay, &origin->client.address);
    if (!origin->counted)
        return "refused: it has as many streams as --max-per-client allows";
    return NULL;
}

static void
accept_stream(Relay *relay, int tcp, StreamOrigin *origin)
{
    const char *refusal = why_not(relay, origin);
    if (refusal != NULL)
        close(tcp);
    else if (!stream_open(relay, tcp, origin))
        refusal = "refused: no memory or descriptor for it";
    if (refusal != NULL)
        relay->statistics.refused++;
    else
        relay->statistics.accepted++;
    relay_log(relay, &origin->client.address, refusal != NULL ? refusal : "accepted");
}

static int
acceptable(sd_event_source *source, int fd, uint32_t events, void *data)
{
    const Listener *listener = data;
    Relay *relay = listener->relay;
    for (unsigned i = 0; i < READS_AT_A_TIME; i++) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int tcp = accept4(fd, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (tcp < 0 && (errno == EMFILE || errno == ENFILE))
            refuse_without_descriptor(relay, fd);
        if (tcp < 0)
            return 0;
        if (listener->what == RELAY_LISTEN_METRICS) {
            metrics_serve(relay, tcp);
            continue;
        }
        StreamOrigin origin = { .client = from_sockaddr(&peer),
                                .with_tls = listener->what == RELAY_LISTEN_TLS };
        origin.behind_proxy = is_proxy(&relay->options, &origin.client.address);
        accept_stream(relay, tcp, &origin);
    }
    return 0;
}

/* ---- life ---- */

static void
listener_free(gpointer data)
{
    Listener *listener = data;
    sd_event_source_disable_unref(listener->source);
    if (listener->path != NULL)
        unlink(listener->path);
    g_free(listener->path);
    g_free(listener);
}

/* What a stream needs later is tried now, while someone reads what is said. */
static bool
try_gateways(const RelayOptions *options, GError **error)
{
    for (unsigned i = 0; i < options->n_gateways; i++) {
        InetEndpoint anybody = { { options->gateways[i].address.family, { 0 } }, 0 };
        int fd = gateway_socket(options, &options->gateways[i], &anybody);
        int code = errno;
        g_autofree char *text = inet_endpoint_to_string(&options->gateways[i]);
        if (fd < 0 && code == EPERM)
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                        "%s: --transparent and --mark need CAP_NET_ADMIN; ginnel-relay(8) says how "
                        "the service gets it",
                        text);
        else if (fd < 0 && code == EADDRNOTAVAIL)
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "%s: the addresses of --source-pool are not this machine's; make them so "
                        "with: ip route add local PREFIX dev lo",
                        text);
        else if (fd < 0 && code != ENETUNREACH && code != EHOSTUNREACH)
            fail(error, text, code);
        else
            code = 0;
        if (fd >= 0)
            close(fd);
        if (code != 0)
            return false;
    }
    return true;
}

Relay *
relay_new(const RelayOptions *options, GError **error)
{
    g_return_val_if_fail(options->n_gateways > 0, NULL);
    g_autoptr(Relay) relay = g_new0(Relay, 1);
    relay->options = *options;
    relay->listeners = g_ptr_array_new_with_free_func(listener_free);
    relay->streams = g_hash_table_new_full(NULL, NULL, stream_free, NULL);
    relay->clients = g_hash_table_new_full(client_hash, client_equal, g_free, NULL);
    relay->input = g_malloc(TCP_ENCAP_BUFFER);
    relay->datagram = g_malloc(DATAGRAM_MAX);
    relay->plain = g_byte_array_new();
    relay->records = g_byte_array_new();
    relay->batch = g_byte_array_new();
    relay->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int rc = sd_event_new(&relay->event);
    if (rc < 0) {
        fail(error, "event loop", -rc);
        return NULL;
    }
    if (!try_gateways(options, error) || !relay_tls_init(&relay->tls, options, error) ||
        !metrics_start(relay, error))
        return NULL;
    return g_steal_pointer(&relay);
}

void
relay_free(Relay *relay)
{
    if (relay == NULL)
        return;
    g_hash_table_unref(relay->streams);
    g_hash_table_unref(relay->clients);
    g_ptr_array_unref(relay->listeners);
    sd_event_source_disable_unref(relay->drain_timer);
    sd_event_source_disable_unref(relay->metrics_timer);
    relay_tls_clear(&relay->tls);
    sd_event_unref(relay->event);
    if (relay->spare >= 0)
        close(relay->spare);
    g_byte_array_unref(relay->plain);
    g_byte_array_unref(relay->records);
    g_byte_array_unref(relay->batch);
    g_free(relay->input);
    g_free(relay->datagram);
    g_free(relay);
}

static Listener *
add_listener(Relay *relay, int fd, RelayListen what, GError **error)
{
    Listener *listener = g_new0(Listener, 1);
    listener->relay = relay;
    listener->what = what;
    /* systemd hands blocking ones over. */
    int rc = fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
    if (rc == 0)
        rc = sd_event_add_io(relay->event, &listener->source, fd, EPOLLIN, acceptable, listener);
    if (rc < 0) {
        g_free(listener);
        close(fd);
        fail(error, "listening socket", -rc);
        return NULL;
    }
    sd_event_source_set_io_fd_own(listener->source, 1);
    g_ptr_array_add(relay->listeners, listener);
    return listener;
}

bool
relay_add_listener(Relay *relay, int fd, RelayListen what, GError **error)
{
    return add_listener(relay, fd, what, error) != NULL;
}

bool
relay_listen(Relay *relay, const InetEndpoint *endpoint, RelayListen what, GError **error)
{
    struct sockaddr_storage address;
    socklen_t length = (socklen_t)sockaddr_from_endpoint(endpoint, &address);
    g_autofree char *text = inet_endpoint_to_string(endpoint);
    int one = 1;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(error, text, errno);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (address.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, BACKLOG) < 0) {
        fail(error, text, errno);
        close(fd);
        return false;
    }
    return relay_add_listener(relay, fd, what, error);
}

bool
relay_listen_metrics(Relay *relay, const char *path, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path)
        return fail(error, path, ENAMETOOLONG);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(error, path, errno);
    struct stat old;
    if (lstat(path, &old) == 0 && S_ISSOCK(old.st_mode)) /* of one that was killed */
        unlink(path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BACKLOG) < 0) {
        fail(error, path, errno);
        close(fd);
        return false;
    }
    Listener *listener = add_listener(relay, fd, RELAY_LISTEN_METRICS, error);
    if (listener != NULL)
        listener->path = g_strdup(path);
    return listener != NULL;
}

/* ---- the end ---- */

static void
stop_listening(Relay *relay)
{
    for (guint i = relay->listeners->len; i > 0; i--)
        if (((Listener *)relay->listeners->pdata[i - 1])->what != RELAY_LISTEN_METRICS)
            g_ptr_array_remove_index_fast(relay->listeners, i - 1);
}

/* As many as it takes to be through in time, first of those for whom nothing waits: their clients
 * come to another relay one by one, and not all at once. */
static int
drain_some(sd_event_source *source, uint64_t now, void *data)
{
    Relay *relay = data;
    uint64_t left = now < relay->drain_end ? relay->drain_end - now : 0;
    uint64_t rounds = 1 + left / DRAIN_EVERY;
    uint64_t due = (relay->statistics.connections + rounds - 1) / rounds;
    g_autoptr(GList) streams = g_hash_table_get_keys(relay->streams);
    for (const GList *one = streams; one != NULL && due > 0; one = one->next) {
        if (rounds > 1 && !stream_has_nothing_to_send(one->data))
            continue;
        stream_drain(one->data);
        due--;
    }
    if (relay->statistics.connections == 0 || rounds == 1)
        return sd_event_exit(relay->event, 0);
    sd_event_source_set_time_relative(source, DRAIN_EVERY);
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    return 0;
}

void
relay_stop(Relay *relay)
{
    stop_listening(relay);
    bool at_once =
        relay->draining || relay->options.drain_time <= 0 || relay->statistics.connections == 0;
    relay->draining = true;
    relay->drain_end = relay_now(relay) + (uint64_t)relay->options.drain_time;
    if (at_once || sd_event_add_time(relay->event, &relay->drain_timer, CLOCK_MONOTONIC, 0, 10000,
                                     drain_some, relay) < 0)
        sd_event_exit(relay->event, 0);
    else
        fprintf(stderr, "%u streams are closed one after the other\n",
                relay->statistics.connections);
}

static int
terminated(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
    sd_notify(0, "STOPPING=1");
    relay_stop(data);
    return 0;
}

static int
hung_up(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
    Relay *relay = data;
    relay_tls_refresh(&relay->tls, relay_now(relay), true);
    return 0;
}

bool
relay_run(Relay *relay, GError **error)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    sd_event_add_signal(relay->event, NULL, SIGTERM, terminated, relay);
    sd_event_add_signal(relay->event, NULL, SIGINT, terminated, relay);
    sd_event_add_signal(relay->event, NULL, SIGHUP, hung_up, relay);
    int rc = sd_event_loop(relay->event);
    metrics_write_file(relay);
    return rc >= 0 || fail(error, "event loop", -rc);
}

const RelayStatistics *
relay_statistics(const Relay *relay)
{
    return &relay->statistics;
}
