/* What the threads work with: copies share, bounds hold, the newest comes first. */
#include "datapath/snapshot.h"

#include "crypto/algorithms.h"
#include "loopback.h"

#include <string.h>
#include <unistd.h>

typedef struct {
    EspInbound *inbound;
    EspOutbound *outbound;
    EspSelectors *selectors;
} Pair;

/* One that goes to 10.net.0.0/16. */
static Pair
pair_new(uint32_t spi, uint8_t net)
{
    uint8_t *data;
    g_autoptr(Secret) key = secret_new_blank(36, &data);
    EspSaParameters parameters = {
        .spi = spi, .encr = ENCR_AES_GCM_16, .key_bits = 256, .encr_key = key
    };
    const uint8_t first[] = { 10, net, 0, 0 }, last[] = { 10, net, 255, 255 };
    const uint8_t all[] = { 255, 255, 255, 255 }, none[] = { 0, 0, 0, 0 };
    EspSelector there = { .end_port = 65535,
                          .range = { inet_address_new(INET_V4, first),
                                     inet_address_new(INET_V4, last) } };
    EspSelector here = { .end_port = 65535,
                         .range = { inet_address_new(INET_V4, none),
                                    inet_address_new(INET_V4, all) } };
    g_autoptr(GArray) local = g_array_new(FALSE, FALSE, sizeof here);
    g_autoptr(GArray) remote = g_array_new(FALSE, FALSE, sizeof there);
    g_array_append_val(local, here);
    g_array_append_val(remote, there);
    return (Pair){ esp_inbound_new(&parameters, NULL),
                   esp_outbound_new(&parameters, rng_system(), NULL),
                   esp_selectors_new(local, remote) };
}

static void
add_with(Snapshot *snapshot, uint32_t spi, uint8_t net, bool later)
{
    Pair pair = pair_new(spi, net);
    snapshot_add_sa(snapshot,
                    &(SnapshotSa){ pair.inbound, pair.outbound, pair.selectors, later, false });
    esp_inbound_unref(pair.inbound);
    esp_outbound_unref(pair.outbound);
    esp_selectors_unref(pair.selectors);
}

static void
add(Snapshot *snapshot, uint32_t spi)
{
    add_with(snapshot, spi, 1, false);
}

static void
check(const Snapshot *snapshot, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t i = 0; i < snapshot->n_sas; i++)
        g_string_append_printf(text, "%u ", esp_inbound_spi(snapshot->sas[i].inbound));
    g_assert_cmpstr(text->str, ==, expected);
}

static void
test_sas(void)
{
    Snapshot *snapshot = snapshot_copy(NULL);
    for (uint32_t spi = 1; spi <= 5; spi++)
        add(snapshot, spi);
    check(snapshot, "5 4 3 2 1 ");
    Snapshot *before = snapshot_copy(snapshot);
    snapshot_remove_sa(snapshot, 5);
    snapshot_remove_sa(snapshot, 3);
    snapshot_remove_sa(snapshot, 1);
    snapshot_remove_sa(snapshot, 77);
    check(snapshot, "4 2 ");
    check(before, "5 4 3 2 1 ");
    for (uint32_t spi = 10; spi < 10 + DATAPATH_MAX_SAS; spi++)
        add(snapshot, spi); /* the oldest go */
    g_assert_cmpuint(snapshot->n_sas, ==, DATAPATH_MAX_SAS);
    g_assert_cmpuint(esp_inbound_spi(snapshot->sas[DATAPATH_MAX_SAS - 1].inbound), ==, 10);
    snapshot_free(before);
    snapshot_free(snapshot);
    snapshot_free(NULL);
}

/* SPI of what a packet to 10.net.0.1 goes by, 0: nothing. */
static uint32_t
chosen(const Snapshot *snapshot, uint8_t net)
{
    const uint8_t to[] = { 10, net, 0, 1 }, from[] = { 192, 0, 2, 1 };
    InnerPacket packet = { .source = inet_address_new(INET_V4, from),
                           .destination = inet_address_new(INET_V4, to) };
    const SnapshotSa *sa = snapshot_choose(snapshot, &packet);
    return sa != NULL ? esp_inbound_spi(sa->inbound) : 0;
}

static void
test_choice(void)
{
    Snapshot *snapshot = snapshot_copy(NULL);
    g_assert_cmpuint(chosen(snapshot, 1), ==, 0);
    add_with(snapshot, 1, 1, false);
    add_with(snapshot, 2, 2, false);
    g_assert_cmpuint(chosen(snapshot, 1), ==, 1);
    g_assert_cmpuint(chosen(snapshot, 2), ==, 2);
    g_assert_cmpuint(chosen(snapshot, 3), ==, 0);
    add_with(snapshot, 3, 1, false); /* rekeyed by us: the newest */
    g_assert_cmpuint(chosen(snapshot, 1), ==, 3);
    add_with(snapshot, 4, 2, true); /* by the gateway: not before it has our answer */
    g_assert_cmpuint(chosen(snapshot, 2), ==, 2);
    snapshot_retire_sa(snapshot, 2);
    g_assert_cmpuint(chosen(snapshot, 2), ==, 4);
    snapshot_retire_sa(snapshot, 4);
    g_assert_cmpuint(chosen(snapshot, 2), ==, 0);
    snapshot_free(snapshot);
}

/* An authentic packet that came by the gateway's new SA shows that it has it. */
static void
test_choice_after_packet(void)
{
    uint8_t memory[ESP_MAX_HEAD + 64 + ESP_MAX_TAIL] = { 0 }, *inner, next;
    size_t length;
    Snapshot *snapshot = snapshot_copy(NULL);
    add_with(snapshot, 1, 1, false);
    add_with(snapshot, 2, 1, true);
    g_assert_cmpuint(chosen(snapshot, 1), ==, 1);
    const SnapshotSa *later = &snapshot->sas[0];
    size_t sealed = esp_outbound_seal(later->outbound, memory, 64, ESP_NEXT_IPV4);
    g_assert_cmpint(esp_inbound_open(later->inbound, memory, sealed, &inner, &length, &next), ==,
                    ESP_OK);
    g_assert_cmpuint(esp_inbound_packets(later->inbound), ==, 1);
    g_assert_cmpuint(esp_inbound_octets(later->inbound), ==, 64);
    g_assert_cmpuint(esp_outbound_octets(later->outbound), ==, 64);
    g_assert_cmpuint(chosen(snapshot, 1), ==, 2);
    snapshot_free(snapshot);
}

static void
test_expected(void)
{
    Snapshot *snapshot = snapshot_copy(NULL);
    g_assert_false(snapshot_expects(snapshot, 0));
    for (uint32_t spi = 1; spi <= DATAPATH_MAX_EXPECTED + 1; spi++)
        snapshot_expect(snapshot, spi);
    g_assert_false(snapshot_expects(snapshot, 1));
    g_assert_true(snapshot_expects(snapshot, 2));
    add_with(snapshot, 2, 1, false);
    g_assert_false(snapshot_expects(snapshot, 2));
    g_assert_true(snapshot_expects(snapshot, 3));
    snapshot_free(snapshot);
}

static void
test_listening(void)
{
    Snapshot *snapshot = snapshot_copy(NULL);
    Transport *transports[DATAPATH_MAX_TRANSPORTS + 1];
    for (size_t i = 0; i < G_N_ELEMENTS(transports); i++) {
        int fds[2];
        loopback_udp_pair(fds);
        close(fds[1]);
        transports[i] = transport_udp_new(fds[0], true);
        snapshot_listen(snapshot, transports[i]);
        snapshot_listen(snapshot, transports[i]); /* once is enough */
    }
    g_assert_cmpuint(snapshot->n_listening, ==, DATAPATH_MAX_TRANSPORTS);
    g_assert_true(snapshot->listening[0] == transports[1]);
    snapshot_unlisten(snapshot, transports[0]);
    snapshot_unlisten(snapshot, transports[2]);
    g_assert_cmpuint(snapshot->n_listening, ==, DATAPATH_MAX_TRANSPORTS - 1);
    g_assert_true(snapshot->listening[1] == transports[3]);
    snapshot_free(snapshot);
    for (size_t i = 0; i < G_N_ELEMENTS(transports); i++)
        transport_unref(transports[i]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/datapath/snapshot/sas", test_sas);
    g_test_add_func("/datapath/snapshot/choice", test_choice);
    g_test_add_func("/datapath/snapshot/choice-after-packet", test_choice_after_packet);
    g_test_add_func("/datapath/snapshot/expected", test_expected);
    g_test_add_func("/datapath/snapshot/listening", test_listening);
    return g_test_run();
}
