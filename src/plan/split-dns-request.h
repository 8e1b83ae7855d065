/*
 * What CFG_REQUEST says of names, and what holds on because it was said. Pure. RFC 8598, sections
 * 3.1 and 4.2.
 */
#pragma once
#include "plan/split-dns.h"

#define SPLIT_DNS_MAX_TOLD 16 /* anchors in a request */

typedef struct {
    /* The profile's, in normal form, ended by NULL. */
    char *const *domains, *const *add_domains;
    bool anchors;          /* it takes keys from the gateway */
    const GPtrArray *told; /* TrustAnchor: held, and to be told; NULL for none */
} SplitDnsWishes;

/* The attributes of CFG_REQUEST in order, SplitDnsAttribute; they borrow from the wishes. A
 * domain is followed at once by the anchors held for it, in the octets that the gateway sent; an
 * empty INTERNAL_DNSSEC_TA says that others are welcome. */
GArray *split_dns_request_new(const SplitDnsWishes *wishes);

/* The reply's attributes, and after each domain without an anchor those that the request told for
 * it: a gateway may leave out what it was told (RFC 8598, section 3.1). All are SplitDnsAttribute;
 * the result borrows from both. */
GArray *split_dns_keep_told(const GArray *request, const GArray *reply);
