/*
 * A conversation of EAP: each packet is two octets of length and its own; what is asked for is
 * given. The peer always comes to one action, and what it sends is a response that can be read.
 */
#include "eap/eap-packet.h"
#include "eap/eap-peer.h"
#include "fuzz.h"

#include <string.h>

static void
fill(Rng *rng, void *out, size_t length)
{
    memset(out, 0x5a, length);
}

static void
check(EapPeer *peer, const EapAction *action, unsigned depth)
{
    static const uint8_t octets[24];
    EapPacket packet;
    if (action->kind == EAP_ACTION_SEND) {
        FUZZ_CHECK(eap_packet_parse(action->packet, &packet));
        FUZZ_CHECK(packet.code == EAP_CODE_RESPONSE);
    }
    FUZZ_CHECK(action->kind != EAP_ACTION_FAILURE || action->detail != NULL);
    if (action->kind != EAP_ACTION_ASK || depth > 4)
        return;
    g_autoptr(GBytes) digest = g_bytes_new_static(octets, 16);
    g_autoptr(Secret) key = secret_new(octets, 16);
    const EapAnswer answer = { .ok = true,
                               .nt_response = octets,
                               .authenticator_response = octets,
                               .master_key = key,
                               .octets = digest,
                               .password = key };
    check(peer, eap_peer_answer(peer, &answer), depth + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Rng rng = { fill };
    ByteReader reader = byte_reader(data, size);
    uint8_t methods;
    uint16_t length;
    const uint8_t *octets;
    if (!byte_reader_u8(&reader, &methods))
        return 0;
    const EapConfig config = { .methods = methods, .inner_methods = methods, .identity = "tess" };
    g_autoptr(EapPeer) peer = eap_peer_new(&config, &rng);
    while (byte_reader_u16(&reader, &length) && byte_reader_take(&reader, length, &octets)) {
        g_autoptr(GBytes) packet = g_bytes_new(octets, length);
        check(peer, eap_peer_receive(peer, packet), 0);
    }
    return 0;
}
