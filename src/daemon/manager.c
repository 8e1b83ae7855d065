#include "config.h"

#include "daemon/manager.h"

#include "bus/errors.h"
#include "bus/names.h"
#include "daemon/authority.h"
#include "daemon/checking.h"
#include "daemon/connection.h"
#include "daemon/options.h"
#include "daemon/state-profiles.h"
#include "daemon/store.h"
#include "profile/export.h"
#include "profile/profile-file.h"

#include <string.h>

#define LIFT_MAX_MINUTES 15

/* One tunnel on the bus. */
typedef struct {
    Manager *manager;
    Connection *connection;
    GinObjectSkeleton *object;
    char *starter; /* bus name that may end it without being asked */
    guint owner_watch;
    bool forget;             /* vanishes when it is over */
    bool unlock;             /* somebody ended it: the machine is no longer locked for it */
    GQueue disconnect_calls; /* GDBusMethodInvocation */
} Entry;

struct _Manager {
    Machine *machine;
    GDBusObjectManagerServer *server;
    GinManager *skeleton;
    GPtrArray *entries;       /* Entry */
    GPtrArray *profile_paths; /* char *: exported profile objects */
    void (*closed)(gpointer user_data);
    gpointer closed_data;
};

/* ---- entries ---- */

static void
entry_free(gpointer data)
{
    Entry *entry = data;
    GDBusMethodInvocation *call;
    while ((call = g_queue_pop_head(&entry->disconnect_calls)) != NULL)
        gin_tunnel_complete_disconnect(connection_tunnel(entry->connection), call);
    if (entry->owner_watch != 0)
        g_bus_unwatch_name(entry->owner_watch);
    if (entry->object != NULL) {
        g_dbus_object_manager_server_unexport(
            entry->manager->server, g_dbus_object_get_object_path(G_DBUS_OBJECT(entry->object)));
        g_object_unref(entry->object);
    }
    connection_free(entry->connection);
    g_free(entry->starter);
    g_free(entry);
}

static Entry *
find_by_name(Manager *manager, const char *name)
{
    for (guint i = 0; i < manager->entries->len; i++) {
        Entry *entry = manager->entries->pdata[i];
        if (strcmp(connection_name(entry->connection), name) == 0)
            return entry;
    }
    return NULL;
}

static uint32_t
free_id(Manager *manager)
{
    for (uint32_t id = 1;; id++) {
        bool taken = false;
        for (guint i = 0; i < manager->entries->len; i++) {
            Entry *entry = manager->entries->pdata[i];
            taken = taken || connection_id(entry->connection) == id;
        }
        if (!taken)
            return id;
    }
}

static bool
something_runs(const Manager *manager)
{
    for (guint i = 0; i < manager->entries->len; i++)
        if (!connection_is_over(((Entry *)manager->entries->pdata[i])->connection))
            return true;
    return false;
}

/* Not beside a tunnel: most machines have one at a time, and its memory is better spent. */
static void
keep_spare(Manager *manager)
{
    if (manager->closed == NULL && !something_runs(manager))
        spare_prepare(manager->machine->spare);
}

static gboolean
sweep(gpointer data)
{
    Manager *manager = data;
    for (guint i = manager->entries->len; i-- > 0;) {
        Entry *entry = manager->entries->pdata[i];
        if (connection_is_over(entry->connection) && entry->forget)
            g_ptr_array_remove_index(manager->entries, i);
    }
    keep_spare(manager);
    if (manager->closed != NULL && !something_runs(manager))
        manager->closed(manager->closed_data);
    return G_SOURCE_REMOVE;
}

/* Runs inside the connection's own code: it is freed later. */
static void
connection_ended(Connection *connection, gpointer data)
{
    Entry *entry = data;
    if (!entry->forget &&
        strcmp(gin_tunnel_get_state(connection_tunnel(connection)), GINNEL_STATE_FAILED) != 0)
        entry->forget = true;
    if (entry->unlock)
        machine_unlock(entry->manager->machine, connection_name(connection));
    g_idle_add(sweep, entry->manager);
}

static void
entry_close(Entry *entry)
{
    entry->forget = true;
    connection_close(entry->connection);
}

static void
owner_vanished(GDBusConnection *bus, const char *name, gpointer data)
{
    entry_close(data);
}

/* ---- methods of a tunnel ---- */

/* NULL, and the caller told: it ended while their rights were asked for. */
static Entry *
entry_of(GDBusMethodInvocation *invocation, GinTunnel *tunnel)
{
    Manager *manager = g_object_get_data(G_OBJECT(tunnel), "manager");
    for (guint i = 0; i < manager->entries->len; i++) {
        Entry *entry = manager->entries->pdata[i];
        if (connection_tunnel(entry->connection) == tunnel)
            return entry;
    }
    g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, GINNEL_ERROR_NO_SUCH_TUNNEL,
                                          "This tunnel has ended already.");
    return NULL;
}

static void
do_disconnect(GDBusMethodInvocation *invocation, gpointer data)
{
    Entry *entry = entry_of(invocation, data);
    if (entry == NULL)
        return;
    g_queue_push_tail(&entry->disconnect_calls, invocation);
    entry->unlock = true;
    entry_close(entry);
}

static gboolean
on_disconnect(GinTunnel *tunnel, GDBusMethodInvocation *invocation, gpointer data)
{
    Entry *entry = data;
    if (g_strcmp0(entry->starter, g_dbus_method_invocation_get_sender(invocation)) == 0)
        do_disconnect(invocation, tunnel);
    else
        authority_check(invocation, ACTION_ACTIVATE, do_disconnect, g_object_ref(tunnel),
                        g_object_unref);
    return TRUE;
}

static void
do_rekey(GDBusMethodInvocation *invocation, gpointer data)
{
    Entry *entry = entry_of(invocation, data);
    if (entry == NULL)
        return;
    connection_replace(entry->connection);
    gin_tunnel_complete_rekey(data, invocation);
}

static gboolean
on_rekey(GinTunnel *tunnel, GDBusMethodInvocation *invocation, gpointer data)
{
    Entry *entry = data;
    if (g_strcmp0(entry->starter, g_dbus_method_invocation_get_sender(invocation)) == 0)
        do_rekey(invocation, tunnel);
    else
        authority_check(invocation, ACTION_ACTIVATE, do_rekey, g_object_ref(tunnel),
                        g_object_unref);
    return TRUE;
}

static gboolean
on_get_statistics(GinTunnel *tunnel, GDBusMethodInvocation *invocation, gpointer data)
{
    connection_answer_statistics(((Entry *)data)->connection, invocation);
    return TRUE;
}

static Entry *
entry_new(Manager *manager, Profile *profile, const char *owner, uint32_t id)
{
    Entry *entry = g_new0(Entry, 1);
    entry->manager = manager;
    g_queue_init(&entry->disconnect_calls);
    entry->connection =
        connection_new(manager->machine, id, profile, owner, connection_ended, entry);
    GinTunnel *tunnel = connection_tunnel(entry->connection);
    g_object_set_data(G_OBJECT(tunnel), "manager", manager);
    g_signal_connect(tunnel, "handle-disconnect", G_CALLBACK(on_disconnect), entry);
    g_signal_connect(tunnel, "handle-rekey", G_CALLBACK(on_rekey), entry);
    g_signal_connect(tunnel, "handle-get-statistics", G_CALLBACK(on_get_statistics), entry);
    g_ptr_array_add(manager->entries, entry);
    return entry;
}

static const char *
entry_export(Entry *entry)
{
    g_autofree char *path =
        g_strdup_printf("%s/%u", GINNEL_PATH_TUNNELS, connection_id(entry->connection));
    entry->object = gin_object_skeleton_new(path);
    gin_object_skeleton_set_tunnel(entry->object, connection_tunnel(entry->connection));
    g_dbus_object_manager_server_export(entry->manager->server,
                                        G_DBUS_OBJECT_SKELETON(entry->object));
    const char *owner = connection_owner(entry->connection);
    if (owner != NULL)
        entry->owner_watch = g_bus_watch_name_on_connection(entry->manager->machine->bus, owner,
                                                            G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                                            owner_vanished, entry, NULL);
    return g_dbus_object_get_object_path(G_DBUS_OBJECT(entry->object));
}

/* ---- profiles ---- */

static char *
profile_path(const char *name)
{
    GString *path = g_string_new(GINNEL_PATH_PROFILES "/");
    for (const char *c = name; *c != '\0'; c++) {
        if (g_ascii_isalnum(*c))
            g_string_append_c(path, *c);
        else
            g_string_append_printf(path, "_%02x", (unsigned char)*c);
    }
    return g_string_free(path, FALSE);
}

static gboolean on_update(GinProfile *profile, GDBusMethodInvocation *invocation,
                          GUnixFDList *descriptors, GVariant *settings, GVariant *options,
                          gpointer data);
static gboolean on_delete(GinProfile *profile, GDBusMethodInvocation *invocation, gpointer data);
static gboolean on_export(GinProfile *profile, GDBusMethodInvocation *invocation, const char *word,
                          gpointer data);

static void
export_profile(Manager *manager, const ProfileListing *listing)
{
    g_autofree char *path = profile_path(listing->name);
    g_autoptr(GinObjectSkeleton) object = gin_object_skeleton_new(path);
    g_autoptr(GinProfile) profile = gin_profile_skeleton_new();
    gin_profile_set_name(profile, listing->name);
    gin_profile_set_file(profile, listing->file);
    gin_profile_set_error(profile, listing->error != NULL ? listing->error->message : "");
    gin_profile_set_settings(profile, listing->profile != NULL
                                          ? profile_to_settings(listing->profile)
                                          : g_variant_new_array(G_VARIANT_TYPE("{ss}"), NULL, 0));
    g_signal_connect(profile, "handle-update", G_CALLBACK(on_update), manager);
    g_signal_connect(profile, "handle-delete", G_CALLBACK(on_delete), manager);
    g_signal_connect(profile, "handle-export", G_CALLBACK(on_export), manager);
    gin_object_skeleton_set_profile(object, profile);
    g_dbus_object_manager_server_export(manager->server, G_DBUS_OBJECT_SKELETON(object));
    g_ptr_array_add(manager->profile_paths, g_steal_pointer(&path));
}

static void
load_profiles(Manager *manager)
{
    g_autoptr(GPtrArray) listings = profile_list(profile_folders());
    for (guint i = 0; i < manager->profile_paths->len; i++)
        g_dbus_object_manager_server_unexport(manager->server, manager->profile_paths->pdata[i]);
    g_ptr_array_set_size(manager->profile_paths, 0);
    for (guint i = 0; i < listings->len; i++)
        export_profile(manager, listings->pdata[i]);
}

/* ---- methods of the manager ---- */

static int
error_code(const GError *error)
{
    if (error->domain == GINNEL_ERROR)
        return error->code;
    if (g_error_matches(error, PROFILE_ERROR, PROFILE_ERROR_NOT_FOUND))
        return GINNEL_ERROR_NO_SUCH_PROFILE;
    return error->domain == PROFILE_ERROR ? GINNEL_ERROR_INVALID_PROFILE : GINNEL_ERROR_FAILED;
}

/* ---- profiles that programs add ---- */

typedef struct {
    Manager *manager;
    char *name, *file;  /* file: of one that is there, or NULL */
    GVariant *settings; /* NULL: it is removed */
    ActivationOptions options;
} Change;

static void
change_free(gpointer data)
{
    Change *change = data;
    g_free(change->name);
    g_free(change->file);
    g_clear_pointer(&change->settings, g_variant_unref);
    activation_options_clear(&change->options);
    g_free(change);
}

static void
return_profile_error(GDBusMethodInvocation *invocation, const GError *error)
{
    g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, error_code(error), "%s",
                                          error->message);
}

static void
do_change(GDBusMethodInvocation *invocation, gpointer data)
{
    const Change *change = data;
    g_autoptr(GError) error = NULL;
    bool ok = change->settings != NULL
                  ? state_profile_store(change->name, change->settings, change->options.files,
                                        change->file != NULL, &error)
                  : state_profile_remove(change->name, change->file, &error);
    load_profiles(change->manager);
    g_autofree char *path = profile_path(change->name);
    if (!ok)
        return_profile_error(invocation, error);
    else
        g_dbus_method_invocation_return_value(
            invocation, change->file == NULL ? g_variant_new("(o)", path) : NULL);
}

static gboolean
begin_change(Manager *manager, GDBusMethodInvocation *invocation, const char *name,
             const char *file, GVariant *settings, GVariant *options, GUnixFDList *descriptors)
{
    Change *change = g_new0(Change, 1);
    g_autoptr(GError) error = NULL;
    *change = (Change){ .manager = manager,
                        .name = g_strdup(name),
                        .file = g_strdup(file),
                        .settings = settings != NULL ? g_variant_ref(settings) : NULL };
    if (options != NULL &&
        !activation_options_parse(options, descriptors, &change->options, &error)) {
        g_dbus_method_invocation_return_gerror(invocation, error);
        change_free(change);
        return TRUE;
    }
    authority_check(invocation, ACTION_MODIFY_PROFILES, do_change, change, change_free);
    return TRUE;
}

static gboolean
on_add_profile(GinManager *skeleton, GDBusMethodInvocation *invocation, GUnixFDList *descriptors,
               const char *name, GVariant *settings, GVariant *options, gpointer data)
{
    return begin_change(data, invocation, name, NULL, settings, options, descriptors);
}

static gboolean
on_update(GinProfile *profile, GDBusMethodInvocation *invocation, GUnixFDList *descriptors,
          GVariant *settings, GVariant *options, gpointer data)
{
    return begin_change(data, invocation, gin_profile_get_name(profile),
                        gin_profile_get_file(profile), settings, options, descriptors);
}

static gboolean
on_delete(GinProfile *profile, GDBusMethodInvocation *invocation, gpointer data)
{
    return begin_change(data, invocation, gin_profile_get_name(profile),
                        gin_profile_get_file(profile), NULL, NULL, NULL);
}

/* Nothing of it is a secret: who may look may have it. */
static gboolean
on_export(GinProfile *skeleton, GDBusMethodInvocation *invocation, const char *word, gpointer data)
{
    g_autoptr(GError) error = NULL;
    ImportFormat format;
    const char *name = gin_profile_get_name(skeleton);
    if (!import_format_from_string(word, &format)) {
        g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, GINNEL_ERROR_FAILED,
                                              "There is no such format.");
        return TRUE;
    }
    g_autoptr(Profile) profile = profile_load_by_name(profile_folders(), name, &error);
    g_autoptr(GBytes) authorities = profile != NULL ? export_authorities(profile) : NULL;
    g_autoptr(Export) export =
        profile != NULL ? export_write(format, profile, name, authorities, &error) : NULL;
    if (export == NULL) {
        return_profile_error(invocation, error);
        return TRUE;
    }
    g_ptr_array_add(export->left, NULL);
    gin_profile_complete_export(skeleton, invocation, export->text,
                                (const char *const *)export->left->pdata);
    return TRUE;
}

typedef struct {
    const char *name;  /* bus name that may end it without being asked; NULL: by itself */
    const char *owner; /* bus name that it lives and dies with, or NULL */
    uid_t user;
    ActivationOptions *options; /* files are taken; NULL: none */
} Starter;

/* The object path of the new tunnel, or NULL. A failed tunnel of that name makes room. */
static const char *
activate(Manager *manager, Profile *profile, const Starter *by, GError **error)
{
    Entry *before = find_by_name(manager, profile->name);
    if (before != NULL && !connection_is_over(before->connection)) {
        g_set_error(error, GINNEL_ERROR, GINNEL_ERROR_ALREADY_ACTIVE, "%s is %s already.",
                    profile->name, gin_tunnel_get_state(connection_tunnel(before->connection)));
        return NULL;
    }
    if (before != NULL)
        g_ptr_array_remove(manager->entries, before);
    if (manager->entries->len >= MANAGER_MAX_TUNNELS) {
        g_set_error(error, GINNEL_ERROR, GINNEL_ERROR_TOO_MANY, "There are %d tunnels already.",
                    MANAGER_MAX_TUNNELS);
        return NULL;
    }
    g_autoptr(GError) local = NULL;
    Entry *entry = entry_new(manager, profile, by->owner, free_id(manager));
    entry->starter = g_strdup(by->name);
    connection_set_user(entry->connection, by->user);
    if (by->options != NULL)
        connection_set_options(entry->connection, by->options->caller_configures,
                               g_steal_pointer(&by->options->files));
    if (connection_start(entry->connection, &local))
        return entry_export(entry);
    g_set_error(error, GINNEL_ERROR, error_code(local), "%s", local->message);
    entry->forget = true;
    if (connection_interface(entry->connection)[0] == '\0')
        g_ptr_array_remove(manager->entries, entry);
    else
        connection_give_up(entry->connection, local->message);
    return NULL;
}

typedef struct {
    Manager *manager;
    char *name;
    GVariant *settings; /* NULL: a stored profile */
    ActivationOptions options;
} Activation;

static void
activation_free(gpointer data)
{
    Activation *activation = data;
    g_free(activation->name);
    g_clear_pointer(&activation->settings, g_variant_unref);
    activation_options_clear(&activation->options);
    g_free(activation);
}

static void
do_activate(GDBusMethodInvocation *invocation, gpointer data)
{
    Activation *activation = data;
    g_autoptr(GError) error = NULL, failed = NULL;
    g_autoptr(Profile) profile =
        activation->settings != NULL
            ? profile_from_settings(activation->name, activation->settings, &error)
            : profile_load_by_name(profile_folders(), activation->name, &error);
    if (profile == NULL) {
        g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, error_code(error), "%s",
                                              error->message);
        return;
    }
    const char *sender = g_dbus_method_invocation_get_sender(invocation);
    Starter by = { .name = sender,
                   .owner = activation->settings != NULL ? sender : NULL,
                   .user = authority_caller(invocation),
                   .options = &activation->options };
    const char *path = activate(activation->manager, profile, &by, &failed);
    if (path == NULL)
        g_dbus_method_invocation_return_gerror(invocation, failed);
    else
        g_dbus_method_invocation_return_value(invocation, g_variant_new("(o)", path));
}

static bool
options_are_known(GDBusMethodInvocation *invocation, GVariant *options)
{
    if (g_variant_n_children(options) == 0)
        return true;
    g_autoptr(GVariant) first = g_variant_get_child_value(options, 0);
    const char *key;
    g_variant_get_child(first, 0, "&s", &key);
    g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, GINNEL_ERROR_FAILED,
                                          "There is no option \"%s\".", key);
    return false;
}

static gboolean
on_activate(GinManager *skeleton, GDBusMethodInvocation *invocation, const char *name,
            GVariant *options, gpointer data)
{
    Activation *activation = g_new0(Activation, 1);
    if (!options_are_known(invocation, options)) {
        activation_free(activation);
        return TRUE;
    }
    *activation = (Activation){ .manager = data, .name = g_strdup(name) };
    keep_spare(data); /* starts while polkit is asked; who is refused leaves it to the next */
    authority_check(invocation, ACTION_ACTIVATE, do_activate, activation, activation_free);
    return TRUE;
}

static gboolean
on_activate_settings(GinManager *skeleton, GDBusMethodInvocation *invocation,
                     GUnixFDList *descriptors, const char *name, GVariant *settings,
                     GVariant *options, gpointer data)
{
    Activation *activation = g_new0(Activation, 1);
    g_autoptr(GError) error = NULL;
    *activation = (Activation){ .manager = data,
                                .name = g_strdup(name),
                                .settings = g_variant_ref(settings) };
    if (!activation_options_parse(options, descriptors, &activation->options, &error)) {
        g_dbus_method_invocation_return_gerror(invocation, error);
        activation_free(activation);
        return TRUE;
    }
    keep_spare(data);
    authority_check(invocation, ACTION_ACTIVATE_SETTINGS, do_activate, activation, activation_free);
    return TRUE;
}

static void
do_reload(GDBusMethodInvocation *invocation, gpointer data)
{
    load_profiles(data);
    g_dbus_method_invocation_return_value(invocation, NULL);
}

static gboolean
on_reload(GinManager *skeleton, GDBusMethodInvocation *invocation, gpointer data)
{
    authority_check(invocation, ACTION_ACTIVATE, do_reload, data, NULL);
    return TRUE;
}

/* ---- CheckGateway ---- */

typedef struct {
    Manager *manager;
    char *gateway, *order;
} Check;

static void
check_free(gpointer data)
{
    Check *check = data;
    g_free(check->gateway);
    g_free(check->order);
    g_free(check);
}

static void
checked(GVariant *rows, const GError *error, gpointer invocation)
{
    if (error != NULL)
        g_dbus_method_invocation_return_gerror(invocation, error);
    else
        g_dbus_method_invocation_return_value(invocation, g_variant_new("(@aa{sv})", rows));
}

static void
do_check(GDBusMethodInvocation *invocation, gpointer data)
{
    const Check *check = data;
    g_autoptr(GError) error = NULL;
    if (!checking_start(check->manager->machine, check->gateway, check->order, checked, invocation,
                        &error))
        g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, error_code(error), "%s",
                                              error->message);
}

static gboolean
on_check_gateway(GinManager *skeleton, GDBusMethodInvocation *invocation, const char *gateway,
                 GVariant *options, gpointer data)
{
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(options);
    char *order = NULL;
    g_variant_dict_lookup(&dict, "order", "s", &order);
    g_variant_dict_remove(&dict, "order");
    g_autoptr(GVariant) others = g_variant_ref_sink(g_variant_dict_end(&dict));
    if (!options_are_known(invocation, others)) {
        g_free(order);
        return TRUE;
    }
    Check *check = g_new0(Check, 1);
    *check = (Check){ data, g_strdup(gateway), order != NULL ? order : g_strdup("") };
    authority_check(invocation, ACTION_ACTIVATE, do_check, check, check_free);
    return TRUE;
}

/* ---- agents ---- */

typedef struct {
    Manager *manager;
    char *path;
    bool leave;
} Registration;

static void
registration_free(gpointer data)
{
    Registration *registration = data;
    g_free(registration->path);
    g_free(registration);
}

static void
do_register(GDBusMethodInvocation *invocation, gpointer data)
{
    const Registration *registration = data;
    Agents *agents = registration->manager->machine->agents;
    const char *sender = g_dbus_method_invocation_get_sender(invocation);
    g_autoptr(GError) error = NULL;
    bool ok = registration->leave ? agents_unregister(agents, sender, registration->path, &error)
                                  : agents_register(agents, sender, registration->path,
                                                    authority_caller(invocation), &error);
    if (ok)
        g_dbus_method_invocation_return_value(invocation, NULL);
    else
        g_dbus_method_invocation_return_gerror(invocation, error);
}

static gboolean
on_agent(Manager *manager, GDBusMethodInvocation *invocation, const char *path, bool leave)
{
    Registration *registration = g_new0(Registration, 1);
    *registration = (Registration){ .manager = manager, .path = g_strdup(path), .leave = leave };
    authority_check(invocation, ACTION_REGISTER_AGENT, do_register, registration,
                    registration_free);
    return TRUE;
}

static gboolean
on_register_agent(GinManager *skeleton, GDBusMethodInvocation *invocation, const char *path,
                  gpointer data)
{
    return on_agent(data, invocation, path, false);
}

static gboolean
on_unregister_agent(GinManager *skeleton, GDBusMethodInvocation *invocation, const char *path,
                    gpointer data)
{
    return on_agent(data, invocation, path, true);
}

/* ---- the lockdown ---- */

static void
show_lock(gpointer data)
{
    Manager *manager = data;
    const Machine *machine = manager->machine;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < machine->locked->len; i++)
        g_ptr_array_add(names, machine->locked->pdata[i]);
    g_ptr_array_add(names, NULL);
    gin_manager_set_locked_by(manager->skeleton, (const char *const *)names->pdata);
    gin_manager_set_lifted_until(manager->skeleton, machine->lifted_until);
}

typedef struct {
    Manager *manager;
    guint minutes;
} Lift;

static void
do_lift(GDBusMethodInvocation *invocation, gpointer data)
{
    const Lift *lift = data;
    g_autoptr(GError) error = NULL;
    if (machine_lift(lift->manager->machine, lift->minutes, &error))
        gin_manager_complete_lift_lockdown(lift->manager->skeleton, invocation);
    else
        g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, GINNEL_ERROR_FAILED, "%s",
                                              error->message);
}

static gboolean
on_lift(GinManager *skeleton, GDBusMethodInvocation *invocation, guint minutes, gpointer data)
{
    if (minutes > LIFT_MAX_MINUTES) {
        g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, GINNEL_ERROR_FAILED,
                                              "For %d minutes at most.", LIFT_MAX_MINUTES);
        return TRUE;
    }
    Lift *lift = g_new0(Lift, 1);
    *lift = (Lift){ data, minutes };
    authority_check(invocation, ACTION_LIFT_LOCKDOWN, do_lift, lift, g_free);
    return TRUE;
}

/* ---- life ---- */

Manager *
manager_new(Machine *machine)
{
    Manager *manager = g_new0(Manager, 1);
    manager->machine = machine;
    manager->entries = g_ptr_array_new_with_free_func(entry_free);
    manager->profile_paths = g_ptr_array_new_with_free_func(g_free);
    manager->server = g_dbus_object_manager_server_new(GINNEL_PATH);
    manager->skeleton = gin_manager_skeleton_new();
    gin_manager_set_version(manager->skeleton, GINNEL_VERSION);
    g_signal_connect(manager->skeleton, "handle-activate", G_CALLBACK(on_activate), manager);
    g_signal_connect(manager->skeleton, "handle-activate-settings",
                     G_CALLBACK(on_activate_settings), manager);
    g_signal_connect(manager->skeleton, "handle-check-gateway", G_CALLBACK(on_check_gateway),
                     manager);
    g_signal_connect(manager->skeleton, "handle-reload", G_CALLBACK(on_reload), manager);
    g_signal_connect(manager->skeleton, "handle-add-profile", G_CALLBACK(on_add_profile), manager);
    g_signal_connect(manager->skeleton, "handle-register-agent", G_CALLBACK(on_register_agent),
                     manager);
    g_signal_connect(manager->skeleton, "handle-unregister-agent", G_CALLBACK(on_unregister_agent),
                     manager);
    g_signal_connect(manager->skeleton, "handle-lift-lockdown", G_CALLBACK(on_lift), manager);
    machine->lock_changed = show_lock;
    machine->lock_data = manager;
    show_lock(manager);
    g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(manager->skeleton), machine->bus,
                                     GINNEL_PATH, NULL);
    load_profiles(manager);
    g_dbus_object_manager_server_set_connection(manager->server, machine->bus);
    return manager;
}

void
manager_free(Manager *manager)
{
    if (manager == NULL)
        return;
    g_idle_remove_by_data(manager);
    manager->machine->lock_changed = NULL;
    g_ptr_array_unref(manager->entries);
    g_ptr_array_unref(manager->profile_paths);
    g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(manager->skeleton));
    g_object_unref(manager->skeleton);
    g_object_unref(manager->server);
    g_free(manager);
}

static void
adopt(Manager *manager, StoredConnection *stored)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = stored->file != NULL ? profile_load(stored->file, NULL) : NULL;
    if (profile == NULL)
        profile = profile_from_settings(stored->name, stored->settings, &error);
    if (profile == NULL) {
        g_warning("%s: cannot be taken up: %s", stored->name, error->message);
        store_drop("tun", stored->id);
        store_drop("control", stored->id);
        store_drop_files(stored->id);
        store_remove(stored->id);
        return;
    }
    Entry *entry = entry_new(manager, profile, stored->owner, stored->id);
    connection_set_user(entry->connection, stored->user);
    connection_set_options(entry->connection, stored->caller_configures,
                           g_steal_pointer(&stored->files));
    connection_restore(entry->connection, stored->gateways, stored->mtu, stored->activated_at,
                       stored->connected_at);
    int tun = stored->tun, control = stored->control;
    stored->tun = stored->control = -1;
    if (connection_adopt(entry->connection, tun, control, &error)) {
        entry_export(entry);
        return;
    }
    g_warning("%s: cannot be taken up: %s", stored->name, error->message);
    entry->forget = true;
    connection_give_up(entry->connection, error->message);
}

static void
start_by_themselves(Manager *manager)
{
    g_autoptr(GPtrArray) listings = profile_list(profile_folders());
    for (guint i = 0; i < listings->len; i++) {
        const ProfileListing *listing = listings->pdata[i];
        g_autoptr(GError) error = NULL;
        if (listing->profile == NULL || !listing->profile->autoconnect ||
            find_by_name(manager, listing->name) != NULL)
            continue;
        const Starter by = { .user = 0 };
        if (activate(manager, listing->profile, &by, &error) == NULL)
            g_warning("%s: %s", listing->name, error->message);
    }
}

void
manager_take_up(Manager *manager)
{
    g_autoptr(GPtrArray) stored = store_load();
    g_autoptr(GPtrArray) interfaces = g_ptr_array_new();
    for (guint i = 0; i < stored->len; i++)
        adopt(manager, stored->pdata[i]);
    for (guint i = 0; i < manager->entries->len; i++) {
        Entry *entry = manager->entries->pdata[i];
        g_ptr_array_add(interfaces, (char *)connection_interface(entry->connection));
    }
    g_ptr_array_add(interfaces, NULL);
    machine_clean(manager->machine->bus, (const char *const *)interfaces->pdata);
    start_by_themselves(manager);
    if (manager->profile_paths->len > 0)
        keep_spare(manager);
}

void
manager_close_all(Manager *manager, void (*done)(gpointer user_data), gpointer user_data)
{
    manager->closed = done;
    manager->closed_data = user_data;
    for (guint i = 0; i < manager->entries->len; i++)
        entry_close(manager->entries->pdata[i]);
    g_idle_add(sweep, manager);
}
