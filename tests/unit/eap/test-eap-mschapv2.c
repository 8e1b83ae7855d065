/* EAP-MSCHAPv2 with the figures of RFC 2759, section 9.2, and RFC 3079, section 3.5.3. */
#include "eap/eap-peer.h"

#include <string.h>

static const uint8_t server_challenge[16] = { 0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e,
                                              0x3c, 0x2c, 0x60, 0x21, 0x32, 0x26, 0x26, 0x28 };
static const uint8_t peer_challenge[16] = { 0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a,
                                            0x28, 0x29, 0x5f, 0x2b, 0x3a, 0x33, 0x7c, 0x7e };
static const uint8_t nt_response[24] = { 0x82, 0x30, 0x9e, 0xcd, 0x8d, 0x70, 0x8b, 0x5e,
                                         0xa0, 0x8f, 0xaa, 0x39, 0x81, 0xcd, 0x83, 0x54,
                                         0x42, 0x33, 0x11, 0x4a, 0x3d, 0x85, 0xd6, 0xdf };
static const uint8_t proof[20] = { 0x40, 0x7a, 0x55, 0x89, 0x11, 0x5f, 0xd0, 0xd6, 0x20, 0x9f,
                                   0x51, 0x0f, 0xe9, 0xc0, 0x45, 0x66, 0x93, 0x2c, 0xda, 0x56 };
static const uint8_t master_key[16] = { 0xfd, 0xec, 0xe3, 0x71, 0x7a, 0x8c, 0x83, 0x8c,
                                        0xb3, 0x88, 0xe5, 0x27, 0xae, 0x3c, 0xdd, 0x31 };
static const uint8_t send_key[16] = { 0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b,
                                      0xa1, 0x18, 0xcb, 0x15, 0x3f, 0x56, 0xdc, 0xcb };

static void
fill(Rng *rng, void *out, size_t length)
{
    g_assert_cmpuint(length, ==, sizeof peer_challenge);
    memcpy(out, peer_challenge, length);
}

static Rng fixed = { fill };

static EapPeer *
make_peer(const char *name)
{
    const EapConfig config = { .methods = EAP_METHOD_MSCHAPV2, .identity = name };
    return eap_peer_new(&config, &fixed);
}

static const EapAction *
receive(EapPeer *peer, uint8_t identifier, uint8_t op, const void *data, size_t length)
{
    uint8_t packet[512] = { 1,  identifier, 0, (uint8_t)(9 + length), 26,
                            op, identifier, 0, (uint8_t)(4 + length) };
    memcpy(packet + 9, data, length);
    g_autoptr(GBytes) bytes = g_bytes_new(packet, 9 + length);
    return eap_peer_receive(peer, bytes);
}

static const EapAction *
challenge(EapPeer *peer)
{
    uint8_t data[17 + 3] = { 16 };
    memcpy(data + 1, server_challenge, 16);
    memcpy(data + 17, "srv", 3);
    return receive(peer, 1, 1, data, sizeof data);
}

static const EapAction *
give_answer(EapPeer *peer)
{
    g_autoptr(Secret) key = secret_new(master_key, sizeof master_key);
    const EapAnswer answer = {
        .ok = true, .nt_response = nt_response, .authenticator_response = proof, .master_key = key
    };
    return eap_peer_answer(peer, &answer);
}

static void
test_published(void)
{
    static const char success[] = "S=407A5589115FD0D6209F510FE9C04566932CDA56 M=hello";
    g_autoptr(EapPeer) peer = make_peer("WORK\\User");
    const EapAction *action = challenge(peer);
    g_assert_cmpint(action->kind, ==, EAP_ACTION_ASK);
    g_assert_cmpmem(action->question->authenticator_challenge, 16, server_challenge, 16);
    g_assert_cmpmem(action->question->peer_challenge, 16, peer_challenge, 16);
    g_assert_cmpstr(action->question->user_name, ==, "User");
    action = give_answer(peer);
    g_assert_cmpint(action->kind, ==, EAP_ACTION_SEND);
    const uint8_t *octets = g_bytes_get_data(action->packet, NULL);
    g_assert_cmpuint(g_bytes_get_size(action->packet), ==, 5 + 4 + 1 + 49 + strlen("WORK\\User"));
    g_assert_cmpuint(octets[5], ==, 2);
    g_assert_cmpuint(octets[9], ==, 49);
    g_assert_cmpmem(octets + 10, 16, peer_challenge, 16);
    g_assert_cmpmem(octets + 34, 24, nt_response, 24);
    action = receive(peer, 2, 3, success, strlen(success));
    g_assert_cmpint(action->kind, ==, EAP_ACTION_SEND);
    g_assert_cmpuint(g_bytes_get_size(action->packet), ==, 6);
    const uint8_t end[] = { 3, 3, 0, 4 };
    g_autoptr(GBytes) packet = g_bytes_new(end, sizeof end);
    action = eap_peer_receive(peer, packet);
    g_assert_cmpint(action->kind, ==, EAP_ACTION_SUCCESS);
    g_assert_cmpuint(secret_length(action->msk), ==, EAP_MSK_LENGTH);
    /* Ours to send comes first; the figure is of the server's side. */
    g_assert_cmpmem(secret_data(action->msk) + 16, 16, send_key, 16);
    g_assert_false(action->mutual);
}

/* A server that does not know the password cannot say so. */
static void
test_false_server(void)
{
    static const char *const wrong[] = { "S=407A5589115FD0D6209F510FE9C04566932CDA57",
                                         "S=407A5589115FD0D6209F510FE9C04566932CDA5", "M=hello",
                                         "" };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(EapPeer) peer = make_peer("User");
        challenge(peer);
        give_answer(peer);
        const EapAction *action = receive(peer, 2, 3, wrong[i], strlen(wrong[i]));
        g_assert_cmpint(action->kind, ==, EAP_ACTION_FAILURE);
        g_assert_nonnull(strstr(action->detail, "someone else may be answering"));
    }
}

static void
test_failures(void)
{
    const struct {
        const char *text, *words;
    } cases[] = {
        { "E=691 R=1 C=00 V=3 M=x", "password is wrong" },
        { "E=648 R=0", "has expired" },
        { "E=647 R=0", "disabled" },
        { "E=12", "refuses" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(EapPeer) peer = make_peer("User");
        challenge(peer);
        give_answer(peer);
        const EapAction *action = receive(peer, 2, 4, cases[i].text, strlen(cases[i].text));
        g_assert_cmpint(action->kind, ==, EAP_ACTION_FAILURE);
        g_assert_nonnull(strstr(action->detail, cases[i].words));
        g_assert_nonnull(action->packet); /* the server hears that we have understood */
    }
}

static void
test_malformed(void)
{
    g_autoptr(EapPeer) peer = make_peer("User");
    g_assert_cmpint(receive(peer, 1, 1, "\x0f", 1)->kind, ==, EAP_ACTION_IGNORE);
    g_assert_cmpint(receive(peer, 2, 3, "S=", 2)->kind, ==, EAP_ACTION_IGNORE);
    g_assert_cmpint(receive(peer, 3, 9, "", 0)->kind, ==, EAP_ACTION_IGNORE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/eap/mschapv2/published-figures", test_published);
    g_test_add_func("/eap/mschapv2/false-server", test_false_server);
    g_test_add_func("/eap/mschapv2/failures", test_failures);
    g_test_add_func("/eap/mschapv2/malformed", test_malformed);
    return g_test_run();
}
