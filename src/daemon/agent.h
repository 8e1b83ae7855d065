/*
 * Asking people for secrets: which clients have registered as agents, and the questions that are
 * open. Only agents of the user who activated the connection are asked, or of root, the one that
 * was registered last first. Answers come as memfd, are kept as Secret, and appear nowhere else.
 *
 * Whoever needs a secret calls agent_ask; inside a connection, connection_ask
 * (connection-private.h) fills in the connection's part of the question and tells the timeline:
 *
 *     connection_ask (connection, AGENT_PIN, "token ginnel-test", NULL, false, got_pin, data,
 * NULL);
 *
 *     static void
 *     got_pin (Secret *answer, const GError *error, gpointer data)
 *     {
 *         if (answer == NULL)   // error->message is a sentence for people that says what to do
 *             ...               // (use GINNEL_REASON_SECRET_UNAVAILABLE)
 *     }
 */
#pragma once
#include "base/secret.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <sys/types.h>

#define AGENTS_MAX             256
#define AGENTS_MAX_PER_USER    16
#define AGENT_MAX_QUESTIONS    64  /* open at a time */
#define AGENT_QUESTION_LIMIT_S 120 /* all agents together */
#define AGENT_MAX_PROMPT       512 /* octets that are shown of what a gateway says */

typedef struct _Agents Agents;

typedef enum {
    AGENT_PASSWORD,
    AGENT_CHALLENGE, /* what an authentication server asks with words of its own: a one-time code */
    AGENT_PIN,
    AGENT_PASSPHRASE, /* of a key file */
    AGENT_PSK,
    AGENT_PROXY, /* the password at a proxy on the way */
} AgentKind;

/* The word of the bus API. */
const char *agent_kind_to_string(AgentKind kind);

/* Borrowed; copied by agent_ask. */
typedef struct {
    AgentKind kind;
    uid_t user;             /* who activated the connection; 0: only root is asked */
    const char *connection; /* the profile's name */
    const char *tunnel;     /* object path, or NULL */
    const char *who;        /* user name, token or file; NULL: none */
    const char *prompt;     /* the gateway's words, or NULL */
    bool retry;             /* the answer before this one was wrong */
} AgentQuestion;

/* answer: borrowed, at least one octet of UTF-8 without NUL or line end; NULL with error
 * (GINNEL_ERROR_UNAVAILABLE: nobody to ask; _DECLINED: the person said no; _FAILED: nobody answered
 * in time), whose message is a sentence for people. */
typedef void (*AgentAnswered)(Secret *answer, const GError *error, gpointer user_data);

/* limit_s: how long a question stays open; AGENT_QUESTION_LIMIT_S. */
Agents *agents_new(GDBusConnection *bus, guint limit_s);
void agents_free(Agents *agents); /* open questions end without answer */
/* sender: bus name; user: whose it is. GINNEL_ERROR_TOO_MANY; the same path again is no error and
 * makes it the last one. */
bool agents_register(Agents *agents, const char *sender, const char *path, uid_t user,
                     GError **error);
bool agents_unregister(Agents *agents, const char *sender, const char *path, GError **error);
/* Calls answered once, from the main loop, never before this returns; once cancellable is
 * cancelled not any more. free_data (or NULL) runs after it or in its place. */
void agent_ask(Agents *agents, const AgentQuestion *question, GCancellable *cancellable,
               AgentAnswered answered, gpointer user_data, GDestroyNotify free_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Agents, agents_free)
