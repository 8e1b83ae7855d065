/* PEAP with MSCHAPv2 and GTC inside, with TLS 1.2 and 1.3, as servers of version 0 speak it. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "conversation.h"
#include "crypto/mschapv2.h"
#include "eap/eap-packet.h"

#define RESULT(code, identifier, value)                                                            \
    {                                                                                              \
        code, identifier, 0, 11, 33, 0x80, 3, 0, 2, 0, value                                       \
    }

static const uint8_t challenge[16] = "sixteen octets!";

/* Without headers: type and data. */
static GBytes *
say_identity(Conversation *talk)
{
    return conversation_say(talk, "\1", 1);
}

static GBytes *
say_challenge(Conversation *talk)
{
    uint8_t packet[1 + 4 + 1 + 16 + 3] = { 26, 1, 9, 0, 24, 16 };
    memcpy(packet + 6, challenge, 16);
    memcpy(packet + 22, "srv", 3);
    return conversation_say(talk, packet, sizeof packet);
}

static GBytes *
say_verdict(Conversation *talk, GBytes *data)
{
    g_autoptr(Secret) password = secret_new(TEST_PASSWORD, strlen(TEST_PASSWORD));
    g_auto(Mschapv2Answer) right = { 0 };
    gsize length;
    const uint8_t *octets = g_bytes_get_data(data, &length);
    g_assert_cmpuint(length, ==, 1 + 4 + 1 + 49 + strlen(TEST_USER));
    g_assert_cmpuint(octets[0], ==, 26);
    g_assert_true(mschapv2_answer(challenge, octets + 6, TEST_USER, password, &right, NULL));
    if (memcmp(octets + 30, right.nt_response, 24) != 0)
        return conversation_say(talk, "\x1a\4\11\0\15E=691 R=0", 14);
    char text[1 + 4 + 42 + 1] = { 26, 3, 9, 0, 46, 'S', '=' };
    for (size_t i = 0; i < 20; i++)
        snprintf(text + 7 + 2 * i, 3, "%02X", right.authenticator_response[i]);
    return conversation_say(talk, text, 47);
}

static GBytes *
say_result(Conversation *talk, uint8_t result)
{
    const uint8_t packet[] = RESULT(1, 77, result);
    return conversation_say(talk, packet, sizeof packet);
}

static GBytes *
take_result(Conversation *talk, GBytes *data, uint8_t result, uint8_t code)
{
    const uint8_t packet[] = RESULT(2, 77, result);
    g_assert_nonnull(data);
    g_assert_cmpmem(g_bytes_get_data(data, NULL), g_bytes_get_size(data), packet, sizeof packet);
    return conversation_end(talk, code);
}

static GBytes *
mschap(Conversation *talk, GBytes *data)
{
    switch (talk->step++) {
    case 0:
        g_assert_null(data);
        return say_identity(talk);
    case 1:
        g_assert_cmpmem(g_bytes_get_data(data, NULL), g_bytes_get_size(data), "\1" TEST_USER,
                        1 + strlen(TEST_USER));
        return say_challenge(talk);
    case 2:
        return say_verdict(talk, data);
    case 3:
        g_assert_cmpuint(g_bytes_get_size(data), ==, 2);
        return say_result(talk, 1);
    default:
        return take_result(talk, data, 1, EAP_CODE_SUCCESS);
    }
}

static GBytes *
gtc(Conversation *talk, GBytes *data)
{
    switch (talk->step++) {
    case 0:
        return say_identity(talk);
    case 1:
        return say_challenge(talk);
    case 2: /* Nak: GTC instead */
        g_assert_cmpmem(g_bytes_get_data(data, NULL), g_bytes_get_size(data), "\3\6", 2);
        return conversation_say(talk, "\6Password: ", 11);
    case 3:
        g_assert_cmpmem(g_bytes_get_data(data, NULL), g_bytes_get_size(data), "\6" TEST_PASSWORD,
                        1 + strlen(TEST_PASSWORD));
        return say_result(talk, 1);
    default:
        return take_result(talk, data, 1, EAP_CODE_SUCCESS);
    }
}

/* Whoever has a certificate but not the password, and says that all is well. */
static GBytes *
hurry(Conversation *talk, GBytes *data)
{
    switch (talk->step++) {
    case 0:
        return say_identity(talk);
    case 1:
        return say_result(talk, 1);
    default:
        return take_result(talk, data, 2, EAP_CODE_FAILURE);
    }
}

static GBytes *
hurry_more(Conversation *talk, GBytes *data)
{
    return talk->step++ == 0 ? say_identity(talk) : conversation_end(talk, EAP_CODE_SUCCESS);
}

static GBytes *
refuse(Conversation *talk, GBytes *data)
{
    switch (talk->step++) {
    case 0:
        return say_identity(talk);
    case 1:
        return say_result(talk, 2);
    default:
        return take_result(talk, data, 2, EAP_CODE_FAILURE);
    }
}

static void
use_peap(Conversation *talk, gconstpointer tls13)
{
    conversation_set_up(talk, tls13);
    talk->type = EAP_TYPE_PEAP;
    talk->config.methods = EAP_METHOD_PEAP;
    talk->config.inner_methods = EAP_METHOD_MSCHAPV2;
    talk->script = mschap;
}

static void
check_in(Conversation *talk)
{
    const uint8_t type = EAP_TYPE_PEAP;
    conversation_run(talk);
    g_assert_cmpstr(talk->detail, ==, NULL);
    g_assert_cmpint(talk->end, ==, EAP_ACTION_SUCCESS);
    g_assert_true(talk->mutual);
    g_assert_cmpuint(talk->asked, ==, 1);
    g_autoptr(Secret) theirs =
        talk->tls13
            ? test_tls_server_export(talk->server, "EXPORTER_EAP_TLS_Key_Material", &type, 1, 128)
            : test_tls_server_export(talk->server, "client EAP encryption", NULL, 0, 128);
    g_autoptr(Secret) msk = secret_new_part(theirs, 0, EAP_MSK_LENGTH);
    g_assert_true(secret_equal(talk->msk, msk));
}

static void
check_out(Conversation *talk, Script script, const char *words)
{
    talk->script = script;
    conversation_run(talk);
    g_assert_cmpint(talk->end, ==, EAP_ACTION_FAILURE);
    g_assert_nonnull(strstr(talk->detail, words));
    g_assert_null(talk->msk);
}

static void
test_mschap(Conversation *talk, gconstpointer tls13)
{
    check_in(talk);
}

static void
test_gtc(Conversation *talk, gconstpointer tls13)
{
    talk->config.inner_methods = EAP_METHOD_GTC;
    talk->script = gtc;
    check_in(talk);
}

static void
test_fragments(Conversation *talk, gconstpointer tls13)
{
    talk->fragment = 40;
    check_in(talk);
}

static void
test_wrong_password(Conversation *talk, gconstpointer tls13)
{
    talk->password = "battery staple";
    check_out(talk, mschap, "the user name or the password is wrong");
}

static void
test_early_success(Conversation *talk, gconstpointer tls13)
{
    check_out(talk, hurry, "before the sign-in is over");
}

static void
test_bare_success(Conversation *talk, gconstpointer tls13)
{
    check_out(talk, hurry_more, "before the sign-in is over");
}

static void
test_refused(Conversation *talk, gconstpointer tls13)
{
    check_out(talk, refuse, "does not let us in");
}

static void
test_wrong_name(Conversation *talk, gconstpointer tls13)
{
    talk->config.server_name = "other.example.com";
    check_out(talk, mschap, "not for other.example.com");
    g_assert_cmpuint(talk->asked, ==, 0);
}

/* Asked once the server is known, and before anything of ours is said. */
static void
test_revocation(Conversation *talk, gconstpointer tls13)
{
    talk->config.check_revocation = true;
    check_in(talk);
    g_assert_cmpuint(talk->asked_revocation, ==, 1);
}

static void
test_revoked(Conversation *talk, gconstpointer tls13)
{
    talk->config.check_revocation = true;
    talk->revoked = true;
    conversation_run(talk);
    g_assert_cmpint(talk->end, ==, EAP_ACTION_FAILURE);
    g_assert_nonnull(strstr(talk->detail, "revoked long ago"));
    g_assert_cmpuint(talk->asked, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(path, function)                                                                       \
    do {                                                                                           \
        g_test_add("/eap/peap/" path "/tls12", Conversation, GINT_TO_POINTER(0), use_peap,         \
                   function, conversation_tear_down);                                              \
        g_test_add("/eap/peap/" path "/tls13", Conversation, GINT_TO_POINTER(1), use_peap,         \
                   function, conversation_tear_down);                                              \
    } while (0)
    TEST("mschapv2", test_mschap);
    TEST("gtc", test_gtc);
    TEST("fragments", test_fragments);
    TEST("wrong-password", test_wrong_password);
    TEST("early-success", test_early_success);
    TEST("bare-success", test_bare_success);
    TEST("refused", test_refused);
    TEST("wrong-name", test_wrong_name);
    TEST("revocation", test_revocation);
    TEST("revoked", test_revoked);
    return g_test_run();
}
