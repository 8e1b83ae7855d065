/* The sending thread: TUN to wire. */
#include "datapath/segment.h"
#include "datapath/worker.h"

#include <errno.h>

/* Sealed packets on their way lie one behind the other; a batch leaves when so much of it is there,
 * or nothing more has piled up. */
#define AREA_ROOM    (256 * 1024)
#define BATCH_OCTETS (56 * 1024)
#define MAX_READS    64 /* of the TUN, before other things are looked at */
#define PACKET_ROOM  (TRANSPORT_HEADROOM + ESP_MAX_HEAD + DATAPATH_MAX_PACKET + ESP_MAX_TAIL)

typedef struct {
    Worker *worker;
    const Snapshot *snapshot;
    TransportPacket batch[TRANSPORT_BATCH];
    size_t n;
    uint64_t octets; /* of inner packets */
    uint8_t *area;
    size_t used;
    uint8_t *packet; /* what was read, TUN_MAX_PACKET */
    bool tun_gone;   /* the device was deleted under us: nothing comes any more */
    uint8_t reply[INNER_REPLY_MAX];
} Sender;

static void
sender_flush_batch(Sender *sender)
{
    Datapath *datapath = sender->worker->datapath;
    size_t dropped = 0;
    if (sender->n == 0)
        return;
    int error = transport_send_esp(sender->snapshot->sending, sender->batch, sender->n, &dropped);
    count(&datapath->statistics.packets_out, sender->n - dropped);
    count(&datapath->statistics.octets_out, sender->octets);
    count(&datapath->statistics.drop_congested, dropped);
    if (g_atomic_int_get(&datapath->watching) != 0)
        datapath_deliver_sent(datapath);
    sender->n = 0;
    sender->octets = 0;
    sender->used = 0;
    if (error != 0)
        datapath_deliver_failure(datapath, sender->snapshot->sending, error);
}

static bool
batch_is_full(const Sender *sender)
{
    return sender->n == TRANSPORT_BATCH || sender->used + PACKET_ROOM > AREA_ROOM;
}

/* False when the sequence numbers are used up. */
static bool
seal_next(Sender *sender, Segment *segment, const SnapshotSa *sa, uint8_t next_header)
{
    if (batch_is_full(sender))
        sender_flush_batch(sender);
    uint8_t *esp = sender->area + sender->used + TRANSPORT_HEADROOM;
    size_t length = segment_length(segment);
    segment_write(segment, esp + esp_outbound_head(sa->outbound));
    size_t sealed = esp_outbound_seal(sa->outbound, esp, length, next_header);
    if (sealed == 0)
        return false;
    sender->batch[sender->n++] = (TransportPacket){ esp, sealed, ENCAP_ESP };
    sender->octets += length;
    sender->used += TRANSPORT_HEADROOM + sealed;
    return true;
}

/* Dropped, with the answer that says how long a packet may be. */
static bool
is_too_big(Sender *sender, Segment *segment)
{
    Datapath *datapath = sender->worker->datapath;
    size_t length = segment_length(segment), reply = 0;
    uint32_t mtu = sender->snapshot->mtu;
    if (length <= DATAPATH_MAX_PACKET && (mtu == 0 || length <= mtu))
        return false;
    if (length <= DATAPATH_MAX_PACKET) {
        if (batch_is_full(sender))
            sender_flush_batch(sender);
        uint8_t *packet = sender->area + sender->used;
        segment_write(segment, packet);
        reply = inner_packet_too_big(packet, length, mtu, sender->reply);
    }
    if (reply > 0)
        worker_answer(datapath, sender->reply, reply);
    count(&datapath->statistics.drop_too_big, 1);
    return true;
}

static void
sender_seal(Sender *sender, const TunHeader *header, size_t length)
{
    DatapathStatistics *statistics = &sender->worker->datapath->statistics;
    const SnapshotSa *sa = NULL;
    InnerPacket packet;
    Segment segment;
    if (segment_begin(&segment, header, sender->packet, length) &&
        inner_packet_parse(&packet, sender->packet, length))
        sa = snapshot_choose(sender->snapshot, &packet);
    if (sa == NULL) {
        count(&statistics->drop_selectors_out, 1);
        return;
    }
    if (is_too_big(sender, &segment))
        return;
    uint8_t next = packet.source.family == INET_V4 ? ESP_NEXT_IPV4 : ESP_NEXT_IPV6;
    while (segment_length(&segment) > 0) {
        if (seal_next(sender, &segment, sa, next))
            continue;
        count(&statistics->drop_exhausted, 1);
        return;
    }
}

static void
sender_reject(Sender *sender, size_t length)
{
    Datapath *datapath = sender->worker->datapath;
    size_t reply = inner_packet_reject(sender->packet, length, sender->reply);
    count(&datapath->statistics.rejected, 1);
    if (reply > 0)
        worker_answer(datapath, sender->reply, reply);
}

/* What has piled up; a lone packet goes out at once. */
static void
sender_pump(Sender *sender)
{
    Datapath *datapath = sender->worker->datapath;
    bool pinned = !snapshot_can_send(sender->snapshot);
    for (unsigned i = 0; i < MAX_READS; i++) {
        TunHeader header;
        size_t got =
            tun_read(datapath->tun, datapath->offloads, &header, sender->packet, &sender->tun_gone);
        if (got == 0)
            break;
        if (pinned)
            sender_reject(sender, got);
        else
            sender_seal(sender, &header, got);
        if (sender->used >= BATCH_OCTETS) {
            sender_flush_batch(sender);
            if (!transport_has_room(sender->snapshot->sending))
                return;
        }
    }
    sender_flush_batch(sender);
}

static void
sender_send_ike(Sender *sender)
{
    Datapath *datapath = sender->worker->datapath;
    for (;;) {
        g_mutex_lock(&datapath->lock);
        IkeToSend *item = g_queue_pop_head(&datapath->ike_queue);
        g_mutex_unlock(&datapath->lock);
        if (item == NULL)
            return;
        int error;
        if (item->message == NULL) {
            error = transport_send_keepalive(item->transport);
        } else {
            gsize length;
            const uint8_t *message = g_bytes_get_data(item->message, &length);
            error = item->probe ? transport_send_probe(item->transport, message, length)
                                : transport_send_ike(item->transport, message, length);
            g_bytes_unref(item->message);
        }
        if (error != 0)
            datapath_deliver_failure(datapath, item->transport, error);
        transport_unref(item->transport);
        g_free(item);
    }
}

/* The TUN queue is left alone while a stream is busy: it is the one bounded queue that there is. */
static void
sender_wait(Sender *sender)
{
    const Snapshot *snapshot = sender->snapshot;
    Datapath *datapath = sender->worker->datapath;
    bool busy = snapshot->sending != NULL && !transport_has_room(snapshot->sending);
    struct pollfd fds[3] = {
        { .fd = sender->worker->wake, .events = POLLIN },
        { .fd = busy || sender->tun_gone ? -1 : datapath->tun, .events = POLLIN },
        { .fd = -1, .events = POLLOUT },
    };
    if (snapshot->sending != NULL && transport_wants_write(snapshot->sending))
        fds[2].fd = transport_fd(snapshot->sending);
    if (poll(fds, 3, -1) < 0)
        return;
    /* A newer snapshot is taken before anything is sent. */
    sender->snapshot = worker_snapshot(sender->worker);
    if (fds[2].revents != 0 && sender->snapshot->sending != NULL) {
        int error = transport_flush(sender->snapshot->sending);
        if (error != 0)
            datapath_deliver_failure(datapath, sender->snapshot->sending, error);
    }
    if (fds[0].revents != 0) {
        worker_slept(sender->worker);
        sender_send_ike(sender);
    }
    if (fds[1].revents != 0)
        sender_pump(sender);
}

gpointer
worker_send(gpointer data)
{
    Worker *worker = data;
    g_autofree Sender *sender = g_new0(Sender, 1);
    sender->worker = worker;
    sender->area = g_malloc(AREA_ROOM);
    sender->packet = g_malloc(TUN_MAX_PACKET);
    while (!worker_stopping(worker)) {
        sender->snapshot = worker_snapshot(worker);
        sender_wait(sender);
    }
    g_free(sender->area);
    g_free(sender->packet);
    return NULL;
}
