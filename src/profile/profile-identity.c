#include "profile/profile-identity.h"

#include <string.h>

#include "base/error.h"
#include "base/names.h"

enum { /* "IKEv2 Identification Payload ID Types" (RFC 7296, section 3.5) */
       ID_IPV4_ADDR = 1,
       ID_FQDN = 2,
       ID_RFC822_ADDR = 3,
       ID_IPV6_ADDR = 5,
       ID_KEY_ID = 11,
};

#define IDENTITY_MAX_LENGTH 1024

/* The octets of "0x6a3f", or NULL. */
static GBytes *
parse_hex(const char *text)
{
    size_t length = strlen(text);
    if (!g_str_has_prefix(text, "0x") || length < 4 || length % 2 != 0)
        return NULL;
    g_autoptr(GByteArray) octets = g_byte_array_new();
    for (const char *c = text + 2; *c != '\0'; c += 2) {
        if (!g_ascii_isxdigit(c[0]) || !g_ascii_isxdigit(c[1]))
            return NULL;
        guint8 octet = (guint8)(g_ascii_xdigit_value(c[0]) << 4 | g_ascii_xdigit_value(c[1]));
        g_byte_array_append(octets, &octet, 1);
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&octets));
}

static bool
is_mail_address(const char *text)
{
    const char *at = strchr(text, '@');
    return at != NULL && at != text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
           g_str_is_ascii(text);
}

bool
profile_identity_parse(const char *text, uint8_t *type, GBytes **octets, GError **error)
{
    InetAddress address;
    g_autofree char *name = NULL;
    if (strlen(text) > IDENTITY_MAX_LENGTH) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE, "it has more than %d characters",
                    IDENTITY_MAX_LENGTH);
        return false;
    }
    if (inet_address_parse(text, &address)) {
        *type = address.family == INET_V4 ? ID_IPV4_ADDR : ID_IPV6_ADDR;
        *octets = g_bytes_new(address.octets, inet_family_length(address.family));
        return true;
    }
    if (g_str_has_prefix(text, "key-id:") && text[7] != '\0') {
        *type = ID_KEY_ID;
        *octets = parse_hex(text + 7);
        if (*octets == NULL)
            *octets = g_bytes_new(text + 7, strlen(text + 7));
        return true;
    }
    if (is_mail_address(text)) {
        *type = ID_RFC822_ADDR;
        *octets = g_bytes_new(text, strlen(text));
        return true;
    }
    name = dns_name_normalise(text, strlen(text), NULL);
    if (name != NULL && *name != '\0') {
        *type = ID_FQDN;
        /* As it was written: gateways look pre-shared keys up by the exact octets. */
        *octets = g_bytes_new(text, strlen(text));
        return true;
    }
    g_autofree char *quoted = error_quote(text, strlen(text), 80);
    g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE,
                "\"%s\" is no identity: a host name, an address, name@domain, or key-id: and text",
                quoted);
    return false;
}

char *
profile_identity_to_string(uint8_t type, const void *octets, gsize length)
{
    if ((type == ID_IPV4_ADDR && length == 4) || (type == ID_IPV6_ADDR && length == 16)) {
        InetAddress address = inet_address_new(type == ID_IPV4_ADDR ? INET_V4 : INET_V6, octets);
        return inet_address_to_string(&address);
    }
    g_autofree char *quoted = error_quote(octets, length, 200);
    if (type == ID_FQDN || type == ID_RFC822_ADDR)
        return g_steal_pointer(&quoted);
    if (type == ID_KEY_ID)
        return g_strconcat("key-id:", quoted, NULL);
    return g_strdup_printf("type %u: %s", type, quoted);
}
