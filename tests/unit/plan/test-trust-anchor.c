/* Trust anchors: octets in, a line of systemd-resolved's file out. */
#include "plan/trust-anchor.h"

#include "base/error.h"

#include <string.h>

#define HEX_256 "F78CF3344F72137235098ECBBD08947C2C9001C7F6A085A17F518B5D8F6B916D"
#define HEX_384                                                                                    \
    "72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df9" \
    "8"                                                                                            \
    "3d6"

static GByteArray *
value(uint16_t tag, uint8_t algorithm, uint8_t type, const void *digest, size_t length)
{
    GByteArray *out = g_byte_array_new();
    uint8_t head[4] = { (uint8_t)(tag >> 8), (uint8_t)tag, algorithm, type };
    g_byte_array_append(out, head, sizeof head);
    g_byte_array_append(out, digest, (guint)length);
    return out;
}

static TrustAnchor *
parse(const GByteArray *octets, GError **error)
{
    return trust_anchor_parse("corp.example", octets->data, octets->len, error);
}

static char *
line_of(TrustAnchor *anchor)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)trust_anchor_free);
    g_ptr_array_add(list, anchor);
    return trust_anchors_to_file(list);
}

static void
test_hexadecimal(void)
{
    g_autoptr(GByteArray) octets = value(31406, 8, 2, HEX_256, strlen(HEX_256));
    g_autofree char *line = line_of(parse(octets, NULL));
    g_assert_cmpstr(line, ==, "corp.example. IN DS 31406 8 2 " HEX_256 "\n");
}

static void
test_lower_case_384(void)
{
    g_autoptr(GByteArray) octets = value(1, 14, 4, HEX_384, strlen(HEX_384));
    g_autofree char *upper = g_ascii_strup(HEX_384, -1);
    g_autofree char *expected = g_strdup_printf("corp.example. IN DS 1 14 4 %s\n", upper);
    g_autofree char *line = line_of(parse(octets, NULL));
    g_assert_cmpstr(line, ==, expected);
}

static void
test_binary(void)
{
    uint8_t digest[32];
    memset(digest, 0xa5, sizeof digest);
    g_autoptr(GByteArray) octets = value(65535, 13, 2, digest, sizeof digest);
    g_autofree char *line = line_of(parse(octets, NULL));
    g_assert_cmpstr(line, ==,
                    "corp.example. IN DS 65535 13 2 "
                    "A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5\n");
}

/* 64 octets of SHA-256 are hexadecimal or nothing: there is no third reading. */
static void
test_refuses_other_digits(void)
{
    g_autoptr(GError) error = NULL;
    char digits[] = HEX_256;
    digits[63] = 'g';
    g_autoptr(GByteArray) octets = value(1, 8, 2, digits, 64);
    g_assert_null(parse(octets, &error));
    g_assert_error(error, PARSE_ERROR, PARSE_ERROR_INVALID);
}

static void
test_refuses_every_other_length(void)
{
    for (size_t length = 0; length <= 64; length++) {
        g_autoptr(GByteArray) octets = value(1, 8, 2, HEX_256, length);
        g_autoptr(GError) error = NULL;
        g_autoptr(TrustAnchor) anchor = parse(octets, &error);
        g_assert_true((anchor != NULL) == (length == 32 || length == 64));
        g_assert_true((error == NULL) == (anchor != NULL));
    }
}

static void
test_refuses_truncated_head(void)
{
    g_autoptr(GByteArray) octets = value(1, 8, 2, "", 0);
    for (guint length = 0; length < 4; length++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(trust_anchor_parse("corp.example", octets->data, length, &error));
        g_assert_error(error, PARSE_ERROR, PARSE_ERROR_TRUNCATED);
    }
}

/* What systemd-resolved cannot use makes a domain fail; what is broken must not count as proof. */
static void
test_algorithms(void)
{
    static const uint8_t usable[] = { 8, 10, 13, 14, 15 };
    for (guint algorithm = 0; algorithm < 256; algorithm++) {
        g_autoptr(GByteArray) octets = value(1, (uint8_t)algorithm, 2, HEX_256, strlen(HEX_256));
        g_autoptr(TrustAnchor) anchor = parse(octets, NULL);
        bool expected = memchr(usable, (int)algorithm, sizeof usable) != NULL;
        g_assert_true((anchor != NULL) == expected);
    }
}

static void
test_digest_types(void)
{
    g_autofree char *digits = g_strnfill(128, '0');
    static const struct {
        uint8_t type;
        size_t length;
    } refused[] = { { 0, 64 }, { 1, 40 }, { 1, 20 }, { 3, 64 }, { 5, 64 }, { 6, 96 }, { 255, 64 } };
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GByteArray) octets = value(1, 8, refused[i].type, digits, refused[i].length);
        g_assert_null(parse(octets, NULL));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/trust-anchor/hexadecimal", test_hexadecimal);
    g_test_add_func("/plan/trust-anchor/hexadecimal-lower-case-sha-384", test_lower_case_384);
    g_test_add_func("/plan/trust-anchor/binary", test_binary);
    g_test_add_func("/plan/trust-anchor/refuses-other-digits", test_refuses_other_digits);
    g_test_add_func("/plan/trust-anchor/refuses-every-other-length",
                    test_refuses_every_other_length);
    g_test_add_func("/plan/trust-anchor/refuses-truncated-head", test_refuses_truncated_head);
    g_test_add_func("/plan/trust-anchor/algorithms", test_algorithms);
    g_test_add_func("/plan/trust-anchor/digest-types", test_digest_types);
    return g_test_run();
}
