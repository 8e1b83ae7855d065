#include "profile/profile-identity.h"

#include <string.h>

#include "base/error.h"
#include "base/names.h"
#include "crypto/distinguished-name.h"

enum { /* "IKEv2 Identification Payload ID Types" (RFC 7296, section 3.5) */
       ID_IPV4_ADDR = 1,
       ID_FQDN = 2,
       ID_RFC822_ADDR = 3,
       ID_IPV6_ADDR = 5,
       ID_DER_ASN1_DN = 9,
       ID_DER_ASN1_GN = 10,
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

/* ---- by kind; NULL where it is none ---- */

static GBytes *
read_address(const char *text, uint8_t *type)
{
    InetAddress address;
    if (!inet_address_parse(text, &address))
        return NULL;
    *type = address.family == INET_V4 ? ID_IPV4_ADDR : ID_IPV6_ADDR;
    return g_bytes_new(address.octets, inet_family_length(address.family));
}

static GBytes *
read_mail_address(const char *text, uint8_t *type)
{
    *type = ID_RFC822_ADDR;
    return is_mail_address(text) ? g_bytes_new(text, strlen(text)) : NULL;
}

static GBytes *
read_name(const char *text, uint8_t *type)
{
    g_autofree char *name = dns_name_normalise(text, strlen(text), NULL);
    *type = ID_FQDN;
    /* As it was written: gateways look pre-shared keys up by the exact octets. */
    return name != NULL && *name != '\0' ? g_bytes_new(text, strlen(text)) : NULL;
}

static GBytes *
read_distinguished_name(const char *text, uint8_t *type)
{
    g_autoptr(GBytes) der = parse_hex(text);
    *type = ID_DER_ASN1_DN;
    if (der == NULL)
        return distinguished_name_parse(text, NULL);
    g_autofree char *name =
        distinguished_name_to_string(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
    return name != NULL ? g_steal_pointer(&der) : NULL;
}

static GBytes *
read_general_name(const char *text, uint8_t *type)
{
    *type = ID_DER_ASN1_GN;
    return parse_hex(text);
}

static GBytes *
read_key_id(const char *text, uint8_t *type)
{
    GBytes *octets = parse_hex(text);
    *type = ID_KEY_ID;
    if (octets == NULL && *text != '\0')
        octets = g_bytes_new(text, strlen(text));
    return octets;
}

static const struct {
    const char *prefix;
    GBytes *(*read)(const char *text, uint8_t *type);
} kinds[] = {
    { "key-id:", read_key_id }, { "dn:", read_distinguished_name }, { "gn:", read_general_name },
    { "ip:", read_address },    { "email:", read_mail_address },    { "fqdn:", read_name },
};

/* Without a prefix its form tells. */
static GBytes *
read_any(const char *text, uint8_t *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_has_prefix(text, kinds[i].prefix))
            return kinds[i].read(text + strlen(kinds[i].prefix), type);
    if (strchr(text, '=') != NULL)
        return read_distinguished_name(text, type);
    GBytes *octets = read_address(text, type);
    if (octets == NULL)
        octets = read_mail_address(text, type);
    return octets != NULL ? octets : read_name(text, type);
}

bool
profile_identity_parse(const char *text, uint8_t *type, GBytes **octets, GError **error)
{
    if (strlen(text) > IDENTITY_MAX_LENGTH) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE, "it has more than %d characters",
                    IDENTITY_MAX_LENGTH);
        return false;
    }
    *octets = read_any(text, type);
    if (*octets != NULL)
        return true;
    g_autofree char *quoted = error_quote(text, strlen(text), 80);
    g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_VALUE,
                "\"%s\" is no identity: a host name, an address, name@domain, a distinguished name "
                "(C=DE, O=Example, CN=gw), or key-id: and text",
                quoted);
    return false;
}

static char *
hexadecimal(const char *prefix, const uint8_t *octets, gsize length)
{
    GString *text = g_string_new(prefix);
    for (gsize i = 0; i < length && i < IDENTITY_MAX_LENGTH; i++)
        g_string_append_printf(text, "%02x", octets[i]);
    return g_string_free(text, FALSE);
}

char *
profile_identity_to_string(uint8_t type, const void *octets, gsize length)
{
    if ((type == ID_IPV4_ADDR && length == 4) || (type == ID_IPV6_ADDR && length == 16)) {
        InetAddress address = inet_address_new(type == ID_IPV4_ADDR ? INET_V4 : INET_V6, octets);
        return inet_address_to_string(&address);
    }
    if (type == ID_DER_ASN1_DN) {
        g_autofree char *name = distinguished_name_to_string(octets, length);
        if (name != NULL)
            return error_quote(name, strlen(name), 200);
    }
    if (type == ID_DER_ASN1_GN)
        return hexadecimal("gn:0x", octets, length);
    g_autofree char *quoted = error_quote(octets, length, 200);
    if (type == ID_FQDN || type == ID_RFC822_ADDR)
        return g_steal_pointer(&quoted);
    if (type == ID_KEY_ID)
        return g_strconcat("key-id:", quoted, NULL);
    return g_strdup_printf("type %u: %s", type, quoted);
}
