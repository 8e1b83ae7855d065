#include "config.h"

#include "tunnel/report.h"

#include "channel/channel.h"
#include "plan/split-dns-request.h"

static GVariant *
address_variant(const InetAddress *address)
{
    return channel_variant_from_octets(address->octets, inet_family_length(address->family));
}

static void
add_prefixes(GVariantDict *dict, const char *key, const GArray *prefixes)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(ayy)"));
    for (guint i = 0; i < prefixes->len; i++) {
        const InetPrefix *prefix = &g_array_index(prefixes, InetPrefix, i);
        g_variant_builder_add(&list, "(@ayy)", address_variant(&prefix->address), prefix->length);
    }
    g_variant_dict_insert_value(dict, key, g_variant_builder_end(&list));
}

static GVariant *
selector_variant(const TrafficSelector *selector)
{
    return g_variant_new("(yqq@ay@ay)", selector->protocol, selector->start_port,
                         selector->end_port, address_variant(&selector->range.first),
                         address_variant(&selector->range.last));
}

static void
add_selectors(GVariantDict *dict, const char *key, const GArray *selectors)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(yqqayay)"));
    for (guint i = 0; i < selectors->len; i++)
        g_variant_builder_add_value(
            &list, selector_variant(&g_array_index(selectors, TrafficSelector, i)));
    g_variant_dict_insert_value(dict, key, g_variant_builder_end(&list));
}

static bool
contains(GVariant *list, GVariant *item)
{
    for (gsize i = 0; i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) one = g_variant_get_child_value(list, i);
        if (g_variant_equal(one, item))
            return true;
    }
    return false;
}

GVariant *
report_with_selectors(GVariant *configure, const GArray *remote_ts)
{
    GVariantBuilder list;
    guint n_new = 0;
    g_autoptr(GVariant) before =
        g_variant_lookup_value(configure, CONFIGURE_REMOTE_TS, G_VARIANT_TYPE("a(yqqayay)"));
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(yqqayay)"));
    for (gsize i = 0; i < g_variant_n_children(before); i++) {
        g_autoptr(GVariant) one = g_variant_get_child_value(before, i);
        g_variant_builder_add_value(&list, one);
    }
    for (guint i = 0; i < remote_ts->len; i++) {
        g_autoptr(GVariant) item =
            g_variant_ref_sink(selector_variant(&g_array_index(remote_ts, TrafficSelector, i)));
        if (contains(before, item))
            continue;
        g_variant_builder_add_value(&list, item);
        n_new++;
    }
    g_autoptr(GVariant) all = g_variant_ref_sink(g_variant_builder_end(&list));
    if (n_new == 0)
        return NULL;
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(configure);
    g_variant_dict_insert_value(&dict, CONFIGURE_REMOTE_TS, all);
    return g_variant_dict_end(&dict);
}

/* IkeConfigAttribute as SplitDnsAttribute, which borrows from it. */
static GArray *
borrow_attributes(const GPtrArray *from)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(SplitDnsAttribute));
    for (guint i = 0; i < from->len; i++) {
        const IkeConfigAttribute *one = from->pdata[i];
        SplitDnsAttribute attribute = { .type = one->type };
        attribute.data = g_bytes_get_data(one->value, &attribute.length);
        g_array_append_val(list, attribute);
    }
    return list;
}

static GVariant *
split_dns_variant(const GPtrArray *request, const GPtrArray *reply)
{
    g_autoptr(GArray) asked = borrow_attributes(request), sent = borrow_attributes(reply);
    g_autoptr(GArray) all = split_dns_keep_told(asked, sent);
    GVariantBuilder attributes;
    g_variant_builder_init(&attributes, G_VARIANT_TYPE("a(qay)"));
    for (guint i = 0; i < all->len; i++) {
        const SplitDnsAttribute *one = &g_array_index(all, SplitDnsAttribute, i);
        g_variant_builder_add(&attributes, "(q@ay)", one->type,
                              channel_variant_from_octets(one->data, one->length));
    }
    return g_variant_builder_end(&attributes);
}

static void
add_dns(GVariantDict *dict, const IkeConfiguration *configuration, const GPtrArray *request)
{
    GVariantBuilder servers;
    g_variant_builder_init(&servers, G_VARIANT_TYPE("aay"));
    for (guint i = 0; i < configuration->dns->len; i++)
        g_variant_builder_add_value(
            &servers, address_variant(&g_array_index(configuration->dns, InetAddress, i)));
    g_variant_dict_insert_value(dict, CONFIGURE_DNS, g_variant_builder_end(&servers));
    g_variant_dict_insert_value(dict, CONFIGURE_SPLIT_DNS,
                                split_dns_variant(request, configuration->split_dns));
}

guint8
report_record_transport(FallbackKind kind)
{
    switch (kind) {
    case FALLBACK_UDP:
        return RECORD_TRANSPORT_UDP;
    case FALLBACK_TCP:
        return RECORD_TRANSPORT_TCP;
    case FALLBACK_TLS:
        return RECORD_TRANSPORT_TLS;
    }
    return RECORD_TRANSPORT_UDP;
}

GVariant *
report_transport(const FallbackTransport *transport, const InetAddress *gateway)
{
    return g_variant_new("(y@ayq)", report_record_transport(transport->kind),
                         address_variant(gateway), transport->port);
}

GVariant *
report_configuration(const IkeConfiguration *configuration, const GPtrArray *request_split_dns,
                     const FallbackTransport *transport, const InetAddress *gateway)
{
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
    add_prefixes(&dict, CONFIGURE_ADDRESSES, configuration->addresses);
    add_prefixes(&dict, CONFIGURE_SUBNETS, configuration->subnets);
    add_selectors(&dict, CONFIGURE_LOCAL_TS, configuration->local_ts);
    add_selectors(&dict, CONFIGURE_REMOTE_TS, configuration->remote_ts);
    add_dns(&dict, configuration, request_split_dns);
    g_variant_dict_insert(&dict, CONFIGURE_IKE, "s", configuration->ike_algorithms);
    g_variant_dict_insert(&dict, CONFIGURE_ESP, "s", configuration->esp_algorithms);
    g_variant_dict_insert(&dict, CONFIGURE_GATEWAY_ID, "s", configuration->gateway_id);
    g_variant_dict_insert(&dict, CONFIGURE_NOT_AFTER, "x",
                          (gint64)configuration->gateway_not_after);
    g_variant_dict_insert(&dict, CONFIGURE_NAT, "b", configuration->nat_here);
    g_variant_dict_insert_value(&dict, CONFIGURE_TRANSPORT, report_transport(transport, gateway));
    return g_variant_dict_end(&dict);
}

GVariant *
report_statistics(const DatapathStatistics *statistics, uint32_t rekeys, uint64_t keepalives)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        { "packets-in", statistics->packets_in },
        { "packets-out", statistics->packets_out },
        { "octets-in", statistics->octets_in },
        { "octets-out", statistics->octets_out },
        { "rekeys", rekeys },
        { "keepalives", keepalives },
        { "rejected", statistics->rejected },
        { "drop-forged", statistics->drop_forged },
        { "drop-replayed", statistics->drop_replayed },
        { "drop-malformed", statistics->drop_malformed },
        { "drop-unknown-spi", statistics->drop_unknown_spi },
        { "drop-selectors-in", statistics->drop_selectors_in },
        { "drop-selectors-out", statistics->drop_selectors_out },
        { "drop-too-big", statistics->drop_too_big },
        { "drop-congested", statistics->drop_congested },
        { "drop-exhausted", statistics->drop_exhausted },
        { "drop-queue", statistics->drop_queue },
        { "marked", statistics->marked },
        { "drop-garbage", statistics->drop_garbage },
    };
    GVariantBuilder builder;
    g_variant_builder_init(&builder, G_VARIANT_TYPE("a{st}"));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_variant_builder_add(&builder, "{st}", rows[i].name, rows[i].value);
    return g_variant_builder_end(&builder);
}

const char *
report_reason(IkeCloseReason reason)
{
    switch (reason) {
    case IKE_CLOSE_REQUESTED:
    case IKE_CLOSE_REPLACED:
        return "Requested";
    case IKE_CLOSE_NO_ANSWER:
        return "GatewayUnreachable";
    case IKE_CLOSE_PEER_GONE:
        return "PeerGone";
    case IKE_CLOSE_PEER_DELETED:
        return "PeerDeleted";
    case IKE_CLOSE_NO_PROPOSAL:
    case IKE_CLOSE_NO_CHILD_PROPOSAL:
        return "NoCommonProposal";
    case IKE_CLOSE_TS_UNACCEPTABLE:
        return "SelectorsRefused";
    case IKE_CLOSE_AUTH_LOCAL:
        return "AuthenticationFailed.User";
    case IKE_CLOSE_AUTH_REMOTE:
        return "AuthenticationFailed.Gateway";
    case IKE_CLOSE_CERT_EXPIRED:
        return "CertificateExpired";
    case IKE_CLOSE_CERT_NOT_YET_VALID:
        return "CertificateNotYetValid";
    case IKE_CLOSE_CERT_UNTRUSTED:
        return "CertificateUntrusted";
    case IKE_CLOSE_IDENTITY_MISMATCH:
        return "IdentityMismatch";
    case IKE_CLOSE_NO_ADDRESS:
        return "AddressRefused";
    case IKE_CLOSE_CREDENTIAL:
        return "SecretUnavailable";
    case IKE_CLOSE_CERT_REVOKED:
        return "CertificateRevoked";
    case IKE_CLOSE_REVOCATION_UNKNOWN:
        return "RevocationUnknown";
    case IKE_CLOSE_EAP_FAILED:
        return "AuthenticationFailed.User";
    case IKE_CLOSE_PPK:
        return "PostQuantumKeyRefused";
    case IKE_CLOSE_EXPIRED:
    case IKE_CLOSE_PEER_RESTARTED:
        return "PeerGone";
    case IKE_CLOSE_REDIRECTED:
    case IKE_CLOSE_PROTOCOL:
    case IKE_CLOSE_VERSION:
        return "ProtocolError";
    }
    return "ProtocolError";
}

const char *
report_transport_word(FallbackKind kind)
{
    switch (kind) {
    case FALLBACK_UDP:
        return "udp";
    case FALLBACK_TCP:
        return "tcp";
    case FALLBACK_TLS:
        return "tls";
    }
    return "?";
}
