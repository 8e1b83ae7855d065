#include "config.h"

#include "system/netlink-private.h"

#include "system/error.h"
#include "system/marks.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/route.h>
#include <netlink/route/rule.h>
#include <sys/socket.h>

static bool
fail(GError **error, const char *what, int rc)
{
    g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED, "%s: %s", what, nl_geterror(rc));
    return false;
}

static int
family_of(const InetAddress *address)
{
    return address->family == INET_V4 ? AF_INET : AF_INET6;
}

static struct nl_addr *
to_nl(const InetAddress *address, uint8_t length)
{
    struct nl_addr *out =
        nl_addr_build(family_of(address), address->octets, inet_family_length(address->family));
    nl_addr_set_prefixlen(out, length);
    return out;
}

static bool
from_nl(struct nl_addr *in, InetPrefix *out)
{
    size_t length = nl_addr_get_len(in);
    int family = nl_addr_get_family(in);
    if (family != AF_INET && family != AF_INET6)
        return false;
    InetFamily own = family == AF_INET ? INET_V4 : INET_V6;
    *out = (InetPrefix){ .address = { .family = (uint8_t)own } };
    if (length == inet_family_length(own))
        out->address = inet_address_new(own, nl_addr_get_binary_addr(in));
    out->length = (uint8_t)nl_addr_get_prefixlen(in);
    return true;
}

static bool
contains(const GArray *list, const InetPrefix *prefix)
{
    for (guint i = 0; i < list->len; i++) {
        const InetPrefix *one = &g_array_index(list, InetPrefix, i);
        if (one->length == prefix->length && inet_address_equal(&one->address, &prefix->address))
            return true;
    }
    return false;
}

Netlink *
netlink_new(GError **error)
{
    g_autoptr(Netlink) netlink = g_new0(Netlink, 1);
    netlink->socket = nl_socket_alloc();
    int rc = nl_connect(netlink->socket, NETLINK_ROUTE);
    if (rc < 0) {
        fail(error, "netlink", rc);
        return NULL;
    }
    return g_steal_pointer(&netlink);
}

void
netlink_free(Netlink *netlink)
{
    if (netlink == NULL)
        return;
    nl_socket_free(netlink->socket);
    g_free(netlink);
}

/* With a link-local address the kernel would look for routers inside the tunnel, for ever, and wake
 * its process for that. */
static void
leave_out_link_local(Netlink *netlink, int ifindex)
{
    struct rtnl_link *before = rtnl_link_alloc(), *after = rtnl_link_alloc();
    rtnl_link_set_ifindex(before, ifindex);
    rtnl_link_inet6_set_addr_gen_mode(after, rtnl_link_inet6_str2addrgenmode("none"));
    (void)rtnl_link_change(netlink->socket, before, after, 0); /* IPv6 may be switched off */
    rtnl_link_put(before);
    rtnl_link_put(after);
}

bool
netlink_link_up(Netlink *netlink, int ifindex, uint32_t mtu, GError **error)
{
    struct rtnl_link *before = rtnl_link_alloc(), *after = rtnl_link_alloc();
    rtnl_link_set_ifindex(before, ifindex);
    rtnl_link_set_mtu(after, mtu);
    rtnl_link_set_flags(after, IFF_UP);
    leave_out_link_local(netlink, ifindex);
    int rc = rtnl_link_change(netlink->socket, before, after, 0);
    rtnl_link_put(before);
    rtnl_link_put(after);
    return rc >= 0 || fail(error, "bringing the tunnel device up", rc);
}

/* Where IPv6 is switched off, the machine does without it inside, too. */
static bool
takes_v6(int ifindex)
{
    char name[IF_NAMESIZE];
    g_autofree char *off = NULL;
    if (if_indextoname((unsigned)ifindex, name) == NULL)
        return true; /* the calls that follow tell */
    g_autofree char *path = g_strdup_printf("/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
    return g_file_get_contents(path, &off, NULL, NULL) && *off == '0';
}

static int
change_address(Netlink *netlink, int ifindex, const InetPrefix *prefix, bool add)
{
    struct rtnl_addr *address = rtnl_addr_alloc();
    struct nl_addr *local = to_nl(&prefix->address, prefix->length);
    rtnl_addr_set_ifindex(address, ifindex);
    rtnl_addr_set_local(address, local);
    if (prefix->address.family == INET_V6)
        rtnl_addr_set_flags(address, IFA_F_NODAD); /* point to point: nobody to ask */
    int rc = add ? rtnl_addr_add(netlink->socket, address, NLM_F_REPLACE)
                 : rtnl_addr_delete(netlink->socket, address, 0);
    nl_addr_put(local);
    rtnl_addr_put(address);
    return rc;
}

static void
remove_other_addresses(Netlink *netlink, int ifindex, const GArray *keep)
{
    struct nl_cache *cache = NULL;
    if (rtnl_addr_alloc_cache(netlink->socket, &cache) < 0)
        return;
    for (struct nl_object *o = nl_cache_get_first(cache); o != NULL; o = nl_cache_get_next(o)) {
        struct rtnl_addr *address = (struct rtnl_addr *)o;
        InetPrefix prefix;
        if (rtnl_addr_get_ifindex(address) != ifindex ||
            rtnl_addr_get_scope(address) == RT_SCOPE_LINK ||
            !from_nl(rtnl_addr_get_local(address), &prefix) || contains(keep, &prefix))
            continue;
        change_address(netlink, ifindex, &prefix, false);
    }
    nl_cache_free(cache);
}

bool
netlink_set_addresses(Netlink *netlink, int ifindex, const GArray *addresses, GError **error)
{
    bool v6 = takes_v6(ifindex);
    for (guint i = 0; i < addresses->len; i++) {
        const InetPrefix *prefix = &g_array_index(addresses, InetPrefix, i);
        if (prefix->address.family == INET_V6 && !v6)
            continue;
        int rc = change_address(netlink, ifindex, prefix, true);
        if (rc < 0 && rc != -NLE_EXIST) {
            g_autofree char *text = inet_prefix_to_string(prefix);
            g_autofree char *what = g_strdup_printf("setting the address %s", text);
            return fail(error, what, rc);
        }
    }
    remove_other_addresses(netlink, ifindex, addresses);
    return true;
}

static const InetAddress *
source_for(const GArray *sources, uint8_t family)
{
    for (guint i = 0; i < sources->len; i++) {
        const InetPrefix *prefix = &g_array_index(sources, InetPrefix, i);
        if (prefix->address.family == family)
            return &prefix->address;
    }
    return NULL;
}

static int
add_route(Netlink *netlink, int ifindex, const InetPrefix *prefix, const InetAddress *source)
{
    struct rtnl_route *route = rtnl_route_alloc();
    struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
    struct nl_addr *destination = to_nl(&prefix->address, prefix->length);
    rtnl_route_set_family(route, (uint8_t)family_of(&prefix->address));
    rtnl_route_set_table(route, ROUTE_TABLE);
    rtnl_route_set_protocol(route, ROUTE_PROTOCOL);
    rtnl_route_set_scope(route, RT_SCOPE_LINK);
    rtnl_route_set_dst(route, destination);
    if (source != NULL) {
        struct nl_addr *preferred =
            to_nl(source, (uint8_t)(8 * inet_family_length(source->family)));
        rtnl_route_set_pref_src(route, preferred);
        nl_addr_put(preferred);
    }
    rtnl_route_nh_set_ifindex(hop, ifindex);
    rtnl_route_add_nexthop(route, hop);
    int rc = rtnl_route_add(netlink->socket, route, NLM_F_CREATE | NLM_F_REPLACE);
    nl_addr_put(destination);
    rtnl_route_put(route);
    return rc;
}

/* ifindex 0: over any link. keep NULL: none. */
static void
remove_routes(Netlink *netlink, int ifindex, const GArray *keep)
{
    struct nl_cache *cache = NULL;
    if (rtnl_route_alloc_cache(netlink->socket, AF_UNSPEC, 0, &cache) < 0)
        return;
    for (struct nl_object *o = nl_cache_get_first(cache); o != NULL; o = nl_cache_get_next(o)) {
        struct rtnl_route *route = (struct rtnl_route *)o;
        struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
        InetPrefix prefix;
        if (rtnl_route_get_table(route) != ROUTE_TABLE || hop == NULL ||
            (ifindex != 0 && rtnl_route_nh_get_ifindex(hop) != ifindex))
            continue;
        if (keep != NULL && from_nl(rtnl_route_get_dst(route), &prefix) && contains(keep, &prefix))
            continue;
        rtnl_route_delete(netlink->socket, route, 0);
    }
    nl_cache_free(cache);
}

bool
netlink_set_routes(Netlink *netlink, int ifindex, const GArray *routes, const GArray *sources,
                   GError **error)
{
    bool v6 = takes_v6(ifindex);
    for (guint i = 0; i < routes->len; i++) {
        const InetPrefix *prefix = &g_array_index(routes, InetPrefix, i);
        if (prefix->address.family == INET_V6 && !v6)
            continue;
        int rc = add_route(netlink, ifindex, prefix, source_for(sources, prefix->address.family));
        if (rc < 0 && rc != -NLE_EXIST) {
            g_autofree char *text = inet_prefix_to_string(prefix);
            g_autofree char *what = g_strdup_printf("setting the route to %s", text);
            return fail(error, what, rc);
        }
    }
    remove_routes(netlink, ifindex, routes);
    return true;
}

void
netlink_flush_routes(Netlink *netlink)
{
    remove_routes(netlink, 0, NULL);
}

typedef struct {
    uint32_t priority, mark, table;
    uint8_t action;
} RuleSpec;

static const RuleSpec rule_specs[] = {
    { RULE_OUTER, MARK_VALUE, RT_TABLE_MAIN, FR_ACT_TO_TBL },
    { RULE_OUTER_NEVER, MARK_VALUE, 0, FR_ACT_UNREACHABLE },
    { RULE_INNER, 0, ROUTE_TABLE, FR_ACT_TO_TBL },
};

static int
change_rule(Netlink *netlink, const RuleSpec *spec, int family, bool add)
{
    struct rtnl_rule *rule = rtnl_rule_alloc();
    rtnl_rule_set_family(rule, family);
    rtnl_rule_set_prio(rule, spec->priority);
    rtnl_rule_set_action(rule, spec->action);
    if (spec->mark != 0) {
        rtnl_rule_set_mark(rule, spec->mark);
        rtnl_rule_set_mask(rule, MARK_MASK);
    }
    if (spec->table != 0)
        rtnl_rule_set_table(rule, spec->table);
    int rc = add ? rtnl_rule_add(netlink->socket, rule, NLM_F_CREATE | NLM_F_EXCL)
                 : rtnl_rule_delete(netlink->socket, rule, 0);
    rtnl_rule_put(rule);
    return rc;
}

bool
netlink_add_rules(Netlink *netlink, GError **error)
{
    static const int families[] = { AF_INET, AF_INET6 };
    for (size_t f = 0; f < G_N_ELEMENTS(families); f++) {
        for (size_t i = 0; i < G_N_ELEMENTS(rule_specs); i++) {
            int rc = change_rule(netlink, &rule_specs[i], families[f], true);
            /* A machine without IPv6 does without its rules. */
            if (rc < 0 && rc != -NLE_EXIST && families[f] == AF_INET)
                return fail(error, "setting the routing rules", rc);
        }
    }
    return true;
}

void
netlink_remove_rules(Netlink *netlink)
{
    static const int families[] = { AF_INET, AF_INET6 };
    for (size_t f = 0; f < G_N_ELEMENTS(families); f++)
        for (size_t i = 0; i < G_N_ELEMENTS(rule_specs); i++)
            while (change_rule(netlink, &rule_specs[i], families[f], false) >= 0)
                ;
}
