#include "ike/traffic-selector.h"

/* Protocol numbers for their names. */
#define PROTOCOL_ICMP   1
#define PROTOCOL_TCP    6
#define PROTOCOL_UDP    17
#define PROTOCOL_ICMPV6 58

TrafficSelector
traffic_selector_any(InetFamily family)
{
    return (TrafficSelector){ .end_port = G_MAXUINT16, .range = inet_range_any(family) };
}

TrafficSelector
traffic_selector_for_prefix(const InetPrefix *prefix)
{
    return (TrafficSelector){ .end_port = G_MAXUINT16, .range = inet_prefix_to_range(prefix) };
}

bool
traffic_selector_is_opaque(const TrafficSelector *selector)
{
    return selector->start_port == G_MAXUINT16 && selector->end_port == 0;
}

bool
traffic_selector_equal(const TrafficSelector *a, const TrafficSelector *b)
{
    return a->protocol == b->protocol && a->start_port == b->start_port &&
           a->end_port == b->end_port && inet_address_equal(&a->range.first, &b->range.first) &&
           inet_address_equal(&a->range.last, &b->range.last);
}

static bool
all_ports(const TrafficSelector *selector)
{
    return selector->start_port == 0 && selector->end_port == G_MAXUINT16;
}

static bool
same_family(const TrafficSelector *a, const TrafficSelector *b)
{
    return a->range.first.family == b->range.first.family;
}

bool
traffic_selector_contains(const TrafficSelector *outer, const TrafficSelector *inner)
{
    if (!same_family(outer, inner) || !inet_range_contains_range(&outer->range, &inner->range))
        return false;
    if (outer->protocol != 0 && outer->protocol != inner->protocol)
        return false;
    /* OPAQUE is what has no port to look at: all ports cover it, a range does not. */
    if (traffic_selector_is_opaque(inner) || traffic_selector_is_opaque(outer))
        return all_ports(outer) ||
               (traffic_selector_is_opaque(outer) && traffic_selector_is_opaque(inner));
    return outer->start_port <= inner->start_port && inner->end_port <= outer->end_port;
}

static bool
intersect_ports(const TrafficSelector *a, const TrafficSelector *b, TrafficSelector *out)
{
    if (traffic_selector_is_opaque(a) || traffic_selector_is_opaque(b)) {
        if (!(all_ports(a) || traffic_selector_is_opaque(a)) ||
            !(all_ports(b) || traffic_selector_is_opaque(b)))
            return false;
        out->start_port = G_MAXUINT16;
        out->end_port = 0;
        return true;
    }
    out->start_port = MAX(a->start_port, b->start_port);
    out->end_port = MIN(a->end_port, b->end_port);
    return out->start_port <= out->end_port;
}

bool
traffic_selector_intersect(const TrafficSelector *a, const TrafficSelector *b, TrafficSelector *out)
{
    if (!same_family(a, b))
        return false;
    if (a->protocol != 0 && b->protocol != 0 && a->protocol != b->protocol)
        return false;
    const InetRange *r = &a->range, *s = &b->range;
    *out = (TrafficSelector){ .protocol = a->protocol != 0 ? a->protocol : b->protocol };
    out->range.first = inet_address_compare(&r->first, &s->first) >= 0 ? r->first : s->first;
    out->range.last = inet_address_compare(&r->last, &s->last) <= 0 ? r->last : s->last;
    return inet_address_compare(&out->range.first, &out->range.last) <= 0 &&
           intersect_ports(a, b, out);
}

static const TrafficSelector *
get(const GArray *selectors, guint index)
{
    return &g_array_index(selectors, TrafficSelector, index);
}

static bool
one_contains(const GArray *outer, const TrafficSelector *inner)
{
    for (guint i = 0; i < outer->len; i++)
        if (traffic_selector_contains(get(outer, i), inner))
            return true;
    return false;
}

bool
traffic_selectors_contain(const GArray *outer, const GArray *inner)
{
    for (guint i = 0; i < inner->len; i++)
        if (!one_contains(outer, get(inner, i)))
            return false;
    return inner->len > 0;
}

GArray *
traffic_selectors_intersect(const GArray *a, const GArray *b, guint max)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(TrafficSelector));
    for (guint i = 0; i < a->len; i++) {
        for (guint j = 0; j < b->len && out->len < max; j++) {
            TrafficSelector common;
            if (traffic_selector_intersect(get(a, i), get(b, j), &common) &&
                !one_contains(out, &common))
                g_array_append_val(out, common);
        }
    }
    return out;
}

static void
append_protocol(GString *text, uint8_t protocol)
{
    switch (protocol) {
    case 0:
        break;
    case PROTOCOL_ICMP:
        g_string_append(text, " icmp");
        break;
    case PROTOCOL_TCP:
        g_string_append(text, " tcp");
        break;
    case PROTOCOL_UDP:
        g_string_append(text, " udp");
        break;
    case PROTOCOL_ICMPV6:
        g_string_append(text, " icmpv6");
        break;
    default:
        g_string_append_printf(text, " protocol %u", protocol);
        break;
    }
}

char *
traffic_selector_to_string(const TrafficSelector *selector)
{
    g_autofree char *range = inet_range_to_string(&selector->range);
    GString *text = g_string_new(range);
    append_protocol(text, selector->protocol);
    if (traffic_selector_is_opaque(selector))
        g_string_append(text, " opaque");
    else if (selector->start_port == selector->end_port)
        g_string_append_printf(text, " %u", selector->start_port);
    else if (!all_ports(selector))
        g_string_append_printf(text, " %u-%u", selector->start_port, selector->end_port);
    return g_string_free(text, FALSE);
}

char *
traffic_selectors_to_string(const GArray *selectors)
{
    GString *text = g_string_new("");
    for (guint i = 0; i < selectors->len; i++) {
        g_autofree char *one = traffic_selector_to_string(get(selectors, i));
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", one);
    }
    return g_string_free(text, FALSE);
}
