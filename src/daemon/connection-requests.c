#include "config.h"

#include "daemon/connection-private.h"

#include "plan/split-dns-request.h"
#include "profile/profile-identity.h"
#include "profile/profile-ppk.h"
#include "system/gateway-name.h"
#include "system/marks.h"
#include "system/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_NAMES_NOTED 64
#define ID_FQDN         2 /* RFC 7296, section 3.5 */

static int64_t
seconds(void)
{
    return g_get_monotonic_time() / G_USEC_PER_SEC;
}

/* ---- RESOLVE ---- */

struct _Resolving {
    Connection *connection;
    uint32_t serial;
    size_t next; /* of the profile's gateway addresses: the one before is being looked up */
    GArray *found;
    GString *errors;
};

static void resolve_next(Resolving *resolving);

void
connection_resolving_free(Resolving *resolving)
{
    if (resolving == NULL)
        return;
    g_array_unref(resolving->found);
    g_string_free(resolving->errors, TRUE);
    g_free(resolving);
}

void
connection_note_name(Connection *connection, const GArray *addresses, const char *name)
{
    if (g_hash_table_size(connection->gateway_names) > MAX_NAMES_NOTED)
        g_hash_table_remove_all(connection->gateway_names);
    for (guint i = 0; i < addresses->len; i++)
        g_hash_table_insert(connection->gateway_names,
                            inet_address_to_string(&g_array_index(addresses, InetAddress, i)),
                            g_strdup(name));
}

/* By which an address was found; itself where the profile gives addresses. */
static const char *
gateway_name(const Connection *connection, const InetAddress *address)
{
    g_autofree char *text = inet_address_to_string(address);
    const char *name = g_hash_table_lookup(connection->gateway_names, text);
    return name != NULL ? name : connection->profile->gateway_addresses[0];
}

/* What a certificate there has to carry: the name by which the address was found, or where the
 * profile has none but an address, its identity if that is a name. */
static char *
server_name(const Connection *connection, const InetAddress *address)
{
    const Profile *profile = connection->profile;
    const char *name = gateway_name(connection, address);
    InetAddress literal;
    uint8_t type;
    g_autoptr(GBytes) id = NULL;
    if (!inet_address_parse(name, &literal) ||
        !profile_identity_parse(profile->gateway_id, &type, &id, NULL) || type != ID_FQDN)
        return g_strdup(name);
    gsize length;
    const char *octets = g_bytes_get_data(id, &length);
    return g_strndup(octets, length);
}

static void
tell_resolved(Connection *connection, const GArray *addresses)
{
    GVariantBuilder details, list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("as"));
    for (guint i = 0; i < addresses->len; i++) {
        g_autofree char *text = inet_address_to_string(&g_array_index(addresses, InetAddress, i));
        g_variant_builder_add(&list, "s", text);
    }
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&details, "{sv}", "name",
                          g_variant_new_string(connection->profile->gateway_addresses[0]));
    g_variant_builder_add(&details, "{sv}", "addresses", g_variant_builder_end(&list));
    connection_event(connection,
                     g_variant_new("(xsa{sv})", (gint64)0, GINNEL_EVENT_RESOLVED, &details));
}

void
connection_answer_resolve(Connection *connection, uint32_t serial, const GArray *found,
                          const char *why)
{
    GVariantBuilder list;
    /* The last good ones, where nobody answers now. */
    if (found->len > 0) {
        g_array_set_size(connection->gateways, 0);
        g_array_append_vals(connection->gateways, found->data, found->len);
    }
    g_autoptr(GError) error = NULL;
    if (!machine_update_firewall(connection->machine, &error)) {
        g_warning("%s: %s", connection_name(connection), error->message);
        g_array_set_size(connection->gateways, 0); /* no way out without the filter */
        why = error->message;
    }
    g_variant_builder_init(&list, G_VARIANT_TYPE("aay"));
    for (guint i = 0; i < connection->gateways->len; i++) {
        const InetAddress *address = &g_array_index(connection->gateways, InetAddress, i);
        g_variant_builder_add_value(
            &list,
            channel_variant_from_octets(address->octets, inet_family_length(address->family)));
    }
    if (connection->gateways->len > 0)
        tell_resolved(connection, connection->gateways);
    connection_save(connection);
    connection_send(
        connection, RECORD_RESOLVE_REPLY,
        g_variant_new("(uaaysb)", serial, &list, why,
                      networks_udp_is_blocked(connection->machine->networks,
                                              connection->profile->gateway_addresses[0])));
}

/* Where no name server here knows the world outside, the proxy does: its address stands for the
 * gateway's, whose name it is told. */
static void
let_proxy_resolve(Connection *connection, GArray *found)
{
    const GArray *proxies = connection_proxies(connection);
    connection->stand_in =
        found->len == 0 && (connection->gateways->len == 0 || connection->stand_in);
    for (guint i = 0; connection->stand_in && proxies != NULL && i < proxies->len; i++)
        g_array_append_val(found, g_array_index(proxies, InetEndpoint, i).address);
    if (connection->stand_in)
        connection_note_name(connection, found, connection->profile->gateway_addresses[0]);
}

static void
resolving_finish(Resolving *resolving)
{
    Connection *connection = resolving->connection;
    if (resolving->found->len == 0 && connection_proxy_is_looking(connection)) {
        connection->resolving_held = resolving;
        return;
    }
    connection->resolving_held = NULL;
    connection->resolving = NULL;
    let_proxy_resolve(connection, resolving->found);
    connection_answer_resolve(connection, resolving->serial, resolving->found,
                              resolving->errors->str);
    connection_resolving_free(resolving);
}

void
connection_resolve_goes_on(Connection *connection)
{
    if (connection->resolving_held != NULL)
        resolving_finish(connection->resolving_held);
}

static void
name_resolved(GObject *source, GAsyncResult *result, gpointer data)
{
    Resolving *resolving = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) addresses = gateway_name_resolve_finish(result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        connection_resolving_free(resolving); /* the connection is gone */
        return;
    }
    if (addresses != NULL) {
        const Profile *profile = resolving->connection->profile;
        g_array_append_vals(resolving->found, addresses->data, addresses->len);
        connection_note_name(resolving->connection, addresses,
                             profile->gateway_addresses[resolving->next - 1]);
    } else
        g_string_append_printf(resolving->errors, "%s%s", resolving->errors->len > 0 ? "; " : "",
                               error->message);
    resolve_next(resolving);
}

static void
resolve_next(Resolving *resolving)
{
    Connection *connection = resolving->connection;
    const char *name = connection->profile->gateway_addresses[resolving->next];
    if (name == NULL) {
        resolving_finish(resolving);
        return;
    }
    resolving->next++;
    machine_resolve_async(connection->machine, name, connection->cancellable, name_resolved,
                          resolving);
}

void
connection_handle_resolve(Connection *connection, GVariant *body)
{
    if (connection->resolving != NULL) { /* one at a time; the newest question is answered */
        g_variant_get(body, "(u)", connection->resolving);
        return;
    }
    Resolving *resolving = g_new0(Resolving, 1);
    connection->resolving = &resolving->serial;
    resolving->connection = connection;
    connection->connect_began_us = g_get_monotonic_time();
    connection_eap_begin(connection);
    connection_proxy_begin(connection);
    resolving->found = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    resolving->errors = g_string_new(NULL);
    g_variant_get(body, "(u)", &resolving->serial);
    resolve_next(resolving);
}

/* ---- SOCKET ---- */

static guint8
record_transport(ProfileTransportKind kind)
{
    switch (kind) {
    case PROFILE_UDP:
        return RECORD_TRANSPORT_UDP;
    case PROFILE_TCP:
        return RECORD_TRANSPORT_TCP;
    case PROFILE_TLS:
        return RECORD_TRANSPORT_TLS;
    }
    return RECORD_TRANSPORT_UDP;
}

static bool
transport_is_listed(const Connection *connection, guint8 kind, uint16_t port)
{
    for (guint i = 0; i < connection->profile->transports->len; i++) {
        const ProfileTransport *one =
            &g_array_index(connection->profile->transports, ProfileTransport, i);
        if (one->port == port && record_transport(one->kind) == kind)
            return true;
        /* What begins on 500 floats to 4500 (RFC 7296, section 2.23). */
        if (kind == RECORD_TRANSPORT_UDP && one->kind == PROFILE_UDP && port == 4500)
            return true;
    }
    return false;
}

static bool
gateway_is_known(const Connection *connection, const InetAddress *address)
{
    for (guint i = 0; i < connection->gateways->len; i++)
        if (inet_address_equal(&g_array_index(connection->gateways, InetAddress, i), address))
            return true;
    return false;
}

/* NetworkManager keeps a default route for each of its devices in one table, and may add a better
 * one at any time: what we have goes on where it began, until it is made anew. */
static int
socket_for(Connection *connection, const InetEndpoint *gateway, bool stream, int *code)
{
    uint32_t mark = mark_for(connection->id);
    int interface =
        connection->caller_configures
            ? netlink_route_interface(connection->machine->netlink, &gateway->address, mark)
            : 0;
    int fd = socket_to_gateway(gateway, stream, mark, stream ? 0 : connection->profile->source_port,
                               code);
    if (fd < 0 || interface == 0)
        return fd;
    *code = socket_bind_interface(fd, interface);
    if (*code == 0)
        return fd;
    close(fd);
    return -1;
}

typedef struct {
    uint32_t serial;
    guint8 kind;
    InetEndpoint gateway;
    bool stream;
} SocketRequest;

static bool
read_socket_request(const Connection *connection, GVariant *body, SocketRequest *out)
{
    gsize length;
    g_autoptr(GVariant) octets = NULL;
    *out = (SocketRequest){ 0 };
    g_variant_get(body, "(uy@ayq)", &out->serial, &out->kind, &octets, &out->gateway.port);
    const uint8_t *data = g_variant_get_fixed_array(octets, &length, 1);
    if (out->kind > RECORD_TRANSPORT_TLS || (length != 4 && length != 16))
        return false;
    out->gateway.address = inet_address_new(length == 4 ? INET_V4 : INET_V6, data);
    out->stream = out->kind != RECORD_TRANSPORT_UDP;
    return gateway_is_known(connection, &out->gateway.address) &&
           transport_is_listed(connection, out->kind, out->gateway.port);
}

/* To the gateway, or to a proxy on the way; -1 with *code and, where an errno does not say it,
 * *why.
 */
static int
open_socket(Connection *connection, const SocketRequest *request, GVariantDict *details, int *code,
            const char **why)
{
    const InetEndpoint *to = &request->gateway;
    g_autofree char *name = server_name(connection, &to->address);
    const InetEndpoint *proxy = request->stream ? connection_proxy_endpoint(connection, why) : NULL;
    *code = EHOSTUNREACH;
    if (*why != NULL || (!request->stream && connection->stand_in))
        return -1;
    if (request->kind == RECORD_TRANSPORT_TLS)
        g_variant_dict_insert(details, SOCKET_SERVER_NAME, "s", name);
    if (!request->stream &&
        netlink_is_on_link(connection->machine->netlink, &to->address, mark_for(connection->id)))
        g_variant_dict_insert(details, SOCKET_ON_LINK, "b", TRUE);
    if (proxy != NULL)
        connection_proxy_describe(connection, gateway_name(connection, &to->address), details);
    return socket_for(connection, proxy != NULL ? proxy : to, request->stream, code);
}

void
connection_handle_socket(Connection *connection, GVariant *body)
{
    SocketRequest request;
    int code = EACCES, fd = -1;
    const char *why = NULL;
    g_auto(GVariantDict) details = G_VARIANT_DICT_INIT(NULL);
    bool allowed = read_socket_request(connection, body, &request);
    if (allowed && request.stream && connection_proxy_waits(connection, body))
        return;
    if (allowed)
        fd = open_socket(connection, &request, &details, &code, &why);
    const char *words = fd >= 0 ? "" : why != NULL ? why : g_strerror(code);
    GVariant *reply = g_variant_new("(uis@a{sv})", request.serial, fd >= 0 ? 0 : code, words,
                                    g_variant_dict_end(&details));
    if (connection->channel != NULL)
        channel_send(connection->channel, RECORD_SOCKET_REPLY, reply, &fd, fd >= 0 ? 1 : 0);
    else
        g_variant_unref(g_variant_ref_sink(reply));
    if (fd >= 0) {
        connection->path_mtu = socket_path_mtu(fd);
        close(fd);
    }
}

/* ---- SIGN, VERIFY ---- */

void
connection_signed(Connection *connection, uint8_t method, GVariant *auth)
{
    gsize length;
    const void *octets = g_variant_get_fixed_array(auth, &length, 1);
    connection->made_pss = signature_is_rsa_pss(method, octets, length);
}

/* Nothing announces PSS (RFC 7427, section 5): who does not know it can only refuse. Where a
 * password follows it may be that which was wrong. */
bool
connection_sign_otherwise(Connection *connection)
{
    if (!connection->made_pss || connection->eap != NULL || signer_is_rsa_pkcs1(connection->signer))
        return false;
    g_message("%s: the gateway may not know RSA-PSS; once more with PKCS#1 v1.5",
              connection_name(connection));
    signer_set_rsa_pkcs1(connection->signer, true);
    return true;
}

void
connection_handle_sign(Connection *connection, GVariant *body)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) auth = NULL;
    uint8_t method = 0;
    uint32_t serial;
    if (connection->profile->user_auth == PROFILE_USER_PSK &&
        connection_psk_is_missing(connection)) {
        connection_psk_ask(connection, RECORD_SIGN, body);
        return;
    }
    if (connection_key_is_in_token(connection)) {
        connection_token_sign(connection, body);
        return;
    }
    if (connection->credentials->locked != NULL) {
        connection_unlock(connection, RECORD_SIGN, body);
        return;
    }
    g_variant_get_child(body, 0, "u", &serial);
    if (!signer_sign(connection->signer, body, seconds(), &method, &auth, &error)) {
        g_warning("%s: signing: %s", connection_name(connection), error->message);
        auth = g_bytes_new(NULL, 0);
    }
    g_autoptr(GVariant) octets = g_variant_ref_sink(channel_variant_from_bytes(auth));
    connection_signed(connection, method, octets);
    connection_send(
        connection, RECORD_SIGN_REPLY,
        g_variant_new("(uy@ays)", serial, method, octets, error != NULL ? error->message : ""));
}

void
connection_handle_verify(Connection *connection, GVariant *body)
{
    g_autoptr(GError) error = NULL;
    bool matches = false;
    uint32_t serial;
    if (connection_psk_is_missing(connection)) {
        connection_psk_ask(connection, RECORD_VERIFY, body);
        return;
    }
    g_variant_get_child(body, 0, "u", &serial);
    if (!signer_verify(connection->signer, body, seconds(), &matches, &error))
        g_warning("%s: verifying: %s", connection_name(connection), error->message);
    connection_send(connection, RECORD_VERIFY_REPLY,
                    g_variant_new("(ub)", serial, matches && error == NULL));
}

void
connection_handle_ppk(Connection *connection, GVariant *body)
{
    g_autoptr(GError) error = NULL;
    Secret *mixed[3] = { NULL };
    GVariant *parts[3];
    uint32_t serial;
    g_variant_get_child(body, 0, "u", &serial);
    if (!signer_mix_ppk(connection->signer, body, seconds(), mixed, &error))
        g_warning("%s: mixing the PPK: %s", connection_name(connection), error->message);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        parts[i] = mixed[i] != NULL ? channel_variant_from_secret(mixed[i])
                                    : channel_variant_from_octets(NULL, 0);
        g_clear_pointer(&mixed[i], secret_unref);
    }
    connection_send(connection, RECORD_PPK_REPLY,
                    g_variant_new("(u@ay@ay@ays)", serial, parts[0], parts[1], parts[2],
                                  error != NULL ? error->message : ""));
}

/* ---- START ---- */

static void
add_identity(GVariantDict *dict, const char *key, uint8_t type, GBytes *octets)
{
    g_variant_dict_insert_value(dict, key,
                                g_variant_new("(y@ay)", type, channel_variant_from_bytes(octets)));
}

void
connection_add_transports(GVariantDict *dict, const Profile *profile)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(yq)"));
    for (guint i = 0; i < profile->transports->len; i++) {
        const ProfileTransport *one = &g_array_index(profile->transports, ProfileTransport, i);
        g_variant_builder_add(&list, "(yq)", record_transport(one->kind), one->port);
    }
    g_variant_dict_insert_value(dict, START_TRANSPORTS, g_variant_builder_end(&list));
}

void
connection_add_nobody(GVariantDict *dict)
{
    g_autoptr(GBytes) nobody = g_bytes_new_static("check", 5);
    add_identity(dict, START_LOCAL_ID, ID_FQDN, nobody);
    add_identity(dict, START_REMOTE_ID, ID_FQDN, nobody);
}

static void
add_ppk(GVariantDict *dict, const Profile *profile)
{
    g_autoptr(GBytes) id = NULL;
    if (profile->ppk_id == NULL || !profile_ppk_id_parse(profile->ppk_id, &id, NULL))
        return;
    g_variant_dict_insert_value(dict, START_PPK_ID, channel_variant_from_bytes(id));
    g_variant_dict_insert(dict, START_PPK_REQUIRED, "b", profile->ppk == PROFILE_PPK_REQUIRED);
}

static void
add_networks(GVariantDict *dict, const Profile *profile)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(ayy)"));
    for (guint i = 0; i < profile->include->len; i++) {
        const InetPrefix *prefix = &g_array_index(profile->include, InetPrefix, i);
        GVariant *octets = channel_variant_from_octets(prefix->address.octets,
                                                       inet_family_length(prefix->address.family));
        g_variant_builder_add(&list, "(@ayy)", octets, prefix->length);
    }
    g_variant_dict_insert_value(dict, START_INCLUDE, g_variant_builder_end(&list));
}

/* What the profile accepts and adds is also what it asks for, with the keys of the gateway's that
 * are in force while it reconnects, where the profile wants them told (RFC 8598, section 3.1). */
GVariant *
connection_request_split_dns_variant(const Connection *connection)
{
    const Profile *profile = connection->profile;
    SplitDnsWishes wishes = {
        .domains = profile->domains,
        .add_domains = profile->add_domains,
        .anchors = profile->trust_anchor_domains[0] != NULL,
        .told = profile->tell_anchors && connection->dns != NULL ? connection->dns->anchors : NULL,
    };
    g_autoptr(GArray) attributes = split_dns_request_new(&wishes);
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(qay)"));
    for (guint i = 0; i < attributes->len; i++) {
        const SplitDnsAttribute *one = &g_array_index(attributes, SplitDnsAttribute, i);
        g_variant_builder_add(&list, "(q@ay)", one->type,
                              channel_variant_from_octets(one->data, one->length));
    }
    return g_variant_builder_end(&list);
}

/* A process that died left its session at the gateway: the same addresses keep flows alive. */
static void
add_addresses(GVariantDict *dict, const NetworkPlan *network)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("aay"));
    for (guint i = 0; network != NULL && i < network->addresses->len; i++) {
        const InetAddress *address = &g_array_index(network->addresses, InetPrefix, i).address;
        g_variant_builder_add_value(
            &list,
            channel_variant_from_octets(address->octets, inet_family_length(address->family)));
    }
    g_variant_dict_insert_value(dict, START_ADDRESSES, g_variant_builder_end(&list));
}

GVariant *
connection_start_variant(Connection *connection, int64_t delay_us)
{
    const Profile *profile = connection->profile;
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
    g_autoptr(GBytes) local = NULL, remote = NULL;
    uint8_t local_type, remote_type;
    if (!profile_user_identity(profile, connection->credentials, &local_type, &local, NULL) ||
        !profile_identity_parse(profile->gateway_id, &remote_type, &remote, NULL))
        return NULL;
    g_variant_dict_insert(&dict, START_CONNECTION, "s", profile->name);
    gsize length;
    const void *octets = g_bytes_get_data(local, &length);
    g_autofree char *user = profile_identity_to_string(local_type, octets, length);
    g_variant_dict_insert(&dict, START_USER, "s", user);
    add_identity(&dict, START_LOCAL_ID, local_type, local);
    add_identity(&dict, START_REMOTE_ID, remote_type, remote);
    static const char *const user_auth[] = { "certificate", "psk", "eap", "none" };
    static const char *const gateway_auth[] = { "certificate", "psk", "eap" };
    g_variant_dict_insert(&dict, START_LOCAL_AUTH, "s", user_auth[profile->user_auth]);
    g_variant_dict_insert(&dict, START_REMOTE_AUTH, "s", gateway_auth[profile->gateway_auth]);
    connection_add_eap(connection, &dict);
    if (connection->credentials->chain_pem != NULL)
        g_variant_dict_insert_value(&dict, START_CHAIN,
                                    channel_variant_from_bytes(connection->credentials->chain_pem));
    add_ppk(&dict, profile);
    g_variant_dict_insert(&dict, START_IKE_PROPOSALS, "s",
                          profile->ike_proposals != NULL ? profile->ike_proposals : "");
    g_variant_dict_insert(&dict, START_ESP_PROPOSALS, "s",
                          profile->esp_proposals != NULL ? profile->esp_proposals : "");
    g_variant_dict_insert(&dict, START_LEGACY, "b", profile->legacy);
    add_networks(&dict, profile);
    g_variant_dict_insert_value(&dict, START_REQUEST_SPLIT_DNS,
                                connection_request_split_dns_variant(connection));
    g_variant_dict_insert(&dict, START_REQUEST_ENCRYPTED, "b",
                          profile->encrypted_dns != PROFILE_ENCRYPTED_OFF);
    add_addresses(&dict, connection->network);
    connection_add_transports(&dict, profile);
    /* To another of the profile's own gateways it may always go. */
    g_variant_dict_insert(&dict, START_REDIRECT, "b",
                          profile->redirect || profile->gateway_addresses[1] != NULL);
    g_variant_dict_insert(&dict, START_CHILDLESS, "b", profile->childless);
    static const char *const revocation[] = { "soft", "strict", "off" };
    g_variant_dict_insert(&dict, START_REVOCATION, "s", revocation[profile->revocation]);
    g_variant_dict_insert(&dict, START_INITIAL_CONTACT, "b", profile->exclusive);
    g_variant_dict_insert(&dict, START_LIFETIMES, "(xxxt)", (gint64)profile->ike_lifetime,
                          (gint64)profile->tunnel_lifetime, (gint64)profile->sign_in_lifetime,
                          (guint64)profile->tunnel_octets);
    g_variant_dict_insert(&dict, START_TIMES, "(xxxxx)", (gint64)profile->fallback_after,
                          (gint64)profile->retransmit_after, (gint64)profile->address_delay,
                          (gint64)profile->prefer_udp_for, (gint64)profile->udp_again);
    g_variant_dict_insert(&dict, START_DEBUG_KEYS, "b", connection->machine->debug_keys);
    if (connection->machine->misbehave != NULL)
        g_variant_dict_insert(&dict, START_MISBEHAVE, "s", connection->machine->misbehave);
    g_variant_dict_insert(&dict, START_TUN_OFFLOADS, "u", connection->tun.offloads);
    g_variant_dict_insert(&dict, START_PINNED_MTU, "u", connection->mtu);
    g_variant_dict_insert(&dict, START_DELAY, "x", (gint64)delay_us);
    return g_variant_ref_sink(g_variant_dict_end(&dict));
}
