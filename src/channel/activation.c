#include "config.h"

#include "channel/activation.h"

#include <fcntl.h>
#include <glib.h>
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
