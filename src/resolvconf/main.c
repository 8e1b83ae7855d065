/*
 * ginnel-resolvconf: one word of ginneld's to resolvconf(8). systemd starts one for each connection
 * that ginneld makes to ginnel-resolvconf.socket and hands that connection over.
 */
#include "config.h"

#include "channel/activation.h"
#include "resolvconf/service.h"

static void
quit(gpointer data)
{
    g_main_loop_quit(data);
}

int
main(int argc, char **argv)
{
    int status, control = channel_begin(argc, argv, "ginnel-resolvconf", &status);
    if (control < 0)
        return status;
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    ResolvconfService *service = resolvconf_service_new(control, RESOLVCONF_PROGRAM, quit, loop);
    g_main_loop_run(loop);
    resolvconf_service_free(service);
    return 0;
}
