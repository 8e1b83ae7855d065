/*
 * A wanted tunnel: its profile and secrets, its TUN device, its tunnel process, its settings in the
 * system and its object on the bus. What the process says is checked before it is applied.
 */
#pragma once
#include "daemon/machine.h"

#include "ginnel-bus.h"
#include "profile/profile-files.h"
#include "profile/profile.h"

/* Called once a connection has nothing left in the system: it failed (its object stays to be looked
 * at) or was closed. */
typedef void (*ConnectionEnded)(Connection *connection, gpointer user_data);

/* profile is referenced. owner: bus name that it lives and dies with, or NULL. */
Connection *connection_new(Machine *machine, uint32_t id, Profile *profile, const char *owner,
                           ConnectionEnded ended, gpointer user_data);
void connection_free(Connection *connection);
/* Who activated it; else root. Is asked for secrets. */
void connection_set_user(Connection *connection, uid_t user);
/* Before it is started or adopted. caller_configures: addresses, routes, DNS servers and domains
 * are set by who activated it, but for full tunnel (see connection-apply.c). files is taken, may be
 * NULL.
 */
void connection_set_options(Connection *connection, bool caller_configures, ProfileFiles *files);
/* Loads the secrets, makes the TUN device, starts a tunnel process. */
bool connection_start(Connection *connection, GError **error);
/* Before connection_adopt: what was known of it. mtu not 0: it has been up. */
void connection_restore(Connection *connection, char *const *gateways, uint32_t mtu,
                        int64_t activated_at, int64_t connected_at);
/* Takes up what an earlier ginneld left: descriptors from systemd's store (control -1: its process
 * is gone). Both are taken. */
bool connection_adopt(Connection *connection, int tun, int control, GError **error);
/* After connection_start or _adopt said no: takes back what was done, then says ended. */
void connection_give_up(Connection *connection, const char *detail);
/* Ends it; ended is called when nothing is left. */
void connection_close(Connection *connection);
/* A new session beside the one that works, which then takes its place. */
void connection_replace(Connection *connection);
/* The machine's addresses or routes are others, or it slept: outer sockets may be stale. */
void connection_network_changed(Connection *connection);

uint32_t connection_id(const Connection *connection);
const char *connection_name(const Connection *connection); /* the profile's */
int connection_ifindex(const Connection *connection);
const char *connection_interface(const Connection *connection);
const char *connection_owner(const Connection *connection);
GinTunnel *connection_tunnel(Connection *connection); /* borrowed */
bool connection_is_over(const Connection *connection);
/* The lockdown is lifted, or no longer: what is pinned to this tunnel while it is down, where that
 * is everything, goes outside meanwhile, or nobody could sign in anywhere. */
void connection_lifted(Connection *connection, bool lifted);
/* What it needs of the packet filter; borrowed content. */
FirewallConnection connection_firewall(const Connection *connection);
/* The domains that it has in the resolver, appended (borrowed char *). */
void connection_held_domains(const Connection *connection, GPtrArray *domains);
/* Answers the call when the tunnel process has told. */
void connection_answer_statistics(Connection *connection, GDBusMethodInvocation *invocation);
