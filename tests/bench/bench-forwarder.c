/*
 * The bound for any tunnel in user space: TUN to UDP or TCP and back with all that our data path
 * does but for ESP, in the clear. The same parts, so that only sealing and opening, SAs, windows
 * and selectors are between this and the tunnel.
 *
 *   bench-forwarder client|gateway udp|tcp PORT LOCAL REMOTE
 */
#include "bench-socket.h"

#include "datapath/merge.h"
#include "datapath/segment.h"
#include "system/tun-device.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What ESP adds: SPI, number, IV before; padding, lengths, ICV behind. */
#define HEAD       16
#define TAIL       18
#define AREA_ROOM  (256 * 1024)
#define BATCH_FULL (56 * 1024)
#define MAX_PACKET 9216

typedef struct {
    TunDevice tun;
    Transport *transport;
} Forwarder;

typedef struct {
    Forwarder *forwarder;
    TransportPacket batch[TRANSPORT_BATCH];
    size_t n, used;
    uint8_t *area, *packet;
} Outward;

static void
send_batch(Outward *out)
{
    size_t dropped;
    if (out->n > 0)
        transport_send_esp(out->forwarder->transport, out->batch, out->n, &dropped);
    out->n = out->used = 0;
}

static void
add_segments(Outward *out, const TunHeader *header, size_t length)
{
    Segment segment;
    if (!segment_begin(&segment, header, out->packet, length))
        return;
    for (size_t next; (next = segment_length(&segment)) > 0;) {
        if (out->n == TRANSPORT_BATCH || out->used + MAX_PACKET > AREA_ROOM)
            send_batch(out);
        uint8_t *whole = out->area + out->used + TRANSPORT_HEADROOM;
        memset(whole, 0x11, HEAD);
        segment_write(&segment, whole + HEAD);
        memset(whole + HEAD + next, 0, TAIL);
        out->batch[out->n++] = (TransportPacket){ whole, HEAD + next + TAIL, ENCAP_ESP };
        out->used += TRANSPORT_HEADROOM + HEAD + next + TAIL;
    }
}

static gpointer
outward(gpointer data)
{
    Outward out = { .forwarder = data,
                    .area = g_malloc(AREA_ROOM),
                    .packet = (uint8_t *)g_malloc(TUN_HEADROOM + TUN_MAX_PACKET) + TUN_HEADROOM };
    const TunDevice *tun = &out.forwarder->tun;
    Transport *transport = out.forwarder->transport;
    bool gone = false;
    while (!gone) {
        bool room = transport_has_room(transport);
        struct pollfd fds[2] = { { room ? tun->fd : -1, POLLIN, 0 },
                                 { room ? -1 : transport_fd(transport), POLLOUT, 0 } };
        poll(fds, 2, -1);
        transport_flush(transport);
        TunHeader header;
        size_t got = 1;
        for (unsigned i = 0; i < 64 && got > 0 && transport_has_room(transport); i++) {
            got = tun_read(tun->fd, tun->offloads, &header, out.packet, &gone);
            if (got > 0)
                add_segments(&out, &header, got);
            if (out.used >= MIN(BATCH_FULL, transport_room(transport)))
                send_batch(&out);
        }
        send_batch(&out);
        transport_pace(transport);
    }
    return NULL;
}

static void
write_tun(const TunHeader *header, struct iovec *iov, size_t n, gpointer data)
{
    const TunDevice *tun = data;
    tun_write(tun->fd, tun->offloads, header, iov, n);
}

static void
inward(Forwarder *forwarder)
{
    Merge merge;
    merge_init(&merge, forwarder->tun.offloads, write_tun, &forwarder->tun);
    struct pollfd fd = { transport_fd(forwarder->transport), POLLIN, 0 };
    for (;;) {
        TransportPacket packets[TRANSPORT_BATCH];
        size_t n;
        poll(&fd, 1, -1);
        do {
            if (transport_receive(forwarder->transport, packets, &n) != 0 &&
                transport_is_stream(forwarder->transport))
                exit(0);
            for (size_t i = 0; i < n; i++)
                if (packets[i].kind == ENCAP_ESP && packets[i].length > HEAD + TAIL)
                    merge_add(&merge, packets[i].data + HEAD, packets[i].length - HEAD - TAIL);
            merge_flush(&merge);
        } while (n == TRANSPORT_BATCH);
    }
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Forwarder forwarder;
    BenchSocket options;
    bench_socket_read(&options, argc, argv);
    if (!tun_device_create(&forwarder.tun, true, &error)) {
        fprintf(stderr, "bench-forwarder: %s\n", error->message);
        return 1;
    }
    forwarder.transport = bench_socket_open(&options);
    printf("ready %s\n", forwarder.tun.name);
    fflush(stdout);
    g_thread_new("outward", outward, &forwarder);
    inward(&forwarder);
}
