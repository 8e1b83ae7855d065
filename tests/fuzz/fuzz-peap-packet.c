/* A server's packet inside PEAP: it has a header afterwards, once, and its result is one or none.
 */
#include "eap/eap-packet.h"
#include "eap/eap-peer.h"
#include "eap/peap-packet.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) octets = g_bytes_new(data, size);
    g_autoptr(GBytes) packet = peap_restore(octets, 7);
    FUZZ_CHECK(packet != NULL || size > EAP_MAX_PACKET - EAP_HEADER_LENGTH);
    if (packet == NULL)
        return 0;
    g_autoptr(GBytes) again = peap_restore(packet, 9);
    FUZZ_CHECK(size == 0 || again == packet || g_bytes_equal(again, packet));
    EapPacket parsed;
    if (eap_packet_parse(packet, &parsed)) {
        PeapExtensions extensions = peap_read_extensions(parsed.data);
        FUZZ_CHECK(!extensions.bound || extensions.binding[3] == PEAP_BINDING_LENGTH - 4);
    }
    return 0;
}
