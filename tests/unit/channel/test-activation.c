/* What systemd says when it hands a connection over. */
#include "channel/activation.h"

#include <fcntl.h>
#include <glib.h>
#include <unistd.h>

static int
handed_over(int pid, const char *n)
{
    g_autofree char *word = g_strdup_printf("%d", pid);
    g_setenv("LISTEN_PID", word, TRUE);
    g_setenv("LISTEN_FDS", n, TRUE);
    int fd = channel_handed_over();
    g_assert_null(g_getenv("LISTEN_PID"));
    g_assert_null(g_getenv("LISTEN_FDS"));
    return fd;
}

static void
test_one(void)
{
    int before = fcntl(3, F_DUPFD_CLOEXEC, 10);
    g_assert_cmpint(dup2(0, 3), ==, 3);
    g_assert_cmpint(handed_over(getpid(), "1"), ==, 3);
    g_assert_cmpint(fcntl(3, F_GETFD), ==, FD_CLOEXEC);
    close(3);
    g_assert_cmpint(handed_over(getpid(), "1"), ==, -1);
    if (before >= 0)
        dup2(before, 3);
}

static void
test_not_ours(void)
{
    g_assert_cmpint(handed_over(getppid(), "1"), ==, -1);
    g_assert_cmpint(handed_over(getpid(), "2"), ==, -1);
    g_assert_cmpint(handed_over(getpid(), "0"), ==, -1);
    g_assert_cmpint(channel_handed_over(), ==, -1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/channel/activation/takes-the-one-that-is-handed-over", test_one);
    g_test_add_func("/channel/activation/refuses-what-is-not-for-it", test_not_ours);
    return g_test_run();
}
