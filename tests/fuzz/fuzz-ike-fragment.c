/*
 * Reassembly fed with anything. Records of message ID
 * (1 octet), number (2), total (2), length (1), content.
 */
#include "fuzz.h"
#include "ike/fragment.h"

static void
take(IkeFragmentBuffer *buffer)
{
    uint8_t first;
    g_autoptr(GBytes) whole = ike_fragment_buffer_take(buffer, &first);
    FUZZ_CHECK(whole != NULL && g_bytes_get_size(whole) <= IKE_FRAGMENT_MAX_LENGTH);
    FUZZ_CHECK(ike_fragment_buffer_is_empty(buffer));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(IkeFragmentBuffer) buffer = ike_fragment_buffer_new();
    ByteReader reader = byte_reader(data, size);
    uint8_t id, length;
    IkeFragment fragment = { 0 };
    const uint8_t *content;
    while (byte_reader_u8(&reader, &id) && byte_reader_u16(&reader, &fragment.number) &&
           byte_reader_u16(&reader, &fragment.total) && byte_reader_u8(&reader, &length) &&
           byte_reader_take(&reader, length, &content)) {
        fragment.message_id = id;
        bool wanted = ike_fragment_buffer_wants(buffer, &fragment);
        g_autoptr(GBytes) plain = g_bytes_new(content, length);
        switch (ike_fragment_buffer_add(buffer, &fragment, plain)) {
        case IKE_FRAGMENT_STORED:
            FUZZ_CHECK(wanted && !ike_fragment_buffer_is_empty(buffer));
            FUZZ_CHECK(!ike_fragment_buffer_wants(buffer, &fragment));
            break;
        case IKE_FRAGMENT_COMPLETE:
            FUZZ_CHECK(wanted);
            take(buffer);
            break;
        case IKE_FRAGMENT_REFUSED:
            break;
        }
    }
    return 0;
}
