#include "config.h"

#include "daemon/checking.h"

#include "daemon/connection-private.h"

#include "bus/errors.h"
#include "plan/gateway-check.h"
#include "profile/profile-file.h"

#include <string.h>

#define DEFAULT_ORDER "udp/4500 udp/500 tcp/4500 tls/443"
#define FIRST_ID      0xf00000u /* of connections that are checks */
#define TIME_LIMIT_S  20        /* the tunnel process needs half of it */

typedef struct {
    Connection *connection;
    CheckingDone done;
    gpointer user_data;
    guint limit;
} Checking;

static uint32_t ids_in_use; /* bit n: FIRST_ID + n */

/* ---- what has come of it ---- */

typedef struct {
    CheckRow row;
    gint64 after; /* microseconds; answered */
    const char *detail;
} Found;

static void
read_started(GVariant *details, Found *found)
{
    const char *kind = "", *address = "";
    guint32 port = 0;
    g_variant_lookup(details, "transport", "&s", &kind);
    g_variant_lookup(details, "address", "&s", &address);
    g_variant_lookup(details, "port", "u", &port);
    found->row.transport.kind = strcmp(kind, "udp") == 0   ? FALLBACK_UDP
                                : strcmp(kind, "tcp") == 0 ? FALLBACK_TCP
                                                           : FALLBACK_TLS;
    found->row.transport.port = (uint16_t)port;
    inet_address_parse(address, &found->row.address);
}

/* A tunnel process's word, as all that it says. The first word about an end is the one that counts.
 */
static void
read_event(const char *event, GVariant *details, Found *found)
{
    const char *why = "";
    if (strcmp(event, GINNEL_EVENT_ATTEMPT_STARTED) == 0) {
        read_started(details, found);
    } else if (strcmp(event, GINNEL_EVENT_ATTEMPT_ANSWERED) == 0) {
        found->row.outcome = CHECK_ANSWERED;
        g_variant_lookup(details, "after", "x", &found->after);
    } else if (strcmp(event, GINNEL_EVENT_ATTEMPT_FAILED) == 0 && found->detail == NULL) {
        g_variant_lookup(details, "why", "&s", &why);
        found->detail = why;
        if (found->row.outcome != CHECK_ANSWERED)
            found->row.outcome = gateway_check_outcome(why);
    }
}

/* Rows in the order of their attempts; how many. */
static size_t
read_events(const GPtrArray *events, Found rows[GATEWAY_CHECK_MAX_ROWS])
{
    size_t n = 0;
    for (guint i = 0; i < events->len; i++) {
        const char *event;
        g_autoptr(GVariant) details = NULL;
        guint32 number = 0;
        g_variant_get(events->pdata[i], "(x&s@a{sv})", NULL, &event, &details);
        if (!g_variant_lookup(details, "attempt", "u", &number) || number == 0 ||
            number > GATEWAY_CHECK_MAX_ROWS)
            continue;
        read_event(event, details, &rows[number - 1]);
        n = MAX(n, number);
    }
    return n;
}

static void
add_row(GVariantBuilder *list, const Found *found, CheckLikely likely)
{
    static const char *const kinds[] = { "udp", "tcp", "tls" };
    GVariantBuilder row;
    g_autofree char *address = inet_address_to_string(&found->row.address);
    bool answered = found->row.outcome == CHECK_ANSWERED;
    g_variant_builder_init(&row, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&row, "{sv}", "transport",
                          g_variant_new_string(kinds[found->row.transport.kind]));
    g_variant_builder_add(&row, "{sv}", "port", g_variant_new_uint32(found->row.transport.port));
    g_variant_builder_add(&row, "{sv}", "address", g_variant_new_string(address));
    g_variant_builder_add(&row, "{sv}", "outcome",
                          g_variant_new_string(gateway_check_outcome_word(found->row.outcome)));
    if (answered)
        g_variant_builder_add(&row, "{sv}", "after", g_variant_new_int64(found->after));
    if (found->detail != NULL)
        g_variant_builder_add(&row, "{sv}", "detail", g_variant_new_string(found->detail));
    if (!answered)
        g_variant_builder_add(&row, "{sv}", "likely",
                              g_variant_new_string(gateway_check_likely_word(likely)));
    g_variant_builder_add_value(list, g_variant_builder_end(&row));
}

GVariant *
checking_rows(const GPtrArray *events)
{
    Found found[GATEWAY_CHECK_MAX_ROWS] = { 0 };
    CheckRow rows[GATEWAY_CHECK_MAX_ROWS];
    GVariantBuilder list;
    size_t n = read_events(events, found);
    for (size_t i = 0; i < n; i++)
        rows[i] = found[i].row;
    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (size_t i = 0; i < n; i++)
        if (rows[i].address.family != INET_NONE)
            add_row(&list, &found[i], gateway_check_likely(rows, n, i));
    return g_variant_builder_end(&list);
}

/* ---- its life ---- */

static gboolean
checking_free(gpointer data)
{
    Checking *checking = data;
    ids_in_use &= ~(1u << (connection_id(checking->connection) - FIRST_ID));
    g_clear_handle_id(&checking->limit, g_source_remove);
    connection_free(checking->connection);
    g_free(checking);
    return G_SOURCE_REMOVE;
}

/* Runs inside the connection's own code: it is freed later. */
static void
ended(Connection *connection, gpointer data)
{
    Checking *checking = data;
    g_autoptr(GVariant) rows = g_variant_ref_sink(checking_rows(connection->events));
    g_autoptr(GError) error = NULL;
    if (g_variant_n_children(rows) == 0)
        error = g_error_new(GINNEL_ERROR, GINNEL_ERROR_FAILED, "%s",
                            connection->failed_detail != NULL && *connection->failed_detail != '\0'
                                ? connection->failed_detail
                                : "The check came to no end.");
    checking->done(error == NULL ? rows : NULL, error, checking->user_data);
    g_idle_add(checking_free, checking);
}

static gboolean
takes_too_long(gpointer data)
{
    Checking *checking = data;
    checking->limit = 0;
    connection_fail(checking->connection, GINNEL_REASON_GATEWAY_UNREACHABLE, "");
    return G_SOURCE_REMOVE;
}

static bool
take_id(uint32_t *id)
{
    for (uint32_t i = 0; i < CHECKING_MAX; i++) {
        if ((ids_in_use & (1u << i)) != 0)
            continue;
        ids_in_use |= 1u << i;
        *id = FIRST_ID + i;
        return true;
    }
    return false;
}

static Profile *
profile_for(const char *gateway, const char *order, GError **error)
{
    GVariantBuilder settings;
    g_variant_builder_init(&settings, G_VARIANT_TYPE("a{ss}"));
    g_variant_builder_add(&settings, "{ss}", "gateway-address", gateway);
    g_variant_builder_add(&settings, "{ss}", "user-auth", "psk"); /* never asked for */
    g_variant_builder_add(&settings, "{ss}", "user-id", "check");
    g_variant_builder_add(&settings, "{ss}", "transport-order",
                          *order != '\0' ? order : DEFAULT_ORDER);
    g_autoptr(GVariant) all = g_variant_ref_sink(g_variant_builder_end(&settings));
    return profile_from_settings("check", all, error);
}

bool
checking_start(Machine *machine, const char *gateway, const char *order, CheckingDone done,
               gpointer user_data, GError **error)
{
    uint32_t id;
    g_autoptr(Profile) profile = profile_for(gateway, order, error);
    if (profile == NULL)
        return false;
    if (!take_id(&id)) {
        g_set_error(error, GINNEL_ERROR, GINNEL_ERROR_TOO_MANY,
                    "There are %d checks under way already.", CHECKING_MAX);
        return false;
    }
    Checking *checking = g_new0(Checking, 1);
    checking->connection = connection_new(machine, id, profile, NULL, ended, checking);
    checking->done = done;
    checking->user_data = user_data;
    checking->limit = g_timeout_add_seconds(TIME_LIMIT_S, takes_too_long, checking);
    g_autoptr(GError) local = NULL;
    if (!connection_start_check(checking->connection, &local))
        connection_fail(checking->connection, GINNEL_REASON_SYSTEM_ERROR, local->message);
    return true;
}
