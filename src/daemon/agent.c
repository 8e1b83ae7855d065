#include "config.h"

#include "daemon/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "bus/errors.h"
#include "bus/names.h"

typedef struct {
    Agents *agents;
    uint64_t number; /* of its registration: a later one is higher */
    char *sender, *path;
    uid_t user;
    guint watch;
} Agent;

struct _Agents {
    GDBusConnection *bus;
    GPtrArray *list;      /* Agent, in the order of their registration */
    GPtrArray *questions; /* Question, counted */
    guint limit_s;
    uint64_t registered;
    uint32_t asked;
};

typedef struct {
    Agents *agents;
    uint32_t id;
    AgentKind kind;
    uid_t user;
    char *connection, *tunnel, *who, *prompt;
    bool retry;
    AgentAnswered answered;
    gpointer user_data;
    GDestroyNotify free_data;
    GCancellable *cancellable; /* the caller's, or NULL */
    gulong cancelled_handler;
    guint timeout, idle;
    uint64_t asking; /* number of the agent that has the question; lower ones are left; 0: none */
    GCancellable *call; /* of the method call to it */
    bool over;
} Question;

static void ask_next(Question *question);

/* ---- words ---- */

const char *
agent_kind_to_string(AgentKind kind)
{
    switch (kind) {
    case AGENT_PASSWORD:
        return GINNEL_ASK_PASSWORD;
    case AGENT_CHALLENGE:
        return GINNEL_ASK_CHALLENGE;
    case AGENT_PIN:
        return GINNEL_ASK_PIN;
    case AGENT_PASSPHRASE:
        return GINNEL_ASK_PASSPHRASE;
    case AGENT_PSK:
        return GINNEL_ASK_PSK;
    case AGENT_PROXY:
        return GINNEL_ASK_PROXY;
    }
    return "";
}

static const char *
needed_words(AgentKind kind)
{
    switch (kind) {
    case AGENT_PASSWORD:
        return _("The password is needed");
    case AGENT_CHALLENGE:
        return _("A code or answer that the gateway asks for is needed");
    case AGENT_PIN:
        return _("The PIN of the token is needed");
    case AGENT_PASSPHRASE:
        return _("The passphrase of the key is needed");
    case AGENT_PSK:
        return _("The pre-shared key is needed");
    case AGENT_PROXY:
        return _("The password at the proxy is needed");
    }
    return "";
}

/* Only these may lie in a file. */
static bool
may_be_in_file(AgentKind kind)
{
    return kind == AGENT_PASSWORD || kind == AGENT_PSK;
}

static char *
nobody_words(const Question *question)
{
    const char *needed = needed_words(question->kind);
    g_autofree char *what = question->who != NULL
                                ? g_strdup_printf("%s (%s)", needed, question->who)
                                : g_strdup(needed);
    g_autofree char *up = g_strdup_printf("ginnel up %s", question->connection);
    if (may_be_in_file(question->kind))
        return g_strdup_printf(_("%s, and there is nobody to ask: run \"%s\" in a terminal, keep "
                                 "\"ginnel agent\" running, or set secret-file under [user]."),
                               what, up);
    return g_strdup_printf(_("%s, and there is nobody to ask: run \"%s\" in a terminal, or keep "
                             "\"ginnel agent\" running."),
                           what, up);
}

/* ---- questions ---- */

static void
question_clear(gpointer data)
{
    Question *question = data;
    g_free(question->connection);
    g_free(question->tunnel);
    g_free(question->who);
    g_free(question->prompt);
    g_clear_object(&question->cancellable);
    g_clear_object(&question->call);
}

static void
question_unref(gpointer question)
{
    g_rc_box_release_full(question, question_clear);
}

static Agent *
find_agent(Agents *agents, uint64_t number)
{
    for (guint i = 0; i < agents->list->len; i++) {
        Agent *agent = agents->list->pdata[i];
        if (agent->number == number)
            return agent;
    }
    return NULL;
}

/* The agent that has it need not answer any more. */
static void
take_back(Question *question)
{
    Agent *agent = question->call != NULL ? find_agent(question->agents, question->asking) : NULL;
    if (agent != NULL)
        g_dbus_connection_call(question->agents->bus, agent->sender, agent->path,
                               GINNEL_IFACE_AGENT, "Cancel", g_variant_new("(u)", question->id),
                               NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
    if (question->call != NULL)
        g_cancellable_cancel(question->call);
    g_clear_object(&question->call);
}

/* Whatever comes afterwards for it is dropped. */
static void
question_end(Question *question)
{
    question->over = true;
    take_back(question);
    g_clear_handle_id(&question->timeout, g_source_remove);
    g_clear_handle_id(&question->idle, g_source_remove);
    if (question->cancelled_handler != 0)
        g_signal_handler_disconnect(question->cancellable, question->cancelled_handler);
    question->cancelled_handler = 0;
    if (question->free_data != NULL)
        question->free_data(question->user_data);
    question->free_data = NULL;
    g_ptr_array_remove(question->agents->questions, question);
}

static void
question_answer(Question *question, Secret *answer, int code, const char *why)
{
    g_rc_box_acquire(question);
    g_autoptr(GError) error = answer == NULL ? g_error_new(GINNEL_ERROR, code, "%s", why) : NULL;
    g_clear_object(&question->call);
    question->over = true;
    question->answered(answer, error, question->user_data);
    question_end(question);
    question_unref(question);
}

static gboolean
question_timed_out(gpointer data)
{
    Question *question = data;
    question->timeout = 0;
    take_back(question);
    g_autofree char *why = g_strdup_printf(_("%s, and nobody answered within %u seconds."),
                                           needed_words(question->kind), question->agents->limit_s);
    question_answer(question, NULL, GINNEL_ERROR_FAILED, why);
    return G_SOURCE_REMOVE;
}

static void
question_cancelled(GCancellable *cancellable, gpointer data)
{
    question_end(data);
}

/* ---- answers ---- */

static bool
is_answer(const uint8_t *octets, size_t length)
{
    return length > 0 && length <= GINNEL_ASK_MAX_ANSWER && memchr(octets, '\n', length) == NULL &&
           memchr(octets, '\r', length) == NULL &&
           g_utf8_validate_len((const char *)octets, length, NULL);
}

/* A memfd only: whatever else may block, or be a file of somebody. It is wiped as far as its seals
 * allow. NULL for anything that is no answer. */
static Secret *
read_answer(int fd)
{
    if (fcntl(fd, F_GET_SEALS) < 0)
        return NULL;
    uint8_t *octets;
    g_autoptr(Secret) room = secret_new_blank(GINNEL_ASK_MAX_ANSWER + 1, &octets);
    ssize_t n;
    do {
        n = pread(fd, octets, GINNEL_ASK_MAX_ANSWER + 1, 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0 || !is_answer(octets, (size_t)n))
        return NULL;
    Secret *answer = secret_new(octets, (size_t)n);
    static const uint8_t zeros[GINNEL_ASK_MAX_ANSWER];
    if (pwrite(fd, zeros, (size_t)n, 0) != n)
        g_debug("the agent sealed its answer");
    return answer;
}

static Secret *
answer_from_reply(GVariant *reply, GUnixFDList *fds)
{
    gint32 index;
    g_variant_get(reply, "(h)", &index);
    if (fds == NULL || index < 0 || index >= g_unix_fd_list_get_length(fds))
        return NULL;
    int fd = g_unix_fd_list_get(fds, index, NULL);
    if (fd < 0)
        return NULL;
    Secret *answer = read_answer(fd);
    close(fd);
    return answer;
}

static void
agent_answered(GObject *source, GAsyncResult *result, gpointer data)
{
    Question *question = data;
    g_autoptr(GUnixFDList) fds = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish(
        G_DBUS_CONNECTION(source), &fds, result, &error);
    if (!question->over && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_autoptr(Secret) answer = reply != NULL ? answer_from_reply(reply, fds) : NULL;
        g_clear_object(&question->call);
        if (answer != NULL) {
            question_answer(question, answer, 0, NULL);
        } else if (ginnel_error_is_declined(error)) {
            question_answer(question, NULL, GINNEL_ERROR_DECLINED,
                            _("You did not want to answer."));
        } else {
            ask_next(question);
        }
    }
    question_unref(question);
}

static GVariant *
question_details(const Question *question)
{
    GVariantBuilder details;
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    if (question->who != NULL)
        g_variant_builder_add(&details, "{sv}", "who", g_variant_new_string(question->who));
    if (question->prompt != NULL)
        g_variant_builder_add(&details, "{sv}", "prompt", g_variant_new_string(question->prompt));
    if (question->tunnel != NULL)
        g_variant_builder_add(&details, "{sv}", "tunnel",
                              g_variant_new_object_path(question->tunnel));
    g_variant_builder_add(&details, "{sv}", "retry", g_variant_new_boolean(question->retry));
    return g_variant_builder_end(&details);
}

/* The latest one below the last that was asked. */
static Agent *
next_agent(const Question *question)
{
    GPtrArray *list = question->agents->list;
    for (guint i = list->len; i-- > 0;) {
        Agent *agent = list->pdata[i];
        bool his = agent->user == question->user || agent->user == 0;
        if (his && (question->asking == 0 || agent->number < question->asking))
            return agent;
    }
    return NULL;
}

static void
ask_next(Question *question)
{
    Agent *agent = next_agent(question);
    if (agent == NULL) {
        g_autofree char *why = nobody_words(question);
        question_answer(question, NULL, GINNEL_ERROR_UNAVAILABLE, why);
        return;
    }
    question->asking = agent->number;
    question->call = g_cancellable_new();
    g_dbus_connection_call_with_unix_fd_list(
        question->agents->bus, agent->sender, agent->path, GINNEL_IFACE_AGENT, "Ask",
        g_variant_new("(uss@a{sv})", question->id, question->connection,
                      agent_kind_to_string(question->kind), question_details(question)),
        G_VARIANT_TYPE("(h)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, question->call,
        agent_answered, g_rc_box_acquire(question));
}

static gboolean
question_begin(gpointer data)
{
    Question *question = data;
    question->idle = 0;
    if (question->agents->questions->len <= AGENT_MAX_QUESTIONS)
        ask_next(question);
    else
        question_answer(question, NULL, GINNEL_ERROR_TOO_MANY, _("Too many questions are open."));
    return G_SOURCE_REMOVE;
}

/* A stranger's words, in UTF-8 and bounded. */
static char *
copy_prompt(const char *prompt)
{
    if (prompt == NULL || *prompt == '\0')
        return NULL;
    g_autofree char *cut = g_strndup(prompt, AGENT_MAX_PROMPT);
    return g_utf8_make_valid(cut, -1);
}

void
agent_ask(Agents *agents, const AgentQuestion *asked, GCancellable *cancellable,
          AgentAnswered answered, gpointer user_data, GDestroyNotify free_data)
{
    Question *question = g_rc_box_new0(Question);
    question->agents = agents;
    question->id = ++agents->asked;
    question->kind = asked->kind;
    question->user = asked->user;
    question->connection = g_strdup(asked->connection);
    question->tunnel = g_strdup(asked->tunnel);
    question->who = g_strdup(asked->who);
    question->prompt = copy_prompt(asked->prompt);
    question->retry = asked->retry;
    question->answered = answered;
    question->user_data = user_data;
    question->free_data = free_data;
    g_ptr_array_add(agents->questions, question);
    if (cancellable != NULL) {
        question->cancellable = g_object_ref(cancellable);
        if (g_cancellable_is_cancelled(cancellable)) {
            question_end(question);
            return;
        }
        question->cancelled_handler =
            g_signal_connect(cancellable, "cancelled", G_CALLBACK(question_cancelled), question);
    }
    question->timeout = g_timeout_add_seconds(agents->limit_s, question_timed_out, question);
    question->idle = g_idle_add(question_begin, question);
}

/* ---- agents ---- */

static void
agent_free(gpointer data)
{
    Agent *agent = data;
    if (agent->watch != 0)
        g_bus_unwatch_name(agent->watch);
    g_free(agent->sender);
    g_free(agent->path);
    g_free(agent);
}

static Question *
find_question(Agents *agents, uint64_t asking)
{
    for (guint i = 0; i < agents->questions->len; i++) {
        Question *question = agents->questions->pdata[i];
        if (question->asking == asking && question->call != NULL)
            return question;
    }
    return NULL;
}

/* Its questions go to others. Where there is nobody, whoever asked may end more of them. */
static void
agent_remove(Agent *agent)
{
    Agents *agents = agent->agents;
    uint64_t number = agent->number;
    g_ptr_array_remove(agents->list, agent);
    for (Question *question; (question = find_question(agents, number)) != NULL;) {
        take_back(question);
        ask_next(question);
    }
}

static void
agent_vanished(GDBusConnection *bus, const char *name, gpointer data)
{
    agent_remove(data);
}

static Agent *
find_registered(Agents *agents, const char *sender, const char *path)
{
    for (guint i = 0; i < agents->list->len; i++) {
        Agent *agent = agents->list->pdata[i];
        if (strcmp(agent->sender, sender) == 0 && strcmp(agent->path, path) == 0)
            return agent;
    }
    return NULL;
}

static bool
has_room(const Agents *agents, uid_t user)
{
    guint of_user = 0;
    for (guint i = 0; i < agents->list->len; i++)
        of_user += ((const Agent *)agents->list->pdata[i])->user == user;
    return of_user < AGENTS_MAX_PER_USER && agents->list->len < AGENTS_MAX;
}

bool
agents_register(Agents *agents, const char *sender, const char *path, uid_t user, GError **error)
{
    Agent *before = find_registered(agents, sender, path);
    if (before != NULL)
        agent_remove(before);
    if (!has_room(agents, user)) {
        g_set_error(error, GINNEL_ERROR, GINNEL_ERROR_TOO_MANY, "There are %d agents already.",
                    AGENTS_MAX_PER_USER);
        return false;
    }
    Agent *agent = g_new0(Agent, 1);
    agent->agents = agents;
    agent->number = ++agents->registered;
    agent->sender = g_strdup(sender);
    agent->path = g_strdup(path);
    agent->user = user;
    agent->watch = g_bus_watch_name_on_connection(
        agents->bus, sender, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, agent_vanished, agent, NULL);
    g_ptr_array_add(agents->list, agent);
    return true;
}

bool
agents_unregister(Agents *agents, const char *sender, const char *path, GError **error)
{
    Agent *agent = find_registered(agents, sender, path);
    if (agent == NULL) {
        g_set_error(error, GINNEL_ERROR, GINNEL_ERROR_FAILED, "There is no agent at %s.", path);
        return false;
    }
    agent_remove(agent);
    return true;
}

Agents *
agents_new(GDBusConnection *bus, guint limit_s)
{
    Agents *agents = g_new0(Agents, 1);
    agents->bus = g_object_ref(bus);
    agents->limit_s = limit_s;
    agents->list = g_ptr_array_new_with_free_func(agent_free);
    agents->questions = g_ptr_array_new_with_free_func(question_unref);
    return agents;
}

void
agents_free(Agents *agents)
{
    if (agents == NULL)
        return;
    while (agents->questions->len > 0)
        question_end(agents->questions->pdata[agents->questions->len - 1]);
    g_ptr_array_unref(agents->questions);
    g_ptr_array_unref(agents->list);
    g_object_unref(agents->bus);
    g_free(agents);
}
