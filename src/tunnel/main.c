/*
 * ginnel-tunnel: one connection, without any privilege. systemd starts one for each connection that
 * ginneld makes to ginnel-tunnel.socket and hands that connection over.
 */
#include "config.h"

#include "channel/activation.h"
#include "tunnel/sandbox.h"
#include "tunnel/session.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>

static void
quit(gpointer data)
{
    g_main_loop_quit(data);
}

static gboolean
terminated(gpointer data)
{
    session_close(data);
    return G_SOURCE_CONTINUE;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    int status, control = channel_begin(argc, argv, "ginnel-tunnel", &status);
    if (control < 0)
        return status;
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    Session *session = session_new(control, quit, loop);
    g_unix_signal_add(SIGTERM, terminated, session);
    g_unix_signal_add(SIGINT, terminated, session);
    if (!sandbox_enter(&error)) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    g_main_loop_run(loop);
    session_free(session);
    return 0;
}
