/*
 * Addresses, routes and rules. Every object of ours carries our protocol, table or priority, so
 * that what no connection owns can be found and removed.
 */
#pragma once
#include "base/inet.h"

#include <stdbool.h>

typedef struct _Netlink Netlink;

Netlink *netlink_new(GError **error);
void netlink_free(Netlink *netlink);
/* Sets MTU and brings the link up; the kernel gives it no link-local address. */
bool netlink_link_up(Netlink *netlink, int ifindex, uint32_t mtu, GError **error);
/* Makes the link have exactly these addresses (InetPrefix) of global scope. IPv6 ones, here and
 * below, are left out where the machine has IPv6 switched off. */
bool netlink_set_addresses(Netlink *netlink, int ifindex, const GArray *addresses, GError **error);
/* Makes our table have exactly these routes (InetPrefix) over the link, others' untouched. sources:
 * addresses whose first of a family is preferred as source. */
bool netlink_set_routes(Netlink *netlink, int ifindex, const GArray *routes, const GArray *sources,
                        GError **error);
/* The three rules for both families, once. */
bool netlink_add_rules(Netlink *netlink, GError **error);
void netlink_remove_rules(Netlink *netlink);
/* Removes routes of our table. */
void netlink_flush_routes(Netlink *netlink);

/* ---- netlink-look.c ---- */
/* Interface of the default route of table main with the best metric; 0 for none. */
int netlink_default_interface(Netlink *netlink);
/* Interface over which a packet with this mark leaves for the address; 0 for none. */
int netlink_route_interface(Netlink *netlink, const InetAddress *to, uint32_t mark);
/* Such a packet reaches the address without a router: it is a neighbour of ours. */
bool netlink_is_on_link(Netlink *netlink, const InetAddress *to, uint32_t mark);
/* Addresses of global scope and default routes of this machine, other than ours: for comparing.
 * Free with g_free. */
char *netlink_fingerprint(Netlink *netlink);
/* What tells this network from others: the default route's gateway with its link address. NULL
 * where they are not known. Free with g_free. */
char *netlink_network_identity(Netlink *netlink);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Netlink, netlink_free)
