/* When a lost session is tried again, when not, and how long that waits. */
#include "plan/reconnect.h"

#include <glib.h>
#include <limits.h>

#define GIVES_UP (-1)

typedef struct {
    const char *path;
    bool was_up;
    unsigned failures;
    ReconnectCause cause;
    int64_t seconds; /* until the next try, or GIVES_UP */
} Case;

static const Case cases[] = {
    { "first-connect-fails", false, 0, RECONNECT_TRANSIENT, GIVES_UP },
    { "first-connect-is-refused", false, 0, RECONNECT_PERMANENT, GIVES_UP },
    { "the-user-wants-it-down", true, 0, RECONNECT_REQUESTED, GIVES_UP },
    { "lost", true, 0, RECONNECT_TRANSIENT, 0 },
    { "after-1", true, 1, RECONNECT_TRANSIENT, 1 },
    { "after-2", true, 2, RECONNECT_TRANSIENT, 2 },
    { "after-3", true, 3, RECONNECT_TRANSIENT, 4 },
    { "after-6", true, 6, RECONNECT_TRANSIENT, 32 },
    { "after-7", true, 7, RECONNECT_TRANSIENT, 60 },
    { "after-8", true, 8, RECONNECT_TRANSIENT, 60 },
    { "after-64", true, 64, RECONNECT_TRANSIENT, 60 },
    { "for-ever", true, UINT_MAX, RECONNECT_TRANSIENT, 60 },
    { "refused", true, 0, RECONNECT_PERMANENT, 0 },
    { "refused-twice-again", true, 2, RECONNECT_PERMANENT, 2 },
    { "refused-for-good", true, 3, RECONNECT_PERMANENT, GIVES_UP },
};

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    ReconnectState state = { c->was_up, c->failures };
    Duration wait = 12345;
    bool again = reconnect_decide(&state, c->cause, &wait);
    g_assert_cmpint(again, ==, c->seconds != GIVES_UP);
    g_assert_cmpint(wait, ==, again ? c->seconds * DURATION_SECOND : 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/plan/reconnect/", cases[i].path, NULL);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    return g_test_run();
}
