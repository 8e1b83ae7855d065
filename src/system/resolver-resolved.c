#include "config.h"

#include "system/resolver-resolved.h"

#include "system/error.h"

#include <string.h>

#define SYSTEMD1        "org.freedesktop.systemd1"
#define NETWORKD_NAME   "org.freedesktop.network1"
#define RESOLVED_UNIT   "systemd-resolved.service"
#define CALL_TIMEOUT_MS 10000

static GVariant *
call(GDBusConnection *bus, const char *service, const char *path, const char *interface,
     const char *method, GVariant *arguments, GError **error)
{
    return g_dbus_connection_call_sync(bus, service, path, interface, method, arguments, NULL,
                                       G_DBUS_CALL_FLAGS_NONE, CALL_TIMEOUT_MS, NULL, error);
}

static GVariant *
call_systemd(GDBusConnection *bus, const char *method, GVariant *arguments, GError **error)
{
    return call(bus, SYSTEMD1, "/org/freedesktop/systemd1", SYSTEMD1 ".Manager", method, arguments,
                error);
}

/* Of a link that systemd-networkd manages systemd-resolved takes nothing (LinkBusy): networkd has
 * the same calls, and tells it. */
static bool
call_networkd(GDBusConnection *bus, const char *method, GVariant *arguments)
{
    bool revert = strcmp(method, "RevertLink") == 0;
    g_autoptr(GVariant) reply =
        call(bus, NETWORKD_NAME, "/org/freedesktop/network1", NETWORKD_NAME ".Manager",
             revert ? "RevertLinkDNS" : method, arguments, NULL);
    return reply != NULL;
}

static bool
is_link_busy(const GError *error)
{
    g_autofree char *name = g_dbus_error_get_remote_error(error);
    return g_strcmp0(name, RESOLVED_NAME ".LinkBusy") == 0;
}

/* Nobody has the name, and nobody can be started for it: what systemd says of units is one of its
 * own errors. */
static bool
is_absent(const GError *failed)
{
    g_autofree char *remote = g_dbus_error_get_remote_error(failed);
    return g_error_matches(failed, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
           g_error_matches(failed, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
           g_error_matches(failed, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND) ||
           (remote != NULL && g_str_has_prefix(remote, SYSTEMD1 "."));
}

/* Starting it may fail in other ways, which systemd calls by the names of other things. */
static bool
has_owner(GDBusConnection *bus)
{
    gboolean yes = TRUE;
    g_autoptr(GVariant) reply =
        call(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
             "NameHasOwner", g_variant_new("(s)", RESOLVED_NAME), NULL);
    if (reply != NULL && g_variant_is_of_type(reply, G_VARIANT_TYPE("(b)")))
        g_variant_get(reply, "(b)", &yes);
    return yes;
}

static void
say_absent(GError **error)
{
    g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_ABSENT,
                "systemd-resolved does not run, and nobody else can split names; as root: "
                "systemctl enable --now systemd-resolved");
}

/* What to do about it, where that is known. */
static void
explain(GDBusConnection *bus, GError *failed, const char *method, GError **error)
{
    g_autofree char *remote = g_dbus_error_get_remote_error(failed);
    bool absent = is_absent(failed) || !has_owner(bus);
    g_dbus_error_strip_remote_error(failed);
    if (absent)
        say_absent(error);
    else if (g_strcmp0(remote, "System.Error.E2BIG") == 0)
        g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_TOO_MANY,
                    "systemd-resolved takes no more domains for one link");
    else if (g_error_matches(failed, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD))
        g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE,
                    "systemd-resolved is too old: it has no %s, which came with version 246",
                    method);
    else
        g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED, "systemd-resolved, %s: %s", method,
                    failed->message);
}

/* ---- calls of systemd-resolved ---- */

#define BATCH_MAX 8

typedef struct _Batch Batch;

typedef struct {
    Batch *batch;
    const char *method;
    GVariant *arguments; /* NULL: none */
    GVariant *reply;     /* NULL: failed, once it is answered */
    GError *failed;
} BatchedCall;

/* Calls of which none needs another's answer: they are sent at once, and arrive in this order. */
struct _Batch {
    BatchedCall calls[BATCH_MAX];
    size_t n, answered;
};

static void
batch_add(Batch *batch, const char *method, GVariant *floating)
{
    g_return_if_fail(batch->n < BATCH_MAX);
    batch->calls[batch->n++] =
        (BatchedCall){ .batch = batch,
                       .method = method,
                       .arguments = floating != NULL ? g_variant_ref_sink(floating) : NULL };
}

static void
answered(GObject *bus, GAsyncResult *result, gpointer data)
{
    BatchedCall *one = data;
    one->reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, &one->failed);
    one->batch->answered++;
}

static void
batch_send(GDBusConnection *bus, Batch *batch)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_main_context_push_thread_default(context);
    for (size_t i = 0; i < batch->n; i++)
        g_dbus_connection_call(bus, RESOLVED_NAME, "/org/freedesktop/resolve1",
                               RESOLVED_NAME ".Manager", batch->calls[i].method,
                               batch->calls[i].arguments, NULL, G_DBUS_CALL_FLAGS_NONE,
                               CALL_TIMEOUT_MS, NULL, answered, &batch->calls[i]);
    while (batch->answered < batch->n)
        g_main_context_iteration(context, TRUE);
    g_main_context_pop_thread_default(context);
}

static bool
settle_call(GDBusConnection *bus, BatchedCall *one, GError **error)
{
    if (one->reply != NULL || (one->arguments != NULL && is_link_busy(one->failed) &&
                               call_networkd(bus, one->method, one->arguments)))
        return true;
    explain(bus, one->failed, one->method, error);
    return false;
}

/* Empties it; the error is the first one's. */
static bool
batch_run(GDBusConnection *bus, Batch *batch, GError **error)
{
    bool ok = true;
    batch_send(bus, batch);
    for (size_t i = 0; i < batch->n; i++) {
        BatchedCall *one = &batch->calls[i];
        ok = ok && settle_call(bus, one, error);
        g_clear_pointer(&one->arguments, g_variant_unref);
        g_clear_pointer(&one->reply, g_variant_unref);
        g_clear_error(&one->failed);
    }
    batch->n = batch->answered = 0;
    return ok;
}

static bool
call_resolved(GDBusConnection *bus, const char *method, GVariant *floating, GError **error)
{
    Batch batch = { 0 };
    batch_add(&batch, method, floating);
    return batch_run(bus, &batch, error);
}

/* ---- a link ---- */

/* What NetworkManager sets where the link is its own. */
static void
add_routing(Batch *batch, const ResolvedLink *link)
{
    int i = link->ifindex;
    batch_add(batch, "SetLinkLLMNR", g_variant_new("(is)", i, "no"));
    batch_add(batch, "SetLinkMulticastDNS", g_variant_new("(is)", i, "no"));
    batch_add(batch, "SetLinkDefaultRoute", g_variant_new("(ib)", i, link->default_route));
    batch_add(batch, "SetLinkDomains", g_variant_new("(i@a(sb))", i, link->domains));
}

/* The server comes last, once all else is in force: until then nothing is asked over the link. What
 * is plain is so on purpose, and stays so whatever the machine demands of servers outside: the
 * tunnel encrypts. */
bool
resolved_set_link(GDBusConnection *bus, const ResolvedLink *link, GError **error)
{
    int i = link->ifindex;
    Batch batch = { 0 };
    if (!link->by_other)
        add_routing(&batch, link);
    batch_add(&batch, "SetLinkDNSSEC", g_variant_new("(is)", i, link->dnssec));
    batch_add(&batch, "SetLinkDNSSECNegativeTrustAnchors",
              g_variant_new("(i@as)", i, link->negative));
    if (link->sets_servers)
        batch_add(&batch, "SetLinkDNSOverTLS",
                  g_variant_new("(is)", i, link->encrypted ? "yes" : "no"));
    return batch_run(bus, &batch, error) &&
           (!link->sets_servers ||
            call_resolved(bus, "SetLinkDNSEx", g_variant_new("(i@a(iayqs))", i, link->servers),
                          error));
}

void
resolved_revert_link(GDBusConnection *bus, int ifindex)
{
    call_resolved(bus, "RevertLink", g_variant_new("(i)", ifindex), NULL);
}

void
resolved_flush_caches(GDBusConnection *bus)
{
    call_resolved(bus, "FlushCaches", NULL, NULL);
}

/* ---- its anchor files ---- */

typedef struct {
    const char *job;
    char *result;
    bool late;
} JobWait;

static void
job_removed(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
            const char *signal, GVariant *parameters, gpointer data)
{
    JobWait *wait = data;
    const char *job, *result;
    if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(uoss)")))
        return;
    g_variant_get(parameters, "(u&o&s&s)", NULL, &job, NULL, &result);
    if (wait->job != NULL && strcmp(job, wait->job) == 0 && wait->result == NULL)
        wait->result = g_strdup(result);
}

static gboolean
wait_over(gpointer data)
{
    ((JobWait *)data)->late = true;
    return G_SOURCE_REMOVE;
}

/* A reload from version 256 on, before that a restart, which keeps the links' settings. The sixth
 * restart in ten seconds would leave systemd-resolved failed, and the machine without DNS:
 * resetting first makes systemd forget the others. */
static GVariant *
start_reload(GDBusConnection *bus, GError **error)
{
    g_autoptr(GVariant) reset =
        call_systemd(bus, "ResetFailedUnit", g_variant_new("(s)", RESOLVED_UNIT), error);
    if (reset == NULL)
        return NULL;
    return call_systemd(bus, "ReloadOrTryRestartUnit",
                        g_variant_new("(ss)", RESOLVED_UNIT, "replace"), error);
}

static void
wait_for_job(GMainContext *context, JobWait *wait)
{
    g_autoptr(GSource) timeout = g_timeout_source_new(CALL_TIMEOUT_MS);
    g_source_set_callback(timeout, wait_over, wait, NULL);
    g_source_attach(timeout, context);
    while (wait->result == NULL && !wait->late)
        g_main_context_iteration(context, TRUE);
    g_source_destroy(timeout);
}

bool
resolved_reload(GDBusConnection *bus, GError **error)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    JobWait wait = { 0 };
    g_main_context_push_thread_default(context);
    guint id = g_dbus_connection_signal_subscribe(
        bus, SYSTEMD1, SYSTEMD1 ".Manager", "JobRemoved", "/org/freedesktop/systemd1", NULL,
        G_DBUS_SIGNAL_FLAGS_NONE, job_removed, &wait, NULL);
    /* Refused where we have subscribed already. */
    g_autoptr(GVariant) subscribed = call_systemd(bus, "Subscribe", NULL, NULL);
    g_autoptr(GError) failed = NULL;
    g_autoptr(GVariant) reply = start_reload(bus, &failed);
    if (reply != NULL && g_variant_is_of_type(reply, G_VARIANT_TYPE("(o)"))) {
        g_variant_get(reply, "(&o)", &wait.job);
        wait_for_job(context, &wait);
    }
    g_dbus_connection_signal_unsubscribe(bus, id);
    while (g_main_context_iteration(context, FALSE))
        ;
    g_main_context_pop_thread_default(context);
    bool ok = g_strcmp0(wait.result, "done") == 0;
    if (reply != NULL && !ok)
        g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE, "reloading %s: %s",
                    RESOLVED_UNIT, wait.result != NULL ? wait.result : "no answer");
    if (reply == NULL && is_absent(failed))
        say_absent(error);
    else if (reply == NULL)
        g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE, "reloading %s: %s",
                    RESOLVED_UNIT, failed->message);
    g_free(wait.result);
    return ok;
}
