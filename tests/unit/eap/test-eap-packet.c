#include "eap/eap-packet.h"

#include "eap/eap-peer.h"

static bool
parse(const uint8_t *octets, size_t length, EapPacket *packet)
{
    g_autoptr(GBytes) bytes = g_bytes_new(octets, length);
    return eap_packet_parse(bytes, packet);
}

static void
test_reads(void)
{
    const uint8_t request[] = { 1, 7, 0, 7, 26, 1, 2, 99 }; /* one octet of padding */
    EapPacket packet;
    g_autoptr(GBytes) bytes = g_bytes_new(request, sizeof request);
    g_assert_true(eap_packet_parse(bytes, &packet));
    g_assert_cmpuint(packet.code, ==, EAP_CODE_REQUEST);
    g_assert_cmpuint(packet.identifier, ==, 7);
    g_assert_cmpuint(packet.type, ==, 26);
    g_assert_cmpuint(byte_reader_left(&packet.data), ==, 2);
    const uint8_t success[] = { 3, 8, 0, 4 };
    g_assert_true(parse(success, sizeof success, &packet));
    g_assert_cmpuint(packet.type, ==, 0);
}

static void
test_refuses(void)
{
    const struct {
        uint8_t octets[8];
        size_t length;
    } bad[] = {
        { { 1, 7, 0, 4 }, 4 },       /* a request without a type */
        { { 1, 7, 0, 5, 0 }, 5 },    /* of type 0 */
        { { 1, 7, 0, 3, 1 }, 5 },    /* shorter than its header */
        { { 1, 7, 0, 9, 1, 2 }, 6 }, /* longer than it is */
        { { 5, 7, 0, 5, 1 }, 5 },    /* of a code that nobody knows */
        { { 0, 7, 0, 5, 1 }, 5 },    { { 3, 8, 0 }, 3 }, { { 0 }, 0 },
    };
    EapPacket packet;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(parse(bad[i].octets, bad[i].length, &packet));
    g_autofree uint8_t *large = g_malloc0(EAP_MAX_PACKET + 1);
    large[0] = 1;
    large[2] = (EAP_MAX_PACKET + 1) >> 8;
    large[3] = (EAP_MAX_PACKET + 1) & 0xff;
    large[4] = 1;
    g_assert_false(parse(large, EAP_MAX_PACKET + 1, &packet));
}

static void
test_writes(void)
{
    const uint8_t expected[] = { 2, 9, 0, 7, 6, 'a', 'b' };
    g_autoptr(GBytes) data = g_bytes_new("ab", 2);
    g_autoptr(GBytes) packet = eap_packet_response(9, 6, data);
    g_assert_cmpmem(g_bytes_get_data(packet, NULL), g_bytes_get_size(packet), expected,
                    sizeof expected);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/eap/packet/reads", test_reads);
    g_test_add_func("/eap/packet/refuses", test_refuses);
    g_test_add_func("/eap/packet/writes", test_writes);
    return g_test_run();
}
