#include "config.h"

#include <glib/gi18n.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/output.h"

static void
append_json(GString *out, GDBusProxy *tunnel)
{
    g_autoptr(GVariant) props = client_properties(tunnel);
    g_autoptr(GVariant) statistics = client_statistics(tunnel);
    g_string_append(out, "{\"Path\":");
    json_append_string(out, g_dbus_proxy_get_object_path(tunnel));
    g_string_append(out, ",\"Statistics\":");
    if (statistics != NULL)
        json_append(out, statistics);
    else
        g_string_append(out, "null");
    for (gsize i = 0; i < g_variant_n_children(props); i++) {
        const char *name;
        g_autoptr(GVariant) value = NULL;
        g_variant_get_child(props, i, "{&sv}", &name, &value);
        g_string_append_c(out, ',');
        json_append_string(out, name);
        g_string_append_c(out, ':');
        json_append(out, value);
    }
    g_string_append_c(out, '}');
}

/* {"tunnels": [...]}: every property by its name on the bus, Path and Statistics. */
static void
print_json(GPtrArray *tunnels)
{
    g_autoptr(GString) out = g_string_new("{\"tunnels\":[");
    for (guint i = 0; i < tunnels->len; i++) {
        if (i > 0)
            g_string_append_c(out, ',');
        append_json(out, g_ptr_array_index(tunnels, i));
    }
    g_string_append(out, "]}\n");
    cli_print(out->str);
}

static void
print_text(GPtrArray *tunnels, gboolean verbose)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < tunnels->len; i++) {
        GDBusProxy *tunnel = g_ptr_array_index(tunnels, i);
        g_autoptr(GVariant) props = client_properties(tunnel);
        g_autoptr(GVariant) statistics = client_statistics(tunnel);
        if (i > 0)
            g_string_append_c(out, '\n');
        output_status(out, props, statistics, g_get_real_time(), verbose);
    }
    if (tunnels->len == 0)
        g_string_append_printf(out, "%s\n", _("Nothing is connected."));
    cli_print(out->str);
}

int
cmd_status(int argc, char **argv)
{
    gboolean json = FALSE, verbose = FALSE;
    const GOptionEntry entries[] = {
        { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_("For programs: everything, as JSON"), NULL },
        { "verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose,
          N_("Algorithms, counters and the story of the connect too"), NULL },
        { NULL },
    };
    if (!cli_parse_options(&argc, &argv, _("[PROFILE]"),
                           _("Shows the tunnels that are connected, or try to be, or failed."),
                           entries, 0, 1))
        return CLI_USAGE;
    g_autoptr(GError) error = NULL;
    g_autoptr(Client) client = client_new(&error);
    if (client == NULL)
        return cli_report(g_steal_pointer(&error));
    g_autoptr(GPtrArray) tunnels = client_tunnels(client);
    gboolean missing = FALSE;
    if (argc > 1) {
        GDBusProxy *tunnel = client_tunnel_of(client, argv[1]);
        g_ptr_array_set_size(tunnels, 0);
        if (tunnel != NULL)
            g_ptr_array_add(tunnels, tunnel);
        missing = tunnel == NULL;
    }
    if (json)
        print_json(tunnels);
    else if (missing)
        g_print(_("%s is not connected.\n"), argv[1]);
    else
        print_text(tunnels, verbose);
    return missing ? CLI_NOT_FOUND : CLI_OK;
}
