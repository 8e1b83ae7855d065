/*
 * The configuration payload (RFC 7296, sections 2.19 and 3.15; RFC 8598; RFC 9464): what we ask
 * for, and what came, bounded but not judged. Plans are made from it elsewhere.
 */
#include "ike/proc.h"

#include <string.h>

/* The address that an earlier session had, or an empty attribute, so that the gateway chooses (RFC
 * 7296, section 3.15.1: an IPv6 address is followed by its prefix length). */
static void
add_wanted_address(const IkeEngine *engine, PayloadCp *cp, uint16_t type, uint8_t family)
{
    const GArray *wanted = engine->request_addresses;
    for (guint i = 0; wanted != NULL && i < wanted->len; i++) {
        const InetAddress *address = &g_array_index(wanted, InetAddress, i);
        uint8_t value[17];
        if (address->family != family)
            continue;
        memcpy(value, address->octets, 16);
        value[16] = 128;
        payload_cp_add(cp, type, value, family == INET_V4 ? 4 : 17);
        return;
    }
    payload_cp_add(cp, type, NULL, 0);
}

/* RFC 9464, section 4: resolvers of either family, and digests by SHA2-256, -384 or -512. */
static void
add_encrypted(PayloadCp *cp)
{
    static const uint8_t digests[] = { 3, 0, 0, 2, 0, 3, 0, 4 };
    payload_cp_add(cp, IKE_ATTRIBUTE_ENCDNS_IP4, NULL, 0);
    payload_cp_add(cp, IKE_ATTRIBUTE_ENCDNS_IP6, NULL, 0);
    payload_cp_add(cp, IKE_ATTRIBUTE_ENCDNS_DIGEST_INFO, digests, sizeof digests);
}

/* HDR, SK {..., CP(CFG_REQUEST), ...}: both families. */
void
proc_config_request(IkeEngine *engine, IkeMessage *message)
{
    static const uint16_t wanted[] = {
        IKE_ATTRIBUTE_INTERNAL_IP4_DNS,
        IKE_ATTRIBUTE_INTERNAL_IP6_DNS,
        IKE_ATTRIBUTE_INTERNAL_IP4_SUBNET,
        IKE_ATTRIBUTE_INTERNAL_IP6_SUBNET,
    };
    const GPtrArray *names = engine->request_split_dns;
    PayloadCp *cp = ike_message_add_cp(message, IKE_CFG_REQUEST);
    add_wanted_address(engine, cp, IKE_ATTRIBUTE_INTERNAL_IP4_ADDRESS, INET_V4);
    add_wanted_address(engine, cp, IKE_ATTRIBUTE_INTERNAL_IP6_ADDRESS, INET_V6);
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++)
        payload_cp_add(cp, wanted[i], NULL, 0);
    for (guint i = 0; names != NULL && i < names->len && i < 2 * IKE_ENGINE_MAX_DOMAINS; i++) {
        const IkeConfigAttribute *one = g_ptr_array_index(names, i);
        gsize length;
        const void *value = g_bytes_get_data(one->value, &length);
        payload_cp_add(cp, one->type, value, length);
    }
    if (engine->config->request_encrypted)
        add_encrypted(cp);
}

static void
add_address(IkeConfiguration *out, const InetAddress *address, uint8_t length)
{
    if (!inet_address_is_unicast(address) || out->addresses->len >= IKE_ENGINE_MAX_ADDRESSES)
        return;
    for (guint i = 0; i < out->addresses->len; i++) {
        const InetPrefix *known = &g_array_index(out->addresses, InetPrefix, i);
        if (inet_address_equal(&known->address, address))
            return;
    }
    InetPrefix prefix = { .address = *address, .length = length };
    g_array_append_val(out->addresses, prefix);
}

/* INTERNAL_IP4_NETMASK says how wide the network of the IPv4 address is (RFC 7296, section
 * 3.15.1). */
static void
apply_netmask(IkeConfiguration *out, uint8_t length)
{
    for (guint i = 0; i < out->addresses->len; i++) {
        InetPrefix *prefix = &g_array_index(out->addresses, InetPrefix, i);
        if (prefix->address.family == INET_V4)
            prefix->length = length;
    }
}

static void
add_server(IkeConfiguration *out, const CpAttribute *attribute)
{
    InetAddress address;
    if (cp_attribute_address(attribute, &address) && out->dns->len < IKE_ENGINE_MAX_ADDRESSES)
        g_array_append_val(out->dns, address);
}

static void
add_subnet(IkeConfiguration *out, const CpAttribute *attribute)
{
    InetPrefix prefix;
    if (cp_attribute_prefix(attribute, &prefix) && out->subnets->len < IKE_ENGINE_MAX_DOMAINS)
        g_array_append_val(out->subnets, prefix);
}

static void
add_split_dns(IkeConfiguration *out, const CpAttribute *attribute)
{
    if (out->split_dns->len >= 2 * IKE_ENGINE_MAX_DOMAINS)
        return;
    IkeConfigAttribute *copy = g_new0(IkeConfigAttribute, 1);
    copy->type = attribute->type;
    copy->value = g_bytes_ref(attribute->value);
    g_ptr_array_add(out->split_dns, copy);
}

static void
read_attribute(IkeConfiguration *out, const CpAttribute *attribute, uint8_t *netmask)
{
    InetAddress address;
    InetPrefix prefix;
    switch (attribute->type) {
    case IKE_ATTRIBUTE_INTERNAL_IP4_ADDRESS:
        if (cp_attribute_address(attribute, &address))
            add_address(out, &address, 32);
        break;
    case IKE_ATTRIBUTE_INTERNAL_IP4_NETMASK:
        if (!cp_attribute_netmask(attribute, netmask))
            *netmask = 32;
        break;
    case IKE_ATTRIBUTE_INTERNAL_IP6_ADDRESS:
        if (cp_attribute_prefix(attribute, &prefix))
            add_address(out, &prefix.address, prefix.length);
        break;
    case IKE_ATTRIBUTE_INTERNAL_IP4_DNS:
    case IKE_ATTRIBUTE_INTERNAL_IP6_DNS:
        add_server(out, attribute);
        break;
    case IKE_ATTRIBUTE_INTERNAL_IP4_SUBNET:
    case IKE_ATTRIBUTE_INTERNAL_IP6_SUBNET:
        add_subnet(out, attribute);
        break;
    case IKE_ATTRIBUTE_INTERNAL_DNS_DOMAIN:
    case IKE_ATTRIBUTE_INTERNAL_DNSSEC_TA:
    case IKE_ATTRIBUTE_ENCDNS_IP4:
    case IKE_ATTRIBUTE_ENCDNS_IP6:
    case IKE_ATTRIBUTE_ENCDNS_DIGEST_INFO:
        add_split_dns(out, attribute);
        break;
    default: /* not asked for: ignored (RFC 7296, section 3.15.1) */
        break;
    }
}

/* <--  HDR, SK {..., CP(CFG_REPLY), ...} */
bool
proc_config_reply(IkeEngine *engine, const IkeMessage *message, IkeConfiguration *out)
{
    uint8_t netmask = 32;
    const IkePayload *payload = ike_message_find(message, IKE_PAYLOAD_CP);
    if (payload != NULL && payload->cp.type == IKE_CFG_REPLY) {
        for (guint i = 0; i < payload->cp.attributes->len; i++)
            read_attribute(out, payload_cp_get(&payload->cp, i), &netmask);
        apply_netmask(out, netmask);
    }
    if (out->addresses->len > 0)
        return true;
    engine_close_with_delete(engine, IKE_CLOSE_NO_ADDRESS,
                             payload == NULL ? "the gateway did not answer our wish for an "
                                               "address inside"
                                             : "the gateway gave us no address inside");
    return false;
}
