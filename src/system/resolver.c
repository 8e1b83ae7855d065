#include "config.h"

#include "system/resolver.h"

#include "system/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESOLVE1        "org.freedesktop.resolve1"
#define SYSTEMD1        "org.freedesktop.systemd1"
#define RESOLVED_UNIT   "systemd-resolved.service"
#define CALL_TIMEOUT_MS 10000
/* systemd lets a unit start five times in ten seconds; the sixth leaves the machine without DNS. */
#define RELOADS_MAX      3
#define RELOAD_WINDOW_US (10 * G_USEC_PER_SEC)

struct _Resolver {
    GDBusConnection *bus;
    GThreadPool *pool;           /* one thread: order, and one reload at a time */
    gint64 reloads[RELOADS_MAX]; /* when the last ones were; used by the thread only */
};

typedef struct {
    GTask *task;
    char *interface;
    int ifindex;
    bool revert;
    char *anchors;                          /* text of the file, "" for none */
    GVariant *servers, *domains, *negative; /* floating taken */
    bool default_route, validate;
} ResolverJob;

static void
job_free(ResolverJob *job)
{
    g_object_unref(job->task);
    g_free(job->interface);
    g_free(job->anchors);
    g_clear_pointer(&job->servers, g_variant_unref);
    g_clear_pointer(&job->domains, g_variant_unref);
    g_clear_pointer(&job->negative, g_variant_unref);
    g_free(job);
}

/* ---- the anchor file ---- */

static char *
anchor_path(const char *interface)
{
    return g_strdup_printf("%s/%s%s.positive", RESOLVER_ANCHOR_FOLDER, RESOLVER_ANCHOR_PREFIX,
                           interface);
}

static bool
fail_errno(GError **error, const char *what)
{
    int code = errno;
    g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED, "%s: %s", what, g_strerror(code));
    return false;
}

/* Whole or not at all, and readable for the resolver's user whatever our umask is. */
static bool
write_anchors(const char *path, const char *text, GError **error)
{
    g_autofree char *draft = g_strdup_printf("%s.new", path);
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return fail_errno(error, draft);
    size_t length = strlen(text);
    bool ok = write(fd, text, length) == (ssize_t)length && fchmod(fd, 0644) == 0;
    close(fd);
    if (ok && rename(draft, path) == 0)
        return true;
    fail_errno(error, path);
    unlink(draft);
    return false;
}

/* Makes the file hold text; *changed tells whether it did not. */
static bool
set_anchors(const char *interface, const char *text, bool *changed, GError **error)
{
    g_autofree char *path = anchor_path(interface);
    g_autofree char *before = NULL;
    *changed = false;
    if (!g_file_get_contents(path, &before, NULL, NULL))
        before = g_strdup("");
    if (strcmp(before, text) == 0)
        return true;
    *changed = true;
    if (*text != '\0')
        return write_anchors(path, text, error);
    return unlink(path) == 0 || errno == ENOENT || fail_errno(error, path);
}

/* ---- calls ---- */

static GVariant *
call(GDBusConnection *bus, const char *service, const char *path, const char *interface,
     const char *method, GVariant *arguments, GError **error)
{
    return g_dbus_connection_call_sync(bus, service, path, interface, method, arguments, NULL,
                                       G_DBUS_CALL_FLAGS_NONE, CALL_TIMEOUT_MS, NULL, error);
}

static bool
call_resolved(GDBusConnection *bus, const char *method, GVariant *arguments, GError **error)
{
    g_autoptr(GVariant) reply = call(bus, RESOLVE1, "/org/freedesktop/resolve1",
                                     RESOLVE1 ".Manager", method, arguments, error);
    if (reply != NULL)
        return true;
    if (error != NULL) {
        g_dbus_error_strip_remote_error(*error);
        g_prefix_error(error, "systemd-resolved, %s: ", method);
    }
    return false;
}

typedef struct {
    const char *job;
    char *result;
} JobWait;

static void
job_removed(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
            const char *signal, GVariant *parameters, gpointer data)
{
    JobWait *wait = data;
    const char *job, *result;
    g_variant_get(parameters, "(u&o&s&s)", NULL, &job, NULL, &result);
    if (wait->job != NULL && strcmp(job, wait->job) == 0 && wait->result == NULL)
        wait->result = g_strdup(result);
}

static gboolean
wait_over(gpointer data)
{
    *(bool *)data = true;
    return G_SOURCE_REMOVE;
}

static GVariant *
start_reload(GDBusConnection *bus, GError **error)
{
    return call(bus, SYSTEMD1, "/org/freedesktop/systemd1", SYSTEMD1 ".Manager",
                "ReloadOrTryRestartUnit", g_variant_new("(ss)", RESOLVED_UNIT, "replace"), error);
}

/* A unit that ran into its start limit is let out of it first. */
static GVariant *
start_reload_at_last(GDBusConnection *bus, GError **error)
{
    g_autoptr(GVariant) reset =
        call(bus, SYSTEMD1, "/org/freedesktop/systemd1", SYSTEMD1 ".Manager", "ResetFailedUnit",
             g_variant_new("(s)", RESOLVED_UNIT), NULL);
    return start_reload(bus, error);
}

/* Has systemd-resolved read the anchor files: a reload from version 256 on, before that a restart,
 * which keeps the links' settings. Waits until it is done. */
static bool
reload_resolved(GDBusConnection *bus, GError **error)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    JobWait wait = { 0 };
    bool late = false;
    g_main_context_push_thread_default(context);
    guint id = g_dbus_connection_signal_subscribe(
        bus, SYSTEMD1, SYSTEMD1 ".Manager", "JobRemoved", "/org/freedesktop/systemd1", NULL,
        G_DBUS_SIGNAL_FLAGS_NONE, job_removed, &wait, NULL);
    g_autoptr(GVariant) subscribed = call(bus, SYSTEMD1, "/org/freedesktop/systemd1",
                                          SYSTEMD1 ".Manager", "Subscribe", NULL, NULL);
    g_autoptr(GVariant) reply = start_reload(bus, NULL);
    if (reply == NULL)
        reply = start_reload_at_last(bus, error);
    if (reply != NULL) {
        g_autoptr(GSource) timeout = g_timeout_source_new(CALL_TIMEOUT_MS);
        g_variant_get(reply, "(&o)", &wait.job);
        g_source_set_callback(timeout, wait_over, &late, NULL);
        g_source_attach(timeout, context);
        while (wait.result == NULL && !late)
            g_main_context_iteration(context, TRUE);
        g_source_destroy(timeout);
    }
    g_dbus_connection_signal_unsubscribe(bus, id);
    while (g_main_context_iteration(context, FALSE))
        ;
    g_main_context_pop_thread_default(context);
    bool ok = wait.result != NULL && strcmp(wait.result, "done") == 0;
    if (reply != NULL && !ok)
        g_set_error(error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE, "reloading %s: %s",
                    RESOLVED_UNIT, wait.result != NULL ? wait.result : "no answer");
    g_free(wait.result);
    return ok;
}

/* Not before the start limit allows it. */
static bool
reload_in_time(Resolver *resolver, GError **error)
{
    gint64 now = g_get_monotonic_time();
    gint64 earliest = resolver->reloads[0] + RELOAD_WINDOW_US;
    if (resolver->reloads[0] != 0 && earliest > now)
        g_usleep((gulong)(earliest - now));
    memmove(&resolver->reloads[0], &resolver->reloads[1],
            (RELOADS_MAX - 1) * sizeof resolver->reloads[0]);
    resolver->reloads[RELOADS_MAX - 1] = g_get_monotonic_time();
    return reload_resolved(resolver->bus, error);
}

/* The link's settings, after the anchors: the other order has a window in which names fail. */
static bool
set_link(GDBusConnection *bus, const ResolverJob *job, GError **error)
{
    int i = job->ifindex;
    return call_resolved(bus, "SetLinkLLMNR", g_variant_new("(is)", i, "no"), error) &&
           call_resolved(bus, "SetLinkMulticastDNS", g_variant_new("(is)", i, "no"), error) &&
           call_resolved(bus, "SetLinkDefaultRoute", g_variant_new("(ib)", i, job->default_route),
                         error) &&
           call_resolved(bus, "SetLinkDomains", g_variant_new("(i@a(sb))", i, job->domains),
                         error) &&
           call_resolved(bus, "SetLinkDNSSEC",
                         g_variant_new("(is)", i, job->validate ? "yes" : "no"), error) &&
           call_resolved(bus, "SetLinkDNSSECNegativeTrustAnchors",
                         g_variant_new("(i@as)", i, job->negative), error) &&
           call_resolved(bus, "SetLinkDNSEx", g_variant_new("(i@a(iayqs))", i, job->servers),
                         error);
}

static void
run_job(gpointer data, gpointer user_data)
{
    ResolverJob *job = data;
    Resolver *resolver = user_data;
    GError *error = NULL;
    bool changed;
    bool ok;
    if (job->revert) {
        /* The link may be gone, and its settings with it. */
        call_resolved(resolver->bus, "RevertLink", g_variant_new("(i)", job->ifindex), NULL);
        ok = set_anchors(job->interface, "", &changed, &error);
    } else {
        ok = set_anchors(job->interface, job->anchors, &changed, &error);
    }
    if (ok && changed)
        ok = reload_in_time(resolver, &error);
    if (ok && !job->revert)
        ok = set_link(resolver->bus, job, &error);
    call_resolved(resolver->bus, "FlushCaches", NULL, NULL);
    if (ok)
        g_task_return_boolean(job->task, TRUE);
    else
        g_task_return_error(job->task, error);
    job_free(job);
}

Resolver *
resolver_new(GDBusConnection *bus)
{
    Resolver *resolver = g_new0(Resolver, 1);
    resolver->bus = g_object_ref(bus);
    resolver->pool = g_thread_pool_new(run_job, resolver, 1, FALSE, NULL);
    return resolver;
}

void
resolver_free(Resolver *resolver)
{
    if (resolver == NULL)
        return;
    g_thread_pool_free(resolver->pool, FALSE, TRUE);
    g_object_unref(resolver->bus);
    g_free(resolver);
}

static GVariant *
servers_variant(const SplitDnsPlan *plan)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(iayqs)"));
    for (guint i = 0; i < plan->servers->len; i++) {
        const InetAddress *server = &g_array_index(plan->servers, InetAddress, i);
        GVariant *octets = g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, server->octets,
                                                     inet_family_length(server->family), 1);
        g_variant_builder_add(&list, "(i@ayqs)", server->family == INET_V4 ? AF_INET : AF_INET6,
                              octets, (guint16)0, "");
    }
    return g_variant_ref_sink(g_variant_builder_end(&list));
}

static GVariant *
domains_variant(const SplitDnsPlan *plan)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(sb)"));
    for (guint i = 0; i < plan->domains->len; i++) {
        const SplitDnsDomain *domain = plan->domains->pdata[i];
        g_variant_builder_add(&list, "(sb)", domain->name, !domain->search);
    }
    if (plan->all_names)
        g_variant_builder_add(&list, "(sb)", ".", TRUE);
    return g_variant_ref_sink(g_variant_builder_end(&list));
}

static GVariant *
negative_variant(const SplitDnsPlan *plan)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("as"));
    for (guint i = 0; i < plan->negative->len; i++)
        g_variant_builder_add(&list, "s", plan->negative->pdata[i]);
    return g_variant_ref_sink(g_variant_builder_end(&list));
}

void
resolver_apply_async(Resolver *resolver, const char *interface, int ifindex,
                     const SplitDnsPlan *plan, GAsyncReadyCallback callback, gpointer user_data)
{
    ResolverJob *job = g_new0(ResolverJob, 1);
    job->task = g_task_new(NULL, NULL, callback, user_data);
    job->interface = g_strdup(interface);
    job->ifindex = ifindex;
    job->revert = plan == NULL || plan->servers->len == 0;
    if (!job->revert) {
        job->anchors = trust_anchors_to_file(plan->anchors);
        job->servers = servers_variant(plan);
        job->domains = domains_variant(plan);
        job->negative = negative_variant(plan);
        job->default_route = plan->all_names;
        job->validate = plan->validate;
    }
    g_thread_pool_push(resolver->pool, job, NULL);
}

bool
resolver_apply_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

static bool
is_kept(const char *file, const char *const *keep)
{
    for (; keep != NULL && *keep != NULL; keep++) {
        g_autofree char *name = g_strdup_printf("%s%s.positive", RESOLVER_ANCHOR_PREFIX, *keep);
        if (strcmp(file, name) == 0)
            return true;
    }
    return false;
}

void
resolver_clean(GDBusConnection *bus, const char *const *keep)
{
    g_autoptr(GDir) folder = g_dir_open(RESOLVER_ANCHOR_FOLDER, 0, NULL);
    bool removed = false;
    const char *file;
    while (folder != NULL && (file = g_dir_read_name(folder)) != NULL) {
        if (!g_str_has_prefix(file, RESOLVER_ANCHOR_PREFIX) || is_kept(file, keep))
            continue;
        g_autofree char *path = g_build_filename(RESOLVER_ANCHOR_FOLDER, file, NULL);
        removed = unlink(path) == 0 || removed;
    }
    if (removed && bus != NULL)
        reload_resolved(bus, NULL);
}
