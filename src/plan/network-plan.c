#include "plan/network-plan.h"

#define PATH_MTU_MIN       576 /* what every IPv4 host takes (RFC 791, section 3.1) */
#define PATH_MTU           1500
#define NETWORK_MTU_MIN_V4 576
#define OUTER_OVERHEAD     (40 + 8)             /* IPv6 and UDP, so that every transport fits */
#define COMBINED_OVERHEAD  (8 + 8 + 3 + 2 + 16) /* header, IV, padding, trailer, ICV */
#define MAC_OVERHEAD       (8 + 16 + 15 + 2 + 32)

static bool
has_family(const GArray *addresses, uint8_t family)
{
    for (guint i = 0; i < addresses->len; i++)
        if (g_array_index(addresses, InetPrefix, i).address.family == family)
            return true;
    return false;
}

static void
take_addresses(NetworkPlan *plan, const NetworkOffer *offer)
{
    for (guint i = 0; i < offer->addresses->len; i++) {
        InetPrefix prefix = g_array_index(offer->addresses, InetPrefix, i);
        g_autofree char *text = inet_address_to_string(&prefix.address);
        if (!inet_address_is_unicast(&prefix.address)) {
            refusals_add(plan->refused, "address", g_strdup(text), "not-unicast",
                         "%s is no address for a host", text);
            continue;
        }
        if (plan->addresses->len == NETWORK_MAX_ADDRESSES) {
            refusals_add(plan->refused, "address", g_strdup(text), "too-many",
                         "more than %d addresses", NETWORK_MAX_ADDRESSES);
            continue;
        }
        /* Ours alone: a mask would make neighbours reachable that the selectors do not cover. */
        prefix.length = prefix.address.family == INET_V4 ? 32 : 128;
        g_array_append_val(plan->addresses, prefix);
    }
}

/* The part of inner that lies in outer; false for none. */
static bool
intersect(const InetRange *a, const InetRange *b, InetRange *out)
{
    if (a->first.family != b->first.family)
        return false;
    out->first = inet_address_compare(&a->first, &b->first) > 0 ? a->first : b->first;
    out->last = inet_address_compare(&a->last, &b->last) < 0 ? a->last : b->last;
    return inet_address_compare(&out->first, &out->last) <= 0;
}

/* What the routes are narrowed by: the profile's networks, else what the gateway names as its
 * subnets (RFC 7296, section 3.15.2), family by family; NULL for none. */
static const GArray *
limits_for(const NetworkOffer *offer, uint8_t family)
{
    if (offer->include->len > 0)
        return offer->include;
    return has_family(offer->subnets, family) ? offer->subnets : NULL;
}

static void
add_routes(NetworkPlan *plan, const InetRange *range)
{
    guint before = plan->routes->len;
    g_autofree char *text = inet_range_to_string(range);
    inet_range_to_prefixes(range, plan->routes);
    if (plan->routes->len > NETWORK_MAX_ROUTES) {
        g_array_set_size(plan->routes, before);
        refusals_add(plan->refused, "network", g_strdup(text), "too-many", "more than %d routes",
                     NETWORK_MAX_ROUTES);
    }
}

static void
take_networks(NetworkPlan *plan, const NetworkOffer *offer)
{
    for (guint i = 0; i < offer->remote->len; i++) {
        const InetRange *range = &g_array_index(offer->remote, InetRange, i);
        const GArray *limits = limits_for(offer, range->first.family);
        if (!has_family(plan->addresses, range->first.family))
            continue; /* without an address of the family nothing can be sent there */
        g_array_append_val(plan->remote, *range);
        if (limits == NULL) {
            add_routes(plan, range);
            continue;
        }
        for (guint k = 0; k < limits->len; k++) {
            InetRange limit = inet_prefix_to_range(&g_array_index(limits, InetPrefix, k));
            InetRange common;
            if (intersect(range, &limit, &common))
                add_routes(plan, &common);
        }
    }
}

static bool
is_routed(const GArray *routes, const InetAddress *address)
{
    for (guint i = 0; i < routes->len; i++)
        if (inet_prefix_contains(&g_array_index(routes, InetPrefix, i), address))
            return true;
    return false;
}

/* A gateway may name subnets, or the profile networks, that its DNS servers lie beside. */
static void
take_servers(NetworkPlan *plan, const NetworkOffer *offer)
{
    for (guint i = 0; offer->servers != NULL && i < offer->servers->len; i++) {
        const InetAddress *server = &g_array_index(offer->servers, InetAddress, i);
        bool selected = false;
        for (guint k = 0; k < plan->remote->len && !selected; k++)
            selected = inet_range_contains(&g_array_index(plan->remote, InetRange, k), server);
        if (!selected || !inet_address_is_unicast(server) || is_routed(plan->routes, server))
            continue;
        InetRange host = { *server, *server };
        add_routes(plan, &host);
    }
}

static bool
covers_everything(const GArray *routes, uint8_t family)
{
    /* 0.0.0.0/0, or its two halves, as some gateways send it. */
    unsigned halves = 0;
    for (guint i = 0; i < routes->len; i++) {
        const InetPrefix *route = &g_array_index(routes, InetPrefix, i);
        if (route->address.family != family || route->length > 1)
            continue;
        if (route->length == 0)
            return true;
        halves |= route->address.octets[0] == 0 ? 1 : 2;
    }
    return halves == 3;
}

void
network_plan_set_path_mtu(NetworkPlan *plan, uint32_t path_mtu)
{
    /* A jumbo link says nothing about the links behind it. */
    uint32_t path = path_mtu != 0 ? CLAMP(path_mtu, PATH_MTU_MIN, PATH_MTU) : PATH_MTU;
    uint32_t mtu = plan->profile_mtu != 0 ? plan->profile_mtu : path - plan->overhead;
    plan->mtu =
        MAX(mtu, has_family(plan->addresses, INET_V6) ? NETWORK_MTU_MIN : NETWORK_MTU_MIN_V4);
}

NetworkPlan *
network_plan_new(const NetworkOffer *offer, char **why)
{
    g_autoptr(NetworkPlan) plan = g_new0(NetworkPlan, 1);
    plan->addresses = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    plan->routes = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    plan->remote = g_array_new(FALSE, FALSE, sizeof(InetRange));
    plan->refused = refusals_new();
    take_addresses(plan, offer);
    if (plan->addresses->len == 0) {
        *why = g_strdup("The gateway gave no usable address.");
        return NULL;
    }
    take_networks(plan, offer);
    if (plan->routes->len == 0) {
        *why = g_strdup("The gateway gives none of the networks that are asked for.");
        return NULL;
    }
    take_servers(plan, offer);
    plan->full_v4 = covers_everything(plan->routes, INET_V4);
    plan->full_v6 = covers_everything(plan->routes, INET_V6);
    plan->profile_mtu = offer->mtu;
    plan->overhead = OUTER_OVERHEAD + (offer->combined_cipher ? COMBINED_OVERHEAD : MAC_OVERHEAD);
    network_plan_set_path_mtu(plan, offer->path_mtu);
    return g_steal_pointer(&plan);
}

void
network_plan_free(NetworkPlan *plan)
{
    if (plan == NULL)
        return;
    g_array_unref(plan->addresses);
    g_array_unref(plan->routes);
    g_array_unref(plan->remote);
    g_ptr_array_unref(plan->refused);
    g_free(plan);
}
