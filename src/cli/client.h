/*
 * The service as the tool sees it: objects that follow the bus.
 */
#pragma once
#include <gio/gio.h>

typedef struct {
    GDBusConnection *bus;
    GDBusObjectManager *objects; /* NULL: not read yet */
} Client;

/* To the bus alone; client_read reads the service's objects, and starts it where it does not run.
 */
Client *client_connect(GError **error);
gboolean client_read(Client *client, GError **error);
/* Both. */
Client *client_new(GError **error);
void client_free(Client *client);

/* GDBusProxy of each tunnel, in the order of their start; of each profile, by name. */
GPtrArray *client_tunnels(Client *client);
GPtrArray *client_profiles(Client *client);
/* NULL where there is none. */
GDBusProxy *client_tunnel_at(Client *client, const char *path);
GDBusProxy *client_tunnel_of(Client *client, const char *profile);
/* Follows the bus by itself, and needs no objects; without properties where it is gone. */
GDBusProxy *client_tunnel_alone(Client *client, const char *path);

/* All properties as a{sv}, sorted by name. */
GVariant *client_properties(GDBusProxy *proxy);
/* The counters of a tunnel as a{st}; NULL where it cannot tell. */
GVariant *client_statistics(GDBusProxy *tunnel);

/* A method that answers with one a{sv}, which may take its time; NULL with error. */
GVariant *client_call(GDBusProxy *tunnel, const char *method, GVariant *arguments, GError **error);

/* Starts a profile's tunnel; callback ends with client_activate_finish: its object path. Needs no
 * objects. */
void client_activate(Client *client, const char *profile, GAsyncReadyCallback callback,
                     gpointer user_data);
char *client_activate_finish(GAsyncResult *result, GError **error);
/* Lifts the lockdown for so many minutes, 0 for good; its manager's properties as a{sv}. */
gboolean client_lift(Client *client, guint minutes, GError **error);
GVariant *client_manager_properties(Client *client);
/* aa{sv}, as the bus API has it; takes its time. order: NULL for all transports. */
GVariant *client_check_gateway(Client *client, const char *gateway, const char *order,
                               GError **error);
/* Has the service ask the object at path for secrets. */
gboolean client_register_agent(Client *client, const char *path, GError **error);
/* Returns when nothing of the tunnel is left. */
gboolean client_disconnect(GDBusProxy *tunnel, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Client, client_free)
