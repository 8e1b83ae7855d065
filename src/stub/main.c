/*
 * ginnel-stub: a small validating forwarder for the names of one connection, in a process of its
 * own. systemd starts one for each connection that ginneld makes to ginnel-stub.socket and hands
 * that connection over.
 */
#include "config.h"

#include "stub/service.h"

#include <stdio.h>
#include <systemd/sd-daemon.h>

static void
quit(gpointer data)
{
    g_main_loop_quit(data);
}

int
main(int argc, char **argv)
{
    if (argc > 1 && g_strcmp0(argv[1], "--version") == 0) {
        printf("ginnel-stub %s\n", GINNEL_VERSION);
        return 0;
    }
    if (argc > 1 || sd_listen_fds(1) != 1) {
        fprintf(stderr, "ginnel-stub is started by systemd, see ginnel-stub(8).\n");
        return 2;
    }
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    StubService *service = stub_service_new(SD_LISTEN_FDS_START, quit, loop);
    g_main_loop_run(loop);
    stub_service_free(service);
    return 0;
}
