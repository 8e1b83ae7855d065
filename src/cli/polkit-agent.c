#include "cli/polkit-agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define READY_MS  5000
#define NOTIFY_FD 3 /* in the agent */

struct _PolkitAgent {
    GSubprocess *process;
};

/* The agent closes its end when it is registered; also when it failed, and then nobody asks. */
static void
wait_until_ready(int fd)
{
    struct pollfd entry = { .fd = fd, .events = POLLIN };
    poll(&entry, 1, READY_MS);
}

PolkitAgent *
polkit_agent_start(void)
{
    int ends[2];
    if (geteuid() == 0 || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return NULL;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return NULL;
    /* It speaks on /dev/tty; its standard error only says that another agent is there already. */
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE |
        G_SUBPROCESS_FLAGS_STDIN_INHERIT);
    g_subprocess_launcher_take_fd(launcher, ends[1], NOTIFY_FD);
    g_autofree char *pid = g_strdup_printf("%d", getpid());
    g_autoptr(GSubprocess) process = g_subprocess_launcher_spawn(
        launcher, NULL, "pkttyagent", "--notify-fd", "3", "--fallback", "--process", pid, NULL);
    g_subprocess_launcher_close(launcher);
    if (process != NULL)
        wait_until_ready(ends[0]);
    close(ends[0]);
    if (process == NULL)
        return NULL;
    PolkitAgent *agent = g_new0(PolkitAgent, 1);
    agent->process = g_steal_pointer(&process);
    return agent;
}

void
polkit_agent_stop(PolkitAgent *agent)
{
    if (agent == NULL)
        return;
    g_subprocess_send_signal(agent->process, SIGTERM);
    g_subprocess_wait(agent->process, NULL, NULL);
    g_object_unref(agent->process);
    g_free(agent);
}
