#include "crypto/cms.h"

#include "crypto/error.h"

#include <string.h>

typedef struct {
    char *octets;
    gsize length;
} Message;

static void
message_up(Message *message, gconstpointer data)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "../profile/samples/signed.mobileconfig", NULL);
    g_assert_true(g_file_get_contents(path, &message->octets, &message->length, NULL));
}

static void
message_down(Message *message, gconstpointer data)
{
    g_free(message->octets);
}

static void
test_opened(Message *message, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CmsSigned) opened = cms_open(message->octets, message->length, &error);
    g_assert_no_error(error);
    gsize length;
    const char *content = g_bytes_get_data(opened->content, &length);
    g_assert_nonnull(memmem(content, length, "<plist", 6));
    g_assert_cmpstr(opened->signer, ==, "CN=tess@example.com");
    g_assert_false(opened->trusted); /* by an authority that nobody knows */
}

static void
test_pem(Message *message, gconstpointer data)
{
    g_autofree char *base64 = g_base64_encode((guchar *)message->octets, message->length);
    g_autofree char *pem =
        g_strdup_printf("-----BEGIN PKCS7-----\n%s\n-----END PKCS7-----\n", base64);
    g_autoptr(CmsSigned) opened = cms_open(pem, strlen(pem), NULL);
    g_assert_nonnull(opened);
}

static void
expect_refused(const char *octets, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(cms_open(octets, length, &error));
    g_assert_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID);
}

static void
test_changed(Message *message, gconstpointer data)
{
    char *address = memmem(message->octets, message->length, "vpn.example.com", 15);
    *address ^= 1;
    expect_refused(message->octets, message->length);
}

static void
test_truncated(Message *message, gconstpointer data)
{
    for (gsize cut = 0; cut < message->length; cut += 7) {
        g_autofree char *part = g_memdup2(message->octets, cut);
        expect_refused(part, cut);
    }
}

static void
test_something_else(void)
{
    static const char *const texts[] = { "", "<plist/>", "-----BEGIN CERTIFICATE-----\n", "0",
                                         "0\x82\xff\xff" };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        expect_refused(texts[i], strlen(texts[i]));
    g_assert_false(cms_is_likely("<plist version='1.0'/>", 22));
}

#define MESSAGE_TEST(path, function)                                                               \
    g_test_add("/crypto/cms/" path, Message, NULL, message_up, function, message_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    MESSAGE_TEST("opened", test_opened);
    MESSAGE_TEST("pem", test_pem);
    MESSAGE_TEST("changed", test_changed);
    MESSAGE_TEST("truncated", test_truncated);
    g_test_add_func("/crypto/cms/something-else", test_something_else);
    return g_test_run();
}
