/*
 * What the connections of one ginneld share: the bus, the kernel's tables, the resolver. Rules,
 * packet filter and the reverse-path setting are there while at least one connection is.
 */
#pragma once
#include "daemon/agent.h"
#include "daemon/networks.h"
#include "system/netlink.h"
#include "system/nftables.h"
#include "system/resolver.h"

#define RUNTIME_FOLDER "/run/ginnel"
#define TUNNEL_SOCKET  RUNTIME_FOLDER "-tunnel.socket"
#define TOKEN_SOCKET   RUNTIME_FOLDER "-token.socket"
#define STUB_SOCKET    RUNTIME_FOLDER "-stub.socket"

typedef struct _Connection Connection;

typedef struct {
    GDBusConnection *bus;
    Netlink *netlink;
    Resolver *resolver;
    Agents *agents;
    Networks *networks;
    GPtrArray *connections; /* Connection, borrowed: those that have a TUN device */
    bool debug_keys;        /* GINNEL_DEBUG_KEYS=1: for decoding captures */
    const char *misbehave;  /* GINNEL_TEST_MISBEHAVE, see src/tunnel/sandbox.h */
    bool offloads;          /* of TUN devices; not with GINNEL_OFFLOADS=0 */
} Machine;

Machine *machine_new(GDBusConnection *bus, GError **error);
void machine_free(Machine *machine);
/* Adds or removes and sets rules and packet filter accordingly. */
bool machine_add(Machine *machine, Connection *connection, GError **error);
void machine_remove(Machine *machine, Connection *connection);
bool machine_update_firewall(Machine *machine, GError **error);
/* Removes what no connection of ours owns: rules, routes, packet filter, anchor files other than
 * for the interfaces in keep. */
void machine_clean(GDBusConnection *bus, const char *const *keep);
