/* A profile's text. What is understood is understood again from its settings. */
#include "fuzz.h"
#include "profile/profile-file.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = profile_parse("work", "F", (const char *)data, size, &error);
    FUZZ_CHECK((profile == NULL) == (error != NULL));
    if (profile == NULL)
        return 0;
    FUZZ_CHECK(profile->gateway_addresses[0] != NULL && profile->transports->len > 0);
    g_autoptr(GVariant) settings = g_variant_ref_sink(profile_to_settings(profile));
    g_autoptr(Profile) again = profile_from_settings("work", settings, &error);
    /* Only settings refuse control characters, which a file may have inside a value. */
    if (again == NULL)
        return 0;
    g_autoptr(GVariant) settings_again = g_variant_ref_sink(profile_to_settings(again));
    FUZZ_CHECK(g_variant_equal(settings, settings_again));
    return 0;
}
