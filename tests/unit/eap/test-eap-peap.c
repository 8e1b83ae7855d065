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

/* ---- crypto-binding, calculated by another hand: GLib's ---- */

static void
hmac(const uint8_t *key, size_t key_length, const void *data, size_t length, uint8_t out[20])
{
    gsize n = 20;
    GHmac *mac = g_hmac_new(G_CHECKSUM_SHA1, key, key_length);
    g_hmac_update(mac, data, (gssize)length);
    g_hmac_get_digest(mac, out, &n);
    g_hmac_unref(mac);
}

/* blocks of 20 octets of PRF+. */
static void
expand(const uint8_t *key, size_t key_length, const void *seed, size_t seed_length, uint8_t *out,
       uint8_t blocks)
{
    for (uint8_t n = 1; n <= blocks; n++) {
        const uint8_t tail[] = { n, 0, 0 };
        g_autoptr(GByteArray) input = g_byte_array_new();
        if (n > 1)
            g_byte_array_append(input, out + 20 * (n - 2), 20);
        g_byte_array_append(input, seed, (guint)seed_length);
        g_byte_array_append(input, tail, sizeof tail);
        hmac(key, key_length, input->data, input->len, out + 20 * (n - 1));
    }
}

/* GTC makes no keys: its part is zeros. imck: IPMK and CMK. */
static void
binding_keys(Conversation *talk, uint8_t imck[60])
{
    static const uint8_t seed[27 + 32] = "Inner Methods Compound Keys";
    const uint8_t type = EAP_TYPE_PEAP;
    g_autoptr(Secret) tls =
        talk->tls13
            ? test_tls_server_export(talk->server, "EXPORTER_EAP_TLS_Key_Material", &type, 1, 128)
            : test_tls_server_export(talk->server, "client EAP encryption", NULL, 0, 128);
    expand(secret_data(tls), 40, seed, sizeof seed, imck, 3);
}

static void
binding_mac(const uint8_t imck[60], const uint8_t tlv[60], uint8_t out[20])
{
    uint8_t whole[61] = { 0 };
    memcpy(whole, tlv, 40);
    whole[60] = 25;
    hmac(imck + 40, 20, whole, sizeof whole, out);
}

static GBytes *
say_bound_result(Conversation *talk)
{
    uint8_t imck[60], packet[71] = { 1, 77, 0, 71, 33, 0x80, 3, 0, 2, 0, 1, 0, 12, 0, 56 };
    binding_keys(talk, imck);
    memset(packet + 19, 0x5a, 32);
    binding_mac(imck, packet + 11, packet + 51);
    packet[70] ^= talk->step == 99; /* of somebody who only has the certificate */
    return conversation_say(talk, packet, sizeof packet);
}

static GBytes *
take_bound_result(Conversation *talk, GBytes *data)
{
    uint8_t imck[60], mac[20];
    gsize length;
    const uint8_t *packet = g_bytes_get_data(data, &length);
    g_assert_cmpuint(length, ==, 71);
    g_assert_cmpmem(packet, 15, "\2\115\0\107\41\200\3\0\2\0\1\0\14\0\70", 15);
    g_assert_cmpmem(packet + 15, 4, "\0\0\0\1", 4);
    binding_keys(talk, imck);
    binding_mac(imck, packet + 11, mac);
    g_assert_cmpmem(packet + 51, 20, mac, 20);
    return conversation_end(talk, EAP_CODE_SUCCESS);
}

static GBytes *
bound(Conversation *talk, GBytes *data)
{
    switch (talk->step++) {
    case 0:
        return say_identity(talk);
    case 1:
        return conversation_say(talk, "\6Password: ", 11);
    case 2:
        return say_bound_result(talk);
    default:
        return take_bound_result(talk, data);
    }
}

static GBytes *
bound_wrongly(Conversation *talk, GBytes *data)
{
    static const uint8_t failure[] = RESULT(2, 77, 2);
    switch (talk->step++) {
    case 0:
        return say_identity(talk);
    case 1:
        talk->step = 98;
        return conversation_say(talk, "\6Password: ", 11);
    case 98:
        return say_bound_result(talk);
    default:
        g_assert_cmpmem(g_bytes_get_data(data, NULL), g_bytes_get_size(data), failure,
                        sizeof failure);
        return conversation_end(talk, EAP_CODE_FAILURE);
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
test_bound(Conversation *talk, gconstpointer tls13)
{
    static const char label[] = "Session Key Generating Function";
    uint8_t imck[60], msk[80];
    talk->config.inner_methods = EAP_METHOD_GTC;
    talk->script = bound;
    conversation_run(talk);
    g_assert_cmpstr(talk->detail, ==, NULL);
    g_assert_cmpint(talk->end, ==, EAP_ACTION_SUCCESS);
    binding_keys(talk, imck);
    expand(imck, 40, label, sizeof label, msk, 4);
    g_assert_cmpmem(secret_data(talk->msk), secret_length(talk->msk), msk, EAP_MSK_LENGTH);
}

static void
test_bound_wrongly(Conversation *talk, gconstpointer tls13)
{
    talk->config.inner_methods = EAP_METHOD_GTC;
    check_out(talk, bound_wrongly, "crypto-binding");
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
    TEST("bound", test_bound);
    TEST("bound-wrongly", test_bound_wrongly);
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
