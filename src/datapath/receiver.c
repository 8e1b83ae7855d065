/* The receiving thread: wire to TUN. */
#include "datapath/merge.h"
#include "datapath/worker.h"

/* RFC 3168, section 5; what it does to the inner header: RFC 4301, section 5.1.2. */
#define ECN_CE 3

typedef struct {
    Worker *worker;
    const Snapshot *snapshot;
    Merge merge;
} Receiver;

static uint32_t
spi_of(const uint8_t *packet)
{
    return (uint32_t)packet[0] << 24 | (uint32_t)packet[1] << 16 | (uint32_t)packet[2] << 8 |
           packet[3];
}

static void
count_verdict(DatapathStatistics *statistics, EspVerdict verdict)
{
    switch (verdict) {
    case ESP_OK:
    case ESP_DUMMY:
        break;
    case ESP_MALFORMED:
        count(&statistics->drop_malformed, 1);
        break;
    case ESP_REPLAYED:
        count(&statistics->drop_replayed, 1);
        break;
    case ESP_FORGED:
        count(&statistics->drop_forged, 1);
        break;
    }
}

static void
write_merged(const TunHeader *header, struct iovec *iov, size_t n, gpointer data)
{
    Datapath *datapath = data;
    if (tun_write(datapath->tun, datapath->offloads, header, iov, n) != 0)
        __atomic_fetch_add(&datapath->statistics.tun_errors, 1, __ATOMIC_RELAXED);
}

/* ecn: of the outer header. */
static void
receive_inner(Receiver *receiver, const SnapshotSa *sa, uint8_t *inner, size_t length, uint8_t next,
              uint8_t ecn)
{
    DatapathStatistics *statistics = &receiver->worker->datapath->statistics;
    InnerPacket parsed;
    if (!inner_packet_parse(&parsed, inner, length) ||
        (next == ESP_NEXT_IPV4) != (parsed.source.family == INET_V4) ||
        !esp_selectors_allow(sa->selectors, &parsed, false)) {
        count(&statistics->drop_selectors_in, 1);
        return;
    }
    count(&statistics->packets_in, 1);
    count(&statistics->octets_in, length);
    if (ecn == ECN_CE)
        inner_packet_mark(inner, length);
    inner_packet_clamp(&parsed, inner, length, receiver->snapshot->mtu);
    merge_add(&receiver->merge, inner, length);
}

static TransportJudgement
receive_by(Receiver *receiver, const SnapshotSa *sa, const TransportPacket *packet)
{
    Datapath *datapath = receiver->worker->datapath;
    uint8_t *inner, next;
    size_t length;
    EspVerdict verdict =
        esp_inbound_open(sa->inbound, packet->data, packet->length, &inner, &length, &next);
    count_verdict(&datapath->statistics, verdict);
    if (verdict == ESP_REPLAYED)
        return TRANSPORT_NEUTRAL;
    if (verdict != ESP_OK && verdict != ESP_DUMMY)
        return TRANSPORT_FORGED;
    count(&datapath->authentic, 1);
    if (verdict == ESP_OK)
        receive_inner(receiver, sa, inner, length, next, packet->ecn);
    return TRANSPORT_AUTHENTIC;
}

static TransportJudgement
receive_esp(Receiver *receiver, const TransportPacket *packet)
{
    Datapath *datapath = receiver->worker->datapath;
    const Snapshot *snapshot = receiver->snapshot;
    uint32_t spi = spi_of(packet->data);
    for (size_t i = 0; i < snapshot->n_sas; i++) {
        if (esp_inbound_spi(snapshot->sas[i].inbound) != spi)
            continue;
        return receive_by(receiver, &snapshot->sas[i], packet);
    }
    if (snapshot_expects(snapshot, spi)) {
        worker_hold(datapath, packet->data, packet->length);
        return TRANSPORT_NEUTRAL;
    }
    __atomic_fetch_add(&datapath->statistics.drop_unknown_spi, 1, __ATOMIC_RELAXED);
    return TRANSPORT_UNKNOWN;
}

/* Newer than what the thread has said it works with, so that it cannot be freed. */
static void
take_newest(Receiver *receiver)
{
    receiver->snapshot = __atomic_load_n(&receiver->worker->datapath->current, __ATOMIC_ACQUIRE);
}

/* What came too early, once more: there are other SAs now. */
static void
receive_held(Receiver *receiver)
{
    Datapath *datapath = receiver->worker->datapath;
    pthread_mutex_lock(&datapath->lock);
    GQueue held = datapath->early;
    g_queue_init(&datapath->early);
    pthread_mutex_unlock(&datapath->lock);
    take_newest(receiver);
    GBytes *bytes;
    while ((bytes = g_queue_pop_head(&held)) != NULL) {
        gsize length;
        uint8_t *data = g_bytes_unref_to_data(bytes, &length); /* opened in place */
        receive_esp(receiver, &(TransportPacket){ data, length, ENCAP_ESP });
        merge_flush(&receiver->merge);
        g_free(data);
    }
}

/* True when there may be more. */
static bool
receive_batch(Receiver *receiver, Transport *transport)
{
    Datapath *datapath = receiver->worker->datapath;
    TransportPacket packets[TRANSPORT_BATCH];
    size_t n;
    int error = transport_receive(transport, packets, &n);
    /* An SA that the peer began is published before our answer leaves; one that we began is
     * expected until the peer's answer is read. */
    take_newest(receiver);
    for (size_t i = 0; i < n; i++) {
        int corrupt = 0;
        if (packets[i].kind == ENCAP_ESP)
            corrupt = transport_judge(transport, receive_esp(receiver, &packets[i]));
        else
            datapath_deliver_ike(datapath, transport, packets[i].data, packets[i].length);
        error = error != 0 ? error : corrupt;
    }
    merge_flush(&receiver->merge);
    if (error != 0)
        datapath_deliver_failure(datapath, transport, error);
    return n == TRANSPORT_BATCH;
}

/* all: also what poll says nothing about, because a stream's octets were read already. */
static bool
receive_from_each(Receiver *receiver, const Snapshot *snapshot, const struct pollfd *fds, bool all)
{
    bool more = false;
    for (size_t i = 0; i < snapshot->n_listening; i++)
        if ((all || fds[i].revents != 0) && !transport_is_dead(snapshot->listening[i]) &&
            receive_batch(receiver, snapshot->listening[i]))
            more = true;
    return more;
}

static bool
receiver_wait(Receiver *receiver, bool more)
{
    Worker *worker = receiver->worker;
    const Snapshot *snapshot = worker_snapshot(worker);
    struct pollfd fds[1 + DATAPATH_MAX_TRANSPORTS] = { { .fd = worker->wake, .events = POLLIN } };
    for (size_t i = 0; i < snapshot->n_listening; i++) {
        const Transport *transport = snapshot->listening[i];
        fds[1 + i] =
            (struct pollfd){ .fd = transport_is_dead(transport) ? -1 : transport_fd(transport),
                             .events = POLLIN };
    }
    if (poll(fds, 1 + snapshot->n_listening, more ? 0 : -1) < 0)
        return more;
    /* A transport that is new may hold what was read during the handshake. */
    if (fds[0].revents != 0) {
        worker_slept(worker->wake);
        receive_held(receiver);
        return true;
    }
    return receive_from_each(receiver, snapshot, fds + 1, more);
}

gpointer
worker_receive(gpointer data)
{
    Worker *worker = data;
    Receiver receiver = { .worker = worker };
    bool more = false;
    merge_init(&receiver.merge, worker->datapath->offloads, write_merged, worker->datapath);
    while (!worker_stopping(worker))
        more = receiver_wait(&receiver, more);
    merge_clear(&receiver.merge);
    return NULL;
}
