/* The framing of RFC 9329: however a stream is cut, the same packets come out. */
#include "encap/tcp-encap.h"

#include <glib.h>
#include <string.h>

/* prefix, IKE of 28 octets, ESP of 8, keepalive, IKE again. */
static GByteArray *
sample(bool prefix)
{
    static const uint8_t zero[32];
    static const uint8_t esp[8] = { 0, 0, 1, 1, 0, 0, 0, 1 };
    static const uint8_t keepalive[1] = { 0xff };
    const struct {
        const uint8_t *data;
        size_t length;
    } packets[] = { { zero, 32 }, { esp, 8 }, { keepalive, 1 }, { zero, 32 } };
    GByteArray *stream = g_byte_array_new();
    if (prefix)
        g_byte_array_append(stream, (const uint8_t *)TCP_ENCAP_PREFIX, TCP_ENCAP_PREFIX_LENGTH);
    for (size_t i = 0; i < G_N_ELEMENTS(packets); i++) {
        uint8_t header[TCP_ENCAP_FRAME_HEADER];
        g_assert_true(tcp_encap_frame(header, packets[i].length));
        g_byte_array_append(stream, header, sizeof header);
        g_byte_array_append(stream, packets[i].data, (guint)packets[i].length);
    }
    return stream;
}

static void
feed(TcpDeframer *deframer, const uint8_t *data, size_t length, GString *seen)
{
    static const char words[] = "IEKG";
    uint8_t *packet;
    size_t space, packet_length;
    EncapKind kind;
    while (length > 0) {
        uint8_t *into = tcp_deframer_space(deframer, &space);
        g_assert_cmpuint(space, >, 0);
        size_t n = MIN(space, length);
        memcpy(into, data, n);
        tcp_deframer_added(deframer, n);
        data += n;
        length -= n;
        TcpFrame frame;
        while ((frame = tcp_deframer_next(deframer, &packet, &packet_length, &kind)) ==
               TCP_FRAME_PACKET)
            g_string_append_printf(seen, "%c%zu ", words[kind], packet_length);
        if (frame == TCP_FRAME_BROKEN) {
            g_string_append(seen, "broken ");
            return;
        }
    }
}

static void
test_every_split(void)
{
    for (int prefix = 0; prefix < 2; prefix++) {
        g_autoptr(GByteArray) stream = sample(prefix != 0);
        for (size_t first = 0; first <= stream->len; first++) {
            for (size_t second = first; second <= stream->len; second += 7) {
                TcpDeframer deframer;
                g_autoptr(GString) seen = g_string_new(NULL);
                tcp_deframer_init(&deframer, prefix != 0);
                feed(&deframer, stream->data, first, seen);
                feed(&deframer, stream->data + first, second - first, seen);
                feed(&deframer, stream->data + second, stream->len - second, seen);
                g_assert_cmpstr(seen->str, ==, "I28 E8 K1 I28 ");
                tcp_deframer_clear(&deframer);
            }
        }
    }
}

static void
test_octet_by_octet_for_long(void)
{
    g_autoptr(GByteArray) stream = sample(false);
    g_autoptr(GString) seen = g_string_new(NULL);
    TcpDeframer deframer;
    tcp_deframer_init(&deframer, false);
    for (unsigned round = 0; round < 2000; round++) {
        g_string_truncate(seen, 0);
        for (guint i = 0; i < stream->len; i++)
            feed(&deframer, stream->data + i, 1, seen);
        g_assert_cmpstr(seen->str, ==, "I28 E8 K1 I28 ");
    }
    tcp_deframer_clear(&deframer);
}

/* RFC 9329, section 4: every wrong octet of the prefix is noticed when it comes. */
static void
test_wrong_prefix(void)
{
    for (size_t i = 0; i < TCP_ENCAP_PREFIX_LENGTH; i++) {
        g_autoptr(GByteArray) stream = sample(true);
        g_autoptr(GString) seen = g_string_new(NULL);
        TcpDeframer deframer;
        stream->data[i] ^= 1;
        tcp_deframer_init(&deframer, true);
        feed(&deframer, stream->data, i, seen);
        g_assert_cmpstr(seen->str, ==, "");
        feed(&deframer, stream->data + i, 1, seen);
        g_assert_cmpstr(seen->str, ==, "broken ");
        feed(&deframer, stream->data + i + 1, 1, seen);
        g_assert_cmpstr(seen->str, ==, "broken broken ");
        tcp_deframer_clear(&deframer);
    }
}

/* RFC 9329, section 3: lengths 0 and 1 are fatal; 2 is an empty frame; 65535 the longest. */
static void
test_lengths(void)
{
    for (unsigned length = 0; length < 4; length++) {
        const uint8_t stream[4] = { 0, (uint8_t)length, 0xff, 0 };
        g_autoptr(GString) seen = g_string_new(NULL);
        TcpDeframer deframer;
        tcp_deframer_init(&deframer, false);
        feed(&deframer, stream, MAX(length, 2), seen);
        g_assert_cmpstr(seen->str, ==, length < 2 ? "broken " : length == 2 ? "G0 " : "K1 ");
        tcp_deframer_clear(&deframer);
    }
    g_autofree uint8_t *longest = g_malloc0(2 * TCP_ENCAP_MAX_FRAME);
    g_autoptr(GString) seen = g_string_new(NULL);
    TcpDeframer deframer;
    longest[0] = longest[1] = 0xff;
    memcpy(longest + TCP_ENCAP_MAX_FRAME, longest, 2);
    tcp_deframer_init(&deframer, false);
    feed(&deframer, longest, 2 * TCP_ENCAP_MAX_FRAME, seen);
    g_assert_cmpstr(seen->str, ==, "I65529 I65529 ");
    tcp_deframer_clear(&deframer);
}

static void
test_frame_header(void)
{
    uint8_t header[TCP_ENCAP_FRAME_HEADER];
    g_assert_true(tcp_encap_frame(header, 65533));
    g_assert_cmpmem(header, 2, "\xff\xff", 2);
    g_assert_false(tcp_encap_frame(header, 65534));
    g_assert_true(tcp_encap_frame(header, 0));
    g_assert_cmpmem(header, 2, "\0\2", 2);
}

/* Room for a read of some size, wherever the frames before it have ended. */
static void
test_space_for(void)
{
    TcpDeframer deframer;
    uint8_t *packet;
    size_t space, length;
    EncapKind kind;
    tcp_deframer_init(&deframer, false);
    for (size_t frame = 3000; frame < TCP_ENCAP_MAX_FRAME; frame += 7001) {
        for (size_t part = 2; part < frame; part += frame / 3) {
            /* One whole frame, and part of the next; then the rest of it. */
            uint8_t *into = tcp_deframer_space_for(&deframer, TCP_DEFRAMER_MOST_SPACE, &space);
            g_assert_cmpuint(space, >=, TCP_DEFRAMER_MOST_SPACE);
            memset(into, 1, frame);
            tcp_encap_frame(into, frame - TCP_ENCAP_FRAME_HEADER);
            tcp_deframer_added(&deframer, frame);
            into = tcp_deframer_space(&deframer, &space);
            memset(into, 1, MIN(part, space));
            tcp_encap_frame(into, frame - TCP_ENCAP_FRAME_HEADER);
            tcp_deframer_added(&deframer, MIN(part, space));
            g_assert_cmpint(tcp_deframer_next(&deframer, &packet, &length, &kind), ==,
                            TCP_FRAME_PACKET);
            g_assert_cmpint(tcp_deframer_next(&deframer, &packet, &length, &kind), ==,
                            TCP_FRAME_NONE);
            into = tcp_deframer_space_for(&deframer, TCP_DEFRAMER_MOST_SPACE, &space);
            g_assert_cmpuint(space, >=, TCP_DEFRAMER_MOST_SPACE);
            memset(into, 1, frame - part);
            tcp_deframer_added(&deframer, frame - part);
            g_assert_cmpint(tcp_deframer_next(&deframer, &packet, &length, &kind), ==,
                            TCP_FRAME_PACKET);
            g_assert_cmpuint(length, ==, frame - TCP_ENCAP_FRAME_HEADER);
        }
    }
    tcp_deframer_clear(&deframer);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encap/tcp-encap/every-split", test_every_split);
    g_test_add_func("/encap/tcp-encap/octet-by-octet-for-long", test_octet_by_octet_for_long);
    g_test_add_func("/encap/tcp-encap/wrong-prefix", test_wrong_prefix);
    g_test_add_func("/encap/tcp-encap/lengths", test_lengths);
    g_test_add_func("/encap/tcp-encap/space-for", test_space_for);
    g_test_add_func("/encap/tcp-encap/frame-header", test_frame_header);
    return g_test_run();
}
