#include "config.h"

#include "channel/activation.h"

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIRST_DESCRIPTOR 3

int
channel_handed_over(void)
{
    const char *pid = g_getenv("LISTEN_PID"), *n = g_getenv("LISTEN_FDS");
    g_autofree char *own = g_strdup_printf("%d", (int)getpid());
    bool ours = pid != NULL && n != NULL && strcmp(pid, own) == 0 && strcmp(n, "1") == 0;
    g_unsetenv("LISTEN_PID");
    g_unsetenv("LISTEN_FDS");
    g_unsetenv("LISTEN_FDNAMES");
    if (!ours || fcntl(FIRST_DESCRIPTOR, F_SETFD, FD_CLOEXEC) < 0)
        return -1;
    return FIRST_DESCRIPTOR;
}

int
channel_begin(int argc, char **argv, const char *program, int *status)
{
    *status = 0;
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("%s %s\n", program, GINNEL_VERSION);
        return -1;
    }
    int control = argc > 1 ? -1 : channel_handed_over();
    if (control >= 0)
        return control;
    fprintf(stderr, "%s is started by systemd, see %s(8).\n", program, program);
    *status = 2;
    return -1;
}
