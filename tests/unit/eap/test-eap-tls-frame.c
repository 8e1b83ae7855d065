/* TLS in packets of EAP: parts, their lengths and acknowledgements, both ways. */
#include "config.h"

#include "eap/eap-tls-frame.h"

#include <string.h>

#include "eap/eap-peer.h"

typedef struct {
    EapTlsFrame frame;
    GBytes *message;
} Bed;

static void
set_up(Bed *bed, gconstpointer data)
{
    eap_tls_frame_init(&bed->frame);
    bed->message = NULL;
}

static void
tear_down(Bed *bed, gconstpointer data)
{
    eap_tls_frame_clear(&bed->frame);
    g_clear_pointer(&bed->message, g_bytes_unref);
}

static EapTlsFrameVerdict
receive(Bed *bed, const void *octets, size_t length)
{
    g_clear_pointer(&bed->message, g_bytes_unref);
    return eap_tls_frame_receive(&bed->frame, byte_reader(octets, length), &bed->message);
}

#define RECEIVE(bed, ...)                                                                          \
    receive(bed, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void
assert_message(const Bed *bed, const char *text)
{
    g_assert_nonnull(bed->message);
    g_assert_cmpmem(g_bytes_get_data(bed->message, NULL), g_bytes_get_size(bed->message), text,
                    strlen(text));
}

static void
test_whole(Bed *bed, gconstpointer data)
{
    g_assert_cmpint(RECEIVE(bed, 0x20), ==, EAP_TLS_FRAME_START);
    g_assert_cmpint(RECEIVE(bed, 0x00, 'a', 'b'), ==, EAP_TLS_FRAME_MESSAGE);
    assert_message(bed, "ab");
    /* The length may be said where it need not be (RFC 5216, section 2.1.5). */
    g_assert_cmpint(RECEIVE(bed, 0x80, 0, 0, 0, 2, 'c', 'd'), ==, EAP_TLS_FRAME_MESSAGE);
    assert_message(bed, "cd");
    g_assert_cmpint(RECEIVE(bed, 0x00), ==, EAP_TLS_FRAME_MESSAGE);
    assert_message(bed, "");
}

static void
test_parts(Bed *bed, gconstpointer data)
{
    g_assert_cmpint(RECEIVE(bed, 0xc0, 0, 0, 0, 5, 'a', 'b'), ==, EAP_TLS_FRAME_GO_ON);
    g_autoptr(GBytes) acknowledgement = eap_tls_frame_next(&bed->frame);
    g_assert_cmpmem(g_bytes_get_data(acknowledgement, NULL), g_bytes_get_size(acknowledgement),
                    "\0", 1);
    g_assert_cmpint(RECEIVE(bed, 0x20), ==, EAP_TLS_FRAME_BAD);
    g_assert_cmpint(RECEIVE(bed, 0xc0, 0, 0, 0, 5, 'c', 'd'), ==, EAP_TLS_FRAME_GO_ON);
    g_assert_cmpint(RECEIVE(bed, 0x00, 'e'), ==, EAP_TLS_FRAME_MESSAGE);
    assert_message(bed, "abcde");
}

static void
test_lying_lengths(Bed *bed, gconstpointer data)
{
    static const uint8_t cases[][2][8] = {
        { { 0xc0, 0, 0, 0, 5, 'a', 'b', 'c' }, { 0x00, 'd' } },      /* one lost */
        { { 0xc0, 0, 0, 0, 4, 'a', 'b', 'c' }, { 0x00, 'd', 'e' } }, /* one too many */
        { { 0xc0, 0, 0, 0, 5, 'a', 'b', 'c' }, { 0xc0, 0, 0, 0, 6, 'd' } },
        { { 0xc0, 0, 0, 0, 5, 'a', 'b', 'c' }, { 0x40, 'd', 'e' } }, /* more after all of it */
    };
    static const size_t second[] = { 2, 3, 6, 3 };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpint(receive(bed, cases[i][0], 8), ==, EAP_TLS_FRAME_GO_ON);
        g_assert_cmpint(receive(bed, cases[i][1], second[i]), ==, EAP_TLS_FRAME_TOO_BIG);
        g_assert_null(bed->message);
        tear_down(bed, NULL);
        set_up(bed, NULL);
    }
    g_assert_cmpint(RECEIVE(bed, 0x80, 0, 1, 0, 1, 'a'), ==, EAP_TLS_FRAME_TOO_BIG);
    g_assert_cmpint(RECEIVE(bed, 0x80, 0, 0, 0), ==, EAP_TLS_FRAME_BAD);
    g_assert_cmpint(receive(bed, NULL, 0), ==, EAP_TLS_FRAME_BAD);
}

/* Whoever says no length is held to our bound. */
static void
test_bounded(Bed *bed, gconstpointer data)
{
    uint8_t part[1 + 4000] = { 0x40 };
    size_t taken = 0;
    EapTlsFrameVerdict verdict;
    while ((verdict = receive(bed, part, sizeof part)) == EAP_TLS_FRAME_GO_ON)
        taken += sizeof part - 1;
    g_assert_cmpint(verdict, ==, EAP_TLS_FRAME_TOO_BIG);
    g_assert_cmpuint(taken, <=, EAP_MAX_MESSAGE);
    g_assert_cmpuint(bed->frame.in->len, <=, EAP_MAX_MESSAGE);
}

static void
test_sends_parts(Bed *bed, gconstpointer data)
{
    g_autofree uint8_t *octets = g_malloc(2 * EAP_TLS_FRAGMENT + 7);
    for (size_t i = 0; i < 2 * EAP_TLS_FRAGMENT + 7; i++)
        octets[i] = (uint8_t)(i * 7);
    g_autoptr(GBytes) message = g_bytes_new(octets, 2 * EAP_TLS_FRAGMENT + 7);
    g_autoptr(GByteArray) joined = g_byte_array_new();
    eap_tls_frame_send(&bed->frame, message);
    static const uint8_t flags[] = { 0xc0, 0x40, 0x00 };
    for (size_t i = 0; i < 3; i++) {
        g_autoptr(GBytes) part = eap_tls_frame_next(&bed->frame);
        ByteReader reader = byte_reader_for_bytes(part);
        uint8_t flag;
        uint32_t whole = 0;
        g_assert_true(byte_reader_u8(&reader, &flag));
        g_assert_cmphex(flag, ==, flags[i]);
        if (i == 0) {
            g_assert_true(byte_reader_u32(&reader, &whole));
            g_assert_cmpuint(whole, ==, g_bytes_get_size(message));
        }
        g_autoptr(GBytes) rest = byte_reader_rest(&reader);
        g_byte_array_append(joined, g_bytes_get_data(rest, NULL), (guint)g_bytes_get_size(rest));
        if (i == 2)
            break;
        /* Not an acknowledgement: left aside, and what waits is still there. */
        g_assert_cmpint(RECEIVE(bed, 0x00, 'x'), ==, EAP_TLS_FRAME_BAD);
        g_assert_cmpint(RECEIVE(bed, 0x40), ==, EAP_TLS_FRAME_BAD);
        g_assert_cmpint(RECEIVE(bed, 0x00), ==, EAP_TLS_FRAME_GO_ON);
    }
    g_assert_cmpmem(joined->data, joined->len, octets, 2 * EAP_TLS_FRAGMENT + 7);
    g_assert_cmpint(RECEIVE(bed, 0x00), ==, EAP_TLS_FRAME_MESSAGE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(path, function)                                                                       \
    g_test_add("/eap/tls-frame/" path, Bed, NULL, set_up, function, tear_down)
    TEST("whole", test_whole);
    TEST("parts", test_parts);
    TEST("lying-lengths", test_lying_lengths);
    TEST("bounded", test_bounded);
    TEST("sends-parts", test_sends_parts);
    return g_test_run();
}
