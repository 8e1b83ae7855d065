/*
 * From what the gateway gave to addresses, routes and MTU of the TUN device. Pure; what the gateway
 * says is checked here, because ginneld acts on it with privileges.
 */
#pragma once
#include "base/inet.h"
#include "plan/refusal.h"

#include <stdbool.h>

#define NETWORK_MAX_ADDRESSES 16
#define NETWORK_MAX_ROUTES    4096
#define NETWORK_MTU_MIN       1280 /* IPv6 inside (RFC 8200, section 5) */

typedef struct {
    const GArray *addresses; /* InetPrefix: ours inside, host bits set */
    const GArray *remote;    /* InetRange: remote traffic selectors */
    const GArray *subnets;   /* InetPrefix: INTERNAL_IP4_SUBNET, INTERNAL_IP6_SUBNET */
    const GArray *include;   /* InetPrefix: the profile's; empty: whatever is given */
    /* InetAddress: DNS servers inside, reached even where the networks are narrowed; or NULL. */
    const GArray *servers;
    uint32_t mtu;         /* the profile's; 0: from the path */
    uint32_t path_mtu;    /* outside, towards the gateway; 0: not known */
    bool combined_cipher; /* ESP in a combined mode: less overhead */
} NetworkOffer;

typedef struct {
    GArray *addresses;     /* InetPrefix, as host prefixes with the address */
    GArray *routes;        /* InetPrefix */
    GArray *remote;        /* InetRange: what may arrive through the tunnel */
    bool full_v4, full_v6; /* the routes cover everything of the family */
    uint32_t mtu;
    uint32_t profile_mtu, overhead; /* what mtu was chosen from, besides the path */
    GPtrArray *refused;             /* Refusal */
} NetworkPlan;

/* NULL where nothing usable is left, with the reason as a sentence in *why (g_free). */
NetworkPlan *network_plan_new(const NetworkOffer *offer, char **why);
/* Sets mtu by what the path turned out to take: octets of an outer packet. */
void network_plan_set_path_mtu(NetworkPlan *plan, uint32_t path_mtu);
void network_plan_free(NetworkPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NetworkPlan, network_plan_free)
