#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bus/errors.h"
#include "bus/names.h"
#include "cli/ask-agent.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/polkit-agent.h"
#include "cli/progress.h"
#include "cli/props.h"

#define TICK_MS 250 /* how often waiting times on a terminal move */

typedef struct {
    Client *client;
    const char *name;
    GMainLoop *loop;
    char *path;         /* of the tunnel, once it is known */
    GDBusProxy *tunnel; /* from then on */
    guint removed;      /* signal subscription: objects that go */
    gboolean ours;      /* this command started it */
    gboolean interrupted;
    gboolean head_shown;
    Progress *progress;
    AskAgent *agent;   /* NULL: this command does not ask */
    GVariant *props;   /* the last ones seen */
    gsize events;      /* in their timeline */
    gint64 last_event; /* microseconds since the connect began, and when we heard of it */
    gint64 heard_at;
    int status;
} Up;

static void
finish(Up *up, int status)
{
    up->status = status;
    g_main_loop_quit(up->loop);
}

/* Cursor movements are ours and go out as they are; progress.c cleaned the words. */
static void
write_progress(const Up *up, GString *out, gboolean live)
{
    if (live)
        g_print("%s", out->str);
    else
        cli_print(out->str);
}

/* Since the connect began, which another try may have put later. */
static gint64
elapsed(Up *up, GVariant *timeline)
{
    gsize n = g_variant_n_children(timeline);
    if (n != up->events || up->heard_at == 0) {
        up->events = n;
        up->heard_at = g_get_monotonic_time();
        up->last_event = 0;
        if (n > 0)
            g_variant_get_child(timeline, n - 1, "(x&s@a{sv})", &up->last_event, NULL, NULL);
    }
    return up->last_event + g_get_monotonic_time() - up->heard_at;
}

static void
show(Up *up, gboolean last)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GVariant) timeline = props_array(up->props, "Timeline", "a(xsa{sv})");
    if (!up->head_shown)
        output_head(out, up->props);
    up->head_shown = TRUE;
    gint64 now = elapsed(up, timeline);
    progress_update(up->progress, timeline, now, out);
    if (last)
        progress_finish(up->progress, now, out);
    write_progress(up, out, isatty(STDOUT_FILENO));
}

static void
show_result(Up *up)
{
    g_autoptr(GString) out = g_string_new(NULL);
    if (!up->ours && !up->head_shown) /* nothing happened while we looked */
        g_string_append_printf(out, _("%s was connected already.\n"), up->name);
    else
        show(up, TRUE);
    output_result(out, up->props);
    cli_print(out->str);
}

/* Looks at the tunnel: shows what is new, and ends when it is connected or has failed. */
static void
look(Up *up)
{
    if (up->tunnel == NULL || up->interrupted)
        return;
    g_autoptr(GVariant) props = client_properties(up->tunnel);
    const char *state = props_string(props, "State");
    if (*state == '\0')
        return; /* the service is away */
    g_clear_pointer(&up->props, g_variant_unref);
    up->props = g_steal_pointer(&props);
    if (strcmp(state, GINNEL_STATE_CONNECTED) == 0) {
        show_result(up);
        finish(up, CLI_OK);
    } else if (strcmp(state, GINNEL_STATE_FAILED) == 0) {
        show_result(up);
        finish(up, CLI_FAILED);
    } else if (!ask_agent_is_asking(up->agent)) {
        show(up, FALSE);
    }
}

static void
on_changed(GDBusProxy *tunnel, GVariant *changed, char **invalidated, gpointer data)
{
    look(data);
}

static void
say_gone(Up *up)
{
    g_printerr(_("%s was disconnected before it was up.\n"), up->name);
    finish(up, CLI_FAILED);
}

static void
on_removed(GDBusConnection *bus, const char *sender, const char *manager, const char *interface,
           const char *signal, GVariant *parameters, gpointer data)
{
    Up *up = data;
    const char *path = "";
    if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(oas)")))
        g_variant_get(parameters, "(&o@as)", &path, NULL);
    if (strcmp(path, up->path) == 0 && !up->interrupted)
        say_gone(up);
}

static gboolean
is_there(GDBusProxy *tunnel)
{
    g_autoptr(GVariant) state = g_dbus_proxy_get_cached_property(tunnel, "State");
    return state != NULL;
}

/* A service that restarts takes its tunnels up again; we wait for it. */
static void
on_owner(GDBusProxy *tunnel, GParamSpec *pspec, gpointer data)
{
    Up *up = data;
    g_autofree char *owner = g_dbus_proxy_get_name_owner(tunnel);
    if (owner == NULL)
        g_printerr("%s\n", _("The service went away; waiting for it."));
    else if (is_there(tunnel))
        look(up);
    else if (!up->interrupted)
        say_gone(up);
}

/* That one alone: what else the service has is not read. False: it is gone already. */
static gboolean
follow(Up *up)
{
    up->removed = g_dbus_connection_signal_subscribe(
        up->client->bus, GINNEL_BUS_NAME, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved",
        GINNEL_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_removed, up, NULL);
    up->tunnel = client_tunnel_alone(up->client, up->path);
    if (up->tunnel == NULL || !is_there(up->tunnel))
        return FALSE;
    g_signal_connect(up->tunnel, "g-properties-changed", G_CALLBACK(on_changed), up);
    g_signal_connect(up->tunnel, "notify::g-name-owner", G_CALLBACK(on_owner), up);
    return TRUE;
}

static void
unfollow(Up *up)
{
    if (up->removed != 0)
        g_dbus_connection_signal_unsubscribe(up->client->bus, up->removed);
    if (up->tunnel != NULL)
        g_signal_handlers_disconnect_by_data(up->tunnel, up);
    g_clear_object(&up->tunnel);
}

static gboolean
on_tick(gpointer data)
{
    Up *up = data;
    if (up->props != NULL && progress_is_waiting(up->progress) && !ask_agent_is_asking(up->agent))
        show(up, FALSE);
    return G_SOURCE_CONTINUE;
}

/* Takes back what this command started. */
static void
undo(Up *up)
{
    g_autoptr(GError) error = NULL;
    if (up->path != NULL && !up->ours)
        g_printerr(_("\nInterrupted. %s goes on connecting: somebody else started it.\n"),
                   up->name);
    else if (up->tunnel != NULL && !client_disconnect(up->tunnel, &error))
        g_printerr(_("\nInterrupted, but %s could not be disconnected: %s\n"), up->name,
                   error->message);
    else
        g_printerr(_("\nInterrupted: %s is disconnected again.\n"), up->name);
    finish(up, CLI_INTERRUPTED);
}

static gboolean
on_interrupt(gpointer data)
{
    Up *up = data;
    gboolean again = up->interrupted;
    up->interrupted = TRUE;
    if (again)
        finish(up, CLI_INTERRUPTED);
    else if (up->path != NULL)
        undo(up);
    else /* it may be starting: on_activated takes it back */
        g_printerr("\n%s\n", _("Interrupted; waiting for the service (again to leave now)."));
    return G_SOURCE_CONTINUE;
}

/* The path of the tunnel that is there already; NULL: it is no more. */
static char *
find_active(Up *up)
{
    if (!client_read(up->client, NULL))
        return NULL;
    g_autoptr(GDBusProxy) tunnel = client_tunnel_of(up->client, up->name);
    return tunnel != NULL ? g_strdup(g_dbus_proxy_get_object_path(tunnel)) : NULL;
}

static void
on_activated(GObject *source, GAsyncResult *result, gpointer data)
{
    Up *up = data;
    g_autoptr(GError) error = NULL;
    up->path = client_activate_finish(result, &error);
    up->ours = up->path != NULL;
    if (ginnel_error_is_already_active(error))
        up->path = find_active(up);
    if (up->path == NULL) {
        finish(up, cli_report(g_steal_pointer(&error)));
        return;
    }
    gboolean there = follow(up);
    if (up->interrupted)
        undo(up);
    else if (there)
        look(up);
    else
        say_gone(up);
}

/* A question is shown: what is drawn above it stays as it is. */
static void
on_question(gboolean begins, gpointer data)
{
    Up *up = data;
    if (begins)
        progress_leave(up->progress);
    else
        look(up);
}

/* The questions of this connection are asked here, where there is a terminal or a script gives the
 * answers. False: nobody could answer, which was said. */
static gboolean
start_asking(Up *up, gboolean no_ask, gboolean from_stdin)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(AskInput) input =
        no_ask ? NULL : ask_input_open(from_stdin ? ASK_FROM_STDIN : ASK_FROM_TERMINAL);
    if (input == NULL)
        return TRUE;
    up->agent =
        ask_agent_start(up->client, g_steal_pointer(&input), up->name, on_question, up, &error);
    if (up->agent == NULL && from_stdin) {
        up->status = cli_report(g_steal_pointer(&error));
        return FALSE;
    }
    if (up->agent != NULL)
        progress_asks_itself(up->progress);
    return TRUE;
}

static guint
terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void
run(Up *up)
{
    guint sources[] = {
        g_unix_signal_add(SIGINT, on_interrupt, up),
        g_unix_signal_add(SIGTERM, on_interrupt, up),
        g_timeout_add(TICK_MS, on_tick, up),
    };
    client_activate(up->client, up->name, on_activated, up);
    g_main_loop_run(up->loop);
    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++)
        g_source_remove(sources[i]);
    unfollow(up);
}

int
cmd_up(int argc, char **argv)
{
    gboolean no_ask = FALSE, from_stdin = FALSE;
    const GOptionEntry entries[] = {
        { "no-ask", 0, 0, G_OPTION_ARG_NONE, &no_ask, N_("Do not ask for passwords here"), NULL },
        { "secrets-from-stdin", 0, 0, G_OPTION_ARG_NONE, &from_stdin,
          N_("Answer each question with a line of standard input"), NULL },
        { NULL },
    };
    if (!cli_parse_options(&argc, &argv, _("PROFILE"),
                           _("Connects a profile, says what happens, and ends when it is connected "
                             "or has failed."),
                           entries, 1, 1))
        return CLI_USAGE;
    g_autoptr(GError) error = NULL;
    g_autoptr(Client) client = client_connect(&error);
    if (client == NULL)
        return cli_report(g_steal_pointer(&error));
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(Progress) progress = progress_new(isatty(STDOUT_FILENO), terminal_columns());
    Up up = { .client = client, .name = argv[1], .loop = loop, .progress = progress };
    g_autoptr(PolkitAgent) agent = polkit_agent_start();
    if (start_asking(&up, no_ask, from_stdin))
        run(&up);
    ask_agent_stop(up.agent);
    g_clear_pointer(&up.props, g_variant_unref);
    g_free(up.path);
    return up.status;
}
