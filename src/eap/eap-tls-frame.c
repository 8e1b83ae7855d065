#include "config.h"

#include "eap/eap-tls-frame.h"

#include "eap/eap-peer.h"

enum { FLAG_LENGTH = 0x80, FLAG_MORE = 0x40, FLAG_START = 0x20 };

void
eap_tls_frame_init(EapTlsFrame *frame)
{
    *frame = (EapTlsFrame){ .in = g_byte_array_new() };
}

void
eap_tls_frame_clear(EapTlsFrame *frame)
{
    g_clear_pointer(&frame->in, g_byte_array_unref);
    g_clear_pointer(&frame->out, g_bytes_unref);
}

static EapTlsFrameVerdict
take_part(EapTlsFrame *frame, ByteReader data, bool more, GBytes **message)
{
    const uint8_t *octets;
    size_t length = byte_reader_left(&data);
    if (length > EAP_MAX_MESSAGE - frame->in->len)
        return EAP_TLS_FRAME_TOO_BIG;
    if (length > 0 && byte_reader_take(&data, length, &octets))
        g_byte_array_append(frame->in, octets, (guint)length);
    if (frame->expected != 0 &&
        (more ? frame->in->len >= frame->expected : frame->in->len != frame->expected))
        return EAP_TLS_FRAME_TOO_BIG;
    if (more)
        return EAP_TLS_FRAME_GO_ON;
    *message = g_byte_array_free_to_bytes(frame->in);
    frame->in = g_byte_array_new();
    frame->expected = 0;
    return EAP_TLS_FRAME_MESSAGE;
}

EapTlsFrameVerdict
eap_tls_frame_receive(EapTlsFrame *frame, ByteReader data, GBytes **message)
{
    uint8_t flags;
    uint32_t said = 0;
    if (!byte_reader_u8(&data, &flags))
        return EAP_TLS_FRAME_BAD;
    if ((flags & FLAG_LENGTH) != 0 && !byte_reader_u32(&data, &said))
        return EAP_TLS_FRAME_BAD;
    if ((flags & FLAG_START) != 0)
        return frame->out != NULL || frame->in->len > 0 ? EAP_TLS_FRAME_BAD : EAP_TLS_FRAME_START;
    bool more = (flags & FLAG_MORE) != 0;
    /* Our message is not through: nothing but an acknowledgement may come. */
    if (frame->out != NULL)
        return more || byte_reader_left(&data) > 0 ? EAP_TLS_FRAME_BAD : EAP_TLS_FRAME_GO_ON;
    if (said > EAP_MAX_MESSAGE)
        return EAP_TLS_FRAME_TOO_BIG;
    if (frame->in->len == 0 && said != 0)
        frame->expected = said;
    else if (said != 0 && said != frame->expected)
        return EAP_TLS_FRAME_TOO_BIG;
    return take_part(frame, data, more, message);
}

void
eap_tls_frame_send(EapTlsFrame *frame, GBytes *message)
{
    g_clear_pointer(&frame->out, g_bytes_unref);
    frame->out_offset = 0;
    if (g_bytes_get_size(message) > 0)
        frame->out = g_bytes_ref(message);
}

GBytes *
eap_tls_frame_next(EapTlsFrame *frame)
{
    g_auto(ByteWriter) writer = { 0 };
    byte_writer_init(&writer, EAP_MAX_PACKET);
    size_t whole = frame->out != NULL ? g_bytes_get_size(frame->out) : 0;
    size_t part = MIN(whole - frame->out_offset, EAP_TLS_FRAGMENT);
    bool more = frame->out_offset + part < whole;
    bool first = frame->out_offset == 0;
    byte_writer_u8(&writer, (uint8_t)((more ? FLAG_MORE : 0) | (more && first ? FLAG_LENGTH : 0)));
    if (more && first)
        byte_writer_u32(&writer, (uint32_t)whole);
    if (part > 0) {
        const uint8_t *octets = g_bytes_get_data(frame->out, NULL);
        byte_writer_octets(&writer, octets + frame->out_offset, part);
    }
    frame->out_offset += part;
    if (!more) {
        g_clear_pointer(&frame->out, g_bytes_unref);
        frame->out_offset = 0;
    }
    return byte_writer_end(&writer);
}
