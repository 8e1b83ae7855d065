/*
 * ginnel-resolvconf: one word of ginneld's to resolvconf(8). systemd starts one for each connection
 * that ginneld makes to ginnel-resolvconf.socket and hands that connection over.
 */
#include "config.h"

#include "resolvconf/service.h"

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
        printf("ginnel-resolvconf %s\n", GINNEL_VERSION);
        return 0;
    }
    if (argc > 1 || sd_listen_fds(1) != 1) {
        fprintf(stderr, "ginnel-resolvconf is started by systemd, see ginnel-resolvconf(8).\n");
        return 2;
    }
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    ResolvconfService *service =
        resolvconf_service_new(SD_LISTEN_FDS_START, RESOLVCONF_PROGRAM, quit, loop);
    g_main_loop_run(loop);
    resolvconf_service_free(service);
    return 0;
}
