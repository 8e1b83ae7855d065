/*
 * One end of a tunnel for the bench: the shipped data path with its TUN device and transport, and
 * keys that both ends know. No IKE: what is measured is the way of packets.
 *
 *   bench-end client|gateway udp|tcp PORT LOCAL REMOTE [chacha] [plain-tun]
 *
 * Says "ready DEVICE" when the device is there, and the statistics when it is told to end.
 */
#include "base/inet.h"
#include "crypto/algorithms.h"
#include "datapath/datapath.h"
#include "system/sockets.h"
#include "system/tun-device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SPI_TO_CLIENT  0xc0000001
#define SPI_TO_GATEWAY 0xd0000001
#define KEY_LENGTH     36 /* with the salt */

typedef struct {
    bool client, stream, chacha, offloads;
    InetEndpoint local, remote;
} Options;

static void
fail(const char *what)
{
    fprintf(stderr, "bench-end: %s: %s\n", what, g_strerror(errno));
    exit(1);
}

static void
read_options(Options *options, int argc, char **argv)
{
    *options = (Options){ .offloads = true };
    if (argc < 6) {
        fputs("usage: bench-end client|gateway udp|tcp PORT LOCAL REMOTE [chacha] [plain-tun]\n",
              stderr);
        exit(2);
    }
    options->client = strcmp(argv[1], "client") == 0;
    options->stream = strcmp(argv[2], "tcp") == 0;
    options->local.port = options->remote.port = (uint16_t)atoi(argv[3]);
    if (!inet_address_parse(argv[4], &options->local.address) ||
        !inet_address_parse(argv[5], &options->remote.address)) {
        fputs("bench-end: that is no address\n", stderr);
        exit(2);
    }
    for (int i = 6; i < argc; i++) {
        options->chacha = options->chacha || strcmp(argv[i], "chacha") == 0;
        options->offloads = options->offloads && strcmp(argv[i], "plain-tun") != 0;
    }
}

static struct sockaddr_in
sockaddr_of(const InetEndpoint *endpoint)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(endpoint->port) };
    memcpy(&address.sin_addr, endpoint->address.octets, 4);
    return address;
}

static int
accept_stream(const Options *options)
{
    struct sockaddr_in local = sockaddr_of(&options->local);
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&local, sizeof local) < 0 || listen(listener, 1) < 0)
        fail("cannot listen");
    puts("listening");
    fflush(stdout);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    close(listener);
    return fd;
}

/* Each transport begins its stream as the one that opened it; here both are. */
static void
swap_prefixes(Transport *transport)
{
    static const uint8_t message[28] = { 1 };
    char prefix[TCP_ENCAP_PREFIX_LENGTH];
    struct pollfd fd = { .fd = transport_fd(transport), .events = POLLOUT };
    while (transport_wants_write(transport)) {
        poll(&fd, 1, -1);
        if (transport_flush(transport) != 0)
            fail("cannot connect");
    }
    transport_send_ike(transport, message, sizeof message);
    fd.events = POLLIN;
    poll(&fd, 1, -1);
    if (recv(fd.fd, prefix, sizeof prefix, MSG_WAITALL) != sizeof prefix)
        fail("no prefix");
}

static Transport *
make_transport(const Options *options)
{
    int error = 0, fd;
    if (options->stream && !options->client)
        fd = accept_stream(options);
    else
        fd = socket_to_gateway(&options->remote, options->stream, 0,
                               options->stream ? 0 : options->local.port, &error);
    if (fd < 0)
        fail("cannot make a socket");
    if (!options->stream)
        return transport_udp_new(fd, true);
    Transport *transport = transport_tcp_new(fd);
    swap_prefixes(transport);
    return transport;
}

static EspSaParameters
parameters_of(const Options *options, uint32_t spi, Secret **key)
{
    uint8_t *data;
    *key = secret_new_blank(KEY_LENGTH, &data);
    memset(data, (int)(spi >> 24), KEY_LENGTH);
    return (EspSaParameters){ .spi = spi,
                              .encr = options->chacha ? ENCR_CHACHA20_POLY1305 : ENCR_AES_GCM_16,
                              .key_bits = options->chacha ? 0 : 256,
                              .encr_key = *key };
}

static void
install(Datapath *datapath, const Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) key_in = NULL;
    g_autoptr(Secret) key_out = NULL;
    uint32_t in = options->client ? SPI_TO_CLIENT : SPI_TO_GATEWAY;
    uint32_t out = options->client ? SPI_TO_GATEWAY : SPI_TO_CLIENT;
    EspSaParameters parameters_in = parameters_of(options, in, &key_in);
    EspSaParameters parameters_out = parameters_of(options, out, &key_out);
    g_autoptr(EspInbound) inbound = esp_inbound_new(&parameters_in, &error);
    g_autoptr(EspOutbound) outbound =
        inbound != NULL ? esp_outbound_new(&parameters_out, rng_system(), &error) : NULL;
    if (outbound == NULL) {
        fprintf(stderr, "bench-end: %s\n", error->message);
        exit(1);
    }
    EspSelector any[2] = { { 0, 0, 65535, inet_range_any(INET_V4) },
                           { 0, 0, 65535, inet_range_any(INET_V6) } };
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(EspSelector));
    g_array_append_vals(all, any, 2);
    g_autoptr(EspSelectors) selectors = esp_selectors_new(all, all);
    datapath_install(datapath, inbound, outbound, selectors);
}

static void
ike_received(GBytes *message, Transport *transport, gpointer data)
{
}

static void
transport_failed(Transport *transport, int error, gpointer data)
{
    if (transport_is_stream(transport)) {
        fprintf(stderr, "bench-end: the stream ended: %s\n", g_strerror(error));
        g_main_loop_quit(data);
    }
}

static gboolean
told_to_end(gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

static void
say_statistics(Datapath *datapath)
{
    DatapathStatistics s;
    datapath_get_statistics(datapath, &s);
    printf("{\"packets_in\": %" G_GUINT64_FORMAT ", \"packets_out\": %" G_GUINT64_FORMAT
           ", \"dropped\": %" G_GUINT64_FORMAT ", \"congested\": %" G_GUINT64_FORMAT "}\n",
           s.packets_in, s.packets_out,
           s.drop_forged + s.drop_replayed + s.drop_malformed + s.drop_unknown_spi +
               s.drop_selectors_in + s.drop_selectors_out + s.drop_too_big + s.drop_exhausted +
               s.drop_garbage + s.tun_errors,
           s.drop_congested);
}

int
main(int argc, char **argv)
{
    static const DatapathHandler handler = { ike_received, transport_failed };
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    Options options;
    TunDevice tun;
    read_options(&options, argc, argv);
    if (!tun_device_create(&tun, options.offloads, &error)) {
        fprintf(stderr, "bench-end: %s\n", error->message);
        return 1;
    }
    g_autoptr(Transport) transport = make_transport(&options);
    g_autoptr(Datapath) datapath = datapath_new(tun.fd, tun.offloads, &handler, loop);
    install(datapath, &options);
    datapath_set_transport(datapath, transport);
    g_unix_signal_add(SIGTERM, told_to_end, loop);
    printf("ready %s\n", tun.name);
    fflush(stdout);
    g_main_loop_run(loop);
    say_statistics(datapath);
    return 0;
}
