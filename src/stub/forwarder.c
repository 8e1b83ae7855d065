#include "config.h"

#include "stub/forwarder.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <unbound.h>

/* What clients can make us keep; libunbound's own caches are bounded below. */
#define QUESTIONS_MAX 512

struct _Forwarder {
    struct ub_ctx *context;
    guint source;
    unsigned asked;
    GHashTable *questions; /* Question: libunbound drops those that are open when it ends */
};

typedef struct {
    Forwarder *forwarder;
    AskerAnswered answered;
    gpointer user_data;
} Question;

typedef struct {
    const char *name, *value;
} Option;

static bool
check(int status, const char *what, GError **error)
{
    if (status == 0)
        return true;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "libunbound, %s: %s", what,
                ub_strerror(status));
    return false;
}

static bool
set_options(struct ub_ctx *context, const Option *options, size_t n, GError **error)
{
    for (size_t i = 0; i < n; i++)
        if (!check(ub_ctx_set_option(context, options[i].name, options[i].value), options[i].name,
                   error))
            return false;
    return true;
}

static bool
set_each(struct ub_ctx *context, const char *name, char *const *values, GError **error)
{
    for (; *values != NULL; values++)
        if (!check(ub_ctx_set_option(context, name, *values), *values, error))
            return false;
    return true;
}

/* Nothing of the world outside is known or told: no root, no built-in zones that would hide inside
 * ones, no signalling of anchors (RFC 8145 would send their names to the parents). */
static bool
configure(struct ub_ctx *context, const ForwarderConfig *config, GError **error)
{
    const Option options[] = {
        { "module-config:", config->validate ? "validator iterator" : "iterator" },
        { "use-syslog:", "no" },
        { "logfile:", "" },
        { "verbosity:", "0" },
        { "unblock-lan-zones:", "yes" },
        { "trust-anchor-signaling:", "no" },
        { "root-key-sentinel:", "no" },
        { "qname-minimisation:", "no" },
        { "do-not-query-localhost:", "no" },
        { "msg-cache-size:", "1m" },
        { "rrset-cache-size:", "2m" },
        { "key-cache-size:", "1m" },
        { "neg-cache-size:", "256k" },
        { "outgoing-range:", "128" },
        { "infra-host-ttl:", "15" }, /* a server that was out of reach is tried again soon */
        { "infra-keep-probing:", "yes" },
        { "val-bogus-ttl:", "5" },
    };
    if (!set_options(context, options, G_N_ELEMENTS(options), error) ||
        !set_each(context, "domain-insecure:", config->insecure, error) ||
        !set_each(context, "outgoing-interface:", config->sources, error))
        return false;
    for (char **anchor = config->anchors; config->validate && *anchor != NULL; anchor++)
        if (!check(ub_ctx_add_ta(context, *anchor), *anchor, error))
            return false;
    for (char **server = config->servers; *server != NULL; server++)
        if (!check(ub_ctx_set_fwd(context, *server), *server, error))
            return false;
    return check(ub_ctx_async(context, 1), "threads", error);
}

static gboolean
readable(int fd, GIOCondition condition, gpointer data)
{
    ub_process(((Forwarder *)data)->context);
    return G_SOURCE_CONTINUE;
}

Forwarder *
forwarder_new(const ForwarderConfig *config, GError **error)
{
    g_autoptr(Forwarder) forwarder = g_new0(Forwarder, 1);
    forwarder->questions = g_hash_table_new_full(NULL, NULL, g_free, NULL);
    forwarder->context = ub_ctx_create();
    if (forwarder->context == NULL) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "libunbound: out of memory");
        return NULL;
    }
    if (!configure(forwarder->context, config, error))
        return NULL;
    /* Inside names may well be below it (RFC 6761, section 6.2 does not forbid resolvers to ask).
     */
    ub_ctx_zone_remove(forwarder->context, "test.");
    ub_ctx_zone_remove(forwarder->context, "home.arpa.");
    forwarder->source = g_unix_fd_add(ub_fd(forwarder->context), G_IO_IN, readable, forwarder);
    return g_steal_pointer(&forwarder);
}

void
forwarder_free(Forwarder *forwarder)
{
    if (forwarder == NULL)
        return;
    if (forwarder->source != 0)
        g_source_remove(forwarder->source);
    if (forwarder->context != NULL)
        ub_ctx_delete(forwarder->context);
    g_hash_table_unref(forwarder->questions);
    g_free(forwarder);
}

static void
resolved(void *data, int status, struct ub_result *result)
{
    g_autofree Question *question = data;
    Answer answer = { 0 };
    g_hash_table_steal(question->forwarder->questions, question);
    question->forwarder->asked--;
    if (status == 0 && result != NULL) {
        answer.packet = result->answer_packet;
        answer.length = result->answer_len > 0 ? (size_t)result->answer_len : 0;
        answer.secure = result->secure;
        answer.bogus = result->bogus;
        answer.why = result->why_bogus;
    }
    question->answered(&answer, question->user_data);
    ub_resolve_free(result);
}

static bool
ask(gpointer asker, const DnsQuery *query, const uint8_t *data, size_t length,
    AskerAnswered answered, gpointer user_data)
{
    Forwarder *forwarder = asker;
    if (forwarder->asked >= QUESTIONS_MAX)
        return false;
    Question *question = g_new0(Question, 1);
    *question = (Question){ forwarder, answered, user_data };
    forwarder->asked++;
    g_hash_table_add(forwarder->questions, question);
    if (ub_resolve_async(forwarder->context, query->name, query->type, query->klass, question,
                         resolved, NULL) == 0)
        return true;
    forwarder->asked--;
    g_hash_table_remove(forwarder->questions, question);
    return false;
}

Asker
forwarder_asker(Forwarder *forwarder)
{
    return (Asker){ ask, forwarder };
}
