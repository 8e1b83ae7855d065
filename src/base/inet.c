#include "base/inet.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

size_t
inet_family_length(InetFamily family)
{
    if (family == INET_V4)
        return 4;
    return family == INET_V6 ? 16 : 0;
}

static unsigned
family_bits(uint8_t family)
{
    return (unsigned)inet_family_length(family) * 8;
}

InetAddress
inet_address_new(InetFamily family, const uint8_t *octets)
{
    InetAddress address = { .family = (uint8_t)family };
    memcpy(address.octets, octets, inet_family_length(family));
    return address;
}

bool
inet_address_parse(const char *text, InetAddress *out)
{
    InetAddress address = { .family = INET_V4 };
    if (inet_pton(AF_INET, text, address.octets) != 1) {
        address.family = INET_V6;
        if (inet_pton(AF_INET6, text, address.octets) != 1)
            return false;
    }
    *out = address;
    return true;
}

char *
inet_address_to_string(const InetAddress *address)
{
    char text[INET6_ADDRSTRLEN] = "none";
    if (address->family == INET_V4)
        inet_ntop(AF_INET, address->octets, text, sizeof text);
    else if (address->family == INET_V6)
        inet_ntop(AF_INET6, address->octets, text, sizeof text);
    return g_strdup(text);
}

static uint64_t
half(const InetAddress *address, size_t at)
{
    uint64_t octets;
    memcpy(&octets, address->octets + at, sizeof octets);
    return GUINT64_FROM_BE(octets);
}

static int
order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Every packet is looked up by this: as two numbers, without a call. */
int
inet_address_compare(const InetAddress *a, const InetAddress *b)
{
    if (a->family != b->family)
        return order(a->family, b->family);
    int first = order(half(a, 0), half(b, 0));
    return first != 0 ? first : order(half(a, 8), half(b, 8));
}

bool
inet_address_equal(const InetAddress *a, const InetAddress *b)
{
    return inet_address_compare(a, b) == 0;
}

static bool
matches(const InetAddress *address, const uint8_t *octets, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++)
        if (((address->octets[i / 8] ^ octets[i / 8]) >> (7 - i % 8) & 1) != 0)
            return false;
    return true;
}

bool
inet_address_is_loopback(const InetAddress *address)
{
    static const uint8_t v6[16] = { [15] = 1 };
    if (address->family == INET_V4)
        return address->octets[0] == 127;
    return address->family == INET_V6 && matches(address, v6, 128);
}

bool
inet_address_is_link_local(const InetAddress *address)
{
    if (address->family == INET_V4)
        return address->octets[0] == 169 && address->octets[1] == 254;
    return address->family == INET_V6 && matches(address, (const uint8_t[]){ 0xfe, 0x80 }, 10);
}

bool
inet_address_is_multicast(const InetAddress *address)
{
    static const uint8_t broadcast[4] = { 255, 255, 255, 255 };
    if (address->family == INET_V4)
        return address->octets[0] >> 4 == 0xe || matches(address, broadcast, 32);
    return address->family == INET_V6 && address->octets[0] == 0xff;
}

bool
inet_address_is_unspecified(const InetAddress *address)
{
    static const uint8_t zero[16];
    return memcmp(address->octets, zero, sizeof zero) == 0;
}

bool
inet_address_is_unicast(const InetAddress *address)
{
    return address->family != INET_NONE && !inet_address_is_loopback(address) &&
           !inet_address_is_link_local(address) && !inet_address_is_multicast(address) &&
           !inet_address_is_unspecified(address);
}

static void
mask_host_bits(InetAddress *address, unsigned length, bool ones)
{
    for (unsigned i = length; i < family_bits(address->family); i++) {
        uint8_t bit = (uint8_t)(1u << (7 - i % 8));
        if (ones)
            address->octets[i / 8] |= bit;
        else
            address->octets[i / 8] &= (uint8_t)~bit;
    }
}

InetPrefix
inet_prefix_new(const InetAddress *address, uint8_t length)
{
    InetPrefix prefix = { *address, (uint8_t)MIN(length, family_bits(address->family)) };
    mask_host_bits(&prefix.address, prefix.length, false);
    return prefix;
}

bool
inet_prefix_parse(const char *text, InetPrefix *out, GError **error)
{
    const char *slash = strchr(text, '/');
    g_autofree char *host = slash != NULL ? g_strndup(text, (gsize)(slash - text)) : g_strdup(text);
    InetAddress address;
    guint64 length;
    if (!inet_address_parse(host, &address)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "\"%s\" is no network", text);
        return false;
    }
    length = family_bits(address.family);
    if (slash != NULL && !g_ascii_string_to_unsigned(slash + 1, 10, 0, length, &length, NULL)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "\"%s\": prefix length is 0 to %u",
                    text, family_bits(address.family));
        return false;
    }
    *out = inet_prefix_new(&address, (uint8_t)length);
    if (inet_address_equal(&out->address, &address))
        return true;
    g_autofree char *meant = inet_prefix_to_string(out);
    g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "\"%s\" has host bits; the network is %s",
                text, meant);
    return false;
}

char *
inet_prefix_to_string(const InetPrefix *prefix)
{
    g_autofree char *address = inet_address_to_string(&prefix->address);
    return g_strdup_printf("%s/%u", address, prefix->length);
}

bool
inet_prefix_contains(const InetPrefix *prefix, const InetAddress *address)
{
    return prefix->address.family == address->family &&
           matches(address, prefix->address.octets, prefix->length);
}

InetRange
inet_prefix_to_range(const InetPrefix *prefix)
{
    InetRange range = { prefix->address, prefix->address };
    mask_host_bits(&range.first, prefix->length, false);
    mask_host_bits(&range.last, prefix->length, true);
    return range;
}

InetRange
inet_range_any(InetFamily family)
{
    InetPrefix all = { .address = { .family = (uint8_t)family } };
    return inet_prefix_to_range(&all);
}

bool
inet_range_contains(const InetRange *range, const InetAddress *address)
{
    return range->first.family == address->family &&
           inet_address_compare(&range->first, address) <= 0 &&
           inet_address_compare(address, &range->last) <= 0;
}

bool
inet_range_contains_range(const InetRange *outer, const InetRange *inner)
{
    return inet_range_contains(outer, &inner->first) && inet_range_contains(outer, &inner->last);
}

/* address + 1; false when it was the last one. */
static bool
address_increment(InetAddress *address)
{
    for (size_t i = inet_family_length(address->family); i-- > 0;)
        if (++address->octets[i] != 0)
            return true;
    return false;
}

void
inet_range_to_prefixes(const InetRange *range, GArray *prefixes)
{
    InetAddress at = range->first;
    unsigned bits = family_bits(at.family);
    if (inet_address_compare(&range->first, &range->last) > 0 || bits == 0)
        return;
    for (;;) {
        InetPrefix prefix = { at, (uint8_t)bits };
        /* The largest prefix that begins here and does not reach beyond the end. */
        while (prefix.length > 0) {
            InetPrefix wider = inet_prefix_new(&at, (uint8_t)(prefix.length - 1));
            InetRange covered = inet_prefix_to_range(&wider);
            if (!inet_address_equal(&wider.address, &at) ||
                inet_address_compare(&covered.last, &range->last) > 0)
                break;
            prefix = wider;
        }
        g_array_append_val(prefixes, prefix);
        at = inet_prefix_to_range(&prefix).last;
        if (inet_address_compare(&at, &range->last) >= 0 || !address_increment(&at))
            return;
    }
}

char *
inet_range_to_string(const InetRange *range)
{
    g_autoptr(GArray) prefixes = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    inet_range_to_prefixes(range, prefixes);
    if (prefixes->len == 1)
        return inet_prefix_to_string(&g_array_index(prefixes, InetPrefix, 0));
    g_autofree char *first = inet_address_to_string(&range->first);
    g_autofree char *last = inet_address_to_string(&range->last);
    return g_strdup_printf("%s-%s", first, last);
}

char *
inet_endpoint_to_string(const InetEndpoint *endpoint)
{
    g_autofree char *address = inet_address_to_string(&endpoint->address);
    return g_strdup_printf(endpoint->address.family == INET_V6 ? "[%s]:%u" : "%s:%u", address,
                           endpoint->port);
}

bool
inet_endpoint_equal(const InetEndpoint *a, const InetEndpoint *b)
{
    return a->port == b->port && inet_address_equal(&a->address, &b->address);
}
