/* The one place where polkit is asked. */
#pragma once
#include <gio/gio.h>
#include <stdbool.h>
#include <sys/types.h>

#define ACTION_ACTIVATE          "org.ginnel.Ginnel1.activate"
#define ACTION_ACTIVATE_SETTINGS "org.ginnel.Ginnel1.activate-settings"
#define ACTION_MODIFY_PROFILES   "org.ginnel.Ginnel1.modify-profiles"
#define ACTION_REGISTER_AGENT    "org.ginnel.Ginnel1.register-agent"
#define ACTION_LIFT_LOCKDOWN     "org.ginnel.Ginnel1.lift-lockdown"

/* granted runs when the caller may; otherwise the call is answered with NotAuthorized. invocation's
 * reference passes on. data is freed by free_data either way. */
typedef void (*AuthorityGranted)(GDBusMethodInvocation *invocation, gpointer data);
void authority_check(GDBusMethodInvocation *invocation, const char *action,
                     AuthorityGranted granted, gpointer data, GDestroyNotify free_data);
/* Inside granted: whose the caller is. */
uid_t authority_caller(GDBusMethodInvocation *invocation);
