/* What another client may have written; FUZZ_FORMAT says which. What is understood is a profile, or
 * lacks something. */
#include "fuzz.h"
#include "profile/export.h"
#include "profile/import.h"

#include <string.h>

static void
check(const Import *import)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = import_to_profile(import, "/f", true, &error);
    FUZZ_CHECK((profile == NULL) == (error != NULL));
    FUZZ_CHECK(profile_name_is_valid(import->name));
    FUZZ_CHECK(import->notes->len <= IMPORT_MAX_NOTES);
    if (profile == NULL)
        return;
    g_autoptr(Export) export = export_write(IMPORT_MOBILECONFIG, profile, "work", NULL, NULL);
    FUZZ_CHECK(export != NULL);
    g_autoptr(GPtrArray) list =
        import_read(IMPORT_MOBILECONFIG, export->text, strlen(export->text), NULL, "work", NULL);
    FUZZ_CHECK(list != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    ImportFormat guessed;
    import_guess_format((const char *)data, size, &guessed);
    g_autoptr(GPtrArray) list =
        import_read(FUZZ_FORMAT, (const char *)data, size, NULL, "work", &error);
    FUZZ_CHECK((list == NULL) == (error != NULL));
    FUZZ_CHECK(list == NULL || (list->len > 0 && list->len <= IMPORT_MAX_FOUND));
    for (guint i = 0; list != NULL && i < list->len; i++)
        check(list->pdata[i]);
    return 0;
}
