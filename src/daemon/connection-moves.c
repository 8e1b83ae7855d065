/*
 * A tunnel that goes by another path to its gateway: what the tunnel process says of it, and what
 * it is told of this machine's networks. Addresses, routes and names inside stay as they are.
 */
#include "config.h"

#include "daemon/connection-private.h"

#include "base/error.h"

#include <string.h>

#define LOOK_MAX_US ((gint64)24 * 3600 * G_USEC_PER_SEC)

void
connection_network_changed(Connection *connection)
{
    if (connection->channel == NULL || connection->closing)
        return;
    bool blocked = networks_udp_is_blocked(connection->machine->networks,
                                           connection->profile->gateway_addresses[0]);
    connection_send(connection, RECORD_NETWORK, g_variant_new("(b)", blocked));
}

void
connection_handle_moved(Connection *connection, GVariant *body)
{
    g_autoptr(GVariant) way = NULL;
    gboolean nat;
    const char *why;
    g_variant_get(body, "(@(yayq)b&s)", &way, &nat, &why);
    g_autofree char *quoted = error_quote(why, strlen(why), 40);
    connection_tell_transport(connection->tunnel, way, quoted);
    gin_tunnel_set_behind_nat(connection->tunnel, nat);
    g_message("%s: goes by %s at %s now: %s", connection_name(connection),
              gin_tunnel_get_transport(connection->tunnel),
              gin_tunnel_get_gateway_address(connection->tunnel), quoted);
}

void
connection_handle_looking(Connection *connection, GVariant *body)
{
    gint64 wait;
    g_variant_get(body, "(x)", &wait);
    bool never = wait < 0 || wait > LOOK_MAX_US;
    gin_tunnel_set_udp_look_at(connection->tunnel, never ? 0 : g_get_real_time() + wait);
}

static void
set_path_mtu(Connection *connection, uint32_t path_mtu)
{
    NetworkPlan *network = connection->network;
    g_autoptr(GError) error = NULL;
    uint32_t before = network->mtu;
    network_plan_set_path_mtu(network, path_mtu);
    if (network->mtu == before)
        return;
    if (!netlink_link_up(connection->machine->netlink, connection->tun.ifindex, network->mtu,
                         &error)) {
        g_warning("%s: %s", connection_name(connection), error->message);
        return;
    }
    g_message("%s: the path takes packets of %u octets, so that %u are left inside",
              connection_name(connection), path_mtu, network->mtu);
    connection->mtu = network->mtu;
    connection_save(connection);
    gin_tunnel_set_mtu(connection->tunnel, network->mtu);
    connection_send(connection, RECORD_MTU, g_variant_new("(u)", network->mtu));
}

void
connection_handle_learnt(Connection *connection, GVariant *body)
{
    gboolean blocked;
    guint32 path_mtu;
    g_variant_get(body, "(bu)", &blocked, &path_mtu);
    networks_learn(connection->machine->networks, connection->profile->gateway_addresses[0],
                   blocked, path_mtu);
    if (path_mtu != 0 && connection->network != NULL && !connection->applying &&
        !connection->tearing_down)
        set_path_mtu(connection, path_mtu);
}
