/*
 * What the kernel's tables say about the networks that this machine is in: read, not changed.
 */
#include "config.h"

#include "system/netlink-private.h"

#include "system/tun-device.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_TEXT 64 /* of an address */

static bool
is_default_route(struct rtnl_route *route)
{
    return rtnl_route_get_table(route) == RT_TABLE_MAIN && rtnl_route_nexthop_n(route, 0) != NULL &&
           rtnl_route_get_type(route) == RTN_UNICAST &&
           nl_addr_get_prefixlen(rtnl_route_get_dst(route)) == 0;
}

/* Holds a reference. */
static struct rtnl_route *
best_default_route(Netlink *netlink)
{
    struct nl_cache *cache = NULL;
    struct rtnl_route *best = NULL;
    if (rtnl_route_alloc_cache(netlink->socket, AF_UNSPEC, 0, &cache) < 0)
        return NULL;
    for (struct nl_object *o = nl_cache_get_first(cache); o != NULL; o = nl_cache_get_next(o)) {
        struct rtnl_route *route = (struct rtnl_route *)o;
        if (is_default_route(route) &&
            (best == NULL || rtnl_route_get_priority(route) < rtnl_route_get_priority(best)))
            best = route;
    }
    if (best != NULL)
        nl_object_get((struct nl_object *)best);
    nl_cache_free(cache);
    return best;
}

int
netlink_default_interface(Netlink *netlink)
{
    struct rtnl_route *route = best_default_route(netlink);
    if (route == NULL)
        return 0;
    int ifindex = rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(route, 0));
    rtnl_route_put(route);
    return ifindex;
}

typedef struct {
    int interface; /* 0: no route */
    bool router;
} Way;

static int
read_way(struct nl_msg *message, void *data)
{
    Way *way = data;
    struct nlmsghdr *header = nlmsg_hdr(message);
    struct nlattr *interface = nlmsg_find_attr(header, sizeof(struct rtmsg), RTA_OIF);
    if (interface != NULL)
        way->interface = (int)nla_get_u32(interface);
    way->router = nlmsg_find_attr(header, sizeof(struct rtmsg), RTA_GATEWAY) != NULL ||
                  nlmsg_find_attr(header, sizeof(struct rtmsg), RTA_VIA) != NULL;
    return NL_OK;
}

/* One answer, then the acknowledgement; an error instead of both. */
static Way
receive_way(Netlink *netlink)
{
    Way way = { 0 };
    struct nl_cb *callbacks = nl_cb_alloc(NL_CB_DEFAULT);
    nl_cb_set(callbacks, NL_CB_VALID, NL_CB_CUSTOM, read_way, &way);
    if (nl_recvmsgs(netlink->socket, callbacks) >= 0)
        nl_wait_for_ack(netlink->socket);
    nl_cb_put(callbacks);
    return way;
}

static Way
find_way(Netlink *netlink, const InetAddress *to, uint32_t mark)
{
    size_t length = inet_family_length(to->family);
    struct rtmsg header = { .rtm_family = to->family == INET_V4 ? AF_INET : AF_INET6,
                            .rtm_dst_len = (unsigned char)(8 * length) };
    struct nl_msg *message = nlmsg_alloc_simple(RTM_GETROUTE, 0);
    bool built = nlmsg_append(message, &header, sizeof header, NLMSG_ALIGNTO) >= 0 &&
                 nla_put(message, RTA_DST, (int)length, to->octets) >= 0 &&
                 nla_put_u32(message, RTA_MARK, mark) >= 0;
    int sent = built ? nl_send_auto(netlink->socket, message) : -1;
    nlmsg_free(message);
    return sent >= 0 ? receive_way(netlink) : (Way){ 0 };
}

int
netlink_route_interface(Netlink *netlink, const InetAddress *to, uint32_t mark)
{
    return find_way(netlink, to, mark).interface;
}

/* On a point-to-point link whoever is at its other end passes packets on. */
static bool
has_neighbours(Netlink *netlink, int ifindex)
{
    struct rtnl_link *link = NULL;
    if (rtnl_link_get_kernel(netlink->socket, ifindex, NULL, &link) < 0)
        return false;
    unsigned flags = rtnl_link_get_flags(link);
    rtnl_link_put(link);
    return (flags & IFF_BROADCAST) != 0 && (flags & (IFF_NOARP | IFF_POINTOPOINT)) == 0;
}

bool
netlink_is_on_link(Netlink *netlink, const InetAddress *to, uint32_t mark)
{
    Way way = find_way(netlink, to, mark);
    return way.interface != 0 && !way.router && has_neighbours(netlink, way.interface);
}

/* ---- the network's identity ---- */

static char *
link_address(Netlink *netlink, int ifindex, struct nl_addr *gateway)
{
    struct nl_cache *cache = NULL;
    char text[MAX_TEXT], *out = NULL;
    if (rtnl_neigh_alloc_cache(netlink->socket, &cache) < 0)
        return NULL;
    struct rtnl_neigh *neighbour = rtnl_neigh_get(cache, ifindex, gateway);
    struct nl_addr *address = neighbour != NULL ? rtnl_neigh_get_lladdr(neighbour) : NULL;
    if (address != NULL)
        out = g_strdup(nl_addr2str(address, text, sizeof text));
    if (neighbour != NULL)
        rtnl_neigh_put(neighbour);
    nl_cache_free(cache);
    return out;
}

char *
netlink_network_identity(Netlink *netlink)
{
    struct rtnl_route *route = best_default_route(netlink);
    char *out = NULL;
    if (route == NULL)
        return NULL;
    struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
    struct nl_addr *gateway = rtnl_route_nh_get_gateway(hop);
    if (gateway != NULL) {
        char text[MAX_TEXT];
        g_autofree char *link = link_address(netlink, rtnl_route_nh_get_ifindex(hop), gateway);
        if (link != NULL)
            out = g_strdup_printf("%s %s", nl_addr2str(gateway, text, sizeof text), link);
    }
    rtnl_route_put(route);
    return out;
}

/* ---- the fingerprint ---- */

static bool
is_ours(int ifindex)
{
    char name[IF_NAMESIZE] = "";
    return if_indextoname((unsigned)ifindex, name) != NULL &&
           g_str_has_prefix(name, TUN_DEVICE_PREFIX);
}

static void
add_addresses(Netlink *netlink, GPtrArray *lines)
{
    struct nl_cache *cache = NULL;
    if (rtnl_addr_alloc_cache(netlink->socket, &cache) < 0)
        return;
    for (struct nl_object *o = nl_cache_get_first(cache); o != NULL; o = nl_cache_get_next(o)) {
        struct rtnl_addr *address = (struct rtnl_addr *)o;
        char text[MAX_TEXT];
        int ifindex = rtnl_addr_get_ifindex(address);
        if (rtnl_addr_get_scope(address) != RT_SCOPE_UNIVERSE || is_ours(ifindex))
            continue;
        g_ptr_array_add(
            lines, g_strdup_printf("address %d %s", ifindex,
                                   nl_addr2str(rtnl_addr_get_local(address), text, sizeof text)));
    }
    nl_cache_free(cache);
}

static void
add_default_routes(Netlink *netlink, GPtrArray *lines)
{
    struct nl_cache *cache = NULL;
    if (rtnl_route_alloc_cache(netlink->socket, AF_UNSPEC, 0, &cache) < 0)
        return;
    for (struct nl_object *o = nl_cache_get_first(cache); o != NULL; o = nl_cache_get_next(o)) {
        struct rtnl_route *route = (struct rtnl_route *)o;
        char text[MAX_TEXT];
        if (!is_default_route(route))
            continue;
        struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
        struct nl_addr *gateway = rtnl_route_nh_get_gateway(hop);
        if (is_ours(rtnl_route_nh_get_ifindex(hop)))
            continue;
        g_ptr_array_add(
            lines, g_strdup_printf("route %d %d %u %s", rtnl_route_get_family(route),
                                   rtnl_route_nh_get_ifindex(hop), rtnl_route_get_priority(route),
                                   gateway != NULL ? nl_addr2str(gateway, text, sizeof text) : ""));
    }
    nl_cache_free(cache);
}

static gint
compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *
netlink_fingerprint(Netlink *netlink)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    add_addresses(netlink, lines);
    add_default_routes(netlink, lines);
    g_ptr_array_sort(lines, compare_lines);
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("\n", (char **)lines->pdata);
}
