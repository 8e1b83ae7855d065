/*
 * agent.c - answers what tunnels ask: agent KIND ANSWER, for instance agent psk "open sesame".
 *
 *   cc agent.c -o agent $(pkg-config --cflags --libs gio-unix-2.0)
 *
 * It is asked for tunnels that the same user has activated; as root, for everybody's. An answer is a
 * memfd, so that it is in no message: ginneld reads it, and wipes it.
 */
#define _GNU_SOURCE
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NAME  "org.ginnel.Ginnel1"
#define PATH  "/org/ginnel/Ginnel1"
#define AGENT "/org/example/agent"

static const char xml[] =
    "<node><interface name='" NAME ".Agent'>"
    "<method name='Ask'><arg type='u' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='a{sv}' direction='in'/>"
    "<arg type='h' direction='out'/></method>"
    "<method name='Cancel'><arg type='u' direction='in'/></method>"
    "</interface></node>";

typedef struct {
    const char *kind, *answer;
} Known;

static void
give(GDBusMethodInvocation *invocation, const char *answer)
{
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
    int fd = memfd_create("answer", MFD_CLOEXEC);
    if (fd < 0 || write(fd, answer, strlen(answer)) != (ssize_t)strlen(answer))
        g_error("no memory for the answer");
    g_unix_fd_list_append(fds, fd, NULL);
    close(fd);
    g_dbus_method_invocation_return_value_with_unix_fd_list(invocation, g_variant_new("(h)", 0),
                                                            fds);
}

static void
called(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
       const char *method, GVariant *parameters, GDBusMethodInvocation *invocation, gpointer data)
{
    const Known *known = data;
    const char *connection, *kind;
    if (strcmp(method, "Ask") != 0) {
        g_dbus_method_invocation_return_value(invocation, NULL);
        return;
    }
    g_variant_get(parameters, "(u&s&s@a{sv})", NULL, &connection, &kind, NULL);
    g_print("%s asks for the %s\n", connection, kind);
    if (strcmp(kind, known->kind) == 0)
        give(invocation, known->answer);
    else /* another agent may know */
        g_dbus_method_invocation_return_dbus_error(invocation, NAME ".Error.Unavailable",
                                                   "not known here");
}

/* Again with each ginneld: one that was restarted knows no agents. */
static void
appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        bus, NAME, PATH, NAME ".Manager", "RegisterAgent", g_variant_new("(o)", AGENT), NULL,
        G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
    if (reply == NULL)
        g_error("%s", error->message);
    g_print("registered\n");
}

int
main(int argc, char **argv)
{
    static const GDBusInterfaceVTable table = { .method_call = called };
    g_autoptr(GError) error = NULL;
    if (argc != 3)
        g_error("agent KIND ANSWER");
    setlinebuf(stdout);
    Known known = { argv[1], argv[2] };
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(xml, NULL);
    g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);
    if (bus == NULL || g_dbus_connection_register_object(bus, AGENT, node->interfaces[0], &table,
                                                         &known, NULL, &error) == 0)
        g_error("%s", error->message);
    g_bus_watch_name_on_connection(bus, NAME, G_BUS_NAME_WATCHER_FLAGS_AUTO_START, appeared, NULL,
                                   NULL, NULL);
    g_main_loop_run(g_main_loop_new(NULL, FALSE));
    return 0;
}
