#include "ike/fragment.h"

struct _IkeFragmentBuffer {
    uint8_t exchange;
    uint32_t message_id;
    uint16_t total; /* 0: empty */
    uint16_t n_stored;
    size_t length;
    uint8_t first_inner, flags;
    GBytes *parts[IKE_FRAGMENT_MAX_TOTAL]; /* by number - 1 */
};

IkeFragmentBuffer *
ike_fragment_buffer_new(void)
{
    return g_new0(IkeFragmentBuffer, 1);
}

void
ike_fragment_buffer_free(IkeFragmentBuffer *buffer)
{
    if (buffer == NULL)
        return;
    ike_fragment_buffer_reset(buffer);
    g_free(buffer);
}

void
ike_fragment_buffer_reset(IkeFragmentBuffer *buffer)
{
    for (unsigned i = 0; i < buffer->total; i++)
        g_clear_pointer(&buffer->parts[i], g_bytes_unref);
    *buffer = (IkeFragmentBuffer){ 0 };
}

bool
ike_fragment_buffer_is_empty(const IkeFragmentBuffer *buffer)
{
    return buffer->total == 0;
}

static bool
is_same_message(const IkeFragmentBuffer *buffer, const IkeFragment *fragment)
{
    return buffer->total != 0 && buffer->message_id == fragment->message_id &&
           buffer->exchange == fragment->exchange;
}

/* The tests of RFC 7383, section 2.6. */
bool
ike_fragment_buffer_wants(const IkeFragmentBuffer *buffer, const IkeFragment *fragment)
{
    if (fragment->number == 0 || fragment->number > fragment->total ||
        fragment->total > IKE_FRAGMENT_MAX_TOTAL)
        return false;
    if (!is_same_message(buffer, fragment))
        return true;
    if (fragment->total != buffer->total)
        return fragment->total > buffer->total;
    return buffer->parts[fragment->number - 1] == NULL;
}

static void
start_over(IkeFragmentBuffer *buffer, const IkeFragment *fragment)
{
    ike_fragment_buffer_reset(buffer);
    buffer->exchange = fragment->exchange;
    buffer->message_id = fragment->message_id;
    buffer->total = fragment->total;
}

IkeFragmentResult
ike_fragment_buffer_add(IkeFragmentBuffer *buffer, const IkeFragment *fragment, GBytes *plain)
{
    if (!ike_fragment_buffer_wants(buffer, fragment))
        return IKE_FRAGMENT_REFUSED;
    if (!is_same_message(buffer, fragment) || fragment->total > buffer->total)
        start_over(buffer, fragment);
    size_t length = buffer->length + g_bytes_get_size(plain);
    if (length > IKE_FRAGMENT_MAX_LENGTH)
        return IKE_FRAGMENT_REFUSED;
    buffer->length = length;
    buffer->parts[fragment->number - 1] = g_bytes_ref(plain);
    buffer->n_stored++;
    if (fragment->number == 1) {
        buffer->first_inner = fragment->first_inner;
        buffer->flags = fragment->flags;
    }
    return buffer->n_stored == buffer->total ? IKE_FRAGMENT_COMPLETE : IKE_FRAGMENT_STORED;
}

uint8_t
ike_fragment_buffer_flags(const IkeFragmentBuffer *buffer)
{
    return buffer->flags;
}

GBytes *
ike_fragment_buffer_take(IkeFragmentBuffer *buffer, uint8_t *first_inner)
{
    g_return_val_if_fail(buffer->total != 0 && buffer->n_stored == buffer->total, NULL);
    ByteWriter writer;
    byte_writer_init(&writer, IKE_FRAGMENT_MAX_LENGTH);
    for (unsigned i = 0; i < buffer->total; i++)
        byte_writer_bytes(&writer, buffer->parts[i]);
    *first_inner = buffer->first_inner;
    ike_fragment_buffer_reset(buffer);
    return byte_writer_end(&writer);
}
