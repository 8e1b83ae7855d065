#include "encap/tcp-encap.h"

#include "base/bytes.h"

#include <string.h>

void
tcp_deframer_init(TcpDeframer *deframer, bool expect_prefix)
{
    *deframer = (TcpDeframer){ .buffer = g_malloc(TCP_ENCAP_BUFFER), .prefix_due = expect_prefix };
}

void
tcp_deframer_init_lean(TcpDeframer *deframer, bool expect_prefix)
{
    *deframer = (TcpDeframer){ .lean = true, .prefix_due = expect_prefix };
}

void
tcp_deframer_borrow(TcpDeframer *deframer, uint8_t *buffer)
{
    g_return_if_fail(deframer->lean && deframer->buffer == NULL);
    deframer->buffer = buffer;
    if (deframer->rest != NULL)
        memcpy(buffer, deframer->rest, deframer->end);
    g_clear_pointer(&deframer->rest, g_free);
}

size_t
tcp_deframer_settle(TcpDeframer *deframer)
{
    g_return_val_if_fail(deframer->lean && deframer->buffer != NULL, 0);
    deframer->end -= deframer->start;
    deframer->rest = g_memdup2(deframer->buffer + deframer->start, deframer->end);
    deframer->start = 0;
    deframer->buffer = NULL;
    return deframer->end;
}

void
tcp_deframer_clear(TcpDeframer *deframer)
{
    if (deframer->lean)
        deframer->buffer = NULL;
    g_clear_pointer(&deframer->buffer, g_free);
    g_clear_pointer(&deframer->rest, g_free);
}

uint8_t *
tcp_deframer_space(TcpDeframer *deframer, size_t *length)
{
    return tcp_deframer_space_for(deframer, 1, length);
}

uint8_t *
tcp_deframer_space_for(TcpDeframer *deframer, size_t least, size_t *length)
{
    /* A whole frame always fits behind start: what is left of one moves to the front at most once
     * for each buffer that was read. */
    if (deframer->start == deframer->end)
        deframer->start = deframer->end = 0;
    if (TCP_ENCAP_BUFFER - deframer->start < TCP_ENCAP_MAX_FRAME ||
        TCP_ENCAP_BUFFER - deframer->end < least) {
        memmove(deframer->buffer, deframer->buffer + deframer->start,
                deframer->end - deframer->start);
        deframer->end -= deframer->start;
        deframer->start = 0;
    }
    *length = TCP_ENCAP_BUFFER - deframer->end;
    return deframer->buffer + deframer->end;
}

void
tcp_deframer_added(TcpDeframer *deframer, size_t length)
{
    g_return_if_fail(length <= TCP_ENCAP_BUFFER - deframer->end);
    deframer->end += length;
}

static TcpFrame
broken(TcpDeframer *deframer)
{
    deframer->broken = true;
    return TCP_FRAME_BROKEN;
}

/* False while it is incomplete; a wrong octet is noticed at once. */
static bool
take_prefix(TcpDeframer *deframer)
{
    size_t n = MIN(deframer->end - deframer->start, TCP_ENCAP_PREFIX_LENGTH);
    if (memcmp(deframer->buffer + deframer->start, TCP_ENCAP_PREFIX, n) != 0)
        deframer->broken = true;
    if (deframer->broken || n < TCP_ENCAP_PREFIX_LENGTH)
        return false;
    deframer->start += TCP_ENCAP_PREFIX_LENGTH;
    deframer->prefix_due = false;
    return true;
}

/* Before the rest of it is there, which may be never: a length that was altered on the way. */
static bool
is_too_long(const TcpDeframer *deframer, ByteReader payload, size_t length)
{
    uint32_t marker;
    return deframer->max_esp > 0 && length > deframer->max_esp &&
           byte_reader_u32(&payload, &marker) && marker != 0;
}

bool
tcp_deframer_is_unfinished(const TcpDeframer *deframer)
{
    return deframer->end > deframer->start;
}

TcpFrame
tcp_deframer_next(TcpDeframer *deframer, uint8_t **packet, size_t *length, EncapKind *kind)
{
    if (deframer->broken)
        return TCP_FRAME_BROKEN;
    if (deframer->prefix_due && !take_prefix(deframer))
        return deframer->broken ? TCP_FRAME_BROKEN : TCP_FRAME_NONE;
    ByteReader reader =
        byte_reader(deframer->buffer + deframer->start, deframer->end - deframer->start);
    uint16_t frame;
    const uint8_t *body;
    if (!byte_reader_u16(&reader, &frame))
        return TCP_FRAME_NONE;
    /* RFC 9329, section 3: 0 and 1 are fatal. */
    if (frame < TCP_ENCAP_FRAME_HEADER)
        return broken(deframer);
    size_t payload = frame - TCP_ENCAP_FRAME_HEADER, offset;
    if (is_too_long(deframer, reader, payload))
        return broken(deframer);
    if (!byte_reader_take(&reader, payload, &body))
        return TCP_FRAME_NONE;
    *kind = udp_encap_classify(body, payload, true, &offset);
    *packet = deframer->buffer + deframer->start + TCP_ENCAP_FRAME_HEADER + offset;
    *length = payload - offset;
    deframer->start += frame;
    return TCP_FRAME_PACKET;
}

bool
tcp_encap_frame(uint8_t header[TCP_ENCAP_FRAME_HEADER], size_t payload_length)
{
    if (payload_length > TCP_ENCAP_MAX_FRAME - TCP_ENCAP_FRAME_HEADER)
        return false;
    size_t frame = payload_length + TCP_ENCAP_FRAME_HEADER;
    header[0] = (uint8_t)(frame >> 8);
    header[1] = (uint8_t)frame;
    return true;
}
