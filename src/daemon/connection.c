#include "config.h"

#include "daemon/connection-private.h"

#include "profile/profile-eap.h"
#include "system/error.h"
#include "system/marks.h"
#include "system/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SYSTEM_STORE      "/etc/ssl/certs/ca-certificates.crt"
#define CLOSE_TIMEOUT_MS  5000
#define PROCESS_STEADY_US (10 * G_USEC_PER_SEC) /* lived so long: not a crash loop */
#define RESTART_MAX_S     60

static void channel_closed(Channel *channel, const GError *error, gpointer data);

/* ---- small things ---- */

uint32_t
connection_id(const Connection *connection)
{
    return connection->id;
}

const char *
connection_name(const Connection *connection)
{
    return connection->profile->name;
}

const char *
connection_interface(const Connection *connection)
{
    return connection->tun.name;
}

int
connection_ifindex(const Connection *connection)
{
    return connection->tun.ifindex;
}

const char *
connection_owner(const Connection *connection)
{
    return connection->owner;
}

void
connection_set_user(Connection *connection, uid_t user)
{
    connection->user = user;
}

void
connection_set_options(Connection *connection, bool caller_configures, ProfileFiles *files)
{
    connection->caller_configures = caller_configures;
    connection->files = files;
}

GinTunnel *
connection_tunnel(Connection *connection)
{
    return connection->tunnel;
}

bool
connection_is_over(const Connection *connection)
{
    return connection->over;
}

void
connection_send(Connection *connection, RecordType type, GVariant *body)
{
    if (connection->channel != NULL)
        channel_send(connection->channel, type, body, NULL, 0);
    else
        g_variant_unref(g_variant_ref_sink(body));
}

FirewallConnection
connection_firewall(const Connection *connection)
{
    FirewallConnection firewall = { .mark = mark_for(connection->id),
                                    .gateways = connection->stand_in ? NULL : connection->gateways,
                                    .ports = connection->ports,
                                    .web = connection->web,
                                    .proxies = connection_proxies(connection) };
    if (connection->network != NULL) {
        firewall.interface = connection->tun.name;
        firewall.addresses = connection->network->addresses;
        firewall.remote = connection->network->remote;
        firewall.names_inside =
            connection->dns != NULL && connection->dns->all_names && !connection->let_go;
        firewall.stub = connection_stub_redirect(connection);
    }
    return firewall;
}

void
connection_held_domains(const Connection *connection, GPtrArray *domains)
{
    for (guint i = 0; connection->dns != NULL && i < connection->dns->domains->len; i++)
        g_ptr_array_add(domains, ((SplitDnsDomain *)connection->dns->domains->pdata[i])->name);
}

void
connection_event(Connection *connection, GVariant *event)
{
    GVariantBuilder list;
    g_variant_ref_sink(event);
    if (connection->events->len == TIMELINE_MAX || g_variant_get_size(event) > EVENT_MAX_LENGTH) {
        g_variant_unref(event);
        return;
    }
    g_ptr_array_add(connection->events, event);
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(xsa{sv})"));
    for (guint i = 0; i < connection->events->len; i++)
        g_variant_builder_add_value(&list, connection->events->pdata[i]);
    gin_tunnel_set_timeline(connection->tunnel, g_variant_builder_end(&list));
}

void
connection_set_state(Connection *connection, const char *state, const char *reason,
                     const char *detail)
{
    g_autofree char *text =
        *reason != '\0' ? reason_to_sentence(connection->profile, reason, detail) : g_strdup("");
    gin_tunnel_set_reason(connection->tunnel, reason);
    gin_tunnel_set_reason_text(connection->tunnel, text);
    gin_tunnel_set_state(connection->tunnel, state);
    g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(connection->tunnel));
    g_message("%s: %s%s%s", connection_name(connection), state, *text != '\0' ? ": " : "", text);
}

void
connection_save(Connection *connection)
{
    if (connection->check)
        return;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) gateways = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GVariant) settings = g_variant_ref_sink(profile_to_settings(connection->profile));
    for (guint i = 0; i < connection->gateways->len; i++)
        g_ptr_array_add(
            gateways, inet_address_to_string(&g_array_index(connection->gateways, InetAddress, i)));
    g_ptr_array_add(gateways, NULL);
    StoredConnection stored = { .id = connection->id,
                                .name = connection->profile->name,
                                .file = connection->profile->file,
                                .settings = settings,
                                .owner = connection->owner,
                                .user = connection->user,
                                .caller_configures = connection->caller_configures,
                                .gateways = (char **)gateways->pdata,
                                .activated_at = gin_tunnel_get_activated_at(connection->tunnel),
                                .connected_at = connection->connected_at,
                                .mtu = connection->mtu };
    if (!store_save(&stored, &error))
        g_warning("%s: %s", connection_name(connection), error->message);
}

/* ---- the end ---- */

static void
clear_timeouts(Connection *connection)
{
    g_clear_handle_id(&connection->close_timeout, g_source_remove);
    g_clear_handle_id(&connection->restart_timeout, g_source_remove);
}

static void
torn_down(GObject *source, GAsyncResult *result, gpointer data)
{
    Connection *connection = data;
    g_autoptr(GError) error = NULL;
    if (!resolver_apply_finish(result, &error))
        g_warning("%s: %s", connection_name(connection), error->message);
    store_drop("tun", connection->id);
    store_drop("control", connection->id);
    store_drop_files(connection->id);
    store_remove(connection->id);
    tun_device_clear(&connection->tun);
    g_clear_pointer(&connection->stub, connection_stub_free);
    g_clear_pointer(&connection->network, network_plan_free);
    g_clear_pointer(&connection->dns, split_dns_plan_free);
    machine_remove(connection->machine, connection);
    connection->over = true;
    if (connection->failed_reason != NULL)
        connection_set_state(connection, GINNEL_STATE_FAILED, connection->failed_reason,
                             connection->failed_detail);
    connection->ended(connection, connection->user_data);
}

static void
revert_names(Connection *connection, const char *why)
{
    if (why != NULL)
        g_warning("%s: %s", connection_name(connection), why);
    resolver_apply_async(connection->machine->resolver, connection->tun.name,
                         connection->tun.ifindex, NULL, torn_down, connection);
}

/* Names first, while the device still is there to hold them: in no order do they leak. */
void
connection_tear_down(Connection *connection)
{
    if (connection->tearing_down)
        return;
    connection->tearing_down = true;
    clear_timeouts(connection);
    g_cancellable_cancel(connection->cancellable);
    g_clear_pointer(&connection->token, connection_token_free);
    g_clear_pointer(&connection->channel, channel_free);
    GDBusMethodInvocation *call;
    while ((call = g_queue_pop_head(&connection->statistics_calls)) != NULL)
        gin_tunnel_complete_get_statistics(connection->tunnel, call,
                                           g_variant_new_array(G_VARIANT_TYPE("{st}"), NULL, 0));
    if (connection->check) { /* nothing of it is in the system but its way out */
        machine_remove(connection->machine, connection);
        connection->over = true;
        connection->ended(connection, connection->user_data);
        return;
    }
    if (!connection_resolvconf_take_away(connection, revert_names))
        revert_names(connection, NULL);
}

void
connection_fail(Connection *connection, const char *reason, const char *detail)
{
    if (connection->failed_reason == NULL && !connection->closing) {
        connection->failed_reason = g_strdup(reason);
        connection->failed_detail = g_strdup(detail);
    }
    connection_tear_down(connection);
}

void
connection_give_up(Connection *connection, const char *detail)
{
    connection_fail(connection, GINNEL_REASON_SYSTEM_ERROR, detail);
}

static gboolean
close_timed_out(gpointer data)
{
    Connection *connection = data;
    connection->close_timeout = 0;
    connection_tear_down(connection);
    return G_SOURCE_REMOVE;
}

void
connection_replace(Connection *connection)
{
    connection_send(connection, RECORD_REPLACE, g_variant_new("()"));
}

void
connection_close(Connection *connection)
{
    if (connection->over) {
        connection->ended(connection, connection->user_data);
        return;
    }
    if (connection->closing)
        return;
    connection->closing = true;
    g_clear_handle_id(&connection->restart_timeout, g_source_remove);
    connection_set_state(connection, GINNEL_STATE_DISCONNECTING, GINNEL_REASON_REQUESTED, "");
    if (connection->channel == NULL) {
        connection_tear_down(connection);
        return;
    }
    connection_send(connection, RECORD_CLOSE, g_variant_new("()"));
    connection->close_timeout = g_timeout_add(CLOSE_TIMEOUT_MS, close_timed_out, connection);
}

/* ---- what the tunnel process says ---- */

static void
write_debug_keys(Connection *connection, GVariant *report)
{
    g_autofree const char **lines = NULL;
    if (!g_variant_lookup(report, REPORT_KEYS, "^a&s", &lines))
        return;
    g_autofree char *text = g_strjoinv("\n", (char **)lines);
    g_autofree char *path =
        g_strdup_printf("%s/keys-%s", RUNTIME_FOLDER, connection_name(connection));
    g_autoptr(GError) error = NULL;
    if (!g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
        g_warning("%s", error->message);
}

/* With what a person types next, or with another form of signature. */
static bool
may_try_again(Connection *connection, const char *state, const char *reason)
{
    bool user = strcmp(reason, GINNEL_REASON_AUTH_USER) == 0;
    bool failed = strcmp(state, TUNNEL_STATE_FAILED) == 0;
    bool asked = user && connection_eap_refused(connection);
    if (user || strcmp(reason, GINNEL_REASON_AUTH_GATEWAY) == 0)
        asked = connection_psk_refused(connection) || asked;
    return failed && (asked || (user && connection_sign_otherwise(connection)));
}

static void
handle_state(Connection *connection, GVariant *body)
{
    const char *state, *reason, *whole;
    g_variant_get(body, "(&s&s&s)", &state, &reason, &whole);
    if (connection->closing)
        return;
    if (!reason_is_known(reason))
        reason = GINNEL_REASON_PROTOCOL_ERROR;
    if (connection->plan_failed && strcmp(reason, GINNEL_REASON_SYSTEM_ERROR) == 0)
        reason = GINNEL_REASON_SELECTORS_REFUSED;
    g_autofree char *cut = g_strndup(whole, DETAIL_MAX_LENGTH);
    g_autofree char *detail = g_utf8_make_valid(cut, -1);
    if (may_try_again(connection, state, reason)) {
        connection_begin_again(connection);
        return;
    }
    if (strcmp(state, TUNNEL_STATE_FAILED) == 0) {
        connection_fail(connection, reason, detail);
        return;
    }
    if (strcmp(state, TUNNEL_STATE_RECONNECTING) == 0)
        g_ptr_array_set_size(connection->events, 0);
    if (strcmp(state, TUNNEL_STATE_CONNECTED) == 0)
        connection_eap_accepted(connection);
    if (strcmp(state, TUNNEL_STATE_CONNECTED) == 0)
        connection_psk_accepted(connection);
    if (strcmp(state, TUNNEL_STATE_CONNECTED) == 0 && connection->connected_at == 0) {
        connection->connected_at = g_get_real_time();
        gin_tunnel_set_connected_at(connection->tunnel, connection->connected_at);
        connection_save(connection);
    }
    if (strcmp(state, TUNNEL_STATE_CONNECTING) == 0 || strcmp(state, TUNNEL_STATE_CONNECTED) == 0 ||
        strcmp(state, TUNNEL_STATE_RECONNECTING) == 0)
        connection_set_state(connection, state, reason, detail);
    if (strcmp(state, TUNNEL_STATE_CONNECTED) == 0 && connection->machine->debug_keys)
        connection_send(connection, RECORD_QUERY, g_variant_new("()"));
}

static void
handle_report(Connection *connection, GVariant *body)
{
    g_autoptr(GVariant) state = g_variant_lookup_value(body, REPORT_STATE, G_VARIANT_TYPE("(sss)"));
    g_autoptr(GVariant) configure =
        g_variant_lookup_value(body, REPORT_CONFIGURE, G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) statistics =
        g_variant_lookup_value(body, REPORT_STATISTICS, G_VARIANT_TYPE("a{st}"));
    /* Taken up again: what was applied is planned anew and compared with what is there. */
    if (connection->network == NULL && configure != NULL && connection->mtu != 0)
        connection_handle_configure(connection, configure, false);
    if (state != NULL) {
        const char *word;
        g_variant_get_child(state, 0, "&s", &word);
        if (g_strcmp0(word, gin_tunnel_get_state(connection->tunnel)) != 0)
            handle_state(connection, state);
    }
    write_debug_keys(connection, body);
    if (statistics == NULL || connection->tearing_down)
        return;
    guint64 rekeys = 0;
    g_variant_lookup(statistics, "rekeys", "t", &rekeys);
    gin_tunnel_set_rekeys(connection->tunnel, (guint)rekeys);
    GDBusMethodInvocation *call;
    while ((call = g_queue_pop_head(&connection->statistics_calls)) != NULL)
        gin_tunnel_complete_get_statistics(connection->tunnel, call, statistics);
}

/* False for one that floods us: it is treated as if it had died. */
static bool
within_bounds(Connection *connection)
{
    int64_t now = g_get_monotonic_time() / G_USEC_PER_SEC;
    if (now != connection->records_since) {
        connection->records_since = now;
        connection->records_seen = 0;
    }
    return connection->records_seen++ < RECORDS_PER_SECOND;
}

static void
record_received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds,
                gpointer data)
{
    Connection *connection = data;
    if (!within_bounds(connection)) {
        g_autoptr(GError) error =
            g_error_new_literal(CHANNEL_ERROR, CHANNEL_ERROR_STUCK, "it sent too many records");
        g_warning("%s: the tunnel process is ended: %s", connection_name(connection),
                  error->message);
        channel_closed(channel, error, connection);
        return;
    }
    switch (type) {
    case RECORD_RESOLVE:
        connection_handle_resolve(connection, body);
        break;
    case RECORD_REDIRECT:
        connection_handle_redirect(connection, body);
        break;
    case RECORD_SOCKET:
        connection_handle_socket(connection, body);
        break;
    case RECORD_SIGN:
        connection_handle_sign(connection, body);
        break;
    case RECORD_FETCH:
        connection_handle_fetch(connection, body);
        break;
    case RECORD_PROXY_LOGIN:
        connection_handle_proxy_login(connection, body);
        break;
    case RECORD_VERIFY:
        connection_handle_verify(connection, body);
        break;
    case RECORD_PPK:
        connection_handle_ppk(connection, body);
        break;
    case RECORD_MSCHAP:
    case RECORD_MD5:
    case RECORD_PASSWORD:
    case RECORD_SIGN_TLS:
        connection_handle_eap(connection, type, body);
        break;
    case RECORD_EVENT:
        connection_event(connection, g_variant_ref(body));
        break;
    case RECORD_STATE:
        handle_state(connection, body);
        break;
    case RECORD_MOVED:
        connection_handle_moved(connection, body);
        break;
    case RECORD_LOOKING:
        connection_handle_looking(connection, body);
        break;
    case RECORD_LEARNT:
        connection_handle_learnt(connection, body);
        break;
    case RECORD_CONFIGURE:
        connection_handle_configure(connection, body, true);
        break;
    case RECORD_REPORT:
        handle_report(connection, body);
        break;
    default:
        g_warning("%s: the tunnel process sent %s", connection_name(connection),
                  record_to_string(type));
        break;
    }
}

void
connection_begin_again(Connection *connection)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&connection->channel, channel_free);
    store_drop("control", connection->id);
    g_ptr_array_set_size(connection->events, 0);
    if (!connection_start_process(connection, &error))
        connection_fail(connection, GINNEL_REASON_SYSTEM_ERROR, error->message);
}

static gboolean
restart_process(gpointer data)
{
    Connection *connection = data;
    g_autoptr(GError) error = NULL;
    connection->restart_timeout = 0;
    if (!connection_start_process(connection, &error))
        connection_fail(connection, GINNEL_REASON_SYSTEM_ERROR, error->message);
    return G_SOURCE_REMOVE;
}

/* The device stays, so that nothing leaks; another process takes its queue at once and answers
 * inner packets, even where its first try has to wait. */
static void
channel_closed(Channel *channel, const GError *error, gpointer data)
{
    Connection *connection = data;
    g_autofree char *why = g_strdup(error->message);
    g_clear_pointer(&connection->channel, channel_free);
    store_drop("control", connection->id);
    if (connection->tearing_down)
        return;
    if (connection->closing || connection->mtu == 0) {
        if (!connection->closing && connection->failed_reason == NULL)
            connection_fail(connection, GINNEL_REASON_PROCESS_DIED, why);
        else
            connection_tear_down(connection);
        return;
    }
    bool steady = g_get_monotonic_time() - connection->process_started_at > PROCESS_STEADY_US;
    connection->deaths = steady ? 0 : connection->deaths + 1;
    g_ptr_array_set_size(connection->events, 0);
    connection_set_state(connection, GINNEL_STATE_RECONNECTING, GINNEL_REASON_PROCESS_DIED, "");
    connection->restart_timeout =
        g_timeout_add(connection->deaths > 8 ? 1000 : 0, restart_process, connection);
}

static const ChannelHandler channel_handler = { record_received, channel_closed };

/* ---- the beginning ---- */

static int
pem_descriptor(GBytes *authorities, GError **error)
{
    gsize length;
    const void *pem = g_bytes_get_data(authorities, &length);
    int fd = memfd_create("ginnel-anchors", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, pem, length) == (ssize_t)length)
        return fd;
    g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED, "memfd: %s", g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int
anchors_descriptor(const ProfileCredentials *credentials, GError **error)
{
    if (credentials->ca != NULL)
        return pem_descriptor(credentials->ca, error);
    int fd = open(SYSTEM_STORE, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE, "%s: %s", SYSTEM_STORE,
                    g_strerror(errno));
    return fd;
}

/* What START carries besides the device: whom to trust, for the gateway and apart from that for its
 * EAP server. */
static bool
open_anchors(Connection *connection, int fds[RECORD_MAX_DESCRIPTORS], size_t *n_fds, GError **error)
{
    const ProfileCredentials *credentials = connection->credentials;
    if (connection->profile->gateway_auth == PROFILE_GATEWAY_PSK &&
        !profile_has_tls(connection->profile))
        return true;
    fds[1] = anchors_descriptor(credentials, error);
    if (fds[1] < 0)
        return false;
    *n_fds = 2;
    if (credentials->eap_ca == NULL)
        return true;
    fds[2] = pem_descriptor(credentials->eap_ca, error);
    *n_fds = 3;
    return fds[2] >= 0;
}

static void
take_channel(Connection *connection, int fd)
{
    connection->channel = channel_new(fd, &channel_handler, connection);
    connection->process_started_at = g_get_monotonic_time();
    connection_eap_begin(connection);
}

bool
connection_start_process(Connection *connection, GError **error)
{
    if (profile_credentials_lack_certificate(connection->profile, connection->credentials)) {
        connection_token_read(connection, NULL);
        return true;
    }
    int64_t delay =
        connection->deaths > 1
            ? (int64_t)MIN(1u << MIN(connection->deaths, 10u), RESTART_MAX_S) * G_USEC_PER_SEC
            : 0;
    g_autoptr(GVariant) start = connection_start_variant(connection, delay);
    if (start == NULL) {
        g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED, "the profile's identities");
        return false;
    }
    int fds[RECORD_MAX_DESCRIPTORS] = { connection->tun.fd, -1, -1 };
    size_t n_fds = 1;
    bool opened = open_anchors(connection, fds, &n_fds, error);
    int control = opened ? spare_take(connection->machine->spare, error) : -1;
    if (control >= 0) {
        store_keep("control", connection->id, control);
        take_channel(connection, control);
        channel_send(connection->channel, RECORD_START, start, fds, n_fds);
    }
    for (size_t i = 1; i < G_N_ELEMENTS(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return control >= 0;
}

static bool
load_secrets(Connection *connection, GError **error)
{
    uint8_t type = 0;
    g_autoptr(GBytes) id = NULL;
    connection->credentials = profile_credentials_load(connection->profile, connection->files,
                                                       g_get_real_time() / G_USEC_PER_SEC, error);
    if (connection->credentials == NULL)
        return false;
    if (connection->profile->user_id == NULL &&
        profile_credentials_lack_certificate(connection->profile, connection->credentials))
        id = g_bytes_new(NULL, 0); /* the token knows */
    else if (!profile_user_identity(connection->profile, connection->credentials, &type, &id,
                                    error))
        return false;
    const Profile *profile = connection->profile;
    bool eap = profile->user_auth == PROFILE_USER_EAP;
    bool psk =
        profile->user_auth == PROFILE_USER_PSK || profile->gateway_auth == PROFILE_GATEWAY_PSK;
    PrivateKey *key = g_steal_pointer(&connection->credentials->key);
    /* A password never makes an AUTH payload, nor does a key that is for TLS. */
    connection->signer =
        signer_new(type, id, psk ? connection->credentials->secret : NULL, eap ? NULL : key);
    if (profile_has_eap(profile))
        connection_eap_new(connection, eap ? key : NULL);
    signer_set_ppk(connection->signer, connection->credentials->ppk);
    return true;
}

/* 500 floats to 4500 (RFC 7296, section 2.23). */
static GArray *
firewall_ports(const Profile *profile)
{
    GArray *ports = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    const uint16_t nat_traversal = 4500;
    g_array_append_val(ports, nat_traversal);
    for (guint i = 0; i < profile->transports->len; i++) {
        uint16_t port = g_array_index(profile->transports, ProfileTransport, i).port;
        bool there = false;
        for (guint k = 0; k < ports->len; k++)
            there = there || g_array_index(ports, uint16_t, k) == port;
        if (!there)
            g_array_append_val(ports, port);
    }
    return ports;
}

Connection *
connection_new(Machine *machine, uint32_t id, Profile *profile, const char *owner,
               ConnectionEnded ended, gpointer user_data)
{
    Connection *connection = g_new0(Connection, 1);
    connection->machine = machine;
    connection->id = id;
    connection->profile = profile_ref(profile);
    connection->owner = g_strdup(owner);
    connection->ended = ended;
    connection->user_data = user_data;
    connection->tun.fd = -1;
    connection->cancellable = g_cancellable_new();
    connection->gateways = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    connection->gateway_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    connection->events = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
    g_queue_init(&connection->statistics_calls);
    connection->ports = firewall_ports(profile);
    connection->tunnel = gin_tunnel_skeleton_new();
    GinTunnel *tunnel = connection->tunnel;
    gin_tunnel_set_profile(tunnel, profile->name);
    gin_tunnel_set_file(tunnel, profile->file != NULL ? profile->file : "");
    gin_tunnel_set_state(tunnel, GINNEL_STATE_CONNECTING);
    gin_tunnel_set_gateway(tunnel, profile->gateway_addresses[0]);
    gin_tunnel_set_user_id(tunnel, profile->user_id != NULL ? profile->user_id : "");
    gin_tunnel_set_user_auth(tunnel, profile->user_auth == PROFILE_USER_PSK   ? "psk"
                                     : profile->user_auth == PROFILE_USER_EAP ? "eap"
                                                                              : "certificate");
    gin_tunnel_set_activated_at(tunnel, g_get_real_time());
    /* GDBus wants every property of a complicated type to be set. */
    connection_dns_serve(connection);
    gin_tunnel_set_domains(tunnel, g_variant_new_array(G_VARIANT_TYPE("a{sv}"), NULL, 0));
    gin_tunnel_set_refused(tunnel, g_variant_new_array(G_VARIANT_TYPE("a{sv}"), NULL, 0));
    gin_tunnel_set_timeline(tunnel, g_variant_new_array(G_VARIANT_TYPE("(xsa{sv})"), NULL, 0));
    return connection;
}

void
connection_free(Connection *connection)
{
    if (connection == NULL)
        return;
    clear_timeouts(connection);
    g_cancellable_cancel(connection->cancellable);
    g_object_unref(connection->cancellable);
    g_clear_pointer(&connection->channel, channel_free);
    tun_device_clear(&connection->tun);
    g_clear_pointer(&connection->network, network_plan_free);
    g_clear_pointer(&connection->dns, split_dns_plan_free);
    g_clear_pointer(&connection->credentials, profile_credentials_free);
    g_clear_pointer(&connection->files, profile_files_free);
    g_clear_pointer(&connection->token, connection_token_free);
    g_clear_pointer(&connection->stub, connection_stub_free);
    g_free(connection->stub_failed);
    g_free(connection->names_failed);
    connection_resolvconf_forget(connection);
    g_clear_pointer(&connection->psk, connection_psk_free);
    g_clear_pointer(&connection->proxy, connection_proxy_free);
    g_clear_pointer(&connection->signer, signer_free);
    g_clear_pointer(&connection->eap, connection_eap_free);
    g_clear_pointer(&connection->configure, g_variant_unref);
    g_clear_pointer(&connection->configure_next, g_variant_unref);
    g_clear_pointer(&connection->web, g_array_unref);
    g_clear_pointer(&connection->web_known, g_hash_table_unref);
    g_array_unref(connection->gateways);
    g_hash_table_unref(connection->gateway_names);
    g_clear_pointer(&connection->resolving_held, connection_resolving_free);
    g_array_unref(connection->ports);
    g_ptr_array_unref(connection->events);
    g_object_unref(connection->tunnel);
    profile_unref(connection->profile);
    g_free(connection->owner);
    g_free(connection->failed_reason);
    g_free(connection->failed_detail);
    g_free(connection);
}

bool
connection_start(Connection *connection, GError **error)
{
    /* Before anything else: what follows may take its time, and may fail. */
    if (connection->profile->lockdown &&
        !machine_lock(connection->machine, connection->profile->name, error))
        return false;
    if (!load_secrets(connection, error) ||
        !tun_device_create(&connection->tun, connection->machine->offloads, error))
        return false;
    gin_tunnel_set_interface(connection->tunnel, connection->tun.name);
    store_keep("tun", connection->id, connection->tun.fd);
    store_keep_files(connection->id, connection->files);
    connection_save(connection);
    GVariantBuilder details;
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&details, "{sv}", "name",
                          g_variant_new_string(connection->profile->gateway_addresses[0]));
    connection_event(connection,
                     g_variant_new("(xsa{sv})", (gint64)0, GINNEL_EVENT_RESOLVING, &details));
    return machine_add(connection->machine, connection, error) &&
           connection_start_process(connection, error);
}

static GVariant *
check_body(const Profile *profile)
{
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
    g_variant_dict_insert(&dict, START_CONNECTION, "s", profile->name);
    g_variant_dict_insert(&dict, START_CHECK, "b", TRUE);
    g_variant_dict_insert(&dict, START_LOCAL_AUTH, "s", "psk");
    g_variant_dict_insert(&dict, START_REMOTE_AUTH, "s", "psk");
    connection_add_transports(&dict, profile);
    connection_add_nobody(&dict);
    return g_variant_dict_end(&dict);
}

bool
connection_start_check(Connection *connection, GError **error)
{
    int fds[RECORD_MAX_DESCRIPTORS] = { -1, -1, -1 }, nothing[2] = { -1, -1 };
    size_t n_fds = 1;
    connection->check = true;
    connection->credentials = g_new0(ProfileCredentials, 1);
    if (!machine_add(connection->machine, connection, error))
        return false;
    /* A device that nothing comes from. */
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, nothing) < 0) {
        g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED, "socketpair: %s", g_strerror(errno));
        return false;
    }
    fds[0] = nothing[0];
    int control = open_anchors(connection, fds, &n_fds, error)
                      ? socket_to_unit(TUNNEL_SOCKET, TUNNEL_UNIT, error)
                      : -1;
    if (control >= 0) {
        take_channel(connection, control);
        channel_send(connection->channel, RECORD_START, check_body(connection->profile), fds,
                     n_fds);
    }
    close(nothing[1]);
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return control >= 0;
}

void
connection_restore(Connection *connection, char *const *gateways, uint32_t mtu,
                   int64_t activated_at, int64_t connected_at)
{
    for (size_t i = 0; gateways != NULL && gateways[i] != NULL; i++) {
        InetAddress address;
        if (inet_address_parse(gateways[i], &address))
            g_array_append_val(connection->gateways, address);
    }
    connection->mtu = mtu;
    connection->connected_at = connected_at;
    gin_tunnel_set_activated_at(connection->tunnel, activated_at);
    gin_tunnel_set_connected_at(connection->tunnel, connected_at);
}

bool
connection_adopt(Connection *connection, int tun, int control, GError **error)
{
    if (!tun_device_adopt(&connection->tun, tun, error) || !load_secrets(connection, error) ||
        !machine_add(connection->machine, connection, error)) {
        if (control >= 0)
            close(control);
        return false;
    }
    gin_tunnel_set_interface(connection->tunnel, connection->tun.name);
    connection->names_told = true;
    if (control < 0)
        return connection_start_process(connection, error);
    take_channel(connection, control);
    connection_proxy_begin(connection); /* its stream may lead there: the filter has to know */
    connection_send(connection, RECORD_QUERY, g_variant_new("()"));
    return true;
}

void
connection_answer_statistics(Connection *connection, GDBusMethodInvocation *invocation)
{
    if (connection->channel == NULL || g_queue_get_length(&connection->statistics_calls) > 64) {
        gin_tunnel_complete_get_statistics(connection->tunnel, invocation,
                                           g_variant_new_array(G_VARIANT_TYPE("{st}"), NULL, 0));
        return;
    }
    g_queue_push_tail(&connection->statistics_calls, invocation);
    connection_send(connection, RECORD_QUERY, g_variant_new("()"));
}
