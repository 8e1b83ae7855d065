/*
 * A VPN connection of NetworkManager's as a tunnel of ginneld's: nm-ginnel-service has one of
 * these. NetworkManager owns addresses, routes, DNS servers and domains; ginneld the device, the
 * session and what validates names.
 */
#pragma once
#include <NetworkManager.h>

#define GINNEL_TYPE_SERVICE (ginnel_service_get_type())
G_DECLARE_FINAL_TYPE(GinnelService, ginnel_service, GINNEL, SERVICE, NMVpnServicePlugin)

/* bus_name: one for each connection, as NetworkManager says. Blocks while it takes the name. */
GinnelService *ginnel_service_new(const char *bus_name, GError **error);
/* The last connection failed: its tunnel can be looked at for as long as we have our bus name. */
gboolean ginnel_service_has_failed(GinnelService *service);
