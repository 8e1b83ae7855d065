#include "ike/payload-cp.h"

#include "base/error.h"
#include "base/names.h"

/* The reserved bit before the 15 bits of the type (RFC 7296, section 3.15.1). */
#define TYPE_MASK 0x7fff

static void
clear_attribute(gpointer data)
{
    CpAttribute *attribute = data;
    g_clear_pointer(&attribute->value, g_bytes_unref);
}

void
payload_cp_init(PayloadCp *cp, uint8_t type)
{
    cp->type = type;
    cp->attributes = g_array_new(FALSE, FALSE, sizeof(CpAttribute));
    g_array_set_clear_func(cp->attributes, clear_attribute);
}

void
payload_cp_add(PayloadCp *cp, uint16_t type, const void *value, size_t length)
{
    CpAttribute attribute = { type & TYPE_MASK, g_bytes_new(value, length) };
    g_array_append_val(cp->attributes, attribute);
}

static bool
parse_attributes(ByteReader *body, PayloadCp *cp, GError **error)
{
    while (byte_reader_left(body) > 0) {
        uint16_t type, length;
        const uint8_t *value;
        if (!byte_reader_u16(body, &type) || !byte_reader_u16(body, &length) ||
            !byte_reader_take(body, length, &value)) {
            g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED,
                        "CP payload: ends within an attribute");
            return false;
        }
        if (cp->attributes->len == PAYLOAD_CP_MAX_ATTRIBUTES) {
            g_set_error(error, PARSE_ERROR, PARSE_ERROR_TOO_LARGE,
                        "CP payload: more than %d attributes", PAYLOAD_CP_MAX_ATTRIBUTES);
            return false;
        }
        payload_cp_add(cp, type, value, length);
    }
    return true;
}

bool
payload_cp_parse(ByteReader *body, PayloadCp *out, GError **error)
{
    *out = (PayloadCp){ 0 };
    uint8_t type;
    if (!byte_reader_u8(body, &type) || !byte_reader_skip(body, 3)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED, "CP payload: shorter than 4 octets");
        return false;
    }
    payload_cp_init(out, type);
    if (!parse_attributes(body, out, error)) {
        payload_cp_clear(out);
        return false;
    }
    return true;
}

void
payload_cp_write(const PayloadCp *cp, ByteWriter *writer)
{
    byte_writer_u8(writer, cp->type);
    byte_writer_zero(writer, 3);
    for (guint i = 0; i < cp->attributes->len; i++) {
        const CpAttribute *attribute = payload_cp_get(cp, i);
        byte_writer_u16(writer, attribute->type);
        byte_writer_u16(writer, (uint16_t)g_bytes_get_size(attribute->value));
        byte_writer_bytes(writer, attribute->value);
    }
}

void
payload_cp_clear(PayloadCp *cp)
{
    g_clear_pointer(&cp->attributes, g_array_unref);
}

static InetFamily
address_family(uint16_t type)
{
    switch (type) {
    case IKE_ATTRIBUTE_INTERNAL_IP4_ADDRESS:
    case IKE_ATTRIBUTE_INTERNAL_IP4_NETMASK:
    case IKE_ATTRIBUTE_INTERNAL_IP4_DNS:
    case IKE_ATTRIBUTE_INTERNAL_IP4_NBNS:
    case IKE_ATTRIBUTE_INTERNAL_IP4_DHCP:
        return INET_V4;
    case IKE_ATTRIBUTE_INTERNAL_IP6_DNS:
    case IKE_ATTRIBUTE_INTERNAL_IP6_DHCP:
        return INET_V6;
    default:
        return INET_NONE;
    }
}

bool
cp_attribute_address(const CpAttribute *attribute, InetAddress *out)
{
    InetFamily family = address_family(attribute->type);
    gsize length;
    const uint8_t *octets = g_bytes_get_data(attribute->value, &length);
    if (family == INET_NONE || length != inet_family_length(family))
        return false;
    *out = inet_address_new(family, octets);
    return true;
}

static bool
mask_to_length(const uint8_t octets[4], uint8_t *length)
{
    ByteReader reader = byte_reader(octets, 4);
    uint32_t mask;
    if (!byte_reader_u32(&reader, &mask))
        return false;
    /* Ones, then zeros: the complement plus one is a power of two. */
    uint32_t holes = ~mask;
    if ((holes & (holes + 1)) != 0)
        return false;
    *length = (uint8_t)__builtin_popcount(mask);
    return true;
}

bool
cp_attribute_netmask(const CpAttribute *attribute, uint8_t *length)
{
    gsize size;
    const uint8_t *octets = g_bytes_get_data(attribute->value, &size);
    return attribute->type == IKE_ATTRIBUTE_INTERNAL_IP4_NETMASK && size == 4 &&
           mask_to_length(octets, length);
}

static bool
ip6_prefix(const CpAttribute *attribute, InetPrefix *out)
{
    gsize length;
    const uint8_t *octets = g_bytes_get_data(attribute->value, &length);
    if (length != 17 || octets[16] > 128)
        return false;
    InetAddress address = inet_address_new(INET_V6, octets);
    if (attribute->type == IKE_ATTRIBUTE_INTERNAL_IP6_SUBNET)
        *out = inet_prefix_new(&address, octets[16]);
    else
        *out = (InetPrefix){ address, octets[16] };
    return true;
}

bool
cp_attribute_prefix(const CpAttribute *attribute, InetPrefix *out)
{
    if (attribute->type == IKE_ATTRIBUTE_INTERNAL_IP6_ADDRESS ||
        attribute->type == IKE_ATTRIBUTE_INTERNAL_IP6_SUBNET)
        return ip6_prefix(attribute, out);
    gsize length;
    const uint8_t *octets = g_bytes_get_data(attribute->value, &length);
    uint8_t prefix_length;
    if (attribute->type != IKE_ATTRIBUTE_INTERNAL_IP4_SUBNET || length != 8 ||
        !mask_to_length(octets + 4, &prefix_length))
        return false;
    InetAddress address = inet_address_new(INET_V4, octets);
    *out = inet_prefix_new(&address, prefix_length);
    return true;
}

char *
cp_attribute_domain(const CpAttribute *attribute, GError **error)
{
    gsize length;
    const void *octets = g_bytes_get_data(attribute->value, &length);
    if (attribute->type != IKE_ATTRIBUTE_INTERNAL_DNS_DOMAIN) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "%s is no domain",
                    ike_attribute_to_string(attribute->type));
        return NULL;
    }
    return dns_name_normalise(octets, length, error);
}
