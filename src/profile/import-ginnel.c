/* A profile file of our own: what a machine wrote for another one. */
#include "profile/import-private.h"

#include "profile/profile-file.h"

bool
import_read_ginnel(const char *text, gsize length, const Secret *passphrase, const char *fallback,
                   GPtrArray *list, GError **error)
{
    g_autoptr(Import) import = import_new(NULL, fallback);
    g_autoptr(Profile) profile = profile_parse(import->name, "ginnel", text, length, error);
    if (profile == NULL)
        return false;
    g_autoptr(GVariant) settings = g_variant_ref_sink(profile_to_settings(profile));
    GVariantIter iterator;
    const char *setting, *value;
    g_variant_iter_init(&iterator, settings);
    while (g_variant_iter_next(&iterator, "{&s&s}", &setting, &value))
        import_take(import, setting, value, setting);
    import_add(list, g_steal_pointer(&import));
    return true;
}
