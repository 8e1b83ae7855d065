#include "config.h"

#include "system/resolver.h"

#include "system/error.h"
#include "system/resolver-resolved.h"

#include <glib-unix.h>
#include <net/if.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

/* systemd starts a service five times in 10 s; one of them is left to others. */
#define RELOADS_MAX      4
#define RELOAD_WINDOW_US (10 * G_USEC_PER_SEC)
/* Anchors of a link that is gone do no harm for a while, and the next connection may want them
 * again: for them alone there are so many, so that those are left for which somebody waits. */
#define RELOADS_TO_LEAVE 2
/* How long a setting that somebody else took away may be missing: looked for when resolved writes
 * its files anew, which it does for servers, domains and default routes; who takes away no more
 * than DNSSEC or DNS over TLS is found later, but on a machine that demands DNS over TLS. */
#define CHECK_INTERVAL_S 20
#define CHECK_REST_S     300
/* A change comes in several calls. */
#define CHECK_GATHER_S 1
#define STATE_FOLDER   "/run/systemd/resolve"

#define DNS_PORT          53
#define DNS_OVER_TLS_PORT 853 /* RFC 7858, section 3.1 */

typedef struct {
    GTask *task; /* NULL: nobody waits */
    ResolvedLink *link;
    bool check;      /* only where something is not as it should be */
    bool changed;    /* the keys of its interface have to be read anew */
    bool superseded; /* another job of the same batch is for the same link, and counts */
    bool settled;
    GError *error;
} ResolverJob;

struct _Resolver {
    GDBusConnection *bus;
    char *folder;
    GThread *thread;
    GAsyncQueue *queue; /* ResolverJob; the address of the resolver itself ends the thread */
    GHashTable *links;  /* ifindex -> ResolvedLink: what is in force; main thread only */
    guint watch, timer;
    gint64 checked, check_due; /* monotonic; checked: 0 where the next change is looked at soon */
    const char *state_folder;  /* where resolved writes what is in force; NULL: not watched */
    int inotify;               /* of that folder; -1: it is not there */
    guint changes;
    char *owner;       /* of resolved's bus name */
    bool checks_names; /* the machine demands DNS over TLS everywhere */
    bool keeps_lost_links;
    GCancellable *cancellable;

    /* The thread's. */
    GPtrArray *waiting;  /* ResolverJob: their anchors have not been read yet */
    GHashTable *leaving; /* interfaces whose anchors are still there */
    bool dirty;          /* files have changed since they were read */
    bool broken;         /* the last reload failed: not tried again without a reason */
    gint64 window_us, reloads[RELOADS_MAX]; /* when, the oldest overwritten */
    guint n_reloads;
};

static void
link_clear(gpointer data)
{
    ResolvedLink *link = data;
    g_free(link->interface);
    g_free(link->anchors);
    g_clear_pointer(&link->servers, g_variant_unref);
    g_clear_pointer(&link->domains, g_variant_unref);
    g_clear_pointer(&link->negative, g_variant_unref);
}

static void
link_unref(gpointer data)
{
    g_atomic_rc_box_release_full(data, link_clear);
}

/* ---- the thread ---- */

/* 0 where there were fewer than most in the window; else when there will be. */
static gint64
time_until_reload(const Resolver *resolver, guint most)
{
    if (resolver->n_reloads < most)
        return 0;
    gint64 oldest = resolver->reloads[(resolver->n_reloads - most) % RELOADS_MAX];
    return MAX(0, oldest + resolver->window_us - g_get_monotonic_time());
}

static gpointer
pop_first(Resolver *resolver)
{
    bool leaving = g_hash_table_size(resolver->leaving) > 0;
    if (!(resolver->dirty || leaving) || resolver->broken)
        return g_async_queue_pop(resolver->queue);
    gint64 wait = time_until_reload(resolver, resolver->dirty ? RELOADS_MAX : RELOADS_TO_LEAVE);
    return g_async_queue_timeout_pop(resolver->queue, (guint64)wait);
}

/* The last word about a link counts; a check is none. */
static void
supersede(ResolverJob *earlier, ResolverJob *later)
{
    if (earlier->link->ifindex != later->link->ifindex)
        return;
    if (later->check && !earlier->superseded)
        later->superseded = true;
    else
        earlier->superseded = true;
}

/* All that has been asked for since the last batch, so that one reload serves it. */
static GPtrArray *
pop_batch(Resolver *resolver, bool *last)
{
    GPtrArray *batch = g_ptr_array_new();
    gpointer next = pop_first(resolver);
    for (; next != NULL && next != resolver; next = g_async_queue_try_pop(resolver->queue)) {
        ResolverJob *job = next;
        for (guint i = 0; i < batch->len; i++)
            supersede(batch->pdata[i], job);
        for (guint i = 0; i < resolver->waiting->len; i++)
            supersede(resolver->waiting->pdata[i], job);
        g_ptr_array_add(batch, job);
    }
    *last = next == resolver;
    return batch;
}

static void
finish_job(ResolverJob *job)
{
    if (job->task != NULL && job->error != NULL)
        g_task_return_error(job->task, g_steal_pointer(&job->error));
    else if (job->task != NULL)
        g_task_return_boolean(job->task, TRUE);
    else if (job->error != NULL)
        g_warning("%s: %s", job->link->interface, job->error->message);
    g_clear_error(&job->error);
    g_clear_object(&job->task);
    link_unref(job->link);
    g_free(job);
}

/* True where they have to be read anew. */
static bool
set_anchors(Resolver *resolver, const char *interface, const char *anchors, GError **error)
{
    bool changed = false;
    anchor_files_set(resolver->folder, interface, anchors, &changed, error);
    resolver->dirty = resolver->dirty || changed;
    return changed;
}

static void
prepare_job(Resolver *resolver, ResolverJob *job)
{
    const ResolvedLink *link = job->link;
    if (job->superseded)
        return;
    if (link->revert) {
        resolved_revert_link(resolver->bus, link->ifindex);
        g_hash_table_add(resolver->leaving, g_strdup(link->interface));
        return;
    }
    g_hash_table_remove(resolver->leaving, link->interface);
    job->changed = set_anchors(resolver, link->interface, link->anchors, &job->error);
}

static void
take_away_leaving(Resolver *resolver)
{
    GHashTableIter iter;
    gpointer interface;
    g_hash_table_iter_init(&iter, resolver->leaving);
    while (g_hash_table_iter_next(&iter, &interface, NULL)) {
        g_autoptr(GError) error = NULL;
        set_anchors(resolver, interface, "", &error);
        if (error != NULL)
            g_warning("%s: %s", (const char *)interface, error->message);
        g_hash_table_iter_remove(&iter);
    }
}

/* Whether there are reloads left for what waits. */
static bool
has_turn(const Resolver *resolver, bool last)
{
    if (last)
        return true;
    bool leaves = g_hash_table_size(resolver->leaving) > 0 &&
                  time_until_reload(resolver, RELOADS_TO_LEAVE) == 0;
    return leaves || (resolver->dirty && time_until_reload(resolver, RELOADS_MAX) == 0);
}

static void
set_link(Resolver *resolver, ResolverJob *job)
{
    if (!resolved_set_link(resolver->bus, job->link, &job->error))
        return;
    const char *difference = resolved_link_difference(resolver->bus, job->link);
    if (difference != NULL)
        g_set_error(&job->error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED,
                    "systemd-resolved did not keep the link's %s", difference);
}

/* True where names may be answered otherwise now. */
static bool
settle_job(Resolver *resolver, ResolverJob *job, const GError *reload_error)
{
    job->settled = true;
    if (job->superseded || job->error != NULL)
        return false;
    if (job->check && resolved_link_difference(resolver->bus, job->link) == NULL)
        return false;
    if (reload_error != NULL && *job->link->anchors != '\0')
        job->error = g_error_copy(reload_error);
    else if (!job->link->revert)
        set_link(resolver, job);
    return true;
}

static void
reload(Resolver *resolver, GError **error)
{
    resolver->reloads[resolver->n_reloads++ % RELOADS_MAX] = g_get_monotonic_time();
    resolver->broken = !resolved_reload(resolver->bus, error);
    resolver->dirty = resolver->broken;
    if (resolver->broken)
        g_warning("%s", (*error)->message);
}

/* For keys of its own, or for the keys of whoever had its interface before to be gone. */
static bool
needs_reload(const ResolverJob *job)
{
    return *job->link->anchors != '\0' || job->changed;
}

/* What goes, goes before the anchors; what comes, comes after them: the other order has a moment in
 * which names fail. Where a reload has to wait its turn, what needs no anchor does not wait. */
static void
run_batch(Resolver *resolver, GPtrArray *batch, bool last)
{
    g_autoptr(GError) reload_error = NULL;
    for (guint i = 0; i < batch->len; i++)
        prepare_job(resolver, batch->pdata[i]);
    bool turn = has_turn(resolver, last);
    if (turn)
        take_away_leaving(resolver);
    bool due = turn && resolver->dirty && !(resolver->broken && (last || batch->len == 0));
    if (due)
        reload(resolver, &reload_error);
    bool flush = due;
    for (guint i = 0; i < batch->len; i++)
        g_ptr_array_add(resolver->waiting, batch->pdata[i]);
    for (guint i = 0; i < resolver->waiting->len; i++) {
        ResolverJob *job = resolver->waiting->pdata[i];
        if (due || last || !resolver->dirty || job->superseded || !needs_reload(job))
            flush = settle_job(resolver, job, reload_error) || flush;
    }
    /* One cache for all links (RFC 8598, section 5: flushed when names go). */
    if (flush)
        resolved_flush_caches(resolver->bus);
}

static void
finish_settled(Resolver *resolver)
{
    GPtrArray *all = g_steal_pointer(&resolver->waiting);
    resolver->waiting = g_ptr_array_new();
    for (guint i = 0; i < all->len; i++) {
        ResolverJob *job = all->pdata[i];
        if (job->settled)
            finish_job(job);
        else
            g_ptr_array_add(resolver->waiting, job);
    }
    g_ptr_array_unref(all);
}

static gpointer
run(gpointer data)
{
    Resolver *resolver = data;
    bool last = false;
    while (!last) {
        g_autoptr(GPtrArray) batch = pop_batch(resolver, &last);
        run_batch(resolver, batch, last);
        finish_settled(resolver);
    }
    return NULL;
}

/* ---- the main thread ---- */

static void
push(Resolver *resolver, ResolvedLink *link, GTask *task, bool check)
{
    ResolverJob *job = g_new0(ResolverJob, 1);
    job->check = check;
    job->link = g_atomic_rc_box_acquire(link);
    job->task = task;
    g_async_queue_push(resolver->queue, job);
}

static ResolvedLink *
link_new_reverted(const char *interface, int ifindex)
{
    ResolvedLink *link = g_atomic_rc_box_new0(ResolvedLink);
    link->interface = g_strdup(interface);
    link->ifindex = ifindex;
    link->revert = true;
    link->anchors = g_strdup("");
    return link;
}

/* A link that is gone has taken its settings along, but not its anchors, which would break what the
 * world outside says of their domains. */
void
resolver_check(Resolver *resolver)
{
    GHashTableIter iter;
    gpointer key, link;
    char name[IF_NAMESIZE];
    g_hash_table_iter_init(&iter, resolver->links);
    while (g_hash_table_iter_next(&iter, &key, &link)) {
        if (resolver->keeps_lost_links ||
            if_indextoname((unsigned)GPOINTER_TO_INT(key), name) != NULL) {
            push(resolver, link, NULL, true);
            continue;
        }
        const char *interface = ((ResolvedLink *)link)->interface;
        g_warning("%s: the device is gone, and its names with it", interface);
        ResolvedLink *reverted = link_new_reverted(interface, GPOINTER_TO_INT(key));
        push(resolver, reverted, NULL, false);
        link_unref(reverted);
        g_hash_table_iter_remove(&iter);
    }
}

static gboolean check_again(gpointer data);

static void
check_within(Resolver *resolver, guint seconds)
{
    gint64 due = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
    if (resolver->timer != 0 && resolver->check_due <= due)
        return;
    g_clear_handle_id(&resolver->timer, g_source_remove);
    resolver->check_due = due;
    resolver->timer = g_timeout_add_seconds(seconds, check_again, resolver);
}

/* Nothing is looked at where nothing is in force. */
static void
wait_for_check(Resolver *resolver)
{
    bool told = resolver->inotify >= 0 && !resolver->checks_names;
    if (g_hash_table_size(resolver->links) > 0)
        check_within(resolver, told ? CHECK_REST_S : CHECK_INTERVAL_S);
}

static gboolean
check_again(gpointer data)
{
    Resolver *resolver = data;
    resolver->timer = 0;
    resolver->checked = g_get_monotonic_time();
    resolver_check(resolver);
    wait_for_check(resolver);
    return G_SOURCE_REMOVE;
}

static void
stop_watching_changes(Resolver *resolver)
{
    g_clear_handle_id(&resolver->changes, g_source_remove);
    if (resolver->inotify >= 0)
        close(resolver->inotify);
    resolver->inotify = -1;
}

/* Takes what is there to be read. True: the folder itself is gone. */
static bool
read_changes(int fd)
{
    char octets[4096];
    bool gone = false;
    ssize_t n;
    while ((n = read(fd, octets, sizeof octets)) > 0) {
        struct inotify_event event;
        for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof event + event.len)) {
            memcpy(&event, octets + at, sizeof event);
            gone = gone || (event.mask & IN_IGNORED) != 0;
        }
    }
    return gone;
}

static gboolean
settings_changed(int fd, GIOCondition condition, gpointer data)
{
    Resolver *resolver = data;
    bool gone = read_changes(fd);
    gint64 wait = CHECK_INTERVAL_S - (g_get_monotonic_time() - resolver->checked) / G_USEC_PER_SEC;
    if (g_hash_table_size(resolver->links) > 0)
        check_within(resolver, (guint)MAX(wait, CHECK_GATHER_S));
    if (!gone)
        return G_SOURCE_CONTINUE;
    resolver->changes = 0;
    stop_watching_changes(resolver);
    wait_for_check(resolver);
    return G_SOURCE_REMOVE;
}

void
resolver_watch_changes(Resolver *resolver, const char *folder)
{
    stop_watching_changes(resolver);
    resolver->state_folder = folder;
    resolver->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (resolver->inotify < 0)
        return;
    if (inotify_add_watch(resolver->inotify, folder, IN_MOVED_TO | IN_DELETE | IN_ONLYDIR) < 0)
        stop_watching_changes(resolver);
    else
        resolver->changes = g_unix_fd_add(resolver->inotify, G_IO_IN, settings_changed, resolver);
}

static void
read_tls_mode(GObject *bus, GAsyncResult *result, gpointer data)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, NULL);
    g_autoptr(GVariant) value = NULL;
    if (reply == NULL)
        return; /* also where the resolver is gone */
    g_variant_get(reply, "(v)", &value);
    Resolver *resolver = data;
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING))
        resolver->checks_names = strcmp(g_variant_get_string(value, NULL), "yes") == 0;
    wait_for_check(resolver);
}

void
resolver_keep_lost_links(Resolver *resolver)
{
    resolver->keeps_lost_links = true;
}

bool
resolver_checks_names(const Resolver *resolver)
{
    return resolver->checks_names;
}

/* Another systemd-resolved: it keeps what links have over a restart, but not over all that may have
 * happened. */
static void
resolved_appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer data)
{
    Resolver *resolver = data;
    bool other = resolver->owner != NULL && strcmp(resolver->owner, owner) != 0;
    g_free(resolver->owner);
    resolver->owner = g_strdup(owner);
    resolver->checks_names = false;
    g_dbus_connection_call(
        bus, RESOLVED_NAME, "/org/freedesktop/resolve1", "org.freedesktop.DBus.Properties", "Get",
        g_variant_new("(ss)", RESOLVED_NAME ".Manager", "DNSOverTLS"), G_VARIANT_TYPE("(v)"),
        G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, resolver->cancellable, read_tls_mode, resolver);
    if (other)
        resolver_check(resolver);
    if (resolver->state_folder != NULL && resolver->inotify < 0)
        resolver_watch_changes(resolver, resolver->state_folder);
}

Resolver *
resolver_new_in(GDBusConnection *bus, const char *folder, gint64 window_us)
{
    Resolver *resolver = g_new0(Resolver, 1);
    resolver->bus = g_object_ref(bus);
    resolver->folder = g_strdup(folder);
    resolver->queue = g_async_queue_new();
    resolver->links = g_hash_table_new_full(NULL, NULL, NULL, link_unref);
    resolver->waiting = g_ptr_array_new();
    resolver->leaving = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    resolver->cancellable = g_cancellable_new();
    resolver->window_us = window_us;
    resolver->inotify = -1;
    resolver->watch = g_bus_watch_name_on_connection(
        bus, RESOLVED_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, resolved_appeared, NULL, resolver, NULL);
    resolver->thread = g_thread_new("resolver", run, resolver);
    return resolver;
}

Resolver *
resolver_new(GDBusConnection *bus)
{
    Resolver *resolver = resolver_new_in(bus, ANCHOR_FILES_FOLDER, RELOAD_WINDOW_US);
    resolver_watch_changes(resolver, STATE_FOLDER);
    return resolver;
}

void
resolver_free(Resolver *resolver)
{
    if (resolver == NULL)
        return;
    g_cancellable_cancel(resolver->cancellable);
    g_object_unref(resolver->cancellable);
    g_bus_unwatch_name(resolver->watch);
    stop_watching_changes(resolver);
    g_clear_handle_id(&resolver->timer, g_source_remove);
    g_async_queue_push(resolver->queue, resolver);
    g_thread_join(resolver->thread);
    g_async_queue_unref(resolver->queue);
    g_ptr_array_unref(resolver->waiting);
    g_hash_table_unref(resolver->leaving);
    g_hash_table_unref(resolver->links);
    g_object_unref(resolver->bus);
    g_free(resolver->folder);
    g_free(resolver->owner);
    g_free(resolver);
}

static bool
has_stub(const SplitDnsPlan *plan)
{
    return plan->stub.address.family != INET_NONE;
}

static void
add_server(GVariantBuilder *list, const InetAddress *address, uint16_t port, const char *name)
{
    GVariant *octets = g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, address->octets,
                                                 inet_family_length(address->family), 1);
    /* The usual port is kept as 0, and would not be read back as it was written. */
    g_variant_builder_add(list, "(i@ayqs)", address->family == INET_V4 ? AF_INET : AF_INET6, octets,
                          port == (name != NULL ? DNS_OVER_TLS_PORT : DNS_PORT) ? 0 : port,
                          name != NULL ? name : "");
}

static GVariant *
servers_variant(const SplitDnsPlan *plan)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(iayqs)"));
    if (has_stub(plan))
        add_server(&list, &plan->stub.address, plan->stub.port, NULL);
    for (guint i = 0; !has_stub(plan) && i < plan->servers->len; i++) {
        const SplitDnsServer *server = &g_array_index(plan->servers, SplitDnsServer, i);
        add_server(&list, &server->address, server->port, server->name);
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

static const char *
dnssec_word(SplitDnsValidation validation)
{
    switch (validation) {
    case SPLIT_DNS_VALIDATE_AS_MACHINE:
        return "";
    case SPLIT_DNS_VALIDATE_YES:
        return "yes";
    case SPLIT_DNS_VALIDATE_NO:
        return "no";
    }
    g_assert_not_reached();
}

static ResolvedLink *
link_new(const char *interface, int ifindex, const SplitDnsPlan *plan)
{
    if (plan == NULL || plan->servers->len == 0)
        return link_new_reverted(interface, ifindex);
    ResolvedLink *link = g_atomic_rc_box_new0(ResolvedLink);
    link->interface = g_strdup(interface);
    link->ifindex = ifindex;
    bool validates = !has_stub(plan) || !plan->stub_validates;
    link->anchors = validates ? trust_anchors_to_file(plan->anchors) : g_strdup("");
    link->servers = servers_variant(plan);
    link->domains = domains_variant(plan);
    link->negative =
        validates ? negative_variant(plan) : g_variant_ref_sink(g_variant_new_strv(NULL, 0));
    link->default_route = plan->all_names;
    link->encrypted = plan->encrypted && !has_stub(plan);
    link->by_other = plan->by_other;
    link->sets_servers = !plan->by_other || link->encrypted || has_stub(plan);
    /* Twice would be once too often: what the stub proves, systemd-resolved cannot. */
    link->dnssec = validates ? dnssec_word(plan->validation) : "no";
    return link;
}

void
resolver_apply_async(Resolver *resolver, const char *interface, int ifindex,
                     const SplitDnsPlan *plan, GAsyncReadyCallback callback, gpointer user_data)
{
    ResolvedLink *link = link_new(interface, ifindex, plan);
    push(resolver, link, g_task_new(NULL, NULL, callback, user_data), false);
    if (link->revert) {
        g_hash_table_remove(resolver->links, GINT_TO_POINTER(ifindex));
        link_unref(link);
    } else {
        g_hash_table_insert(resolver->links, GINT_TO_POINTER(ifindex), link);
        resolver->checked = 0; /* NetworkManager has its own word about a link when it comes up */
        wait_for_check(resolver);
    }
}

bool
resolver_apply_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

typedef struct {
    GDBusConnection *bus;
    int ifindex;
    ResolvedLink *link; /* what is in force; NULL: nothing */
} Description;

static void
description_free(gpointer data)
{
    Description *description = data;
    g_object_unref(description->bus);
    if (description->link != NULL)
        link_unref(description->link);
    g_free(description);
}

static void
describe(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    const Description *description = data;
    GVariant *told = resolved_describe(description->bus, description->ifindex, description->link);
    g_task_return_pointer(task, g_variant_ref_sink(told), (GDestroyNotify)g_variant_unref);
}

void
resolver_describe_async(Resolver *resolver, int ifindex, GAsyncReadyCallback callback,
                        gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, callback, user_data);
    Description *description = g_new0(Description, 1);
    ResolvedLink *link = g_hash_table_lookup(resolver->links, GINT_TO_POINTER(ifindex));
    description->bus = g_object_ref(resolver->bus);
    description->ifindex = ifindex;
    description->link = link != NULL ? g_atomic_rc_box_acquire(link) : NULL;
    g_task_set_task_data(task, description, description_free);
    g_task_run_in_thread(task, describe);
}

GVariant *
resolver_describe_finish(GAsyncResult *result, const char **by)
{
    GVariant *told = g_task_propagate_pointer(G_TASK(result), NULL);
    *by = g_variant_n_children(told) > 0 ? "systemd-resolved" : "";
    return told;
}

void
resolver_clean(GDBusConnection *bus, const char *const *keep)
{
    if (anchor_files_clean(ANCHOR_FILES_FOLDER, keep) && bus != NULL)
        resolved_reload(bus, NULL);
}
