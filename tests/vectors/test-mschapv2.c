/* MSCHAPv2's calculation, and the keys that EAP makes of it, against published figures. */
#include "vectors.h"

#include <string.h>

#include "crypto/mschapv2.h"
#include "eap/eap-peer.h"

/* The peer draws its challenge; here it is the published one. */
typedef struct {
    Rng rng;
    const VectorOctets *challenge;
} FixedRng;

static void
fill(Rng *rng, void *out, size_t length)
{
    const FixedRng *fixed = (const FixedRng *)rng;
    g_assert_cmpuint(length, ==, fixed->challenge->length);
    memcpy(out, fixed->challenge->data, length);
}

static const EapAction *
receive(EapPeer *peer, uint8_t op, const void *data, size_t length)
{
    const size_t whole = 9 + length;
    const uint8_t header[] = { 1, op, 0, (uint8_t)whole, 26, op, 1, 0, (uint8_t)(whole - 5) };
    g_autoptr(GByteArray) packet = g_byte_array_new();
    g_byte_array_append(packet, header, sizeof header);
    g_byte_array_append(packet, data, (guint)length);
    g_autoptr(GBytes) octets = g_bytes_new(packet->data, packet->len);
    return eap_peer_receive(peer, octets);
}

/* The figure is the server's send key: what we receive by, the second of ours. */
static void
check_keys(const char *name, const VectorOctets *challenge, const VectorOctets *ours,
           const Mschapv2Answer *answer, const VectorOctets *start_key)
{
    FixedRng fixed = { { fill }, ours };
    const EapConfig config = { .methods = EAP_METHOD_MSCHAPV2, .identity = name };
    g_autoptr(EapPeer) peer = eap_peer_new(&config, &fixed.rng);
    uint8_t asked[17] = { 16 };
    memcpy(asked + 1, challenge->data, 16);
    g_assert_cmpint(receive(peer, 1, asked, sizeof asked)->kind, ==, EAP_ACTION_ASK);
    const EapAnswer given = { .ok = true,
                              .nt_response = answer->nt_response,
                              .authenticator_response = answer->authenticator_response,
                              .master_key = answer->master_key };
    g_assert_cmpint(eap_peer_answer(peer, &given)->kind, ==, EAP_ACTION_SEND);
    g_autoptr(GString) proof = g_string_new("S=");
    for (size_t i = 0; i < sizeof answer->authenticator_response; i++)
        g_string_append_printf(proof, "%02X", answer->authenticator_response[i]);
    g_assert_cmpint(receive(peer, 3, proof->str, proof->len)->kind, ==, EAP_ACTION_SEND);
    g_autoptr(GBytes) success = g_bytes_new("\3\3\0\4", 4);
    const EapAction *action = eap_peer_receive(peer, success);
    g_assert_cmpint(action->kind, ==, EAP_ACTION_SUCCESS);
    g_assert_cmpmem(secret_data(action->msk) + 16, 16, start_key->data, start_key->length);
}

static void
run(const VectorCase *vector, const void *data)
{
    g_auto(VectorOctets) name = vector_octets(vector, 1), password = vector_octets(vector, 2);
    g_auto(VectorOctets) challenge = vector_octets(vector, 3), ours = vector_octets(vector, 4);
    g_auto(VectorOctets) response = vector_octets(vector, 5), proof = vector_octets(vector, 6);
    g_auto(VectorOctets) master = vector_octets(vector, 7), start_key = vector_octets(vector, 8);
    g_autoptr(Secret) secret = secret_new(password.data, password.length);
    g_autofree char *text = g_strndup((const char *)name.data, name.length);
    g_autoptr(GError) error = NULL;
    g_auto(Mschapv2Answer) answer = { 0 };
    g_assert_true(mschapv2_answer(challenge.data, ours.data, text, secret, &answer, &error));
    g_assert_no_error(error);
    g_assert_cmpmem(answer.nt_response, sizeof answer.nt_response, response.data, response.length);
    g_assert_cmpmem(answer.authenticator_response, sizeof answer.authenticator_response, proof.data,
                    proof.length);
    g_assert_cmpmem(secret_data(answer.master_key), secret_length(answer.master_key), master.data,
                    master.length);
    check_keys(text, &challenge, &ours, &answer, &start_key);
}

static void
test_mschapv2(void)
{
    vectors_run("mschapv2.txt", 1, 9, run, NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vectors/mschapv2", test_mschapv2);
    return g_test_run();
}
