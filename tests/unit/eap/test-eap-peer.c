/* The peer without TLS: identity, Nak, repetitions, the end; MD5 and GTC, which need nothing else.
 */
#include "eap/eap-peer.h"

#include <string.h>

static EapPeer *
make_peer(uint32_t methods)
{
    const EapConfig config = { .methods = methods, .identity = "tess" };
    return eap_peer_new(&config, rng_system());
}

static const EapAction *
receive(EapPeer *peer, const void *octets, size_t length)
{
    g_autoptr(GBytes) packet = g_bytes_new(octets, length);
    return eap_peer_receive(peer, packet);
}

#define RECEIVE(peer, ...)                                                                         \
    receive(peer, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void
assert_sends(const EapAction *action, const void *octets, size_t length)
{
    g_assert_cmpint(action->kind, ==, EAP_ACTION_SEND);
    g_assert_cmpmem(g_bytes_get_data(action->packet, NULL), g_bytes_get_size(action->packet),
                    octets, length);
}

#define ASSERT_SENDS(action, ...)                                                                  \
    assert_sends(action, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void
test_identity_and_notification(void)
{
    g_autoptr(EapPeer) peer = make_peer(EAP_METHOD_MD5);
    ASSERT_SENDS(RECEIVE(peer, 1, 1, 0, 5, 1), 2, 1, 0, 9, 1, 't', 'e', 's', 's');
    ASSERT_SENDS(RECEIVE(peer, 1, 2, 0, 7, 2, 'h', 'i'), 2, 2, 0, 5, 2);
}

/* What is not allowed is met with what is (RFC 3748, section 5.3.1). */
static void
test_nak(void)
{
    g_autoptr(EapPeer) peer = make_peer(EAP_METHOD_MSCHAPV2 | EAP_METHOD_GTC);
    ASSERT_SENDS(RECEIVE(peer, 1, 1, 0, 7, 4, 1, 0), 2, 1, 0, 7, 3, 26, 6);
    ASSERT_SENDS(RECEIVE(peer, 1, 2, 0, 6, 52, 0), 2, 2, 0, 7, 3, 26, 6);
    ASSERT_SENDS(RECEIVE(peer, 1, 3, 0, 7, 4, 1, 0), 2, 3, 0, 7, 3, 26, 6);
    ASSERT_SENDS(RECEIVE(peer, 1, 4, 0, 6, 200, 0), 2, 4, 0, 7, 3, 26, 6);
    const EapAction *end = RECEIVE(peer, 4, 5, 0, 4);
    g_assert_cmpint(end->kind, ==, EAP_ACTION_FAILURE);
    g_assert_cmpstr(end->detail, ==,
                    "the server wants EAP-MD5, then EAP-pwd, then EAP method 200 and takes nothing "
                    "else, but the profile allows EAP-MSCHAPv2 or EAP-GTC");

    g_autoptr(EapPeer) nothing = make_peer(0);
    ASSERT_SENDS(RECEIVE(nothing, 1, 1, 0, 7, 26, 1, 0), 2, 1, 0, 6, 3, 0);
    g_assert_nonnull(strstr(RECEIVE(nothing, 4, 2, 0, 4)->detail, "for no method at all"));
}

static const EapAction *
answer_md5(EapPeer *peer, const char *digest)
{
    g_autoptr(GBytes) octets = g_bytes_new(digest, strlen(digest));
    const EapAnswer answer = { .ok = true, .octets = octets };
    return eap_peer_answer(peer, &answer);
}

static void
test_md5(void)
{
    g_autoptr(EapPeer) peer = make_peer(EAP_METHOD_MD5);
    const EapAction *action = RECEIVE(peer, 1, 5, 0, 8, 4, 2, 0xaa, 0xbb);
    g_assert_cmpint(action->kind, ==, EAP_ACTION_ASK);
    g_assert_cmpint(action->question->kind, ==, EAP_ASK_MD5);
    g_assert_cmpuint(action->question->identifier, ==, 5);
    g_assert_cmpuint(g_bytes_get_size(action->question->challenge), ==, 2);
    action = answer_md5(peer, "0123456789abcdef");
    g_assert_cmpint(action->kind, ==, EAP_ACTION_SEND);
    g_assert_cmpuint(g_bytes_get_size(action->packet), ==, 22);
    action = RECEIVE(peer, 3, 5, 0, 4);
    g_assert_cmpint(action->kind, ==, EAP_ACTION_SUCCESS);
    g_assert_null(action->msk);
    g_assert_false(action->mutual);
}

/* The same request again gets the same response, and nobody is asked twice. */
static void
test_repetition(void)
{
    const uint8_t request[] = { 1, 5, 0, 8, 4, 2, 0xaa, 0xbb };
    g_autoptr(EapPeer) peer = make_peer(EAP_METHOD_MD5);
    g_assert_cmpint(receive(peer, request, sizeof request)->kind, ==, EAP_ACTION_ASK);
    g_assert_cmpint(receive(peer, request, sizeof request)->kind, ==, EAP_ACTION_IGNORE);
    const EapAction *action = answer_md5(peer, "0123456789abcdef");
    g_autoptr(GBytes) first = g_bytes_ref(action->packet);
    action = receive(peer, request, sizeof request);
    g_assert_cmpint(action->kind, ==, EAP_ACTION_SEND);
    g_assert_true(g_bytes_equal(action->packet, first));
}

/* Success counts when the method is over, and not before. */
static void
test_early_success(void)
{
    g_autoptr(EapPeer) nothing = make_peer(EAP_METHOD_MD5);
    g_assert_cmpint(RECEIVE(nothing, 3, 5, 0, 4)->kind, ==, EAP_ACTION_FAILURE);
    g_autoptr(EapPeer) asked = make_peer(EAP_METHOD_MD5);
    RECEIVE(asked, 1, 5, 0, 8, 4, 2, 0xaa, 0xbb);
    g_assert_cmpint(RECEIVE(asked, 3, 5, 0, 4)->kind, ==, EAP_ACTION_FAILURE);
}

static void
test_gtc(void)
{
    g_autoptr(EapPeer) peer = make_peer(EAP_METHOD_GTC);
    const EapAction *action = RECEIVE(peer, 1, 6, 0, 11, 6, 'c', 'o', 'd', 'e', 27, '?');
    g_assert_cmpint(action->kind, ==, EAP_ACTION_ASK);
    g_assert_cmpint(action->question->kind, ==, EAP_ASK_PASSWORD);
    g_assert_cmpstr(action->question->purpose, ==, "gtc");
    g_assert_cmpstr(action->question->prompt, ==, "code ?"); /* no control characters */
    g_autoptr(Secret) password = secret_new("1234", 4);
    const EapAnswer answer = { .ok = true, .password = password };
    ASSERT_SENDS(eap_peer_answer(peer, &answer), 2, 6, 0, 9, 6, '1', '2', '3', '4');
    g_assert_cmpint(RECEIVE(peer, 3, 6, 0, 4)->kind, ==, EAP_ACTION_SUCCESS);
}

static void
test_nobody_answers(void)
{
    g_autoptr(EapPeer) peer = make_peer(EAP_METHOD_GTC);
    RECEIVE(peer, 1, 6, 0, 5, 6);
    const EapAnswer answer = { .detail = "nobody is here" };
    const EapAction *action = eap_peer_answer(peer, &answer);
    g_assert_cmpint(action->kind, ==, EAP_ACTION_FAILURE);
    g_assert_cmpstr(action->detail, ==, "EAP-GTC: nobody is here");
}

static void
test_endless(void)
{
    g_autoptr(EapPeer) peer = make_peer(EAP_METHOD_GTC);
    EapActionKind kind = EAP_ACTION_SEND;
    for (unsigned i = 0; i <= EAP_MAX_ROUNDS && kind == EAP_ACTION_SEND; i++)
        kind = RECEIVE(peer, 1, (uint8_t)i, 0, 5, 1)->kind;
    g_assert_cmpint(kind, ==, EAP_ACTION_FAILURE);
}

static void
test_noise(void)
{
    g_autoptr(EapPeer) peer = make_peer(EAP_METHOD_MD5);
    g_assert_cmpint(RECEIVE(peer, 2, 5, 0, 5, 4)->kind, ==, EAP_ACTION_IGNORE);
    g_assert_cmpint(RECEIVE(peer, 1, 5, 0, 6, 3, 4)->kind, ==, EAP_ACTION_IGNORE);
    g_assert_cmpint(RECEIVE(peer, 1, 6, 0, 6, 4, 9)->kind, ==, EAP_ACTION_IGNORE);
    /* A method has begun: another one is too late. */
    g_assert_cmpint(RECEIVE(peer, 1, 7, 0, 5, 6)->kind, ==, EAP_ACTION_IGNORE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/eap/peer/identity-and-notification", test_identity_and_notification);
    g_test_add_func("/eap/peer/nak", test_nak);
    g_test_add_func("/eap/peer/md5", test_md5);
    g_test_add_func("/eap/peer/repetition", test_repetition);
    g_test_add_func("/eap/peer/early-success", test_early_success);
    g_test_add_func("/eap/peer/gtc", test_gtc);
    g_test_add_func("/eap/peer/nobody-answers", test_nobody_answers);
    g_test_add_func("/eap/peer/endless", test_endless);
    g_test_add_func("/eap/peer/noise", test_noise);
    return g_test_run();
}
