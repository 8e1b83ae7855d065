#include "config.h"

#include "nm/ip-config.h"

#include "base/inet.h"

#include <NetworkManager.h>
#include <string.h>

/* As NetworkManager has it: the octets of the address as a number of this machine. */
static GVariant *
v4_value(const InetAddress *address)
{
    guint32 number;
    memcpy(&number, address->octets, sizeof number);
    return g_variant_new_uint32(number);
}

static GVariant *
v6_value(const InetAddress *address)
{
    return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, address->octets, 16, 1);
}

static GVariant *
address_value(const InetAddress *address)
{
    return address->family == INET_V4 ? v4_value(address) : v6_value(address);
}

/* The first of the family: a plugin can pass one. */
static bool
find_address(const char *const *list, InetFamily family, InetAddress *out)
{
    for (; list != NULL && *list != NULL; list++)
        if (inet_address_parse(*list, out) && out->family == family)
            return true;
    return false;
}

static GVariant *
routes_value(const char *const *networks, InetFamily family)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE(family == INET_V4 ? "aau" : "a(ayuayu)"));
    for (; networks != NULL && *networks != NULL; networks++) {
        InetPrefix prefix;
        InetAddress none = { .family = (uint8_t)family };
        if (!inet_prefix_parse(*networks, &prefix, NULL) || prefix.address.family != family)
            continue;
        if (family == INET_V4) {
            g_variant_builder_open(&list, G_VARIANT_TYPE("au"));
            g_variant_builder_add_value(&list, v4_value(&prefix.address));
            g_variant_builder_add(&list, "u", (guint32)prefix.length);
            g_variant_builder_add(&list, "u", 0);
            g_variant_builder_add(&list, "u", 0);
            g_variant_builder_close(&list);
        } else {
            g_variant_builder_add(&list, "(@ayu@ayu)", v6_value(&prefix.address),
                                  (guint32)prefix.length, v6_value(&none), 0);
        }
    }
    return g_variant_builder_end(&list);
}

/* Everything of the family goes through the tunnel: the service keeps that route itself. */
static bool
is_everything(const char *const *networks, InetFamily family)
{
    guint halves = 0;
    for (; networks != NULL && *networks != NULL; networks++) {
        InetPrefix prefix;
        if (!inet_prefix_parse(*networks, &prefix, NULL) || prefix.address.family != family)
            continue;
        if (prefix.length == 0)
            return true;
        if (prefix.length == 1)
            halves |= prefix.address.octets[0] == 0 ? 1 : 2;
    }
    return halves == 3;
}

static GVariant *
servers_value(const char *const *servers, InetFamily family)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE(family == INET_V4 ? "au" : "aay"));
    for (; servers != NULL && *servers != NULL; servers++) {
        InetAddress address;
        if (inet_address_parse(*servers, &address) && address.family == family)
            g_variant_builder_add_value(&list, address_value(&address));
    }
    return g_variant_builder_end(&list);
}

/* "~name": asked inside, and not tried for short names. */
static GVariant *
domains_value(GinTunnel *tunnel)
{
    GVariantBuilder list;
    GVariant *domains = gin_tunnel_get_domains(tunnel);
    g_variant_builder_init(&list, G_VARIANT_TYPE_STRING_ARRAY);
    for (gsize i = 0; domains != NULL && i < g_variant_n_children(domains); i++) {
        g_autoptr(GVariant) domain = g_variant_get_child_value(domains, i);
        const char *name;
        gboolean search = FALSE;
        if (!g_variant_lookup(domain, "name", "&s", &name))
            continue;
        g_variant_lookup(domain, "search", "b", &search);
        g_autofree char *text = g_strconcat(search ? "" : "~", name, NULL);
        g_variant_builder_add(&list, "s", text);
    }
    if (gin_tunnel_get_all_names(tunnel))
        g_variant_builder_add(&list, "s", "~.");
    return g_variant_builder_end(&list);
}

static GVariant *
family_config(GinTunnel *tunnel, const InetAddress *address)
{
    bool v4 = address->family == INET_V4;
    const char *const *networks = gin_tunnel_get_networks(tunnel);
    const char *const *servers = gin_tunnel_get_link_servers(tunnel);
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
    g_variant_dict_insert_value(&dict, NM_VPN_PLUGIN_IP4_CONFIG_ADDRESS, address_value(address));
    g_variant_dict_insert(&dict, NM_VPN_PLUGIN_IP4_CONFIG_PREFIX, "u", v4 ? 32 : 128);
    g_variant_dict_insert(&dict, NM_VPN_PLUGIN_IP4_CONFIG_NEVER_DEFAULT, "b", TRUE);
    if (!is_everything(networks, address->family))
        g_variant_dict_insert_value(&dict, NM_VPN_PLUGIN_IP4_CONFIG_ROUTES,
                                    routes_value(networks, address->family));
    if (servers != NULL && *servers != NULL) {
        g_variant_dict_insert_value(&dict, NM_VPN_PLUGIN_IP4_CONFIG_DNS,
                                    servers_value(servers, address->family));
        g_variant_dict_insert_value(&dict, NM_VPN_PLUGIN_IP4_CONFIG_DOMAINS, domains_value(tunnel));
    }
    return g_variant_ref_sink(g_variant_dict_end(&dict));
}

static GVariant *
link_config(GinTunnel *tunnel, bool v4, bool v6)
{
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
    InetAddress gateway;
    const char *address = gin_tunnel_get_gateway_address(tunnel);
    g_variant_dict_insert(&dict, NM_VPN_PLUGIN_CONFIG_TUNDEV, "s",
                          gin_tunnel_get_interface(tunnel));
    g_variant_dict_insert(&dict, NM_VPN_PLUGIN_CONFIG_HAS_IP4, "b", v4);
    g_variant_dict_insert(&dict, NM_VPN_PLUGIN_CONFIG_HAS_IP6, "b", v6);
    g_variant_dict_insert(&dict, NM_VPN_PLUGIN_CONFIG_MTU, "u", gin_tunnel_get_mtu(tunnel));
    /* The device outlives the one below it; vpn.persistent says whether that is wanted. */
    g_variant_dict_insert(&dict, NM_VPN_PLUGIN_CAN_PERSIST, "b", TRUE);
    if (address != NULL && inet_address_parse(address, &gateway))
        g_variant_dict_insert_value(&dict, NM_VPN_PLUGIN_CONFIG_EXT_GATEWAY,
                                    address_value(&gateway));
    return g_variant_ref_sink(g_variant_dict_end(&dict));
}

gboolean
ip_config_from_tunnel(GinTunnel *tunnel, IpConfig *out)
{
    const char *interface = gin_tunnel_get_interface(tunnel);
    const char *const *addresses = gin_tunnel_get_addresses(tunnel);
    InetAddress v4, v6;
    bool has_v4 = find_address(addresses, INET_V4, &v4);
    bool has_v6 = find_address(addresses, INET_V6, &v6);
    if (interface == NULL || *interface == '\0' || (!has_v4 && !has_v6))
        return FALSE;
    *out = (IpConfig){ .config = link_config(tunnel, has_v4, has_v6),
                       .v4 = has_v4 ? family_config(tunnel, &v4) : NULL,
                       .v6 = has_v6 ? family_config(tunnel, &v6) : NULL };
    return TRUE;
}

void
ip_config_clear(IpConfig *config)
{
    g_clear_pointer(&config->config, g_variant_unref);
    g_clear_pointer(&config->v4, g_variant_unref);
    g_clear_pointer(&config->v6, g_variant_unref);
}

static gboolean
same(GVariant *a, GVariant *b)
{
    return a == b || (a != NULL && b != NULL && g_variant_equal(a, b));
}

gboolean
ip_config_equal(const IpConfig *a, const IpConfig *b)
{
    return same(a->config, b->config) && same(a->v4, b->v4) && same(a->v6, b->v6);
}
