/*
 * What the connections of one ginneld share: the bus, the kernel's tables, the resolver. Rules,
 * packet filter and the reverse-path setting are there while at least one connection is.
 */
#pragma once
#include "daemon/agent.h"
#include "daemon/networks.h"
#include "daemon/spare.h"
#include "system/netlink.h"
#include "system/nftables.h"
#include "system/resolver.h"

#define RUNTIME_FOLDER    "/run/ginnel"
#define TUNNEL_SOCKET     RUNTIME_FOLDER "-tunnel.socket"
#define TUNNEL_UNIT       "ginnel-tunnel.socket"
#define TOKEN_SOCKET      RUNTIME_FOLDER "-token.socket"
#define STUB_SOCKET       RUNTIME_FOLDER "-stub.socket"
#define RESOLVCONF_SOCKET RUNTIME_FOLDER "-resolvconf.socket"

typedef struct _Connection Connection;

typedef struct {
    GDBusConnection *bus;
    Netlink *netlink;
    Firewall *firewall;
    Resolver *resolver;
    Agents *agents;
    Networks *networks;
    Spare *spare;         /* of the tunnel processes */
    GPtrArray *locked;    /* char *: profiles that keep the machine locked */
    GArray *name_servers; /* InetAddress: who is asked for gateways' names meanwhile */
    guint lifted;         /* timeout, while the lock is lifted; 0: it is not */
    int64_t lifted_until; /* Unix microseconds; 0: it is not */
    void (*lock_changed)(gpointer user_data);
    gpointer lock_data;
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
/* From now on nothing leaves but by tunnels, until the profile's tunnel is ended for good; whoever
 * else wants that keeps it so. */
bool machine_lock(Machine *machine, const char *profile, GError **error);
void machine_unlock(Machine *machine, const char *profile);
/* Lifts the lock for so long; 0: for good. */
bool machine_lift(Machine *machine, unsigned minutes, GError **error);
/* Before there is a bus: sets the lock where profiles say so. 0, or an exit status. */
int machine_lock_at_boot(void);
/* Addresses of a name of a gateway's, or of what belongs to it; gateway_name_resolve_finish. */
void machine_resolve_async(Machine *machine, const char *name, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data);
bool machine_update_firewall(Machine *machine, GError **error);
/* Removes what no connection of ours owns: rules, routes, packet filter, anchor files other than
 * for the interfaces in keep. */
void machine_clean(GDBusConnection *bus, const char *const *keep);
