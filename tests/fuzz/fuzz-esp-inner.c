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
    return 0;
}
