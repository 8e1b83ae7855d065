/* Built without libsecret. */
#include "config.h"

#include "cli/keyring.h"

#include <gio/gio.h>

bool
keyring_is_built_in(void)
{
    return false;
}

Secret *
keyring_lookup(const char *profile, const char *kind, const char *who)
{
    return NULL;
}

bool
keyring_store(const char *profile, const char *kind, const char *who, const Secret *secret,
              GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "built without libsecret");
    return false;
}

void
keyring_forget(const char *profile, const char *kind, const char *who)
{
}
