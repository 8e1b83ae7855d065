#include "config.h"

#include "daemon/networks.h"

#include "plan/network-memory.h"
#include "system/network-watch.h"

#include <string.h>

#define LOGIN1      "org.freedesktop.login1"
#define FILE_NAME   "networks"
#define SALT_NAME   "networks.salt"
#define SALT_LENGTH 64
#define FRESH_S     3600 /* what is known for less need not be written again */
#define MAX_FILE    (64 * 1024)

struct _Networks {
    GDBusConnection *bus;
    Netlink *netlink;
    NetworkWatch *watch; /* NULL: the kernel would not let us */
    void (*changed)(gpointer user_data);
    gpointer user_data;
    guint sleep_signal;
    NetworkMemory *memory;
    char *salt;
};

static int64_t
now_s(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

/* NULL where the unit gives none: then nothing is kept. */
static char *
state_path(const char *name)
{
    const char *folder = g_getenv("STATE_DIRECTORY");
    return folder != NULL ? g_build_filename(folder, name, NULL) : NULL;
}

static char *
make_salt(void)
{
    char *salt = g_malloc(SALT_LENGTH + 1);
    for (unsigned i = 0; i < SALT_LENGTH; i++)
        salt[i] = "0123456789abcdef"[g_random_int_range(0, 16)];
    salt[SALT_LENGTH] = '\0';
    return salt;
}

static void
read_salt(Networks *networks)
{
    g_autofree char *path = state_path(SALT_NAME);
    g_autoptr(GError) error = NULL;
    gsize length = 0;
    if (path != NULL && g_file_get_contents(path, &networks->salt, &length, NULL) &&
        length == SALT_LENGTH && strlen(networks->salt) == SALT_LENGTH)
        return;
    g_free(networks->salt);
    networks->salt = make_salt();
    if (path != NULL && !g_file_set_contents_full(path, networks->salt, -1,
                                                  G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
        g_warning("%s", error->message);
}

static void
read_memory(Networks *networks)
{
    g_autofree char *path = state_path(FILE_NAME);
    g_autofree char *text = NULL;
    gsize length = 0;
    if (path != NULL && g_file_get_contents(path, &text, &length, NULL) && length <= MAX_FILE)
        network_memory_read(networks->memory, text, now_s());
}

static void
write_memory(Networks *networks)
{
    g_autofree char *path = state_path(FILE_NAME);
    g_autofree char *text = network_memory_to_text(networks->memory);
    g_autoptr(GError) error = NULL;
    if (path != NULL &&
        !g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
        g_warning("%s", error->message);
}

static void
network_changed(gpointer data)
{
    Networks *networks = data;
    g_message("the network has changed");
    networks->changed(networks->user_data);
}

/* (b): true before sleep, false after it. What was a network then need not be one now. */
static void
sleep_signalled(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
                const char *signal, GVariant *parameters, gpointer data)
{
    Networks *networks = data;
    gboolean begins = TRUE;
    if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(b)")))
        g_variant_get(parameters, "(b)", &begins);
    if (begins)
        return;
    g_message("back from sleep");
    networks->changed(networks->user_data);
}

Networks *
networks_new(GDBusConnection *bus, Netlink *netlink, void (*changed)(gpointer user_data),
             gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    Networks *networks = g_new0(Networks, 1);
    networks->bus = g_object_ref(bus);
    networks->netlink = netlink;
    networks->changed = changed;
    networks->user_data = user_data;
    networks->memory = network_memory_new();
    networks->watch = network_watch_new(netlink, network_changed, networks, &error);
    if (networks->watch == NULL)
        g_warning("%s", error->message);
    networks->sleep_signal = g_dbus_connection_signal_subscribe(
        bus, LOGIN1, LOGIN1 ".Manager", "PrepareForSleep", NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
        sleep_signalled, networks, NULL);
    read_salt(networks);
    read_memory(networks);
    return networks;
}

void
networks_free(Networks *networks)
{
    if (networks == NULL)
        return;
    g_dbus_connection_signal_unsubscribe(networks->bus, networks->sleep_signal);
    network_watch_free(networks->watch);
    network_memory_free(networks->memory);
    g_object_unref(networks->bus);
    g_free(networks->salt);
    g_free(networks);
}

/* NULL where the network cannot be told from others. */
static char *
current_key(Networks *networks, const char *gateway)
{
    g_autofree char *network = netlink_network_identity(networks->netlink);
    return network != NULL ? network_memory_key(networks->salt, network, gateway) : NULL;
}

bool
networks_udp_is_blocked(Networks *networks, const char *gateway)
{
    g_autofree char *key = current_key(networks, gateway);
    const NetworkMemoryEntry *entry =
        key != NULL ? network_memory_find(networks->memory, key, now_s()) : NULL;
    return entry != NULL && entry->udp_blocked;
}

void
networks_learn(Networks *networks, const char *gateway, bool udp_blocked, uint32_t path_mtu)
{
    g_autofree char *key = current_key(networks, gateway);
    const NetworkMemoryEntry *entry =
        key != NULL ? network_memory_find(networks->memory, key, now_s()) : NULL;
    bool same = entry != NULL && entry->udp_blocked == udp_blocked && entry->path_mtu == path_mtu &&
                now_s() - entry->at_s < FRESH_S;
    if (key == NULL || same)
        return;
    network_memory_note(networks->memory, key, udp_blocked, path_mtu, now_s());
    write_memory(networks);
}
