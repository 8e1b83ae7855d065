#include "plan/encrypted-dns.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/names.h"

#include <string.h>

enum { /* RFC 9460, section 14.3.2; RFC 9461, section 5 */
       PARAMETER_MANDATORY = 0,
       PARAMETER_ALPN = 1,
       PARAMETER_NO_DEFAULT_ALPN = 2,
       PARAMETER_PORT = 3,
       PARAMETER_IPV4HINT = 4,
       PARAMETER_IPV6HINT = 6,
       PARAMETER_DOHPATH = 7,
};

static void *
fail(GError **error, int code, const char *why)
{
    g_set_error_literal(error, PARSE_ERROR, code, why);
    return NULL;
}

static void *
fail_truncated(GError **error)
{
    return fail(error, PARSE_ERROR_TRUNCATED, "it is cut short");
}

static bool
is_known(uint16_t key)
{
    return key == PARAMETER_MANDATORY || key == PARAMETER_ALPN ||
           key == PARAMETER_NO_DEFAULT_ALPN || key == PARAMETER_PORT || key == PARAMETER_DOHPATH;
}

/* RFC 9460, section 7.1.1: identifiers, each behind its length, which is not 0. */
static bool
read_alpn(ByteReader *value, EncryptedResolver *out)
{
    g_autoptr(GString) list = g_string_new(NULL);
    while (byte_reader_left(value) > 0) {
        uint8_t length;
        const uint8_t *id;
        if (!byte_reader_u8(value, &length) || length == 0 || !byte_reader_take(value, length, &id))
            return false;
        out->dot = out->dot || (length == 3 && memcmp(id, "dot", 3) == 0);
        g_autofree char *quoted = error_quote(id, length, 16);
        if (list->len < 64)
            g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", quoted);
    }
    if (list->len == 0)
        return false;
    out->protocols = g_strdup(list->str);
    return true;
}

/* RFC 9460, section 8: who does not know one of these cannot use it. */
static bool
read_mandatory(ByteReader *value, EncryptedResolver *out)
{
    uint16_t key;
    bool any = byte_reader_left(value) > 0;
    while (byte_reader_left(value) > 0) {
        if (!byte_reader_u16(value, &key) || key == PARAMETER_MANDATORY)
            return false;
        out->unknown = out->unknown || !is_known(key);
    }
    return any;
}

/* The addresses come before the parameters: hints must not be there (RFC 9464, section 3.1). */
static bool
read_parameter(uint16_t key, ByteReader *value, EncryptedResolver *out)
{
    switch (key) {
    case PARAMETER_MANDATORY:
        return read_mandatory(value, out);
    case PARAMETER_ALPN:
        return read_alpn(value, out);
    case PARAMETER_PORT:
        return byte_reader_u16(value, &out->port) && byte_reader_left(value) == 0 && out->port != 0;
    case PARAMETER_IPV4HINT:
    case PARAMETER_IPV6HINT:
        return false;
    default: /* what is not known does not matter, unless it is mandatory */
        return true;
    }
}

/* RFC 9460, section 2.2: keys ascend. */
static bool
read_parameters(ByteReader *reader, EncryptedResolver *out)
{
    int last = -1;
    while (byte_reader_left(reader) > 0) {
        uint16_t key, length;
        ByteReader value;
        if (!byte_reader_u16(reader, &key) || !byte_reader_u16(reader, &length) ||
            !byte_reader_sub(reader, length, &value) || key <= last)
            return false;
        last = key;
        if (!read_parameter(key, &value, out))
            return false;
    }
    return true;
}

static bool
read_addresses(ByteReader *reader, InetFamily family, uint8_t count, EncryptedResolver *out)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t octets[16];
        if (!byte_reader_copy(reader, octets, inet_family_length(family)))
            return false;
        InetAddress address = inet_address_new(family, octets);
        if (out->addresses->len < ENCRYPTED_RESOLVER_MAX_ADDRESSES)
            g_array_append_val(out->addresses, address);
    }
    return true;
}

EncryptedResolver *
encrypted_resolver_parse(InetFamily family, const uint8_t *value, size_t length, GError **error)
{
    ByteReader reader = byte_reader(value, length);
    g_autoptr(EncryptedResolver) out = g_new0(EncryptedResolver, 1);
    uint8_t count, name_length;
    const uint8_t *name;
    out->addresses = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    out->port = ENCRYPTED_RESOLVER_DOT_PORT;
    if (!byte_reader_u16(&reader, &out->priority) || !byte_reader_u8(&reader, &count) ||
        !byte_reader_u8(&reader, &name_length) || !read_addresses(&reader, family, count, out) ||
        !byte_reader_take(&reader, name_length, &name))
        return fail_truncated(error);
    if (out->priority == 0)
        return fail(error, PARSE_ERROR_INVALID, "its priority is 0");
    if (count == 0)
        return fail(error, PARSE_ERROR_INVALID, "it has no address");
    out->name = dns_name_normalise(name, name_length, error);
    if (out->name == NULL)
        return NULL;
    if (*out->name == '\0')
        return fail(error, PARSE_ERROR_INVALID, "it has no name");
    if (!read_parameters(&reader, out))
        return fail(error, PARSE_ERROR_INVALID, "its service parameters are malformed");
    if (out->protocols == NULL)
        return fail(error, PARSE_ERROR_INVALID, "it names no protocol");
    return g_steal_pointer(&out);
}

void
encrypted_resolver_free(EncryptedResolver *resolver)
{
    if (resolver == NULL)
        return;
    g_array_unref(resolver->addresses);
    g_free(resolver->name);
    g_free(resolver->protocols);
    g_free(resolver);
}

/* RFC 7427, section 7: SHA1, SHA2-256, SHA2-384, SHA2-512. */
static size_t
hash_length(uint16_t hash)
{
    static const size_t lengths[] = { 0, 20, 32, 48, 64 };
    return hash < G_N_ELEMENTS(lengths) ? lengths[hash] : 0;
}

EncryptedDigest *
encrypted_digest_parse(const uint8_t *value, size_t length, GError **error)
{
    ByteReader reader = byte_reader(value, length);
    g_autoptr(EncryptedDigest) out = g_new0(EncryptedDigest, 1);
    uint8_t count, name_length;
    const uint8_t *name;
    if (!byte_reader_u8(&reader, &count) || !byte_reader_u8(&reader, &name_length) ||
        !byte_reader_take(&reader, name_length, &name) || !byte_reader_u16(&reader, &out->hash))
        return fail_truncated(error);
    if (count != 1)
        return fail(error, PARSE_ERROR_INVALID, "it names more or less than one hash algorithm");
    if (name_length > 0) {
        out->name = dns_name_normalise(name, name_length, error);
        if (out->name == NULL)
            return NULL;
    }
    size_t wanted = hash_length(out->hash), left = byte_reader_left(&reader);
    if (left == 0 || (wanted != 0 && left != wanted))
        return fail(error, PARSE_ERROR_INVALID, "its digest has another length than its hash");
    out->digest = byte_reader_rest(&reader);
    return g_steal_pointer(&out);
}

void
encrypted_digest_free(EncryptedDigest *digest)
{
    if (digest == NULL)
        return;
    g_free(digest->name);
    g_clear_pointer(&digest->digest, g_bytes_unref);
    g_free(digest);
}
