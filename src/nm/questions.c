#include "config.h"

#include "nm/questions.h"

#include "bus/errors.h"
#include "bus/names.h"
#include "nm/mapping.h"
#include "nm/names.h"
#include "profile/profile-files.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

struct _Questions {
    NMVpnServicePlugin *plugin;
    NMConnection *connection;
    gboolean interactive;
    char *path, *name, *tunnel;
    GinAgent *skeleton;
    GinManager *manager; /* NULL: not registered with any */
    GCancellable *cancellable;
    /* The one that NetworkManager has been asked for. */
    guint id;
    const char *secret;
    GDBusMethodInvocation *invocation;
};

/* ---- answers ---- */

static void
unavailable(GDBusMethodInvocation *invocation, const char *why)
{
    g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, GINNEL_ERROR_UNAVAILABLE, "%s",
                                          why);
}

static void
drop_pending(Questions *questions)
{
    if (questions->invocation != NULL)
        unavailable(g_steal_pointer(&questions->invocation), "not answered");
    questions->secret = NULL;
}

static void
answer(GDBusMethodInvocation *invocation, const char *text)
{
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
    int fd = profile_files_make(text, strlen(text), false);
    int index = fd >= 0 ? g_unix_fd_list_append(fds, fd, NULL) : -1;
    if (fd >= 0)
        close(fd);
    if (index < 0)
        unavailable(invocation, "no memory for the answer");
    else
        g_dbus_method_invocation_return_value_with_unix_fd_list(invocation,
                                                                g_variant_new("(h)", index), fds);
}

static const char *
stored(const Questions *questions, const char *secret)
{
    NMSettingVpn *vpn = nm_connection_get_setting_vpn(questions->connection);
    const char *value = nm_setting_vpn_get_secret(vpn, secret);
    return value != NULL && *value != '\0' ? value : NULL;
}

/* ---- questions ---- */

static char *
message_for(GVariant *details)
{
    const char *prompt = "", *who = "";
    gboolean retry = FALSE;
    GString *text = g_string_new(NULL);
    g_variant_lookup(details, "prompt", "&s", &prompt);
    g_variant_lookup(details, "who", "&s", &who);
    g_variant_lookup(details, "retry", "b", &retry);
    if (retry)
        g_string_append(text, _("That was not accepted. Once more:"));
    if (*prompt != '\0') {
        g_autofree char *line = g_strdelimit(g_strdup(prompt), "\r\n\t", ' ');
        if (text->len > 0)
            g_string_append_c(text, ' ');
        g_string_append_printf(text, _("The gateway says: \"%s\""), line);
    }
    if (text->len == 0 && *who != '\0')
        g_string_append_printf(text, _("For %s"), who);
    return g_string_free(text, FALSE);
}

static void
ask_manager(Questions *questions, guint id, const char *secret, GVariant *details,
            GDBusMethodInvocation *invocation)
{
    g_autofree char *message = message_for(details);
    const char *hints[] = { secret, NULL };
    drop_pending(questions);
    questions->id = id;
    questions->secret = secret;
    questions->invocation = invocation;
    nm_vpn_service_plugin_secrets_required(questions->plugin, message, hints);
}

/* The bus lets nobody else ask; what it is told to let through is not ours to say. */
static gboolean
comes_from_service(const Questions *questions, GDBusMethodInvocation *invocation)
{
    g_autofree char *owner = questions->manager != NULL
                                 ? g_dbus_proxy_get_name_owner(G_DBUS_PROXY(questions->manager))
                                 : NULL;
    return owner != NULL && strcmp(owner, g_dbus_method_invocation_get_sender(invocation)) == 0;
}

static gboolean
is_for_us(const Questions *questions, const char *connection, GVariant *details)
{
    const char *tunnel = NULL;
    if (g_strcmp0(connection, questions->name) != 0)
        return FALSE;
    g_variant_lookup(details, "tunnel", "&o", &tunnel);
    /* Before the first answer of ginneld only the name is known. */
    return questions->tunnel == NULL || g_strcmp0(tunnel, questions->tunnel) == 0;
}

static gboolean
on_ask(GinAgent *skeleton, GDBusMethodInvocation *invocation, GUnixFDList *fds, guint id,
       const char *connection, const char *kind, GVariant *details, gpointer data)
{
    Questions *questions = data;
    const char *secret = mapping_secret_for(kind);
    gboolean retry = FALSE;
    g_variant_lookup(details, "retry", "b", &retry);
    if (secret == NULL || !comes_from_service(questions, invocation) ||
        !is_for_us(questions, connection, details)) {
        unavailable(invocation, "not this one");
        return TRUE;
    }
    const char *value =
        retry || strcmp(secret, NM_GINNEL_ANSWER) == 0 ? NULL : stored(questions, secret);
    if (value != NULL)
        answer(invocation, value);
    else if (questions->interactive)
        ask_manager(questions, id, secret, details, invocation);
    else
        unavailable(invocation, "nobody can be asked: nmcli has --ask for it");
    return TRUE;
}

static gboolean
on_cancel(GinAgent *skeleton, GDBusMethodInvocation *invocation, guint id, gpointer data)
{
    Questions *questions = data;
    if (questions->invocation != NULL && questions->id == id)
        drop_pending(questions);
    gin_agent_complete_cancel(skeleton, invocation);
    return TRUE;
}

void
questions_take_secrets(Questions *questions, NMConnection *connection)
{
    g_set_object(&questions->connection, connection);
    if (questions->invocation == NULL)
        return;
    const char *value = stored(questions, questions->secret);
    GDBusMethodInvocation *invocation = g_steal_pointer(&questions->invocation);
    questions->secret = NULL;
    if (value != NULL)
        answer(invocation, value);
    else
        g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, GINNEL_ERROR_DECLINED,
                                              "nothing was typed");
}

/* ---- life ---- */

Questions *
questions_new(NMVpnServicePlugin *plugin, GDBusConnection *bus, const char *path,
              NMConnection *connection, gboolean interactive, GError **error)
{
    Questions *questions = g_new0(Questions, 1);
    questions->plugin = plugin;
    questions->path = g_strdup(path);
    questions->connection = g_object_ref(connection);
    questions->interactive = interactive;
    questions->cancellable = g_cancellable_new();
    questions->skeleton = gin_agent_skeleton_new();
    g_signal_connect(questions->skeleton, "handle-ask", G_CALLBACK(on_ask), questions);
    g_signal_connect(questions->skeleton, "handle-cancel", G_CALLBACK(on_cancel), questions);
    if (g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(questions->skeleton), bus, path,
                                         error))
        return questions;
    questions_free(questions);
    return NULL;
}

void
questions_free(Questions *questions)
{
    if (questions == NULL)
        return;
    drop_pending(questions);
    g_cancellable_cancel(questions->cancellable);
    g_object_unref(questions->cancellable);
    g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(questions->skeleton));
    g_signal_handlers_disconnect_by_data(questions->skeleton, questions);
    g_object_unref(questions->skeleton);
    g_object_unref(questions->connection);
    g_clear_object(&questions->manager);
    g_free(questions->path);
    g_free(questions->name);
    g_free(questions->tunnel);
    g_free(questions);
}

static void
registered(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    if (!gin_manager_call_register_agent_finish(GIN_MANAGER(source), result, &error) &&
        !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_warning("%s", error->message);
}

void
questions_register(Questions *questions, GinManager *manager)
{
    g_set_object(&questions->manager, manager);
    gin_manager_call_register_agent(manager, questions->path, questions->cancellable, registered,
                                    NULL);
}

void
questions_set_name(Questions *questions, const char *name)
{
    g_free(questions->name);
    questions->name = g_strdup(name);
}

gboolean
questions_has_name(const Questions *questions, const char *name)
{
    return g_strcmp0(questions->name, name) == 0;
}

void
questions_set_tunnel(Questions *questions, GinTunnel *tunnel)
{
    g_free(questions->tunnel);
    questions->tunnel = g_strdup(g_dbus_proxy_get_object_path(G_DBUS_PROXY(tunnel)));
}
