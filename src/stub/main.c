/*
 * ginnel-stub: a small validating forwarder for the names of one connection, in a process of its
 * own. systemd starts one for each connection that ginneld makes to ginnel-stub.socket and hands
 * that connection over.
 */
#include "config.h"

#include "channel/activation.h"
#include "stub/service.h"

static void
quit(gpointer data)
{
    g_main_loop_quit(data);
}

int
main(int argc, char **argv)
{
    int status, control = channel_begin(argc, argv, "ginnel-stub", &status);
    if (control < 0)
        return status;
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    StubService *service = stub_service_new(control, quit, loop);
    g_main_loop_run(loop);
    stub_service_free(service);
    return 0;
}
