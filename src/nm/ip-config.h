/*
 * From the properties of a tunnel to what NetworkManager sets on its link. Pure.
 */
#pragma once
#include "ginnel-bus.h"

typedef struct {
    GVariant *config, *v4, *v6; /* a{sv}; v4 or v6 NULL: no address of that family */
} IpConfig;

/* False where the tunnel has no interface or no address yet. */
gboolean ip_config_from_tunnel(GinTunnel *tunnel, IpConfig *out);
void ip_config_clear(IpConfig *config);
gboolean ip_config_equal(const IpConfig *a, const IpConfig *b);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IpConfig, ip_config_clear)
