#include "config.h"

#include "daemon/own-unit.h"

#include <string.h>

#define SYSTEMD1      "org.freedesktop.systemd1"
#define SYSTEMD1_PATH "/org/freedesktop/systemd1"
#define MANAGER       SYSTEMD1 ".Manager"
#define UNIT          "ginneld.service"
#define TIMEOUT_MS    2000

struct _OwnUnitJobs {
    GDBusConnection *bus;
    bool subscribed; /* systemd says nothing otherwise */
    guint subscription;
    GHashTable *ended; /* uint32_t -> result (char *) */
};

static GVariant *
get_property(GDBusConnection *bus, const char *path, const char *interface, const char *property)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        bus, SYSTEMD1, path, "org.freedesktop.DBus.Properties", "Get",
        g_variant_new("(ss)", interface, property), G_VARIANT_TYPE("(v)"), G_DBUS_CALL_FLAGS_NONE,
        TIMEOUT_MS, NULL, NULL);
    GVariant *value = NULL;
    if (reply != NULL)
        g_variant_get(reply, "(v)", &value);
    return value;
}

static GVariant *
unit_property(GDBusConnection *bus, const char *property)
{
    g_autoptr(GVariant) unit = g_dbus_connection_call_sync(
        bus, SYSTEMD1, SYSTEMD1_PATH, MANAGER, "GetUnit", g_variant_new("(s)", UNIT),
        G_VARIANT_TYPE("(o)"), G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MS, NULL, NULL);
    if (unit == NULL)
        return NULL;
    const char *path;
    g_variant_get(unit, "(&o)", &path);
    return get_property(bus, path, SYSTEMD1 ".Unit", property);
}

char *
own_unit_job(GDBusConnection *bus, uint32_t *id)
{
    const char *path;
    guint32 number = 0;
    g_autoptr(GVariant) job = unit_property(bus, "Job");
    if (job == NULL)
        return NULL;
    g_variant_get(job, "(u&o)", &number, &path);
    g_autoptr(GVariant) type =
        number != 0 ? get_property(bus, path, SYSTEMD1 ".Job", "JobType") : NULL;
    if (id != NULL)
        *id = number;
    return type != NULL ? g_variant_dup_string(type, NULL) : NULL;
}

bool
own_unit_is_there(GDBusConnection *bus)
{
    g_autoptr(GVariant) state = unit_property(bus, "ActiveState");
    const char *word = state != NULL ? g_variant_get_string(state, NULL) : "inactive";
    return strcmp(word, "inactive") != 0 && strcmp(word, "failed") != 0;
}

static void
job_removed(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
            const char *signal, GVariant *parameters, gpointer data)
{
    OwnUnitJobs *jobs = data;
    guint32 id;
    const char *unit, *result;
    if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(uoss)")))
        return;
    g_variant_get(parameters, "(u&o&s&s)", &id, NULL, &unit, &result);
    if (strcmp(unit, UNIT) == 0)
        g_hash_table_insert(jobs->ended, GUINT_TO_POINTER(id), g_strdup(result));
}

OwnUnitJobs *
own_unit_jobs_watch(GDBusConnection *bus)
{
    OwnUnitJobs *jobs = g_new0(OwnUnitJobs, 1);
    jobs->bus = bus;
    jobs->ended = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    jobs->subscription =
        g_dbus_connection_signal_subscribe(bus, SYSTEMD1, MANAGER, "JobRemoved", SYSTEMD1_PATH,
                                           NULL, G_DBUS_SIGNAL_FLAGS_NONE, job_removed, jobs, NULL);
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_sync(bus, SYSTEMD1, SYSTEMD1_PATH, MANAGER, "Subscribe", NULL, NULL,
                                    G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MS, NULL, NULL);
    jobs->subscribed = reply != NULL;
    return jobs;
}

void
own_unit_jobs_free(OwnUnitJobs *jobs)
{
    g_dbus_connection_signal_unsubscribe(jobs->bus, jobs->subscription);
    g_hash_table_unref(jobs->ended);
    g_free(jobs);
}

bool
own_unit_jobs_wait(OwnUnitJobs *jobs, uint32_t id)
{
    const char *result;
    if (!jobs->subscribed)
        return true;
    while ((result = g_hash_table_lookup(jobs->ended, GUINT_TO_POINTER(id))) == NULL)
        g_main_context_iteration(NULL, TRUE);
    return strcmp(result, "done") == 0;
}
