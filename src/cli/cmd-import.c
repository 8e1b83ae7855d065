#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/errors.h"
#include "bus/names.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/polkit-agent.h"
#include "profile/import.h"
#include "profile/profile-file.h"
#include "profile/profile-files.h"

#define FOLDER_MODE 0750

typedef struct {
    char *format, *name, *folder, *passphrase_file;
    char **set;
    gboolean print;
} Options;

static void
options_clear(Options *options)
{
    g_free(options->format);
    g_free(options->name);
    g_free(options->folder);
    g_free(options->passphrase_file);
    g_strfreev(options->set);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static const char *
folder_of(const Options *options)
{
    return options->folder != NULL ? options->folder : SYSCONFDIR "/ginnel";
}

/* ---- reading ---- */

static Secret *
read_passphrase(const Options *options, GError **error)
{
    gsize length = 0;
    if (options->passphrase_file == NULL)
        return NULL;
    g_autofree char *text = import_load(options->passphrase_file, &length, error);
    if (text == NULL)
        return NULL;
    length = strcspn(text, "\r\n");
    Secret *passphrase = secret_new(text, length);
    secret_wipe(text, length);
    return passphrase;
}

static bool
choose_format(const Options *options, const char *text, gsize length, ImportFormat *format,
              GError **error)
{
    if (options->format != NULL && import_format_from_string(options->format, format))
        return true;
    if (options->format == NULL && import_guess_format(text, length, format))
        return true;
    g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_SYNTAX, "%s",
                options->format != NULL
                    ? _("There is no such format; there are mobileconfig, sswan, windows, swanctl, "
                        "ipsec and ginnel.")
                    : _("It looks like no format that is known; name it by --format."));
    return false;
}

static GPtrArray *
read_file(const Options *options, const char *path, GError **error)
{
    gsize length = 0;
    ImportFormat format;
    g_autoptr(GError) why = NULL;
    g_autofree char *text = import_load(path, &length, error);
    g_autoptr(Secret) passphrase = text != NULL ? read_passphrase(options, &why) : NULL;
    if (why != NULL)
        g_propagate_error(error, g_steal_pointer(&why));
    if (text == NULL || (error != NULL && *error != NULL) ||
        !choose_format(options, text, length, &format, error))
        return NULL;
    g_autofree char *base = g_path_get_basename(path);
    char *dot = strrchr(base, '.');
    if (dot != NULL && dot != base)
        *dot = '\0';
    GPtrArray *list = import_read(format, text, length, passphrase, base, error);
    secret_wipe(text, length); /* it may hold keys and passwords */
    return list;
}

/* ---- telling ---- */

static const char *
note_word(ImportNoteKind kind)
{
    switch (kind) {
    case IMPORT_TAKEN:
        return _("taken");
    case IMPORT_CHANGED:
        return _("changed");
    case IMPORT_NOT_CARRIED:
        return _("not carried");
    }
    return "";
}

static void
tell_notes(const Import *import)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(out, _("%s, as profile %s\n"), import->title, import->name);
    for (guint i = 0; i < import->notes->len; i++) {
        const ImportNote *note = import->notes->pdata[i];
        g_string_append_printf(out, "  %-12s %-34s %s\n", note_word(note->kind), note->what,
                               note->why);
    }
    g_autofree char *clean = output_clean(out->str);
    g_printerr("%s", clean);
}

/* ---- writing ---- */

/* The service's group reads what root has written; nobody else does. */
static void
give_to_service(const char *path)
{
    struct group *group = getuid() == 0 ? getgrnam("ginnel") : NULL;
    if (group != NULL && chown(path, 0, group->gr_gid) == 0 && chmod(path, 0640) < 0)
        g_printerr("%s: %s\n", path, g_strerror(errno));
}

static bool
write_profile(const char *path, const char *text, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    gsize length = strlen(text);
    bool ok = fd >= 0 && write(fd, text, length) == (ssize_t)length;
    int why = errno;
    if (fd >= 0 && close(fd) < 0)
        ok = false;
    if (!ok)
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_UNREADABLE, _("%s cannot be written: %s"),
                    path, g_strerror(why));
    return ok;
}

static void
give_files(const Import *import, const char *folder)
{
    for (guint i = 0; i < import->files->len; i++) {
        const ImportFile *file = import->files->pdata[i];
        g_autofree char *path = import_file_path(import, folder, file->setting, file->ending);
        give_to_service(path);
    }
    g_autofree char *secret = import_file_path(import, folder, "user-secret", "secret");
    if (g_file_test(secret, G_FILE_TEST_EXISTS))
        give_to_service(secret);
}

static bool
write_import(const Import *import, const Options *options, GError **error)
{
    g_autofree char *profiles = g_build_filename(folder_of(options), "profiles", NULL);
    g_autofree char *path = g_strconcat(profiles, "/", import->name, PROFILE_FILE_SUFFIX, NULL);
    g_autofree char *text = import_to_text(import, folder_of(options), true, error);
    if (text == NULL)
        return false;
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_CONFLICT,
                    _("%s is there already: give another --name, or take it away."), path);
        return false;
    }
    if (g_mkdir_with_parents(profiles, FOLDER_MODE) < 0) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_UNREADABLE, "%s: %s", profiles,
                    g_strerror(errno));
        return false;
    }
    if (!import_write_files(import, folder_of(options), true, error) ||
        !write_profile(path, text, error))
        return false;
    give_to_service(path);
    give_files(import, folder_of(options));
    g_printerr(_("Written: %s. Connect with: ginnel up %s\n"), path, import->name);
    return true;
}

/* ---- by the service, for those who may not write there ---- */

static void
hand_over(const char *setting, const Secret *content, GUnixFDList *descriptors,
          GVariantBuilder *files)
{
    int fd = profile_files_make(secret_data(content), secret_length(content), true);
    int index = fd >= 0 ? g_unix_fd_list_append(descriptors, fd, NULL) : -1;
    if (index >= 0)
        g_variant_builder_add(files, "{sh}", setting, index);
    if (fd >= 0)
        close(fd);
}

static GVariant *
files_of(const Import *import, GUnixFDList *descriptors)
{
    GVariantBuilder files;
    const Secret *secret = import->psk != NULL        ? import->psk
                           : import->password != NULL ? import->password
                                                      : import->passphrase;
    g_auto(GVariantDict) options = G_VARIANT_DICT_INIT(NULL);
    g_variant_builder_init(&files, G_VARIANT_TYPE("a{sh}"));
    for (guint i = 0; i < import->files->len; i++) {
        const ImportFile *file = import->files->pdata[i];
        hand_over(file->setting, file->content, descriptors, &files);
    }
    if (secret != NULL)
        hand_over("user-secret-file", secret, descriptors, &files);
    g_variant_dict_insert_value(&options, "files", g_variant_builder_end(&files));
    return g_variant_dict_end(&options);
}

/* polkit asks whether this person may. */
static bool
add_by_service(const Import *import, GError **error)
{
    g_autoptr(Profile) profile = import_to_profile(import, "/import", true, error);
    g_autoptr(GDBusConnection) bus =
        profile != NULL ? g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, error) : NULL;
    if (bus == NULL)
        return false;
    g_autoptr(GUnixFDList) descriptors = g_unix_fd_list_new();
    g_autoptr(PolkitAgent) agent = polkit_agent_start();
    (void)GINNEL_ERROR; /* registers the names */
    g_autoptr(GVariant) reply = g_dbus_connection_call_with_unix_fd_list_sync(
        bus, GINNEL_BUS_NAME, GINNEL_PATH, GINNEL_IFACE_MANAGER, "AddProfile",
        g_variant_new("(s@a{ss}@a{sv})", import->name, profile_to_settings(profile),
                      files_of(import, descriptors)),
        G_VARIANT_TYPE("(o)"), G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT,
        descriptors, NULL, NULL, error);
    if (reply != NULL)
        g_printerr(_("Added to the service. Connect with: ginnel up %s\n"), import->name);
    return reply != NULL;
}

/* A service that runs reads the folder again; one that does not will. */
static void
reload_service(void)
{
    g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, NULL);
    g_autoptr(GVariant) reply =
        bus != NULL ? g_dbus_connection_call_sync(bus, GINNEL_BUS_NAME, GINNEL_PATH,
                                                  GINNEL_IFACE_MANAGER, "Reload", NULL, NULL,
                                                  G_DBUS_CALL_FLAGS_NO_AUTO_START, 5000, NULL, NULL)
                    : NULL;
}

/* ---- the verb ---- */

static bool
set_by_hand(Import *import, const Options *options, GError **error)
{
    for (size_t i = 0; options->set != NULL && options->set[i] != NULL; i++) {
        char *equals = strchr(options->set[i], '=');
        if (equals == NULL) {
            g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_SYNTAX,
                        _("--set %s: it looks like --set user-id=tess@example.com"),
                        options->set[i]);
            return false;
        }
        g_autofree char *key = g_strndup(options->set[i], (gsize)(equals - options->set[i]));
        import_set(import, key, equals + 1);
    }
    if (options->name == NULL)
        return true;
    g_free(import->name);
    import->name = g_strdup(options->name);
    return true;
}

static bool
import_one(Import *import, const Options *options, GError **error)
{
    if (!set_by_hand(import, options, error))
        return false;
    tell_notes(import);
    if (!options->print && options->folder == NULL && getuid() != 0)
        return add_by_service(import, error);
    if (!options->print)
        return write_import(import, options, error);
    g_autofree char *text = import_to_text(import, folder_of(options), true, error);
    if (text != NULL)
        cli_print(text);
    return text != NULL;
}

int
cmd_import(int argc, char **argv)
{
    g_auto(Options) options = { 0 };
    const GOptionEntry entries[] = {
        { "format", 'f', 0, G_OPTION_ARG_STRING, &options.format,
          N_("mobileconfig, sswan, windows, swanctl, ipsec or ginnel; else it is guessed"),
          N_("FORMAT") },
        { "name", 'n', 0, G_OPTION_ARG_STRING, &options.name, N_("Name of the profile"),
          N_("NAME") },
        { "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &options.set,
          N_("Completes or corrects a key, as user-id=tess@example.com"), N_("KEY=VALUE") },
        { "passphrase-file", 0, 0, G_OPTION_ARG_FILENAME, &options.passphrase_file,
          N_("Opens a PKCS#12 file inside"), N_("FILE") },
        { "folder", 0, 0, G_OPTION_ARG_FILENAME, &options.folder,
          N_("Where files and profiles/ go, instead of /etc/ginnel"), N_("FOLDER") },
        { "print", 'p', 0, G_OPTION_ARG_NONE, &options.print,
          N_("Write nothing; print the profile"), NULL },
        { NULL },
    };
    if (!cli_parse_options(&argc, &argv, _("FILE"),
                           _("Makes a profile of what another client wrote, and tells what was "
                             "taken, changed, and not carried."),
                           entries, 1, 1))
        return CLI_USAGE;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = read_file(&options, argv[1], &error);
    bool ok = list != NULL;
    if (ok && list->len > 1 && options.name != NULL) {
        g_set_error(&error, PROFILE_ERROR, PROFILE_ERROR_CONFLICT,
                    _("There are %u connections in it: --name does not fit."), list->len);
        ok = false;
    }
    for (guint i = 0; ok && i < list->len; i++)
        ok = import_one(list->pdata[i], &options, &error);
    if (!ok)
        return cli_report(g_steal_pointer(&error));
    if (!options.print)
        reload_service();
    return CLI_OK;
}
