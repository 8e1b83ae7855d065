/* EAP-TLS, with TLS 1.2 and 1.3, against a server with fragments of every kind. */
#include "config.h"

#include <string.h>

#include "conversation.h"
#include "eap/eap-packet.h"

/* TLS 1.2: success at once; 1.3: the octet that says so, protected, before it. */
static GBytes *
say_success(Conversation *talk, GBytes *data)
{
    g_assert_null(data);
    if (talk->tls13 && talk->step++ == 0)
        return conversation_say(talk, "\0", 1);
    return conversation_end(talk, EAP_CODE_SUCCESS);
}

static void
use_tls(Conversation *talk, gconstpointer tls13)
{
    conversation_set_up(talk, tls13);
    talk->type = EAP_TYPE_TLS;
    talk->config.methods = EAP_METHOD_TLS;
    talk->ask_client = true;
    talk->script = say_success;
}

static void
check_in(Conversation *talk)
{
    const uint8_t type = EAP_TYPE_TLS;
    g_assert_cmpstr(talk->detail, ==, NULL);
    g_assert_cmpint(talk->end, ==, EAP_ACTION_SUCCESS);
    g_assert_true(talk->mutual);
    g_autoptr(Secret) theirs =
        talk->tls13
            ? test_tls_server_export(talk->server, "EXPORTER_EAP_TLS_Key_Material", &type, 1, 128)
            : test_tls_server_export(talk->server, "client EAP encryption", NULL, 0, 128);
    g_autoptr(Secret) msk = secret_new_part(theirs, 0, EAP_MSK_LENGTH);
    g_assert_true(secret_equal(talk->msk, msk));
}

static void
test_signs_in(Conversation *talk, gconstpointer tls13)
{
    conversation_run(talk);
    check_in(talk);
    g_assert_cmpuint(talk->asked, ==, 1);
}

/* Both ways: the server's parts are small, our chain is long. */
static void
test_fragments(Conversation *talk, gconstpointer tls13)
{
    talk->fragment = 50;
    for (int i = 0; i < 4; i++)
        g_ptr_array_add(talk->config.chain, test_identity_certificate(talk->other));
    conversation_run(talk);
    check_in(talk);
    g_assert_cmpuint(talk->fragments_sent, >, 8);
    g_assert_cmpuint(talk->fragments_received, >, 0);
}

static void
check_out(Conversation *talk, const char *words)
{
    conversation_run(talk);
    g_assert_cmpint(talk->end, ==, EAP_ACTION_FAILURE);
    g_test_message("%s", talk->detail);
    g_assert_nonnull(strstr(talk->detail, words));
    g_assert_null(talk->msk);
}

static void
test_wrong_name(Conversation *talk, gconstpointer tls13)
{
    talk->config.server_name = "other.example.com";
    check_out(talk, "for eap.example.com, not for other.example.com");
    g_assert_cmpuint(talk->asked, ==, 0); /* nothing is signed for a stranger */
}

static void
test_wrong_authority(Conversation *talk, gconstpointer tls13)
{
    test_identity_free(talk->identity);
    talk->identity =
        test_identity_new(&(TestPkiSpec){ .name = "server", .dns = TEST_NAME }, talk->other);
    check_out(talk, "trusted authority");
    g_assert_cmpuint(talk->asked, ==, 0);
}

static void
test_expired(Conversation *talk, gconstpointer tls13)
{
    talk->config.wall_clock_s = TEST_PKI_NOW * (int64_t)2;
    check_out(talk, "was valid until");
    g_assert_cmpuint(talk->asked, ==, 0);
}

static void
test_refused(Conversation *talk, gconstpointer tls13)
{
    test_identity_free(talk->client);
    talk->client = test_identity_new(&(TestPkiSpec){ .name = TEST_USER }, talk->other);
    g_ptr_array_set_size(talk->config.chain, 0);
    g_ptr_array_add(talk->config.chain, test_identity_certificate(talk->client));
    check_out(talk, "EAP-TLS: the server does not let us in: it may not accept our certificate");
}

static void
test_no_signature(Conversation *talk, gconstpointer tls13)
{
    talk->no_signature = true;
    check_out(talk, "the key is gone");
}

static GBytes *
hurry(Conversation *talk, GBytes *data)
{
    if (talk->tls13 && talk->step++ == 0) /* we have a turn, but nothing was said */
        return conversation_request(talk, NULL, 0);
    return conversation_end(talk, EAP_CODE_SUCCESS);
}

/* With TLS 1.3 success is not believed before it was said protected. */
static void
test_unprotected_success(Conversation *talk, gconstpointer tls13)
{
    talk->script = hurry;
    if (!talk->tls13) {
        conversation_run(talk);
        check_in(talk);
        return;
    }
    check_out(talk, "before the sign-in is over");
}

static GBytes *
chatter(Conversation *talk, GBytes *data)
{
    return conversation_say(talk, "hello", 5);
}

static void
test_foreign_data(Conversation *talk, gconstpointer tls13)
{
    talk->script = chatter;
    if (talk->tls13)
        check_out(talk, "what does not belong there");
}

static void
test_not_without(Conversation *talk, gconstpointer tls13)
{
    talk->config.trust = NULL;
    talk->peer = eap_peer_new(&talk->config, rng_system());
    const uint8_t start[] = { 1, 1, 0, 6, EAP_TYPE_TLS, 0x20 };
    g_autoptr(GBytes) packet = g_bytes_new(start, sizeof start);
    const EapAction *action = eap_peer_receive(talk->peer, packet);
    g_assert_cmpint(action->kind, ==, EAP_ACTION_FAILURE);
    g_assert_nonnull(strstr(action->detail, "no authority"));
    eap_peer_free(talk->peer);
    talk->config.trust = talk->trust;
    g_ptr_array_set_size(talk->config.chain, 0);
    talk->peer = eap_peer_new(&talk->config, rng_system());
    action = eap_peer_receive(talk->peer, packet);
    g_assert_nonnull(strstr(action->detail, "no certificate of ours"));
}

/* Where there is another method, one that misses what it needs is not begun. */
static void
test_steps_aside(Conversation *talk, gconstpointer tls13)
{
    const uint8_t start[] = { 1, 1, 0, 6, EAP_TYPE_TLS, 0x20 };
    const uint8_t nak[] = { 2, 1, 0, 7, EAP_TYPE_NAK, EAP_TYPE_TTLS, EAP_TYPE_MSCHAPV2 };
    g_autoptr(GBytes) packet = g_bytes_new(start, sizeof start);
    g_ptr_array_set_size(talk->config.chain, 0);
    talk->config.methods = EAP_METHOD_TLS | EAP_METHOD_TTLS | EAP_METHOD_PEAP | EAP_METHOD_MSCHAPV2;
    talk->config.inner_methods = EAP_METHOD_PAP; /* which PEAP has not */
    talk->peer = eap_peer_new(&talk->config, rng_system());
    const EapAction *action = eap_peer_receive(talk->peer, packet);
    g_assert_cmpint(action->kind, ==, EAP_ACTION_SEND);
    g_assert_cmpmem(g_bytes_get_data(action->packet, NULL), g_bytes_get_size(action->packet), nak,
                    sizeof nak);
}

/* In the middle of a handshake: lost, doubled and mad fragments. */
static void
test_garbage(Conversation *talk, gconstpointer tls13)
{
    static const uint8_t packets[][12] = {
        { 1, 2, 0, 5, 13 },                                /* no flags */
        { 1, 3, 0, 8, 13, 0x80, 0, 0 },                    /* no length */
        { 1, 4, 0, 6, 13, 0x20 },                          /* another start */
        { 1, 5, 0, 12, 13, 0xc0, 0, 0, 0, 10, 1, 2 },      /* first part of ten octets */
        { 1, 6, 0, 10, 13, 0x00, 3, 4, 5, 6 },             /* the last, but it is not ten */
        { 1, 7, 0, 12, 13, 0xc0, 0xff, 0xff, 0xff, 0xff }, /* more than we would keep */
        { 1, 8, 0, 10, 13, 0x00, 0x16, 3, 3, 0xff },       /* no record of TLS */
    };
    talk->peer = eap_peer_new(&talk->config, rng_system());
    const uint8_t start[] = { 1, 1, 0, 6, 13, 0x20 };
    g_autoptr(GBytes) first = g_bytes_new(start, sizeof start);
    g_assert_cmpint(eap_peer_receive(talk->peer, first)->kind, ==, EAP_ACTION_SEND);
    for (size_t i = 0; i < G_N_ELEMENTS(packets); i++) {
        g_autoptr(GBytes) packet = g_bytes_new(packets[i], packets[i][3]);
        EapActionKind kind = eap_peer_receive(talk->peer, packet)->kind;
        EapActionKind wanted = i < 3    ? EAP_ACTION_IGNORE
                               : i == 3 ? EAP_ACTION_SEND
                                        : EAP_ACTION_FAILURE;
        if (i < 6)
            g_assert_cmpint(kind, ==, wanted);
        g_assert_cmpint(kind, !=, EAP_ACTION_SUCCESS);
    }
}

/* Asked once the server is known, and before anything of ours is said. */
static void
test_revocation(Conversation *talk, gconstpointer tls13)
{
    talk->config.check_revocation = true;
    conversation_run(talk);
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
        g_test_add("/eap/tls/" path "/tls12", Conversation, GINT_TO_POINTER(0), use_tls, function, \
                   conversation_tear_down);                                                        \
        g_test_add("/eap/tls/" path "/tls13", Conversation, GINT_TO_POINTER(1), use_tls, function, \
                   conversation_tear_down);                                                        \
    } while (0)
    TEST("signs-in", test_signs_in);
    TEST("fragments", test_fragments);
    TEST("refuses-wrong-name", test_wrong_name);
    TEST("refuses-wrong-authority", test_wrong_authority);
    TEST("refuses-expired", test_expired);
    TEST("refused-by-server", test_refused);
    TEST("no-signature", test_no_signature);
    TEST("unprotected-success", test_unprotected_success);
    TEST("foreign-data", test_foreign_data);
    TEST("not-without-certificates", test_not_without);
    TEST("steps-aside", test_steps_aside);
    TEST("garbage", test_garbage);
    TEST("revocation", test_revocation);
    TEST("revoked", test_revoked);
    return g_test_run();
}
