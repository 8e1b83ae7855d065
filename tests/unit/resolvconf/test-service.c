/* What is told to resolvconf, and what is not. */
#include "resolvconf/service.h"

#include "channel/channel.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>

static char *
lines(const char *interface, const char *server, const char *search)
{
    const char *servers[] = { server, NULL }, *domains[] = { search, NULL };
    return resolvconf_lines(interface, servers, domains);
}

static void
test_lines(void)
{
    g_autofree char *both = lines("ginnel0", "10.99.0.1", "Corp.Example.");
    g_assert_cmpstr(both, ==, "nameserver 10.99.0.1\nsearch corp.example\n");
    g_autofree char *v6 = lines("ginnel12", "2001:DB8::1", NULL);
    g_assert_cmpstr(v6, ==, "nameserver 2001:db8::1\n");
    g_autofree char *nothing = lines("ginnel0", NULL, NULL);
    g_assert_cmpstr(nothing, ==, "");
    g_assert_null(lines("eth0", "10.99.0.1", NULL));
    g_assert_null(lines("ginnel", "10.99.0.1", NULL));
    g_assert_null(lines("ginnel0.x", "10.99.0.1", NULL));
    g_assert_null(lines("ginnel0", "10.99.0.1\nnameserver 192.0.2.1", NULL));
    g_assert_null(lines("ginnel0", "localhost", NULL));
    g_assert_null(lines("ginnel0", "10.99.0.1", "corp.example\noptions trust-ad"));
    g_assert_null(lines("ginnel0", "10.99.0.1", "."));
}

typedef struct {
    char *folder, *program, *log;
    bool closed, answered, ok;
} Bench;

static void
on_closed(gpointer data)
{
    ((Bench *)data)->closed = true;
}

static void
received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds, gpointer data)
{
    Bench *bench = data;
    gboolean ok;
    g_assert_cmpint(type, ==, RECORD_RESOLVCONF_DONE);
    g_variant_get(body, "(b&s)", &ok, NULL);
    bench->ok = ok;
    bench->answered = true;
}

static void
channel_closed(Channel *channel, const GError *error, gpointer data)
{
}

static const ChannelHandler handler = { received, channel_closed };

/* What a program is run with that writes down its arguments and its input, and knows no -m. */
static char *
tell(const char *interface, const char *server, bool *ok)
{
    Bench bench = { .folder = g_dir_make_tmp("ginnel-resolvconf-XXXXXX", NULL) };
    const char *servers[] = { server, NULL }, *none[] = { NULL };
    int pair[2];
    char *text = NULL;
    bench.program = g_build_filename(bench.folder, "resolvconf", NULL);
    bench.log = g_build_filename(bench.folder, "log", NULL);
    g_autofree char *script = g_strdup_printf(
        "#!/bin/sh\ncase \"$*\" in *-m*) exit 1;; esac\n{ echo \"$@\"; cat; } >%s\n", bench.log);
    g_assert_true(g_file_set_contents(bench.program, script, -1, NULL));
    g_assert_cmpint(g_chmod(bench.program, 0700), ==, 0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    ResolvconfService *service = resolvconf_service_new(pair[0], bench.program, on_closed, &bench);
    Channel *channel = channel_new(pair[1], &handler, &bench);
    channel_send(channel, RECORD_RESOLVCONF, g_variant_new("(s^as^as)", interface, servers, none),
                 NULL, 0);
    while (!bench.answered)
        g_main_context_iteration(NULL, TRUE);
    *ok = bench.ok;
    channel_free(channel);
    while (!bench.closed)
        g_main_context_iteration(NULL, TRUE);
    resolvconf_service_free(service);
    g_file_get_contents(bench.log, &text, NULL, NULL);
    g_unlink(bench.log);
    g_unlink(bench.program);
    g_assert_cmpint(g_rmdir(bench.folder), ==, 0);
    g_free(bench.log);
    g_free(bench.program);
    g_free(bench.folder);
    return text;
}

static void
test_tells(void)
{
    bool ok;
    g_autofree char *set = tell("ginnel3", "10.99.0.1", &ok);
    g_assert_true(ok);
    g_assert_cmpstr(set, ==, "-a tun.ginnel3\nnameserver 10.99.0.1\n");
    g_autofree char *away = tell("ginnel3", NULL, &ok);
    g_assert_true(ok);
    g_assert_cmpstr(away, ==, "-d tun.ginnel3\n");
    g_assert_null(tell("lo", "10.99.0.1", &ok));
    g_assert_false(ok);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/resolvconf/service/lines", test_lines);
    g_test_add_func("/resolvconf/service/tells", test_tells);
    return g_test_run();
}
