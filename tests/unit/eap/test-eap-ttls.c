/* EAP-TTLS with MSCHAPv2, PAP and GTC inside, with TLS 1.2 and 1.3. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "conversation.h"
#include "crypto/mschapv2.h"
#include "eap/eap-packet.h"
#include "eap/ttls-avp.h"

static TtlsAvp
find(GBytes *data, uint32_t vendor, uint32_t code)
{
    ByteReader reader = byte_reader_for_bytes(data);
    TtlsAvp avp;
    while (ttls_avp_next(&reader, &avp) == TTLS_AVP_OK)
        if (avp.vendor == vendor && avp.code == code)
            return avp;
    g_test_message("no attribute %u of %u", code, vendor);
    g_assert_not_reached();
}

static void
check_name(GBytes *data)
{
    TtlsAvp name = find(data, 0, TTLS_AVP_USER_NAME);
    g_assert_cmpmem(name.data.data, name.data.length, TEST_USER, strlen(TEST_USER));
    g_assert_true(name.mandatory);
}

static GBytes *
say_avp(Conversation *talk, uint32_t vendor, uint32_t code, const void *octets, size_t length)
{
    g_auto(ByteWriter) writer = { 0 };
    byte_writer_init(&writer, 4096);
    ttls_avp_write(&writer, vendor, code, octets, length);
    g_autoptr(GBytes) avp = byte_writer_end(&writer);
    return conversation_say(talk, g_bytes_get_data(avp, NULL), g_bytes_get_size(avp));
}

/* The server calculates as RADIUS servers do: from its own password and the session's challenge. */
static GBytes *
verify_mschap(Conversation *talk, GBytes *data)
{
    g_autoptr(Secret) password = secret_new(TEST_PASSWORD, strlen(TEST_PASSWORD));
    g_autoptr(Secret) challenge =
        test_tls_server_export(talk->server, "ttls challenge", NULL, 0, 17);
    g_auto(Mschapv2Answer) right = { 0 };
    TtlsAvp sent = find(data, TTLS_VENDOR_MICROSOFT, TTLS_AVP_MS_CHAP_CHALLENGE);
    TtlsAvp response = find(data, TTLS_VENDOR_MICROSOFT, TTLS_AVP_MS_CHAP2_RESPONSE);
    g_assert_cmpmem(sent.data.data, sent.data.length, secret_data(challenge), 16);
    g_assert_cmpuint(response.data.length, ==, 50);
    const uint8_t *octets = response.data.data;
    g_assert_cmphex(octets[0], ==, secret_data(challenge)[16]);
    g_assert_true(
        mschapv2_answer(secret_data(challenge), octets + 2, TEST_USER, password, &right, NULL));
    check_name(data);
    if (memcmp(octets + 26, right.nt_response, 24) != 0)
        return say_avp(talk, TTLS_VENDOR_MICROSOFT, TTLS_AVP_MS_CHAP_ERROR, "\1E=691 R=0", 10);
    char text[1 + 42 + 1] = { (char)octets[0], 'S', '=' };
    for (size_t i = 0; i < 20; i++)
        snprintf(text + 3 + 2 * i, 3, "%02X", right.authenticator_response[i]);
    if (talk->step == 99) /* someone who does not know the password, and let us in */
        text[10] ^= 1;
    return say_avp(talk, TTLS_VENDOR_MICROSOFT, TTLS_AVP_MS_CHAP2_SUCCESS, text, 43);
}

static GBytes *
mschap(Conversation *talk, GBytes *data)
{
    if (data != NULL)
        return verify_mschap(talk, data);
    /* TLS 1.3: our Finished came alone, we wait to be asked on. */
    if (talk->tls13 && talk->asked == 0)
        return conversation_request(talk, NULL, 0);
    return conversation_end(talk, EAP_CODE_SUCCESS);
}

static GBytes *
pap(Conversation *talk, GBytes *data)
{
    if (data == NULL)
        return conversation_request(talk, NULL, 0);
    TtlsAvp password = find(data, 0, TTLS_AVP_USER_PASSWORD);
    check_name(data);
    g_assert_cmpuint(password.data.length, ==, 16);
    g_assert_cmpstr((const char *)password.data.data, ==, TEST_PASSWORD);
    if (talk->step++ == 0 && talk->fragment == 500) /* a challenge first */
        return say_avp(talk, 0, TTLS_AVP_REPLY_MESSAGE, "Code?", 5);
    return conversation_end(talk, EAP_CODE_SUCCESS);
}

static GBytes *
gtc(Conversation *talk, GBytes *data)
{
    static const uint8_t ask[] = {
        1, 7, 0, 15, 6, 'P', 'a', 's', 's', 'w', 'o', 'r', 'd', ':', ' '
    };
    if (data == NULL)
        return conversation_request(talk, NULL, 0);
    TtlsAvp message = find(data, 0, TTLS_AVP_EAP_MESSAGE);
    if (talk->step++ == 0) {
        g_assert_cmpmem(message.data.data + 4, message.data.length - 4, "\1" TEST_USER,
                        1 + strlen(TEST_USER));
        return say_avp(talk, 0, TTLS_AVP_EAP_MESSAGE, ask, sizeof ask);
    }
    g_assert_cmpmem(message.data.data + 4, message.data.length - 4, "\6" TEST_PASSWORD,
                    1 + strlen(TEST_PASSWORD));
    return conversation_end(talk, EAP_CODE_SUCCESS);
}

/* The same as EAP (RFC 5281, section 11.2.1): what the server begins with is refused, then method
 * 26. */
static GBytes *
verify_eap_mschap(Conversation *talk, const TtlsAvp *message)
{
    static const uint8_t asked[16] = "sixteen octets!";
    g_autoptr(Secret) password = secret_new(TEST_PASSWORD, strlen(TEST_PASSWORD));
    g_auto(Mschapv2Answer) right = { 0 };
    const uint8_t *octets = message->data.data;
    g_assert_cmpuint(message->data.length, ==, 5 + 4 + 1 + 49 + strlen(TEST_USER));
    g_assert_cmpuint(octets[4], ==, 26);
    g_assert_true(mschapv2_answer(asked, octets + 10, TEST_USER, password, &right, NULL));
    if (memcmp(octets + 34, right.nt_response, 24) != 0)
        return say_avp(talk, 0, TTLS_AVP_EAP_MESSAGE, "\1\11\0\22\32\4\11\0\15E=691 R=0", 18);
    char text[5 + 4 + 42 + 1] = { 1, 9, 0, 51, 26, 3, 9, 0, 46, 'S', '=' };
    for (size_t i = 0; i < 20; i++)
        snprintf(text + 11 + 2 * i, 3, "%02X", right.authenticator_response[i]);
    return say_avp(talk, 0, TTLS_AVP_EAP_MESSAGE, text, 51);
}

static GBytes *
eap_mschap(Conversation *talk, GBytes *data)
{
    static const uint8_t md5[] = { 1, 7, 0, 7, 4, 1, 0 };
    uint8_t packet[5 + 4 + 1 + 16 + 3] = { 1, 8, 0, 29, 26, 1, 9, 0, 24, 16 };
    if (data == NULL)
        return conversation_request(talk, NULL, 0);
    TtlsAvp message = find(data, 0, TTLS_AVP_EAP_MESSAGE);
    switch (talk->step++) {
    case 0:
        g_assert_cmpmem(message.data.data + 4, message.data.length - 4, "\1" TEST_USER,
                        1 + strlen(TEST_USER));
        return say_avp(talk, 0, TTLS_AVP_EAP_MESSAGE, md5, sizeof md5);
    case 1:
        g_assert_cmpmem(message.data.data + 4, message.data.length - 4, "\3\32", 2);
        memcpy(packet + 10, "sixteen octets!", 16);
        memcpy(packet + 26, "srv", 3);
        return say_avp(talk, 0, TTLS_AVP_EAP_MESSAGE, packet, sizeof packet);
    case 2:
        return verify_eap_mschap(talk, &message);
    default:
        return conversation_end(talk,
                                message.data.data[5] == 3 ? EAP_CODE_SUCCESS : EAP_CODE_FAILURE);
    }
}

static void
use_ttls(Conversation *talk, gconstpointer tls13)
{
    conversation_set_up(talk, tls13);
    talk->type = EAP_TYPE_TTLS;
    talk->config.methods = EAP_METHOD_TTLS;
    talk->config.inner_methods = EAP_METHOD_MSCHAPV2;
    talk->script = mschap;
}

static void
check_in(Conversation *talk)
{
    const uint8_t type = EAP_TYPE_TTLS;
    conversation_run(talk);
    g_assert_cmpstr(talk->detail, ==, NULL);
    g_assert_cmpint(talk->end, ==, EAP_ACTION_SUCCESS);
    g_assert_true(talk->mutual);
    g_autoptr(Secret) theirs =
        talk->tls13
            ? test_tls_server_export(talk->server, "EXPORTER_EAP_TLS_Key_Material", &type, 1, 128)
            : test_tls_server_export(talk->server, "ttls keying material", NULL, 0, 128);
    g_autoptr(Secret) msk = secret_new_part(theirs, 0, EAP_MSK_LENGTH);
    g_assert_true(secret_equal(talk->msk, msk));
}

static void
check_out(Conversation *talk, const char *words)
{
    conversation_run(talk);
    g_assert_cmpint(talk->end, ==, EAP_ACTION_FAILURE);
    g_assert_nonnull(strstr(talk->detail, words));
}

static void
test_mschap(Conversation *talk, gconstpointer tls13)
{
    check_in(talk);
    g_assert_cmpuint(talk->asked, ==, 1);
}

static void
test_pap(Conversation *talk, gconstpointer tls13)
{
    talk->config.inner_methods = EAP_METHOD_PAP;
    talk->script = pap;
    check_in(talk);
    g_assert_cmpuint(talk->asked, ==, 1);
}

static void
test_pap_challenge(Conversation *talk, gconstpointer tls13)
{
    talk->config.inner_methods = EAP_METHOD_PAP;
    talk->script = pap;
    talk->fragment = 500;
    check_in(talk);
    g_assert_cmpuint(talk->asked, ==, 2);
}

static void
test_gtc(Conversation *talk, gconstpointer tls13)
{
    talk->config.inner_methods = EAP_METHOD_GTC;
    talk->script = gtc;
    check_in(talk);
    g_assert_cmpuint(talk->asked, ==, 1);
}

static void
test_eap_mschap(Conversation *talk, gconstpointer tls13)
{
    talk->config.inner_as_eap = true;
    talk->script = eap_mschap;
    check_in(talk);
    g_assert_cmpuint(talk->asked, ==, 1);
}

static void
test_eap_wrong_password(Conversation *talk, gconstpointer tls13)
{
    talk->config.inner_as_eap = true;
    talk->script = eap_mschap;
    talk->password = "battery staple";
    check_out(talk, "EAP-TTLS with EAP-MSCHAPv2: ");
    g_assert_nonnull(strstr(talk->detail, "password is wrong"));
}

static void
test_wrong_password(Conversation *talk, gconstpointer tls13)
{
    talk->password = "battery staple";
    check_out(talk, "EAP-TTLS with MSCHAPv2: the user name or the password is wrong");
}

static void
test_false_server(Conversation *talk, gconstpointer tls13)
{
    talk->step = 99;
    check_out(talk, "someone else may be answering");
}

static void
test_unnamed_server(Conversation *talk, gconstpointer tls13)
{
    talk->config.server_name = NULL;
    conversation_run(talk);
    g_assert_cmpint(talk->end, ==, EAP_ACTION_SUCCESS);
    g_assert_false(talk->mutual); /* anybody of that authority might have been it */
}

static void
test_wrong_name(Conversation *talk, gconstpointer tls13)
{
    talk->config.server_name = "other.example.com";
    check_out(talk, "not for other.example.com");
    g_assert_cmpuint(talk->asked, ==, 0);
}

static GBytes *
hurry(Conversation *talk, GBytes *data)
{
    return conversation_end(talk, EAP_CODE_SUCCESS);
}

/* Success before its proof of the password, or before we have said anything. */
static void
test_early_success(Conversation *talk, gconstpointer tls13)
{
    talk->script = hurry;
    check_out(talk, "before the sign-in is over");
}

static GBytes *
demand(Conversation *talk, GBytes *data)
{
    return data != NULL ? say_avp(talk, 0, 4711, "x", 1) : conversation_request(talk, NULL, 0);
}

static void
test_unknown_mandatory(Conversation *talk, gconstpointer tls13)
{
    talk->script = demand;
    check_out(talk, "attributes that cannot be read");
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
        g_test_add("/eap/ttls/" path "/tls12", Conversation, GINT_TO_POINTER(0), use_ttls,         \
                   function, conversation_tear_down);                                              \
        g_test_add("/eap/ttls/" path "/tls13", Conversation, GINT_TO_POINTER(1), use_ttls,         \
                   function, conversation_tear_down);                                              \
    } while (0)
    TEST("mschapv2", test_mschap);
    TEST("pap", test_pap);
    TEST("pap-challenge", test_pap_challenge);
    TEST("gtc", test_gtc);
    TEST("eap-mschapv2", test_eap_mschap);
    TEST("eap-wrong-password", test_eap_wrong_password);
    TEST("wrong-password", test_wrong_password);
    TEST("false-server", test_false_server);
    TEST("unnamed-server", test_unnamed_server);
    TEST("wrong-name", test_wrong_name);
    TEST("early-success", test_early_success);
    TEST("unknown-mandatory", test_unknown_mandatory);
    TEST("revocation", test_revocation);
    TEST("revoked", test_revoked);
    return g_test_run();
}
