/*
 * Who is asked for a secret, in which order, and what counts as an answer. The agents are played by
 * the test, each on a connection of its own to a private bus; whose they are is what the test says,
 * as on the real bus the bus does.
 */
#include "bus/errors.h"
#include "bus/names.h"
#include "daemon/agent.h"

#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TESS    1000
#define SOMEONE 1001
#define PATH    "/agent"

static const char agent_xml[] =
    "<node><interface name='org.ginnel.Ginnel1.Agent'>"
    "<method name='Ask'><arg type='u' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='a{sv}' direction='in'/>"
    "<arg type='h' direction='out'/></method>"
    "<method name='Cancel'><arg type='u' direction='in'/></method>"
    "</interface></node>";

typedef struct {
    GTestDBus *daemon;
    GDBusConnection *service;
    GDBusNodeInfo *node;
    Agents *agents;
    /* What came back. */
    bool answered, freed;
    char *answer;
    GError *error;
} Bed;

typedef struct {
    GDBusConnection *bus;
    guint object;
    const char *answers; /* NULL: never; "!Name": that error */
    size_t length;       /* of answers */
    int kept;            /* the memfd of the last answer; -1 */
    unsigned asked, cancelled;
    GDBusMethodInvocation *open;
    GVariant *question;
} FakeAgent;

static GDBusConnection *
connect_to(GTestDBus *daemon)
{
    g_autoptr(GError) error = NULL;
    GDBusConnection *bus =
        g_dbus_connection_new_for_address_sync(g_test_dbus_get_bus_address(daemon),
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, &error);
    g_assert_no_error(error);
    return bus;
}

static void
turn_until(const bool *done)
{
    while (!*done)
        g_main_context_iteration(NULL, TRUE);
}

static void
bed_up_with(Bed *bed, guint limit_s)
{
    (void)GINNEL_ERROR;
    bed->daemon = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(bed->daemon);
    bed->service = connect_to(bed->daemon);
    bed->node = g_dbus_node_info_new_for_xml(agent_xml, NULL);
    bed->agents = agents_new(bed->service, limit_s);
}

static void
bed_up(Bed *bed, gconstpointer data)
{
    bed_up_with(bed, 3600);
}

static void
bed_down(Bed *bed, gconstpointer data)
{
    agents_free(bed->agents);
    g_clear_error(&bed->error);
    g_free(bed->answer);
    g_dbus_node_info_unref(bed->node);
    g_object_unref(bed->service);
    g_test_dbus_stop(bed->daemon);
    g_object_unref(bed->daemon);
}

/* ---- agents ---- */

static int
memfd_with(const void *octets, size_t length)
{
    int fd = memfd_create("answer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    g_assert_cmpint(write(fd, octets, length), ==, (ssize_t)length);
    return fd;
}

static void
give(FakeAgent *agent, GDBusMethodInvocation *invocation, int fd)
{
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
    g_assert_cmpint(g_unix_fd_list_append(fds, fd, NULL), ==, 0);
    agent->kept = fd;
    g_dbus_method_invocation_return_value_with_unix_fd_list(invocation, g_variant_new("(h)", 0),
                                                            fds);
}

static void
agent_called(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
             const char *method, GVariant *parameters, GDBusMethodInvocation *invocation,
             gpointer data)
{
    FakeAgent *agent = data;
    if (strcmp(method, "Cancel") == 0) {
        agent->cancelled++;
        g_dbus_method_invocation_return_value(invocation, NULL);
        return;
    }
    agent->asked++;
    g_clear_pointer(&agent->question, g_variant_unref);
    agent->question = g_variant_ref(parameters);
    if (agent->answers == NULL) {
        agent->open = invocation;
    } else if (*agent->answers == '!') {
        g_autofree char *name = g_strconcat(GINNEL_ERROR_PREFIX, agent->answers + 1, NULL);
        g_dbus_method_invocation_return_dbus_error(invocation, name, "no");
    } else {
        give(agent, invocation, memfd_with(agent->answers, agent->length));
    }
}

static FakeAgent *
agent_join(Bed *bed, uid_t user, const char *answers)
{
    static const GDBusInterfaceVTable table = { .method_call = agent_called };
    g_autoptr(GError) error = NULL;
    FakeAgent *agent = g_new0(FakeAgent, 1);
    agent->bus = connect_to(bed->daemon);
    agent->answers = answers;
    agent->length = answers != NULL ? strlen(answers) : 0;
    agent->kept = -1;
    agent->object = g_dbus_connection_register_object(agent->bus, PATH, bed->node->interfaces[0],
                                                      &table, agent, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(agents_register(bed->agents, g_dbus_connection_get_unique_name(agent->bus), PATH,
                                  user, &error));
    g_assert_no_error(error);
    return agent;
}

static void
agent_leave(FakeAgent *agent)
{
    /* A call that is queued for it finds nothing. */
    g_dbus_connection_unregister_object(agent->bus, agent->object);
    g_dbus_connection_close_sync(agent->bus, NULL, NULL);
    g_clear_object(&agent->open);
    g_clear_object(&agent->bus);
    g_clear_pointer(&agent->question, g_variant_unref);
    if (agent->kept >= 0)
        close(agent->kept);
    g_free(agent);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeAgent, agent_leave)

/* ---- questions ---- */

static void
answered(Secret *answer, const GError *error, gpointer data)
{
    Bed *bed = data;
    g_assert_false(bed->answered);
    g_assert_true((answer == NULL) == (error != NULL));
    bed->answered = true;
    if (answer != NULL)
        bed->answer = g_strndup((const char *)secret_data(answer), secret_length(answer));
    else
        bed->error = g_error_copy(error);
}

static void
freed(gpointer data)
{
    ((Bed *)data)->freed = true;
}

static void
ask(Bed *bed, uid_t user, GCancellable *cancellable)
{
    AgentQuestion question = { .kind = AGENT_PASSWORD,
                               .user = user,
                               .connection = "work",
                               .who = "tess",
                               .prompt = "Token\xff please",
                               .retry = true };
    agent_ask(bed->agents, &question, cancellable, answered, bed, freed);
    g_assert_false(bed->answered);
}

static void
ask_and_wait(Bed *bed, uid_t user)
{
    ask(bed, user, NULL);
    turn_until(&bed->answered);
    g_assert_true(bed->freed);
}

static void
test_answer(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) agent = agent_join(bed, TESS, "Ar3etTnp");
    char after[8];
    ask_and_wait(bed, TESS);
    g_assert_cmpstr(bed->answer, ==, "Ar3etTnp");
    g_assert_cmpint(pread(agent->kept, after, sizeof after, 0), ==, sizeof after);
    g_assert_cmpmem(after, sizeof after, "\0\0\0\0\0\0\0\0", 8);
}

static void
test_question(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) agent = agent_join(bed, TESS, "x");
    ask_and_wait(bed, TESS);
    const char *connection, *kind, *text;
    gboolean retry;
    g_autoptr(GVariant) details = NULL;
    g_variant_get(agent->question, "(u&s&s@a{sv})", NULL, &connection, &kind, &details);
    g_assert_cmpstr(connection, ==, "work");
    g_assert_cmpstr(kind, ==, "password");
    g_assert_true(g_variant_lookup(details, "who", "&s", &text));
    g_assert_cmpstr(text, ==, "tess");
    g_assert_true(g_variant_lookup(details, "prompt", "&s", &text));
    g_assert_cmpstr(text, ==, "Token\xef\xbf\xbd please");
    g_assert_true(g_variant_lookup(details, "retry", "b", &retry));
    g_assert_true(retry);
}

static void
test_nobody(Bed *bed, gconstpointer data)
{
    ask_and_wait(bed, TESS);
    g_assert_error(bed->error, GINNEL_ERROR, GINNEL_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(bed->error->message, "ginnel up work"));
    g_assert_nonnull(strstr(bed->error->message, "secret-file"));
}

static void
test_latest_first(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) first = agent_join(bed, TESS, "first");
    g_autoptr(FakeAgent) second = agent_join(bed, TESS, "second");
    ask_and_wait(bed, TESS);
    g_assert_cmpstr(bed->answer, ==, "second");
    g_assert_cmpuint(first->asked, ==, 0);
}

static void
test_registered_again(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) first = agent_join(bed, TESS, "first");
    g_autoptr(FakeAgent) second = agent_join(bed, TESS, "second");
    g_assert_true(agents_register(bed->agents, g_dbus_connection_get_unique_name(first->bus), PATH,
                                  TESS, NULL));
    ask_and_wait(bed, TESS);
    g_assert_cmpstr(bed->answer, ==, "first");
    g_assert_cmpuint(second->asked, ==, 0);
}

static void
test_not_of_others(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) other = agent_join(bed, SOMEONE, "stolen");
    ask_and_wait(bed, TESS);
    g_assert_error(bed->error, GINNEL_ERROR, GINNEL_ERROR_UNAVAILABLE);
    g_assert_cmpuint(other->asked, ==, 0);
}

static void
test_root_answers_for_all(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) agent = agent_join(bed, 0, "root's");
    ask_and_wait(bed, TESS);
    g_assert_cmpstr(bed->answer, ==, "root's");
}

static void
test_roots_connection(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) agent = agent_join(bed, TESS, "tess's");
    ask_and_wait(bed, 0);
    g_assert_error(bed->error, GINNEL_ERROR, GINNEL_ERROR_UNAVAILABLE);
    g_assert_cmpuint(agent->asked, ==, 0);
}

static void
test_next_after_error(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) first = agent_join(bed, TESS, "first");
    g_autoptr(FakeAgent) second = agent_join(bed, TESS, "!Unavailable");
    ask_and_wait(bed, TESS);
    g_assert_cmpstr(bed->answer, ==, "first");
    g_assert_cmpuint(second->asked, ==, 1);
}

static void
test_declined(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) first = agent_join(bed, TESS, "first");
    g_autoptr(FakeAgent) second = agent_join(bed, TESS, "!Declined");
    ask_and_wait(bed, TESS);
    g_assert_error(bed->error, GINNEL_ERROR, GINNEL_ERROR_DECLINED);
    g_assert_cmpuint(first->asked, ==, 0);
}

static void
turn_until_asked(const FakeAgent *agent)
{
    while (agent->asked == 0)
        g_main_context_iteration(NULL, TRUE);
}

static void
test_vanishes(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) first = agent_join(bed, TESS, "first");
    FakeAgent *second = agent_join(bed, TESS, NULL);
    ask(bed, TESS, NULL);
    turn_until_asked(second);
    agent_leave(second);
    turn_until(&bed->answered);
    g_assert_cmpstr(bed->answer, ==, "first");
}

static void
test_unregisters(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) first = agent_join(bed, TESS, "first");
    g_autoptr(FakeAgent) second = agent_join(bed, TESS, NULL);
    const char *name = g_dbus_connection_get_unique_name(second->bus);
    g_autoptr(GError) error = NULL;
    ask(bed, TESS, NULL);
    turn_until_asked(second);
    g_assert_true(agents_unregister(bed->agents, name, PATH, NULL));
    turn_until(&bed->answered);
    g_assert_cmpstr(bed->answer, ==, "first");
    g_assert_false(agents_unregister(bed->agents, name, PATH, &error));
    g_assert_error(error, GINNEL_ERROR, GINNEL_ERROR_FAILED);
}

static void
test_cancelled(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) agent = agent_join(bed, TESS, NULL);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    ask(bed, TESS, cancellable);
    turn_until_asked(agent);
    g_cancellable_cancel(cancellable);
    g_assert_true(bed->freed);
    while (agent->cancelled == 0)
        g_main_context_iteration(NULL, TRUE);
    /* An answer that crosses the cancellation is nobody's. */
    give(agent, g_steal_pointer(&agent->open), memfd_with("late", 4));
    g_dbus_connection_flush_sync(agent->bus, NULL, NULL);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_false(bed->answered);
}

static void
test_cancelled_before(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) agent = agent_join(bed, TESS, "x");
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_cancellable_cancel(cancellable);
    ask(bed, TESS, cancellable);
    g_assert_true(bed->freed);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_false(bed->answered);
    g_assert_cmpuint(agent->asked, ==, 0);
}

static void
bed_up_hurried(Bed *bed, gconstpointer data)
{
    bed_up_with(bed, 0);
}

static void
test_time_limit(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) agent = agent_join(bed, TESS, NULL);
    ask_and_wait(bed, TESS);
    g_assert_error(bed->error, GINNEL_ERROR, GINNEL_ERROR_FAILED);
    g_assert_nonnull(strstr(bed->error->message, "nobody answered"));
    while (agent->asked != agent->cancelled)
        g_main_context_iteration(NULL, TRUE);
}

static void
expect_no_answer(Bed *bed, const char *what)
{
    g_test_message("%s", what);
    g_assert_null(bed->answer);
    g_assert_error(bed->error, GINNEL_ERROR, GINNEL_ERROR_UNAVAILABLE);
    g_clear_error(&bed->error);
    bed->answered = bed->freed = false;
}

static void
test_no_answers(Bed *bed, gconstpointer data)
{
    g_autofree char *long_answer = g_strnfill(GINNEL_ASK_MAX_ANSWER + 1, 'x');
    const struct {
        const char *what, *octets;
        size_t length;
    } answers[] = {
        { "an empty one", "", 0 },
        { "a line", "secret\n", 7 },
        { "NUL inside", "sec\0ret", 7 },
        { "no UTF-8", "\xff\xfe", 2 },
        { "too long", long_answer, GINNEL_ASK_MAX_ANSWER + 1 },
    };
    g_autoptr(FakeAgent) agent = agent_join(bed, TESS, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        agent->answers = answers[i].length > 0 ? answers[i].octets : "-";
        agent->length = answers[i].length;
        ask_and_wait(bed, TESS);
        expect_no_answer(bed, answers[i].what);
        close(agent->kept);
    }
    agent->answers = long_answer;
    agent->length = GINNEL_ASK_MAX_ANSWER;
    ask_and_wait(bed, TESS);
    g_assert_cmpuint(strlen(bed->answer), ==, GINNEL_ASK_MAX_ANSWER);
}

/* A pipe could keep the service waiting, a file be somebody else's. */
static void
test_memfd_only(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) agent = agent_join(bed, TESS, NULL);
    char path[] = "/tmp/ginnel-test-XXXXXX";
    int ends[2], file = g_mkstemp(path);
    g_assert_cmpint(pipe(ends), ==, 0);
    g_assert_cmpint(write(ends[1], "x", 1), ==, 1);
    g_assert_cmpint(write(file, "x", 1), ==, 1);
    unlink(path);
    const int descriptors[] = { ends[0], file };
    for (size_t i = 0; i < G_N_ELEMENTS(descriptors); i++) {
        agent->asked = 0;
        ask(bed, TESS, NULL);
        turn_until_asked(agent);
        give(agent, g_steal_pointer(&agent->open), descriptors[i]);
        turn_until(&bed->answered);
        expect_no_answer(bed, i == 0 ? "a pipe" : "a file");
        close(descriptors[i]);
        agent->kept = -1;
    }
    close(ends[1]);
}

static void
test_room(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) agent = agent_join(bed, TESS, "first");
    const char *name = g_dbus_connection_get_unique_name(agent->bus);
    g_autoptr(GError) error = NULL;
    for (int i = 1; i < AGENTS_MAX_PER_USER; i++) {
        g_autofree char *path = g_strdup_printf("/agent/%d", i);
        g_assert_true(agents_register(bed->agents, name, path, TESS, NULL));
    }
    g_assert_false(agents_register(bed->agents, name, "/another", TESS, &error));
    g_assert_error(error, GINNEL_ERROR, GINNEL_ERROR_TOO_MANY);
    g_assert_true(agents_register(bed->agents, name, "/another", SOMEONE, NULL));
    g_assert_true(agents_register(bed->agents, name, PATH, TESS, NULL));
}

static void
test_ends_with_questions(Bed *bed, gconstpointer data)
{
    g_autoptr(FakeAgent) agent = agent_join(bed, TESS, NULL);
    ask(bed, TESS, NULL);
    turn_until_asked(agent);
    agents_free(g_steal_pointer(&bed->agents));
    g_assert_true(bed->freed);
    g_assert_false(bed->answered);
}

#define ADD(path, function) g_test_add(path, Bed, NULL, bed_up, function, bed_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/daemon/agent/answers-and-is-wiped", test_answer);
    ADD("/daemon/agent/is-told-what-it-is-for", test_question);
    ADD("/daemon/agent/nobody-to-ask-says-what-to-do", test_nobody);
    ADD("/daemon/agent/latest-first", test_latest_first);
    ADD("/daemon/agent/registered-again-is-latest", test_registered_again);
    ADD("/daemon/agent/another-user-is-never-asked", test_not_of_others);
    ADD("/daemon/agent/root-answers-for-all", test_root_answers_for_all);
    ADD("/daemon/agent/only-root-answers-for-root", test_roots_connection);
    ADD("/daemon/agent/next-one-after-an-error", test_next_after_error);
    ADD("/daemon/agent/declined-is-declined", test_declined);
    ADD("/daemon/agent/next-one-when-it-vanishes", test_vanishes);
    ADD("/daemon/agent/next-one-when-it-unregisters", test_unregisters);
    ADD("/daemon/agent/cancelled", test_cancelled);
    ADD("/daemon/agent/cancelled-before", test_cancelled_before);
    ADD("/daemon/agent/what-is-no-answer", test_no_answers);
    ADD("/daemon/agent/memfd-only", test_memfd_only);
    ADD("/daemon/agent/a-user-has-so-many", test_room);
    ADD("/daemon/agent/ends-with-open-questions", test_ends_with_questions);
    g_test_add("/daemon/agent/time-limit", Bed, NULL, bed_up_hurried, test_time_limit, bed_down);
    return g_test_run();
}
