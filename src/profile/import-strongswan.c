#include "profile/import-strongswan.h"

#include <string.h>

char *
strongswan_gateway(const char *list)
{
    g_auto(GStrv) items = g_strsplit(list != NULL ? list : "", ",", PROFILE_MAX_GATEWAYS + 1);
    for (size_t i = 0; items[i] != NULL; i++) {
        char *item = g_strstrip(items[i]);
        bool anybody = *item == '\0' || *item == '%' || strpbrk(item, "/-") == item ||
                       strchr(item, '/') != NULL || strcmp(item, "0.0.0.0") == 0 ||
                       strcmp(item, "::") == 0;
        if (!anybody)
            return g_strdup(item);
    }
    return NULL;
}

guint64
strongswan_seconds(const char *text)
{
    char *end = NULL;
    guint64 number = g_ascii_strtoull(text, &end, 10);
    guint64 unit = *end == '\0' || *end == 's' ? 1
                   : *end == 'm'               ? 60
                   : *end == 'h'               ? 3600
                   : *end == 'd'               ? 86400
                                               : 0;
    return number > 366 * 86400 ? 0 : number * unit;
}

bool
strongswan_is_yes(const char *text)
{
    static const char *const words[] = { "yes", "true", "enabled", "1" };
    for (size_t i = 0; text != NULL && i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

static const char *
eap_word(const char *auth)
{
    static const char *const rows[] = { "mschapv2", "tls", "ttls", "peap", "gtc", "md5" };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(auth, rows[i]) == 0)
            return rows[i];
    return NULL;
}

static bool
is_certificate(const char *auth)
{
    return g_str_has_prefix(auth, "pubkey") || g_str_has_prefix(auth, "rsa") ||
           g_str_has_prefix(auth, "ecdsa") || g_str_has_prefix(auth, "ed25519") ||
           g_str_has_prefix(auth, "ed448") || g_str_has_prefix(auth, "ike:");
}

bool
strongswan_take_user_auth(Import *import, const char *auth, const char *what)
{
    const char *word = strncmp(auth, "eap-", 4) == 0 ? eap_word(auth + 4) : NULL;
    if (strcmp(auth, "psk") == 0 || strcmp(auth, "secret") == 0)
        import_take(import, "user-auth", "psk", what);
    else if (is_certificate(auth))
        import_take(import, "user-auth", "certificate", what);
    else if (strcmp(auth, "eap") == 0 || word != NULL)
        import_take(import, "user-auth", "eap", what);
    else
        return false;
    if (word != NULL)
        import_take(import, "user-eap", word, what);
    return true;
}

bool
strongswan_take_gateway_auth(Import *import, const char *auth, const char *what)
{
    if (strcmp(auth, "psk") == 0 || strcmp(auth, "secret") == 0)
        import_take(import, "gateway-auth", "psk", what);
    else if (is_certificate(auth))
        import_take(import, "gateway-auth", "certificate", what);
    else if (g_str_has_prefix(auth, "eap"))
        import_take(import, "gateway-auth", "eap-only", what);
    else
        return false;
    return true;
}

void
strongswan_take_networks(Import *import, const char *list, const char *what)
{
    g_auto(GStrv) items = g_strsplit(list, ",", PROFILE_MAX_ITEMS + 1);
    for (size_t i = 0; items[i] != NULL; i++) {
        char *item = g_strstrip(items[i]);
        char *selector = strchr(item, '[');
        if (selector != NULL) {
            *selector = '\0';
            import_note(import, IMPORT_CHANGED, what, "without its protocol and ports");
        }
        if (*item != '\0' && strcmp(item, "dynamic") != 0 && *item != '%')
            import_append(import, "network-include", item, what);
    }
}
