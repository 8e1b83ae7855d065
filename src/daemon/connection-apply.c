#include "config.h"

#include "daemon/connection-private.h"

#include "plan/encrypted-dns.h"
#include "system/error.h"

#include <string.h>

#define HISTORY_MAX 32 /* moves that are told */
#define SERVERS_MAX 64 /* that routes are planned for */
/* What each version of systemd-resolved takes for one link; some take more. */
#define FEW_DOMAINS 256
/* Then whoever waits is told for what. */
#define NAMES_PATIENCE_MS 1500

static void plan_names(Connection *connection);
static void apply_names(Connection *connection);

/* ---- reading what a stranger may have written ---- */

static bool
read_address(GVariant *octets, InetAddress *out)
{
    gsize length;
    const uint8_t *data = g_variant_get_fixed_array(octets, &length, 1);
    if (length != 4 && length != 16)
        return false;
    *out = inet_address_new(length == 4 ? INET_V4 : INET_V6, data);
    return true;
}

static GArray *
read_prefixes(GVariant *configure, const char *key)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    g_autoptr(GVariant) list = g_variant_lookup_value(configure, key, G_VARIANT_TYPE("a(ayy)"));
    for (gsize i = 0; list != NULL && i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) octets = NULL;
        InetPrefix prefix = { 0 };
        g_variant_get_child(list, i, "(@ayy)", &octets, &prefix.length);
        if (read_address(octets, &prefix.address) &&
            prefix.length <= 8 * inet_family_length(prefix.address.family))
            g_array_append_val(out, prefix);
    }
    return out;
}

static GArray *
read_ranges(GVariant *configure, const char *key)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(InetRange));
    g_autoptr(GVariant) list = g_variant_lookup_value(configure, key, G_VARIANT_TYPE("a(yqqayay)"));
    for (gsize i = 0; list != NULL && i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) first = NULL, last = NULL;
        InetRange range;
        g_variant_get_child(list, i, "(yqq@ay@ay)", NULL, NULL, NULL, &first, &last);
        if (read_address(first, &range.first) && read_address(last, &range.last) &&
            range.first.family == range.last.family &&
            inet_address_compare(&range.first, &range.last) <= 0)
            g_array_append_val(out, range);
    }
    return out;
}

/* INTERNAL_IP4_DNS, INTERNAL_IP6_DNS. */
static GArray *
read_servers(GVariant *configure)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_autoptr(GVariant) list =
        g_variant_lookup_value(configure, CONFIGURE_DNS, G_VARIANT_TYPE("aay"));
    for (gsize i = 0; list != NULL && i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) octets = g_variant_get_child_value(list, i);
        InetAddress address;
        if (read_address(octets, &address))
            g_array_append_val(out, address);
    }
    return out;
}

/* Those too are reached through the tunnel. */
static void
add_encrypted(GVariant *configure, GArray *servers)
{
    g_autoptr(GVariant) list =
        g_variant_lookup_value(configure, CONFIGURE_SPLIT_DNS, G_VARIANT_TYPE("a(qay)"));
    for (gsize i = 0; list != NULL && i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) value = NULL;
        guint16 type;
        gsize length;
        g_variant_get_child(list, i, "(q@ay)", &type, &value);
        if (type != ATTRIBUTE_ENCDNS_IP4 && type != ATTRIBUTE_ENCDNS_IP6)
            continue;
        const uint8_t *data = g_variant_get_fixed_array(value, &length, 1);
        g_autoptr(EncryptedResolver) resolver = encrypted_resolver_parse(
            type == ATTRIBUTE_ENCDNS_IP4 ? INET_V4 : INET_V6, data, length, NULL);
        if (resolver != NULL && servers->len < SERVERS_MAX)
            g_array_append_vals(servers, resolver->addresses->data, resolver->addresses->len);
    }
}

static const char *
read_text(GVariant *configure, const char *key)
{
    const char *text = "";
    g_variant_lookup(configure, key, "&s", &text);
    return text;
}

/* ---- planning ---- */

static NetworkPlan *
plan_network(Connection *connection, GVariant *configure, char **why)
{
    g_autoptr(GArray) addresses = read_prefixes(configure, CONFIGURE_ADDRESSES);
    g_autoptr(GArray) subnets = read_prefixes(configure, CONFIGURE_SUBNETS);
    g_autoptr(GArray) remote = read_ranges(configure, CONFIGURE_REMOTE_TS);
    g_autoptr(GArray) servers = read_servers(configure);
    add_encrypted(configure, servers);
    const char *esp = read_text(configure, CONFIGURE_ESP);
    NetworkOffer offer = { .addresses = addresses,
                           .remote = remote,
                           .subnets = subnets,
                           .include = connection->profile->include,
                           .servers = servers,
                           .mtu = connection->profile->mtu,
                           .path_mtu = connection->path_mtu,
                           .combined_cipher =
                               strstr(esp, "gcm") != NULL || strstr(esp, "poly1305") != NULL };
    return network_plan_new(&offer, why);
}

static SplitDnsPlan *
plan_dns(Connection *connection, GVariant *configure, const NetworkPlan *network)
{
    const Profile *profile = connection->profile;
    g_autoptr(GArray) servers = read_servers(configure);
    g_autoptr(GVariant) list =
        g_variant_lookup_value(configure, CONFIGURE_SPLIT_DNS, G_VARIANT_TYPE("a(qay)"));
    gsize n = list != NULL ? g_variant_n_children(list) : 0;
    g_autofree SplitDnsAttribute *attributes = g_new0(SplitDnsAttribute, n + 1);
    g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
    for (gsize i = 0; i < n; i++) {
        GVariant *value;
        g_variant_get_child(list, i, "(q@ay)", &attributes[i].type, &value);
        g_ptr_array_add(values, value);
        attributes[i].data = g_variant_get_fixed_array(value, &attributes[i].length, 1);
    }
    g_autoptr(GPtrArray) held = g_ptr_array_new();
    for (guint i = 0; i < connection->machine->connections->len; i++) {
        Connection *other = connection->machine->connections->pdata[i];
        if (g_strcmp0(other->owner, connection->owner) != 0)
            connection_held_domains(other, held);
    }
    g_ptr_array_add(held, NULL);
    g_autofree char *where =
        g_strdup_printf("of %s", profile->file != NULL ? profile->file : "the settings");
    SplitDnsOffer offer = {
        .attributes = attributes,
        .n_attributes = n,
        .servers = servers,
        .remote = network->remote,
        .full_tunnel = network->full_v4 || network->full_v6,
        .domains = profile->domains,
        .add_domains = profile->add_domains,
        .search_domains = profile->search_domains,
        .trust_anchor_domains = profile->trust_anchor_domains,
        .public_anchor_domains = profile->public_anchor_domains,
        .use_servers_for_all = profile->use_servers == PROFILE_SERVERS_ALL,
        .dnssec = profile->dnssec != PROFILE_DNSSEC_OFF,
        .max_domains = connection->max_domains,
        .by_other = connection->caller_configures,
        .no_encrypted = profile->encrypted_dns == PROFILE_ENCRYPTED_OFF,
        .held = (char *const *)held->pdata,
        .where = where,
    };
    return split_dns_plan_new(&offer);
}

/* ---- telling ---- */

static char **
prefixes_to_strv(const GArray *prefixes, bool hosts)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    for (guint i = 0; i < prefixes->len; i++) {
        const InetPrefix *prefix = &g_array_index(prefixes, InetPrefix, i);
        g_ptr_array_add(list, hosts ? inet_address_to_string(&prefix->address)
                                    : inet_prefix_to_string(prefix));
    }
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

static void
add_refusals(GVariantBuilder *list, const GPtrArray *refused)
{
    for (guint i = 0; i < refused->len; i++) {
        const Refusal *refusal = refused->pdata[i];
        g_variant_builder_open(list, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(list, "{sv}", "kind", g_variant_new_string(refusal->kind));
        g_variant_builder_add(list, "{sv}", "name", g_variant_new_string(refusal->name));
        g_variant_builder_add(list, "{sv}", "code", g_variant_new_string(refusal->code));
        g_variant_builder_add(list, "{sv}", "why", g_variant_new_string(refusal->why));
        g_variant_builder_close(list);
    }
}

static GVariant *
domains_variant(const SplitDnsPlan *plan)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < plan->domains->len; i++) {
        const SplitDnsDomain *domain = plan->domains->pdata[i];
        g_variant_builder_open(&list, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&list, "{sv}", "name", g_variant_new_string(domain->name));
        g_variant_builder_add(&list, "{sv}", "search", g_variant_new_boolean(domain->search));
        g_variant_builder_add(&list, "{sv}", "validated", g_variant_new_boolean(domain->validated));
        if (domain->validated)
            g_variant_builder_add(&list, "{sv}", "key-tag", g_variant_new_uint32(domain->key_tag));
        if (domain->why != NULL)
            g_variant_builder_add(&list, "{sv}", "why", g_variant_new_string(domain->why));
        g_variant_builder_close(&list);
    }
    return g_variant_builder_end(&list);
}

/* The latest last. */
static void
note_transport(GinTunnel *tunnel, const char *transport, const char *why)
{
    GVariant *before = gin_tunnel_get_transport_history(tunnel);
    gsize n = before != NULL ? g_variant_n_children(before) : 0;
    GVariantBuilder history;
    g_variant_builder_init(&history, G_VARIANT_TYPE("a(xss)"));
    for (gsize i = n >= HISTORY_MAX ? n - HISTORY_MAX + 1 : 0; i < n; i++) {
        g_autoptr(GVariant) one = g_variant_get_child_value(before, i);
        g_variant_builder_add_value(&history, one);
    }
    g_variant_builder_add(&history, "(xss)", g_get_real_time(), transport, why);
    gin_tunnel_set_transport_history(tunnel, g_variant_builder_end(&history));
}

void
connection_tell_transport(GinTunnel *tunnel, GVariant *way, const char *why)
{
    static const char *const kinds[] = { "udp", "tcp", "tls" };
    guint8 kind;
    guint16 port;
    g_autoptr(GVariant) octets = NULL;
    InetAddress address;
    g_variant_get(way, "(y@ayq)", &kind, &octets, &port);
    g_autofree char *transport =
        g_strdup_printf("%s/%u", kinds[MIN(kind, G_N_ELEMENTS(kinds) - 1)], port);
    if (g_strcmp0(transport, gin_tunnel_get_transport(tunnel)) != 0 || *why != '\0')
        note_transport(tunnel, transport, why);
    gin_tunnel_set_transport(tunnel, transport);
    if (!read_address(octets, &address))
        return;
    g_autofree char *text = inet_address_to_string(&address);
    gin_tunnel_set_gateway_address(tunnel, text);
}

static void
tell_gateway(GinTunnel *tunnel, GVariant *configure)
{
    g_autoptr(GVariant) way =
        g_variant_lookup_value(configure, CONFIGURE_TRANSPORT, G_VARIANT_TYPE("(yayq)"));
    gboolean nat = FALSE;
    gint64 not_after = 0;
    if (way != NULL)
        connection_tell_transport(tunnel, way, "");
    g_variant_lookup(configure, CONFIGURE_NAT, "b", &nat);
    g_variant_lookup(configure, CONFIGURE_NOT_AFTER, "x", &not_after);
    gin_tunnel_set_behind_nat(tunnel, nat);
    gin_tunnel_set_gateway_not_after(tunnel, not_after);
    gin_tunnel_set_gateway_id(tunnel, read_text(configure, CONFIGURE_GATEWAY_ID));
    gin_tunnel_set_ike_algorithms(tunnel, read_text(configure, CONFIGURE_IKE));
    gin_tunnel_set_esp_algorithms(tunnel, read_text(configure, CONFIGURE_ESP));
}

/* "10.99.0.1"; encrypted "10.99.0.1:853#dns.example", "[2001:db8::1]:853#dns.example". */
static char *
server_to_string(const SplitDnsServer *server)
{
    g_autofree char *address = inet_address_to_string(&server->address);
    if (server->name == NULL)
        return g_steal_pointer(&address);
    return g_strdup_printf(server->address.family == INET_V6 ? "[%s]:%u#%s" : "%s:%u#%s", address,
                           server->port, server->name);
}

/* What is connected from an address that is gone does not go on: nobody should have to guess why.
 */
static void
tell_addresses(Connection *connection, const char *const *addresses)
{
    const char *const *before = gin_tunnel_get_addresses(connection->tunnel);
    GVariantBuilder details;
    bool all = true;
    for (gsize i = 0; before != NULL && before[i] != NULL; i++)
        all = all && g_strv_contains(addresses, before[i]);
    if (!all) {
        g_autofree char *old = g_strjoinv(", ", (char **)before);
        g_autofree char *new = g_strjoinv(", ", (char **)addresses);
        g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&details, "{sv}", "before", g_variant_new_strv(before, -1));
        g_variant_builder_add(&details, "{sv}", "now", g_variant_new_strv(addresses, -1));
        connection_event_now(connection, GINNEL_EVENT_ADDRESSES_CHANGED,
                             g_variant_builder_end(&details));
        g_message("%s: the gateway gives other addresses, %s in place of %s: what was connected "
                  "from there has to connect again",
                  connection_name(connection), new, old);
    }
    gin_tunnel_set_addresses(connection->tunnel, addresses);
}

static void
tell_plans(Connection *connection, GVariant *configure)
{
    GinTunnel *tunnel = connection->tunnel;
    const NetworkPlan *network = connection->network;
    const SplitDnsPlan *dns = connection->dns;
    GVariantBuilder refused;
    g_auto(GStrv) addresses = prefixes_to_strv(network->addresses, true);
    g_auto(GStrv) networks = prefixes_to_strv(network->routes, false);
    g_autoptr(GPtrArray) servers = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < dns->servers->len; i++)
        g_ptr_array_add(servers, server_to_string(&g_array_index(dns->servers, SplitDnsServer, i)));
    g_ptr_array_add(servers, NULL);
    g_variant_builder_init(&refused, G_VARIANT_TYPE("aa{sv}"));
    add_refusals(&refused, network->refused);
    add_refusals(&refused, dns->refused);
    tell_gateway(tunnel, configure);
    tell_addresses(connection, (const char *const *)addresses);
    gin_tunnel_set_networks(tunnel, (const char *const *)networks);
    gin_tunnel_set_full_tunnel(tunnel, network->full_v4 || network->full_v6);
    gin_tunnel_set_dns_servers(tunnel, (const char *const *)servers->pdata);
    gin_tunnel_set_dns_offered(tunnel, connection_offered_variant(configure));
    gin_tunnel_set_all_names(tunnel, dns->all_names);
    gin_tunnel_set_domains(tunnel, domains_variant(dns));
    gin_tunnel_set_refused(tunnel, g_variant_builder_end(&refused));
    gin_tunnel_set_mtu(tunnel, network->mtu);
}

/* ---- applying ---- */

static void
answer(Connection *connection, bool ok, const char *why)
{
    connection->applying = false;
    if (ok)
        connection->mtu = connection->network->mtu;
    connection_save(connection);
    if (connection->answer_applied)
        connection_send(connection, RECORD_APPLIED,
                        g_variant_new("(bsu)", ok, why, ok ? connection->mtu : 0));
    connection->answer_applied = false;
    if (ok && connection->profile->tell_anchors)
        connection_send(
            connection, RECORD_REQUEST_SPLIT_DNS,
            g_variant_new("(@a(qay))", connection_request_split_dns_variant(connection)));
    g_autoptr(GVariant) next = g_steal_pointer(&connection->configure_next);
    if (next != NULL)
        connection_handle_configure(connection, next, true);
}

typedef struct {
    Connection *connection;
    GCancellable *cancellable;
    guint patience;
} ApplyingDns;

static void
resolvconf_set(Connection *connection, const char *why)
{
    g_autofree char *warning =
        why == NULL ? g_strdup("systemd-resolved does not run: names are asked inside by "
                               "resolvconf, and not validated.")
                    : g_strdup_printf("Names do not resolve inside: there is no systemd-resolved, "
                                      "and %s.",
                                      why);
    gin_tunnel_set_warning(connection->tunnel, warning);
    gin_tunnel_set_validated_by(connection->tunnel, "");
    g_warning("%s: %s", connection_name(connection), warning);
    answer(connection, true, "");
}

/* A tunnel without its names is still one; the user is told. */
static void
tell_names(Connection *connection)
{
    const char *warning = connection->dns->warning != NULL ? connection->dns->warning : "";
    const char *why =
        connection->names_failed != NULL ? connection->names_failed : connection->stub_failed;
    g_autofree char *failed =
        why == NULL ? NULL : g_strdup_printf("Names do not resolve inside: %s.", why);
    gin_tunnel_set_warning(connection->tunnel, failed != NULL ? failed : warning);
    if (failed != NULL)
        g_warning("%s: %s", connection_name(connection), failed);
}

void
connection_stub_changed(Connection *connection)
{
    if (!connection->applying && !connection->uses_resolvconf)
        tell_names(connection);
}

/* why: NULL where they were set. */
static void
names_done(Connection *connection, const char *why)
{
    g_free(connection->names_failed);
    connection->names_failed = g_strdup(why);
    tell_names(connection);
    answer(connection, true, "");
}

static void
dns_applied(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autofree ApplyingDns *applying = data;
    g_autoptr(GCancellable) cancellable = applying->cancellable;
    g_autoptr(GError) error = NULL;
    bool ok = resolver_apply_finish(result, &error);
    g_clear_handle_id(&applying->patience, g_source_remove);
    if (g_cancellable_is_cancelled(cancellable))
        return; /* the connection is being torn down, or gone */
    Connection *connection = applying->connection;
    if (g_error_matches(error, SYSTEM_ERROR, SYSTEM_ERROR_TOO_MANY) &&
        connection->max_domains != FEW_DOMAINS) {
        connection->max_domains = FEW_DOMAINS;
        plan_names(connection);
        apply_names(connection);
        return;
    }
    if (g_error_matches(error, SYSTEM_ERROR, SYSTEM_ERROR_ABSENT) &&
        connection_resolvconf_set(connection, resolvconf_set))
        return;
    names_done(connection, ok ? NULL : error->message);
}

/* What is left to us where the caller configures: everything of a family has to go by a table of
 * our own, or outer packets of a machine with two ways out would follow the inner ones. */
static GArray *
routes_of_ours(const NetworkPlan *plan)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    for (guint i = 0; i < plan->routes->len; i++) {
        const InetPrefix *route = &g_array_index(plan->routes, InetPrefix, i);
        if (route->address.family == INET_V4 ? plan->full_v4 : plan->full_v6)
            g_array_append_val(out, *route);
    }
    return out;
}

/* Its addresses come later: no source is preferred, the kernel takes the device's. */
static bool
apply_network_for_caller(Connection *connection, GError **error)
{
    Netlink *netlink = connection->machine->netlink;
    const NetworkPlan *plan = connection->network;
    g_autoptr(GArray) routes = routes_of_ours(plan);
    g_autoptr(GArray) sources = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    return machine_update_firewall(connection->machine, error) &&
           netlink_link_up(netlink, connection->tun.ifindex, plan->mtu, error) &&
           netlink_set_routes(netlink, connection->tun.ifindex, routes, sources, error);
}

static bool
apply_network(Connection *connection, GError **error)
{
    Netlink *netlink = connection->machine->netlink;
    const NetworkPlan *plan = connection->network;
    int ifindex = connection->tun.ifindex;
    if (connection->caller_configures)
        return apply_network_for_caller(connection, error);
    /* The guard stands before the first packet can come. */
    return machine_update_firewall(connection->machine, error) &&
           netlink_link_up(netlink, ifindex, plan->mtu, error) &&
           netlink_set_addresses(netlink, ifindex, plan->addresses, error) &&
           netlink_set_routes(netlink, ifindex, plan->routes, plan->addresses, error);
}

/* What whoever resolves names here is given. */
static void
tell_link_servers(Connection *connection)
{
    const SplitDnsPlan *dns = connection->dns;
    if (dns->stub.address.family == INET_NONE) {
        gin_tunnel_set_link_servers(connection->tunnel,
                                    gin_tunnel_get_dns_servers(connection->tunnel));
        return;
    }
    g_autofree char *address = inet_address_to_string(&dns->stub.address);
    const char *const servers[] = { address, NULL };
    gin_tunnel_set_link_servers(connection->tunnel, servers);
}

/* resolved is not restarted without end: what it was told a moment ago comes first. */
static gboolean
names_wait(gpointer data)
{
    ApplyingDns *applying = data;
    GVariantBuilder details;
    applying->patience = 0;
    if (g_cancellable_is_cancelled(applying->cancellable))
        return G_SOURCE_REMOVE;
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    connection_event_now(applying->connection, GINNEL_EVENT_NAMES_WAITING,
                         g_variant_builder_end(&details));
    return G_SOURCE_REMOVE;
}

/* A stub that does not answer has the link all the same: names fail at once, and none leaves. */
static void
apply_dns(Connection *connection)
{
    if (connection->tearing_down)
        return;
    connection->let_go = false;
    gin_tunnel_set_validated_by(connection->tunnel, connection_validated_by(connection->dns));
    tell_link_servers(connection);
    /* A device that we made has nothing that could be taken back. */
    if (connection->dns->servers->len == 0 && !connection->names_told) {
        names_done(connection, NULL);
        return;
    }
    connection->names_told = true;
    ApplyingDns *applying = g_new0(ApplyingDns, 1);
    applying->connection = connection;
    applying->cancellable = g_object_ref(connection->cancellable);
    applying->patience = g_timeout_add(NAMES_PATIENCE_MS, names_wait, applying);
    resolver_apply_async(connection->machine->resolver, connection->tun.name,
                         connection->tun.ifindex, connection->dns, dns_applied, applying);
}

static void
plan_names(Connection *connection)
{
    SplitDnsPlan *dns = plan_dns(connection, connection->configure, connection->network);
    g_clear_pointer(&connection->dns, split_dns_plan_free);
    connection->dns = dns;
    tell_plans(connection, connection->configure);
}

static void
apply_names(Connection *connection)
{
    if (connection_wants_stub(connection)) {
        connection_stub_start(connection, apply_dns);
        return;
    }
    connection_stub_drop(connection);
    apply_dns(connection);
}

void
connection_handle_configure(Connection *connection, GVariant *configure, bool wants_answer)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *why = NULL;
    if (connection->tearing_down)
        return;
    if (connection->applying) {
        g_clear_pointer(&connection->configure_next, g_variant_unref);
        connection->configure_next = g_variant_ref(configure);
        return;
    }
    connection->answer_applied = wants_answer;
    connection->applying = true;
    NetworkPlan *network = plan_network(connection, configure, &why);
    connection->plan_failed = network == NULL;
    if (network == NULL) {
        answer(connection, false, why);
        return;
    }
    g_clear_pointer(&connection->network, network_plan_free);
    connection->network = network;
    g_variant_ref(configure);
    g_clear_pointer(&connection->configure, g_variant_unref);
    connection->configure = configure;
    plan_names(connection);
    if (!apply_network(connection, &error))
        answer(connection, false, error->message);
    else
        apply_names(connection);
}

static void
names_let_go(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    if (!resolver_apply_finish(result, &error))
        g_warning("%s", error->message);
}

/* Everything of a family goes through the tunnel, or every name. */
static bool
has_everything(const Connection *connection)
{
    const NetworkPlan *network = connection->network;
    return network != NULL && connection->dns != NULL &&
           (network->full_v4 || network->full_v6 || connection->dns->all_names);
}

static void
let_routes_go(Connection *connection, bool go)
{
    Netlink *netlink = connection->machine->netlink;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    bool ok = go ? netlink_set_routes(netlink, connection->tun.ifindex, none, none, &error)
                 : apply_network(connection, &error);
    if (!ok)
        g_warning("%s: %s", connection_name(connection), error->message);
}

void
connection_lifted(Connection *connection, bool lifted)
{
    Resolver *resolver = connection->machine->resolver;
    bool down = strcmp(gin_tunnel_get_state(connection->tunnel), GINNEL_STATE_CONNECTED) != 0;
    if (!has_everything(connection) || connection->tearing_down || connection->let_go == lifted ||
        (lifted && !down))
        return;
    connection->let_go = lifted;
    let_routes_go(connection, lifted);
    resolver_apply_async(resolver, connection->tun.name, connection->tun.ifindex,
                         lifted ? NULL : connection->dns, names_let_go, NULL);
}
