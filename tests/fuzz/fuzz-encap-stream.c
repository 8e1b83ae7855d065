/* Frames of a stream: the same ones come out however it is cut. The first octet chooses whether a
 * prefix is due, and where it is cut. */
#include <string.h>

#include "encap/tcp-encap.h"
#include "fuzz.h"

/* Feeds size octets in pieces of at most step; what came out, as text. */
static char *
run(const uint8_t *data, size_t size, bool prefix, size_t step)
{
    GString *seen = g_string_new(NULL);
    TcpDeframer deframer;
    tcp_deframer_init(&deframer, prefix);
    TcpFrame frame = TCP_FRAME_NONE;
    for (size_t done = 0; done < size && frame != TCP_FRAME_BROKEN;) {
        size_t space, n = MIN(step, size - done);
        uint8_t *packet, *into = tcp_deframer_space(&deframer, &space);
        size_t length;
        EncapKind kind;
        FUZZ_CHECK(space > 0);
        n = MIN(n, space);
        memcpy(into, data + done, n);
        tcp_deframer_added(&deframer, n);
        done += n;
        while ((frame = tcp_deframer_next(&deframer, &packet, &length, &kind)) ==
               TCP_FRAME_PACKET) {
            FUZZ_CHECK(length <= TCP_ENCAP_MAX_FRAME);
            g_string_append_printf(seen, "%d %zu %08x\n", kind, length,
                                   length > 0 ? packet[0] + 256u * packet[length - 1] : 0);
            memset(packet, 0, length); /* may be changed in place */
        }
    }
    if (frame == TCP_FRAME_BROKEN)
        g_string_append(seen, "broken\n");
    tcp_deframer_clear(&deframer);
    return g_string_free(seen, FALSE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    bool prefix = (data[0] & 1) != 0;
    g_autofree char *whole = run(data + 1, size - 1, prefix, SIZE_MAX);
    g_autofree char *cut = run(data + 1, size - 1, prefix, (size_t)(data[0] >> 1) + 1);
    FUZZ_CHECK(strcmp(whole, cut) == 0);
    return 0;
}
