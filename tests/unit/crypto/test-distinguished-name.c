/* Distinguished names: what people write, and which are the same. */
#include "crypto/distinguished-name.h"

#include "crypto/error.h"

#include <stdint.h>
#include <string.h>

static GBytes *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    GBytes *der = distinguished_name_parse(text, &error);
    g_assert_no_error(error);
    return der;
}

static char *
words(const char *text)
{
    g_autoptr(GBytes) der = parse(text);
    return distinguished_name_to_string(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
}

/* C=DE, O=Example, CN=gw in DER, by hand. */
static const uint8_t name[] = { 0x30, 0x2c, 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04,
                                0x06, 0x13, 0x02, 'D',  'E',  0x31, 0x10, 0x30, 0x0e, 0x06,
                                0x03, 0x55, 0x04, 0x0a, 0x0c, 0x07, 'E',  'x',  'a',  'm',
                                'p',  'l',  'e',  0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55,
                                0x04, 0x03, 0x0c, 0x02, 'g',  'w' };

static bool
is_name(const uint8_t *octets, size_t length, const char *text)
{
    g_autoptr(GBytes) der = parse(text);
    return distinguished_name_equal(octets, length, g_bytes_get_data(der, NULL),
                                    g_bytes_get_size(der));
}

static void
test_both_orders(void)
{
    g_assert_true(is_name(name, sizeof name, "C=DE, O=Example, CN=gw"));
    g_assert_true(is_name(name, sizeof name, "CN=gw,O=Example,C=DE"));
    g_autofree char *text = distinguished_name_to_string(name, sizeof name);
    g_assert_cmpstr(text, ==, "CN=gw,O=Example,C=DE");
    g_autofree char *again = words(text);
    g_assert_cmpstr(again, ==, text);
}

static void
test_what_people_write(void)
{
    g_autofree char *comma = words("O=Example\\, Inc., CN=gw");
    g_assert_cmpstr(comma, ==, "CN=gw,O=Example\\, Inc.");
    g_autofree char *mail = words("CN = Tess , E = tess@example.com");
    g_assert_cmpstr(mail, ==, "CN=Tess,EMAIL=tess@example.com");
    g_autofree char *letters = words("CN=B\303\274cher");
    g_assert_cmpstr(letters, ==, "CN=B\303\274cher");
}

static void
test_what_is_the_same(void)
{
    uint8_t printable[sizeof name];
    memcpy(printable, name, sizeof name);
    printable[42] = 0x13; /* CN as PrintableString */
    printable[44] = 'G';
    g_assert_true(distinguished_name_equal(name, sizeof name, printable, sizeof printable));
    g_assert_true(is_name(printable, sizeof printable, "c=de, o=EXAMPLE, cn=gw"));
    printable[42] = 0x14; /* TeletexString: who knows what its octets mean */
    g_assert_false(distinguished_name_equal(name, sizeof name, printable, sizeof printable));
}

static void
test_what_is_not(void)
{
    g_assert_false(is_name(name, sizeof name, "C=DE, O=Example, CN=gx"));
    g_assert_false(is_name(name, sizeof name, "C=DE, O=Example"));
    g_assert_false(is_name(name, sizeof name, "C=DE, O=Example, CN=gw, UID=1"));
    g_assert_false(is_name(name, sizeof name, "C=DE, CN=gw, O=Example"));
    g_assert_false(is_name(name, sizeof name, "C=DE, O=Example, OU=gw"));
    g_assert_false(distinguished_name_equal("", 0, "", 0));
    g_assert_false(distinguished_name_equal(name, sizeof name, "x", 1));
    static const uint8_t nobody[] = { 0x30, 0 };
    static const uint8_t nobody_long[] = { 0x30, 0x81, 0 };
    g_assert_false(
        distinguished_name_equal(nobody, sizeof nobody, nobody_long, sizeof nobody_long));
}

static void
test_every_truncation(void)
{
    for (size_t length = 0; length < sizeof name; length++) {
        g_autofree uint8_t *cut = g_memdup2(name, length);
        g_assert_null(distinguished_name_to_string(cut, length));
        g_assert_false(distinguished_name_equal(cut, length, name, sizeof name));
    }
}

static void
test_nonsense_is_refused(void)
{
    g_autofree char *long_list = g_strnfill(200, ',');
    const char *const wrong[] = { "",      "gw",        "=gw",      "CN=",
                                  "CN=a,", "CN=a,,O=b", "NOSUCH=a", long_list };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(distinguished_name_parse(wrong[i], &error));
        g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crypto/distinguished-name/both-orders", test_both_orders);
    g_test_add_func("/crypto/distinguished-name/what-people-write", test_what_people_write);
    g_test_add_func("/crypto/distinguished-name/what-is-the-same", test_what_is_the_same);
    g_test_add_func("/crypto/distinguished-name/what-is-not", test_what_is_not);
    g_test_add_func("/crypto/distinguished-name/every-truncation", test_every_truncation);
    g_test_add_func("/crypto/distinguished-name/nonsense-is-refused", test_nonsense_is_refused);
    return g_test_run();
}
