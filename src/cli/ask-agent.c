#include "config.h"

#include "cli/ask-agent.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bus/errors.h"
#include "bus/names.h"
#include "cli/keyring.h"
#include "cli/output.h"
#include "cli/props.h"
#include "ginnel-bus.h"

#define AGENT_PATH GINNEL_PATH "/agent"

typedef struct {
    guint id;
    char *text;
    char *profile, *kind, *who;
    GDBusMethodInvocation *invocation;
} Question;

struct _AskAgent {
    Client *client;
    AskInput *input;
    char *only;
    gboolean keyring;
    AskAgentShown shown;
    gpointer user_data;
    GinAgent *skeleton;
    guint watch;
    char *owner;    /* of the service's name: who may ask */
    GQueue waiting; /* Question; the head is the one that is shown */
};

static void ask_head(AskAgent *agent);

/* ---- words ---- */

static char *
what_is_wanted(const char *kind, const char *who)
{
    if (strcmp(kind, GINNEL_ASK_PASSWORD) == 0)
        return *who != '\0' ? g_strdup_printf(_("Password of %s: "), who)
                            : g_strdup(_("Password: "));
    if (strcmp(kind, GINNEL_ASK_CHALLENGE) == 0)
        return *who != '\0' ? g_strdup_printf(_("Answer for %s: "), who) : g_strdup(_("Answer: "));
    if (strcmp(kind, GINNEL_ASK_PIN) == 0)
        return *who != '\0' ? g_strdup_printf(_("PIN of %s: "), who) : g_strdup(_("PIN: "));
    if (strcmp(kind, GINNEL_ASK_PASSPHRASE) == 0)
        return *who != '\0' ? g_strdup_printf(_("Passphrase of %s: "), who)
                            : g_strdup(_("Passphrase: "));
    if (strcmp(kind, GINNEL_ASK_PSK) == 0)
        return g_strdup(_("Pre-shared key: "));
    if (strcmp(kind, GINNEL_ASK_PROXY) == 0)
        return *who != '\0' ? g_strdup_printf(_("Password at the proxy, %s: "), who)
                            : g_strdup(_("Password at the proxy: "));
    return NULL;
}

/* NULL for a kind that we do not know. */
static char *
question_text(const AskAgent *agent, const char *connection, const char *kind, GVariant *details)
{
    g_autofree char *wanted = what_is_wanted(kind, props_string(details, "who"));
    const char *prompt = props_string(details, "prompt");
    GString *text = g_string_new(NULL);
    if (wanted == NULL) {
        g_string_free(text, TRUE);
        return NULL;
    }
    if (agent->only == NULL)
        g_string_append_printf(text, "%s: ", connection);
    if (props_bool(details, "retry"))
        g_string_append_printf(text, "%s\n", _("That was not accepted. Once more:"));
    if (*prompt != '\0') {
        g_autofree char *quoted = g_strdelimit(g_strdup(prompt), "\n", ' ');
        g_string_append_printf(text, _("The gateway says: \"%s\"\n"), quoted);
    }
    g_string_append(text, wanted);
    char *clean = output_clean(text->str);
    g_string_free(text, TRUE);
    return clean;
}

/* ---- answers ---- */

static int
memfd_with(const Secret *line)
{
    int fd = memfd_create("ginnel-answer", MFD_CLOEXEC);
    if (fd >= 0 &&
        write(fd, secret_data(line), secret_length(line)) != (ssize_t)secret_length(line)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void
question_free(Question *question)
{
    if (question->invocation != NULL)
        g_dbus_method_invocation_return_error(question->invocation, GINNEL_ERROR,
                                              GINNEL_ERROR_UNAVAILABLE, "not answered");
    g_free(question->text);
    g_free(question->profile);
    g_free(question->kind);
    g_free(question->who);
    g_free(question);
}

static void
answer(Question *question, const Secret *line)
{
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
    int fd = memfd_with(line);
    int index = fd >= 0 ? g_unix_fd_list_append(fds, fd, NULL) : -1;
    if (fd >= 0)
        close(fd);
    if (index < 0)
        return;
    g_dbus_method_invocation_return_value_with_unix_fd_list(g_steal_pointer(&question->invocation),
                                                            g_variant_new("(h)", index), fds);
}

/* The answer to what a server shows is for once. */
static gboolean
is_kept(const AskAgent *agent, const char *kind)
{
    return agent->keyring && strcmp(kind, GINNEL_ASK_CHALLENGE) != 0;
}

static void
keep(const AskAgent *agent, const Question *question, const Secret *line)
{
    g_autoptr(GError) error = NULL;
    if (is_kept(agent, question->kind) &&
        !keyring_store(question->profile, question->kind, question->who, line, &error))
        g_printerr(_("Not kept in the keyring: %s\n"), error->message);
}

/* True where the keyring answered. What it knew and was not accepted it forgets. */
static gboolean
answer_from_keyring(const AskAgent *agent, Question *question, gboolean retry)
{
    if (!is_kept(agent, question->kind))
        return FALSE;
    if (retry) {
        keyring_forget(question->profile, question->kind, question->who);
        return FALSE;
    }
    g_autoptr(Secret) known = keyring_lookup(question->profile, question->kind, question->who);
    if (known != NULL)
        answer(question, known);
    return known != NULL && question->invocation == NULL;
}

/* Nothing more to read from a script is no word of a person. */
static void
line_came(Secret *line, gpointer data)
{
    AskAgent *agent = data;
    Question *question = g_queue_pop_head(&agent->waiting);
    if (line != NULL && secret_length(line) > 0) {
        keep(agent, question, line);
        answer(question, line);
    } else if (ask_input_is_person(agent->input)) {
        g_dbus_method_invocation_return_error(g_steal_pointer(&question->invocation), GINNEL_ERROR,
                                              GINNEL_ERROR_DECLINED, "nothing was typed");
    }
    question_free(question);
    if (agent->shown != NULL)
        agent->shown(FALSE, agent->user_data);
    ask_head(agent);
}

static void
ask_head(AskAgent *agent)
{
    Question *head = g_queue_peek_head(&agent->waiting);
    if (head == NULL)
        return;
    if (agent->shown != NULL)
        agent->shown(TRUE, agent->user_data);
    ask_input_start(agent->input, head->text, line_came, agent);
}

/* ---- the service ---- */

static gboolean
comes_from_service(const AskAgent *agent, GDBusMethodInvocation *invocation)
{
    return g_strcmp0(agent->owner, g_dbus_method_invocation_get_sender(invocation)) == 0;
}

static gboolean
on_ask(GinAgent *skeleton, GDBusMethodInvocation *invocation, GUnixFDList *fds, guint id,
       const char *connection, const char *kind, GVariant *details, gpointer data)
{
    AskAgent *agent = data;
    bool ours = agent->only == NULL || strcmp(agent->only, connection) == 0;
    g_autofree char *text = question_text(agent, connection, kind, details);
    if (!comes_from_service(agent, invocation) || !ours || text == NULL ||
        g_queue_get_length(&agent->waiting) >= ASK_AGENT_MAX_WAITING) {
        g_dbus_method_invocation_return_error(invocation, GINNEL_ERROR, GINNEL_ERROR_UNAVAILABLE,
                                              "not this one");
        return TRUE;
    }
    Question *question = g_new0(Question, 1);
    *question = (Question){ .id = id,
                            .text = g_steal_pointer(&text),
                            .profile = g_strdup(connection),
                            .kind = g_strdup(kind),
                            .who = g_strdup(props_string(details, "who")),
                            .invocation = invocation };
    if (answer_from_keyring(agent, question, props_bool(details, "retry")) ||
        agent->input == NULL) {
        question_free(question); /* unanswered goes to another agent */
        return TRUE;
    }
    g_queue_push_tail(&agent->waiting, question);
    if (g_queue_get_length(&agent->waiting) == 1)
        ask_head(agent);
    return TRUE;
}

static gboolean
on_cancel(GinAgent *skeleton, GDBusMethodInvocation *invocation, guint id, gpointer data)
{
    AskAgent *agent = data;
    Question *head = g_queue_peek_head(&agent->waiting);
    for (GList *link = agent->waiting.head; link != NULL && comes_from_service(agent, invocation);
         link = link->next) {
        Question *question = link->data;
        if (question->id != id)
            continue;
        bool shown = question == head;
        g_queue_delete_link(&agent->waiting, link);
        question_free(question);
        if (!shown)
            break;
        ask_input_stop(agent->input);
        ask_input_say(agent->input, "\n");
        if (agent->shown != NULL)
            agent->shown(FALSE, agent->user_data);
        ask_head(agent);
        break;
    }
    gin_agent_complete_cancel(skeleton, invocation);
    return TRUE;
}

static void
on_appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer data)
{
    AskAgent *agent = data;
    g_autoptr(GError) error = NULL;
    bool came_back = agent->owner != NULL && strcmp(agent->owner, owner) != 0;
    g_free(agent->owner);
    agent->owner = g_strdup(owner);
    if (came_back && !client_register_agent(agent->client, AGENT_PATH, &error))
        g_printerr("%s\n", error->message);
}

AskAgent *
ask_agent_start(Client *client, AskInput *input, const char *only, AskAgentShown shown,
                gpointer user_data, GError **error)
{
    AskAgent *agent = g_new0(AskAgent, 1);
    agent->client = client;
    agent->input = input;
    agent->only = g_strdup(only);
    agent->shown = shown;
    agent->user_data = user_data;
    g_queue_init(&agent->waiting);
    agent->skeleton = gin_agent_skeleton_new();
    g_signal_connect(agent->skeleton, "handle-ask", G_CALLBACK(on_ask), agent);
    g_signal_connect(agent->skeleton, "handle-cancel", G_CALLBACK(on_cancel), agent);
    /* Its answer is here before the service has been asked for anything. */
    agent->watch =
        g_bus_watch_name_on_connection(client->bus, GINNEL_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                       on_appeared, NULL, agent, NULL);
    if (g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(agent->skeleton), client->bus,
                                         AGENT_PATH, error) &&
        client_register_agent(client, AGENT_PATH, error))
        return agent;
    ask_agent_stop(agent);
    return NULL;
}

void
ask_agent_use_keyring(AskAgent *agent)
{
    agent->keyring = TRUE;
}

/* The service notices that we left the bus; a question that is open goes to another agent. */
void
ask_agent_stop(AskAgent *agent)
{
    if (agent == NULL)
        return;
    g_bus_unwatch_name(agent->watch);
    if (agent->input != NULL)
        ask_input_close(agent->input);
    g_queue_clear_full(&agent->waiting, (GDestroyNotify)question_free);
    g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(agent->skeleton));
    g_object_unref(agent->skeleton);
    g_free(agent->owner);
    g_free(agent->only);
    g_free(agent);
}

gboolean
ask_agent_is_asking(const AskAgent *agent)
{
    return agent != NULL && !g_queue_is_empty((GQueue *)&agent->waiting);
}
