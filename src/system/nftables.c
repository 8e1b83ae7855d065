#include "config.h"

#include "system/nftables.h"

#include "system/error.h"
#include "system/marks.h"

#include <nftables/libnftables.h>

static const char *
family_word(uint8_t family)
{
    return family == INET_V4 ? "ip" : "ip6";
}

/* "{ 10.0.0.0-10.0.0.255, ... }" of one family; NULL where there is none. */
static char *
range_set(const GArray *ranges, uint8_t family)
{
    g_autoptr(GString) set = g_string_new(NULL);
    for (guint i = 0; i < ranges->len; i++) {
        const InetRange *range = &g_array_index(ranges, InetRange, i);
        if (range->first.family != family)
            continue;
        g_autofree char *first = inet_address_to_string(&range->first);
        g_autofree char *last = inet_address_to_string(&range->last);
        bool one = inet_address_equal(&range->first, &range->last);
        g_string_append_printf(set, "%s%s%s%s", set->len > 0 ? ", " : "", first, one ? "" : "-",
                               one ? "" : last);
    }
    if (set->len == 0)
        return NULL;
    return g_strdup_printf("{ %s }", set->str);
}

static char *
address_set(const GArray *addresses, uint8_t family)
{
    g_autoptr(GString) set = g_string_new(NULL);
    for (guint i = 0; i < addresses->len; i++) {
        const InetPrefix *prefix = &g_array_index(addresses, InetPrefix, i);
        if (prefix->address.family != family)
            continue;
        g_autofree char *text = inet_address_to_string(&prefix->address);
        g_string_append_printf(set, "%s%s", set->len > 0 ? ", " : "", text);
    }
    return set->len == 0 ? NULL : g_strdup_printf("{ %s }", set->str);
}

static char *
port_set(const GArray *ports)
{
    g_autoptr(GString) set = g_string_new("{ ");
    for (guint i = 0; i < ports->len; i++)
        g_string_append_printf(set, "%s%u", i > 0 ? ", " : "", g_array_index(ports, uint16_t, i));
    return g_strdup_printf("%s }", set->str);
}

static void
add_servers_out(GString *out, uint32_t mark, const GArray *servers)
{
    for (guint i = 0; servers != NULL && i < servers->len; i++) {
        const InetEndpoint *server = &g_array_index(servers, InetEndpoint, i);
        g_autofree char *text = inet_address_to_string(&server->address);
        g_string_append_printf(out, "    meta mark 0x%08x %s daddr %s tcp dport %u accept\n", mark,
                               family_word(server->address.family), text, server->port);
    }
}

static void
add_servers_back(GString *out, uint32_t mark, const GArray *servers)
{
    for (guint i = 0; servers != NULL && i < servers->len; i++) {
        const InetEndpoint *server = &g_array_index(servers, InetEndpoint, i);
        g_autofree char *text = inet_address_to_string(&server->address);
        g_string_append_printf(out, "    %s saddr %s tcp sport %u meta mark set 0x%08x\n",
                               family_word(server->address.family), text, server->port, mark);
    }
}

/* A taken-over tunnel process can send anywhere from its socket: the mark tells whose it is. */
static void
add_out(GString *out, const FirewallConnection *connection)
{
    g_autofree char *ports = port_set(connection->ports);
    for (guint i = 0; connection->gateways != NULL && i < connection->gateways->len; i++) {
        const InetAddress *gateway = &g_array_index(connection->gateways, InetAddress, i);
        g_autofree char *text = inet_address_to_string(gateway);
        g_string_append_printf(
            out, "    meta mark 0x%08x %s daddr %s meta l4proto { tcp, udp } th dport %s accept\n",
            connection->mark, family_word(gateway->family), text, ports);
    }
    add_servers_out(out, connection->mark, connection->web);
    add_servers_out(out, connection->mark, connection->proxies);
}

/* The gateway's answers get the mark back, so that strict reverse-path filtering looks them up as
 * the packets went out (with src_valid_mark). */
static void
add_mark_back(GString *out, const FirewallConnection *connection)
{
    g_autofree char *ports = port_set(connection->ports);
    for (guint i = 0; connection->gateways != NULL && i < connection->gateways->len; i++) {
        const InetAddress *gateway = &g_array_index(connection->gateways, InetAddress, i);
        g_autofree char *text = inet_address_to_string(gateway);
        g_string_append_printf(out,
                               "    %s saddr %s meta l4proto { tcp, udp } th sport %s meta mark "
                               "set 0x%08x\n",
                               family_word(gateway->family), text, ports, connection->mark);
    }
    add_servers_back(out, connection->mark, connection->web);
    add_servers_back(out, connection->mark, connection->proxies);
}

static void
add_guard(GString *out, const FirewallConnection *connection)
{
    static const uint8_t families[] = { INET_V4, INET_V6 };
    if (connection->interface == NULL)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
        uint8_t family = families[i];
        const char *word = family_word(family);
        g_autofree char *ours = address_set(connection->addresses, family);
        g_autofree char *theirs = range_set(connection->remote, family);
        if (ours == NULL || theirs == NULL) {
            g_string_append_printf(out, "    iifname \"%s\" meta nfproto %s drop\n",
                                   connection->interface, family == INET_V4 ? "ipv4" : "ipv6");
            continue;
        }
        g_string_append_printf(out, "    iifname \"%s\" %s daddr != %s drop\n",
                               connection->interface, word, ours);
        g_string_append_printf(out, "    iifname \"%s\" %s saddr != %s drop\n",
                               connection->interface, word, theirs);
        g_string_append_printf(out, "    iifname != { \"lo\", \"%s\" } %s daddr %s drop\n",
                               connection->interface, word, ours);
    }
}

/* systemd-resolved asks the servers of every link that has the routing domain "~.", and fixes the
 * device: routes do not keep the question inside (RFC 8598, section 2). */
static void
add_names_inside(GString *out, const FirewallConnection *connections, size_t n)
{
    bool wanted = false;
    g_autoptr(GString) devices = g_string_new("\"lo\"");
    for (size_t i = 0; i < n; i++) {
        if (connections[i].interface == NULL)
            continue;
        wanted |= connections[i].names_inside;
        g_string_append_printf(devices, ", \"%s\"", connections[i].interface);
    }
    if (wanted)
        g_string_append_printf(
            out, "    oifname != { %s } meta l4proto { tcp, udp } th dport { 53, 853 } reject\n",
            devices->str);
}

static const char *const stub_kinds[] = { "udp", "tcp" };

/* What asks the stub at port 53, brought to where it listens. Nothing is tracked for it, which the
 * whole machine would pay for; where others track connections, they see where it goes. */
static void
add_stubs(GString *out, const FirewallConnection *connections, size_t n)
{
    g_autoptr(GString) rules = g_string_new(NULL);
    for (size_t i = 0; i < n; i++) {
        const InetEndpoint *stub = &connections[i].stub;
        if (stub->address.family == INET_NONE)
            continue;
        g_autofree char *text = inet_address_to_string(&stub->address);
        for (size_t k = 0; k < G_N_ELEMENTS(stub_kinds); k++)
            g_string_append_printf(
                rules, "    oifname \"lo\" %s daddr %s %s dport 53 %s dport set %u\n",
                family_word(stub->address.family), text, stub_kinds[k], stub_kinds[k], stub->port);
    }
    if (rules->len > 0)
        g_string_append_printf(out,
                               "  chain stub {\n"
                               "    type filter hook output priority -310; policy accept;\n"
                               "%s"
                               "  }\n",
                               rules->str);
}

/* Its answers, which whoever tracks connections has seen come from there. */
static void
add_stub_answers(GString *out, const InetEndpoint *stub)
{
    if (stub->address.family == INET_NONE)
        return;
    g_autofree char *text = inet_address_to_string(&stub->address);
    for (size_t k = 0; k < G_N_ELEMENTS(stub_kinds); k++)
        g_string_append_printf(out, "    oifname \"lo\" %s saddr %s %s sport %u %s sport set 53\n",
                               family_word(stub->address.family), text, stub_kinds[k], stub->port,
                               stub_kinds[k]);
}

/* "{ "lo", "ginnel0" }" */
static char *
inner_devices(const FirewallConnection *connections, size_t n)
{
    g_autoptr(GString) devices = g_string_new("{ \"lo\"");
    for (size_t i = 0; i < n; i++)
        if (connections[i].interface != NULL)
            g_string_append_printf(devices, ", \"%s\"", connections[i].interface);
    return g_strdup_printf("%s }", devices->str);
}

/* Questions for gateways' names, and their answers; never of a tunnel process, whose sockets carry
 * another mark. */
static void
add_name_servers(GString *out, const FirewallLock *lock, bool answers)
{
    for (guint i = 0; lock->name_servers != NULL && i < lock->name_servers->len; i++) {
        const InetAddress *server = &g_array_index(lock->name_servers, InetAddress, i);
        g_autofree char *text = inet_address_to_string(server);
        const char *word = family_word(server->family);
        if (answers)
            g_string_append_printf(
                out, "    %s saddr %s meta l4proto { tcp, udp } th sport 53 meta mark set 0x%08x\n",
                word, text, MARK_NAMES);
        else
            g_string_append_printf(
                out,
                "    meta mark 0x%08x %s daddr %s meta l4proto { tcp, udp } th dport 53 accept\n",
                MARK_NAMES, word, text);
    }
}

/* Multicast listener reports belong to neighbour discovery: bridges that snoop would not deliver it
 * (RFC 4861, section 7.2.1). Errors carry nothing out, and a tunnel needs them for its path MTU. */
static void
add_lock(GString *out, const FirewallConnection *connections, size_t n)
{
    g_autofree char *devices = inner_devices(connections, n);
    g_string_append_printf(
        out,
        "  chain locked-out {\n"
        "    type filter hook output priority 11; policy accept;\n"
        "    oifname %s accept\n"
        "    meta mark & 0x%08x == 0x%08x accept\n"
        "    meta nfproto ipv4 udp sport 68 udp dport 67 accept\n"
        "    meta nfproto ipv6 udp sport 546 udp dport 547 accept\n"
        "    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, "
        "mld-listener-report, mld-listener-done, mld2-listener-report } accept\n"
        "    counter reject with icmpx type admin-prohibited\n"
        "  }\n"
        "  chain locked-in {\n"
        "    type filter hook input priority -1; policy accept;\n"
        "    iifname %s accept\n"
        "    meta mark & 0x%08x == 0x%08x accept\n"
        "    meta nfproto ipv4 udp sport 67 udp dport 68 accept\n"
        "    meta nfproto ipv6 udp sport 547 udp dport 546 accept\n"
        "    icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect, "
        "mld-listener-query, destination-unreachable, packet-too-big, time-exceeded, "
        "parameter-problem } accept\n"
        "    icmp type { destination-unreachable, time-exceeded, parameter-problem } accept\n"
        "    counter drop\n"
        "  }\n"
        "  chain locked-forward {\n"
        "    type filter hook forward priority -1; policy accept;\n"
        "    iifname %s accept\n"
        "    oifname %s accept\n"
        "    counter drop\n"
        "  }\n",
        devices, MARK_MASK, MARK_VALUE, devices, MARK_MASK, MARK_VALUE, devices, devices);
}

char *
firewall_commands(const FirewallConnection *connections, size_t n, const FirewallLock *lock)
{
    GString *out = g_string_new("table inet ginnel\ndelete table inet ginnel\n");
    if (n == 0 && !lock->on)
        return g_string_free(out, FALSE);
    g_string_append(out, "table inet ginnel {\n"
                         "  chain marked {\n");
    for (size_t i = 0; i < n; i++)
        add_out(out, &connections[i]);
    add_name_servers(out, lock, false);
    g_string_append_printf(out,
                           "    counter drop\n"
                           "  }\n"
                           "  chain output {\n"
                           "    type filter hook output priority 10; policy accept;\n"
                           "    meta mark & 0x%08x == 0x%08x jump marked\n",
                           MARK_MASK, MARK_VALUE);
    add_names_inside(out, connections, n);
    for (size_t i = 0; i < n; i++)
        add_stub_answers(out, &connections[i].stub);
    g_string_append(out, "  }\n"
                         "  chain prerouting {\n"
                         "    type filter hook prerouting priority -310; policy accept;\n");
    for (size_t i = 0; i < n; i++) {
        add_mark_back(out, &connections[i]);
        add_guard(out, &connections[i]);
    }
    add_name_servers(out, lock, true);
    g_string_append(out, "  }\n");
    add_stubs(out, connections, n);
    if (lock->on)
        add_lock(out, connections, n);
    g_string_append(out, "}\n");
    return g_string_free(out, FALSE);
}

/* From the first use on: opening it ends the process where the kernel has no nftables. */
struct _Firewall {
    struct nft_ctx *context;
};

Firewall *
firewall_new(void)
{
    return g_new0(Firewall, 1);
}

void
firewall_free(Firewall *firewall)
{
    if (firewall == NULL)
        return;
    g_clear_pointer(&firewall->context, nft_ctx_free);
    g_free(firewall);
}

static struct nft_ctx *
context_new(void)
{
    struct nft_ctx *context = nft_ctx_new(NFT_CTX_DEFAULT);
    nft_ctx_buffer_error(context);
    nft_ctx_buffer_output(context);
    return context;
}

bool
firewall_set(Firewall *firewall, const FirewallConnection *connections, size_t n,
             const FirewallLock *lock, GError **error)
{
    g_autofree char *commands = firewall_commands(connections, n, lock);
    if (firewall->context == NULL)
        firewall->context = context_new();
    int rc = nft_run_cmd_from_buffer(firewall->context, commands);
    /* What is read makes room for the next. */
    g_autofree char *message = g_strdup(nft_ctx_get_error_buffer(firewall->context));
    (void)nft_ctx_get_output_buffer(firewall->context);
    if (rc != 0) {
        g_strdelimit(g_strstrip(message), "\n", ' ');
        g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED, "setting the packet filter: %s",
                    message);
    }
    return rc == 0;
}
