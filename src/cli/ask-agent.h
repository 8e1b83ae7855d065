/*
 * The tool as an agent of the bus API: answers the service's questions with what a person types, or
 * a script gives. One question at a time is shown; the others wait.
 */
#pragma once
#include "cli/ask-input.h"
#include "cli/client.h"

#define ASK_AGENT_MAX_WAITING 16

typedef struct _AskAgent AskAgent;

/* shown runs before a question is shown and after it is over: what else writes on the terminal
 * keeps still meanwhile. May be NULL. */
typedef void (*AskAgentShown)(gboolean begins, gpointer user_data);

/* only: the profile whose questions are answered, NULL for all. input is taken; NULL: nobody can be
 * asked, only the keyring. Registers with the service, again each time that it comes back; needs no
 * objects of it. NULL with *error when the first time fails. */
AskAgent *ask_agent_start(Client *client, AskInput *input, const char *only, AskAgentShown shown,
                          gpointer user_data, GError **error);
/* What the keyring knows is not asked for, and what a person types is kept there, until it is not
 * accepted. */
void ask_agent_use_keyring(AskAgent *agent);
void ask_agent_stop(AskAgent *agent);
gboolean ask_agent_is_asking(const AskAgent *agent);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(AskAgent, ask_agent_stop)
