/*
 * The connection's stub: a ginnel-stub process that asks the gateway's name servers, on sockets at
 * one of our inside addresses. systemd-resolved then has that as the link's only server. Where the
 * profile says dnssec = stub it validates; where the gateway's servers speak TLS it looks after
 * their names, which systemd-resolved does only where the whole machine is set to DNSOverTLS=yes
 * (later versions do it for a link, too; there it does no harm).
 *
 * NetworkManager, which knows servers by their addresses alone, has to say the same of the link as
 * we do: there the stub is asked at port 53, and a rule of ours brings that to where it listens.
 */
#include "config.h"

#include "daemon/connection-private.h"

#include "plan/split-dns-servers.h"
#include "system/error.h"
#include "system/sockets.h"

#include <unistd.h>

#define READY_LIMIT_S  5
#define RESTART_MS     500 /* doubled by each process that has not answered for STEADY_S, up to */
#define RESTART_MAX_MS 30000
#define WAIT_MAX_MS    2000 /* a question is kept for the next process */
#define STEADY_S       30
#define DNS_PORT       53

struct _StubUse {
    Connection *connection;
    StubReady ready; /* NULL: was told */
    bool answers;
    InetEndpoint endpoint;
    /* Kept, so that questions wait while a process is started anew; -1 where one is not to be
     * expected soon: they fail at once then. */
    int udp, tcp;
    GVariant *start; /* body of STUB_START */
    Channel *channel;
    guint limit, restart;
    guint restart_ms;
    gint64 started; /* the process: monotonic microseconds */
};

static bool start_process(StubUse *use, GError **error);
static void restart_later(StubUse *use);

static void
close_sockets(StubUse *use)
{
    if (use->udp >= 0)
        close(use->udp);
    if (use->tcp >= 0)
        close(use->tcp);
    use->udp = use->tcp = -1;
}

void
connection_stub_free(StubUse *use)
{
    if (use == NULL)
        return;
    g_clear_handle_id(&use->limit, g_source_remove);
    g_clear_handle_id(&use->restart, g_source_remove);
    g_clear_pointer(&use->channel, channel_free);
    g_clear_pointer(&use->start, g_variant_unref);
    close_sockets(use);
    g_free(use);
}

bool
connection_wants_stub(const Connection *connection)
{
    const SplitDnsPlan *plan = connection->dns;
    return plan->servers->len > 0 &&
           (connection->profile->dnssec == PROFILE_DNSSEC_STUB || plan->digests->len > 0 ||
            (plan->encrypted && (connection->caller_configures ||
                                 !resolver_checks_names(connection->machine->resolver))));
}

InetEndpoint
connection_stub_redirect(const Connection *connection)
{
    if (connection->stub == NULL || !connection->caller_configures)
        return (InetEndpoint){ 0 };
    return connection->stub->endpoint;
}

void
connection_stub_drop(Connection *connection)
{
    g_autoptr(GError) error = NULL;
    bool redirected = connection_stub_redirect(connection).address.family != INET_NONE;
    g_clear_pointer(&connection->stub, connection_stub_free);
    g_clear_pointer(&connection->stub_failed, g_free);
    if (redirected && !machine_update_firewall(connection->machine, &error))
        g_warning("%s: %s", connection_name(connection), error->message);
}

/* ---- what it is told ---- */

static GVariant *
digests_variant(const SplitDnsPlan *plan, const SplitDnsServer *server)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(qay)"));
    for (guint i = 0; i < plan->digests->len; i++) {
        const SplitDnsDigest *digest = &g_array_index(plan->digests, SplitDnsDigest, i);
        if (split_dns_digest_is_of(digest, server))
            g_variant_builder_add(&list, "(q@ay)", digest->hash,
                                  channel_variant_from_bytes(digest->digest));
    }
    return g_variant_builder_end(&list);
}

static GVariant *
servers_variant(const SplitDnsPlan *plan)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(sqsa(qay))"));
    for (guint i = 0; i < plan->servers->len; i++) {
        const SplitDnsServer *server = &g_array_index(plan->servers, SplitDnsServer, i);
        g_autofree char *address = inet_address_to_string(&server->address);
        bool plain = server->name == NULL;
        g_variant_builder_add(&list, "(sqs@a(qay))", address, plain ? DNS_PORT : server->port,
                              plain ? "" : server->name, digests_variant(plan, server));
    }
    return g_variant_builder_end(&list);
}

static char **
insecure_words(const SplitDnsPlan *plan)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    for (guint i = 0; i < plan->negative->len; i++)
        g_ptr_array_add(words, g_strdup_printf("%s.", (char *)plan->negative->pdata[i]));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

static char **
address_words(const NetworkPlan *network)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    for (guint i = 0; i < network->addresses->len; i++)
        g_ptr_array_add(words, inet_address_to_string(
                                   &g_array_index(network->addresses, InetPrefix, i).address));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

static GVariant *
start_variant(const Connection *connection)
{
    const SplitDnsPlan *plan = connection->dns;
    bool validate = connection->profile->dnssec == PROFILE_DNSSEC_STUB;
    g_autofree char *lines = trust_anchors_to_file(plan->anchors);
    g_auto(GStrv) anchors = g_strsplit(g_strchomp(lines), "\n", -1);
    g_auto(GStrv) insecure = insecure_words(plan), sources = address_words(connection->network);
    return g_variant_ref_sink(g_variant_new("(s@a(sqsa(qay))^as^as^asb)",
                                            connection_name(connection), servers_variant(plan),
                                            anchors, insecure, sources, validate));
}

/* ---- the process ---- */

/* why: NULL once it answers. */
static void
tell(StubUse *use, const char *why)
{
    Connection *connection = use->connection;
    StubReady ready = use->ready;
    bool changed = (why == NULL) != (connection->stub_failed == NULL);
    use->ready = NULL;
    g_clear_handle_id(&use->limit, g_source_remove);
    g_free(connection->stub_failed);
    connection->stub_failed = g_strdup(why);
    if (ready != NULL)
        ready(connection);
    else if (changed)
        connection_stub_changed(connection);
}

static gboolean
limit_reached(gpointer data)
{
    StubUse *use = data;
    use->limit = 0;
    tell(use, "ginnel-stub does not answer");
    return G_SOURCE_REMOVE;
}

static gboolean
restart(gpointer data)
{
    StubUse *use = data;
    g_autoptr(GError) error = NULL;
    use->restart = 0;
    if (!start_process(use, &error)) {
        g_warning("%s: %s", connection_name(use->connection), error->message);
        restart_later(use);
    }
    return G_SOURCE_REMOVE;
}

static void
restart_later(StubUse *use)
{
    use->restart = g_timeout_add(use->restart_ms, restart, use);
    use->restart_ms = MIN(2 * use->restart_ms, RESTART_MAX_MS);
}

static void
received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds, gpointer data)
{
    StubUse *use = data;
    gboolean ok = FALSE;
    const char *why = "ginnel-stub answered something else";
    if (type == RECORD_STUB_READY)
        g_variant_get(body, "(b&s)", &ok, &why);
    g_autofree char *refused = ok ? NULL : g_strdup(why);
    if (!ok) {
        g_warning("%s: %s", connection_name(use->connection), why);
        /* One that did not start is no stub: the next time there is another. */
        g_clear_pointer(&use->channel, channel_free);
        close_sockets(use);
    }
    use->answers = ok;
    tell(use, refused);
}

static void
closed(Channel *channel, const GError *error, gpointer data)
{
    StubUse *use = data;
    if (use->answers && g_get_monotonic_time() - use->started >= STEADY_S * G_USEC_PER_SEC)
        use->restart_ms = RESTART_MS;
    bool soon = use->answers && use->restart_ms <= WAIT_MAX_MS;
    g_clear_pointer(&use->channel, channel_free);
    g_warning("%s: ginnel-stub ended, and is started anew", connection_name(use->connection));
    use->answers = false;
    restart_later(use);
    if (!soon) {
        close_sockets(use);
        tell(use, "ginnel-stub ended");
    }
}

static const ChannelHandler handler = { received, closed };

static bool
start_process(StubUse *use, GError **error)
{
    if (use->udp < 0 && !sockets_listen_pair(&use->endpoint, &use->udp, &use->tcp, error))
        return false;
    int control = socket_to_unit(STUB_SOCKET, "ginnel-stub.socket", error);
    if (control < 0)
        return false;
    int fds[] = { use->udp, use->tcp };
    use->started = g_get_monotonic_time();
    use->channel = channel_new(control, &handler, use);
    channel_send(use->channel, RECORD_STUB_START, use->start, fds, G_N_ELEMENTS(fds));
    return true;
}

static StubUse *
stub_new(Connection *connection, GVariant *start, GError **error)
{
    g_autoptr(StubUse) use = g_new0(StubUse, 1);
    use->connection = connection;
    use->start = g_variant_ref(start);
    use->udp = use->tcp = -1;
    use->restart_ms = RESTART_MS;
    if (connection->network->addresses->len == 0) {
        g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED, "there is no address inside");
        return NULL;
    }
    use->endpoint.address = g_array_index(connection->network->addresses, InetPrefix, 0).address;
    if (!start_process(use, error))
        return NULL;
    return g_steal_pointer(&use);
}

static bool
is_the_same(const StubUse *use, const Connection *connection, GVariant *start)
{
    return use != NULL && use->channel != NULL && g_variant_equal(use->start, start) &&
           inet_address_equal(
               &use->endpoint.address,
               &g_array_index(connection->network->addresses, InetPrefix, 0).address);
}

void
connection_stub_start(Connection *connection, StubReady ready)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) start = start_variant(connection);
    bool same = is_the_same(connection->stub, connection, start);
    if (!same) {
        connection_stub_drop(connection);
        connection->stub = stub_new(connection, start, &error);
    }
    if (connection->stub == NULL) {
        connection->stub_failed = g_strdup(error->message);
        ready(connection);
        return;
    }
    InetEndpoint asked = connection->stub->endpoint;
    if (connection->caller_configures)
        asked.port = DNS_PORT;
    split_dns_plan_use_stub(connection->dns, &asked,
                            connection->profile->dnssec == PROFILE_DNSSEC_STUB);
    if (connection->caller_configures && !machine_update_firewall(connection->machine, &error)) {
        /* Nothing leads to it. */
        connection_stub_drop(connection);
        connection->stub_failed = g_strdup(error->message);
        ready(connection);
        return;
    }
    connection->stub->ready = ready;
    if (connection->stub->answers)
        tell(connection->stub, NULL);
    else if (connection->stub->limit == 0)
        connection->stub->limit =
            g_timeout_add_seconds(READY_LIMIT_S, limit_reached, connection->stub);
}
