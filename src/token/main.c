/*
 * ginnel-token: one operation with a PKCS#11 token, in a process of its own. systemd starts one for
 * each connection that ginneld makes to ginnel-token.socket and hands that connection over.
 */
#include "config.h"

#include "channel/activation.h"
#include "token/service.h"

#include <sys/prctl.h>

static void
quit(gpointer data)
{
    g_main_loop_quit(data);
}

int
main(int argc, char **argv)
{
    int status, control = channel_begin(argc, argv, "ginnel-token", &status);
    if (control < 0)
        return status;
    prctl(PR_SET_DUMPABLE, 0); /* a PIN does not belong into a core dump */
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    TokenService *service = token_service_new(control, quit, loop);
    g_main_loop_run(loop);
    token_service_free(service);
    return 0;
}
