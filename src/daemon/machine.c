#include "config.h"

#include "daemon/machine.h"

#include "daemon/connection.h"
#include "daemon/store.h"
#include "profile/profile-file.h"
#include "system/gateway-name-direct.h"
#include "system/gateway-name.h"
#include "system/lock-file.h"

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
    /* Who changed the network, or slept, may have changed names too. */
    resolver_check(machine->resolver);
}

Machine *
machine_new(GDBusConnection *bus, GError **error)
{
    Machine *machine = g_new0(Machine, 1);
    machine->bus = g_object_ref(bus);
    machine->netlink = netlink_new(error);
    machine->firewall = firewall_new();
    machine->resolver = resolver_new(bus);
    machine->agents = agents_new(bus, AGENT_QUESTION_LIMIT_S);
    machine->spare = spare_new(TUNNEL_SOCKET, TUNNEL_UNIT);
    machine->connections = g_ptr_array_new();
    machine->locked = lock_file_read(LOCK_FILE);
    machine->name_servers = g_array_new(FALSE, FALSE, sizeof(InetAddress));
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
    firewall_free(machine->firewall);
    resolver_free(machine->resolver);
    agents_free(machine->agents);
    spare_free(machine->spare);
    g_clear_handle_id(&machine->lifted, g_source_remove);
    g_ptr_array_unref(machine->locked);
    g_array_unref(machine->name_servers);
    g_ptr_array_unref(machine->connections);
    g_object_unref(machine->bus);
    g_free(machine);
}

static bool
is_locked(const Machine *machine)
{
    return machine->locked->len > 0 && machine->lifted == 0;
}

bool
machine_update_firewall(Machine *machine, GError **error)
{
    g_autofree FirewallConnection *list = g_new0(FirewallConnection, machine->connections->len + 1);
    for (guint i = 0; i < machine->connections->len; i++)
        list[i] = connection_firewall(machine->connections->pdata[i]);
    FirewallLock lock = { .on = is_locked(machine), .name_servers = machine->name_servers };
    return firewall_set(machine->firewall, list, machine->connections->len, &lock, error);
}

/* ---- the lockdown ---- */

static void
lock_changed(Machine *machine)
{
    g_autoptr(GError) error = NULL;
    if (!lock_file_write(LOCK_FILE, machine->locked, &error))
        g_warning("%s", error->message);
    if (machine->lock_changed != NULL)
        machine->lock_changed(machine->lock_data);
}

static void
tell_lifted(Machine *machine)
{
    for (guint i = 0; i < machine->connections->len; i++)
        connection_lifted(machine->connections->pdata[i], machine->lifted != 0);
}

static void
lift_is_over(Machine *machine)
{
    g_clear_handle_id(&machine->lifted, g_source_remove);
    machine->lifted_until = 0;
    tell_lifted(machine);
}

bool
machine_lock(Machine *machine, const char *profile, GError **error)
{
    bool added = lock_names_add(machine->locked, profile);
    lift_is_over(machine);
    if (!machine_update_firewall(machine, error)) {
        /* A lock that does not lock is none. */
        if (added)
            lock_names_remove(machine->locked, profile);
        return false;
    }
    if (added)
        g_message("%s: locked: nothing leaves this machine but by its tunnels", profile);
    lock_changed(machine);
    return true;
}

void
machine_unlock(Machine *machine, const char *profile)
{
    g_autoptr(GError) error = NULL;
    if (!lock_names_remove(machine->locked, profile))
        return;
    if (machine->locked->len == 0)
        lift_is_over(machine);
    if (!machine_update_firewall(machine, &error))
        g_warning("%s", error->message);
    g_message("%s: no longer locked", profile);
    lock_changed(machine);
}

static gboolean
lock_again(gpointer data)
{
    Machine *machine = data;
    g_autoptr(GError) error = NULL;
    machine->lifted = 0;
    machine->lifted_until = 0;
    tell_lifted(machine);
    if (!machine_update_firewall(machine, &error))
        g_warning("%s", error->message);
    g_message("locked again");
    lock_changed(machine);
    return G_SOURCE_REMOVE;
}

bool
machine_lift(Machine *machine, unsigned minutes, GError **error)
{
    lift_is_over(machine);
    if (minutes == 0) {
        g_ptr_array_set_size(machine->locked, 0);
    } else {
        machine->lifted = g_timeout_add(60 * 1000 * minutes, lock_again, machine);
        machine->lifted_until = g_get_real_time() + (int64_t)minutes * 60 * G_USEC_PER_SEC;
        tell_lifted(machine);
    }
    g_message(minutes == 0 ? "no longer locked" : "the lock is lifted for %u minutes", minutes);
    bool ok = machine_update_firewall(machine, error);
    lock_changed(machine);
    return ok;
}

int
machine_lock_at_boot(void)
{
    g_autoptr(GPtrArray) listings = profile_list(profile_folders());
    g_autoptr(GPtrArray) locked = lock_file_read(LOCK_FILE);
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < listings->len; i++) {
        const ProfileListing *listing = listings->pdata[i];
        if (listing->profile != NULL && listing->profile->lockdown && listing->profile->autoconnect)
            lock_names_add(locked, listing->name);
    }
    g_autoptr(Firewall) firewall = firewall_new();
    FirewallLock lock = { .on = locked->len > 0 };
    if (!lock.on)
        return 0;
    if (lock_file_write(LOCK_FILE, locked, &error) &&
        firewall_set(firewall, NULL, 0, &lock, &error))
        return 0;
    g_printerr("ginneld: %s\n", error->message);
    return 1;
}

/* ---- names of gateways ---- */

static void
name_servers_found(const GArray *servers, gpointer data)
{
    Machine *machine = data;
    g_autoptr(GError) error = NULL;
    g_array_set_size(machine->name_servers, 0);
    g_array_append_vals(machine->name_servers, servers->data, servers->len);
    if (!machine_update_firewall(machine, &error))
        g_warning("%s", error->message);
}

void
machine_resolve_async(Machine *machine, const char *name, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GArray) inside = g_array_new(FALSE, FALSE, sizeof(int));
    InetAddress literal;
    if (!is_locked(machine) || inet_address_parse(name, &literal)) {
        gateway_name_resolve_async(machine->bus, name, netlink_default_interface(machine->netlink),
                                   cancellable, callback, user_data);
        return;
    }
    for (guint i = 0; i < machine->connections->len; i++) {
        int ifindex = connection_ifindex(machine->connections->pdata[i]);
        g_array_append_val(inside, ifindex);
    }
    gateway_name_direct_async(machine->bus, name, inside, name_servers_found, machine, cancellable,
                              callback, user_data);
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
        /* A lock outlives the service: it is lifted by whoever ends its tunnel, and by nobody else.
         */
        g_autoptr(GPtrArray) locked = lock_file_read(LOCK_FILE);
        g_autoptr(Firewall) firewall = firewall_new();
        FirewallLock lock = { .on = locked->len > 0 };
        firewall_set(firewall, NULL, 0, &lock, NULL);
        valid_mark_off();
        if (netlink != NULL) {
            netlink_remove_rules(netlink);
            netlink_flush_routes(netlink);
        }
    }
    resolver_clean(bus, keep);
}
