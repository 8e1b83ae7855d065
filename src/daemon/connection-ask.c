/*
 * A connection asks its user. The time it takes is the user's: nothing of the tunnel process's
 * schedule runs meanwhile.
 */
#include "config.h"

#include "daemon/connection-private.h"

typedef struct {
    Connection *connection;
    AgentKind kind;
    AgentAnswered answered;
    gpointer user_data;
    GDestroyNotify free_data;
} Asking;

void
connection_event_now(Connection *connection, const char *event, GVariant *details)
{
    gint64 at = connection->connect_began_us == 0
                    ? 0
                    : g_get_monotonic_time() - connection->connect_began_us;
    connection_event(connection, g_variant_new("(xs@a{sv})", at, event, details));
}

static void
asking_free(gpointer data)
{
    Asking *asking = data;
    if (asking->free_data != NULL)
        asking->free_data(asking->user_data);
    g_free(asking);
}

static void
asked(Secret *answer, const GError *error, gpointer data)
{
    Asking *asking = data;
    GVariantBuilder details;
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&details, "{sv}", "kind",
                          g_variant_new_string(agent_kind_to_string(asking->kind)));
    g_variant_builder_add(&details, "{sv}", "answered", g_variant_new_boolean(answer != NULL));
    connection_event_now(asking->connection, GINNEL_EVENT_ASKED, g_variant_builder_end(&details));
    asking->answered(answer, error, asking->user_data);
}

void
connection_ask(Connection *connection, AgentKind kind, const char *who, const char *prompt,
               bool retry, AgentAnswered answered, gpointer user_data, GDestroyNotify free_data)
{
    AgentQuestion question = { .kind = kind,
                               .user = connection->user,
                               .connection = connection_name(connection),
                               .tunnel = g_dbus_interface_skeleton_get_object_path(
                                   G_DBUS_INTERFACE_SKELETON(connection->tunnel)),
                               .who = who,
                               .prompt = prompt,
                               .retry = retry };
    Asking *asking = g_new0(Asking, 1);
    *asking = (Asking){ .connection = connection,
                        .kind = kind,
                        .answered = answered,
                        .user_data = user_data,
                        .free_data = free_data };
    GVariantBuilder details;
    g_variant_builder_init(&details, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&details, "{sv}", "kind",
                          g_variant_new_string(agent_kind_to_string(kind)));
    g_variant_builder_add(&details, "{sv}", "who", g_variant_new_string(who != NULL ? who : ""));
    g_variant_builder_add(&details, "{sv}", "retry", g_variant_new_boolean(retry));
    connection_event_now(connection, GINNEL_EVENT_ASKING, g_variant_builder_end(&details));
    g_message("%s: asks for the %s%s%s", connection_name(connection), agent_kind_to_string(kind),
              who != NULL ? " of " : "", who != NULL ? who : "");
    agent_ask(connection->machine->agents, &question, connection->cancellable, asked, asking,
              asking_free);
}
