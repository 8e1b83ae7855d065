#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/instant.h"
#include "bus/names.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/props.h"

/* What is likely, and what to do about it; NULL: what was said is all. */
static const char *
likely_words(const char *likely)
{
    static const struct {
        const char *word, *sentence;
    } table[] = {
        { "nothing-listens", N_("nothing listens there") },
        { "no-route", N_("this machine has no way to such addresses") },
        { "udp-dropped", N_("UDP is dropped on the way; ginnel goes over TCP or TLS by itself") },
        { "port-dropped", N_("this port is dropped on the way, or nobody is there") },
        { "stream-dropped", N_("a firewall drops it, or the gateway takes no streams; where UDP "
                               "gets through, none is "
                               "needed") },
        { "address-dead", N_("nothing gets through to this address") },
        { "all-dead",
          N_("nothing gets through at all: the gateway is down, the address is another's, "
             "or this network lets nothing out") },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (strcmp(table[i].word, likely) == 0)
            return _(table[i].sentence);
    return NULL;
}

static char *
outcome_words(GVariant *row)
{
    const char *outcome = props_string(row, "outcome"), *detail = props_string(row, "detail");
    if (strcmp(outcome, "answered") == 0) {
        g_autofree char *after = duration_to_string(props_int64(row, "after"));
        return *detail != '\0' ? g_strdup_printf(_("answered after %s: %s"), after, detail)
                               : g_strdup_printf(_("answered after %s"), after);
    }
    const char *said = strcmp(outcome, "silent") == 0        ? _("no answer")
                       : strcmp(outcome, "refused") == 0     ? _("refused")
                       : strcmp(outcome, "unreachable") == 0 ? _("unreachable")
                                                             : detail;
    const char *why = likely_words(props_string(row, "likely"));
    return why != NULL ? g_strdup_printf("%s: %s", said, why) : g_strdup(said);
}

/* "UDP", "TCP" or "TLS" of the best that answered; NULL: none has. */
static const char *
best_of(GVariant *rows)
{
    static const char *const order[] = { "udp", "tcp", "tls" };
    static const char *const words[] = { "UDP", "TCP", "TLS" };
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        for (gsize k = 0; k < g_variant_n_children(rows); k++) {
            g_autoptr(GVariant) row = g_variant_get_child_value(rows, k);
            if (strcmp(props_string(row, "transport"), order[i]) == 0 &&
                strcmp(props_string(row, "outcome"), "answered") == 0)
                return words[i];
        }
    }
    return NULL;
}

static void
print_rows(const char *gateway, GVariant *rows)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const char *best = best_of(rows);
    g_string_append_printf(out, "%s\n", gateway);
    for (gsize i = 0; i < g_variant_n_children(rows); i++) {
        g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);
        g_autofree char *way =
            g_strdup_printf("%s %u", props_string(row, "transport"), props_uint(row, "port"));
        g_autofree char *words = outcome_words(row);
        g_string_append_printf(out, "  %-10s %-16s %s\n", way, props_string(row, "address"), words);
    }
    if (best != NULL)
        g_string_append_printf(out, _("A tunnel to it comes up over %s.\n"), best);
    else
        g_string_append(out, _("No tunnel to it comes up from here.\n"));
    cli_print(out->str);
}

static void
print_json(const char *gateway, GVariant *rows)
{
    g_autoptr(GString) out = g_string_new("{\"gateway\":");
    json_append_string(out, gateway);
    g_string_append(out, ",\"rows\":");
    json_append(out, rows);
    g_string_append(out, "}\n");
    cli_print(out->str);
}

int
cmd_check(int argc, char **argv)
{
    gboolean json = FALSE;
    g_autofree char *order = NULL;
    const GOptionEntry entries[] = {
        { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_("For programs: everything, as JSON"), NULL },
        { "order", 'o', 0, G_OPTION_ARG_STRING, &order,
          N_("Other transports, as a profile has them"), N_("\"udp/4500 tls/443\"") },
        { NULL },
    };
    if (!cli_parse_options(&argc, &argv, _("GATEWAY"),
                           _("Tries every way to a gateway, without signing in, and says what gets "
                             "through."),
                           entries, 1, 1))
        return CLI_USAGE;
    g_autoptr(GError) error = NULL;
    g_autoptr(Client) client = client_new(&error);
    g_autoptr(GVariant) rows =
        client != NULL ? client_check_gateway(client, argv[1], order, &error) : NULL;
    if (rows == NULL)
        return cli_report(g_steal_pointer(&error));
    if (json)
        print_json(argv[1], rows);
    else
        print_rows(argv[1], rows);
    return best_of(rows) != NULL ? CLI_OK : CLI_FAILED;
}
