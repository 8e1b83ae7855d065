/* What is left to a process in the sandbox: a child enters it and tells by its exit status. */
#include "tunnel/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int
opens_a_file(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EPERM;
}

static int
makes_a_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM, 0) < 0 && errno == EPERM;
}

static int
connects(void)
{
    return connect(0, NULL, 0) < 0 && errno == EPERM;
}

static int
runs_a_program(void)
{
    execl("/bin/true", "true", NULL);
    return errno == EPERM;
}

static int
forks(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid < 0 && errno == EPERM;
}

static int
kills(void)
{
    return kill(1, 0) < 0 && errno == EPERM;
}

static int
maps_executable_memory(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED && errno == EPERM;
}

static void *
in_thread(void *data)
{
    *(int *)data = opens_a_file();
    return NULL;
}

/* Threads are for the data path, and are in it, too. */
static int
starts_a_thread(void)
{
    pthread_t thread;
    int refused = 0;
    return pthread_create(&thread, NULL, in_thread, &refused) == 0 &&
           pthread_join(thread, NULL) == 0 && refused;
}

static int
reads_and_waits(void)
{
    int pair[2] = { 100, 101 }; /* made before */
    char octet = 'x';
    struct pollfd wait = { .fd = pair[0], .events = POLLIN };
    return write(pair[1], &octet, 1) == 1 && poll(&wait, 1, -1) == 1 &&
           read(pair[0], &octet, 1) == 1;
}

typedef struct {
    const char *path;
    int (*as_expected)(void);
} Case;

static void
test_in_child(gconstpointer data)
{
    const Case *one = data;
    int pair[2], status;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), ==, 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pair[0], 100);
        dup2(pair[1], 101);
        if (!sandbox_enter(NULL))
            _exit(3);
        _exit(one->as_expected() ? 0 : 1);
    }
    close(pair[0]);
    close(pair[1]);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

int
main(int argc, char **argv)
{
    static const Case cases[] = {
        { "/tunnel/sandbox/cannot-open-a-file", opens_a_file },
        { "/tunnel/sandbox/cannot-make-a-socket", makes_a_socket },
        { "/tunnel/sandbox/cannot-connect", connects },
        { "/tunnel/sandbox/cannot-run-a-program", runs_a_program },
        { "/tunnel/sandbox/cannot-fork", forks },
        { "/tunnel/sandbox/cannot-signal", kills },
        { "/tunnel/sandbox/cannot-map-executable-memory", maps_executable_memory },
        { "/tunnel/sandbox/can-start-a-thread", starts_a_thread },
        { "/tunnel/sandbox/can-read-and-wait", reads_and_waits },
    };
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        g_test_add_data_func(cases[i].path, &cases[i], test_in_child);
    return g_test_run();
}
