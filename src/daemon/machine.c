#include "config.h"

#include "daemon/machine.h"

#include "daemon/connection.h"
#include "daemon/store.h"

#include <glib/gstdio.h>

#define VALID_MARK       "/proc/sys/net/ipv4/conf/all/src_valid_mark"
#define VALID_MARK_SAVED RUNTIME_FOLDER "/src_valid_mark"

/* Strict reverse-path filtering looks answers up by mark only with this; what it was is remembered.
 */
static void
valid_mark_on(void)
{
    g_autofree char *before = NULL;
    if (!g_file_get_contents(VALID_MARK, &before, NULL, NULL) || g_str_has_prefix(before, "1"))
        return;
    if (g_file_set_contents(VALID_MARK_SAVED, before, -1, NULL)) {
        FILE *file = fopen(VALID_MARK, "we");
        if (file != NULL) {
            fputs("1", file);
            fclose(file);
        }
    }
}

static void
valid_mark_off(void)
{
    g_autofree char *before = NULL;
    if (!g_file_get_contents(VALID_MARK_SAVED, &before, NULL, NULL))
        return;
    FILE *file = fopen(VALID_MARK, "we");
    if (file != NULL) {
        fputs(before, file);
        fclose(file);
    }
    g_unlink(VALID_MARK_SAVED);
}

static void
network_changed(gpointer data)
{
    Machine *machine = data;
    for (guint i = 0; i < machine->connections->len; i++)
        connection_network_changed(machine->connections->pdata[i]);
}

Machine *
machine_new(GDBusConnection *bus, GError **error)
{
    Machine *machine = g_new0(Machine, 1);
    machine->bus = g_object_ref(bus);
    machine->netlink = netlink_new(error);
    machine->resolver = resolver_new(bus);
    machine->agents = agents_new(bus, AGENT_QUESTION_LIMIT_S);
    machine->connections = g_ptr_array_new();
    machine->debug_keys = g_strcmp0(g_getenv("GINNEL_DEBUG_KEYS"), "1") == 0;
    machine->misbehave = g_getenv("GINNEL_TEST_MISBEHAVE");
    machine->offloads = g_strcmp0(g_getenv("GINNEL_OFFLOADS"), "0") != 0;
    if (machine->netlink != NULL) {
        machine->networks = networks_new(bus, machine->netlink, network_changed, machine);
        return machine;
    }
    machine_free(machine);
    return NULL;
}

void
machine_free(Machine *machine)
{
    if (machine == NULL)
        return;
    networks_free(machine->networks);
    netlink_free(machine->netlink);
    resolver_free(machine->resolver);
    agents_free(machine->agents);
    g_ptr_array_unref(machine->connections);
    g_object_unref(machine->bus);
    g_free(machine);
}

bool
machine_update_firewall(Machine *machine, GError **error)
{
    g_autofree FirewallConnection *list = g_new0(FirewallConnection, machine->connections->len + 1);
    for (guint i = 0; i < machine->connections->len; i++)
        list[i] = connection_firewall(machine->connections->pdata[i]);
    return firewall_set(list, machine->connections->len, error);
}

bool
machine_add(Machine *machine, Connection *connection, GError **error)
{
    g_ptr_array_add(machine->connections, connection);
    valid_mark_on();
    return netlink_add_rules(machine->netlink, error);
}

void
machine_remove(Machine *machine, Connection *connection)
{
    g_autoptr(GError) error = NULL;
    if (!g_ptr_array_remove(machine->connections, connection))
        return;
    if (!machine_update_firewall(machine, &error))
        g_warning("%s", error->message);
    if (machine->connections->len > 0)
        return;
    netlink_remove_rules(machine->netlink);
    valid_mark_off();
}

void
machine_clean(GDBusConnection *bus, const char *const *keep)
{
    g_autoptr(Netlink) netlink = netlink_new(NULL);
    if (keep == NULL || *keep == NULL) {
        store_clear();
        firewall_set(NULL, 0, NULL);
        valid_mark_off();
        if (netlink != NULL) {
            netlink_remove_rules(netlink);
            netlink_flush_routes(netlink);
        }
    }
    resolver_clean(bus, keep);
}
