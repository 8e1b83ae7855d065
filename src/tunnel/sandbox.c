#include "config.h"

#include "tunnel/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <linux/sched.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef GINNEL_TEST_HOOKS
#include <arpa/inet.h>
#include <netinet/in.h>
#endif

static const int allowed_calls[] = {
    /* packets and the private protocol */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(shutdown),
    SCMP_SYS(close),
    SCMP_SYS(fcntl),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),
    /* waiting */
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(futex),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_yield),
    /* clocks and chance */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    /* memory */
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    /* threads and signals */
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(tgkill),
    SCMP_SYS(membarrier),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getrusage),
};

static int
add_rules(scmp_filter_ctx filter)
{
    int rc = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(allowed_calls) && rc == 0; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
    /* Memory, but none that can be executed. */
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    /* Threads, but no processes and no namespaces. clone3's flags lie in memory that a filter
     * cannot read: the C library falls back to clone when it does not exist. */
    if (rc == 0)
        rc = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM));
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                              SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    return rc;
}

bool
sandbox_enter(GError **error)
{
    /* Session keys do not belong into core dumps, nor before a debugger of the same user. */
    prctl(PR_SET_DUMPABLE, 0);
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc = filter == NULL ? -ENOMEM : add_rules(filter);
    if (rc == 0)
        rc = seccomp_load(filter);
    if (filter != NULL)
        seccomp_release(filter);
    if (rc == 0)
        return true;
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-rc), "cannot enter the sandbox: %s",
                g_strerror(-rc));
    return false;
}

#ifdef GINNEL_TEST_HOOKS
static int
probe_send(int fd)
{
    struct sockaddr_in third = { .sin_family = AF_INET, .sin_port = htons(4500) };
    inet_pton(AF_INET, "192.0.2.53", &third.sin_addr);
    struct iovec iov = { (void *)"ginnel-probe", 12 };
    struct msghdr message = {
        .msg_name = &third, .msg_namelen = sizeof third, .msg_iov = &iov, .msg_iovlen = 1
    };
    return (int)sendmsg(fd, &message, MSG_NOSIGNAL);
}

char *
sandbox_probe(const char *what, int fd)
{
    int rc = -1;
    errno = 0;
    if (strcmp(what, "send") == 0)
        rc = probe_send(fd);
    else if (strcmp(what, "open") == 0)
        rc = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    else if (strcmp(what, "socket") == 0)
        rc = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    else if (strcmp(what, "exec") == 0)
        rc = execl("/bin/true", "true", NULL);
    return g_strdup_printf("%s: %s", what, rc >= 0 ? "done" : g_strerror(errno));
}
#else
char *
sandbox_probe(const char *what, int fd)
{
    return g_strdup("not built");
}
#endif
