#include "config.h"

#include <glib/gi18n.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/props.h"

/* "connected over TCP"; empty where there is no tunnel. */
static char *
state_of(Client *client, const char *profile)
{
    g_autoptr(GDBusProxy) tunnel = client_tunnel_of(client, profile);
    if (tunnel == NULL)
        return g_strdup("");
    g_autoptr(GVariant) props = client_properties(tunnel);
    return output_state(props);
}

static void
append_profile(GString *out, Client *client, GVariant *props)
{
    const char *name = props_string(props, "Name"), *why = props_string(props, "Error");
    if (*why != '\0') {
        g_string_append_printf(out, _("%-16s cannot be used: %s\n"), name, why);
        return;
    }
    g_autoptr(GVariant) settings = props_array(props, "Settings", "a{ss}");
    const char *gateway = "";
    g_variant_lookup(settings, "gateway-address", "&s", &gateway);
    g_autofree char *state = state_of(client, name);
    g_string_append_printf(out, *state != '\0' ? "%-16s %-28s %s\n" : "%-16s %s%s\n", name, gateway,
                           state);
}

static void
print_json(GPtrArray *profiles)
{
    g_autoptr(GString) out = g_string_new("{\"profiles\":[");
    for (guint i = 0; i < profiles->len; i++) {
        g_autoptr(GVariant) props = client_properties(g_ptr_array_index(profiles, i));
        if (i > 0)
            g_string_append_c(out, ',');
        json_append(out, props);
    }
    g_string_append(out, "]}\n");
    cli_print(out->str);
}

int
cmd_profiles(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_("For programs: everything, as JSON"), NULL },
        { NULL },
    };
    if (!cli_parse_options(&argc, &argv, NULL,
                           _("Lists the profiles, and why one of them cannot be used."), entries, 0,
                           0))
        return CLI_USAGE;
    g_autoptr(GError) error = NULL;
    g_autoptr(Client) client = client_new(&error);
    if (client == NULL)
        return cli_report(g_steal_pointer(&error));
    g_autoptr(GPtrArray) profiles = client_profiles(client);
    if (json) {
        print_json(profiles);
        return CLI_OK;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < profiles->len; i++) {
        g_autoptr(GVariant) props = client_properties(g_ptr_array_index(profiles, i));
        append_profile(out, client, props);
    }
    if (profiles->len == 0)
        g_string_append_printf(
            out, "%s\n", _("There is no profile: put NAME.ginnel into /etc/ginnel/profiles."));
    cli_print(out->str);
    return CLI_OK;
}
