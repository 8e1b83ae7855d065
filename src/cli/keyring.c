#include "config.h"

#include "cli/keyring.h"

#include <glib/gi18n.h>
#include <libsecret/secret.h>
#include <string.h>

static const SecretSchema schema = {
    "org.ginnel.Secret",
    SECRET_SCHEMA_NONE,
    { { "profile", SECRET_SCHEMA_ATTRIBUTE_STRING },
      { "kind", SECRET_SCHEMA_ATTRIBUTE_STRING },
      { "who", SECRET_SCHEMA_ATTRIBUTE_STRING },
      { NULL, 0 } },
};

bool
keyring_is_built_in(void)
{
    return true;
}

Secret *
keyring_lookup(const char *profile, const char *kind, const char *who)
{
    char *text = secret_password_lookup_nonpageable_sync(&schema, NULL, NULL, "profile", profile,
                                                         "kind", kind, "who", who, NULL);
    if (text == NULL)
        return NULL;
    Secret *secret = *text != '\0' ? secret_new(text, strlen(text)) : NULL;
    secret_password_free(text);
    return secret;
}

bool
keyring_store(const char *profile, const char *kind, const char *who, const Secret *secret,
              GError **error)
{
    g_autofree char *label = g_strdup_printf(_("VPN %s: %s"), profile, kind);
    g_autofree char *text = g_strndup((const char *)secret_data(secret), secret_length(secret));
    bool ok = secret_password_store_sync(&schema, SECRET_COLLECTION_DEFAULT, label, text, NULL,
                                         error, "profile", profile, "kind", kind, "who", who, NULL);
    secret_wipe(text, strlen(text));
    return ok;
}

void
keyring_forget(const char *profile, const char *kind, const char *who)
{
    secret_password_clear_sync(&schema, NULL, NULL, "profile", profile, "kind", kind, "who", who,
                               NULL);
}
