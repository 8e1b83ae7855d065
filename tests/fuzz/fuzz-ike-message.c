/*
 * A datagram as it comes from the network: header, clear payloads, and SK or SKF closed, because
 * nobody who does not have the keys gets further.
 */
#include "fuzz.h"
#include "ike/message-rules.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) datagram = g_bytes_new(data, size);
    g_autoptr(IkeMessage) message = NULL;
    g_autoptr(GError) error = NULL;
    IkeDecodeStatus status = ike_message_parse(datagram, &message, &error);
    FUZZ_CHECK(status == IKE_DECODE_OK || status == IKE_DECODE_DISCARD);
    FUZZ_CHECK((status == IKE_DECODE_OK) == (message != NULL));
    FUZZ_CHECK((status == IKE_DECODE_OK) == (error == NULL));
    if (message == NULL)
        return 0;
    FUZZ_CHECK(message->payloads->len <= IKE_MAX_PAYLOADS);
    FUZZ_CHECK(!message->sealed || message->sk.offset <= size);
    g_free(ike_message_to_string(message));
    ike_message_shape(message, NULL);
    ike_message_find_error(message);
    return 0;
}
