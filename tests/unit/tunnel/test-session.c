/* A process that waits for its connection hears what ginneld has to say, and ends when it is told
 * to, or when ginneld goes. */
#include "tunnel/session.h"

#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    Session *session;
    Channel *daemon;
    bool over;
} Bed;

static void
quit(gpointer data)
{
    Bed *bed = data;
    bed->over = true;
}

static void
received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds, gpointer data)
{
}

static void
closed(Channel *channel, const GError *error, gpointer data)
{
    g_error("%s", error->message);
}

static void
bed_up(Bed *bed, gconstpointer data)
{
    static const ChannelHandler handler = { received, closed };
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    bed->session = session_new(pair[0], quit, bed);
    bed->daemon = channel_new(pair[1], &handler, bed);
}

static void
bed_down(Bed *bed, gconstpointer data)
{
    while (!bed->over)
        g_main_context_iteration(NULL, TRUE);
    session_free(bed->session);
    channel_free(bed->daemon);
}

static void
test_ginneld_goes(Bed *bed, gconstpointer data)
{
    g_clear_pointer(&bed->daemon, channel_free);
}

static void
test_told_to_end(Bed *bed, gconstpointer data)
{
    channel_send(bed->daemon, RECORD_CLOSE, g_variant_new("()"), NULL, 0);
}

/* All that ginneld may send but START, each with nothing in it. */
static void
test_told_all_else(Bed *bed, gconstpointer data)
{
    for (RecordType type = RECORD_QUERY; type < RECORD_SOCKET; type++) {
        const char *body = record_body_type(type);
        if (body == NULL || type == RECORD_CLOSE)
            continue;
        g_autoptr(GVariant) nothing = g_variant_ref_sink(
            g_variant_new_from_data(G_VARIANT_TYPE(body), "", 0, FALSE, NULL, NULL));
        g_autoptr(GVariant) normal = g_variant_get_normal_form(nothing);
        channel_send(bed->daemon, type, normal, NULL, 0);
    }
    channel_send(bed->daemon, RECORD_CLOSE, g_variant_new("()"), NULL, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/tunnel/session/ginneld-goes", Bed, NULL, bed_up, test_ginneld_goes, bed_down);
    g_test_add("/tunnel/session/told-to-end", Bed, NULL, bed_up, test_told_to_end, bed_down);
    g_test_add("/tunnel/session/told-all-else", Bed, NULL, bed_up, test_told_all_else, bed_down);
    return g_test_run();
}
