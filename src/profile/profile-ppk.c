#include "profile/profile-ppk.h"

#include <string.h>

#include "profile/profile-credentials.h"

#define OPAQUE_PREFIX "opaque:"

enum { PPK_ID_OPAQUE = 1, PPK_ID_FIXED = 2 };

bool
profile_ppk_id_parse(const char *text, GBytes **id, GError **error)
{
    bool opaque = g_str_has_prefix(text, OPAQUE_PREFIX);
    const char *value = opaque ? text + strlen(OPAQUE_PREFIX) : text;
    g_autoptr(GError) why = NULL;
    /* An identity is written like a secret, but is none. */
    g_autoptr(Secret) octets = profile_secret_parse(value, strlen(value), &why);
    if (octets == NULL || secret_length(octets) > PROFILE_PPK_ID_MAX) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE, "is no name of a key: %s",
                    why != NULL ? why->message : "it is too long");
        return false;
    }
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    const uint8_t type = opaque ? PPK_ID_OPAQUE : PPK_ID_FIXED;
    g_byte_array_append(bytes, &type, 1);
    g_byte_array_append(bytes, secret_data(octets), (guint)secret_length(octets));
    *id = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
    return true;
}
