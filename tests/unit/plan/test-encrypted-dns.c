/* Encrypted resolvers: the octets of RFC 9464, section 3, and every way to get them wrong. */
#include "plan/encrypted-dns.h"

#include "base/error.h"

#include <string.h>

/* Octets from hexadecimal digits, blanks ignored, and text in quotes. */
static GByteArray *
octets(const char *text)
{
    GByteArray *out = g_byte_array_new();
    while (*text != '\0') {
        if (*text == '\'') {
            for (text++; *text != '\''; text++)
                g_byte_array_append(out, (const guint8 *)text, 1);
            text++;
        } else if (*text == ' ') {
            text++;
        } else {
            guint8 octet =
                (guint8)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
            g_byte_array_append(out, &octet, 1);
            text += 2;
        }
    }
    return out;
}

static EncryptedResolver *
parse(InetFamily family, const char *text, GError **error)
{
    g_autoptr(GByteArray) value = octets(text);
    return encrypted_resolver_parse(family, value->data, value->len, error);
}

#define HEAD_V4 "0001 01 0b 0a630001 'dns.example'"
#define DOT     "0001 0004 03'dot'"
#define PORT    "0003 0002 20fb"

static void
test_dot(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EncryptedResolver) resolver = parse(INET_V4, HEAD_V4 DOT, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(resolver->priority, ==, 1);
    g_assert_cmpstr(resolver->name, ==, "dns.example");
    g_assert_true(resolver->dot);
    g_assert_cmpuint(resolver->port, ==, 853);
    g_assert_cmpuint(resolver->addresses->len, ==, 1);
    g_autofree char *address =
        inet_address_to_string(&g_array_index(resolver->addresses, InetAddress, 0));
    g_assert_cmpstr(address, ==, "10.99.0.1");
}

static void
test_v6_two_addresses_port_several_protocols(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EncryptedResolver) resolver =
        parse(INET_V6,
              "ffff 02 0c 20010db8009900000000000000000001 20010db8009900000000000000000002 "
              "'DNS.Example.' 0001 0007 02'h2'03'dot' " PORT " 0007 0003 '/qx'",
              &error);
    g_assert_no_error(error);
    g_assert_cmpuint(resolver->priority, ==, 0xffff);
    g_assert_cmpstr(resolver->name, ==, "dns.example");
    g_assert_cmpstr(resolver->protocols, ==, "h2, dot");
    g_assert_true(resolver->dot);
    g_assert_cmpuint(resolver->port, ==, 8443);
    g_assert_cmpuint(resolver->addresses->len, ==, 2);
    g_autofree char *second =
        inet_address_to_string(&g_array_index(resolver->addresses, InetAddress, 1));
    g_assert_cmpstr(second, ==, "2001:db8:99::2");
}

static void
test_other_protocols(void)
{
    g_autoptr(EncryptedResolver) doh = parse(INET_V4, HEAD_V4 "0001 0003 02'h2'", NULL);
    g_assert_false(doh->dot);
    g_autoptr(EncryptedResolver) longer = parse(INET_V4, HEAD_V4 "0001 0005 04'dotx'", NULL);
    g_assert_false(longer->dot);
    /* RFC 9460, section 8. */
    g_autoptr(EncryptedResolver) known =
        parse(INET_V4, HEAD_V4 "0000 0004 00010003" DOT PORT, NULL);
    g_assert_false(known->unknown);
    g_autoptr(EncryptedResolver) unknown = parse(INET_V4, HEAD_V4 "0000 0002 0009" DOT, NULL);
    g_assert_true(unknown->unknown);
    g_autoptr(EncryptedResolver) optional = parse(INET_V4, HEAD_V4 DOT "0009 0001 00", NULL);
    g_assert_false(optional->unknown);
}

static void
test_many_addresses_are_bounded(void)
{
    g_autoptr(GString) text = g_string_new("0001 ff 0b");
    for (int i = 0; i < 255; i++)
        g_string_append(text, "0a630001");
    g_string_append(text, "'dns.example'" DOT);
    g_autoptr(EncryptedResolver) resolver = parse(INET_V4, text->str, NULL);
    g_assert_cmpuint(resolver->addresses->len, ==, ENCRYPTED_RESOLVER_MAX_ADDRESSES);
    g_assert_cmpstr(resolver->name, ==, "dns.example");
}

static void
test_wrong(gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EncryptedResolver) resolver = parse(INET_V4, data, &error);
    g_assert_null(resolver);
    g_assert_error(error, PARSE_ERROR, PARSE_ERROR_INVALID);
}

static const struct {
    const char *name, *text;
} wrong[] = {
    { "priority-0", "0000 01 0b 0a630001 'dns.example'" DOT },
    { "no-address", "0001 00 0b 'dns.example'" DOT },
    { "no-name", "0001 01 00 0a630001" DOT },
    { "the-root", "0001 01 01 0a630001 '.'" DOT },
    { "bad-name", "0001 01 0b 0a630001 'dns..exampl'" DOT },
    { "nul-in-name", "0001 01 0b 0a630001 'dns'00'example'" DOT },
    { "no-protocol", HEAD_V4 },
    { "empty-protocols", HEAD_V4 "0001 0000" },
    { "empty-protocol", HEAD_V4 "0001 0005 00 03'dot'" },
    { "protocol-beyond-its-end", HEAD_V4 "0001 0004 04'dot'" },
    { "descending-keys", HEAD_V4 PORT DOT },
    { "twice", HEAD_V4 DOT DOT },
    { "hint-v4", HEAD_V4 DOT "0004 0004 0a630001" },
    { "hint-v6", HEAD_V4 DOT "0006 0010 20010db8009900000000000000000001" },
    { "port-0", HEAD_V4 DOT "0003 0002 0000" },
    { "port-short", HEAD_V4 DOT "0003 0001 20" },
    { "port-long", HEAD_V4 DOT "0003 0003 20fb00" },
    { "mandatory-itself", HEAD_V4 "0000 0002 0000" DOT },
    { "mandatory-nothing", HEAD_V4 "0000 0000" DOT },
    { "parameter-beyond-the-end", HEAD_V4 "0001 0005 03'dot'" },
};

static void
test_truncated(void)
{
    g_autoptr(GByteArray) value = octets(HEAD_V4 DOT PORT);
    size_t dot = value->len - 6, head = dot - 8;
    for (size_t length = 0; length < value->len; length++) {
        g_autoptr(GError) error = NULL;
        /* From memory of exactly that size, so that a read beyond it is seen. */
        g_autofree uint8_t *cut = g_memdup2(value->data, length);
        g_autoptr(EncryptedResolver) resolver =
            encrypted_resolver_parse(INET_V4, cut, length, &error);
        g_assert_true((resolver != NULL) == (length == dot));
        int code = length < head ? PARSE_ERROR_TRUNCATED : PARSE_ERROR_INVALID;
        if (resolver == NULL)
            g_assert_error(error, PARSE_ERROR, code);
    }
}

static EncryptedDigest *
digest(const char *text, GError **error)
{
    g_autoptr(GByteArray) value = octets(text);
    return encrypted_digest_parse(value->data, value->len, error);
}

#define SHA256 "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"

static void
test_digest(void)
{
    g_autoptr(EncryptedDigest) named = digest("01 0b 'dns.example' 0002" SHA256, NULL);
    g_assert_cmpstr(named->name, ==, "dns.example");
    g_assert_cmpuint(named->hash, ==, 2);
    g_assert_cmpuint(g_bytes_get_size(named->digest), ==, 32);
    g_autoptr(EncryptedDigest) of_all = digest("01 00 0002" SHA256, NULL);
    g_assert_null(of_all->name);
    /* A hash that is not known may have any length. */
    g_autoptr(EncryptedDigest) other = digest("01 00 0063 01", NULL);
    g_assert_cmpuint(other->hash, ==, 0x63);
    static const char *const bad[] = {
        "",
        "01",
        "01 00 00",
        "01 0b 'dns.exampl'",
        "00 00 0002" SHA256,
        "02 00 0002 0003" SHA256,
        "01 00 0002" SHA256 "00",
        "01 00 0003" SHA256,
        "01 00 0063",
        "01 03 'a..' 0002" SHA256,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(digest(bad[i], &error));
        g_assert_true(error != NULL && error->domain == PARSE_ERROR);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/encrypted-dns/dot", test_dot);
    g_test_add_func("/plan/encrypted-dns/v6-two-addresses-port-several-protocols",
                    test_v6_two_addresses_port_several_protocols);
    g_test_add_func("/plan/encrypted-dns/other-protocols", test_other_protocols);
    g_test_add_func("/plan/encrypted-dns/many-addresses-are-bounded",
                    test_many_addresses_are_bounded);
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *path = g_strdup_printf("/plan/encrypted-dns/rejects-%s", wrong[i].name);
        g_test_add_data_func(path, wrong[i].text, test_wrong);
    }
    g_test_add_func("/plan/encrypted-dns/truncated", test_truncated);
    g_test_add_func("/plan/encrypted-dns/digest", test_digest);
    return g_test_run();
}
