/* The sending thread: TUN to wire, by way of a queue where the wire is a stream that is busy. */
#include "datapath/codel.h"
#include "datapath/queue.h"
#include "datapath/segment.h"
#include "datapath/worker.h"

/* Sealed packets on their way lie one behind the other; a batch leaves when so much of it is there,
 * or nothing more has piled up. */
#define AREA_ROOM     (256 * 1024)
#define BATCH_OCTETS  (56 * 1024)
#define MAX_READS     64 /* of the TUN, before other things are looked at */
#define PACE_EVERY    (50 * DURATION_MILLISECOND)
#define DRAIN_LOOK_MS 2
#define PACKET_ROOM   (TRANSPORT_HEADROOM + ESP_MAX_HEAD + DATAPATH_MAX_PACKET + ESP_MAX_TAIL)

typedef struct {
    Worker *worker;
    const Snapshot *snapshot;
    TransportPacket batch[TRANSPORT_BATCH];
    size_t n;
    uint64_t octets; /* of inner packets */
    uint8_t *area;
    size_t used;
    Queue queue;
    Codel codel;
    Instant paced;
    Transport *sent_by;  /* what the last packets went by; NULL: none */
    Transport *draining; /* a stream that has to be empty before they go by another; NULL: none */
    Instant drain_until;
    Instant now;   /* looked at again for each packet only where a stream's queue needs it */
    bool alone;    /* the last packet of the TUN had none behind it */
    bool tun_gone; /* the device was deleted under us: nothing comes any more */
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
seal_next(Sender *sender, Segment *segment, const SnapshotSa *sa, const InnerPacket *packet)
{
    if (batch_is_full(sender))
        sender_flush_batch(sender);
    uint8_t *esp = sender->area + sender->used + TRANSPORT_HEADROOM;
    uint8_t *inner = esp + esp_outbound_head(sa->outbound);
    size_t length = segment_length(segment);
    segment_write(segment, inner);
    inner_packet_clamp(packet, inner, length, sender->snapshot->mtu);
    uint8_t ecn = inner_packet_ecn(inner, length); /* outside as inside (RFC 4301, section 5.1.2) */
    size_t sealed =
        esp_outbound_seal(sa->outbound, esp, length,
                          packet->source.family == INET_V4 ? ESP_NEXT_IPV4 : ESP_NEXT_IPV6);
    if (sealed == 0)
        return false;
    sender->batch[sender->n++] = (TransportPacket){ esp, sealed, ENCAP_ESP, ecn };
    sender->octets += length;
    sender->used += TRANSPORT_HEADROOM + sealed;
    return true;
}

/* Dropped, with the answer that says how long a packet may be. What may be fragmented goes as it
 * is, and so does IPv6 up to its least MTU: the packet around it is fragmented then. */
static bool
is_too_big(Sender *sender, const Segment *segment, const InnerPacket *packet)
{
    Datapath *datapath = sender->worker->datapath;
    size_t length = segment_length(segment);
    uint32_t mtu = sender->snapshot->mtu;
    uint32_t most = packet->source.family == INET_V6 ? MAX(mtu, INNER_LEAST_MTU_V6) : mtu;
    if (length <= DATAPATH_MAX_PACKET && (mtu == 0 || length <= most))
        return false;
    if (length <= DATAPATH_MAX_PACKET) {
        Segment first = *segment;
        if (batch_is_full(sender))
            sender_flush_batch(sender);
        uint8_t *scratch = sender->area + sender->used;
        segment_write(&first, scratch);
        size_t reply = inner_packet_too_big(scratch, length, mtu, sender->reply);
        if (reply == 0)
            return false;
        worker_answer(datapath, sender->reply, reply);
    }
    count(&datapath->statistics.drop_too_big, 1);
    return true;
}

/* skip: the first of many is lost, so that its sender hears of it from those that follow. */
static void
sender_seal(Sender *sender, const QueueItem *item, bool skip)
{
    DatapathStatistics *statistics = &sender->worker->datapath->statistics;
    const SnapshotSa *sa = NULL;
    InnerPacket packet;
    Segment segment;
    if (segment_begin(&segment, &item->header, item->packet, item->length) &&
        inner_packet_parse(&packet, item->packet, item->length))
        sa = snapshot_choose(sender->snapshot, &packet);
    if (sa == NULL) {
        count(&statistics->drop_selectors_out, 1);
        return;
    }
    if (skip)
        segment_skip(&segment);
    if (segment_length(&segment) == 0 || is_too_big(sender, &segment, &packet))
        return;
    while (segment_length(&segment) > 0) {
        if (seal_next(sender, &segment, sa, &packet))
            continue;
        count(&statistics->drop_exhausted, 1);
        return;
    }
}

static void
sender_reject(Sender *sender, const QueueItem *item)
{
    Datapath *datapath = sender->worker->datapath;
    size_t reply = inner_packet_reject(item->packet, item->length, sender->reply);
    count(&datapath->statistics.rejected, 1);
    if (reply > 0)
        worker_answer(datapath, sender->reply, reply);
}

/* Whether a packet that leaves the queue for a stream is the one that says "slower" (RFC 3168,
 * section 5: where its ends know ECN, by a mark). */
static bool
is_to_be_dropped(Sender *sender, const QueueItem *item, Instant now)
{
    DatapathStatistics *statistics = &sender->worker->datapath->statistics;
    if (item->ahead ||
        !codel_leaves(&sender->codel, now, now - item->came, queue_standing(&sender->queue)))
        return false;
    if (inner_packet_mark(item->packet, item->length)) {
        count(&statistics->marked, 1);
        return false;
    }
    count(&statistics->drop_queue, 1);
    return true;
}

static void
sender_pass(Sender *sender, const QueueItem *item, Instant now)
{
    const Transport *sending = sender->snapshot->sending;
    if (!snapshot_can_send(sender->snapshot))
        sender_reject(sender, item);
    else
        sender_seal(sender, item,
                    transport_is_stream(sending) && is_to_be_dropped(sender, item, now));
    if (sender->n > 0 && sender->used >= MIN(BATCH_OCTETS, transport_room(sending)))
        sender_flush_batch(sender);
}

/* ---- from one transport to another ---- */

static void
end_draining(Sender *sender)
{
    g_clear_pointer(&sender->draining, transport_unref);
}

/* What follows by another transport may overtake what a stream still holds, and push it out of the
 * peer's window: it waits for that, a bounded time. */
static void
note_move(Sender *sender)
{
    Transport *now_by = sender->snapshot->sending;
    if (now_by == sender->sent_by)
        return;
    Transport *before = g_steal_pointer(&sender->sent_by);
    sender->sent_by = now_by != NULL ? transport_ref(now_by) : NULL;
    end_draining(sender);
    if (before != NULL && transport_is_stream(before)) {
        sender->draining = transport_ref(before);
        sender->drain_until = g_get_monotonic_time() + sender->worker->datapath->drain_most;
    }
    transport_unref(before);
}

/* Its rest leaves meanwhile. */
static void
drain_old_stream(Sender *sender)
{
    if (sender->draining == NULL)
        return;
    if (transport_wants_write(sender->draining))
        (void)transport_flush(sender->draining); /* when it breaks, it is empty */
    if (transport_is_drained(sender->draining) || g_get_monotonic_time() >= sender->drain_until)
        end_draining(sender);
}

/* What waits, as far as there is room for it. */
static void
sender_drain(Sender *sender)
{
    const Snapshot *snapshot = sender->snapshot;
    bool pinned = !snapshot_can_send(snapshot);
    if (sender->draining != NULL && !pinned)
        return;
    QueueItem item;
    if (!pinned && transport_is_stream(snapshot->sending)) {
        sender->now = g_get_monotonic_time();
        if (sender->now - sender->paced >= PACE_EVERY) {
            transport_pace(snapshot->sending);
            sender->paced = sender->now;
        }
    }
    while ((pinned || transport_has_room(snapshot->sending)) && queue_pop(&sender->queue, &item))
        sender_pass(sender, &item, sender->now);
    if (queue_standing(&sender->queue) == 0)
        codel_empty(&sender->codel);
}

/* Whether more is to be taken from the TUN: into our queue where that has room, unless the stream
 * that is busy is a fast one, for which a short wait in the TUN's is as good. */
static bool
wants_more(Sender *sender)
{
    const Transport *sending = sender->snapshot->sending;
    bool busy_and_fast = sending != NULL && sender->draining == NULL &&
                         !transport_is_slow(sending) && !transport_has_room(sending);
    return !sender->tun_gone && !busy_and_fast && queue_space(&sender->queue) != NULL;
}

/* Datagrams leave at once: for them nobody waits, and there are no flows. */
static uint32_t
flow_of(const Sender *sender, const uint8_t *packet, size_t length)
{
    const Transport *sending = sender->snapshot->sending;
    bool may_wait = sender->draining != NULL || (sending != NULL && transport_is_stream(sending));
    return may_wait ? inner_packet_flow(packet, length) : 0;
}

/* False when there is nothing more, or no room to keep it. */
static bool
sender_read(Sender *sender)
{
    Datapath *datapath = sender->worker->datapath;
    TunHeader header;
    uint8_t *space = wants_more(sender) ? queue_space(&sender->queue) : NULL;
    size_t got = space == NULL ? 0
                               : tun_read(datapath->tun, datapath->offloads, &header, space,
                                          &sender->tun_gone);
    if (got > 0)
        queue_push(&sender->queue, &header, got, flow_of(sender, space, got), sender->now);
    return got > 0;
}

/* What has piled up; a lone packet goes out at once, and where the last one was alone, the next is
 * not kept while it is looked for more. */
static void
sender_pump(Sender *sender, bool from_tun)
{
    unsigned n = 0;
    sender->now = g_get_monotonic_time();
    sender_drain(sender);
    while (from_tun && n < MAX_READS && sender_read(sender)) {
        sender_drain(sender);
        if (n++ == 0 && sender->alone)
            sender_flush_batch(sender);
    }
    sender_flush_batch(sender);
    if (from_tun)
        sender->alone = n == 1;
}

static void
sender_send_ike(Sender *sender)
{
    Datapath *datapath = sender->worker->datapath;
    for (;;) {
        pthread_mutex_lock(&datapath->lock);
        IkeToSend *item = g_queue_pop_head(&datapath->ike_queue);
        pthread_mutex_unlock(&datapath->lock);
        if (item == NULL)
            return;
        gsize length;
        const uint8_t *message = g_bytes_get_data(item->message, &length);
        int error = item->probe ? transport_send_probe(item->transport, message, length)
                                : transport_send_ike(item->transport, message, length);
        g_bytes_unref(item->message);
        if (error != 0)
            datapath_deliver_failure(datapath, item->transport, error);
        transport_unref(item->transport);
        g_free(item);
    }
}

static void
sender_flush_transport(Sender *sender)
{
    Transport *sending = sender->snapshot->sending;
    int error = sending != NULL ? transport_flush(sending) : 0;
    if (error != 0)
        datapath_deliver_failure(sender->worker->datapath, sending, error);
}

/* The TUN is left alone while our queue is full. */
static void
sender_wait(Sender *sender)
{
    const Snapshot *snapshot = sender->snapshot;
    struct pollfd fds[3] = {
        { .fd = sender->worker->wake, .events = POLLIN },
        { .fd = wants_more(sender) ? sender->worker->datapath->tun : -1, .events = POLLIN },
        { .fd = -1, .events = POLLOUT },
    };
    /* Of a stream that broke poll would say so without end. */
    if (snapshot->sending != NULL && sender->draining == NULL &&
        !transport_is_dead(snapshot->sending) &&
        (queue_length(&sender->queue) > 0 || transport_wants_write(snapshot->sending)))
        fds[2].fd = transport_fd(snapshot->sending);
    /* Nothing tells when a stream's last octets are acknowledged: it is asked, for a short time. */
    g_atomic_int_or(&sender->worker->resting, 1);
    int ready = poll(fds, 3, sender->draining != NULL ? DRAIN_LOOK_MS : -1);
    g_atomic_int_and(&sender->worker->resting, 0);
    if (ready < 0)
        return;
    /* A newer snapshot is taken before anything is sent. */
    sender->snapshot = worker_snapshot(sender->worker);
    note_move(sender);
    drain_old_stream(sender);
    if (fds[2].revents != 0)
        sender_flush_transport(sender);
    if (fds[0].revents != 0) {
        worker_slept(sender->worker->wake);
        sender_send_ike(sender);
    }
    sender_pump(sender, fds[1].revents != 0);
}

gpointer
worker_send(gpointer data)
{
    Worker *worker = data;
    g_autofree Sender *sender = g_new0(Sender, 1);
    sender->worker = worker;
    sender->area = g_malloc(AREA_ROOM);
    queue_init(&sender->queue);
    while (!worker_stopping(worker)) {
        sender->snapshot = worker_snapshot(worker);
        sender_wait(sender);
    }
    end_draining(sender);
    transport_unref(sender->sent_by);
    queue_clear(&sender->queue);
    g_free(sender->area);
    return NULL;
}
