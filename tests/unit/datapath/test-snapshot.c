/* What the threads work with: copies share, bounds hold, the newest comes first. */
#include "datapath/snapshot.h"

#include "crypto/algorithms.h"
#include "loopback.h"

#include <string.h>
#include <unistd.h>

static EspInbound *
inbound_new(uint32_t spi)
{
    uint8_t *data;
    g_autoptr(Secret) key = secret_new_blank(36, &data);
    EspSaParameters parameters = {
        .spi = spi, .encr = ENCR_AES_GCM_16, .key_bits = 256, .encr_key = key
    };
    return esp_inbound_new(&parameters, NULL);
}

static void
add(Snapshot *snapshot, uint32_t spi)
{
    g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(EspSelector));
    g_autoptr(EspSelectors) selectors = esp_selectors_new(none, none);
    g_autoptr(EspInbound) inbound = inbound_new(spi);
    snapshot_add_inbound(snapshot, inbound, selectors);
}

static void
check(const Snapshot *snapshot, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t i = 0; i < snapshot->n_inbound; i++)
        g_string_append_printf(text, "%u ", esp_inbound_spi(snapshot->inbound[i]));
    g_assert_cmpstr(text->str, ==, expected);
}

static void
test_inbound(void)
{
    Snapshot *snapshot = snapshot_copy(NULL);
    for (uint32_t spi = 1; spi <= DATAPATH_MAX_INBOUND; spi++)
        add(snapshot, spi);
    check(snapshot, "8 7 6 5 4 3 2 1 ");
    Snapshot *before = snapshot_copy(snapshot);
    add(snapshot, 9); /* the oldest goes */
    check(snapshot, "9 8 7 6 5 4 3 2 ");
    snapshot_remove_inbound(snapshot, 9);
    snapshot_remove_inbound(snapshot, 5);
    snapshot_remove_inbound(snapshot, 2);
    snapshot_remove_inbound(snapshot, 77);
    check(snapshot, "8 7 6 4 3 ");
    check(before, "8 7 6 5 4 3 2 1 ");
    snapshot_free(before);
    snapshot_free(snapshot);
    snapshot_free(NULL);
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
    g_test_add_func("/datapath/snapshot/inbound", test_inbound);
    g_test_add_func("/datapath/snapshot/listening", test_listening);
    return g_test_run();
}
