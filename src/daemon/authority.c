#include "config.h"

#include "daemon/authority.h"

#include "bus/errors.h"

#define POLKIT_I_KNOW_API_IS_SUBJECT_TO_CHANGE
#include <polkit/polkit.h>

#define CALLER_KEY "ginnel-caller"

typedef struct {
    GDBusMethodInvocation *invocation;
    char *action;
    AuthorityGranted granted;
    gpointer data;
    GDestroyNotify free_data;
} Check;

/* NULL before the first question. Finding it takes several calls on the bus; it is found anew by
 * itself where polkit is started anew. */
static PolkitAuthority *authority;

static void
check_free(Check *check)
{
    if (check->free_data != NULL)
        check->free_data(check->data);
    g_free(check->action);
    g_free(check);
}

static void
refuse(Check *check, int code, const char *why)
{
    g_dbus_method_invocation_return_error(check->invocation, GINNEL_ERROR, code, "%s", why);
    check_free(check);
}

static void
got_caller(GObject *source, GAsyncResult *result, gpointer data)
{
    Check *check = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    guint32 uid;
    if (reply == NULL) { /* it has gone meanwhile */
        refuse(check, GINNEL_ERROR_UNAVAILABLE, error->message);
        return;
    }
    g_variant_get(reply, "(u)", &uid);
    g_object_set_data(G_OBJECT(check->invocation), CALLER_KEY, GUINT_TO_POINTER(uid));
    check->granted(check->invocation, check->data);
    check_free(check);
}

uid_t
authority_caller(GDBusMethodInvocation *invocation)
{
    return GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(invocation), CALLER_KEY));
}

static void
checked(GObject *source, GAsyncResult *result, gpointer data)
{
    Check *check = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(PolkitAuthorizationResult) answer =
        polkit_authority_check_authorization_finish(authority, result, &error);
    if (answer == NULL) {
        refuse(check, GINNEL_ERROR_UNAVAILABLE, error->message);
        return;
    }
    if (!polkit_authorization_result_get_is_authorized(answer)) {
        refuse(check, GINNEL_ERROR_NOT_AUTHORIZED, "You may look, but not change this.");
        return;
    }
    g_dbus_connection_call(
        g_dbus_method_invocation_get_connection(check->invocation), "org.freedesktop.DBus",
        "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixUser",
        g_variant_new("(s)", g_dbus_method_invocation_get_sender(check->invocation)),
        G_VARIANT_TYPE("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, got_caller, check);
}

static void
ask_polkit(Check *check)
{
    g_autoptr(PolkitSubject) subject =
        polkit_system_bus_name_new(g_dbus_method_invocation_get_sender(check->invocation));
    GDBusMessage *message = g_dbus_method_invocation_get_message(check->invocation);
    bool ask = (g_dbus_message_get_flags(message) &
                G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0;
    polkit_authority_check_authorization(
        authority, subject, check->action, NULL,
        ask ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
            : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE,
        NULL, checked, check);
}

static void
got_authority(GObject *source, GAsyncResult *result, gpointer data)
{
    Check *check = data;
    g_autoptr(GError) error = NULL;
    PolkitAuthority *found = polkit_authority_get_finish(result, &error);
    if (found == NULL) {
        refuse(check, GINNEL_ERROR_UNAVAILABLE, error->message);
        return;
    }
    g_set_object(&authority, found);
    g_object_unref(found);
    ask_polkit(check);
}

void
authority_check(GDBusMethodInvocation *invocation, const char *action, AuthorityGranted granted,
                gpointer data, GDestroyNotify free_data)
{
    Check *check = g_new0(Check, 1);
    *check = (Check){ .invocation = invocation,
                      .action = g_strdup(action),
                      .granted = granted,
                      .data = data,
                      .free_data = free_data };
    if (authority != NULL)
        ask_polkit(check);
    else
        polkit_authority_get_async(NULL, got_authority, check);
}
