#include "config.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#include "bus/errors.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/props.h"
#include "profile/export.h"
#include "profile/profile-file.h"

/* As the service has it; NULL where there is none of that name. */
static Profile *
find_profile(Client *client, const char *name, GError **error)
{
    g_autoptr(GPtrArray) profiles = client_profiles(client);
    for (guint i = 0; i < profiles->len; i++) {
        g_autoptr(GVariant) props = client_properties(g_ptr_array_index(profiles, i));
        if (strcmp(props_string(props, "Name"), name) != 0)
            continue;
        const char *why = props_string(props, "Error");
        g_autoptr(GVariant) settings = props_array(props, "Settings", "a{ss}");
        if (*why == '\0')
            return profile_from_settings(name, settings, error);
        g_set_error(error, GINNEL_ERROR, GINNEL_ERROR_INVALID_PROFILE, "%s", why);
        return NULL;
    }
    g_set_error(error, GINNEL_ERROR, GINNEL_ERROR_NO_SUCH_PROFILE, _("There is no profile %s."),
                name);
    return NULL;
}

static void
tell_left(const Export *export)
{
    for (guint i = 0; i < export->left->len; i++)
        g_printerr(_("  not carried  %s\n"), (char *)export->left->pdata[i]);
}

static bool
write_out(const Export *export, const char *path, GError **error)
{
    if (path != NULL)
        return g_file_set_contents_full(path, export->text, -1, G_FILE_SET_CONTENTS_CONSISTENT,
                                        0644, error);
    g_print("%s", export->text);
    return true;
}

int
cmd_export(int argc, char **argv)
{
    g_autofree char *word = NULL, *output = NULL;
    const GOptionEntry entries[] = {
        { "format", 'f', 0, G_OPTION_ARG_STRING, &word,
          N_("mobileconfig (the default), sswan or ginnel"), N_("FORMAT") },
        { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, N_("Instead of standard output"),
          N_("FILE") },
        { NULL },
    };
    if (!cli_parse_options(
            &argc, &argv, _("PROFILE"),
            _("Writes a profile for another client. No secret and no key goes along."), entries, 1,
            1))
        return CLI_USAGE;
    ImportFormat format = IMPORT_MOBILECONFIG;
    if (word != NULL && !import_format_from_string(word, &format)) {
        g_printerr(_("ginnel: there is no format \"%s\".\n"), word);
        return CLI_USAGE;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(Client) client = client_new(&error);
    g_autoptr(Profile) profile = client != NULL ? find_profile(client, argv[1], &error) : NULL;
    if (profile == NULL)
        return cli_report(g_steal_pointer(&error));
    g_autoptr(GBytes) authorities = export_authorities(profile);
    g_autoptr(Export) export = export_write(format, profile, argv[1], authorities, &error);
    if (export == NULL || !write_out(export, output, &error))
        return cli_report(g_steal_pointer(&error));
    tell_left(export);
    return CLI_OK;
}
