/* Packets inside PEAP: with a header and without, results that are there and that are not. */
#include "config.h"

#include "eap/peap-packet.h"

#include <string.h>

#include "eap/eap-peer.h"

static void
check(const void *octets, size_t length, const void *wanted, size_t wanted_length)
{
    g_autoptr(GBytes) data = g_bytes_new(octets, length);
    g_autoptr(GBytes) packet = peap_restore(data, 7);
    g_assert_nonnull(packet);
    g_assert_cmpmem(g_bytes_get_data(packet, NULL), g_bytes_get_size(packet), wanted,
                    wanted_length);
}

static void
test_restore(void)
{
    check("\1", 1, "\1\7\0\5\1", 5);
    check("\1Who?", 5, "\1\7\0\11\1Who?", 9);
    /* One that kept it, with an identifier of its own. */
    check("\1\3\0\5\41", 5, "\1\3\0\5\41", 5);
    /* Another length, or no request: it is text. */
    check("\1\3\0\6\41", 5, "\1\7\0\11\1\3\0\6\41", 9);
    check("\2\3\0\5\41", 5, "\1\7\0\11\2\3\0\5\41", 9);
}

static void
test_too_long(void)
{
    g_autofree uint8_t *octets = g_malloc0(EAP_MAX_PACKET);
    g_autoptr(GBytes) most = g_bytes_new(octets, EAP_MAX_PACKET - 4);
    g_autoptr(GBytes) more = g_bytes_new(octets, EAP_MAX_PACKET - 3);
    g_autoptr(GBytes) packet = peap_restore(most, 7);
    g_assert_nonnull(packet);
    g_assert_null(peap_restore(more, 7));
}

static uint16_t
result_of(ByteReader data)
{
    PeapExtensions extensions = peap_read_extensions(data);
    g_assert_false(extensions.bound);
    return extensions.result;
}

static void
test_binding(void)
{
    uint8_t octets[6 + PEAP_BINDING_LENGTH] = { 0x80, 3, 0, 2, 0, 1, 0, 12, 0, 56, 0, 0, 0, 0, 9 };
    PeapExtensions extensions = peap_read_extensions(byte_reader(octets, sizeof octets));
    g_assert_true(extensions.bound);
    g_assert_cmpuint(extensions.result, ==, PEAP_RESULT_SUCCESS);
    g_assert_cmpmem(extensions.binding, PEAP_BINDING_LENGTH, octets + 6, PEAP_BINDING_LENGTH);
    for (size_t length = 7; length < sizeof octets; length++) {
        extensions = peap_read_extensions(byte_reader(octets, length));
        g_assert_false(extensions.bound);
        g_assert_cmpuint(extensions.result, ==, 0);
    }
    octets[9] = 55; /* another length: it is none, and what is behind it no TLV */
    g_assert_false(peap_read_extensions(byte_reader(octets, sizeof octets)).bound);
}

static void
test_result(void)
{
    static const uint8_t good[] = { 0x80, 3, 0, 2, 0, 1 };
    static const uint8_t behind[] = { 0x80, 13, 0, 3, 1, 2, 3, 0x80, 3, 0, 2, 0, 2 };
    static const uint8_t none[] = { 0x80, 13, 0, 2, 0, 1 };
    static const uint8_t lie[] = { 0x80, 3, 0, 3, 0, 1 };
    static const uint8_t shorter[] = { 0x80, 3, 0, 1, 1 };
    g_assert_cmpint(result_of(byte_reader(good, sizeof good)), ==, PEAP_RESULT_SUCCESS);
    g_assert_cmpint(result_of(byte_reader(behind, sizeof behind)), ==, PEAP_RESULT_FAILURE);
    g_assert_cmpint(result_of(byte_reader(none, sizeof none)), ==, 0);
    g_assert_cmpint(result_of(byte_reader(lie, sizeof lie)), ==, 0);
    g_assert_cmpint(result_of(byte_reader(shorter, sizeof shorter)), ==, 0);
    for (size_t length = 0; length < sizeof good; length++)
        g_assert_cmpint(result_of(byte_reader(good, length)), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/eap/peap-packet/restore", test_restore);
    g_test_add_func("/eap/peap-packet/too-long", test_too_long);
    g_test_add_func("/eap/peap-packet/result", test_result);
    g_test_add_func("/eap/peap-packet/binding", test_binding);
    return g_test_run();
}
