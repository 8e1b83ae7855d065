#include "config.h"

#include "daemon/own-unit.h"

#include <string.h>

#define SYSTEMD1      "org.freedesktop.systemd1"
#define SYSTEMD1_PATH "/org/freedesktop/systemd1"
#define MANAGER       SYSTEMD1 ".Manager"
#define UNIT          "ginneld.service"
#define TIMEOUT_MS    2000

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
unit_property(GDBusConnection *bus, const char *interface, const char *property)
{
    g_autoptr(GVariant) unit = g_dbus_connection_call_sync(
        bus, SYSTEMD1, SYSTEMD1_PATH, MANAGER, "GetUnit", g_variant_new("(s)", UNIT),
        G_VARIANT_TYPE("(o)"), G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MS, NULL, NULL);
    if (unit == NULL)
        return NULL;
    const char *path;
    g_variant_get(unit, "(&o)", &path);
    return get_property(bus, path, interface, property);
}

char *
own_unit_job(GDBusConnection *bus)
{
    const char *path;
    guint32 number = 0;
    g_autoptr(GVariant) job = unit_property(bus, SYSTEMD1 ".Unit", "Job");
    if (job == NULL)
        return NULL;
    g_variant_get(job, "(u&o)", &number, &path);
    g_autoptr(GVariant) type =
        number != 0 ? get_property(bus, path, SYSTEMD1 ".Job", "JobType") : NULL;
    return type != NULL ? g_variant_dup_string(type, NULL) : NULL;
}

bool
own_unit_is_there(GDBusConnection *bus)
{
    g_autoptr(GVariant) state = unit_property(bus, SYSTEMD1 ".Unit", "ActiveState");
    const char *word = state != NULL ? g_variant_get_string(state, NULL) : "inactive";
    return strcmp(word, "inactive") != 0 && strcmp(word, "failed") != 0;
}

bool
own_unit_is_coming(GDBusConnection *bus)
{
    g_autofree char *job = own_unit_job(bus);
    if (job != NULL)
        return strcmp(job, "start") == 0 || strcmp(job, "restart") == 0;
    /* "auto-restart"; since systemd 254 also "auto-restart-queued". */
    g_autoptr(GVariant) state = unit_property(bus, SYSTEMD1 ".Unit", "SubState");
    return state != NULL && g_str_has_prefix(g_variant_get_string(state, NULL), "auto-restart");
}

static void
job_removed(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
            const char *signal, GVariant *parameters, gpointer data)
{
    bool *ended = data;
    const char *unit;
    if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(uoss)")))
        return;
    g_variant_get(parameters, "(uo&s&s)", NULL, NULL, &unit, NULL);
    *ended = *ended || strcmp(unit, UNIT) == 0;
}

bool
own_unit_await(GDBusConnection *bus)
{
    bool ended = false;
    guint subscription = g_dbus_connection_signal_subscribe(
        bus, SYSTEMD1, MANAGER, "JobRemoved", SYSTEMD1_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
        job_removed, &ended, NULL);
    /* systemd says nothing otherwise. */
    g_autoptr(GVariant) subscribed =
        g_dbus_connection_call_sync(bus, SYSTEMD1, SYSTEMD1_PATH, MANAGER, "Subscribe", NULL, NULL,
                                    G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MS, NULL, NULL);
    while (subscribed != NULL && own_unit_is_coming(bus)) {
        /* Each way out of that state, a stop too, is a job that ends. */
        while (!ended)
            g_main_context_iteration(NULL, TRUE);
        ended = false;
    }
    g_dbus_connection_signal_unsubscribe(bus, subscription);
    return subscribed == NULL || own_unit_is_there(bus);
}
