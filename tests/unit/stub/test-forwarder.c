/* The forwarder, by real libunbound against a name server on loopback. Validation is tried in the
 * lab, with signed zones. */
#include "stub/forwarder.h"

#include "name-server.h"

#include <gio/gio.h>

typedef struct {
    unsigned left;
    bool packet, secure, bogus;
    guint8 rcode;
} Seen;

static void
answered(const Answer *answer, gpointer data)
{
    Seen *seen = data;
    seen->left--;
    seen->packet = answer->packet != NULL;
    seen->secure = answer->secure;
    seen->bogus = answer->bogus;
    seen->rcode = answer->packet != NULL ? answer->packet[3] & 0xf : 0xff;
}

static void
wait(Seen *seen)
{
    while (seen->left > 0)
        g_main_context_iteration(NULL, TRUE);
}

static bool
ask(Forwarder *forwarder, const char *name, Seen *seen)
{
    Asker asker = forwarder_asker(forwarder);
    DnsQuery query = { .name = (char *)name, .type = 1, .klass = 1 };
    return asker.ask(asker.asker, &query, NULL, 0, answered, seen);
}

static Forwarder *
forwarder_for(const NameServer *server, bool validate)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *word = name_server_word(server);
    char *servers[] = { word, NULL }, *none[] = { NULL },
         *sources[] = { (char *)"127.0.0.1", NULL };
    char *anchors[] = { (char *)"corp.example. IN DS 31406 8 2 "
                                "F78CF3344F72137235098ECBBD08947C2C9001C7F6A085A17F518B5D8F6B916D",
                        NULL };
    ForwarderConfig config = { servers, anchors, none, sources, validate };
    Forwarder *forwarder = forwarder_new(&config, &error);
    g_assert_no_error(error);
    return forwarder;
}

static void
test_answers(void)
{
    NameServer server;
    Seen seen = { .left = 2 };
    name_server_start(&server);
    g_autoptr(Forwarder) forwarder = forwarder_for(&server, false);
    g_assert_true(ask(forwarder, "host.corp.example.", &seen));
    g_assert_true(ask(forwarder, "host.test.", &seen));
    wait(&seen);
    g_assert_true(seen.packet);
    g_assert_cmpuint(seen.rcode, ==, 0);
    g_assert_false(seen.secure);
    seen.left = 1;
    g_assert_true(ask(forwarder, "none.example.", &seen));
    wait(&seen);
    g_assert_cmpuint(seen.rcode, ==, 3);
    name_server_stop(&server);
}

/* What is below an anchor and not signed does not count; what is not, does. */
static void
test_unsigned_below_an_anchor(void)
{
    NameServer server;
    Seen seen = { .left = 1 };
    name_server_start(&server);
    g_autoptr(Forwarder) forwarder = forwarder_for(&server, true);
    g_assert_true(ask(forwarder, "host.corp.example.", &seen));
    wait(&seen);
    g_assert_true(seen.bogus);
    seen.left = 1;
    g_assert_true(ask(forwarder, "host.two.example.", &seen));
    wait(&seen);
    g_assert_false(seen.bogus || seen.secure);
    g_assert_cmpuint(seen.rcode, ==, 0);
    name_server_stop(&server);
}

static void
test_refuses_nonsense(void)
{
    char *servers[] = { (char *)"no address", NULL }, *none[] = { NULL };
    g_autoptr(GError) error = NULL;
    ForwarderConfig config = { servers, none, none, none, false };
    g_assert_null(forwarder_new(&config, &error));
    g_assert_nonnull(error);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stub/forwarder/answers", test_answers);
    g_test_add_func("/stub/forwarder/unsigned-below-an-anchor", test_unsigned_below_an_anchor);
    g_test_add_func("/stub/forwarder/refuses-nonsense", test_refuses_nonsense);
    return g_test_run();
}
