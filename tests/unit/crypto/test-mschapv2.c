/*
 * The worked example of RFC 2759, section 9.2, with the master key of RFC 3079, section 3.5.3.
 */
#include "crypto/mschapv2.h"

#include "crypto/error.h"

#include <string.h>

static const uint8_t authenticator[] = { 0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e,
                                         0x3c, 0x2c, 0x60, 0x21, 0x32, 0x26, 0x26, 0x28 };
static const uint8_t peer[] = { 0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a,
                                0x28, 0x29, 0x5f, 0x2b, 0x3a, 0x33, 0x7c, 0x7e };
static const uint8_t nt_response[] = { 0x82, 0x30, 0x9e, 0xcd, 0x8d, 0x70, 0x8b, 0x5e,
                                       0xa0, 0x8f, 0xaa, 0x39, 0x81, 0xcd, 0x83, 0x54,
                                       0x42, 0x33, 0x11, 0x4a, 0x3d, 0x85, 0xd6, 0xdf };
static const uint8_t authenticator_response[] = { 0x40, 0x7a, 0x55, 0x89, 0x11, 0x5f, 0xd0,
                                                  0xd6, 0x20, 0x9f, 0x51, 0x0f, 0xe9, 0xc0,
                                                  0x45, 0x66, 0x93, 0x2c, 0xda, 0x56 };
static const uint8_t master_key[] = { 0xfd, 0xec, 0xe3, 0x71, 0x7a, 0x8c, 0x83, 0x8c,
                                      0xb3, 0x88, 0xe5, 0x27, 0xae, 0x3c, 0xdd, 0x31 };

static void
test_example(void)
{
    g_auto(Mschapv2Answer) answer = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) password = secret_new("clientPass", 10);
    g_assert_true(mschapv2_answer(authenticator, peer, "User", password, &answer, &error));
    g_assert_no_error(error);
    g_assert_cmpmem(answer.nt_response, MSCHAPV2_NT_RESPONSE, nt_response, sizeof nt_response);
    g_assert_cmpmem(answer.authenticator_response, MSCHAPV2_AUTHENTICATOR, authenticator_response,
                    sizeof authenticator_response);
    g_assert_cmpmem(secret_data(answer.master_key), secret_length(answer.master_key), master_key,
                    sizeof master_key);
}

static bool
works(const char *name, const void *octets, size_t length)
{
    g_auto(Mschapv2Answer) answer = { 0 };
    g_autoptr(Secret) password = secret_new(octets, length);
    return mschapv2_answer(authenticator, peer, name, password, &answer, NULL);
}

static void
test_bounds(void)
{
    g_autofree char *text = g_strnfill(4 * MSCHAPV2_MAX_PASSWORD, 'x');
    g_autofree char *name = g_strnfill(MSCHAPV2_MAX_NAME + 1, 'n');
    g_assert_true(works("tess", text, MSCHAPV2_MAX_PASSWORD));
    g_assert_false(works("tess", text, MSCHAPV2_MAX_PASSWORD + 1));
    g_assert_true(works("", "", 0));
    g_assert_false(works(name, "x", 1));
    g_assert_true(works(name + 1, "x", 1));
    g_assert_false(works("tess", "\xff", 1));
    /* A character beyond the first plane takes two units. */
    for (size_t i = 0; i < MSCHAPV2_MAX_PASSWORD / 2 + 1; i++)
        memcpy(text + 4 * i, "\xf0\x9f\x94\x91", 4);
    g_assert_true(works("tess", text, 4 * (MSCHAPV2_MAX_PASSWORD / 2)));
    g_assert_false(works("tess", text, 4 * (MSCHAPV2_MAX_PASSWORD / 2 + 1)));
}

/* A password beyond ASCII is hashed as UTF-16: the other name and octets give other answers. */
static void
test_depends_on_everything(void)
{
    const struct {
        const char *name, *password;
    } others[] = { { "user", "clientPass" },
                   { "User", "clientpass" },
                   { "User", "cli\xc3\xabntPass" } };
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        g_auto(Mschapv2Answer) answer = { 0 };
        g_autoptr(Secret) password = secret_new(others[i].password, strlen(others[i].password));
        g_assert_true(
            mschapv2_answer(authenticator, peer, others[i].name, password, &answer, NULL));
        g_assert_cmpint(memcmp(answer.nt_response, nt_response, sizeof nt_response), !=, 0);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crypto/mschapv2/example-of-the-rfc", test_example);
    g_test_add_func("/crypto/mschapv2/bounds", test_bounds);
    g_test_add_func("/crypto/mschapv2/depends-on-everything", test_depends_on_everything);
    return g_test_run();
}
