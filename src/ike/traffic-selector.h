/*
 * Traffic selectors as values (RFC 7296, sections 2.9 and 3.13). The wire form is in payload-ts.
 */
#pragma once
#include "base/inet.h"

typedef struct {
    uint8_t protocol;    /* IP protocol, 0 for any */
    uint16_t start_port; /* ICMP: type in the high octet, code in the low one */
    uint16_t end_port;   /* start 65535 with end 0 is OPAQUE (RFC 7296, section 3.13.1) */
    InetRange range;
} TrafficSelector;

/* Everything of a family: any protocol, all ports. */
TrafficSelector traffic_selector_any(InetFamily family);
TrafficSelector traffic_selector_for_prefix(const InetPrefix *prefix);
bool traffic_selector_is_opaque(const TrafficSelector *selector);
bool traffic_selector_equal(const TrafficSelector *a, const TrafficSelector *b);
/* Does outer cover inner? The check of a narrowed answer (RFC 7296, section 2.9). */
bool traffic_selector_contains(const TrafficSelector *outer, const TrafficSelector *inner);
/* False where nothing is common. */
bool traffic_selector_intersect(const TrafficSelector *a, const TrafficSelector *b,
                                TrafficSelector *out);
/* Lists are GArray of TrafficSelector. Every one of inner lies in one of outer;
 * false where inner is empty, because an answer of nothing is no answer. */
bool traffic_selectors_contain(const GArray *outer, const GArray *inner);
/* All pairwise intersections without repetition, in a's order, at most max; a new list, may be
 * empty. */
GArray *traffic_selectors_intersect(const GArray *a, const GArray *b, guint max);
/* "10.99.0.0/24", "10.0.0.1/32 tcp 80", "::/0 udp 1-99". */
char *traffic_selector_to_string(const TrafficSelector *selector);
char *traffic_selectors_to_string(const GArray *selectors); /* separated by ", " */
