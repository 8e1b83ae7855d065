#include "plan/trust-anchor.h"

#include "base/bytes.h"
#include "base/error.h"

static size_t
digest_length(uint8_t type)
{
    switch (type) {
    case 2: /* SHA-256 */
        return 32;
    case 4: /* SHA-384 */
        return 48;
    default: /* SHA-1 is not to be trusted any more (RFC 8624, section 3.3) */
        return 0;
    }
}

static bool
algorithm_is_usable(uint8_t algorithm)
{
    /* RSASHA256, RSASHA512, ECDSAP256SHA256, ECDSAP384SHA384, ED25519. */
    return algorithm == 8 || algorithm == 10 || (algorithm >= 13 && algorithm <= 15);
}

static GBytes *
digest_from_hex(const uint8_t *text, size_t length)
{
    g_autofree uint8_t *octets = g_malloc(length / 2);
    for (size_t i = 0; i < length / 2; i++) {
        int high = g_ascii_xdigit_value((char)text[2 * i]);
        int low = g_ascii_xdigit_value((char)text[2 * i + 1]);
        if (high < 0 || low < 0)
            return NULL;
        octets[i] = (uint8_t)(high << 4 | low);
    }
    return g_bytes_new(octets, length / 2);
}

TrustAnchor *
trust_anchor_parse(const char *owner, const uint8_t *value, size_t length, GError **error)
{
    ByteReader reader = byte_reader(value, length);
    g_autoptr(TrustAnchor) anchor = g_new0(TrustAnchor, 1);
    const uint8_t *data = NULL;
    anchor->owner = g_strdup(owner);
    anchor->value = g_bytes_new(value, length);
    if (!byte_reader_u16(&reader, &anchor->key_tag) ||
        !byte_reader_u8(&reader, &anchor->algorithm) ||
        !byte_reader_u8(&reader, &anchor->digest_type)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED, "it is cut short");
        return NULL;
    }
    size_t left = byte_reader_left(&reader), wanted = digest_length(anchor->digest_type);
    if (!algorithm_is_usable(anchor->algorithm) || wanted == 0) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                    "algorithm %u with digest type %u cannot be used", anchor->algorithm,
                    anchor->digest_type);
        return NULL;
    }
    if (byte_reader_take(&reader, left, &data) && left == wanted)
        anchor->digest = g_bytes_new(data, left);
    else if (data != NULL && left == 2 * wanted)
        anchor->digest = digest_from_hex(data, left);
    if (anchor->digest != NULL)
        return g_steal_pointer(&anchor);
    g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID,
                "its digest is not %zu octets or %zu hexadecimal digits", wanted, 2 * wanted);
    return NULL;
}

void
trust_anchor_free(TrustAnchor *anchor)
{
    if (anchor == NULL)
        return;
    g_free(anchor->owner);
    g_clear_pointer(&anchor->digest, g_bytes_unref);
    g_clear_pointer(&anchor->value, g_bytes_unref);
    g_free(anchor);
}

char *
trust_anchors_to_file(const GPtrArray *anchors)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < anchors->len; i++) {
        const TrustAnchor *anchor = anchors->pdata[i];
        gsize length;
        const uint8_t *digest = g_bytes_get_data(anchor->digest, &length);
        g_string_append_printf(text, "%s. IN DS %u %u %u ", anchor->owner, anchor->key_tag,
                               anchor->algorithm, anchor->digest_type);
        for (gsize k = 0; k < length; k++)
            g_string_append_printf(text, "%02X", digest[k]);
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}
