/* The content of a secret-file, and identities, which are as short. */
#include "fuzz.h"
#include "profile/profile-credentials.h"
#include "profile/profile-identity.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) secret = profile_secret_parse((const char *)data, size, &error);
    FUZZ_CHECK((secret == NULL) == (error != NULL));
    FUZZ_CHECK(secret == NULL || (secret_length(secret) > 0 && secret_length(secret) <= size));

    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GBytes) octets = NULL;
    uint8_t type;
    if (!profile_identity_parse(text, &type, &octets, NULL))
        return 0;
    g_autofree char *shown =
        profile_identity_to_string(type, g_bytes_get_data(octets, NULL), g_bytes_get_size(octets));
    FUZZ_CHECK(shown != NULL && g_str_is_ascii(shown));
    return 0;
}
