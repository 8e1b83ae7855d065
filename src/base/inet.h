/*
 * Internet addresses, prefixes, ranges and endpoints as values. No socket API.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { INET_NONE = 0, INET_V4 = 4, INET_V6 = 6 } InetFamily;

/* octets beyond the family's length (4 or 16) are zero, so that values compare by memcmp. */
typedef struct {
    uint8_t family; /* InetFamily */
    uint8_t octets[16];
} InetAddress;

typedef struct {
    InetAddress address; /* host bits zero after inet_prefix_parse and inet_prefix_new */
    uint8_t length;
} InetPrefix;

/* first <= last, same family. */
typedef struct {
    InetAddress first;
    InetAddress last;
} InetRange;

typedef struct {
    InetAddress address;
    uint16_t port;
} InetEndpoint;

/* family 4: 4 octets, family 6: 16 octets. */
InetAddress inet_address_new(InetFamily family, const uint8_t *octets);
size_t inet_family_length(InetFamily family); /* 4, 16, else 0 */
bool inet_address_parse(const char *text, InetAddress *out);
char *inet_address_to_string(const InetAddress *address);
bool inet_address_equal(const InetAddress *a, const InetAddress *b);
int inet_address_compare(const InetAddress *a, const InetAddress *b); /* family first */
bool inet_address_is_loopback(const InetAddress *address);
bool inet_address_is_link_local(const InetAddress *address);
bool inet_address_is_multicast(const InetAddress *address); /* and IPv4 broadcast */
bool inet_address_is_unspecified(const InetAddress *address);
/* None of the above four. */
bool inet_address_is_unicast(const InetAddress *address);

InetPrefix inet_prefix_new(const InetAddress *address, uint8_t length);
/* "10.99.0.0/24", or an address alone for a host; host bits set are an error. */
bool inet_prefix_parse(const char *text, InetPrefix *out, GError **error);
char *inet_prefix_to_string(const InetPrefix *prefix);
bool inet_prefix_contains(const InetPrefix *prefix, const InetAddress *address);
InetRange inet_prefix_to_range(const InetPrefix *prefix);

InetRange inet_range_any(InetFamily family);
bool inet_range_contains(const InetRange *range, const InetAddress *address);
bool inet_range_contains_range(const InetRange *outer, const InetRange *inner);
/* The fewest prefixes that cover exactly the range, appended to prefixes (InetPrefix). */
void inet_range_to_prefixes(const InetRange *range, GArray *prefixes);
char *inet_range_to_string(const InetRange *range); /* a prefix where it is one, else "a-b" */

/* "192.0.2.1:500", "[2001:db8::1]:500". */
char *inet_endpoint_to_string(const InetEndpoint *endpoint);
bool inet_endpoint_equal(const InetEndpoint *a, const InetEndpoint *b);
