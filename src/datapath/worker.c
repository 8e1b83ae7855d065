#include "datapath/worker.h"

#include <errno.h>
#include <unistd.h>

#define SLOT_HEAD (TRANSPORT_HEADROOM + ESP_MAX_HEAD)
#define SLOT      (SLOT_HEAD + DATAPATH_MAX_PACKET + ESP_MAX_TAIL)

/* Takes the newest snapshot and says so: older ones may be freed once both threads have. */
static const Snapshot *
worker_snapshot(Worker *worker)
{
    const Snapshot *snapshot = __atomic_load_n(&worker->datapath->current, __ATOMIC_ACQUIRE);
    __atomic_store_n(&worker->generation, snapshot->generation, __ATOMIC_RELEASE);
    return snapshot;
}

void
worker_wake(Worker *worker)
{
    uint64_t one = 1;
    while (write(worker->wake, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static void
worker_slept(Worker *worker)
{
    uint64_t count_of_wakes;
    while (read(worker->wake, &count_of_wakes, sizeof count_of_wakes) < 0 && errno == EINTR)
        ;
}

static bool
worker_stopping(const Worker *worker)
{
    return g_atomic_int_get(&worker->datapath->stopping) != 0;
}

static void
write_tun(Datapath *datapath, const uint8_t *data, size_t length)
{
    ssize_t written;
    do
        written = write(datapath->tun, data, length);
    while (written < 0 && errno == EINTR);
    if (written < 0)
        __atomic_fetch_add(&datapath->statistics.tun_errors, 1, __ATOMIC_RELAXED);
}

/* ---- sending: TUN to wire ---- */

typedef struct {
    Worker *worker;
    const Snapshot *snapshot;
    TransportPacket batch[TRANSPORT_BATCH];
    size_t n;
    uint64_t octets;
    uint8_t *memory; /* TRANSPORT_BATCH slots */
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
    if (error != 0)
        datapath_deliver_failure(datapath, sender->snapshot->sending, error);
}

static void
sender_seal(Sender *sender, uint8_t *slot, size_t length)
{
    DatapathStatistics *statistics = &sender->worker->datapath->statistics;
    const Snapshot *snapshot = sender->snapshot;
    uint8_t *inner = slot + SLOT_HEAD;
    const SnapshotSa *sa = NULL;
    InnerPacket packet;
    if (inner_packet_parse(&packet, inner, length))
        sa = snapshot_choose(snapshot, &packet);
    if (sa == NULL) {
        count(&statistics->drop_selectors_out, 1);
        return;
    }
    if (snapshot->mtu != 0 && length > snapshot->mtu) {
        size_t reply = inner_packet_too_big(inner, length, snapshot->mtu, sender->reply);
        if (reply > 0)
            write_tun(sender->worker->datapath, sender->reply, reply);
        count(&statistics->drop_too_big, 1);
        return;
    }
    uint8_t next = packet.source.family == INET_V4 ? ESP_NEXT_IPV4 : ESP_NEXT_IPV6;
    uint8_t *esp = inner - esp_outbound_head(sa->outbound);
    size_t sealed = esp_outbound_seal(sa->outbound, esp, length, next);
    if (sealed == 0) {
        count(&statistics->drop_exhausted, 1);
        return;
    }
    sender->batch[sender->n++] = (TransportPacket){ esp, sealed, ENCAP_ESP };
    sender->octets += length;
}

static void
sender_reject(Sender *sender, const uint8_t *inner, size_t length)
{
    Datapath *datapath = sender->worker->datapath;
    size_t reply = inner_packet_reject(inner, length, sender->reply);
    count(&datapath->statistics.rejected, 1);
    if (reply > 0)
        write_tun(datapath, sender->reply, reply);
}

/* One batch of what has piled up; a lone packet goes out at once. */
static void
sender_pump(Sender *sender)
{
    Datapath *datapath = sender->worker->datapath;
    const Snapshot *snapshot = sender->snapshot;
    bool pinned = !snapshot_can_send(snapshot);
    for (size_t i = 0; i < TRANSPORT_BATCH; i++) {
        uint8_t *slot = sender->memory + i * SLOT;
        ssize_t got = read(datapath->tun, slot + SLOT_HEAD, DATAPATH_MAX_PACKET);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            sender->tun_gone = got == 0 || errno != EAGAIN;
            break;
        }
        if (pinned)
            sender_reject(sender, slot + SLOT_HEAD, (size_t)got);
        else
            sender_seal(sender, slot, (size_t)got);
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
            error = transport_send_ike(item->transport, message, length);
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
    if (fds[0].revents != 0)
        worker_slept(sender->worker);
    /* A newer snapshot is taken before anything is sent. */
    sender->snapshot = worker_snapshot(sender->worker);
    if (fds[2].revents != 0 && sender->snapshot->sending != NULL) {
        int error = transport_flush(sender->snapshot->sending);
        if (error != 0)
            datapath_deliver_failure(datapath, sender->snapshot->sending, error);
    }
    sender_send_ike(sender);
    if (fds[1].revents != 0)
        sender_pump(sender);
}

gpointer
worker_send(gpointer data)
{
    Worker *worker = data;
    g_autofree Sender *sender = g_new0(Sender, 1);
    sender->worker = worker;
    sender->memory = g_malloc(TRANSPORT_BATCH * SLOT);
    while (!worker_stopping(worker)) {
        sender->snapshot = worker_snapshot(worker);
        sender_wait(sender);
    }
    g_free(sender->memory);
    return NULL;
}

/* ---- receiving: wire to TUN ---- */

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

void
worker_hold(Datapath *datapath, const uint8_t *packet, size_t length)
{
    GBytes *oldest = NULL;
    g_mutex_lock(&datapath->lock);
    g_queue_push_tail(&datapath->early, g_bytes_new(packet, length));
    if (g_queue_get_length(&datapath->early) > DATAPATH_MAX_EARLY)
        oldest = g_queue_pop_head(&datapath->early);
    g_mutex_unlock(&datapath->lock);
    if (oldest == NULL)
        return;
    g_bytes_unref(oldest);
    __atomic_fetch_add(&datapath->statistics.drop_unknown_spi, 1, __ATOMIC_RELAXED);
}

static void
receive_esp(Datapath *datapath, const Snapshot *snapshot, TransportPacket *packet)
{
    DatapathStatistics *statistics = &datapath->statistics;
    uint32_t spi = spi_of(packet->data);
    for (size_t i = 0; i < snapshot->n_sas; i++) {
        const SnapshotSa *sa = &snapshot->sas[i];
        if (esp_inbound_spi(sa->inbound) != spi)
            continue;
        uint8_t *inner, next;
        size_t length;
        InnerPacket parsed;
        EspVerdict verdict =
            esp_inbound_open(sa->inbound, packet->data, packet->length, &inner, &length, &next);
        count_verdict(statistics, verdict);
        if (verdict != ESP_OK && verdict != ESP_DUMMY)
            return;
        __atomic_fetch_add(&datapath->authentic, 1, __ATOMIC_RELAXED);
        if (verdict == ESP_DUMMY)
            return;
        if (!inner_packet_parse(&parsed, inner, length) ||
            (next == ESP_NEXT_IPV4) != (parsed.source.family == INET_V4) ||
            !esp_selectors_allow(sa->selectors, &parsed, false)) {
            count(&statistics->drop_selectors_in, 1);
            return;
        }
        count(&statistics->packets_in, 1);
        count(&statistics->octets_in, length);
        write_tun(datapath, inner, length);
        return;
    }
    if (snapshot_expects(snapshot, spi))
        worker_hold(datapath, packet->data, packet->length);
    else
        __atomic_fetch_add(&statistics->drop_unknown_spi, 1, __ATOMIC_RELAXED);
}

/* What came too early, once more: there are other SAs now. */
static void
receive_held(Datapath *datapath)
{
    g_mutex_lock(&datapath->lock);
    GQueue held = datapath->early;
    g_queue_init(&datapath->early);
    g_mutex_unlock(&datapath->lock);
    const Snapshot *snapshot = __atomic_load_n(&datapath->current, __ATOMIC_ACQUIRE);
    GBytes *bytes;
    while ((bytes = g_queue_pop_head(&held)) != NULL) {
        gsize length;
        uint8_t *data = g_bytes_unref_to_data(bytes, &length); /* opened in place */
        receive_esp(datapath, snapshot, &(TransportPacket){ data, length, ENCAP_ESP });
        g_free(data);
    }
}

/* True when there may be more. */
static bool
receive_batch(Datapath *datapath, Transport *transport)
{
    TransportPacket packets[TRANSPORT_BATCH];
    size_t n;
    int error = transport_receive(transport, packets, &n);
    /* Newer than what the thread has said it works with, so that it cannot be freed. An SA that the
     * peer began is published before our answer leaves; one that we began is expected until the
     * peer's answer is read. */
    const Snapshot *snapshot = __atomic_load_n(&datapath->current, __ATOMIC_ACQUIRE);
    for (size_t i = 0; i < n; i++) {
        if (packets[i].kind == ENCAP_ESP)
            receive_esp(datapath, snapshot, &packets[i]);
        else
            datapath_deliver_ike(datapath, transport, packets[i].data, packets[i].length);
    }
    if (error != 0)
        datapath_deliver_failure(datapath, transport, error);
    return n == TRANSPORT_BATCH;
}

/* all: also what poll says nothing about, because a stream's octets were read already. */
static bool
receive_from_each(Datapath *datapath, const Snapshot *snapshot, const struct pollfd *fds, bool all)
{
    bool more = false;
    for (size_t i = 0; i < snapshot->n_listening; i++)
        if ((all || fds[i].revents != 0) && !transport_is_dead(snapshot->listening[i]) &&
            receive_batch(datapath, snapshot->listening[i]))
            more = true;
    return more;
}

gpointer
worker_receive(gpointer data)
{
    Worker *worker = data;
    bool more = false;
    while (!worker_stopping(worker)) {
        const Snapshot *snapshot = worker_snapshot(worker);
        struct pollfd fds[1 + DATAPATH_MAX_TRANSPORTS] = { { .fd = worker->wake,
                                                             .events = POLLIN } };
        for (size_t i = 0; i < snapshot->n_listening; i++) {
            const Transport *transport = snapshot->listening[i];
            fds[1 + i] =
                (struct pollfd){ .fd = transport_is_dead(transport) ? -1 : transport_fd(transport),
                                 .events = POLLIN };
        }
        if (poll(fds, 1 + snapshot->n_listening, more ? 0 : -1) < 0)
            continue;
        /* A transport that is new may hold what was read during the handshake. */
        if (fds[0].revents != 0) {
            worker_slept(worker);
            receive_held(worker->datapath);
            more = true;
            continue;
        }
        more = receive_from_each(worker->datapath, snapshot, fds + 1, more);
    }
    return NULL;
}
