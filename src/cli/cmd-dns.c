#include "config.h"

#include <glib/gi18n.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/output-dns.h"
#include "cli/props.h"

/* {"profile": ..., "offered": ..., "domains": ..., "refused": ..., "dns": GetDns, "test": TestName}
 */
static void
print_json(GVariant *props, GVariant *dns, const char *name, GVariant *test)
{
    static const struct {
        const char *member, *property;
    } members[] = { { "profile", "Profile" },    { "interface", "Interface" },
                    { "offered", "DnsOffered" }, { "servers", "DnsServers" },
                    { "domains", "Domains" },    { "refused", "Refused" },
                    { "warning", "Warning" } };
    g_autoptr(GString) out = g_string_new("{");
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        g_autoptr(GVariant) value = g_variant_lookup_value(props, members[i].property, NULL);
        if (value == NULL)
            continue;
        json_append_string(out, members[i].member);
        g_string_append_c(out, ':');
        json_append(out, value);
        g_string_append_c(out, ',');
    }
    g_string_append(out, "\"dns\":");
    json_append(out, dns);
    if (test != NULL) {
        g_string_append(out, ",\"test\":{\"name\":");
        json_append_string(out, name);
        g_string_append(out, ",\"result\":");
        json_append(out, test);
        g_string_append_c(out, '}');
    }
    g_string_append(out, "}\n");
    cli_print(out->str);
}

static int
show(GDBusProxy *tunnel, const char *name, gboolean json)
{
    g_autoptr(GVariant) props = client_properties(tunnel);
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) dns = client_call(tunnel, "GetDns", NULL, &error);
    if (dns == NULL)
        return cli_report(g_steal_pointer(&error));
    g_autoptr(GVariant) test =
        name != NULL ? client_call(tunnel, "TestName", g_variant_new("(s)", name), &error) : NULL;
    if (name != NULL && test == NULL)
        return cli_report(g_steal_pointer(&error));
    if (json) {
        print_json(props, dns, name, test);
        return CLI_OK;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    output_dns(out, props, dns);
    if (test != NULL)
        output_dns_test(out, name, test, props_string(props, "Interface"));
    cli_print(out->str);
    return CLI_OK;
}

int
cmd_dns(int argc, char **argv)
{
    gboolean json = FALSE;
    g_autofree char *name = NULL;
    const GOptionEntry entries[] = {
        { "test", 't', 0, G_OPTION_ARG_STRING, &name,
          N_("Also ask for this name, and say where it went"), N_("NAME") },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_("For programs: everything, as JSON"), NULL },
        { NULL },
    };
    if (!cli_parse_options(
            &argc, &argv, _("[PROFILE]"),
            _("Shows which names go through a tunnel: what its gateway offered, what "
              "was taken, and what the resolver really has."),
            entries, 0, 1))
        return CLI_USAGE;
    g_autoptr(GError) error = NULL;
    g_autoptr(Client) client = client_new(&error);
    if (client == NULL)
        return cli_report(g_steal_pointer(&error));
    g_autoptr(GPtrArray) tunnels = client_tunnels(client);
    if (argc > 1) {
        g_autoptr(GDBusProxy) tunnel = client_tunnel_of(client, argv[1]);
        if (tunnel != NULL)
            return show(tunnel, name, json);
        g_printerr(_("%s is not connected.\n"), argv[1]);
        return CLI_NOT_FOUND;
    }
    if (tunnels->len == 1)
        return show(g_ptr_array_index(tunnels, 0), name, json);
    g_printerr("%s\n", tunnels->len == 0 ? _("Nothing is connected.")
                                         : _("Several are connected: name one."));
    return tunnels->len == 0 ? CLI_NOT_FOUND : CLI_USAGE;
}
