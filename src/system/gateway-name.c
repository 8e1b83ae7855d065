#include "config.h"

#include "system/gateway-name.h"

#include "system/error.h"

#include <string.h>
#include <sys/socket.h>

#define RESOLVE_TIMEOUT_MS 8000
/* A resolver that was just restarted, as it is for trust anchors, takes its questions with it. */
#define TRIES 3

typedef struct {
    char *name;
    int ifindex;
    unsigned tries;
} Question;

static void
question_free(gpointer data)
{
    Question *question = data;
    g_free(question->name);
    g_free(question);
}

static GArray *
address_array(void)
{
    return g_array_new(FALSE, FALSE, sizeof(InetAddress));
}

/* IPv6 first, then in turns, so that a broken family costs one delay and not several. */
GArray *
gateway_name_interleave(const GArray *found)
{
    GArray *out = address_array();
    guint next[2] = { 0, 0 };
    static const uint8_t families[2] = { INET_V6, INET_V4 };
    for (guint turn = 0; out->len < MIN(found->len, GATEWAY_NAME_MAX_ADDRESSES); turn++) {
        guint *at = &next[turn % 2];
        while (*at < found->len &&
               g_array_index(found, InetAddress, *at).family != families[turn % 2])
            (*at)++;
        if (*at < found->len)
            g_array_append_val(out, g_array_index(found, InetAddress, (*at)++));
    }
    return out;
}

static GArray *
read_reply(GVariant *reply)
{
    g_autoptr(GVariant) list = g_variant_get_child_value(reply, 0);
    g_autoptr(GArray) found = address_array();
    for (gsize i = 0; i < g_variant_n_children(list); i++) {
        gint32 family;
        g_autoptr(GVariant) octets = NULL;
        gsize length;
        g_variant_get_child(list, i, "(ii@ay)", NULL, &family, &octets);
        const uint8_t *data = g_variant_get_fixed_array(octets, &length, 1);
        InetFamily own = family == AF_INET ? INET_V4 : family == AF_INET6 ? INET_V6 : INET_NONE;
        if (own == INET_NONE || length != inet_family_length(own))
            continue;
        InetAddress address = inet_address_new(own, data);
        g_array_append_val(found, address);
    }
    return gateway_name_interleave(found);
}

static void replied(GObject *source, GAsyncResult *result, gpointer data);

static void
ask(GDBusConnection *bus, GTask *task /* taken */)
{
    Question *question = g_task_get_task_data(task);
    question->tries++;
    g_dbus_connection_call(
        bus, "org.freedesktop.resolve1", "/org/freedesktop/resolve1",
        "org.freedesktop.resolve1.Manager", "ResolveHostname",
        g_variant_new("(isit)", question->ifindex, question->name, AF_UNSPEC, (guint64)0),
        G_VARIANT_TYPE("(a(iiay)st)"), G_DBUS_CALL_FLAGS_NONE, RESOLVE_TIMEOUT_MS,
        g_task_get_cancellable(task), replied, task);
}

static void
replied(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    g_autoptr(GError) error = NULL;
    const Question *question = g_task_get_task_data(task);
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    if (reply != NULL) {
        g_task_return_pointer(task, read_reply(reply), (GDestroyNotify)g_array_unref);
        return;
    }
    /* The bus says so of one that left; asking again waits for the next. */
    if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) && question->tries < TRIES) {
        ask(G_DBUS_CONNECTION(source), g_steal_pointer(&task));
        return;
    }
    g_autofree char *remote = g_dbus_error_get_remote_error(error);
    bool resolved = remote != NULL && g_str_has_prefix(remote, "org.freedesktop.resolve1.");
    bool answered = resolved && (g_str_has_suffix(remote, ".NXDOMAIN") ||
                                 g_str_has_suffix(remote, ".NoSuchRR") ||
                                 g_str_has_suffix(remote, ".NoNameServers"));
    g_dbus_error_strip_remote_error(error);
    g_task_return_new_error(task, SYSTEM_ERROR,
                            answered ? SYSTEM_ERROR_NOT_FOUND : SYSTEM_ERROR_UNAVAILABLE, "%s: %s",
                            question->name, error->message);
}

void
gateway_name_resolve_async(GDBusConnection *bus, const char *name, int ifindex,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    InetAddress literal;
    if (inet_address_parse(name, &literal)) {
        GArray *one = address_array();
        g_array_append_val(one, literal);
        g_task_return_pointer(task, one, (GDestroyNotify)g_array_unref);
        return;
    }
    Question *question = g_new0(Question, 1);
    *question = (Question){ .name = g_strdup(name), .ifindex = ifindex };
    g_task_set_task_data(task, question, question_free);
    ask(bus, g_steal_pointer(&task));
}

GArray *
gateway_name_resolve_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}
