/* Which tunnel process a connection gets, with a socket of the test's in place of systemd's. */
#include "daemon/spare.h"

#include "system/error.h"

#include <glib/gstdio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct {
    char *folder, *path;
    int listening;
    Spare *spare;
} Bed;

static void
bed_up(Bed *bed, gconstpointer data)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    bed->folder = g_dir_make_tmp("ginnel-spare-XXXXXX", NULL);
    bed->path = g_build_filename(bed->folder, "socket", NULL);
    g_strlcpy(address.sun_path, bed->path, sizeof address.sun_path);
    bed->listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(bed->listening, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(bed->listening, 8), ==, 0);
    bed->spare = spare_new(bed->path, "test.socket");
}

static void
bed_down(Bed *bed, gconstpointer data)
{
    spare_free(bed->spare);
    close(bed->listening);
    g_unlink(bed->path);
    g_rmdir(bed->folder);
    g_free(bed->path);
    g_free(bed->folder);
}

/* The process's end of the next connection; -1: nobody has connected. */
static int
start_process(const Bed *bed)
{
    return accept4(bed->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static bool
are_ends_of_one(int a, int b)
{
    char octet = 0;
    return send(a, "x", 1, 0) == 1 && recv(b, &octet, 1, MSG_DONTWAIT) == 1 && octet == 'x';
}

static int
take(const Bed *bed)
{
    g_autoptr(GError) error = NULL;
    int fd = spare_take(bed->spare, &error);
    g_assert_no_error(error);
    return fd;
}

static void
run_loop(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
test_waits_and_is_taken(Bed *bed, gconstpointer data)
{
    spare_prepare(bed->spare);
    spare_prepare(bed->spare);
    int process = start_process(bed);
    g_assert_cmpint(process, >=, 0);
    run_loop();
    int fd = take(bed);
    g_assert_true(are_ends_of_one(fd, process));
    g_assert_cmpint(start_process(bed), ==, -1);
    close(fd);
    close(process);
}

static void
test_opens_its_own(Bed *bed, gconstpointer data)
{
    spare_prepare(bed->spare);
    int first = take(bed), second = take(bed);
    int process_1 = start_process(bed), process_2 = start_process(bed);
    g_assert_true(are_ends_of_one(first, process_1));
    g_assert_true(are_ends_of_one(second, process_2));
    int all[] = { first, second, process_1, process_2 };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        close(all[i]);
}

/* It ended, or speaks although nobody asked it anything: another one starts when one is wanted, and
 * no sooner. data: whether the main loop has seen it. */
static void
test_is_not_used(Bed *bed, gconstpointer seen)
{
    for (int speaks = 0; speaks < 2; speaks++) {
        spare_prepare(bed->spare);
        int process = start_process(bed);
        if (speaks)
            g_assert_cmpint(send(process, "x", 1, 0), ==, 1);
        else
            close(process);
        if (seen != NULL)
            run_loop();
        g_assert_cmpint(start_process(bed), ==, -1);
        int fd = take(bed), other = start_process(bed);
        g_assert_true(are_ends_of_one(fd, other));
        close(fd);
        close(other);
        if (speaks)
            close(process);
    }
}

static void
test_ends_with_us(Bed *bed, gconstpointer data)
{
    char octet;
    spare_prepare(bed->spare);
    int process = start_process(bed);
    g_clear_pointer(&bed->spare, spare_free);
    g_assert_cmpint(recv(process, &octet, 1, 0), ==, 0);
    close(process);
}

static void
test_nobody_listens(Bed *bed, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_unlink(bed->path);
    spare_prepare(bed->spare);
    g_assert_cmpint(spare_take(bed->spare, &error), ==, -1);
    g_assert_error(error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(error->message, "is test.socket running?"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/daemon/spare/waits-and-is-taken", Bed, NULL, bed_up, test_waits_and_is_taken,
               bed_down);
    g_test_add("/daemon/spare/opens-its-own", Bed, NULL, bed_up, test_opens_its_own, bed_down);
    g_test_add("/daemon/spare/ended-unseen-is-not-used", Bed, NULL, bed_up, test_is_not_used,
               bed_down);
    g_test_add("/daemon/spare/ended-is-not-used", Bed, "seen", bed_up, test_is_not_used, bed_down);
    g_test_add("/daemon/spare/ends-with-us", Bed, NULL, bed_up, test_ends_with_us, bed_down);
    g_test_add("/daemon/spare/nobody-listens", Bed, NULL, bed_up, test_nobody_listens, bed_down);
    return g_test_run();
}
