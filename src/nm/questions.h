/*
 * What ginneld asks a connection's person: answered from vpn.secrets where they have it, else asked
 * by NetworkManager's secret agents, where they can be. Implements Agent on the bus.
 */
#pragma once
#include "ginnel-bus.h"

#include <NetworkManager.h>

typedef struct _Questions Questions;

/* plugin and bus are borrowed; interactive: NetworkManager can ask. */
Questions *questions_new(NMVpnServicePlugin *plugin, GDBusConnection *bus, const char *path,
                         NMConnection *connection, gboolean interactive, GError **error);
void questions_free(Questions *questions);
/* Tells ginneld of us; again with each ginneld. */
void questions_register(Questions *questions, GinManager *manager);
/* The name of the tunnel that is asked for; what others are asked is not for us. */
void questions_set_name(Questions *questions, const char *name);
gboolean questions_has_name(const Questions *questions, const char *name);
void questions_set_tunnel(Questions *questions, GinTunnel *tunnel);
/* What NetworkManager's agents said. */
void questions_take_secrets(Questions *questions, NMConnection *connection);
