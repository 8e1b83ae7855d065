/*
 * Lets polkit ask on this terminal for a password, where no desktop does it: runs pkttyagent beside
 * the tool. For people only: a script is refused rather than asked.
 */
#pragma once
#include <gio/gio.h>

typedef struct _PolkitAgent PolkitAgent;

/* Returns when the agent is ready, or NULL where there is nobody to ask, or no agent. */
PolkitAgent *polkit_agent_start(void);
void polkit_agent_stop(PolkitAgent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolkitAgent, polkit_agent_stop)
