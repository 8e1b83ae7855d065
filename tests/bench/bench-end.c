/*
 * One end of a tunnel for the bench: the shipped data path with its TUN device and transport, and
 * keys that both ends know. No IKE: what is measured is the way of packets.
 *
 *   bench-end client|gateway udp|tcp PORT LOCAL REMOTE [chacha] [plain-tun] [selectors=N]
 * [rekeys=N]
 *
 * Says "ready DEVICE" when the device is there, and the statistics when it is told to end.
 */
#include "bench-rekey.h"
#include "bench-socket.h"

#include "crypto/algorithms.h"
#include "datapath/datapath.h"
#include "system/tun-device.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPI_TO_CLIENT  0xc0000001
#define SPI_TO_GATEWAY 0xd0000001
#define KEY_LENGTH     36 /* with the salt */

typedef struct {
    BenchSocket socket;
    bool chacha, offloads;
    unsigned selectors; /* besides the one that allows all; each a network of its own */
    unsigned rekeys;    /* a second */
} Options;

typedef struct {
    GMainLoop *loop;
    Datapath *datapath;
    BenchRekey rekey;
} End;

static void
read_options(Options *options, int argc, char **argv)
{
    *options = (Options){ .offloads = true };
    bench_socket_read(&options->socket, argc, argv);
    for (int i = BENCH_SOCKET_WORDS + 1; i < argc; i++) {
        options->chacha = options->chacha || strcmp(argv[i], "chacha") == 0;
        options->offloads = options->offloads && strcmp(argv[i], "plain-tun") != 0;
        if (g_str_has_prefix(argv[i], "selectors="))
            options->selectors = (unsigned)atoi(argv[i] + strlen("selectors="));
        if (g_str_has_prefix(argv[i], "rekeys="))
            options->rekeys = (unsigned)atoi(argv[i] + strlen("rekeys="));
    }
}

static EspSaParameters
parameters_of(const Options *options, uint32_t spi, Secret **key)
{
    uint8_t *data;
    *key = secret_new_blank(KEY_LENGTH, &data);
    memset(data, (int)(spi >> 24), KEY_LENGTH);
    memcpy(data, &spi, sizeof spi); /* every key is another one */
    return (EspSaParameters){ .spi = spi,
                              .encr = options->chacha ? ENCR_CHACHA20_POLY1305 : ENCR_AES_GCM_16,
                              .key_bits = options->chacha ? 0 : 256,
                              .encr_key = *key };
}

/* Many networks that nothing is sent to, before the one that is. */
static EspSelectors *
make_selectors(unsigned n)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(EspSelector));
    g_autoptr(GArray) remote = g_array_new(FALSE, FALSE, sizeof(EspSelector));
    EspSelector any[2] = { { 0, 0, 65535, inet_range_any(INET_V4) },
                           { 0, 0, 65535, inet_range_any(INET_V6) } };
    g_array_append_vals(all, any, 2);
    for (unsigned i = 0; i < n; i++) {
        const uint8_t octets[4] = { 100, (uint8_t)(i >> 8), (uint8_t)i, 0 };
        InetAddress network = inet_address_new(INET_V4, octets);
        InetPrefix prefix = inet_prefix_new(&network, 25);
        EspSelector selector = { 0, 0, 65535, inet_prefix_to_range(&prefix) };
        g_array_append_val(remote, selector);
    }
    InetAddress ours = inet_address_new(INET_V4, (const uint8_t[4]){ 10, 90, 0, 0 });
    InetPrefix inside = inet_prefix_new(&ours, 16);
    EspSelector last = { 0, 0, 65535, n > 0 ? inet_prefix_to_range(&inside) : any[0].range };
    g_array_append_val(remote, last);
    return esp_selectors_new(all, remote);
}

static void
make_pair(gconstpointer data, uint32_t number, EspInbound **inbound, EspOutbound **outbound)
{
    const Options *options = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) key_in = NULL;
    g_autoptr(Secret) key_out = NULL;
    uint32_t in = (options->socket.client ? SPI_TO_CLIENT : SPI_TO_GATEWAY) + number;
    uint32_t out = (options->socket.client ? SPI_TO_GATEWAY : SPI_TO_CLIENT) + number;
    EspSaParameters parameters_in = parameters_of(options, in, &key_in);
    EspSaParameters parameters_out = parameters_of(options, out, &key_out);
    *inbound = esp_inbound_new(&parameters_in, &error);
    *outbound = *inbound != NULL ? esp_outbound_new(&parameters_out, rng_system(), &error) : NULL;
    if (*outbound == NULL) {
        fprintf(stderr, "bench-end: %s\n", error->message);
        exit(1);
    }
}

static void
install(End *end, const Options *options)
{
    g_autoptr(EspInbound) inbound = NULL;
    g_autoptr(EspOutbound) outbound = NULL;
    make_pair(options, 0, &inbound, &outbound);
    datapath_install(end->datapath, inbound, outbound, end->rekey.selectors);
}

static void
ike_received(GBytes *message, Transport *transport, gpointer data)
{
    bench_rekey_received(&((End *)data)->rekey, message);
}

static void
transport_failed(Transport *transport, int error, gpointer data)
{
    if (transport_is_stream(transport)) {
        fprintf(stderr, "bench-end: the stream ended: %s\n", g_strerror(error));
        g_main_loop_quit(((End *)data)->loop);
    }
}

static gboolean
told_to_end(gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

static void
say_statistics(const End *end)
{
    DatapathStatistics s;
    datapath_get_statistics(end->datapath, &s);
    printf("{\"packets_in\": %" G_GUINT64_FORMAT ", \"packets_out\": %" G_GUINT64_FORMAT
           ", \"dropped\": %" G_GUINT64_FORMAT ", \"congested\": %" G_GUINT64_FORMAT
           ", \"rekeys\": %u}\n",
           s.packets_in, s.packets_out,
           s.drop_forged + s.drop_replayed + s.drop_malformed + s.drop_unknown_spi +
               s.drop_selectors_in + s.drop_selectors_out + s.drop_too_big + s.drop_exhausted +
               s.drop_garbage + s.tun_errors,
           s.drop_congested, end->rekey.number);
}

int
main(int argc, char **argv)
{
    static const DatapathHandler handler = { ike_received, transport_failed };
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    End end = { .loop = loop };
    Options options;
    TunDevice tun;
    read_options(&options, argc, argv);
    if (!tun_device_create(&tun, options.offloads, &error)) {
        fprintf(stderr, "bench-end: %s\n", error->message);
        return 1;
    }
    g_autoptr(Transport) transport = bench_socket_open(&options.socket);
    g_autoptr(Datapath) datapath = datapath_new(tun.fd, tun.offloads, &handler, &end);
    g_autoptr(EspSelectors) selectors = make_selectors(options.selectors);
    end.datapath = datapath;
    end.rekey = (BenchRekey){ .datapath = datapath,
                              .transport = transport,
                              .selectors = selectors,
                              .make_pair = make_pair,
                              .options = &options,
                              .client = options.socket.client };
    install(&end, &options);
    datapath_set_transport(datapath, transport);
    if (options.rekeys > 0 && options.socket.client)
        bench_rekey_begin(&end.rekey, 1000 / options.rekeys);
    g_unix_signal_add(SIGTERM, told_to_end, loop);
    printf("ready %s\n", tun.name);
    fflush(stdout);
    g_main_loop_run(loop);
    say_statistics(&end);
    return 0;
}
