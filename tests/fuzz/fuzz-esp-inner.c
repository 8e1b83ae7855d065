/* Inner packets, and the answers to them: an answer is a packet, goes back, and is not answered. */
#include "esp/inner-packet.h"
#include "fuzz.h"

static void
check_answer(const InnerPacket *asked, const uint8_t *answer, size_t length)
{
    uint8_t again[INNER_REPLY_MAX];
    InnerPacket parsed;
    if (length == 0)
        return;
    FUZZ_CHECK(length <= INNER_REPLY_MAX);
    FUZZ_CHECK(inner_packet_parse(&parsed, answer, length));
    FUZZ_CHECK(inet_address_equal(&parsed.destination, &asked->source));
    FUZZ_CHECK(inner_packet_reject(answer, length, again) == 0);
}

/* What we change in passing leaves it the packet that it was. */
static void
check_changes(const InnerPacket *packet, const uint8_t *data, size_t size)
{
    g_autofree uint8_t *copy = g_memdup2(data, size);
    InnerPacket after;
    inner_packet_clamp(packet, copy, size, 1280);
    inner_packet_mark(copy, size);
    FUZZ_CHECK(inner_packet_parse(&after, copy, size));
    FUZZ_CHECK(after.protocol == packet->protocol && after.source_port == packet->source_port &&
               inet_address_equal(&after.source, &packet->source));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t answer[INNER_REPLY_MAX];
    InnerPacket packet;
    if (!inner_packet_parse(&packet, data, size)) {
        FUZZ_CHECK(inner_packet_reject(data, size, answer) == 0);
        FUZZ_CHECK(inner_packet_too_big(data, size, 1280, answer) == 0);
        return 0;
    }
    FUZZ_CHECK(packet.header_length <= size);
    check_answer(&packet, answer, inner_packet_reject(data, size, answer));
    check_answer(&packet, answer, inner_packet_too_big(data, size, 1280, answer));
    check_changes(&packet, data, size);
    return 0;
}
