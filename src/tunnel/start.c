#include "config.h"

#include "tunnel/start.h"

#include "channel/channel.h"

#include <string.h>
#include <unistd.h>

#define ANCHORS_MAX (4 * 1024 * 1024)
/* For a tunnel that nobody uses: where packets of ours get no answer, or a flow stops, the gateway
 * is asked within seconds. It takes the place of a keepalive of either interval or nearly so, and
 * wakes the process three times as often: less than four times a minute in all, behind a NAT. */
#define LIVENESS_INTERVAL (180 * DURATION_SECOND)

static void
read_identity(GVariantDict *dict, const char *key, IkeIdentity *identity)
{
    g_autoptr(GVariant) pair = g_variant_dict_lookup_value(dict, key, G_VARIANT_TYPE("(yay)"));
    if (pair == NULL)
        return;
    g_autoptr(GVariant) data = g_variant_get_child_value(pair, 1);
    g_variant_get_child(pair, 0, "y", &identity->type);
    identity->data = channel_bytes_from_variant(data);
}

static bool
malformed(GError **error, const char *what)
{
    g_set_error(error, CHANNEL_ERROR, CHANNEL_ERROR_MALFORMED, "START: %s", what);
    return false;
}

static bool
read_auth(GVariantDict *dict, const char *key, IkeAuthKind *auth, GError **error)
{
    const char *word = "";
    g_variant_dict_lookup(dict, key, "&s", &word);
    *auth = strcmp(word, "certificate") == 0 ? IKE_AUTH_CERTIFICATE
            : strcmp(word, "eap") == 0       ? IKE_AUTH_EAP
                                             : IKE_AUTH_PSK;
    return *auth != IKE_AUTH_PSK || strcmp(word, "psk") == 0 || malformed(error, key);
}

static GBytes *
read_descriptor(int fd, GError **error)
{
    g_autoptr(GByteArray) text = g_byte_array_new();
    uint8_t buffer[16384];
    off_t at = 0;
    for (;;) {
        /* From the beginning, whoever read it before us. */
        ssize_t got = lseek(fd, at, SEEK_SET) < 0 ? -1 : read(fd, buffer, sizeof buffer);
        if (got < 0) {
            malformed(error, "the trusted certificates cannot be read");
            return NULL;
        }
        if (got == 0)
            break;
        at += got;
        g_byte_array_append(text, buffer, (guint)got);
        if (text->len > ANCHORS_MAX) {
            g_set_error(error, CHANNEL_ERROR, CHANNEL_ERROR_MALFORMED,
                        "the trusted certificates are too large");
            return NULL;
        }
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&text));
}

static TrustStore *
read_trust(int anchors, GError **error)
{
    g_autoptr(GBytes) pem = anchors >= 0 ? read_descriptor(anchors, error) : NULL;
    gsize length = 0;
    const char *text = pem != NULL ? g_bytes_get_data(pem, &length) : NULL;
    if (length > 0)
        return trust_store_new(text, length, error);
    /* Nothing would mean the system's store. */
    if (error != NULL && *error == NULL)
        malformed(error, "no trusted certificates");
    return NULL;
}

static bool
read_certificates(TunnelStart *start, GVariantDict *dict, int anchors, GError **error)
{
    IkeConfig *ike = start->ike;
    g_autoptr(GVariant) chain =
        g_variant_dict_lookup_value(dict, START_CHAIN, G_VARIANT_TYPE("ay"));
    if (ike->local_auth == IKE_AUTH_CERTIFICATE && chain != NULL) {
        gsize length;
        const char *pem = g_variant_get_fixed_array(chain, &length, 1);
        ike->local_chain = certificate_list_from_pem(pem, length, error);
        if (ike->local_chain == NULL)
            return false;
    }
    if (ike->local_auth == IKE_AUTH_EAP && chain != NULL) { /* for EAP-TLS */
        gsize length;
        const char *pem = g_variant_get_fixed_array(chain, &length, 1);
        start->eap.chain = certificate_list_from_pem(pem, length, error);
        if (start->eap.chain == NULL)
            return false;
    }
    if (ike->local_auth == IKE_AUTH_CERTIFICATE && ike->local_chain == NULL)
        return malformed(error, START_CHAIN);
    start->trust =
        anchors >= 0 || ike->remote_auth != IKE_AUTH_PSK ? read_trust(anchors, error) : NULL;
    if (ike->remote_auth == IKE_AUTH_PSK)
        return anchors < 0 || start->trust != NULL;
    ike->trust = start->trust != NULL ? trust_store_ref(start->trust) : NULL;
    return ike->trust != NULL;
}

static uint32_t
method_of(const char *word)
{
    static const struct {
        const char *word;
        uint32_t method;
    } words[] = {
        { "mschapv2", EAP_METHOD_MSCHAPV2 }, { "tls", EAP_METHOD_TLS }, { "ttls", EAP_METHOD_TTLS },
        { "peap", EAP_METHOD_PEAP },         { "gtc", EAP_METHOD_GTC }, { "md5", EAP_METHOD_MD5 },
        { "pap", EAP_METHOD_PAP },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].method;
    return 0;
}

static char *
read_text(GVariantDict *dict, const char *key)
{
    const char *text = "";
    g_variant_dict_lookup(dict, key, "&s", &text);
    return *text != '\0' ? g_strdup(text) : NULL;
}

static bool
read_eap(TunnelStart *start, GVariantDict *dict, int eap_anchors, GError **error)
{
    EapConfig *eap = &start->eap;
    IkeConfig *ike = start->ike;
    g_autofree const char **methods = NULL;
    const char *inner = "";
    read_identity(dict, START_SECOND_ID, &ike->second_id);
    ike->second_auth = ike->second_id.data != NULL ? IKE_AUTH_EAP : IKE_AUTH_NONE;
    if (ike->local_auth != IKE_AUTH_EAP && ike->second_auth != IKE_AUTH_EAP)
        return true;
    g_variant_dict_lookup(dict, START_EAP_METHODS, "^a&s", &methods);
    for (size_t i = 0; methods != NULL && methods[i] != NULL; i++)
        eap->methods |= method_of(methods[i]);
    g_variant_dict_lookup(dict, START_EAP_INNER, "&s", &inner);
    eap->inner_as_eap = strcmp(inner, "eap-mschapv2") == 0;
    eap->inner_methods = eap->inner_as_eap ? EAP_METHOD_MSCHAPV2 : method_of(inner);
    eap->identity = read_text(dict, START_EAP_IDENTITY);
    eap->inner_identity = read_text(dict, START_EAP_USER);
    eap->server_name = read_text(dict, START_EAP_SERVER_NAME);
    if (eap->identity == NULL) /* a certificate says it */
        eap->identity = g_strdup(start->user);
    start->eap_trust = eap_anchors >= 0 ? read_trust(eap_anchors, error) : NULL;
    if (eap_anchors >= 0 && start->eap_trust == NULL)
        return false;
    eap->trust = start->eap_trust != NULL ? start->eap_trust : ike->trust;
    return eap->methods != 0 || malformed(error, START_EAP_METHODS);
}

/* Type and octets (RFC 8784, section 5.1). */
static bool
read_ppk(TunnelStart *start, GVariantDict *dict, GError **error)
{
    gboolean required = FALSE;
    g_autoptr(GVariant) id = g_variant_dict_lookup_value(dict, START_PPK_ID, G_VARIANT_TYPE("ay"));
    if (id == NULL)
        return true;
    if (g_variant_get_size(id) < 2)
        return malformed(error, START_PPK_ID);
    g_variant_dict_lookup(dict, START_PPK_REQUIRED, "b", &required);
    start->ike->ppk_id = channel_bytes_from_variant(id);
    start->ike->ppk_required = required;
    return true;
}

static bool
read_proposals(TunnelStart *start, GVariantDict *dict, GError **error)
{
    gboolean legacy = FALSE;
    const char *ike = "", *esp = "";
    g_variant_dict_lookup(dict, START_IKE_PROPOSALS, "&s", &ike);
    g_variant_dict_lookup(dict, START_ESP_PROPOSALS, "&s", &esp);
    start->ike->ike_proposals = *ike == '\0'
                                    ? ike_proposal_list_default(IKE_PROTOCOL_IKE)
                                    : ike_proposal_list_from_words(ike, IKE_PROTOCOL_IKE, error);
    if (start->ike->ike_proposals == NULL)
        return false;
    start->ike->esp_proposals = *esp == '\0'
                                    ? ike_proposal_list_default(IKE_PROTOCOL_ESP)
                                    : ike_proposal_list_from_words(esp, IKE_PROTOCOL_ESP, error);
    if (start->ike->esp_proposals == NULL)
        return false;
    g_variant_dict_lookup(dict, START_LEGACY, "b", &legacy);
    return !legacy ||
           (ike_proposal_list_add_legacy(start->ike->ike_proposals, IKE_PROTOCOL_IKE) &&
            ike_proposal_list_add_legacy(start->ike->esp_proposals, IKE_PROTOCOL_ESP)) ||
           malformed(error, START_LEGACY);
}

static void
read_addresses(TunnelStart *start, GVariantDict *dict)
{
    g_autoptr(GVariant) list =
        g_variant_dict_lookup_value(dict, START_ADDRESSES, G_VARIANT_TYPE("aay"));
    for (gsize i = 0; list != NULL && i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) octets = g_variant_get_child_value(list, i);
        gsize length;
        const uint8_t *data = g_variant_get_fixed_array(octets, &length, 1);
        if (length != 4 && length != 16)
            continue;
        InetAddress address = inet_address_new(length == 4 ? INET_V4 : INET_V6, data);
        g_array_append_val(start->addresses, address);
    }
}

static void
read_networks(TunnelStart *start, GVariantDict *dict)
{
    g_autoptr(GVariant) include =
        g_variant_dict_lookup_value(dict, START_INCLUDE, G_VARIANT_TYPE("a(ayy)"));
    for (gsize i = 0; include != NULL && i < g_variant_n_children(include); i++) {
        g_autoptr(GVariant) pair = g_variant_get_child_value(include, i);
        g_autoptr(GVariant) octets = g_variant_get_child_value(pair, 0);
        gsize length;
        const uint8_t *data = g_variant_get_fixed_array(octets, &length, 1);
        if (length != 4 && length != 16)
            continue;
        InetPrefix prefix = { .address = inet_address_new(length == 4 ? INET_V4 : INET_V6, data) };
        g_variant_get_child(pair, 1, "y", &prefix.length);
        if (prefix.length > 8 * length)
            continue;
        TrafficSelector selector = traffic_selector_for_prefix(&prefix);
        g_array_append_val(start->ike->remote_selectors, selector);
    }
}

void
tunnel_start_request_split_dns(TunnelStart *start, GVariant *list)
{
    g_ptr_array_unref(start->request_split_dns);
    start->request_split_dns = g_ptr_array_new_with_free_func(ike_config_attribute_free);
    for (gsize i = 0; i < g_variant_n_children(list); i++) {
        guint16 type;
        g_autoptr(GVariant) value = NULL;
        gsize length;
        g_variant_get_child(list, i, "(q@ay)", &type, &value);
        const void *octets = g_variant_get_fixed_array(value, &length, 1);
        g_ptr_array_add(start->request_split_dns, ike_config_attribute_new(type, octets, length));
    }
}

static bool
read_revocation(TunnelStart *start, GVariantDict *dict, GError **error)
{
    const char *word = "off";
    g_variant_dict_lookup(dict, START_REVOCATION, "&s", &word);
    start->revocation_strict = strcmp(word, "strict") == 0;
    start->ike->check_revocation = start->revocation_strict || strcmp(word, "soft") == 0;
    start->ike->request_ocsp = start->ike->check_revocation;
    return start->ike->check_revocation || strcmp(word, "off") == 0 ||
           malformed(error, START_REVOCATION);
}

static void
read_lifetimes(TunnelStart *start, GVariantDict *dict)
{
    gint64 ike = 0, child = 0, sign_in = 0;
    guint64 octets = 0;
    g_variant_dict_lookup(dict, START_LIFETIMES, "(xxxt)", &ike, &child, &sign_in, &octets);
    start->ike->ike_lifetime = MAX(ike, 0);
    start->ike->child_lifetime = MAX(child, 0);
    start->ike->reauth_lifetime = MAX(sign_in, 0);
    start->ike->child_octets = octets;
}

static FallbackKind
kind_of(guint8 kind)
{
    return kind == RECORD_TRANSPORT_UDP   ? FALLBACK_UDP
           : kind == RECORD_TRANSPORT_TCP ? FALLBACK_TCP
                                          : FALLBACK_TLS;
}

static bool
read_transports(TunnelStart *start, GVariantDict *dict, GError **error)
{
    FallbackConfig *fallback = &start->fallback;
    g_autoptr(GVariant) list =
        g_variant_dict_lookup_value(dict, START_TRANSPORTS, G_VARIANT_TYPE("a(yq)"));
    for (gsize i = 0; list != NULL && i < g_variant_n_children(list); i++) {
        guint8 kind;
        guint16 port;
        g_variant_get_child(list, i, "(yq)", &kind, &port);
        if (kind > RECORD_TRANSPORT_TLS || fallback->n_transports == FALLBACK_MAX_TRANSPORTS)
            continue;
        if (kind == RECORD_TRANSPORT_TLS && start->trust == NULL)
            return malformed(error, "TLS, and nobody to trust");
        fallback->transports[fallback->n_transports++] = (FallbackTransport){ kind_of(kind), port };
    }
    gint64 after = 0, again = 0, delay = 0, grace = 0, look = 0;
    g_variant_dict_lookup(dict, START_TIMES, "(xxxxx)", &after, &again, &delay, &grace, &look);
    fallback->fallback_after = MAX(after, 0);
    fallback->retransmit_interval = start->ike->retransmit_interval = MAX(again, 0);
    fallback->address_delay = start->mobility.address_delay = MAX(delay, 0);
    fallback->grace = MAX(grace, 0);
    start->mobility.look_first = MAX(look, 0);
    if (fallback->n_transports > 0)
        return true;
    g_set_error(error, CHANNEL_ERROR, CHANNEL_ERROR_MALFORMED, "no transport that is supported");
    return false;
}

TunnelStart *
tunnel_start_new(GVariant *body, int anchors, int eap_anchors, int64_t wall_clock_s, GError **error)
{
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(body);
    g_autoptr(TunnelStart) start = g_new0(TunnelStart, 1);
    gboolean flag = FALSE;
    gint64 delay = 0;
    start->addresses = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    start->request_split_dns = g_ptr_array_new_with_free_func(ike_config_attribute_free);
    start->ike = ike_config_new();
    start->ike->wall_clock_s = wall_clock_s;
    start->ike->want_ticket = true;
    start->ike->liveness_interval = LIVENESS_INTERVAL;
    g_variant_dict_lookup(&dict, START_CONNECTION, "s", &start->connection);
    if (!g_variant_dict_lookup(&dict, START_USER, "s", &start->user))
        start->user = g_strdup("");
    read_identity(&dict, START_LOCAL_ID, &start->ike->local_id);
    read_identity(&dict, START_REMOTE_ID, &start->ike->remote_id);
    if (!read_auth(&dict, START_LOCAL_AUTH, &start->ike->local_auth, error) ||
        !read_auth(&dict, START_REMOTE_AUTH, &start->ike->remote_auth, error))
        return NULL;
    if (start->connection == NULL || start->ike->local_id.data == NULL ||
        start->ike->remote_id.data == NULL) {
        g_set_error(error, CHANNEL_ERROR, CHANNEL_ERROR_MALFORMED, "START lacks an identity");
        return NULL;
    }
    if (!read_certificates(start, &dict, anchors, error) ||
        !read_eap(start, &dict, eap_anchors, error) || !read_proposals(start, &dict, error) ||
        !read_transports(start, &dict, error) || !read_revocation(start, &dict, error) ||
        !read_ppk(start, &dict, error))
        return NULL;
    read_lifetimes(start, &dict);
    read_networks(start, &dict);
    g_autoptr(GVariant) names =
        g_variant_dict_lookup_value(&dict, START_REQUEST_SPLIT_DNS, G_VARIANT_TYPE("a(qay)"));
    if (names != NULL)
        tunnel_start_request_split_dns(start, names);
    read_addresses(start, &dict);
    if (g_variant_dict_lookup(&dict, START_REQUEST_ENCRYPTED, "b", &flag))
        start->ike->request_encrypted = flag;
    if (g_variant_dict_lookup(&dict, START_REDIRECT, "b", &flag))
        start->ike->redirect = flag;
    if (g_variant_dict_lookup(&dict, START_CHILDLESS, "b", &flag))
        start->ike->childless = flag;
    if (g_variant_dict_lookup(&dict, START_INITIAL_CONTACT, "b", &flag))
        start->ike->initial_contact = flag;
    if (g_variant_dict_lookup(&dict, START_CHECK, "b", &flag))
        start->check = flag;
    if (g_variant_dict_lookup(&dict, START_DEBUG_KEYS, "b", &flag))
        start->debug_keys = flag;
    g_variant_dict_lookup(&dict, START_MISBEHAVE, "s", &start->misbehave);
    g_variant_dict_lookup(&dict, START_PINNED_MTU, "u", &start->pinned_mtu);
    g_variant_dict_lookup(&dict, START_DELAY, "x", &delay);
    start->delay = MAX(delay, 0);
    return g_steal_pointer(&start);
}

void
tunnel_start_free(TunnelStart *start)
{
    if (start == NULL)
        return;
    g_free(start->connection);
    g_free(start->user);
    g_free((char *)start->eap.identity);
    g_free((char *)start->eap.inner_identity);
    g_free((char *)start->eap.server_name);
    g_clear_pointer(&start->trust, trust_store_unref);
    g_clear_pointer(&start->eap_trust, trust_store_unref);
    g_clear_pointer(&start->eap.chain, g_ptr_array_unref);
    g_array_unref(start->addresses);
    g_ptr_array_unref(start->request_split_dns);
    g_free(start->misbehave);
    ike_config_unref(start->ike);
    g_free(start);
}
