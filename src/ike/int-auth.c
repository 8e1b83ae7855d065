#include "ike/int-auth.h"

#include "crypto/prf.h"

/* A: from the IKE header to the generic header of SK, lengths as if there were no IV, padding and
 * ICV. Payloads in clear before SK are not kept apart by the reader: who sends such a message
 * (nobody does) finds AUTH not to verify. */
static GBytes *
write_head(const IkeMessage *message, uint8_t first_inner, size_t inner_length)
{
    ByteWriter writer;
    IkeHeader header = message->header;
    header.next_payload = IKE_PAYLOAD_SK;
    header.length = (uint32_t)(IKE_HEADER_LENGTH + IKE_PAYLOAD_HEADER_LENGTH + inner_length);
    byte_writer_init(&writer, IKE_HEADER_LENGTH + IKE_PAYLOAD_HEADER_LENGTH);
    ike_header_write(&header, &writer);
    byte_writer_u8(&writer, first_inner);
    byte_writer_u8(&writer, message->sk.flags);
    byte_writer_u16(&writer, (uint16_t)(IKE_PAYLOAD_HEADER_LENGTH + inner_length));
    return byte_writer_end(&writer);
}

static uint8_t
first_type(const IkeMessage *message)
{
    if (message->opened)
        return message->sk.first_inner;
    if (message->payloads->len == 0)
        return IKE_PAYLOAD_NONE;
    const IkePayload *first = g_ptr_array_index(message->payloads, 0);
    return first->type;
}

GBytes *
int_auth_next(uint16_t prf, const Secret *sk_p, GBytes *previous, const IkeMessage *message)
{
    g_autoptr(GBytes) plain =
        message->opened ? g_bytes_ref(message->plain) : ike_message_write_payloads(message, NULL);
    if (plain == NULL)
        return NULL;
    g_autoptr(GBytes) head = write_head(message, first_type(message), g_bytes_get_size(plain));
    Chunk input[] = { previous != NULL ? chunk_bytes(previous) : chunk(NULL, 0), chunk_bytes(head),
                      chunk_bytes(plain) };
    g_autoptr(Secret) value = prf_compute(prf, sk_p, input, G_N_ELEMENTS(input));
    return g_bytes_new(secret_data(value), secret_length(value));
}

GBytes *
int_auth_finish(GBytes *int_auth_i, GBytes *int_auth_r, uint32_t auth_message_id)
{
    ByteWriter writer;
    byte_writer_init(&writer, g_bytes_get_size(int_auth_i) + g_bytes_get_size(int_auth_r) +
                                  sizeof(uint32_t));
    byte_writer_bytes(&writer, int_auth_i);
    byte_writer_bytes(&writer, int_auth_r);
    byte_writer_u32(&writer, auth_message_id);
    return byte_writer_end(&writer);
}
