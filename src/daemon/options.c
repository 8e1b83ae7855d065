#include "config.h"

#include "daemon/options.h"

#include "base/error.h"
#include "bus/errors.h"

#include <string.h>
#include <unistd.h>

static bool
take_file(ProfileFiles *files, const char *setting, gint32 index, GUnixFDList *descriptors,
          GError **error)
{
    g_autoptr(GError) why = NULL;
    int fd = descriptors != NULL && index >= 0 && index < g_unix_fd_list_get_length(descriptors)
                 ? g_unix_fd_list_get(descriptors, index, NULL)
                 : -1;
    if (fd >= 0 && profile_files_add(files, setting, fd, &why)) {
        close(fd);
        return true;
    }
    if (fd >= 0)
        close(fd);
    g_set_error(error, GINNEL_ERROR, GINNEL_ERROR_FAILED, "%s",
                why != NULL ? why->message : "a descriptor is missing");
    return false;
}

static bool
take_files(ActivationOptions *out, GVariant *list, GUnixFDList *descriptors, GError **error)
{
    GVariantIter iterator;
    const char *setting;
    gint32 index;
    out->files = profile_files_new();
    g_variant_iter_init(&iterator, list);
    while (g_variant_iter_next(&iterator, "{&sh}", &setting, &index))
        if (!take_file(out->files, setting, index, descriptors, error))
            return false;
    return true;
}

bool
activation_options_parse(GVariant *options, GUnixFDList *descriptors, ActivationOptions *out,
                         GError **error)
{
    GVariantIter iterator;
    const char *name;
    GVariant *inner;
    g_auto(ActivationOptions) read = { 0 };
    g_variant_iter_init(&iterator, options);
    while (g_variant_iter_next(&iterator, "{&sv}", &name, &inner)) {
        g_autoptr(GVariant) value = inner;
        if (strcmp(name, "caller-configures") == 0 &&
            g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN)) {
            read.caller_configures = g_variant_get_boolean(value);
        } else if (strcmp(name, "files") == 0 && read.files == NULL &&
                   g_variant_is_of_type(value, G_VARIANT_TYPE("a{sh}"))) {
            if (!take_files(&read, value, descriptors, error))
                return false;
        } else {
            g_autofree char *quoted = error_quote(name, strlen(name), 60);
            g_set_error(error, GINNEL_ERROR, GINNEL_ERROR_FAILED,
                        "There is no option \"%s\" with a value of type %s.", quoted,
                        g_variant_get_type_string(value));
            return false;
        }
    }
    *out = read;
    read.files = NULL;
    return true;
}

void
activation_options_clear(ActivationOptions *options)
{
    g_clear_pointer(&options->files, profile_files_free);
}
