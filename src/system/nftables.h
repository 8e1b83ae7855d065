/*
 * Our table "inet ginnel": marked packets leave only to their connection's gateway; through a
 * tunnel's device comes only what its selectors allow; from elsewhere nothing comes to a tunnel's
 * address; where every name belongs inside, none is asked outside. Where the machine is locked,
 * nothing else comes or goes outside the tunnels.
 */
#pragma once
#include "base/inet.h"

#include <stdbool.h>

typedef struct {
    uint32_t mark;
    GArray *gateways;        /* InetAddress; NULL: none */
    GArray *ports;           /* uint16_t, UDP and TCP alike */
    const GArray *web;       /* InetEndpoint: servers that are being asked, over TCP; NULL: none */
    const GArray *proxies;   /* InetEndpoint: on the way to the gateway, over TCP; NULL: none */
    const char *interface;   /* NULL before there is a guard */
    const GArray *addresses; /* InetPrefix: ours inside */
    const GArray *remote;    /* InetRange */
    bool names_inside;       /* every name is asked inside: DNS leaves by no other device */
    /* A server of this machine's that is asked at port 53 of its address, where it may not listen;
     * family 0: none. */
    InetEndpoint stub;
} FirewallConnection;

/* The lockdown: besides the tunnels pass marked packets, loopback, DHCP and neighbour discovery. */
typedef struct {
    bool on;
    const GArray *name_servers; /* InetAddress: who may be asked by MARK_NAMES; NULL: none */
} FirewallLock;

/* Kept for as long as the table may change: to close what it speaks with to the kernel waits until
 * the kernel has freed what the last change replaced, 15 ms and more. */
typedef struct _Firewall Firewall;

Firewall *firewall_new(void);
void firewall_free(Firewall *firewall);
/* Replaces the table by what these connections need, in one transaction; none, and no lock: removes
 * it. */
bool firewall_set(Firewall *firewall, const FirewallConnection *connections, size_t n,
                  const FirewallLock *lock, GError **error);
/* The commands, for tests. */
char *firewall_commands(const FirewallConnection *connections, size_t n, const FirewallLock *lock);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Firewall, firewall_free)
