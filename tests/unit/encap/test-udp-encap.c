/* What a datagram is, by its first octets and its length. */
#include "encap/udp-encap.h"

#include <glib.h>
#include <string.h>

typedef struct {
    const char *name;
    uint8_t head[4];
    size_t length;
    bool marker;
    EncapKind kind;
    size_t offset;
} Case;

static void
test_table(void)
{
    static const Case cases[] = {
        { "keepalive", { 0xff }, 1, true, ENCAP_KEEPALIVE, 0 },
        { "keepalive on 500", { 0xff }, 1, false, ENCAP_KEEPALIVE, 0 },
        { "one other octet", { 0xfe }, 1, true, ENCAP_GARBAGE, 0 },
        { "nothing", { 0 }, 0, true, ENCAP_GARBAGE, 0 },
        { "half a marker", { 0 }, 3, true, ENCAP_GARBAGE, 0 },
        { "marker alone", { 0 }, 4, true, ENCAP_GARBAGE, 4 },
        { "shortest IKE", { 0 }, 32, true, ENCAP_IKE, 4 },
        { "one octet less", { 0 }, 31, true, ENCAP_GARBAGE, 4 },
        { "IKE on 500", { 1, 2, 3, 4 }, 28, false, ENCAP_IKE, 0 },
        { "one octet less on 500", { 1, 2, 3, 4 }, 27, false, ENCAP_GARBAGE, 0 },
        { "shortest ESP", { 0, 0, 1, 0 }, 8, true, ENCAP_ESP, 0 },
        { "ESP cut short", { 0, 0, 1, 0 }, 7, true, ENCAP_GARBAGE, 0 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *one = &cases[i];
        g_autofree uint8_t *data = g_malloc0(one->length + 1);
        size_t offset = 99;
        memcpy(data, one->head, MIN(one->length, sizeof one->head));
        g_test_message("%s", one->name);
        g_assert_cmpint(udp_encap_classify(data, one->length, one->marker, &offset), ==, one->kind);
        g_assert_cmpuint(offset, ==, one->offset);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encap/udp-encap/table", test_table);
    return g_test_run();
}
